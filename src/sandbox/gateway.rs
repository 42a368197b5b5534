//! The gateway of a project: which keys it knows, and whom each of them makes of the asker.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use super::functions;
use super::keys;
use super::seed;
use super::server::{Asked, Told};
use super::sso;
use super::storage;

/// The secret with which a project signs its legacy keys.
fn signing_secret(reference: &str) -> String {
    seed::hex(&[reference, "jwt secret"])
}

/// The project's secret key, 41 characters as real ones.
pub(super) fn secret_key(reference: &str) -> String {
    format!("sb_secret_{}", &seed::hex(&[reference, "secret key"])[..31])
}

/// The key that may be published, and can do little.
pub(super) fn publishable_key(reference: &str) -> String {
    format!(
        "sb_publishable_{}",
        &seed::hex(&[reference, "publishable key"])[..31]
    )
}

/// A legacy key: a token without an end that names its role.
pub(super) fn legacy_key(reference: &str, role: &str) -> String {
    sign(
        &signing_secret(reference),
        &json!({"iss": "supabase", "ref": reference, "role": role, "iat": 1_768_210_200, "exp": 2_083_786_200}),
    )
}

fn sign(secret: &str, claims: &Value) -> String {
    let text = format!(
        "{}.{}",
        BASE64.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        BASE64.encode(claims.to_string())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = BASE64.encode(hmac::sign(&key, text.as_bytes()));
    format!("{text}.{signature}")
}

/// Who asks, as far as the parts behind the gateway know.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asker {
    /// No token at all.
    Nobody,
    /// A token with this role, or none in it.
    Role(Option<String>),
    /// A token that cannot be believed, and why.
    Refused(&'static str),
}

impl Asker {
    /// Whether it has all rights.
    pub(super) fn is_service(&self) -> bool {
        matches!(self, Self::Role(Some(role)) if role == "service_role")
    }
}

/// `/project/{ref}/…`
pub(super) fn answer(state: &mut Value, now: Timestamp, asked: &Asked) -> Told {
    let reference = asked.segments.get(1).cloned().unwrap_or_default();
    let Some(project) = state["projects"].get_mut(&reference) else {
        return Told::message(404, "no such project");
    };
    if project["project"]["status"] == "INACTIVE" {
        return Told::message(
            540,
            "This project is paused. Restore it from the dashboard to use it again.",
        );
    }
    if asked.path.ends_with("/auth/v1/.well-known/jwks.json") {
        return super::signing_keys::jwks(project);
    }
    if asked
        .segments
        .get(2)
        .is_some_and(|part| part == "functions")
    {
        // A function may be open to all: it is for itself to ask for a token, or for a key.
        if let Some(key) = asked.header("apikey")
            && let Err(refusal) = keys::check(project, &reference, key)
        {
            return Told::message(401, refusal);
        }
        let asker = who(&reference, "", asked.header("authorization"), now);
        return functions::invoke(project, asked, &asker);
    }
    let Some(key) = asked.header("apikey") else {
        let hint = "No `apikey` request header or url param was found.";
        return Told::json(
            401,
            &json!({"message": "No API key found in request", "hint": hint}),
        );
    };
    if let Err(refusal) = keys::check(project, &reference, key) {
        return Told::message(401, refusal);
    }
    let who = who(&reference, key, asked.header("authorization"), now);
    match (
        asked.segments.get(2).map(String::as_str),
        asked.segments.get(3).map(String::as_str),
    ) {
        (Some("auth"), Some("v1")) => sso::admin(project, now, asked, &who),
        (Some("storage"), Some("v1")) => storage::answer(project, now, asked, &who),
        _ => Told::message(
            501,
            &format!("the sandbox's gateway does not have {}", asked.path),
        ),
    }
}

/// A new key is swapped for a token by the gateway, unless the request brings a token of its own.
fn who(reference: &str, key: &str, authorization: Option<&str>, now: Timestamp) -> Asker {
    let Some(authorization) = authorization else {
        return match key {
            key if key.starts_with("sb_secret_") => Asker::Role(Some("service_role".to_owned())),
            key if key.starts_with("sb_publishable_") => Asker::Role(Some("anon".to_owned())),
            _ => Asker::Nobody,
        };
    };
    let token = authorization
        .strip_prefix("Bearer ")
        .unwrap_or(authorization);
    match verify(token, &signing_secret(reference), now) {
        Ok(claims) => Asker::Role(claims["role"].as_str().map(str::to_owned)),
        Err(reason) => Asker::Refused(reason),
    }
}

/// The claims of a token, or the words with which Storage refuses it.
fn verify(token: &str, secret: &str, now: Timestamp) -> Result<Value, &'static str> {
    const GARBAGE: &str = "Invalid Compact JWS";
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, signature] = parts.as_slice() else {
        return Err(GARBAGE);
    };
    let read = |part: &str| serde_json::from_slice::<Value>(&BASE64.decode(part).ok()?).ok();
    let head = read(head).ok_or(GARBAGE)?;
    if head["alg"] != "HS256" {
        return Err("\"alg\" (Algorithm) Header Parameter value not allowed");
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = BASE64.decode(signature).map_err(|_| GARBAGE)?;
    let text = &token[..token.rfind('.').unwrap_or_default()];
    hmac::verify(&key, text.as_bytes(), &signature).map_err(|_| "signature verification failed")?;
    let claims = read(claims).ok_or(GARBAGE)?;
    if claims["exp"]
        .as_i64()
        .is_some_and(|end| end < now.as_second())
    {
        return Err("\"exp\" claim timestamp check failed");
    }
    Ok(claims)
}

/// Tokens of all kinds for a project, as the recordings of the Storage server use them.
#[cfg(test)]
pub(super) fn token_of_kind(reference: &str, kind: &str) -> Option<String> {
    let secret = signing_secret(reference);
    let claims = |role: &str| json!({"role": role, "exp": 2_083_786_200});
    Some(match kind {
        "service" => legacy_key(reference, "service_role"),
        "anon" => legacy_key(reference, "anon"),
        "user" => sign(&secret, &claims("authenticated")),
        "norole" => sign(&secret, &json!({"exp": 2_083_786_200})),
        "expired" => sign(&secret, &json!({"role": "service_role", "exp": 1})),
        "badsig" => sign("another secret", &claims("service_role")),
        "none-alg" => format!(
            "{}.{}.",
            BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#),
            BASE64.encode(claims("service_role").to_string())
        ),
        "garbage" => "garbage".to_owned(),
        "sbp" => "sbp_0123456789abcdef0123456789abcdef01234567".to_owned(),
        _ => return None,
    })
}
