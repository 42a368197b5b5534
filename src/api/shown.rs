//! What `-vv` shows of requests and answers, secrets masked.

use serde_json::Value;

use super::mask;
use super::request::{Body, Request};
use super::webhooks::hiding;

/// The body of a request as it may be shown.
pub(super) fn body_of(request: &Request) -> String {
    match &request.body {
        Body::None => String::new(),
        Body::Json(body) | Body::Sql { shown: body, .. } => mask::json(body).to_string(),
        Body::Bytes { bytes: body, .. } => bytes(body),
        Body::Form { files, .. } => format!("({} files)", files.len()),
    }
}

/// Headers as they may be shown.
pub(super) fn headers<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Vec<(String, String)> {
    headers
        .map(|(name, value)| {
            let secret = hiding::is_secret(name) || name.eq_ignore_ascii_case("set-cookie");
            let value = if secret {
                mask::MASK.to_owned()
            } else {
                String::from_utf8_lossy(value).into_owned()
            };
            (name.to_owned(), value)
        })
        .collect()
}

/// An answer as it may be shown. A database that refuses a statement repeats it, secrets and all.
pub(super) fn answer(request: &Request, status: u16, body: &[u8]) -> String {
    match &request.body {
        Body::Sql { body: sent, shown } if status >= 400 && sent != shown => {
            "(a refusal that may repeat secrets)".to_owned()
        }
        _ => bytes(body),
    }
}

/// A body as it may be shown: only of JSON is it known where the secrets are.
fn bytes(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut json) => {
            mask::hide(&mut json);
            json.to_string()
        }
        Err(_) if body.is_empty() => String::new(),
        Err(_) => format!("({} bytes that are not JSON)", body.len()),
    }
}
