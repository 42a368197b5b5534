//! How a request can fail, read out of whatever the service answered.
//!
//! Four parts of the service have four shapes of error, some with the true status in the body:
//! they are told apart here, once, and nowhere else.

use std::fmt;

use serde_json::Value;

use crate::error::{Code, Error};

/// Longest piece of an answer that is not JSON to be quoted in a message, in characters.
const EXCERPT: usize = 200;

/// A request that did not succeed.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    /// The stable word for it.
    pub(crate) code: Code,
    /// What the service said, or what happened on the way to it.
    pub(crate) message: String,
    /// The status: the one in the body where the service hides it there.
    pub(crate) status: Option<u16>,
    /// What to quote to Supabase's support.
    pub(crate) request_id: Option<String>,
    /// The service's own details, as they came.
    pub(crate) details: Option<Value>,
    /// The permission that the operation needs of a scoped token.
    pub(crate) permission: Option<&'static str>,
    /// What to type next, where the failure itself knows.
    pub(crate) hint: Option<String>,
    /// It was a write that may have been done all the same.
    pub(crate) unclear: bool,
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl ApiError {
    /// A failure without an answer.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status: None,
            request_id: None,
            details: None,
            permission: None,
            hint: None,
            unclear: false,
        }
    }

    /// The same, with what to type next.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same of a write that may have been done all the same.
    pub(crate) fn unclear(self) -> Self {
        Self {
            unclear: true,
            ..self
        }
        .with_hint("it may have happened all the same: look before trying again")
    }

    /// Reads the failure out of an answer with an error status.
    pub(crate) fn from_answer(http_status: u16, body: &[u8]) -> Self {
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let status = json
            .as_ref()
            .and_then(status_in_body)
            .unwrap_or(http_status);
        let word = json.as_ref().and_then(word_in_body).unwrap_or_default();
        let message = json
            .as_ref()
            .and_then(message_in_body)
            .unwrap_or_else(|| message_of_text(body, status));
        let details = json.filter(|value| {
            value.get("statusCode").is_some() || value.get("error").is_some_and(Value::is_object)
        });
        Self {
            code: code_of(status, &word, &message),
            status: Some(status),
            details,
            ..Self::new(Code::ApiError, message)
        }
    }

    /// An answer that was promised to be something else.
    pub(crate) fn malformed(status: u16, body: &[u8], reason: &dyn fmt::Display) -> Self {
        let message = match std::str::from_utf8(body).map(str::trim) {
            Ok("") => "the answer is empty".to_owned(),
            Ok(text) if is_html(text) => "the answer is a web page, not JSON".to_owned(),
            Ok(text) => match excerpt(text) {
                Some(excerpt) => {
                    format!("the answer is not what was expected ({reason}): {excerpt}")
                }
                None => format!(
                    "the answer is not what was expected ({reason}): {} bytes that are not JSON",
                    text.len()
                ),
            },
            Err(_) => "the answer is not text".to_owned(),
        };
        Self {
            status: Some(status),
            ..Self::new(Code::MalformedResponse, message)
        }
    }
}

/// Names what a request did not find, and the command that lists what there is. Another failure stays
/// as it is, and so does one that is about the project.
pub(super) fn naming(
    kind: &str,
    name: &dyn fmt::Display,
    list: &str,
) -> impl FnOnce(Error) -> Error {
    let message = format!("{kind} `{name}` was not found");
    let hint = format!("`supactl {list}` shows what there is");
    move |error| match error {
        Error::Api(error)
            if error.code == Code::NotFound && !error.message.starts_with("Project") =>
        {
            ApiError { message, ..error }.with_hint(hint).into()
        }
        other => other,
    }
}

/// The status that Storage puts into the body, as a string, while HTTP says 400.
fn status_in_body(body: &Value) -> Option<u16> {
    let status = match body.get("statusCode")? {
        Value::String(text) => text.parse().ok()?,
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        _ => return None,
    };
    (400..600).contains(&status).then_some(status)
}

/// The service's own word for the failure: Storage's `code`, Auth's `error_code`, v2's `error.code`.
fn word_in_body(body: &Value) -> Option<String> {
    ["/code", "/error_code", "/error/code", "/error"]
        .iter()
        .find_map(|pointer| body.pointer(pointer)?.as_str().map(str::to_owned))
}

/// What the service says in words, wherever it says it.
fn message_in_body(body: &Value) -> Option<String> {
    [
        "/message",
        "/error/message",
        "/error_description",
        "/error",
        "/msg",
    ]
    .iter()
    .find_map(|pointer| {
        let message = body.pointer(pointer)?.as_str()?;
        (!message.trim().is_empty()).then(|| message.to_owned())
    })
    .or_else(|| messages_in_list(body))
}

/// Some validations answer with a list of messages where others have one.
fn messages_in_list(body: &Value) -> Option<String> {
    let list = body.get("message")?.as_array()?;
    let messages: Vec<_> = list.iter().filter_map(Value::as_str).collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

/// A message for an answer that is no JSON: a gateway's page, a plain text, nothing at all.
fn message_of_text(body: &[u8], status: u16) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let said = reqwest::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    if text.is_empty() || is_html(text) {
        return match said {
            Some(said) => format!("the service answered {status} {said}"),
            None => format!("the service answered {status}"),
        };
    }
    let told = excerpt(text).unwrap_or_else(|| format!("{} bytes that are not JSON", text.len()));
    format!("the service answered {status}: {told}")
}

fn is_html(text: &str) -> bool {
    let start: String = text
        .chars()
        .take(15)
        .collect::<String>()
        .to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// The beginning of an answer, secrets masked. Nothing of JSON that is not whole: nobody can tell
/// where the secrets are in it.
fn excerpt(text: &str) -> Option<String> {
    let text = match serde_json::from_str::<Value>(text) {
        Ok(mut json) => {
            super::mask::hide(&mut json);
            json.to_string()
        }
        Err(_) if text.starts_with(['{', '[', '"']) => return None,
        Err(_) => text.to_owned(),
    };
    Some(match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    })
}

/// Which of our words fits a status, the service's word and its message.
fn code_of(status: u16, word: &str, message: &str) -> Code {
    let taken = word.ends_with("AlreadyExists")
        || word == "Duplicate"
        || message.contains("already exists");
    match status {
        // A deleted project answers like this to everything.
        400 if message == "Resource has been removed" => Code::NotFound,
        // Plans are mostly told in words, with whatever status the part at hand prefers.
        400 | 403 | 422 if names_a_plan(message) => Code::PlanRequired,
        // A token of another kind, or an old one: Storage calls that 403, everybody else 401.
        401 => Code::Unauthorized,
        403 if message.contains("JWS")
            || message.contains("\"alg\"")
            || message.contains("\"exp\" claim")
            || message.contains("jwt expired")
            || message.contains("signature verification") =>
        {
            Code::Unauthorized
        }
        400..=499 if names_a_pause(message) => Code::ProjectPaused,
        402 => Code::PlanRequired,
        403 => Code::Forbidden,
        404 if message.contains("not enabled for this project") => Code::FeatureDisabled,
        404 => Code::NotFound,
        406 if message.contains("snippet") => Code::NotFound,
        408 => Code::Timeout,
        400 | 409 if taken => Code::AlreadyExists,
        409 if word == "FeatureNotEnabled" => Code::FeatureDisabled,
        409 | 422 | 423 => Code::Conflict,
        429 => Code::RateLimited,
        540 => Code::ProjectPaused,
        400..=499 => Code::Rejected,
        _ => Code::ApiError,
    }
}

fn names_a_plan(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    [
        "on team or enterprise plan",
        "requires a higher plan",
        "reached for plan",
        "upgrade your plan",
        "upgrade to a paid",
        "only available on the",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// Parts of the service that have no status of their own for it say so in words.
fn names_a_pause(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    [
        "project is paused",
        "project is inactive",
        "status is inactive",
    ]
    .iter()
    .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> (Code, Option<u16>, String) {
        let error = ApiError::from_answer(status, body.as_bytes());
        (error.code, error.status, error.message)
    }

    #[test]
    fn what_was_not_found_is_named_unless_it_is_the_project() {
        let named = |code: Code, message: &str| {
            let error =
                naming("branch", &"page", "branches list")(ApiError::new(code, message).into());
            (error.to_string(), error.hint())
        };
        let list = "`supactl branches list` shows what there is".to_owned();
        assert_eq!(
            named(Code::NotFound, "Branch not found"),
            ("branch `page` was not found".to_owned(), Some(list))
        );
        assert_eq!(
            named(Code::NotFound, "Project not found").0,
            "Project not found"
        );
        assert_eq!(named(Code::Forbidden, "no").0, "no");
    }

    #[test]
    fn each_shape_of_error_is_understood() {
        let cases: &[(u16, &str, Code, u16, &str)] = &[
            (
                400,
                r#"{"statusCode":"404","error":"Bucket not found","message":"Bucket not found","code":"NoSuchBucket"}"#,
                Code::NotFound,
                404,
                "Bucket not found",
            ),
            (
                400,
                r#"{"statusCode":"409","error":"Duplicate","message":"The resource already exists"}"#,
                Code::AlreadyExists,
                409,
                "The resource already exists",
            ),
            (
                400,
                r#"{"statusCode":"409","error":"InvalidRequest","message":"The bucket you tried to delete is not empty","code":"ResourceNotEmpty"}"#,
                Code::Conflict,
                409,
                "The bucket you tried to delete is not empty",
            ),
            (
                400,
                r#"{"statusCode":"403","error":"Unauthorized","message":"Invalid Compact JWS","code":"AccessDenied"}"#,
                Code::Unauthorized,
                403,
                "Invalid Compact JWS",
            ),
            (
                400,
                r#"{"statusCode":"413","error":"Payload too large","message":"The object exceeded the maximum allowed size","code":"EntityTooLarge"}"#,
                Code::Rejected,
                413,
                "The object exceeded the maximum allowed size",
            ),
            (
                409,
                r#"{"error":"Duplicate","message":"taken"}"#,
                Code::AlreadyExists,
                409,
                "taken",
            ),
            (
                400,
                r#"{"error":{"code":"BucketAlreadyExists","message":"taken"}}"#,
                Code::AlreadyExists,
                400,
                "taken",
            ),
            (
                409,
                r#"{"error_code":"FeatureNotEnabled","message":"off"}"#,
                Code::FeatureDisabled,
                409,
                "off",
            ),
            (
                400,
                r#"{"statusCode":404,"message":"a number"}"#,
                Code::NotFound,
                404,
                "a number",
            ),
            (
                400,
                r#"{"statusCode":"200","message":"no status of a failure"}"#,
                Code::Rejected,
                400,
                "no status of a failure",
            ),
            (
                400,
                r#"{"statusCode":600,"message":"no status at all"}"#,
                Code::Rejected,
                400,
                "no status at all",
            ),
            (
                400,
                r#"{"message":"Resource has been removed"}"#,
                Code::NotFound,
                400,
                "Resource has been removed",
            ),
            (
                406,
                r#"{"message":"Failed to retrieve SQL snippet","errorEventId":"49f4"}"#,
                Code::NotFound,
                406,
                "Failed to retrieve SQL snippet",
            ),
            (
                404,
                r#"{"message":"SAML 2.0 support is not enabled for this project"}"#,
                Code::FeatureDisabled,
                404,
                "SAML 2.0 support is not enabled for this project",
            ),
            (
                402,
                r#"{"error":{"code":"payment_required","message":"Not in the plan"}}"#,
                Code::PlanRequired,
                402,
                "Not in the plan",
            ),
            (
                400,
                r#"{"message":"Auth Hooks can only be configured on Team or Enterprise Plans"}"#,
                Code::PlanRequired,
                400,
                "Auth Hooks can only be configured on Team or Enterprise Plans",
            ),
            (
                422,
                r#"{"code":422,"error_code":"validation_failed","msg":"no"}"#,
                Code::Conflict,
                422,
                "no",
            ),
            (
                502,
                "<html><body>Bad gateway</body></html>",
                Code::ApiError,
                502,
                "the service answered 502 Bad Gateway",
            ),
            (
                503,
                "",
                Code::ApiError,
                503,
                "the service answered 503 Service Unavailable",
            ),
            (
                544,
                r#"{"message":"Delete the custom hostname first."}"#,
                Code::ApiError,
                544,
                "Delete the custom hostname first.",
            ),
            (
                540,
                r#"{"message":"paused"}"#,
                Code::ProjectPaused,
                540,
                "paused",
            ),
            (
                400,
                r#"{"message":"The project is paused. Restore it first."}"#,
                Code::ProjectPaused,
                400,
                "The project is paused. Restore it first.",
            ),
            (
                418,
                "short and stout",
                Code::Rejected,
                418,
                "the service answered 418: short and stout",
            ),
            (
                400,
                r#"{"message":["a is wrong","b is wrong"]}"#,
                Code::Rejected,
                400,
                "a is wrong; b is wrong",
            ),
        ];
        for (http, body, code, status, message) in cases {
            assert_eq!(
                told(*http, body),
                (*code, Some(*status), (*message).to_owned()),
                "{http} {body}"
            );
        }
    }

    #[test]
    fn no_secret_is_quoted_whatever_is_left_of_the_answer() {
        let whole = r#"[{"name":"x","api_key":"sb_secret_hunter2hunter2"}]"#;
        let cut = &whole[..whole.len() - 1];
        for body in [whole, cut] {
            for message in [
                told(500, body).2,
                ApiError::malformed(200, body.as_bytes(), &"x").message,
            ] {
                assert!(!message.contains("hunter2"), "{message}");
            }
        }
        assert!(
            ApiError::malformed(200, cut.as_bytes(), &"x")
                .message
                .ends_with(&format!("{} bytes that are not JSON", cut.len()))
        );
        assert_eq!(
            told(400, r#"{"message":" ","error":"Bad thing"}"#).2,
            "Bad thing"
        );
    }

    #[test]
    fn a_status_in_the_body_counts_only_if_it_is_an_error() {
        assert_eq!(
            told(400, r#"{"statusCode":"200","message":"x"}"#).1,
            Some(400)
        );
        assert_eq!(told(400, r#"{"statusCode":[],"message":"x"}"#).1, Some(400));
    }
}
