//! The ways in which lists of the Management API go on: a cursor, an offset, a link, or not at all.

use serde_json::Value;

use super::error::ApiError;
use super::request::Request;
use crate::error::{Code, Result};

/// Elements that one page has where the service lets us choose: the most that it allows.
const PAGE: u64 = 100;

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) elements: Vec<Value>,
    /// What to ask for the next one.
    pub(crate) next: Option<Box<Request>>,
}

impl Page {
    /// Takes a page apart and works out the request for the next.
    ///
    /// # Errors
    /// `malformed_response` for an answer that is no list of any known kind, or that would send us
    /// to another host or in a circle.
    pub(crate) fn read(request: &Request, body: Value) -> Result<Self> {
        let (elements, rest) = match body {
            Value::Array(elements) => (elements, Value::Null),
            Value::Object(mut object) => {
                let key = ["data", "projects", "items", "keys", "backups"]
                    .iter()
                    .find(|key| object.get(**key).is_some_and(Value::is_array));
                let Some(Value::Array(elements)) = key.and_then(|key| object.shift_remove(*key))
                else {
                    return Err(ApiError::new(
                        Code::MalformedResponse,
                        "the answer is not a list, so it has no pages",
                    )
                    .into());
                };
                (elements, Value::Object(object))
            }
            _ => {
                return Err(ApiError::new(
                    Code::MalformedResponse,
                    "the answer is not a list, so it has no pages",
                )
                .into());
            }
        };
        let next = next(request, elements.len() as u64, &rest)?;
        if next
            .as_ref()
            .is_some_and(|next| next.path == request.path && next.query == request.query)
        {
            return Err(ApiError::new(
                Code::MalformedResponse,
                "the next page is the same as this one",
            )
            .into());
        }
        Ok(Self {
            elements,
            next: next.map(Box::new),
        })
    }
}

fn next(request: &Request, found: u64, rest: &Value) -> Result<Option<Request>> {
    // v2: a link, which is a path.
    if let Some(link) = rest.pointer("/links/next").and_then(Value::as_str) {
        if !link.starts_with('/') || link.starts_with("//") {
            return Err(ApiError::new(
                Code::MalformedResponse,
                format!("the next page would be elsewhere: {link}"),
            )
            .into());
        }
        let mut next = request.clone();
        next.go_to(link);
        return Ok(Some(next));
    }
    // Snippets: a cursor.
    if let Some(cursor) = rest.get("cursor").and_then(Value::as_str) {
        return Ok(Some(with(request, "cursor", cursor)));
    }
    // Projects of an organization: a count and an offset.
    if let Some(count) = rest.pointer("/pagination/count").and_then(Value::as_u64) {
        let offset = rest
            .pointer("/pagination/offset")
            .and_then(Value::as_u64)
            .unwrap_or_else(|| number(request, "offset").unwrap_or(0))
            + found;
        return Ok(
            (found > 0 && offset < count).then(|| with(request, "offset", &offset.to_string()))
        );
    }
    // Action runs: an offset, and only the length of a page tells that it was the last.
    if rest.is_null() && (request.path.ends_with("/actions") || number(request, "limit").is_some())
    {
        let limit = number(request, "limit").unwrap_or(PAGE);
        let offset = number(request, "offset").unwrap_or(0) + found;
        return Ok((found >= limit).then(|| with(request, "offset", &offset.to_string())));
    }
    Ok(None)
}

fn number(request: &Request, key: &str) -> Option<u64> {
    request
        .query
        .iter()
        .find(|(known, _)| known == key)?
        .1
        .parse()
        .ok()
}

/// The same request with one parameter set.
fn with(request: &Request, key: &str, value: &str) -> Request {
    let mut next = request.clone();
    next.query.retain(|(known, _)| known != key);
    next.query.push((key.to_owned(), value.to_owned()));
    next
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(path: &str, body: Value) -> Option<String> {
        let request = Request::get(path, &[]).query("limit", Some(2));
        let next = Page::read(&request, body).unwrap().next?;
        let query: Vec<_> = next
            .query
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        Some(format!("{}?{}", next.path, query.join("&")))
    }

    #[test]
    fn each_kind_of_list_goes_on_in_its_way() {
        assert_eq!(
            after("/v1/snippets", json!({"data": [1], "cursor": "c2"})).unwrap(),
            "/v1/snippets?limit=2&cursor=c2"
        );
        assert_eq!(after("/v1/snippets", json!({"data": [1]})), None);
        assert_eq!(
            after(
                "/v2/x",
                json!({"data": [1], "links": {"next": "/v2/x?page%5Bafter%5D=1"}})
            )
            .unwrap(),
            "/v2/x?page[after]=1"
        );
        assert_eq!(
            after("/v2/x", json!({"data": [1], "links": {"next": null}})),
            None
        );
        assert_eq!(
            after(
                "/v1/o/p",
                json!({"projects": [1, 2], "pagination": {"count": 3, "limit": 2, "offset": 0}})
            )
            .unwrap(),
            "/v1/o/p?limit=2&offset=2"
        );
        assert_eq!(
            after(
                "/v1/o/p",
                json!({"projects": [3], "pagination": {"count": 3, "limit": 2, "offset": 2}})
            ),
            None
        );
        assert_eq!(
            after("/v1/x/actions", json!([1, 2])).unwrap(),
            "/v1/x/actions?limit=2&offset=2"
        );
        assert_eq!(after("/v1/x/actions", json!([1])), None);
        assert_eq!(
            after("/v1/x/actions", json!({"data": [1, 2], "total": 9})),
            None
        );
        let unlimited = Request::get("/v1/x/actions", &[]);
        let full = Value::from(vec![0; usize::try_from(PAGE).unwrap()]);
        assert!(Page::read(&unlimited, full.clone()).unwrap().next.is_some());
        let elsewhere = Request::get("/v1/x", &[]);
        assert!(Page::read(&elsewhere, full).unwrap().next.is_none());
    }

    #[test]
    fn no_page_leads_elsewhere_or_in_a_circle() {
        let request = Request::get("/v2/x", &[]);
        for link in ["https://evil.example/v2/x", "//evil.example/x", "/v2/x"] {
            assert!(
                Page::read(&request, json!({"data": [], "links": {"next": link}})).is_err(),
                "{link}"
            );
        }
        assert!(Page::read(&request, json!({"message": "no list"})).is_err());
        // A count that is wrong is not asked after for ever.
        let empty = json!({"projects": [], "pagination": {"count": 3, "offset": 2}});
        assert_eq!(after("/v1/o/p", empty), None);
    }
}
