//! The keys of a project: listed, made, deleted, switched off, and known to the gateway.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::gateway::{legacy_key, publishable_key, secret_key};
use super::management::{Route, Row, elements, merge, shown};
use super::seed;
use super::server::{Asked, Told};
use super::state::written;

pub(super) const ROUTES: &[Row] = &[
    ("GET", "/v1/projects/{}/api-keys/legacy", Route::Do(legacy)),
    (
        "PUT",
        "/v1/projects/{}/api-keys/legacy",
        Route::Do(switch_legacy),
    ),
    ("GET", "/v1/projects/{}/api-keys", Route::Do(list)),
    ("POST", "/v1/projects/{}/api-keys", Route::Do(create)),
    ("GET", "/v1/projects/{}/api-keys/{}", Route::Do(one)),
    ("PATCH", "/v1/projects/{}/api-keys/{}", Route::Do(one)),
    ("DELETE", "/v1/projects/{}/api-keys/{}", Route::Do(one)),
];

/// The part of a secret key that is always shown.
const SHOWN: usize = "sb_secret_".len() + 5;

/// The keys of the new kind, with their values. A project has two to begin with.
fn keys<'a>(project: &'a mut Value, reference: &str) -> &'a mut Vec<Value> {
    if project["api_keys"].is_null() {
        let at = "2026-01-12T09:30:05.000Z";
        let sent = |kind: &str| json!({"name": "default", "type": kind});
        let first = key(
            &sent("publishable"),
            &seed::uuid(&[reference, "publishable"]),
            &publishable_key(reference),
            at,
        );
        let mut second = key(
            &sent("secret"),
            &seed::uuid(&[reference, "secret"]),
            &secret_key(reference),
            at,
        );
        second["secret_jwt_template"] = json!({"role": "service_role"});
        project["api_keys"] = json!([first, second]);
    }
    elements(project, "api_keys")
}

fn key(sent: &Value, id: &str, value: &str, at: &str) -> Value {
    json!({"name": sent["name"], "id": id, "type": sent["type"], "api_key": value, "hash": "", "prefix": &value[value.len() - 31..][..5],
           "description": sent["description"], "secret_jwt_template": sent["secret_jwt_template"], "inserted_at": at, "updated_at": at})
}

/// The key as it is told: secret ones whole only when that is asked for, masked ones as long as they are.
fn told(key: &Value, asked: &Asked) -> Value {
    let mut key = shown(key);
    let value = key["api_key"].as_str().unwrap_or_default();
    if key["type"] == "secret" && asked.query("reveal") != Some("true") {
        key["api_key"] = json!(format!(
            "{}{}",
            &value[..SHOWN],
            "·".repeat(value.len() - SHOWN)
        ));
    }
    key
}

/// Whether the gateway knows a key, or why not.
pub(super) fn check(project: &mut Value, reference: &str, given: &str) -> Result<(), &'static str> {
    if ["anon", "service_role"]
        .iter()
        .any(|role| legacy_key(reference, role) == given)
    {
        return if project["legacy_keys_off"] == true {
            Err("Legacy API keys are disabled")
        } else {
            Ok(())
        };
    }
    if keys(project, reference)
        .iter()
        .any(|key| key["api_key"] == given)
    {
        Ok(())
    } else {
        Err("Invalid API key")
    }
}

/// A project that is not running has no keys, and says so with an empty list.
fn list(state: &mut Value, _: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let (reference, project) = (parts[0], &mut state["projects"][parts[0]]);
    if project["project"]["status"] == "INACTIVE" {
        return Told::json(200, &json!([]));
    }
    let legacy = |name: &str| {
        json!({"name": name, "id": name, "type": "legacy", "api_key": legacy_key(reference, name), "hash": "", "prefix": "",
               "description": format!("Legacy {name} API key")})
    };
    let mut rows = vec![legacy("anon"), legacy("service_role")];
    rows.extend(keys(project, reference).iter().map(|key| told(key, asked)));
    Told::json(200, &json!(rows))
}

/// One key: read, changed or deleted. Only those of the new kind have an id.
fn one(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let id = parts[1];
    if id.len() != 36 {
        return Told::message(400, "id: Invalid UUID");
    }
    let keys = keys(&mut state["projects"][parts[0]], parts[0]);
    let Some(at) = keys.iter().position(|key| key["id"] == id) else {
        return Told::message(404, "API key not found");
    };
    match asked.method.as_str() {
        "DELETE" => Told::json(200, &told(&keys.remove(at), asked)),
        "PATCH" => {
            merge(&mut keys[at], &asked.json());
            keys[at]["updated_at"] = json!(written(now));
            Told::json(200, &told(&keys[at], asked))
        }
        _ => Told::json(200, &told(&keys[at], asked)),
    }
}

fn create(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let sent = asked.json();
    let name = sent["name"].as_str().unwrap_or_default();
    if !(4..=64).contains(&name.len()) {
        return Told::message(400, "name: String must contain at least 4 character(s)");
    }
    let (reference, now) = (parts[0], written(now));
    let keys = keys(&mut state["projects"][reference], reference);
    let taken = |key: &Value| key["name"] == name && key["type"] == sent["type"];
    if keys.iter().any(taken) {
        return Told::message(409, &format!("API key with name {name} already exists"));
    }
    let random = seed::hex(&[reference, name, &now, &keys.len().to_string()]);
    let start = match sent["type"].as_str() {
        Some("secret") => "sb_secret_",
        Some("publishable") => "sb_publishable_",
        _ => return Told::message(400, "type: Invalid option"),
    };
    let value = format!("{start}{}", &random[..31]);
    let made = key(&sent, &seed::uuid(&[&random]), &value, &now);
    keys.push(made.clone());
    Told::json(201, &told(&made, asked))
}

fn legacy(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let off = state["projects"][parts[0]]["legacy_keys_off"] == true;
    Told::json(200, &json!({"enabled": !off}))
}

fn switch_legacy(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    state["projects"][parts[0]]["legacy_keys_off"] = json!(asked.query("enabled") == Some("false"));
    legacy(state, now, parts, asked)
}
