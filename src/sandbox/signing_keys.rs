//! Signing keys: what a project's Auth server signs with, and the changes that are refused.
//!
//! Measured on hosted projects; where nobody knows the service's words, ours say what is refused.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::management::{Route, Row, elements, shown};
use super::seed;
use super::server::{Asked, Told};
use super::state::written;

pub(super) const ROUTES: &[Row] = &[
    (
        "GET",
        "/v1/projects/{}/config/auth/signing-keys",
        Route::Do(list),
    ),
    (
        "POST",
        "/v1/projects/{}/config/auth/signing-keys",
        Route::Do(create),
    ),
    (
        "GET",
        "/v1/projects/{}/config/auth/signing-keys/legacy",
        Route::Do(legacy),
    ),
    (
        "POST",
        "/v1/projects/{}/config/auth/signing-keys/legacy",
        Route::Do(migrate),
    ),
    (
        "GET",
        "/v1/projects/{}/config/auth/signing-keys/{}",
        Route::Do(get),
    ),
    (
        "PATCH",
        "/v1/projects/{}/config/auth/signing-keys/{}",
        Route::Do(change),
    ),
    (
        "DELETE",
        "/v1/projects/{}/config/auth/signing-keys/{}",
        Route::Do(delete),
    ),
];

/// How long changes are refused after another key began to sign. Revoking is not.
const THROTTLE: SignedDuration = SignedDuration::from_mins(5);

/// How long a revoked key is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The changes that are taken: from, to.
const CHANGES: &[(&str, &str)] = &[
    ("standby", "in_use"),
    ("standby", "previously_used"),
    ("standby", "revoked"),
    ("previously_used", "standby"),
    ("previously_used", "revoked"),
    ("revoked", "standby"),
    ("revoked", "previously_used"),
];

/// What a project of the seed has: the shop signs with its JWT secret, staging has been through a
/// rotation and a half, and the other has never begun.
pub(super) fn seeded(reference: &str) -> Value {
    let key = |kind: &str, algorithm: &str, status: &str, created: &str, updated: &str| {
        let id = seed::uuid(&[reference, "signing key", kind]);
        key(&id, algorithm, status, created, updated)
    };
    let secret = |status: &str, created: &str, updated: &str| {
        let mut key = key("jwt secret", "HS256", status, created, updated);
        key["_legacy"] = json!(true);
        key
    };
    match reference {
        seed::DEFAULT_PROJECT => json!([secret(
            "in_use",
            "2026-02-03T10:00:00.000Z",
            "2026-02-03T10:00:00.000Z"
        )]),
        "acmeshopstagingabcde" => json!([
            secret(
                "revoked",
                "2026-04-01T09:00:00.000Z",
                "2026-05-02T09:00:00.000Z"
            ),
            key(
                "first",
                "ES256",
                "revoked",
                "2026-04-01T09:00:05.000Z",
                "2026-09-01T09:00:00.000Z"
            ),
            key(
                "second",
                "ES256",
                "in_use",
                "2026-08-30T15:20:00.000Z",
                "2026-08-30T16:00:00.000Z"
            ),
        ]),
        _ => json!([]),
    }
}

fn key(id: &str, algorithm: &str, status: &str, created: &str, updated: &str) -> Value {
    let half = |name: &str| {
        format!(
            "{}{}",
            seed::hex(&[id, name]),
            &seed::hex(&[name, id])[..11]
        )
    };
    let jwk = match algorithm {
        "ES256" => {
            json!({"kty": "EC", "kid": id, "use": "sig", "key_ops": ["verify"], "ext": true, "alg": "ES256",
            "crv": "P-256", "x": half("x"), "y": half("y")})
        }
        "RS256" => {
            json!({"kty": "RSA", "kid": id, "use": "sig", "key_ops": ["verify"], "ext": true, "alg": "RS256",
            "n": half("n").repeat(8), "e": "AQAB"})
        }
        _ => Value::Null,
    };
    json!({"id": id, "algorithm": algorithm, "status": status, "public_jwk": jwk, "created_at": created, "updated_at": updated})
}

fn keys(project: &mut Value) -> &mut Vec<Value> {
    elements(project, "signing_keys")
}

fn not_found() -> Told {
    Told::message(404, "Signing key not found")
}

fn list(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let keys: Vec<_> = keys(&mut state["projects"][parts[0]])
        .iter()
        .map(shown)
        .collect();
    Told::json(200, &json!({"keys": keys}))
}

fn get(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let found = keys(&mut state["projects"][parts[0]])
        .iter()
        .find(|key| key["id"] == parts[1]);
    found.map_or_else(not_found, |key| Told::json(200, &shown(key)))
}

fn legacy(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let found = keys(&mut state["projects"][parts[0]])
        .iter()
        .find(|key| key["_legacy"] == true);
    found.map_or_else(not_found, |key| Told::json(200, &shown(key)))
}

fn migrate(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let keys = keys(&mut state["projects"][parts[0]]);
    if keys.iter().any(|key| key["_legacy"] == true) {
        return Told::message(409, "The legacy JWT secret has already been migrated");
    }
    let id = seed::uuid(&[parts[0], "signing key", "jwt secret"]);
    let mut secret = key(&id, "HS256", "in_use", &written(now), &written(now));
    secret["_legacy"] = json!(true);
    keys.push(secret);
    Told::json(201, &shown(&keys[keys.len() - 1]))
}

fn create(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    let body = asked.json();
    let algorithm = body["algorithm"].as_str().unwrap_or_default();
    let private = body.get("private_jwk");
    match (algorithm, private) {
        ("EdDSA", _) => {
            return Told::message(
                422,
                "Creating EdDSA signing keys is currently not supported",
            );
        }
        ("HS256", None) => return Told::message(400, "private_jwk: Required for HS256"),
        ("ES256" | "RS256" | "HS256", _) => {}
        _ => {
            return Told::message(
                400,
                "algorithm: Invalid enum value. Expected 'EdDSA' | 'ES256' | 'RS256' | 'HS256'",
            );
        }
    }
    if let Some(wait) = throttled(project, now) {
        return wait;
    }
    let status = body["status"].as_str().unwrap_or("standby");
    let known = private.map(|private| seed::hex(&[&private.to_string()]));
    let count = keys(project).len().to_string();
    let taken = |key: &Value| {
        (status == "standby" && key["status"] == "standby")
            || known
                .as_ref()
                .is_some_and(|known| key["_imported"] == *known)
    };
    if keys(project).iter().any(taken) {
        return Told::message(
            409,
            "Failed to create new signing key in standby status for project",
        );
    }
    let id = seed::uuid(&[parts[0], "signing key", &count, &now.to_string()]);
    let mut made = key(&id, algorithm, "standby", &written(now), &written(now));
    made["_imported"] = json!(known);
    if status == "in_use" {
        promote(project, now);
        made["status"] = json!("in_use");
    }
    keys(project).push(made.clone());
    Told::json(201, &shown(&made))
}

/// Makes room for another key that signs.
fn promote(project: &mut Value, now: Timestamp) {
    for key in keys(project) {
        if key["status"] == "in_use" {
            key["status"] = json!("previously_used");
            key["updated_at"] = json!(written(now));
        }
    }
    project["key_promoted_at"] = json!(written(now));
}

/// The refusal within five minutes of a key's beginning to sign.
fn throttled(project: &Value, now: Timestamp) -> Option<Told> {
    let promoted: Timestamp = project["key_promoted_at"].as_str()?.parse().ok()?;
    let end = promoted
        .checked_add(THROTTLE)
        .ok()
        .filter(|end| now < *end)?;
    let message = format!(
        "Please wait until {} before attempting this request again.",
        written(end)
    );
    Some(Told::message(429, &message))
}

fn change(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    let body = asked.json();
    let to = body["status"].as_str().unwrap_or_default().to_owned();
    if !["standby", "in_use", "previously_used", "revoked"].contains(&to.as_str()) {
        return Told::message(
            400,
            "status: Invalid enum value. Expected 'in_use' | 'previously_used' | 'revoked' | 'standby'",
        );
    }
    let Some(found) = keys(project).iter().find(|key| key["id"] == parts[1]) else {
        return not_found();
    };
    let from = found["status"].as_str().unwrap_or_default().to_owned();
    if to != "revoked"
        && let Some(wait) = throttled(project, now)
    {
        return wait;
    }
    if !CHANGES.contains(&(from.as_str(), to.as_str())) {
        return Told::message(422, &format!("A signing key cannot go from {from} to {to}"));
    }
    if to == "standby" && keys(project).iter().any(|key| key["status"] == "standby") {
        return Told::message(422, "There is already a signing key in standby status");
    }
    if to == "in_use" {
        promote(project, now);
    }
    let Some(key) = keys(project).iter_mut().find(|key| key["id"] == parts[1]) else {
        return not_found();
    };
    key["status"] = json!(to);
    key["updated_at"] = json!(written(now));
    Told::json(200, &shown(key))
}

fn delete(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let keys = keys(&mut state["projects"][parts[0]]);
    let Some(at) = keys.iter().position(|key| key["id"] == parts[1]) else {
        return not_found();
    };
    let key = &keys[at];
    if key["status"] != "revoked" {
        return Told::message(422, "Only keys with revoked status can be fully deleted.");
    }
    if key["_legacy"] == true {
        return Told::message(422, "The legacy JWT secret cannot be deleted.");
    }
    let revoked = key["updated_at"]
        .as_str()
        .and_then(|time| time.parse::<Timestamp>().ok());
    let end = revoked.and_then(|time| time.checked_add(KEPT).ok());
    if let Some(end) = end.filter(|end| now < *end) {
        let message = format!(
            "This signing key cannot be removed at this time. Try again after {}.",
            written(end)
        );
        return Told::message(422, &message);
    }
    Told::json(200, &shown(&keys.remove(at)))
}

/// The public halves of the keys whose tokens are good: `/auth/v1/.well-known/jwks.json`.
pub(super) fn jwks(project: &mut Value) -> Told {
    let good = |key: &&Value| key["status"] != "revoked" && key["public_jwk"].is_object();
    let keys: Vec<_> = keys(project)
        .iter()
        .filter(good)
        .map(|key| key["public_jwk"].clone())
        .collect();
    Told::json(200, &json!({"keys": keys}))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/v1/projects/acmeanalyticsabcdefg/config/auth/signing-keys";
    const PROJECT: &str = "acmeanalyticsabcdefg";

    fn at(minutes: i64) -> Timestamp {
        "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
    }

    /// A project with a key in a status, and perhaps another one in standby.
    fn state(status: &str, other: bool) -> Value {
        let mut keys = vec![key(
            "one",
            "ES256",
            status,
            &written(at(0)),
            &written(at(0)),
        )];
        if status != "in_use" {
            keys.push(key(
                "signing",
                "ES256",
                "in_use",
                &written(at(0)),
                &written(at(0)),
            ));
        }
        if other {
            keys.push(key(
                "other",
                "ES256",
                "standby",
                &written(at(0)),
                &written(at(0)),
            ));
        }
        json!({"projects": {PROJECT: {"signing_keys": keys}}})
    }

    fn ask(method: &str, path: &str, body: &Value) -> Asked {
        Asked::new(method, path, Vec::new(), body.to_string().into())
    }

    fn patch(state: &mut Value, minutes: i64, id: &str, to: &str) -> u16 {
        let asked = ask("PATCH", PATH, &json!({"status": to}));
        change(state, at(minutes), &[PROJECT, id], &asked).status
    }

    fn status<'a>(state: &'a Value, id: &str) -> &'a str {
        let keys = state["projects"][PROJECT]["signing_keys"]
            .as_array()
            .unwrap();
        keys.iter().find(|key| key["id"] == id).unwrap()["status"]
            .as_str()
            .unwrap()
    }

    #[test]
    fn every_change_of_state_is_allowed_or_refused_as_measured() {
        // From, and what comes of standby, in_use, previously_used and revoked.
        for (from, answers) in [
            ("standby", [422, 200, 200, 200]),
            ("in_use", [422, 422, 422, 422]),
            ("previously_used", [200, 422, 422, 200]),
            ("revoked", [200, 422, 200, 422]),
        ] {
            for (to, wanted) in ["standby", "in_use", "previously_used", "revoked"]
                .into_iter()
                .zip(answers)
            {
                let mut state = state(from, false);
                assert_eq!(patch(&mut state, 1, "one", to), wanted, "{from} to {to}");
                let then = if wanted == 200 { to } else { from };
                assert_eq!(status(&state, "one"), then, "{from} to {to}");
                if wanted == 200 && to == "in_use" {
                    assert_eq!(status(&state, "signing"), "previously_used");
                }
            }
            if !["standby", "in_use"].contains(&from) {
                assert_eq!(
                    patch(&mut state(from, true), 1, "one", "standby"),
                    422,
                    "a second one in standby"
                );
            }
        }
        assert_eq!(
            patch(&mut state("standby", false), 1, "one", "retired"),
            400
        );
        assert_eq!(
            patch(&mut state("standby", false), 1, "nobody", "in_use"),
            404
        );
    }

    #[test]
    fn after_a_promotion_only_revoking_is_taken_for_five_minutes() {
        let mut state = state("standby", false);
        assert_eq!(patch(&mut state, 0, "one", "in_use"), 200);
        assert_eq!(patch(&mut state, 4, "signing", "standby"), 429);
        let new = ask(
            "POST",
            PATH,
            &json!({"algorithm": "ES256", "status": "standby"}),
        );
        let told = create(&mut state, at(4), &[PROJECT], &new);
        assert_eq!(
            (told.status, std::str::from_utf8(&told.body).unwrap()),
            (
                429,
                r#"{"message":"Please wait until 2026-11-01T00:05:00.000Z before attempting this request again."}"#
            )
        );
        assert_eq!(patch(&mut state, 4, "signing", "revoked"), 200);
        assert_eq!(create(&mut state, at(5), &[PROJECT], &new).status, 201);
        assert_eq!(
            create(&mut state, at(5), &[PROJECT], &new).status,
            409,
            "one in standby"
        );
    }

    #[test]
    fn a_key_goes_thirty_days_after_it_was_revoked() {
        let mut state = state("previously_used", false);
        let gone = |state: &mut Value, minutes| {
            let told = delete(
                state,
                at(minutes),
                &[PROJECT, "one"],
                &ask("DELETE", PATH, &json!(null)),
            );
            (told.status, String::from_utf8(told.body.to_vec()).unwrap())
        };
        assert!(
            gone(&mut state, 0)
                .1
                .contains("Only keys with revoked status")
        );
        assert_eq!(patch(&mut state, 10, "one", "revoked"), 200);
        let (status, body) = gone(&mut state, 30 * 24 * 60);
        assert_eq!(status, 422);
        assert!(
            body.contains("Try again after 2026-12-01T00:10:00.000Z."),
            "{body}"
        );
        assert_eq!(gone(&mut state, 30 * 24 * 60 + 10).0, 200);
        assert_eq!(gone(&mut state, 30 * 24 * 60 + 10).0, 404);
    }

    #[test]
    fn a_project_that_never_began_imports_its_secret_once() {
        let mut state = json!({"projects": {PROJECT: {}}});
        let nothing = ask("POST", PATH, &json!(null));
        assert_eq!(legacy(&mut state, at(0), &[PROJECT], &nothing).status, 404);
        assert_eq!(migrate(&mut state, at(0), &[PROJECT], &nothing).status, 201);
        assert_eq!(migrate(&mut state, at(0), &[PROJECT], &nothing).status, 409);
        assert_eq!(legacy(&mut state, at(0), &[PROJECT], &nothing).status, 200);
        let new = |body: Value| ask("POST", PATH, &body);
        for (body, status) in [
            (json!({"algorithm": "EdDSA"}), 422),
            (json!({"algorithm": "HS256"}), 400),
            (json!({}), 400),
            (
                json!({"algorithm": "RS256", "private_jwk": {"kty": "RSA", "d": "x"}}),
                201,
            ),
        ] {
            assert_eq!(
                create(&mut state, at(0), &[PROJECT], &new(body.clone())).status,
                status,
                "{body}"
            );
        }
        assert!(
            !state.to_string().contains("\"d\""),
            "no private key is kept"
        );
        let told = jwks(&mut state["projects"][PROJECT]);
        let told: Value = serde_json::from_slice(&told.body).unwrap();
        assert_eq!(
            told["keys"].as_array().unwrap().len(),
            1,
            "no secret is published"
        );
    }
}
