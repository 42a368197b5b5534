//! What a project is connected with: the Data API's settings, third-party auth, log drains, and the
//! repository that it follows.
//!
//! The sandbox asks nobody: the keys of an issuer are made up.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::management::{Route, Row, Rows, elements, merge};
use super::seed::uuid;
use super::server::{Asked, Told};
use super::state::written;

pub(super) const ROUTES: &[Row] = &[
    ("GET", "/v1/projects/{}/postgrest", Route::Do(data_api)),
    (
        "PATCH",
        "/v1/projects/{}/postgrest",
        Route::Do(change_data_api),
    ),
    (
        "GET",
        "/v1/projects/{}/config/auth/third-party-auth",
        Route::List(ISSUERS),
    ),
    (
        "POST",
        "/v1/projects/{}/config/auth/third-party-auth",
        Route::Do(accept),
    ),
    (
        "GET",
        "/v1/projects/{}/config/auth/third-party-auth/{}",
        Route::Get(ISSUERS),
    ),
    (
        "DELETE",
        "/v1/projects/{}/config/auth/third-party-auth/{}",
        Route::Delete(ISSUERS),
    ),
    (
        "GET",
        "/v2/projects/{}/analytics/log-drains",
        Route::Do(drains),
    ),
    (
        "POST",
        "/v2/projects/{}/analytics/log-drains",
        Route::Do(create_drain),
    ),
    (
        "DELETE",
        "/v2/projects/{}/analytics/log-drains/{}",
        Route::Do(delete_drain),
    ),
    (
        "GET",
        "/v2/organizations/{}/integrations/github/connections",
        Route::Do(repositories),
    ),
];

const ISSUERS: &Rows = &Rows {
    list: "third_party_auth",
    key: "id",
    missing: "Third-party auth integration not found",
    made: |sent, id, now| {
        json!({
            "id": id, "type": if sent["custom_jwks"].is_null() { "oidc" } else { "custom" },
            "oidc_issuer_url": sent["oidc_issuer_url"], "jwks_url": sent["jwks_url"], "custom_jwks": sent["custom_jwks"],
            "resolved_jwks": {"keys": [{"kty": "RSA", "alg": "RS256", "kid": id, "n": "sandbox", "e": "AQAB"}]},
            "inserted_at": now, "updated_at": now, "resolved_at": now,
        })
    },
};

/// What a new project begins with.
fn data_api_of(project: &Value) -> Value {
    let mut settings = json!({
        "db_schema": "public,graphql_public", "max_rows": 1000, "db_extra_search_path": "public, extensions", "db_pool": null,
        "db_pool_acquisition_timeout": null, "db_pool_max_lifetime": null, "db_pool_max_idletime": null,
    });
    merge(&mut settings, &project["data_api"]);
    settings
}

fn data_api(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    Told::json(200, &data_api_of(&state["projects"][parts[0]]))
}

fn change_data_api(state: &mut Value, _: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    let mut settings = data_api_of(project);
    merge(&mut settings, &asked.json());
    project["data_api"] = settings.clone();
    Told::json(200, &settings)
}

fn accept(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let sent = asked.json();
    let ways = ["oidc_issuer_url", "jwks_url", "custom_jwks"];
    if ways.iter().filter(|way| !sent[**way].is_null()).count() != 1 {
        return Told::message(
            400,
            "Exactly one of oidc_issuer_url, jwks_url, custom_jwks must be provided",
        );
    }
    let rows = ISSUERS.of(&mut state["projects"][parts[0]]);
    let now = written(now);
    let made = (ISSUERS.made)(
        &sent,
        &uuid(&["issuer", &rows.len().to_string(), &now]),
        &now,
    );
    rows.push(made.clone());
    Told::json(201, &made)
}

/// A refusal as v2 words it.
fn refuse(status: u16, code: &str, message: &str) -> Told {
    Told::json(
        status,
        &json!({"error": {"code": code, "message": message}}),
    )
}

fn drains(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let drains = elements(&mut state["projects"][parts[0]], "log_drains");
    Told::json(200, &json!({"data": drains}))
}

fn create_drain(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let attributes = &asked.json()["data"]["attributes"];
    if ["name", "config", "backend_type"]
        .iter()
        .any(|key| attributes[*key].is_null())
    {
        return refuse(
            400,
            "validation_failed",
            "name, config and backend_type are required",
        );
    }
    let drains = elements(&mut state["projects"][parts[0]], "log_drains");
    let id = uuid(&["drain", &drains.len().to_string(), &written(now)]);
    let drain = json!({"type": "log_drain", "id": id, "attributes": attributes});
    drains.push(drain.clone());
    Told::json(201, &json!({"data": drain}))
}

fn delete_drain(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let drains = elements(&mut state["projects"][parts[0]], "log_drains");
    let before = drains.len();
    drains.retain(|drain| drain["id"] != parts[1]);
    if drains.len() == before {
        return refuse(404, "not_found", "Log drain not found");
    }
    Told::json(200, &json!({}))
}

/// The first project follows a repository.
fn repositories(_: &mut Value, _: Timestamp, _: &[&str], asked: &Asked) -> Told {
    let reference = super::seed::DEFAULT_PROJECT;
    let wanted = asked
        .query("filter[project_ref]")
        .is_none_or(|wanted| wanted == reference);
    let connection = json!({"type": "github_connection", "id": uuid(&["github"]), "attributes": {
        "inserted_at": "2026-03-10T09:00:00.000Z", "updated_at": "2026-03-10T09:00:00.000Z", "installation_id": 4_711, "workdir": "supabase",
        "supabase_changes_only": true, "branch_limit": 3, "new_branch_per_pr": true,
        "project": {"id": 1, "ref": reference, "name": "acme-shop"}, "repository": {"id": 88, "name": "acme/shop"},
        "user": {"id": 1, "username": "ada", "primary_email": "ada@acme.example"},
    }});
    let page: Vec<_> = Some(connection).filter(|_| wanted).into_iter().collect();
    Told::json(
        200,
        &json!({"data": page, "links": {"next": null, "prev": null}}),
    )
}
