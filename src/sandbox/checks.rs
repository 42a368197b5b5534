//! What Storage refuses, in its words, and what its framework makes of odd values before that.

use serde_json::{Value, json};

use super::server::Told;

const SIZE_PATTERN: &str = "^[0-9]+(?:\\.[0-9]+)?(?:[gG][bB]|[mM][bB]|[kK][bB]|[bB])$";

/// HTTP 400, whatever the status.
pub(super) fn refuse(status: u16, error: &str, message: &str, code: &str) -> Told {
    Told::json(
        400,
        &json!({"statusCode": status.to_string(), "error": error, "message": message, "code": code}),
    )
}

pub(super) fn invalid(message: &str) -> Told {
    refuse(400, "Error", message, "InvalidRequest")
}

pub(super) fn no_bucket() -> Told {
    refuse(404, "Bucket not found", "Bucket not found", "NoSuchBucket")
}

pub(super) fn no_object() -> Told {
    refuse(404, "not_found", "Object not found", "NoSuchKey")
}

pub(super) fn not_allowed() -> Told {
    refuse(
        403,
        "Unauthorized",
        "new row violates row-level security policy",
        "AccessDenied",
    )
}

pub(super) fn too_large() -> Told {
    refuse(
        413,
        "Payload too large",
        "The object exceeded the maximum allowed size",
        "EntityTooLarge",
    )
}

pub(super) fn unsupported_type(kind: &str) -> Told {
    refuse(
        415,
        "invalid_mime_type",
        &format!("mime type {kind} is not supported"),
        "InvalidMimeType",
    )
}

/// The framework makes a text of any scalar.
pub(super) fn coerced_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn coerced_flag(body: &Value, key: &str) -> Result<Option<bool>, Told> {
    match body.get(key) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(value) if value == "true" || value == &json!(1) => Ok(Some(true)),
        Some(value) if value == "false" || value == &json!(0) || value.is_null() => Ok(Some(false)),
        Some(_) => Err(invalid(&format!("body/{key} must be boolean"))),
    }
}

/// A size in bytes: a number, a text with a unit, or nothing.
pub(super) fn coerced_size(body: &Value) -> Result<Option<u64>, Told> {
    let refuse = |first: &str| {
        let rest = format!(
            "body/file_size_limit must match pattern \"{SIZE_PATTERN}\", body/file_size_limit must match a schema in anyOf"
        );
        Err(invalid(&format!("{first}, {rest}")))
    };
    let text = match body.get("file_size_limit") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => {
            return match (number.as_u64(), number.as_i64()) {
                (Some(size), _) => Ok(Some(size)),
                (None, Some(_)) => refuse("body/file_size_limit must be >= 0"),
                (None, None) => refuse("body/file_size_limit must be integer"),
            };
        }
        Some(value) => coerced_text(value).to_lowercase(),
    };
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(size) = text.parse() {
        return Ok(Some(size));
    }
    let units = [("gb", 1e9), ("mb", 1e6), ("kb", 1e3), ("b", 1.0)];
    let sized = units.iter().find_map(|(unit, factor)| {
        let number = text.strip_suffix(unit)?;
        let plain = number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
            && number.starts_with(|first: char| first.is_ascii_digit());
        Some(
            number
                .parse::<f64>()
                .ok()
                .filter(|_| plain && !number.ends_with('.'))?
                * factor,
        )
    });
    match sized {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of bytes that was written without a sign"
        )]
        Some(size) => Ok(Some(size as u64)),
        None => refuse(
            "body/file_size_limit must be integer, body/file_size_limit must pass \"finite\" keyword validation",
        ),
    }
}

pub(super) fn is_plain(text: &str, more: &str) -> bool {
    text.chars().all(|one| {
        one.is_ascii_alphanumeric() || "_!.*'() &$=@;:+,?-".contains(one) || more.contains(one)
    })
}

pub(super) fn is_bucket_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && is_plain(name, "")
        && name.trim() == name
        && !name.ends_with("--table-s3")
}

pub(super) fn is_object_key(key: &str) -> bool {
    !key.is_empty() && is_plain(key, "/")
}

/// `type/subtype` with a charset perhaps, or a pattern that ends in `*`.
pub(super) fn is_mime_type(kind: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte))
    };
    if kind.ends_with('*') {
        return true;
    }
    let (kind, charset) = kind
        .split_once(';')
        .map_or((kind, None), |(kind, rest)| (kind, Some(rest.trim_start())));
    let known = kind
        .split_once('/')
        .is_some_and(|(one, other)| word(one) && word(other));
    known && charset.is_none_or(|rest| rest.strip_prefix("charset=").is_some_and(word))
}

/// Whether a bucket takes files of a type.
pub(super) fn is_allowed_type(allowed: &Value, kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match allowed.as_array() {
        None => true,
        Some(allowed) if allowed.is_empty() => true,
        Some(allowed) => allowed.iter().filter_map(Value::as_str).any(|pattern| {
            match pattern.strip_suffix('*') {
                Some("" | "*/") => true,
                Some(start) => kind.starts_with(start),
                None => pattern.split(';').next() == Some(kind),
            }
        }),
    }
}
