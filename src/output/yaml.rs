//! YAML as every reader understands it.
//!
//! Readers differ over what stands without quotes: those of YAML 1.1, which most scripts have, take
//! `no` for false, `12:30:45` for a number and `2026-11-22` for a date. The serializer of
//! `serde_yaml` asks only what its own reader would take it for, so this one is ours: a text stands
//! bare where it cannot be anything else, and in quotes otherwise.

use std::io::{self, Write};

use serde_json::{Map, Number, Value};

/// Words that some reader takes for something else than a text, whatever their case.
const WORDS: [&str; 10] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan",
];

/// `key: value` as a line of a file, or several.
pub(crate) fn line(key: &str, value: &Value) -> String {
    let mut bytes = Vec::new();
    // Memory takes all that is written to it.
    let _ = entry(&mut bytes, 0, key, value);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes `key: value` at a depth, and what the value consists of below it.
pub(super) fn entry(
    out: &mut impl Write,
    depth: usize,
    key: &str,
    value: &Value,
) -> io::Result<()> {
    indent(out, depth)?;
    text(out, key, None)?;
    out.write_all(b":")?;
    below(out, depth, value)
}

/// Writes the entries of an object that stands in a list: the first after the dash.
pub(super) fn row(
    out: &mut impl Write,
    depth: usize,
    object: &Map<String, Value>,
) -> io::Result<()> {
    indent(out, depth)?;
    if object.is_empty() {
        return out.write_all(b"- {}\n");
    }
    for (index, (key, value)) in object.iter().enumerate() {
        if index == 0 {
            out.write_all(b"- ")?;
        } else {
            indent(out, depth + 1)?;
        }
        text(out, key, None)?;
        out.write_all(b":")?;
        below(out, depth + 1, value)?;
    }
    Ok(())
}

/// Writes a value after its key.
fn below(out: &mut impl Write, depth: usize, value: &Value) -> io::Result<()> {
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.write_all(b"\n")?;
            for (key, value) in object {
                entry(out, depth + 1, key, value)?;
            }
            Ok(())
        }
        Value::Array(items) if !items.is_empty() => {
            out.write_all(b"\n")?;
            list(out, depth, items)
        }
        scalar => {
            out.write_all(b" ")?;
            self::scalar(out, scalar, depth + 1)
        }
    }
}

fn list(out: &mut impl Write, depth: usize, items: &[Value]) -> io::Result<()> {
    for item in items {
        match item {
            Value::Object(object) => row(out, depth, object)?,
            Value::Array(items) if !items.is_empty() => {
                indent(out, depth)?;
                out.write_all(b"-\n")?;
                list(out, depth + 1, items)?;
            }
            scalar => {
                indent(out, depth)?;
                out.write_all(b"- ")?;
                self::scalar(out, scalar, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// Writes what has nothing below it, and the end of its line.
fn scalar(out: &mut impl Write, value: &Value, depth: usize) -> io::Result<()> {
    match value {
        Value::Null => out.write_all(b"null")?,
        Value::Bool(flag) => write!(out, "{flag}")?,
        Value::Number(number) => write!(out, "{}", written(number))?,
        Value::String(string) => text(out, string, Some(depth))?,
        Value::Array(_) => out.write_all(b"[]")?,
        Value::Object(_) => out.write_all(b"{}")?,
    }
    out.write_all(b"\n")
}

/// A number that old readers take for one too: they want a point before an exponent.
fn written(number: &Number) -> String {
    let text = number.to_string();
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => text,
    }
}

/// Writes a text: bare, in quotes, or line by line in a block where one may stand.
fn text(out: &mut impl Write, text: &str, block_at: Option<usize>) -> io::Result<()> {
    match block_at {
        _ if is_bare(text) => out.write_all(text.as_bytes()),
        Some(depth) if is_block(text) => block(out, text, depth),
        _ if text.chars().all(|one| is_printable(one) && one != '\n') => {
            write!(out, "'{}'", text.replace('\'', "''"))
        }
        _ => quoted(out, text),
    }
}

/// Whether no reader can take it for anything but this text.
fn is_bare(text: &str) -> bool {
    let word = |one: char| one.is_ascii_alphanumeric() || "_-./@() ".contains(one);
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '/')
        && text.chars().all(word)
        && !text.ends_with(' ')
        && !WORDS.iter().any(|other| text.eq_ignore_ascii_case(other))
}

/// Whether it reads better line by line, and survives it: an indent at the start, blanks at the end of
/// a line or tabs would not in every reader.
fn is_block(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\n'])
        && text.lines().all(|line| !line.ends_with(' '))
        && text.chars().all(|one| one == '\n' || is_printable(one))
}

fn block(out: &mut impl Write, text: &str, depth: usize) -> io::Result<()> {
    let body = text.trim_end_matches('\n');
    out.write_all(match text.len() - body.len() {
        0 => b"|-",
        1 => b"|",
        _ => b"|+",
    })?;
    for line in body.split('\n') {
        out.write_all(b"\n")?;
        if !line.is_empty() {
            indent(out, depth)?;
            out.write_all(line.as_bytes())?;
        }
    }
    // The line break that ends every scalar is the block's last.
    for _ in 1..text.len() - body.len() {
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Double quotes, whose escapes are those of JSON and a few more characters.
fn quoted(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    for one in text.chars() {
        match one {
            '"' | '\\' => write!(out, "\\{one}")?,
            '\n' => out.write_all(b"\\n")?,
            '\t' => out.write_all(b"\\t")?,
            '\r' => out.write_all(b"\\r")?,
            one if is_printable(one) => write!(out, "{one}")?,
            one => match u32::from(one) {
                code @ ..=0xffff => write!(out, "\\u{code:04X}")?,
                code => write!(out, "\\U{code:08X}")?,
            },
        }
    }
    out.write_all(b"\"")
}

/// Whether a character may stand as it is, by the rules of both versions of YAML. The marks that turn the
/// direction of writing may, and are written out all the same: a terminal would act on them.
fn is_printable(one: char) -> bool {
    matches!(one, ' '..='~' | '\u{a0}'..='\u{200d}' | '\u{2010}'..='\u{2027}' | '\u{202f}'..='\u{2065}' | '\u{206a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

fn indent(out: &mut impl Write, depth: usize) -> io::Result<()> {
    write!(out, "{:1$}", "", depth * 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        entry(&mut out, 0, "data", value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn it_looks_as_people_write_it() {
        let value = json!({
            "name": "acme-shop", "when": "2026-11-22T10:00:00Z", "old": "no", "empty": [], "none": {}, "nothing": null,
            "lines": "select 1\n  from x\n", "list": [1, "a b", [2], {"a": {"b": -1.5}, "c": [true]}], "1": "it's: so", "large": 1e300,
        });
        assert_eq!(
            written(&value),
            "data:\n  name: acme-shop\n  when: '2026-11-22T10:00:00Z'\n  old: 'no'\n  empty: []\n  none: {}\n  nothing: null\n  \
             lines: |\n    select 1\n      from x\n  list:\n  - 1\n  - a b\n  -\n    - 2\n  - a:\n      b: -1.5\n    c:\n    - true\n  \
             '1': 'it''s: so'\n  large: 1.0e+300\n"
        );
    }

    #[test]
    fn every_line_break_at_the_end_of_a_text_is_kept() {
        for (text, block) in [
            ("a\nb", "|-\n  a\n  b\n"),
            ("a\nb\n", "|\n  a\n  b\n"),
            ("a\nb\n\n\n\n", "|+\n  a\n  b\n\n\n\n"),
        ] {
            assert_eq!(
                written(&json!({"x": text})),
                format!("data:\n  x: {}", block.replace("  ", "    "))
            );
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[ \n\ta-c'\"#:|>-]{0,12}",
            "(yes|No|~|0x1f|1e3|12:30:45|2026-11-22|\\.5|-|\\?|\u{85}|\u{feff}|\r\n|a\n\n)",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(text.clone(), inner, 0..5)
                    .prop_map(|object| Value::Object(object.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(value in any_json()) {
            let text = written(&value);
            let read: Value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            prop_assert_eq!(&read["data"], &value, "{}", text);
        }
    }
}
