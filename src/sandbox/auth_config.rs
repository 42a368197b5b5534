//! The settings of a project's Auth service: one flat object, its secrets told as digests.
//!
//! A project keeps what was changed; the rest are the defaults of a new one. Unknown keys are taken
//! and ignored, as the service does.

use jiff::Timestamp;
use ring::hmac;
use serde_json::{Map, Value, json};

use super::management::{Route, Row, merge};
use super::server::{Asked, Told};

pub(super) const ROUTES: &[Row] = &[
    ("GET", "/v1/projects/{}/config/auth", Route::Do(read)),
    ("PATCH", "/v1/projects/{}/config/auth", Route::Do(change)),
];

/// The project's key that the changes stand under.
const CHANGED: &str = "auth_config";

/// The smallest and the largest number that a setting takes.
const BOUNDS: &[(&str, i64, i64)] = &[
    ("jwt_exp", 0, 604_800),
    ("password_min_length", 6, 32_767),
    ("mailer_otp_length", 6, 10),
    ("sms_otp_length", 0, 32_767),
    ("mfa_phone_otp_length", 0, 32_767),
    ("smtp_max_frequency", 0, 32_767),
    ("sms_max_frequency", 0, 32_767),
    ("mfa_phone_max_frequency", 0, 32_767),
    ("sessions_timebox", 0, 8_760),
    ("sessions_inactivity_timeout", 0, 8_760),
    ("rate_limit_anonymous_users", 1, 2_147_483_647),
    ("rate_limit_email_sent", 1, 2_147_483_647),
    ("rate_limit_sms_sent", 1, 2_147_483_647),
    ("rate_limit_verify", 1, 2_147_483_647),
    ("rate_limit_token_refresh", 1, 2_147_483_647),
    ("rate_limit_otp", 1, 2_147_483_647),
    ("rate_limit_web3", 1, 2_147_483_647),
];

const CHOICES: &[(&str, &[&str])] = &[
    ("security_captcha_provider", &["turnstile", "hcaptcha"]),
    (
        "sms_provider",
        &[
            "messagebird",
            "textlocal",
            "twilio",
            "twilio_verify",
            "vonage",
        ],
    ),
    ("db_max_pool_size_unit", &["connections", "percent"]),
];

const NEVER_NULL: [&str; 4] = [
    "mailer_otp_exp",
    "sms_otp_length",
    "passkey_enabled",
    "custom_oauth_enabled",
];

/// Known to the service, and not to be changed.
const READ_ONLY: [&str; 3] = [
    "custom_oauth_max_providers",
    "nimbus_oauth_email_optional",
    "saml_allow_encrypted_assertions",
];

/// What the project of the seed has changed.
pub(super) fn seed(project: &mut Value, reference: &str) {
    project[CHANGED] = json!({
        "site_url": "https://shop.acme.example",
        "uri_allow_list": "https://shop.acme.example/welcome,https://staging.acme.example/welcome",
        "external_google_enabled": true,
        "external_google_client_id": "413725068194-shop.apps.googleusercontent.com",
        "external_google_secret": digest(reference, "seed of google"),
        "external_github_enabled": true,
        "external_github_client_id": "Iv1.8a61f9b3a7aba766",
        "external_azure_enabled": true,
        "security_captcha_enabled": true,
        "security_captcha_provider": "turnstile",
        "security_captcha_secret": digest(reference, "seed of captcha"),
        "password_min_length": 10,
        "saml_enabled": true,
    });
}

fn read(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    Told::json(200, &settings(&state["projects"][parts[0]]))
}

fn change(state: &mut Value, _: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    let settings_now = settings(project);
    let body = asked.json();
    let Some(sent) = body.as_object() else {
        return Told::message(400, "Invalid input: expected object");
    };
    if sent.contains_key("oauth_server_enabled")
        != sent.contains_key("oauth_server_authorization_path")
    {
        return Told::message(
            400,
            "oauth_server_enabled and oauth_server_authorization_path must be provided together",
        );
    }
    let mut changed = Map::new();
    for (key, value) in sent {
        if settings_now.get(key).is_none() || READ_ONLY.contains(&key.as_str()) {
            continue;
        }
        if let Err(problem) = check(key, value) {
            return Told::message(400, &format!("{key}: {problem}"));
        }
        let kept = match value.as_str() {
            Some(secret) if is_secret(key) && !secret.is_empty() => digest(parts[0], secret),
            _ => value.clone(),
        };
        changed.insert(key.clone(), kept);
    }
    if !project[CHANGED].is_object() {
        project[CHANGED] = json!({});
    }
    merge(&mut project[CHANGED], &Value::Object(changed));
    Told::json(200, &settings(project))
}

/// What the service refuses, in its words.
fn check(key: &str, value: &Value) -> Result<(), String> {
    let kind = match value {
        Value::Null if NEVER_NULL.contains(&key) => "null",
        Value::Null => return Ok(()),
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let wanted = match &defaults()[key] {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        _ => "string",
    };
    if kind != wanted {
        return Err(format!("Invalid input: expected {wanted}, received {kind}"));
    }
    if let Some((_, from, to)) = BOUNDS.iter().find(|row| row.0 == key) {
        let number = value.as_f64().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let (low, high) = (*from as f64, *to as f64);
        if number < low {
            return Err(format!("Too small: expected number to be >={from}"));
        }
        if number > high {
            return Err(format!("Too big: expected number to be <={to}"));
        }
    }
    let text = value.as_str().unwrap_or_default();
    if let Some((_, choices)) = CHOICES.iter().find(|row| row.0 == key)
        && !choices.contains(&text)
    {
        return Err(format!(
            "Invalid option: expected one of \"{}\"",
            choices.join("\"|\"")
        ));
    }
    if key == "site_url" && (text.is_empty() || text.contains(',')) {
        return Err("Invalid string: must match pattern /^[^,]+$/".to_owned());
    }
    Ok(())
}

/// All settings, the changed ones among them.
fn settings(project: &Value) -> Value {
    let mut settings = defaults();
    merge(&mut settings, &project[CHANGED]);
    settings
}

fn is_secret(key: &str) -> bool {
    key.starts_with("external_") && key.ends_with("_secret")
        || key.starts_with("hook_") && key.ends_with("_secrets")
        || [
            "smtp_pass",
            "sms_messagebird_access_key",
            "sms_textlocal_api_key",
            "sms_twilio_auth_token",
            "sms_twilio_verify_auth_token",
            "sms_vonage_api_secret",
            "security_captcha_secret",
            "nimbus_oauth_client_secret",
        ]
        .contains(&key)
}

/// What the service tells of a secret.
fn digest(reference: &str, secret: &str) -> Value {
    let key = hmac::Key::new(hmac::HMAC_SHA256, reference.as_bytes());
    let bytes = hmac::sign(&key, secret.as_bytes());
    json!(
        bytes
            .as_ref()
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    )
}

/// The settings of a new project.
fn defaults() -> Value {
    serde_json::from_str(include_str!("auth_config.json")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_project_has_all_settings() {
        let defaults = defaults();
        assert!(defaults.as_object().is_some_and(|all| all.len() > 235));
        for (key, ..) in BOUNDS {
            assert!(defaults[key].is_number(), "{key}");
        }
        for key in READ_ONLY.iter().chain(&NEVER_NULL) {
            assert!(!defaults[key].is_null(), "{key}");
        }
    }
}
