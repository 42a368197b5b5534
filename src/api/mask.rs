//! Hides secrets in whatever is shown of a request or an answer.

use serde_json::Value;

/// What stands where a secret was.
pub(crate) const MASK: &str = "********";

/// Headers that somebody is to be sent, by the names that the service has for them: any may be a key.
const HEADERS: [&str; 2] = ["headers", "custom_headers"];

/// Whether the value under this key is a secret, going by what the service calls its secrets.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    let key = key.rsplit(['/', '.']).next().unwrap_or_default();
    // The half of its credentials that Vonage calls a key names an account.
    if key == "sms_vonage_api_key" {
        return false;
    }
    matches!(
        key,
        "api_key"
            | "apikey"
            | "authorization"
            | "cookie"
            | "db_pass"
            | "smtp_pass"
            | "password"
            | "root_key"
            | "jwt_secret"
            | "secret"
            | "secrets"
            | "token"
            | "private_jwk"
            | "private_key"
            | "client_key"
            | "cipher_key"
            | "dsn"
            | "connection_string"
            | "connectionstring"
            | "value"
    ) || [
        "_secret",
        "_secrets",
        "_token",
        "_password",
        "_pass",
        "_api_key",
        "_access_key",
    ]
    .iter()
    .any(|end| key.ends_with(end))
}

/// The same JSON with its secrets masked. Empty and absent values stay: they tell nothing.
pub(crate) fn json(value: &Value) -> Value {
    let mut value = value.clone();
    hide(&mut value);
    value
}

/// Masks the secrets that stand in JSON.
pub(crate) fn hide(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if HEADERS.contains(&key.as_str()) {
                    hide_members(value);
                } else if is_secret(key) {
                    hide_secret(value);
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Masks an object of which only the keys may be seen.
fn hide_members(value: &mut Value) {
    match value {
        Value::Object(object) => object.values_mut().for_each(hide_secret),
        other => hide_secret(other),
    }
}

fn hide_secret(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::String(text) if text.is_empty() => {}
        // A private key, whose members have names that say nothing about secrets.
        Value::Object(object) if object.contains_key("kty") => *value = Value::from(MASK),
        Value::Object(_) => hide(value),
        Value::Array(items) => items.iter_mut().for_each(hide_secret),
        Value::String(_) | Value::Number(_) => *value = Value::from(MASK),
    }
}

/// Shorter texts than this are too common to be looked for.
const SHORTEST: usize = 6;

/// The secrets that stand in JSON: what [`hide`] would mask.
pub(crate) fn secrets(value: &Value) -> Vec<&str> {
    fn gather<'a>(value: &'a Value, secret: bool, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => {
                let key = secret && object.contains_key("kty");
                for (name, value) in object {
                    if HEADERS.contains(&name.as_str()) {
                        members(value, found);
                    } else {
                        gather(value, key || is_secret(name), found);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| gather(item, secret, found)),
            Value::String(text) if secret && text.len() >= SHORTEST => found.push(text),
            _ => {}
        }
    }
    fn members<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => object.values().for_each(|value| gather(value, true, found)),
            other => gather(other, true, found),
        }
    }
    let mut found = Vec::new();
    gather(value, false, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_private_key_is_hidden_whole() {
        let body = json!({"algorithm": "ES256", "private_jwk": {"kty": "EC", "d": "hunter2"}});
        assert_eq!(
            super::json(&body),
            json!({"algorithm": "ES256", "private_jwk": "********"})
        );
    }

    #[test]
    fn an_object_with_the_name_of_a_secret_is_looked_into() {
        let body = json!({"secret": {"name": "hook", "password": "hunter2"}});
        assert_eq!(
            super::json(&body),
            json!({"secret": {"name": "hook", "password": "********"}})
        );
    }

    #[test]
    fn what_is_hidden_is_also_found() {
        let body = json!({"name": "nobody", "private_jwk": {"kty": "EC", "d": "hunter2-d"}, "headers": {"X-Env": "hunter2-env"}, "list": [{"db_pass": "hunter2-pass"}], "X-Api-Key": "hunter2-key"});
        assert_eq!(
            super::secrets(&body),
            ["hunter2-d", "hunter2-env", "hunter2-pass", "hunter2-key"]
        );
        let public = json!({"public_jwk": {"kty": "EC", "x": "nobody's secret"}});
        assert!(super::secrets(&public).is_empty());
        let hidden = super::json(&body).to_string();
        assert!(
            hidden.contains("nobody") && !hidden.contains("hunter2"),
            "{hidden}"
        );
    }

    #[test]
    fn secrets_are_hidden_at_any_depth() {
        let body = json!({"name": "x", "db_pass": "hunter2", "external_google_secret": "", "list": [{"api_key": "sb_secret_1", "id": null}], "custom_headers": {"X-Env": "hunter2"}});
        assert_eq!(
            super::json(&body),
            json!({"name": "x", "db_pass": "********", "external_google_secret": "", "list": [{"api_key": "********", "id": null}], "custom_headers": {"X-Env": "********"}})
        );
    }
}
