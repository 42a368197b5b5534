//! Platform Webhooks: the service itself tells an endpoint what happens to a project or organization.
//!
//! In early access. The same routes exist for projects and organizations; an answer wraps each noun as
//! `{type, id, attributes}`, which is taken off here. (Contract of the official CLI 3.1.0.)

use serde_json::{Map, Value, json};

use super::hiding;
use crate::api::record::{Object, Record, record};
use crate::api::request::{Method, Request};
use crate::api::{Api, ApiError, Page, ProjectRef};
use crate::error::{Code, Error, Result};

record! {
    /// Where the service sends events. Its signing secret is never told.
    Endpoint {
        "id": Text,
        "url": Text,
        "enabled": Flag,
        "event_types": List,
        "description": Text,
        "custom_headers": Object,
        "created_at": Text,
    }
}

record! {
    /// One event on its way to an endpoint.
    PlatformDelivery {
        "id": Text,
        "status": Text,
        "event": Object,
        "response_code": Integer,
        "attempt_timestamp": Text,
        "error_code": Text,
        "error_message": Text,
        "event_id": Text,
        "response_body": Text,
    }
}

/// Whose events are meant.
#[derive(Debug, Clone)]
pub(crate) enum PlatformTarget {
    Project(ProjectRef),
    Organization(String),
}

impl PlatformTarget {
    fn request(&self, method: Method, rest: &str, segments: &[&str]) -> Request {
        let (start, first) = match self {
            Self::Project(project) => ("/v2/projects/{}/webhooks", project.as_str()),
            Self::Organization(slug) => ("/v2/organizations/{}/webhooks", slug.as_str()),
        };
        let segments: Vec<&str> = std::iter::once(first)
            .chain(segments.iter().copied())
            .collect();
        Request::new(method, &format!("{start}{rest}"), &segments)
    }
}

/// The kinds of events that are known to be sent. The service may know more.
const EVENTS: [&str; 23] = [
    "v1.project.paused",
    "v1.project.created",
    "v1.project.restored",
    "v1.project.transferred",
    "v1.project.removed",
    "v1.project.restarted",
    "v1.project.status.changed",
    "v1.project.backup.started",
    "v1.project.branch.created",
    "v1.project.branch.updated",
    "v1.project.branch.removed",
    "v1.project.secrets.leaked",
    "v1.organization.member.invitation.created",
    "v1.organization.member.invitation.canceled",
    "v1.organization.member.added",
    "v1.organization.member.removed",
    "v1.organization.member.role.assigned",
    "v1.organization.member.role.removed",
    "v1.organization.member.role.updated",
    "v1.organization.billing.plan.upgraded",
    "v1.organization.billing.plan.downgraded",
    "v1.organization.secrets.leaked",
    "*",
];

/// A kind of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlatformEvent(String);

impl PlatformEvent {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PlatformEvent {
    type Err = String;

    /// With or without the version in front.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let long = format!("v1.{text}");
        let known = EVENTS
            .iter()
            .find(|known| **known == text || **known == long);
        if let Some(known) = known {
            return Ok(Self((*known).to_owned()));
        }
        let near = EVENTS
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known, text), known))
            .min();
        Err(format!(
            "`{text}` is no kind of event: did you mean `{}`? `*` is all of them",
            near.map_or("*", |(_, known)| known)
        ))
    }
}

/// What to set on an endpoint: only what was given is sent.
#[derive(Debug, Default)]
pub(crate) struct EndpointChange {
    pub(crate) url: Option<String>,
    pub(crate) enabled: Option<bool>,
    pub(crate) event_types: Vec<PlatformEvent>,
    /// Empty takes it off.
    pub(crate) description: Option<String>,
    pub(crate) custom_headers: Map<String, Value>,
    pub(crate) signing_secret: Option<String>,
}

impl EndpointChange {
    fn body(&self) -> Value {
        let mut attributes = Object::new();
        let mut put = |key: &str, value: Value| drop(attributes.insert(key.to_owned(), value));
        if let Some(url) = &self.url {
            put("url", json!(url));
        }
        if let Some(secret) = &self.signing_secret {
            put("signing_secret", json!(secret));
        }
        if !self.event_types.is_empty() {
            let types = self
                .event_types
                .iter()
                .map(|event| json!({"type": event.as_str()}));
            put("event_types", types.collect());
        }
        if let Some(enabled) = self.enabled {
            put("enabled", json!(enabled));
        }
        match self.description.as_deref() {
            None => {}
            Some("") => put("description", Value::Null),
            Some(text) => put("description", json!(text)),
        }
        if !self.custom_headers.is_empty() {
            put("custom_headers", json!(self.custom_headers));
        }
        json!({"data": {"type": "endpoint", "attributes": attributes}})
    }
}

impl Api {
    /// All endpoints.
    pub(crate) async fn endpoints(&self, target: &PlatformTarget) -> Result<Vec<Endpoint>> {
        let request = target
            .request(Method::Get, "/endpoints", &[])
            .query("page[limit]", Some(50));
        let rows = self.all_pages(request, usize::MAX).await?;
        Ok(rows.into_iter().map(endpoint).collect())
    }

    /// One endpoint.
    pub(crate) async fn endpoint(&self, target: &PlatformTarget, id: &str) -> Result<Endpoint> {
        let request = target.request(Method::Get, "/endpoints/{}", &[id]);
        Ok(endpoint(self.platform(request).await?))
    }

    /// Creates an endpoint.
    pub(crate) async fn create_endpoint(
        &self,
        target: &PlatformTarget,
        new: &EndpointChange,
    ) -> Result<Endpoint> {
        let request = target
            .request(Method::Post, "/endpoints", &[])
            .json(new.body());
        Ok(endpoint(self.platform(request).await?))
    }

    /// Changes an endpoint.
    pub(crate) async fn update_endpoint(
        &self,
        target: &PlatformTarget,
        id: &str,
        change: &EndpointChange,
    ) -> Result<()> {
        let request = target
            .request(Method::Patch, "/endpoints/{}", &[id])
            .json(change.body());
        self.platform(request).await.map(drop)
    }

    /// Deletes one endpoint.
    pub(crate) async fn delete_endpoint(&self, target: &PlatformTarget, id: &str) -> Result<()> {
        let request = target.request(Method::Delete, "/endpoints/{}", &[id]);
        self.platform(request).await.map(drop)
    }

    /// Deletes all endpoints of the project or organization.
    pub(crate) async fn delete_all_endpoints(&self, target: &PlatformTarget) -> Result<()> {
        let request = target.request(Method::Delete, "/endpoints", &[]);
        self.platform(request).await.map(drop)
    }

    /// Has an event of a kind sent to an endpoint that says of itself that it is a test.
    pub(crate) async fn test_endpoint(
        &self,
        target: &PlatformTarget,
        id: &str,
        event: Option<&PlatformEvent>,
    ) -> Result<Object> {
        let request = target.request(Method::Post, "/endpoints/{}/test", &[id]);
        let request = match event {
            Some(event) => request
                .json(json!({"data": {"type": "event", "attributes": {"type": event.as_str()}}})),
            None => request,
        };
        self.platform(request).await.map(flat)
    }

    /// What an endpoint was sent in the last 14 days, the newest first.
    pub(crate) async fn platform_deliveries(
        &self,
        target: &PlatformTarget,
        endpoint: &str,
        limit: usize,
    ) -> Result<Vec<PlatformDelivery>> {
        let request = target
            .request(Method::Get, "/endpoints/{}/deliveries", &[endpoint])
            .query("page[size]", Some(limit.min(50)));
        let rows = self.all_pages(request, limit).await?;
        Ok(rows.into_iter().map(platform_delivery).collect())
    }

    /// One delivery.
    pub(crate) async fn platform_delivery(
        &self,
        target: &PlatformTarget,
        id: &str,
    ) -> Result<PlatformDelivery> {
        let request = target.request(Method::Get, "/deliveries/{}", &[id]);
        Ok(platform_delivery(self.platform(request).await?))
    }

    /// Sends a delivery once more, in the service's own time.
    pub(crate) async fn retry_delivery(&self, target: &PlatformTarget, id: &str) -> Result<Object> {
        let request = target.request(Method::Post, "/deliveries/{}/retry", &[id]);
        self.platform(request).await.map(flat)
    }

    /// The `data` of an answer.
    async fn platform(&self, request: Request) -> Result<Value> {
        let answer = self.client.send(request).await.map_err(explain)?;
        if answer.body().is_empty() {
            return Ok(Value::Null);
        }
        let mut body: Value = answer.json()?;
        Ok(body.get_mut("data").map(Value::take).unwrap_or_default())
    }

    /// Rows of a list, page after page, at most so many.
    async fn all_pages(&self, first: Request, limit: usize) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut next = Some(Box::new(first));
        while let Some(request) = next.take() {
            let answer = self.client.send((*request).clone()).await;
            let page = Page::read(&request, answer.map_err(explain)?.json()?)?;
            rows.extend(page.elements);
            next = page.next.filter(|_| rows.len() < limit);
        }
        rows.truncate(limit);
        Ok(rows)
    }
}

/// What stands in an envelope of v2, in one object.
pub(in crate::api) fn flat(mut value: Value) -> Object {
    let mut object = Object::new();
    if let Some(id) = value.get("id").filter(|id| id.is_string()) {
        object.insert("id".to_owned(), id.clone());
    }
    match value.get_mut("attributes").map(Value::take) {
        Some(Value::Object(attributes)) => object.extend(attributes),
        _ => {
            if let Value::Object(rest) = value {
                object.extend(rest.into_iter().filter(|(key, _)| key != "type"));
            }
        }
    }
    object
}

fn endpoint(value: Value) -> Endpoint {
    let mut object = flat(value);
    if let Some(Value::Object(headers)) = object.get("custom_headers") {
        let hidden = Value::Object(hiding::all(headers));
        object.insert("custom_headers".to_owned(), hidden);
    }
    if let Some(Value::String(url)) = object.get("url") {
        let shown = json!(hiding::url(url));
        object.insert("url".to_owned(), shown);
    }
    // `[{type}]`, of which the type is all there is.
    if let Some(Value::Array(types)) = object.get("event_types") {
        let words = types
            .iter()
            .map(|kind| kind.get("type").unwrap_or(kind).clone());
        let words = words.collect();
        object.insert("event_types".to_owned(), words);
    }
    Endpoint::read(Value::Object(object))
}

fn platform_delivery(value: Value) -> PlatformDelivery {
    let mut object = flat(value);
    // An object or a text, as the receiver answered.
    if let Some(body) = object.get("response_body").filter(|body| body.is_object()) {
        let text = json!(body.to_string());
        object.insert("response_body".to_owned(), text);
    }
    PlatformDelivery::read(Value::Object(object))
}

/// The refusals of a product in early access, in words that say so.
fn explain(error: Error) -> Error {
    let Error::Api(error) = error else {
        return error;
    };
    let word = error
        .details
        .as_ref()
        .and_then(|details| details.pointer("/error/code")?.as_str());
    let closed = matches!(word, Some("access_disabled" | "webhooks_access_disabled"));
    if closed {
        let error = ApiError {
            code: Code::FeatureDisabled,
            message: "platform webhooks are in early access, and not enabled for this organization"
                .to_owned(),
            ..error
        };
        return Error::Api(error.with_hint(
            "Supabase's support can enable them; `supactl integrations webhooks create` needs no such thing",
        ));
    }
    let list = "`supactl integrations webhooks platform list` shows the endpoints";
    Error::Api(match word {
        Some("endpoint_not_found") => error.with_hint(list),
        Some("delivery_not_found") => error.with_hint(
            "deliveries are kept for 14 days: `supactl integrations webhooks platform deliveries <ENDPOINT>` shows them",
        ),
        Some("endpoint_disabled") => ApiError {
            code: Code::Conflict,
            ..error
        }
        .with_hint("`supactl integrations webhooks platform update <ID> --enable` switches it on"),
        Some("endpoint_event_type_not_subscribed") => error.with_hint(
            "the endpoint does not listen to this kind of event: `platform get` shows those it does",
        ),
        Some("endpoint_url_unresolvable") => error.with_hint(
            "the address needs a domain that resolves to a public address",
        ),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_one_object() {
        for (value, object) in [
            (
                json!({"id": "1", "type": "x", "attributes": {"type": "y", "a": 1}}),
                json!({"id": "1", "type": "y", "a": 1}),
            ),
            (
                json!({"id": "1", "type": "x", "a": 1}),
                json!({"id": "1", "a": 1}),
            ),
            (json!({"id": 1, "attributes": {}}), json!({})),
            (json!("odd"), json!({})),
        ] {
            assert_eq!(Value::Object(flat(value.clone())), object, "{value}");
        }
    }

    #[test]
    fn refusals_have_a_code_and_a_hint_of_their_own() {
        let told = |word: &str| {
            let error = ApiError {
                details: Some(json!({"error": {"code": word}})),
                ..ApiError::new(Code::Rejected, "no")
            };
            let Error::Api(error) = explain(error.into()) else {
                unreachable!()
            };
            (error.code, error.hint.unwrap_or_default())
        };
        for (word, code, hint) in [
            (
                "access_disabled",
                Code::FeatureDisabled,
                "support can enable",
            ),
            (
                "webhooks_access_disabled",
                Code::FeatureDisabled,
                "support can enable",
            ),
            ("endpoint_not_found", Code::Rejected, "platform list"),
            ("delivery_not_found", Code::Rejected, "14 days"),
            ("endpoint_disabled", Code::Conflict, "--enable"),
            (
                "endpoint_event_type_not_subscribed",
                Code::Rejected,
                "does not listen",
            ),
            ("endpoint_url_unresolvable", Code::Rejected, "resolves"),
        ] {
            let (is, says) = told(word);
            assert_eq!(is, code, "{word}");
            assert!(says.contains(hint), "{word}: {says}");
        }
        assert_eq!(told("another"), (Code::Rejected, String::new()));
    }
}
