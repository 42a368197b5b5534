//! Values as the service shows them: what its driver (node-postgres) makes of their text, by type.

use serde_json::{Number, Value, json};

/// Largest whole number that JavaScript keeps exactly.
const SAFE: i64 = (1 << 53) - 1;

/// Number types of `pg_type`.
const ARRAYS_OF_TEXT: &[u32] = &[
    651, 791, 1002, 1008, 1009, 1014, 1015, 1040, 1041, 1115, 1182, 1183, 1185, 1270, 2951, 3907,
    // Of int8, which may be too large for a number.
    1016,
];

/// A value of a row. Types that the driver does not know stay text, `name[]` among them.
pub(super) fn shown(text: &str, kind: u32) -> Value {
    match kind {
        16 => json!(text == "t"),
        17 => json!({"type": "Buffer", "data": bytes(text)}),
        20 => safe(text),
        21 | 23 | 26 => text
            .parse::<i64>()
            .map_or_else(|_| json!(text), Value::from),
        700 | 701 => float(text),
        114 | 3802 => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        1000 => array(text, &|text| json!(text == "t")),
        1005 | 1007 | 1028 => array(text, &|text| shown(text, 23)),
        1021 | 1022 | 1231 => array(text, &float),
        199 | 3807 => array(text, &|text| shown(text, 3802)),
        kind if ARRAYS_OF_TEXT.contains(&kind) => array(text, &|text| json!(text)),
        _ => json!(text),
    }
}

/// A parameter as text, as the driver sends it.
pub(super) fn parameter(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn safe(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) if number.abs() <= SAFE => json!(number),
        _ => json!(text),
    }
}

/// A number as JavaScript writes it: whole ones without a point, and no infinity.
fn float(text: &str) -> Value {
    let Ok(number) = text.parse::<f64>() else {
        return Value::Null;
    };
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return format!("{number:.0}")
            .parse::<i64>()
            .map_or(Value::Null, Value::from);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn bytes(text: &str) -> Vec<u8> {
    let digits = text.strip_prefix("\\x").unwrap_or_default();
    (0..digits.len() / 2)
        .filter_map(|at| u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok())
        .collect()
}

/// An array from its text, `{1,NULL,"a b"}`, with or without bounds before it.
fn array(text: &str, element: &dyn Fn(&str) -> Value) -> Value {
    let mut rest = text
        .find('{')
        .map_or("", |at| &text[at..])
        .chars()
        .peekable();
    elements(&mut rest, element)
}

fn elements(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    element: &dyn Fn(&str) -> Value,
) -> Value {
    let mut found = Vec::new();
    rest.next();
    while let Some(&next) = rest.peek() {
        match next {
            '}' => {
                rest.next();
                break;
            }
            ',' => {
                rest.next();
            }
            '{' => found.push(elements(rest, element)),
            '"' => {
                rest.next();
                let mut text = String::new();
                while let Some(one) = rest.next().filter(|one| *one != '"') {
                    text.extend(if one == '\\' { rest.next() } else { Some(one) });
                }
                found.push(element(&text));
            }
            _ => {
                let mut text = String::new();
                while let Some(one) = rest.next_if(|one| !matches!(one, ',' | '}')) {
                    text.push(one);
                }
                found.push(if text == "NULL" {
                    Value::Null
                } else {
                    element(&text)
                });
            }
        }
    }
    Value::Array(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_the_services_driver_makes_of_them() {
        for (text, kind, value) in [
            ("t", 16, json!(true)),
            ("\\x00ff", 17, json!({"type": "Buffer", "data": [0, 255]})),
            ("9007199254740991", 20, json!(9_007_199_254_740_991_i64)),
            ("9007199254740993", 20, json!("9007199254740993")),
            ("-7", 23, json!(-7)),
            ("1.5", 701, json!(1.5)),
            ("2", 701, json!(2)),
            ("NaN", 701, Value::Null),
            ("12.50", 1700, json!("12.50")),
            ("{\"b\": 1, \"a\": null}", 3802, json!({"b": 1, "a": null})),
            (
                "2026-01-01 00:00:00+00",
                1184,
                json!("2026-01-01 00:00:00+00"),
            ),
            ("{anon,postgres}", 1003, json!("{anon,postgres}")),
            (
                "{a,NULL,\"b \\\"c\\\\\",\"NULL\"}",
                1009,
                json!(["a", null, "b \"c\\", "NULL"]),
            ),
            ("[0:1]={{1,2},{3,4}}", 1007, json!([[1, 2], [3, 4]])),
            ("{}", 1009, json!([])),
        ] {
            assert_eq!(shown(text, kind), value, "{text}");
        }
    }
}
