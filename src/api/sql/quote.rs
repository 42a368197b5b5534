//! What stands between quotes: names, texts, lists and JSON, as pieces of a statement.

use serde_json::Value;

use super::Sql;
use crate::api::mask::MASK;
use crate::error::{Error, Result};

/// Longest name that PostgreSQL keeps whole, in bytes. It cuts longer ones without a word, and then
/// lists show another name than the one that was given.
const NAME_LENGTH: usize = 63;

/// A name: of a table, a column, a policy, a trigger.
pub(crate) fn identifier(name: &str) -> Result<Sql> {
    no_nul(name)?;
    if name.is_empty() {
        return Err(Error::invalid("a name cannot be empty"));
    }
    if name.len() > NAME_LENGTH {
        return Err(Error::invalid(format!(
            "`{name}` is too long for a name: {NAME_LENGTH} bytes is the most, it has {}",
            name.len()
        )));
    }
    Ok(Sql::new(format!("\"{}\"", name.replace('"', "\"\""))))
}

/// A name in a schema, such as `"storage"."objects"`.
pub(crate) fn qualified(schema: &str, name: &str) -> Result<Sql> {
    let (schema, name) = (identifier(schema)?, identifier(name)?);
    Ok(Sql::new(format!("{}.{}", schema.text, name.text)))
}

/// A role. `public` is the key word for everybody, and no name.
pub(crate) fn role(name: &str) -> Result<Sql> {
    if name == "public" {
        return Ok(Sql::constant("public"));
    }
    identifier(name)
}

/// A text.
pub(crate) fn literal(text: &str) -> Result<Sql> {
    no_nul(text)?;
    Ok(Sql::new(quoted(text)))
}

/// A text that holds a secret: sent as it is, shown with `shown` in its place.
pub(crate) fn secret_literal(text: &str, shown: Option<&str>) -> Result<Sql> {
    no_nul(text)?;
    Ok(Sql {
        text: quoted(text),
        shown: quoted(shown.unwrap_or(MASK)),
        secrets: secrets_in(text),
        lines_before: 0,
    })
}

/// A secret as it may come back: as it was, as it was quoted, and where it is JSON each text in it.
fn secrets_in(text: &str) -> Vec<String> {
    let quoted = quoted(text);
    let inner = quoted.trim_start_matches('E').trim_matches('\'');
    let mut secrets = vec![text.to_owned(), inner.to_owned()];
    if let Ok(Value::Object(object)) = serde_json::from_str(text) {
        let texts = object.values().filter_map(Value::as_str);
        // Shorter ones are too common to be looked for.
        secrets.extend(texts.filter(|text| text.len() >= 6).map(str::to_owned));
    }
    secrets
}

/// A list of texts.
pub(crate) fn text_array<T: AsRef<str>>(texts: &[T]) -> Result<Sql> {
    let texts: Vec<String> = texts
        .iter()
        .map(|text| literal(text.as_ref()).map(|literal| literal.text))
        .collect::<Result<_>>()?;
    Ok(Sql::new(format!("array[{}]::text[]", texts.join(", "))))
}

/// JSON, as `jsonb`.
pub(crate) fn jsonb(value: &Value) -> Result<Sql> {
    if holds_nul(value) {
        return Err(nul());
    }
    Ok(Sql::new(format!("{}::jsonb", quoted(&value.to_string()))))
}

/// A whole number.
pub(crate) fn number(number: impl Into<i64>) -> Sql {
    Sql::new(number.into().to_string())
}

/// Refuses the one character that no text in PostgreSQL can have.
pub(super) fn no_nul(text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(nul());
    }
    Ok(())
}

fn nul() -> Error {
    Error::invalid("PostgreSQL takes no text with a NUL character in it")
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(object) => object
            .iter()
            .any(|(key, value)| key.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

/// As the server's own `quote_literal` does it: right whatever `standard_conforming_strings` says.
fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        return format!("E'{}'", doubled.replace('\\', "\\\\"));
    }
    format!("'{doubled}'")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_has_its_own_quotes() {
        let text = |sql: Result<Sql>| sql.unwrap().text;
        assert_eq!(text(identifier("o\"dd; name")), "\"o\"\"dd; name\"");
        assert_eq!(text(qualified("a.b", "c")), "\"a.b\".\"c\"");
        assert_eq!(text(role("public")), "public");
        assert_eq!(text(role("current_user")), "\"current_user\"");
        assert_eq!(text(literal("it's")), "'it''s'");
        assert_eq!(text(literal("a\\'b")), "E'a\\\\''b'");
        assert_eq!(
            text(text_array(&["a", "b'c"])),
            "array['a', 'b''c']::text[]"
        );
        assert_eq!(text(text_array::<&str>(&[])), "array[]::text[]");
        assert_eq!(
            text(jsonb(&json!({"a": "it's"}))),
            "'{\"a\":\"it''s\"}'::jsonb"
        );
        assert_eq!(number(-7).text, "-7");
    }

    #[test]
    fn texts_within_a_secret_are_secret_unless_they_are_short() {
        let json = r#"{"a":"hunter","b":"short","c":7}"#;
        let secrets = secret_literal(json, None).unwrap().secrets;
        assert_eq!(secrets, [json, json, "hunter"]);
        let quoted = secret_literal("it's", None).unwrap().secrets;
        assert_eq!(quoted, ["it's", "it''s"]);
    }

    #[test]
    fn what_postgres_would_change_or_refuse_is_refused() {
        assert!(identifier(&"é".repeat(31)).is_ok());
        assert!(identifier(&"é".repeat(32)).is_err());
        assert!(identifier(&"a".repeat(63)).is_ok());
        assert!(identifier(&"a".repeat(64)).is_err());
        assert!(identifier("").is_err());
        assert!(identifier("a\0").is_err());
        assert!(literal("a\0").is_err());
        assert!(jsonb(&json!([{"a": "\0"}])).is_err());
        assert!(text_array(&["\0"]).is_err());
    }

    #[test]
    fn a_secret_is_sent_and_not_shown() {
        let secret = secret_literal("it's secret", None).unwrap();
        assert_eq!(secret.text, "'it''s secret'");
        assert_eq!(secret.shown, "'********'");
        assert_eq!(format!("{secret:?}"), "Sql('********')");
    }

    proptest! {
        #[test]
        fn no_text_and_no_name_leaves_its_quotes(text in "[^\0]{1,15}") {
            // An expression of one literal: the scanner finds exactly one string in it.
            let sql = literal(&text).unwrap().text;
            prop_assert_eq!(super::super::statements(&format!("select {sql}; select 1")).unwrap().len(), 2);
            if let Ok(name) = identifier(&text) {
                prop_assert_eq!(super::super::statements(&format!("select {}; select 1", name.text)).unwrap().len(), 2);
            }
        }
    }
}
