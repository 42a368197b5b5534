//! What is sent to a function, and what may be done about its refusal.

use bytes::Bytes;
use serde_json::Value;

use crate::api::{ApiError, Body};
use crate::error::{Error, Result};
use crate::terminal;

/// The body of a call. Text of its own must be JSON, unless a header says that it is something else;
/// what comes from elsewhere is taken for what it is.
pub(super) fn body(data: Option<&str>, headers: &[(String, String)]) -> Result<Body> {
    let Some(data) = data else {
        return Ok(Body::None);
    };
    let (bytes, typed) = if data == "-" {
        let bytes = terminal::read_stdin().map_err(|error| Error::file("--data -", error))?;
        (bytes, false)
    } else if let Some(file) = data.strip_prefix('@') {
        let bytes = terminal::read_file(file)
            .map_err(|error| Error::file(format!("--data @{file}"), error))?;
        (bytes, false)
    } else {
        (data.as_bytes().to_vec(), true)
    };
    let told = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = match serde_json::from_slice::<Value>(&bytes) {
        _ if told => None,
        Ok(_) => Some("application/json".to_owned()),
        Err(error) if typed => {
            return Err(Error::invalid_with_hint(
                format!("`--data` is not JSON: {error}"),
                "`@FILE` and `-` take any bytes, and so does text with `-H 'Content-Type: text/plain'`",
            ));
        }
        Err(_) => Some("application/octet-stream".to_owned()),
    };
    Ok(Body::Bytes {
        content_type,
        bytes: Bytes::from(bytes),
    })
}

/// The same failure, with what to do about it where that can be guessed.
pub(super) fn hinted(error: ApiError) -> ApiError {
    match error.status {
        Some(401) => error.with_hint(
            "a function that asks for a JWT takes the one of a signed-in user (`-H 'Authorization: Bearer …'`) or a legacy key",
        ),
        Some(404) => error.with_hint("`supactl functions list` shows which functions there are"),
        _ => error.with_hint("what it logged may tell more"),
    }
}
