//! Identity providers: what the Management API and the project's Auth server make of them.
//!
//! Traps of the service are kept: everything is missing while SAML is off and shortly after it was
//! switched on, and a change forgets the format of names unless that is sent along.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::gateway::Asker;
use super::management::{Route, Row, elements, shown};
use super::seed;
use super::server::{Asked, Told};
use super::state::written;

pub(super) const ROUTES: &[Row] = &[
    (
        "GET",
        "/v1/projects/{}/config/auth/sso/providers",
        Route::Do(list),
    ),
    (
        "POST",
        "/v1/projects/{}/config/auth/sso/providers",
        Route::Do(create),
    ),
    (
        "GET",
        "/v1/projects/{}/config/auth/sso/providers/{}",
        Route::Do(one),
    ),
    (
        "PUT",
        "/v1/projects/{}/config/auth/sso/providers/{}",
        Route::Do(one),
    ),
    (
        "DELETE",
        "/v1/projects/{}/config/auth/sso/providers/{}",
        Route::Do(one),
    ),
];

/// How long the Auth server takes to hear that SAML was switched on.
const LATE: SignedDuration = SignedDuration::from_secs(20);

const NAMESPACE: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

const FORMATS: [&str; 4] = [
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
];

/// What the shop has: one provider, for as long as anybody remembers.
pub(super) fn seed(project: &mut Value) {
    let entity = "https://login.acme.example/saml/metadata";
    let at = "2026-03-02T08:15:00.000Z";
    let mut provider = provider(&seed::uuid(&["sso", entity]), at);
    provider["saml"] = json!({"entity_id": entity, "metadata_url": entity, "metadata_xml": metadata(entity),
        "attribute_mapping": {"keys": {"email": {"name": "mail"}}}, "name_id_format": FORMATS[3]});
    provider["domains"] = json!([{"domain": "acme.example"}]);
    project["sso_providers"] = json!([provider]);
    project["saml_heard_at"] = json!(at);
}

fn provider(id: &str, at: &str) -> Value {
    json!({"id": id, "disabled": null, "saml": {}, "domains": [], "created_at": at, "updated_at": at})
}

fn metadata(entity: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"{NAMESPACE}\" entityID=\"{entity}\">\n  \
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>\n</md:EntityDescriptor>"
    )
}

fn providers(project: &mut Value) -> &mut Vec<Value> {
    elements(project, "sso_providers")
}

fn refuse(message: &str) -> Told {
    Told::message(400, message)
}

fn missing() -> Told {
    Told::message(404, "SSO Identity Provider not found")
}

/// Refuses while the Auth server knows nothing of SAML. It hears of it a little after the first request.
fn heard(project: &mut Value, now: Timestamp) -> Result<(), Told> {
    let off = Told::message(404, "SAML 2.0 support is not enabled for this project");
    if project["auth_config"]["saml_enabled"] != true {
        project["saml_heard_at"] = Value::Null;
        return Err(off);
    }
    let at = project["saml_heard_at"]
        .as_str()
        .and_then(|time| time.parse().ok());
    let at: Timestamp = at.unwrap_or_else(|| now.checked_add(LATE).unwrap_or(now));
    project["saml_heard_at"] = json!(written(at));
    if now < at { Err(off) } else { Ok(()) }
}

/// Without the metadata themselves, as lists tell it.
fn in_list(provider: &Value) -> Value {
    let mut provider = shown(provider);
    if let Some(saml) = provider["saml"].as_object_mut() {
        saml.remove("metadata_xml");
    }
    provider
}

fn list(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    if let Err(off) = heard(project, now) {
        return off;
    }
    let rows: Vec<_> = providers(project).iter().map(in_list).collect();
    Told::json(200, &json!({"items": rows}))
}

/// What of a body is put into a provider, or why it is refused.
fn put(others: &[Value], provider: &mut Value, sent: &Value) -> Result<(), Told> {
    match (sent["metadata_url"].as_str(), sent["metadata_xml"].as_str()) {
        (Some(_), Some(_)) => {
            return Err(refuse(
                "Only one of metadata_xml or metadata_url needs to be set",
            ));
        }
        (Some(url), None) => {
            let host = url.strip_prefix("https://").unwrap_or_default();
            let host = host.split(['/', ':', '?']).next().unwrap_or_default();
            if host.is_empty() {
                return Err(refuse("metadata_url is not a valid HTTPS URL"));
            }
            if host.ends_with(".invalid") {
                return Err(refuse("Unable to fetch SAML Metadata from URL"));
            }
            describe(provider, url, Some(url), &metadata(url))?;
        }
        (None, Some(xml)) => {
            let entity = entity(xml).map_err(|problem| refuse(&problem))?;
            describe(provider, &entity, None, xml)?;
        }
        (None, None) if provider["saml"]["entity_id"].is_null() => {
            return Err(refuse("Either metadata_xml or metadata_url must be set"));
        }
        (None, None) => {}
    }
    if others
        .iter()
        .any(|other| other["saml"]["entity_id"] == provider["saml"]["entity_id"])
    {
        let entity = &provider["saml"]["entity_id"];
        return Err(Told::message(
            422,
            &format!("SAML Identity Provider with this EntityID ({entity}) already exists"),
        ));
    }
    if let Some(domains) = sent["domains"].as_array() {
        let taken = |domain: &&Value| {
            let of = |other: &Value| {
                let domains = other["domains"].as_array();
                domains.is_some_and(|had| had.iter().any(|had| had["domain"] == **domain))
            };
            others.iter().any(of)
        };
        if let Some(domain) = domains.iter().find(taken) {
            return Err(refuse(&format!(
                "SSO Domain {domain} is already assigned to an SSO identity provider"
            )));
        }
        provider["domains"] = domains
            .iter()
            .map(|domain| json!({"domain": domain}))
            .collect();
    }
    if sent["attribute_mapping"].is_object() {
        provider["saml"]["attribute_mapping"] = sent["attribute_mapping"].clone();
    }
    named(provider, sent)
}

/// A format of names that is not sent is forgotten.
fn named(provider: &mut Value, sent: &Value) -> Result<(), Told> {
    let saml = &mut provider["saml"];
    match sent["name_id_format"].as_str() {
        Some(format) if FORMATS.contains(&format) => saml["name_id_format"] = json!(format),
        Some(_) => return Err(refuse("name_id_format: Invalid enum value")),
        None => drop(
            saml.as_object_mut()
                .map(|saml| saml.remove("name_id_format")),
        ),
    }
    Ok(())
}

fn describe(provider: &mut Value, entity: &str, url: Option<&str>, xml: &str) -> Result<(), Told> {
    let known = &provider["saml"]["entity_id"];
    if !known.is_null() && known != entity {
        return Err(refuse(
            "SAML Metadata can be updated only if the SAML EntityID matches for the provider",
        ));
    }
    let saml = &mut provider["saml"];
    saml["entity_id"] = json!(entity);
    saml["metadata_xml"] = json!(xml);
    if let Some(url) = url {
        saml["metadata_url"] = json!(url);
    }
    if saml["attribute_mapping"].is_null() {
        saml["attribute_mapping"] = json!({});
    }
    Ok(())
}

/// How an identity provider calls itself in its metadata.
fn entity(xml: &str) -> Result<String, String> {
    let document = roxmltree::Document::parse(xml)
        .map_err(|error| format!("Invalid SAML Metadata: {error}"))?;
    let providers: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name((NAMESPACE, "IDPSSODescriptor")))
        .collect();
    if providers.len() != 1 {
        return Err("SAML Metadata must contain exactly one IDPSSODescriptor".to_owned());
    }
    let entity = providers[0]
        .parent()
        .and_then(|parent| parent.attribute("entityID"));
    entity
        .map(str::to_owned)
        .ok_or_else(|| "SAML Metadata does not contain an EntityID".to_owned())
}

fn create(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    if let Err(off) = heard(project, now) {
        return off;
    }
    let sent = asked.json();
    if sent["type"] != "saml" {
        return refuse("type: Invalid literal value, expected \"saml\"");
    }
    let rows = providers(project);
    let id = seed::uuid(&["sso", &now.to_string(), &rows.len().to_string()]);
    let mut new = provider(&id, &written(now));
    if let Err(refusal) = put(rows, &mut new, &sent) {
        return refusal;
    }
    rows.push(new.clone());
    Told::json(201, &shown(&new))
}

fn one(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    if let Err(off) = heard(project, now) {
        return off;
    }
    let rows = providers(project);
    let Some(at) = rows.iter().position(|row| row["id"] == parts[1]) else {
        return missing();
    };
    match asked.method.as_str() {
        "DELETE" => Told::json(200, &shown(&rows.remove(at))),
        "PUT" => {
            let mut changed = rows.remove(at);
            let before = changed.clone();
            let told = match put(rows, &mut changed, &asked.json()) {
                Ok(()) => {
                    changed["updated_at"] = json!(written(now));
                    Told::json(200, &shown(&changed))
                }
                Err(refusal) => {
                    changed = before;
                    refusal
                }
            };
            rows.insert(at, changed);
            told
        }
        _ => Told::json(200, &shown(&rows[at])),
    }
}

/// The Auth server's own admin API, which alone can disable a provider: `/auth/v1/admin/sso/providers/{id}`.
pub(super) fn admin(project: &mut Value, now: Timestamp, asked: &Asked, asker: &Asker) -> Told {
    let refuse = |status: u16, code: &str, message: &str| {
        Told::json(
            status,
            &json!({"code": status, "error_code": code, "msg": message}),
        )
    };
    if !asker.is_service() {
        return refuse(403, "not_admin", "User not allowed");
    }
    // Behind `/project/{ref}/auth/v1`.
    let path: Vec<&str> = asked.segments.iter().skip(4).map(String::as_str).collect();
    let (method, ["admin", "sso", "providers", id]) = (asked.method.as_str(), path.as_slice())
    else {
        return Told::message(
            501,
            &format!("the sandbox's Auth server does not have {}", asked.path),
        );
    };
    let found = providers(project).iter_mut().find(|row| row["id"] == *id);
    let Some(provider) = found else {
        return refuse(
            404,
            "sso_provider_not_found",
            "No SSO provider with this ID exists",
        );
    };
    if method == "PUT" {
        let sent = asked.json();
        if named(provider, &sent).is_err() {
            return refuse(
                400,
                "validation_failed",
                "name_id_format is not one of the supported formats",
            );
        }
        if sent["disabled"].is_boolean() {
            provider["disabled"] = sent["disabled"].clone();
        }
        provider["updated_at"] = json!(written(now));
    }
    Told::json(200, &shown(provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str = "acmeshopproductionab";

    fn now() -> Timestamp {
        "2026-11-01T00:00:00Z".parse().unwrap()
    }

    fn state() -> Value {
        let mut project = json!({"auth_config": {"saml_enabled": true}});
        seed(&mut project);
        json!({"projects": {PROJECT: project}})
    }

    fn ask(state: &mut Value, method: &str, id: &str, body: &Value) -> (u16, Value) {
        let asked = Asked::new(method, "/", Vec::new(), body.to_string().into());
        let told = if method == "POST" {
            create(state, now(), &[PROJECT], &asked)
        } else {
            one(state, now(), &[PROJECT, id], &asked)
        };
        (told.status, serde_json::from_slice(&told.body).unwrap())
    }

    fn id(state: &Value) -> String {
        state["projects"][PROJECT]["sso_providers"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_change_forgets_the_format_of_names_and_keeps_the_rest() {
        let mut state = state();
        let id = id(&state);
        let before = ask(&mut state, "GET", &id, &Value::Null).1;
        assert_eq!(before["saml"]["name_id_format"], FORMATS[3]);
        let (status, after) = ask(&mut state, "PUT", &id, &json!({"domains": []}));
        assert_eq!((status, &after["domains"]), (200, &json!([])));
        assert_eq!(after["saml"].get("name_id_format"), None);
        assert_eq!(
            after["saml"]["attribute_mapping"],
            before["saml"]["attribute_mapping"]
        );
        let (_, after) = ask(
            &mut state,
            "PUT",
            &id,
            &json!({"name_id_format": FORMATS[0], "attribute_mapping": {"keys": {}}}),
        );
        assert_eq!(after["saml"]["attribute_mapping"], json!({"keys": {}}));
        assert_eq!(after["saml"]["name_id_format"], FORMATS[0]);
    }

    #[test]
    fn what_the_service_refuses_is_refused_and_changes_nothing() {
        let mut state = state();
        let id = id(&state);
        let other = metadata("https://other.example");
        for (method, body, wanted) in [
            ("POST", json!({}), 400),
            ("POST", json!({"type": "saml"}), 400),
            (
                "POST",
                json!({"type": "saml", "metadata_url": "http://x.example"}),
                400,
            ),
            (
                "POST",
                json!({"type": "saml", "metadata_url": "https://idp.invalid/x"}),
                400,
            ),
            (
                "POST",
                json!({"type": "saml", "metadata_url": "https://x.example", "metadata_xml": other}),
                400,
            ),
            (
                "POST",
                json!({"type": "saml", "metadata_xml": "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>"}),
                400,
            ),
            (
                "POST",
                json!({"type": "saml", "metadata_xml": other, "domains": ["acme.example"]}),
                400,
            ),
            (
                "POST",
                json!({"type": "saml", "metadata_url": "https://login.acme.example/saml/metadata"}),
                422,
            ),
            ("PUT", json!({"metadata_xml": other}), 400),
            ("PUT", json!({"name_id_format": "windows"}), 400),
        ] {
            let before = state.clone();
            assert_eq!(
                ask(&mut state, method, &id, &body).0,
                wanted,
                "{method} {body}"
            );
            assert_eq!(state, before, "{method} {body}");
        }
        let (status, made) = ask(
            &mut state,
            "POST",
            "",
            &json!({"type": "saml", "metadata_xml": other, "domains": ["other.example"]}),
        );
        assert_eq!((status, &made["disabled"]), (201, &Value::Null));
        assert_eq!(made["saml"]["entity_id"], "https://other.example");
        assert_eq!(ask(&mut state, "GET", "nobody", &Value::Null).0, 404);
    }

    #[test]
    fn saml_is_heard_of_a_little_later() {
        let mut state = json!({"projects": {PROJECT: {"auth_config": {"saml_enabled": false}}}});
        let asked = Asked::new("GET", "/", Vec::new(), "".into());
        let told = |state: &mut Value, seconds| {
            list(
                state,
                now() + SignedDuration::from_secs(seconds),
                &[PROJECT],
                &asked,
            )
            .status
        };
        assert_eq!(told(&mut state, 0), 404);
        state["projects"][PROJECT]["auth_config"]["saml_enabled"] = json!(true);
        assert_eq!(
            (
                told(&mut state, 0),
                told(&mut state, 19),
                told(&mut state, 20)
            ),
            (404, 404, 200)
        );
        state["projects"][PROJECT]["auth_config"]["saml_enabled"] = json!(false);
        assert_eq!(told(&mut state, 30), 404);
    }

    #[test]
    fn only_the_auth_server_disables_and_only_for_those_with_all_rights() {
        let mut state = state();
        let id = id(&state);
        let project = &mut state["projects"][PROJECT];
        let path = format!("/project/{PROJECT}/auth/v1/admin/sso/providers/{id}");
        let asked = Asked::new("PUT", &path, Vec::new(), r#"{"disabled":true}"#.into());
        let anon = Asker::Role(Some("anon".to_owned()));
        assert_eq!(admin(project, now(), &asked, &anon).status, 403);
        let service = Asker::Role(Some("service_role".to_owned()));
        assert_eq!(admin(project, now(), &asked, &service).status, 200);
        assert_eq!(project["sso_providers"][0]["disabled"], true);
        assert_eq!(
            project["sso_providers"][0]["saml"].get("name_id_format"),
            None
        );
    }
}
