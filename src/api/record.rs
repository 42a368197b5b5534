//! Objects of the service, read leniently.
//!
//! Answers lack fields, grow fields and change a number into a string, and a list must not break for
//! it. So a noun is the JSON object as it came, plus a promise: the keys that it names are always
//! there (null where the service left them out) and have the type that scripts were told.

use serde_json::{Map, Value};

/// A JSON object, its keys in the order in which they came.
pub(crate) type Object = Map<String, Value>;

/// What a promised key holds when it is not null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Flag,
    /// A list.
    List,
    /// An object.
    Object,
}

/// A noun of the service: a JSON object with promised keys.
pub(crate) trait Record: Sized {
    /// The promised keys, in the order in which they are shown.
    const KEYS: &'static [(&'static str, Kind)];

    /// Wraps an object that already keeps the promise.
    fn wrap(object: Object) -> Self;

    /// The object.
    fn object(&self) -> &Object;

    /// The object, and nothing of the noun.
    fn into_object(self) -> Object;

    /// Makes the noun out of whatever came in its place.
    fn read(value: Value) -> Self {
        let mut rest = match value {
            Value::Object(object) => object,
            // An odd row in a list is shown as it is rather than costing the list.
            Value::Null => Object::new(),
            odd => Object::from_iter([("value".to_owned(), odd)]),
        };
        let mut object = Object::with_capacity(Self::KEYS.len() + rest.len());
        for (key, kind) in Self::KEYS {
            let value = rest.shift_remove(*key).unwrap_or(Value::Null);
            object.insert((*key).to_owned(), as_promised(value, *kind));
        }
        object.extend(rest);
        Self::wrap(object)
    }

    /// A string of the object, if it is there and is one.
    fn text(&self, key: &str) -> Option<&str> {
        self.object().get(key)?.as_str()
    }
}

/// Sorts by when things were made, the newest first; what has no time comes last.
pub(crate) fn newest_first<T: Record>(records: &mut [T]) {
    records.sort_by(|one, other| other.text("created_at").cmp(&one.text("created_at")));
}

/// The same value in the type that was promised, where it has one; otherwise as it came.
fn as_promised(value: Value, kind: Kind) -> Value {
    match (kind, &value) {
        (Kind::Text, Value::Number(_) | Value::Bool(_)) => Value::String(value.to_string()),
        (Kind::Integer, Value::String(text)) => text
            .trim()
            .parse::<i64>()
            .map_or_else(|_| value.clone(), Value::from),
        (Kind::Flag, Value::String(text)) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => value,
        },
        _ => value,
    }
}

/// A number, also where the service writes it as a string. What is no number (`NaN`) is none.
pub(crate) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Declares a noun: its name and the keys that scripts may rely on.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($key:literal: $kind:ident),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name($crate::api::record::Object);

        impl $crate::api::record::Record for $name {
            const KEYS: &'static [(&'static str, $crate::api::record::Kind)] =
                &[$(($key, $crate::api::record::Kind::$kind)),*];

            fn wrap(object: $crate::api::record::Object) -> Self {
                Self(object)
            }

            fn object(&self) -> &$crate::api::record::Object {
                &self.0
            }

            fn into_object(self) -> $crate::api::record::Object {
                self.0
            }
        }

        impl From<$name> for $crate::api::record::Object {
            fn from(record: $name) -> Self {
                record.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde_json::Value::deserialize(deserializer).map(<Self as $crate::api::record::Record>::read)
            }
        }
    };
}
pub(crate) use record;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    record! {
        /// A noun for the tests.
        Thing { "id": Text, "size": Integer, "open": Flag }
    }

    #[test]
    fn promised_keys_are_there_first_and_others_follow() {
        let thing = Thing::read(json!({"new": 1, "id": 7, "open": "true"}));
        assert_eq!(
            Value::from(thing.into_object()).to_string(),
            r#"{"id":"7","size":null,"open":true,"new":1}"#
        );
    }

    #[test]
    fn values_have_the_type_that_was_promised_where_they_can() {
        for (kind, came, is) in [
            (Kind::Text, json!(7), json!("7")),
            (Kind::Text, json!(false), json!("false")),
            (Kind::Text, json!([1]), json!([1])),
            (Kind::Integer, json!(" 12 "), json!(12)),
            (Kind::Integer, json!("1.5"), json!("1.5")),
            (Kind::Flag, json!("true"), json!(true)),
            (Kind::Flag, json!("false"), json!(false)),
            (Kind::Flag, json!("perhaps"), json!("perhaps")),
            (Kind::Flag, json!(1), json!(1)),
        ] {
            assert_eq!(as_promised(came.clone(), kind), is, "{came}");
        }
    }

    #[test]
    fn an_odd_row_is_kept() {
        assert_eq!(Thing::read(json!("odd")).object()["value"], json!("odd"));
        assert_eq!(Thing::read(Value::Null).text("id"), None);
    }

    proptest! {
        #[test]
        fn nothing_of_an_answer_is_lost(size in "[0-9a-z ]{0,6}", extra in any::<i64>()) {
            let thing = Thing::read(json!({"size": size, "extra": extra}));
            prop_assert_eq!(&thing.object()["extra"], &json!(extra));
            if let Ok(number) = size.trim().parse::<i64>() { prop_assert_eq!(&thing.object()["size"], &json!(number)) } else { prop_assert_eq!(&thing.object()["size"], &json!(size)) }
        }
    }
}
