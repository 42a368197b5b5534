//! `--fields`: only some properties, in an order of one's own, the same in every format.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::format::Format;
use super::reply::{Body, Reply};
use super::table::{Column, value};
use crate::api::Object;
use crate::error::{Error, Result};

/// The properties that were asked for.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    keys: Vec<String>,
    /// The run may have changed something: an unknown property cannot undo that, so it is told and
    /// shown as absent, where otherwise it is an error.
    changes: bool,
}

impl Fields {
    /// Reads what was typed; nothing typed is no choice.
    pub(crate) fn read(typed: &[String], changes: bool) -> Result<Option<Self>> {
        let mut keys: Vec<String> = Vec::with_capacity(typed.len());
        for key in typed.iter().map(|key| key.trim()) {
            if key.is_empty() || key.split('.').any(str::is_empty) {
                return Err(Error::invalid_with_hint(
                    format!("`--fields`: `{key}` is not the key of a property"),
                    "write keys with commas between them: `--fields name,created_at`",
                ));
            }
            if !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
        Ok((!keys.is_empty()).then_some(Self { keys, changes }))
    }

    /// Whether this property is among them.
    pub(crate) fn names(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    /// Leaves only these properties.
    ///
    /// A property is known if it is a column, or if any element has it. Where there is no element
    /// nothing can be known of them, and nothing is refused.
    pub(super) fn pick(&self, mut reply: Reply, format: Format) -> Result<Reply> {
        // With parts of it missing there is nothing left to draw.
        if let Body::Drawn { data, .. } = &mut reply.body {
            reply.body = Body::Item {
                row: std::mem::take(data),
                columns: Cow::Borrowed(&[]),
            };
        }
        let unknown = match &reply.body {
            Body::Nothing => Vec::new(),
            Body::Bytes(_) => {
                return Err(Error::Usage {
                    message: "`--fields` picks properties, and this prints bytes".to_owned(),
                    hint: None,
                });
            }
            Body::Item { row, columns } => self.unknown(std::iter::once(row), columns),
            Body::Drawn { data, .. } => self.unknown(std::iter::once(data), &[]),
            Body::List { rows, columns } => self.unknown(rows.iter(), columns),
            Body::Value(Value::Array(items)) => {
                self.unknown(items.iter().filter_map(Value::as_object), &[])
            }
            Body::Value(Value::Object(row)) => self.unknown(std::iter::once(row), &[]),
            Body::Value(_) => self.keys.iter().map(String::as_str).collect(),
        };
        if !unknown.is_empty() {
            let message = format!("there is no property `{}` here", unknown.join("`, `"));
            let known = known(&reply.body);
            if !self.changes {
                return Err(Error::invalid_with_hint(message, known));
            }
            let message = format!("`--fields`: {message}; {known}");
            reply = reply.with_message(message);
        }
        // A table makes its cells of whole objects.
        let narrow = |row: &mut Object| {
            if format != Format::Table {
                self.narrow(row);
            }
        };
        match &mut reply.body {
            Body::Item { row, columns } => {
                narrow(row);
                *columns = Cow::Owned(self.columns(columns));
            }
            Body::List { rows, columns } => {
                rows.iter_mut().for_each(narrow);
                *columns = Cow::Owned(self.columns(columns));
            }
            Body::Value(Value::Array(items)) => items
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(|row| self.narrow(row)),
            Body::Value(Value::Object(row)) => self.narrow(row),
            Body::Nothing | Body::Bytes(_) | Body::Drawn { .. } | Body::Value(_) => {}
        }
        Ok(reply)
    }

    /// The keys that are neither a column nor in any of the rows, of which there are some.
    fn unknown<'a>(
        &self,
        mut rows: impl Iterator<Item = &'a Object>,
        columns: &[Column],
    ) -> Vec<&str> {
        let mut missing: Vec<&str> = self
            .keys
            .iter()
            .map(String::as_str)
            .filter(|key| columns.iter().all(|column| column.key != *key))
            .collect();
        let Some(first) = rows.next() else {
            return Vec::new();
        };
        for row in std::iter::once(first).chain(rows) {
            if missing.is_empty() {
                break;
            }
            missing.retain(|key| value(row, key).is_none());
        }
        missing
    }

    /// The columns of a list that has only begun: what its first rows and columns do not have is
    /// refused as [`Fields::pick`] does it.
    pub(super) fn of_rows(&self, rows: &[Object], columns: &[Column]) -> Result<Vec<Column>> {
        let unknown = self.unknown(rows.iter(), columns);
        if unknown.is_empty() {
            return Ok(self.columns(columns));
        }
        let known = known(&Body::List {
            rows: rows.to_vec(),
            columns: Cow::Owned(columns.to_vec()),
        });
        let message = format!("there is no property `{}` here", unknown.join("`, `"));
        Err(Error::invalid_with_hint(message, known))
    }

    pub(super) fn narrow(&self, row: &mut Object) {
        *row = self
            .keys
            .iter()
            .map(|key| (key.clone(), value(row, key).cloned().unwrap_or(Value::Null)))
            .collect::<Map<_, _>>();
    }

    /// The columns in the order asked for; what is none becomes one.
    pub(super) fn columns(&self, columns: &[Column]) -> Vec<Column> {
        let column = |key: &String| {
            let known = columns.iter().find(|column| column.key == *key);
            known.cloned().unwrap_or_else(|| Column::of_key(key))
        };
        self.keys.iter().map(column).collect()
    }
}

/// Names the properties that there are: the columns, then what else the elements have.
fn known(body: &Body) -> String {
    let (columns, rows): (&[Column], Vec<&Object>) = match body {
        Body::Item { row, columns } => (columns, vec![row]),
        Body::Drawn { data, .. } => (&[], vec![data]),
        Body::List { rows, columns } => (columns, rows.iter().collect()),
        Body::Value(Value::Object(row)) => (&[], vec![row]),
        Body::Value(Value::Array(items)) => {
            (&[], items.iter().filter_map(Value::as_object).collect())
        }
        Body::Nothing | Body::Value(_) | Body::Bytes(_) => (&[], Vec::new()),
    };
    let mut keys: Vec<&str> = Vec::new();
    let columns = columns.iter().map(|column| &*column.key);
    for key in columns.chain(rows.into_iter().flat_map(Map::keys).map(String::as_str)) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    match keys.as_slice() {
        [] => "it has no properties to pick from".to_owned(),
        keys => format!("there are: {}", keys.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::error::Code;
    use crate::output::Show;

    const COLUMNS: &[Column] = &[
        Column::new("name", "Name"),
        Column::new("database.host", "Host"),
    ];

    fn fields(keys: &[&str]) -> Fields {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        Fields::read(&keys, false).unwrap().unwrap()
    }

    fn row(value: &Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn rows() -> Vec<Object> {
        vec![
            row(&json!({"name": "a", "database": {"host": "h"}, "made_at": "2026"})),
            row(&json!({"name": "b"})),
        ]
    }

    #[test]
    fn nothing_typed_is_no_choice_and_blanks_do_not_count() {
        assert!(Fields::read(&[], false).unwrap().is_none());
        let typed = ["name".to_owned(), " size ".to_owned(), "name".to_owned()];
        assert_eq!(
            Fields::read(&typed, false).unwrap().unwrap().keys,
            ["name", "size"]
        );
        for bad in ["", " ", ".", "a..b", "a."] {
            assert!(Fields::read(&[bad.to_owned()], false).is_err(), "{bad}");
        }
    }

    #[test]
    fn elements_keep_the_keys_in_the_order_asked_for() {
        let picked = fields(&["made_at", "database.host", "name"])
            .pick(Reply::list(rows(), COLUMNS), Format::Json)
            .unwrap();
        assert_eq!(
            picked.data().to_string(),
            r#"[{"made_at":"2026","database.host":"h","name":"a"},{"made_at":null,"database.host":null,"name":"b"}]"#
        );
        let value = Reply::value(json!([{"a": 1, "b": 2}, {"a": 3}]));
        let picked = fields(&["b"]).pick(value, Format::Ndjson).unwrap();
        assert_eq!(picked.data().to_string(), r#"[{"b":2},{"b":null}]"#);
        let item = Reply::item(rows().remove(0), COLUMNS);
        let picked = fields(&["name"]).pick(item, Format::Yaml).unwrap();
        assert_eq!(picked.data().to_string(), r#"{"name":"a"}"#);
    }

    #[test]
    fn a_table_gets_columns_and_keeps_whole_rows() {
        let picked = fields(&["made_at", "name"])
            .pick(Reply::list(rows(), COLUMNS), Format::Table)
            .unwrap();
        let Body::List { rows, columns } = &picked.body else {
            panic!("a list stays one");
        };
        assert_eq!(rows[0].len(), 3);
        let headers: Vec<_> = columns.iter().map(|column| &*column.header).collect();
        assert_eq!(headers, ["made_at", "Name"]);
        assert!(matches!(columns[0].show, Show::Time));
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_known_ones() {
        let list = || Reply::list(rows(), COLUMNS);
        let error = fields(&["name", "nope"])
            .pick(list(), Format::Json)
            .unwrap_err();
        assert_eq!(error.code(), Code::InvalidInput);
        assert_eq!(error.to_string(), "there is no property `nope` here");
        assert_eq!(
            error.hint().unwrap(),
            "there are: name, database.host, database, made_at"
        );
        // What has been changed cannot be refused.
        let mut lenient = fields(&["name", "nope"]);
        lenient.changes = true;
        let picked = lenient.pick(list(), Format::Json).unwrap();
        assert_eq!(picked.data()[0], json!({"name": "a", "nope": null}));
        assert!(picked.messages[0].contains("`nope`"));
        // Of nothing, nothing is known.
        let empty = Reply::list(Vec::<Object>::new(), COLUMNS);
        assert!(fields(&["nope"]).pick(empty, Format::Csv).is_ok());
        assert!(
            fields(&["a"])
                .pick(Reply::value(json!(1)), Format::Json)
                .is_err()
        );
        assert!(
            fields(&["a"])
                .pick(Reply::bytes("x".into()), Format::Json)
                .is_err()
        );
    }

    #[test]
    fn csv_has_the_picked_columns_only() {
        let picked = fields(&["database.host", "name"])
            .pick(Reply::list(rows(), COLUMNS), Format::Csv)
            .unwrap();
        let mut out = Vec::new();
        super::super::table::csv(&mut out, &picked).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "database.host,name\nh,a\n,b\n"
        );
    }

    proptest! {
        #[test]
        fn of_any_object_every_key_can_be_picked(
            object in proptest::collection::btree_map("[a-z_]{1,4}(\\.[a-z]{1,2})?", any::<Option<i64>>(), 1..6)
        ) {
            let row: Object = object.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
            let keys: Vec<String> = object.keys().rev().cloned().collect();
            let fields = Fields::read(&keys, false).unwrap().unwrap();
            let picked = fields.pick(Reply::item(row.clone(), &[]), Format::Json).unwrap();
            let data = picked.data();
            let picked = data.as_object().unwrap();
            prop_assert_eq!(picked.keys().collect::<Vec<_>>(), keys.iter().collect::<Vec<_>>());
            prop_assert!(keys.iter().all(|key| picked[key] == row[key]));
        }
    }
}
