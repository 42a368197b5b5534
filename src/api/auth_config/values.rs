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
