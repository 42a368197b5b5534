//! What values look like, and when two of them mean the same.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A scalar as text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number without a fraction where it has none.
pub(super) fn number_of(number: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole, and within its bounds"
    )]
    if number.fract() == 0.0 {
        json!(number as i64)
    } else {
        json!(number)
    }
}

pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

pub(super) fn truth(value: &Value) -> bool {
    value == &json!(true) || value == "true"
}

/// Nothing is there: null, or a text without anything in it.
pub(crate) fn is_unset(value: &Value) -> bool {
    value.is_null() || value == ""
}

/// Whether two values mean the same, however the service writes them.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    if one == other || is_unset(one) && is_unset(other) {
        return true;
    }
    let scalar = |value: &Value| !value.is_null() && !value.is_array() && !value.is_object();
    if !scalar(one) || !scalar(other) {
        return false;
    }
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < f64::EPSILON,
        _ => plain(one) == plain(other) || same_time(one, other),
    }
}

fn same_time(one: &Value, other: &Value) -> bool {
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    time(one).is_some_and(|one| time(other) == Some(one))
}

/// The addresses of a list that stand for many.
pub(super) fn wildcards(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_str().unwrap_or_default();
    list.split(',')
        .map(str::trim)
        .filter(|address| address.contains('*'))
}

pub(super) fn is_email(text: &str) -> bool {
    let plain = |text: &str, more: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || more.as_bytes().contains(&byte))
    };
    text.split_once('@').is_some_and(|(name, host)| {
        let last = host.rsplit('.').next().unwrap_or_default();
        !name.is_empty()
            && plain(name, "_'+-.")
            && !name.starts_with('.')
            && !name.ends_with(['.', '\''])
            && !name.contains("..")
            && host.contains('.')
            && host
                .split('.')
                .all(|part| !part.is_empty() && !part.starts_with('-') && plain(part, "-"))
            && last.len() >= 2
            && last.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

pub(super) fn is_tag(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

pub(super) fn is_test_code(pair: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    pair.split_once('=')
        .is_some_and(|(phone, code)| digits(phone) && phone.len() <= 15 && digits(code))
}

pub(super) fn is_hook_uri(text: &str) -> bool {
    match text.strip_prefix("pg-functions://postgres/") {
        Some(function) => {
            function.split('/').count() == 2 && function.split('/').all(|part| !part.is_empty())
        }
        None => reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http")),
    }
}

pub(super) fn is_hook_secret(text: &str) -> bool {
    text.strip_prefix("v1,whsec_").is_some_and(|secret| {
        (32..=88).contains(&secret.len())
            && secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_however_they_are_written() {
        for (one, other) in [
            (json!(1), json!("1")),
            (json!(1), json!(1.0)),
            (json!(0.3), json!(0.1 + 0.2)),
            (json!(true), json!("true")),
            (json!("a"), json!("a")),
            (Value::Null, json!("")),
            (json!([1]), json!([1])),
            (
                json!("2026-01-01T00:00:00Z"),
                json!("2026-01-01T01:00:00+01:00"),
            ),
        ] {
            assert!(same(&one, &other) && same(&other, &one), "{one} {other}");
        }
        for (one, other) in [
            (json!(1), json!(2)),
            (json!(1.0), json!(1.0 + f64::EPSILON)),
            (json!(1), json!(-1)),
            (json!("a"), json!("b")),
            (json!(true), json!(false)),
            (Value::Null, json!(0)),
            (Value::Null, json!(false)),
            (Value::Null, json!("null")),
            (json!(""), json!("x")),
            (json!(["a"]), json!("[\"a\"]")),
            (json!({}), json!("{}")),
            (json!([]), json!({})),
            (json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:00:01Z")),
            (json!("2026-01-01T00:00:00Z"), json!("soon")),
        ] {
            assert!(!same(&one, &other) && !same(&other, &one), "{one} {other}");
        }
    }

    #[test]
    fn addresses_of_mail_are_those_of_the_service() {
        for good in ["ada@acme.example", "a.b_c'd+e-f@a-1.mail.co", "A@B.CO"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@acme.example",
            ".ada@acme.example",
            "ada.@acme.example",
            "ada'@acme.example",
            "a..b@acme.example",
            "ä@acme.example",
            "ada@acme",
            "ada@acme.e",
            "ada@acme.e1",
            "ada@.example",
            "ada@acme..example",
            "ada@-acme.example",
            "ada@ac_me.example",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn tags_and_secrets_of_hooks_have_their_characters() {
        for (tag, fits) in [
            ("web", true),
            ("app_1-b", true),
            ("", false),
            ("a b", false),
            ("é", false),
        ] {
            assert_eq!(is_tag(tag), fits, "{tag}");
        }
        let secret = |length: usize, last: char| {
            format!(
                "v1,whsec_{}{last}",
                "aB3+/=".repeat(15).split_at(length - 1).0
            )
        };
        for (secret, fits) in [
            (secret(32, '='), true),
            (secret(88, 'x'), true),
            (secret(31, 'x'), false),
            (secret(89, 'x'), false),
            (secret(40, '-'), false),
            (
                "whsec_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
                false,
            ),
        ] {
            assert_eq!(is_hook_secret(&secret), fits, "{secret}");
        }
    }
}
