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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sending(body: Body) -> Request {
        let mut request = Request::post("/v1/x", &[]);
        request.body = body;
        request
    }

    #[test]
    fn bodies_are_shown_without_their_secrets() {
        let shown = |body: Body| body_of(&sending(body));
        assert_eq!(shown(Body::None), "");
        assert_eq!(
            shown(Body::Json(json!({"name": "x", "db_pass": "hunter2"}))),
            r#"{"name":"x","db_pass":"********"}"#
        );
        let bytes = |bytes: &'static [u8]| Body::Bytes {
            content_type: None,
            bytes: bytes.into(),
        };
        assert_eq!(shown(bytes(b"")), "");
        assert_eq!(shown(bytes(b"hunter2")), "(7 bytes that are not JSON)");
        assert_eq!(
            shown(bytes(br#"{"db_pass":"hunter2"}"#)),
            r#"{"db_pass":"********"}"#
        );
        let form = Body::Form {
            settings: ("metadata", json!({})),
            files: vec![("index.ts".to_owned(), "hunter2".into())],
        };
        assert_eq!(shown(form), "(1 files)");
    }

    #[test]
    fn a_refusal_is_withheld_only_where_a_statement_holds_secrets() {
        let said = br#"{"message":"near here"}"#;
        let shown = |body: &str, status: u16| {
            let body = Body::Sql {
                body: json!(body),
                shown: json!("select '********'"),
            };
            answer(&sending(body), status, said)
        };
        let whole = r#"{"message":"near here"}"#;
        assert_eq!(
            shown("select 'x'", 400),
            "(a refusal that may repeat secrets)"
        );
        assert_eq!(shown("select 'x'", 399), whole);
        assert_eq!(shown("select '********'", 400), whole);
        assert_eq!(answer(&sending(Body::None), 400, said), whole);
    }
}
