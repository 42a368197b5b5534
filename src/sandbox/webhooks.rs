//! Platform webhooks: endpoints of a project or organization, and what they were sent.
//!
//! Nothing is really sent: a delivery is pending for a moment of the sandbox's clock and then arrived,
//! unless its endpoint is one that says `fail` in its address.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::management::{Route, Row, elements, merge, unknown_project};
use super::seed::{DEFAULT_PROJECT, uuid};
use super::server::{Asked, Told};
use super::state::written;

/// How long a delivery is on its way.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(2);

/// How long deliveries are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

macro_rules! routes {
    ($($method:literal $path:literal $work:ident),* $(,)?) => {
        pub(super) const ROUTES: &[Row] = &[
            $(($method, concat!("/v2/projects/{}/webhooks/", $path), Route::Do($work)),
              ($method, concat!("/v2/organizations/{}/webhooks/", $path), Route::Do(|state, now, parts, asked| {
                  if is_organization(state, parts[0]) { $work(state, now, parts, asked) } else { unknown_project() }
              }))),*
        ];
    };
}

fn is_organization(state: &Value, slug: &str) -> bool {
    let mut all = state["organizations"].as_array().into_iter().flatten();
    all.any(|organization| organization["slug"] == slug)
}

routes! {
    "GET" "endpoints" list,
    "POST" "endpoints" create,
    "DELETE" "endpoints" delete_all,
    "GET" "endpoints/{}" get,
    "PATCH" "endpoints/{}" update,
    "DELETE" "endpoints/{}" delete,
    "POST" "endpoints/{}/test" test,
    "GET" "endpoints/{}/deliveries" deliveries,
    "GET" "deliveries/{}" delivery,
    "POST" "deliveries/{}/retry" retry,
}

fn refuse(status: u16, code: &str, message: &str) -> Told {
    Told::json(
        status,
        &json!({"error": {"code": code, "message": message}}),
    )
}

/// What one project or organization has; the first project has something to look at.
fn owned<'a>(state: &'a mut Value, owner: &str, now: Timestamp) -> &'a mut Value {
    let part = &mut state["platform_webhooks"][owner];
    if part.is_null() && owner == DEFAULT_PROJECT {
        let endpoint = uuid(&[owner, "endpoint"]);
        let attributes = json!({"url": "https://ops.acme.example/supabase", "description": "Pages whoever is on call",
            "event_types": [{"type": "v1.project.paused"}, {"type": "v1.project.status.changed"}], "custom_headers": {"X-Team": "ops"}});
        let made = made(
            &attributes,
            &endpoint,
            now - SignedDuration::from_hours(24 * 7),
        );
        let sent = |hours, event: &str, outcome: &str| {
            let at = now - SignedDuration::from_hours(hours);
            sent(owner, &endpoint, event, at, outcome)
        };
        *part = json!({"endpoints": [made], "deliveries": [
            sent(70, "v1.project.status.changed", "failure"), sent(3, "v1.project.status.changed", "success"),
        ]});
    }
    part
}

fn made(attributes: &Value, id: &str, now: Timestamp) -> Value {
    let mut endpoint = json!({"id": id, "url": null, "enabled": true, "description": null, "event_types": [],
        "created_by": "7d3a2f5e-94c1-4b0e-8a5d-2f6b1c0e9d47", "created_at": written(now)});
    merge(&mut endpoint, attributes);
    endpoint
}

fn sent(owner: &str, endpoint: &str, event: &str, at: Timestamp, outcome: &str) -> Value {
    let moment = at.as_nanosecond().to_string();
    json!({"id": uuid(&[endpoint, event, &moment]), "endpoint": endpoint, "event": event, "owner": owner, "at": written(at), "outcome": outcome})
}

fn shown_endpoint(endpoint: &Value) -> Value {
    let mut attributes = endpoint.clone();
    if let Some(attributes) = attributes.as_object_mut() {
        attributes.shift_remove("signing_secret");
    }
    json!({"type": "endpoint", "id": endpoint["id"], "attributes": attributes})
}

fn shown_delivery(row: &Value, now: Timestamp) -> Value {
    let at: Timestamp = row["at"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .unwrap_or(now);
    let (status, code) = match row["outcome"].as_str() {
        _ if now.duration_since(at) < ON_ITS_WAY => ("pending", 0),
        Some("failure") => ("failure", 503),
        _ => ("success", 200),
    };
    let project = row["owner"].as_str().filter(|owner| owner.len() == 20);
    let event = json!({"type": row["event"], "timestamp": row["at"], "payload": {"organization_slug": "acme", "project_ref": project}});
    json!({"type": "delivery", "id": row["id"], "attributes": {
        "id": row["id"], "event_id": uuid(&[row["id"].as_str().unwrap_or_default(), "event"]), "status": status, "response_code": code,
        "response_headers": {}, "response_body": if code == 0 { Value::Null } else { json!("the sandbox makes its answers up") },
        "error_code": null, "error_message": null, "attempt_timestamp": row["at"], "event": event}})
}

/// The endpoint that a path names: where it stands.
fn find(part: &mut Value, id: &str) -> Result<usize, Told> {
    let endpoints = elements(part, "endpoints");
    let at = endpoints.iter().position(|endpoint| endpoint["id"] == id);
    at.ok_or_else(|| refuse(404, "endpoint_not_found", "Webhook endpoint not found"))
}

/// What of a body cannot be taken.
fn wrong(attributes: &Value, new: bool) -> Option<Told> {
    let secret = attributes["signing_secret"].as_str().map(str::len);
    let kinds = attributes["event_types"].as_array().map(Vec::len);
    let fits = attributes.is_object()
        && secret.map_or(!new, |length| (8..=64).contains(&length))
        && kinds.map_or(!new, |count| count > 0)
        && (!new || attributes["url"].is_string());
    (!fits).then(|| refuse(400, "validation_failed", "Request validation failed"))
}

fn list(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let number = |name: &str, usual| {
        asked
            .query(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(usual)
    };
    let (offset, limit): (usize, usize) = (number("page[offset]", 0), number("page[limit]", 50));
    let rows = elements(owned(state, parts[0], now), "endpoints");
    let page: Vec<_> = rows
        .iter()
        .skip(offset)
        .take(limit)
        .map(shown_endpoint)
        .collect();
    let end = offset + page.len();
    let next = (end < rows.len()).then(|| {
        format!(
            "{}?page%5Boffset%5D={end}&page%5Blimit%5D={limit}",
            asked.path
        )
    });
    Told::json(
        200,
        &json!({"data": page, "links": {"first": null, "prev": null, "next": next, "last": null}}),
    )
}

fn create(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let body = asked.json();
    let attributes = &body["data"]["attributes"];
    if let Some(told) = wrong(attributes, true) {
        return told;
    }
    let rows = elements(owned(state, parts[0], now), "endpoints");
    let endpoint = made(
        attributes,
        &uuid(&[parts[0], &rows.len().to_string(), &written(now)]),
        now,
    );
    rows.push(endpoint.clone());
    Told::json(201, &json!({"data": shown_endpoint(&endpoint)}))
}

fn delete_all(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let gone = std::mem::take(elements(owned(state, parts[0], now), "endpoints"));
    Told::json(
        200,
        &json!({"data": gone.iter().map(shown_endpoint).collect::<Vec<_>>()}),
    )
}

fn get(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let part = owned(state, parts[0], now);
    match find(part, parts[1]) {
        Ok(at) => Told::json(
            200,
            &json!({"data": shown_endpoint(&part["endpoints"][at])}),
        ),
        Err(told) => told,
    }
}

fn update(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let body = asked.json();
    let attributes = &body["data"]["attributes"];
    let part = owned(state, parts[0], now);
    match (find(part, parts[1]), wrong(attributes, false)) {
        (Err(told), _) | (_, Some(told)) => told,
        (Ok(at), None) => {
            merge(&mut part["endpoints"][at], attributes);
            Told::json(
                200,
                &json!({"data": shown_endpoint(&part["endpoints"][at])}),
            )
        }
    }
}

fn delete(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let part = owned(state, parts[0], now);
    match find(part, parts[1]) {
        Ok(at) => {
            let gone = elements(part, "endpoints").remove(at);
            Told::json(200, &json!({"data": shown_endpoint(&gone)}))
        }
        Err(told) => told,
    }
}

fn test(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let part = owned(state, parts[0], now);
    let endpoint = match find(part, parts[1]) {
        Ok(at) => part["endpoints"][at].clone(),
        Err(told) => return told,
    };
    if endpoint["enabled"] == false {
        return refuse(409, "endpoint_disabled", "Webhook endpoint is disabled");
    }
    let body = asked.json();
    let first = endpoint["event_types"][0]["type"]
        .as_str()
        .filter(|kind| *kind != "*");
    let event = body["data"]["attributes"]["type"].as_str().or(first);
    let event = event.unwrap_or("v1.project.paused");
    let kinds = endpoint["event_types"].as_array().into_iter().flatten();
    if !kinds
        .into_iter()
        .any(|kind| kind["type"] == event || kind["type"] == "*")
    {
        return refuse(
            400,
            "endpoint_event_type_not_subscribed",
            "Webhook endpoint is not subscribed to this event type",
        );
    }
    queue(part, parts, &endpoint, event, now)
}

fn queue(part: &mut Value, parts: &[&str], endpoint: &Value, event: &str, now: Timestamp) -> Told {
    let fails = endpoint["url"]
        .as_str()
        .is_some_and(|url| url.contains("fail"));
    let id = endpoint["id"].as_str().unwrap_or_default();
    let row = sent(
        parts[0],
        id,
        event,
        now,
        if fails { "failure" } else { "success" },
    );
    let ingress = json!({"data": {"type": "ingress", "id": uuid(&["ingress", &row.to_string()])}});
    elements(part, "deliveries").push(row);
    Told::json(200, &ingress)
}

fn deliveries(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let part = owned(state, parts[0], now);
    if let Err(told) = find(part, parts[1]) {
        return told;
    }
    let since = written(now - KEPT);
    let size: usize = asked
        .query("page[size]")
        .and_then(|text| text.parse().ok())
        .unwrap_or(50);
    let mut rows: Vec<&Value> = elements(part, "deliveries")
        .iter()
        .filter(|row| row["endpoint"] == parts[1] && row["at"].as_str() > Some(&since))
        .collect();
    rows.sort_by(|one, other| other["at"].as_str().cmp(&one["at"].as_str()));
    let after = asked.query("page[after]");
    let start = rows
        .iter()
        .position(|row| after.is_some_and(|after| row["id"] == after));
    let start = start.map_or(0, |at| at + 1);
    let page: Vec<_> = rows
        .iter()
        .skip(start)
        .take(size)
        .map(|row| shown_delivery(row, now))
        .collect();
    let more = start + page.len() < rows.len();
    let next = page
        .last()
        .filter(|_| more)
        .and_then(|row| row["id"].as_str())
        .map(|last| {
            format!(
                "{}?page%5Bsize%5D={size}&page%5Bafter%5D={last}",
                asked.path
            )
        });
    Told::json(
        200,
        &json!({"data": page, "links": {"first": null, "prev": null, "next": next, "last": null}}),
    )
}

fn delivery(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let rows = elements(owned(state, parts[0], now), "deliveries");
    match rows.iter().find(|row| row["id"] == parts[1]) {
        Some(row) => Told::json(200, &json!({"data": shown_delivery(row, now)})),
        None => refuse(404, "delivery_not_found", "Webhook delivery not found"),
    }
}

fn retry(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let part = owned(state, parts[0], now);
    let row = elements(part, "deliveries")
        .iter()
        .find(|row| row["id"] == parts[1])
        .cloned();
    let Some(row) = row else {
        return refuse(404, "delivery_not_found", "Webhook delivery not found");
    };
    let endpoint = match find(part, row["endpoint"].as_str().unwrap_or_default()) {
        Ok(at) => part["endpoints"][at].clone(),
        Err(told) => return told,
    };
    queue(
        part,
        parts,
        &endpoint,
        row["event"].as_str().unwrap_or_default(),
        now,
    )
}
