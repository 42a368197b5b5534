//! A successful answer, and what can be read of it.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::error::ApiError;
use crate::error::{Error, Result};

/// A successful answer.
pub(crate) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
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

    fn malformed(&self, reason: &dyn std::fmt::Display) -> Error {
        let error = ApiError::malformed(self.status, &self.body, reason);
        ApiError {
            request_id: request_id(&self.headers, &self.body),
            ..error
        }
        .into()
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
