//! One request, before it is sent: where to, what, and whether it may be sent twice.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::cache::Noun;
use super::ids::ProjectRef;
use super::keys::ServiceKey;

/// What must not stand as it is in one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What is done to the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Whether a request can be repeated without doing anything twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// It reads, whatever its method.
    Safe,
    /// It changes something, or may.
    Unsafe,
}

/// Which of the two hosts answers.
#[derive(Debug, Clone)]
pub(crate) enum Host {
    /// The Management API, with the person's token.
    Management,
    /// The project's own gateway, with a secret key of the project.
    Gateway {
        project: ProjectRef,
        key: Option<ServiceKey>,
    },
}

/// What is sent along.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    None,
    Json(Value),
    /// A statement: what is sent, and the same with the secrets in it masked.
    Sql {
        body: Value,
        shown: Value,
    },
    Bytes {
        content_type: Option<String>,
        bytes: Bytes,
    },
    /// A form in parts: settings under a name, and files under their paths.
    Form {
        settings: (&'static str, Value),
        files: Vec<(String, Bytes)>,
    },
}

/// How much of an answer is read before it is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All of it.
    Whole,
    /// Its head; the body is read as it comes. A failure is read whole.
    AsItComes,
    /// The same, and a failure is an answer like any other, unless the project is paused.
    WhateverItSays,
}

/// Which cached answers a write makes stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forgets {
    /// Everything about the project, and the list of projects: the write may have touched anything.
    Project,
    /// What is known of one noun of the project.
    Noun(Noun),
    /// None: nothing of what it changes is ever cached.
    Nothing,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) host: Host,
    /// The path with its segments encoded, from the `/` on.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// The project that it is about, where its path does not say so.
    pub(crate) about: Option<ProjectRef>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) safety: Safety,
    /// The permission that a scoped token needs for it, as the Management API names it.
    pub(crate) permission: Option<&'static str>,
    /// The answer may be cached for a while, as one about this noun.
    pub(crate) keep: Option<Noun>,
    /// For a write: what is stale after it.
    pub(crate) forgets: Forgets,
    pub(crate) reading: Reading,
    /// How long one try may take even where the person allows less.
    pub(crate) at_least: Duration,
}

impl Request {
    /// A request to the Management API: each `{}` of the template is filled with one segment,
    /// encoded. Reads are safe, everything else is not.
    pub(crate) fn new(method: Method, template: &str, segments: &[&str]) -> Self {
        Self {
            method,
            host: Host::Management,
            path: fill(template, segments),
            query: Vec::new(),
            about: None,
            headers: Vec::new(),
            body: Body::None,
            safety: if matches!(method, Method::Get | Method::Head) {
                Safety::Safe
            } else {
                Safety::Unsafe
            },
            permission: None,
            keep: None,
            forgets: Forgets::Project,
            reading: Reading::Whole,
            at_least: Duration::ZERO,
        }
    }

    pub(crate) fn get(template: &str, segments: &[&str]) -> Self {
        Self::new(Method::Get, template, segments)
    }

    pub(crate) fn post(template: &str, segments: &[&str]) -> Self {
        Self::new(Method::Post, template, segments)
    }

    pub(crate) fn put(template: &str, segments: &[&str]) -> Self {
        Self::new(Method::Put, template, segments)
    }

    pub(crate) fn delete(template: &str, segments: &[&str]) -> Self {
        Self::new(Method::Delete, template, segments)
    }

    /// Sends it to the project's own gateway instead, with a key that is found when it is needed.
    pub(crate) fn on_gateway(mut self, project: &ProjectRef) -> Self {
        self.host = Host::Gateway {
            project: project.clone(),
            key: None,
        };
        self
    }

    /// The project that it is about, if it is about one.
    pub(crate) fn project(&self) -> Option<&str> {
        if let Host::Gateway { project, .. } = &self.host {
            return Some(project.as_str());
        }
        if let Some(project) = &self.about {
            return Some(project.as_str());
        }
        let mut segments = self.path.split('/').skip(2);
        let project = segments
            .next()
            .filter(|noun| *noun == "projects")
            .and(segments.next())?;
        project.parse::<ProjectRef>().is_ok().then_some(project)
    }

    /// Names the project that it is about, where its path does not.
    pub(crate) fn about(mut self, project: &ProjectRef) -> Self {
        self.about = Some(project.clone());
        self
    }

    /// Takes path and query out of an address, the query into parameters.
    pub(crate) fn go_to(&mut self, address: &str) {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        path.clone_into(&mut self.path);
        // Only an address can be taken apart: of this one nothing but the query counts.
        let read = reqwest::Url::parse(&format!("http://localhost/?{query}"));
        self.query = read.map_or_else(
            |_| Vec::new(),
            |read| read.query_pairs().into_owned().collect(),
        );
    }

    /// Lets the answer be cached for a while.
    pub(crate) fn cached(mut self, noun: Noun) -> Self {
        self.keep = Some(noun);
        self
    }

    /// Says what is stale after this write, where that is less than all of the project.
    pub(crate) fn forgets(mut self, noun: Noun) -> Self {
        self.forgets = Forgets::Noun(noun);
        self
    }

    /// Says that this write makes no cached answer stale.
    pub(crate) fn forgets_nothing(mut self) -> Self {
        self.forgets = Forgets::Nothing;
        self
    }

    /// Says how much of the answer is read before it is handed on.
    pub(crate) fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// Allows a try that takes long by its nature more time.
    pub(crate) fn taking(mut self, at_least: Duration) -> Self {
        self.at_least = at_least;
        self
    }

    /// Names the permission that it needs.
    pub(crate) fn needs(mut self, permission: &'static str) -> Self {
        self.permission = Some(permission);
        self
    }

    /// Adds a parameter, if there is one.
    pub(crate) fn query(mut self, key: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push((key.to_owned(), value.to_string()));
        }
        self
    }

    /// Adds a header, which replaces one of the client's own.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// Declares that it only reads although its method does not say so.
    pub(crate) fn safe(mut self) -> Self {
        self.safety = Safety::Safe;
        self
    }
}

/// Fills each `{}` with a segment.
fn fill(template: &str, segments: &[&str]) -> String {
    let mut path = String::with_capacity(template.len() + 32);
    let mut segments = segments.iter();
    for (index, part) in template.split("{}").enumerate() {
        if index > 0 {
            let segment = segments.next().copied().unwrap_or_default();
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        path.push_str(part);
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn segments_are_encoded_one_by_one() {
        assert_eq!(
            fill("/bucket/{}/empty", &["a b?/&+;%ü"]),
            "/bucket/a%20b%3F%2F%26%2B%3B%25%C3%BC/empty"
        );
    }

    #[test]
    fn an_address_has_a_path_and_parameters() {
        let mut request = Request::get("/x", &[]);
        for (address, path, query) in [
            ("/v1/a", "/v1/a", &[][..]),
            ("/v1/a?", "/v1/a", &[]),
            (
                "/v1/a?limit=2&page%5Bafter%5D=a+b%26&&bare",
                "/v1/a",
                &[("limit", "2"), ("page[after]", "a b&"), ("bare", "")],
            ),
        ] {
            request.go_to(address);
            let found = request.query.iter();
            let found: Vec<_> = found.map(|(key, value)| (&**key, &**value)).collect();
            assert_eq!((&*request.path, found.as_slice()), (path, query));
        }
    }

    proptest! {
        #[test]
        fn no_segment_leaves_its_place(segment in "\\PC{1,40}") {
            prop_assume!(segment != "." && segment != "..");
            let url = format!("http://127.0.0.1{}", fill("/a/{}/b", &[&segment]));
            let url = reqwest::Url::parse(&url).unwrap();
            let parts: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(parts.len(), 3);
            let back = percent_encoding::percent_decode_str(parts[1]).decode_utf8().unwrap();
            prop_assert_eq!(&*back, &*segment);
            prop_assert_eq!(url.query(), None);
        }
    }
}
