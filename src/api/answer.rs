//! A successful answer, and what can be read of it.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::error::ApiError;
use crate::error::{Code, Error, Result};

/// A successful answer.
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What has not come yet of a body that is read as it comes.
    pub(super) rest: Option<Rest>,
    /// It answers a write, which was done: whatever is wrong with the answer.
    pub(super) of_write: bool,
}

/// A body that is still on its way.
pub(super) struct Rest {
    pub(super) response: reqwest::Response,
    /// How long it may be silent.
    pub(super) patience: Duration,
    pub(super) host: String,
}

impl Rest {
    /// The next bytes as they come, or nothing at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let Self {
            response,
            patience,
            host,
        } = self;
        match tokio::time::timeout(*patience, response.chunk()).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => {
                let message = format!(
                    "the connection to {host} broke before the answer was complete: {error}"
                );
                Err(ApiError::new(Code::Network, message))
            }
            Err(_) => {
                let message = format!(
                    "{host} fell silent for {} s within its answer",
                    patience.as_secs_f64()
                );
                Err(ApiError::new(Code::Timeout, message))
            }
        }
    }
}

impl Answer {
    /// The next bytes of a body that is read as it comes, or nothing at its end.
    pub(crate) async fn next_bytes(&mut self) -> Result<Option<Bytes>> {
        match &mut self.rest {
            Some(rest) => Ok(rest.next().await?),
            None if self.body.is_empty() => Ok(None),
            None => Ok(Some(std::mem::take(&mut self.body))),
        }
    }

    /// What Supabase's support asks for, where the head of the answer has it.
    pub(crate) fn request_id(&self) -> Option<String> {
        request_id(&self.headers, &[])
    }

    /// A header, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The headers as text, in the order in which they came.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, String)> {
        self.headers.iter().map(|(name, value)| {
            (
                name.as_str(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
    }

    /// The bytes as they came.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The JSON of the body as the type that was promised.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| self.malformed(&error))
    }

    /// The JSON of the body as it came.
    pub(crate) fn value(&self) -> Result<Value> {
        json_value(&self.body).map_err(|error| self.malformed(&error))
    }

    /// A list, which an empty body or `null` also is.
    pub(crate) fn list<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        match serde_json::from_slice::<Option<Vec<T>>>(&self.body) {
            Ok(list) => Ok(list.unwrap_or_default()),
            // JSON of another shape is told in words; what is no JSON at all, by the place in it.
            Err(_) if serde_json::from_slice::<IgnoredAny>(&self.body).is_ok() => {
                Err(self.malformed(&"not a list"))
            }
            Err(error) => Err(self.malformed(&error)),
        }
    }

    /// The list under a key of the object that the answer is. Nothing, null and an empty object are empty
    /// lists; what has other keys is another answer, of which nothing can be concluded.
    pub(crate) fn list_at(&self, pointer: &str) -> Result<Vec<Value>> {
        if self.body.is_empty() {
            return Ok(Vec::new());
        }
        let mut answer = self.value()?;
        match answer.pointer_mut(pointer).map(Value::take) {
            Some(Value::Array(list)) => Ok(list),
            Some(Value::Null) => Ok(Vec::new()),
            None if answer.is_null() || answer == json!({}) => Ok(Vec::new()),
            Some(_) | None => Err(self.malformed(&format!("no list at `{pointer}`"))),
        }
    }

    fn malformed(&self, reason: &dyn std::fmt::Display) -> Error {
        let error = ApiError {
            request_id: request_id(&self.headers, &self.body),
            ..ApiError::malformed(self.status, &self.body, reason)
        };
        if self.of_write {
            error.unclear().into()
        } else {
            error.into()
        }
    }
}

/// JSON of no particular type.
///
/// By way of `FromStr`, which serde_json brings ready-made: what is made of its generic functions
/// here is optimized for size, and takes twice the time for a large answer.
pub(super) fn json_value(body: &[u8]) -> serde_json::Result<Value> {
    match std::str::from_utf8(body) {
        Ok(text) => text.parse(),
        // Says where.
        Err(_) => serde_json::from_slice(body),
    }
}

/// What Supabase's support asks for: the request id of the answer, or the id of the error event.
pub(super) fn request_id(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    ["x-request-id", "sb-request-id", "cf-ray"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok().map(str::to_owned))
        .or_else(|| {
            let body: Value = serde_json::from_slice(body).ok()?;
            ["/errorEventId", "/error/id"]
                .iter()
                .find_map(|pointer| body.pointer(pointer)?.as_str().map(str::to_owned))
        })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn answer(body: &'static str) -> Answer {
        Answer {
            status: 200,
            headers: HeaderMap::from_iter([(
                "sb-request-id".parse().unwrap(),
                HeaderValue::from_static("r-1"),
            )]),
            body: Bytes::from_static(body.as_bytes()),
            rest: None,
            of_write: false,
        }
    }

    #[test]
    fn what_is_not_understood_tells_which_request_it_was() {
        let Err(Error::Api(error)) = answer("[1").list::<Value>() else {
            panic!("a broken list was read");
        };
        assert_eq!(error.code, Code::MalformedResponse);
        assert_eq!(error.request_id.as_deref(), Some("r-1"));
        assert_eq!(error.status, Some(200));
    }

    #[tokio::test]
    async fn a_body_that_is_there_comes_in_one_piece() {
        let mut answer = answer("{}");
        assert_eq!(
            answer.next_bytes().await.unwrap().as_deref(),
            Some(&b"{}"[..])
        );
        assert_eq!(answer.next_bytes().await.unwrap(), None);
    }

    #[test]
    fn a_list_below_a_key_may_be_empty_in_many_ways() {
        for body in ["", "null", "{}", r#"{"items":null}"#, r#"{"items":[]}"#] {
            assert_eq!(
                answer(body).list_at("/items").unwrap(),
                Vec::<Value>::new(),
                "{body}"
            );
        }
        assert_eq!(
            answer(r#"{"items":[1]}"#).list_at("/items").unwrap(),
            [json!(1)]
        );
        for body in ["[]", "5", r#"{"other":[]}"#, r#"{"items":{}}"#, "{"] {
            assert!(answer(body).list_at("/items").is_err(), "{body}");
        }
    }
}
