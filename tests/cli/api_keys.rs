use serde_json::json;

use crate::support::{FakeSupabase, KEYS, PROJECT, Screen, World};

const LEGACY: &str = "/v1/projects/abcdefghijklmnopqrst/api-keys/legacy";
const NEW: &str = "/v1/projects/abcdefghijklmnopqrst/api-keys/1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f01";

fn sandbox(world: &World, line: &str) -> Screen {
    world.command(line).env("SUPACTL_PROFILE", "sandbox").run()
}

#[test]
fn list_shows_no_value_and_whether_legacy_keys_work() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", KEYS)
        .without_query("reveal")
        .answers(200, "keys.json");
    supabase
        .on("GET", LEGACY)
        .answers(200, json!({"enabled": false}))
        .once();
    insta::assert_snapshot!(supabase.run("api-keys list"), @"
    default	publishable	1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f00	ACJWl	********	true	2026-01-01 00:00:00+00:00	
    default	secret	1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f01	N7UND	********	true	2026-01-01 00:00:00+00:00	
    anon	legacy	anon	tbn2D	********	false		Legacy anon API key
    service_role	legacy	service_role	OxwOz	********	false		Legacy service_role API key
    ");
    // The service is going to say no more whether they work.
    supabase
        .on("GET", LEGACY)
        .answers(404, json!({"message": "Cannot GET"}));
    let keys = supabase.run("api-keys list -o json").json();
    let enabled: Vec<_> = keys["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (&key["type"], &key["enabled"]))
        .collect();
    assert!(
        enabled.contains(&(&json!("legacy"), &json!(null)))
            && enabled.contains(&(&json!("secret"), &json!(true))),
        "{keys}"
    );
}

#[test]
fn a_value_is_shown_only_when_asked_for() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", LEGACY)
        .answers(200, json!({"enabled": true}));
    supabase
        .on("GET", KEYS)
        .with_query("reveal", "true")
        .answers(200, "keys.json");
    supabase
        .on("GET", KEYS)
        .without_query("reveal")
        .answers(200, "keys.json");
    let get = |line: &str| supabase.run(line).json()["data"]["api_key"].clone();
    assert_eq!(get("api-keys get anon -o json"), "********");
    assert_eq!(
        get("api-keys get anon --reveal -o json"),
        "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.x"
    );
    assert_eq!(
        get("api-keys get 1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f01 -o json"),
        "********"
    );
    insta::assert_snapshot!(supabase.run("api-keys get default"), @"
    ------- stderr -------
    error[invalid_input]: 2 keys are called `default`
    hint: pass the id of one: 1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f00 (publishable), 1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f01 (secret)
    [exit status: 2]
    ");
    assert_eq!(supabase.run("api-keys get nope").code(), Some("not_found"));
}

#[test]
fn a_token_that_may_not_reveal_is_told_what_it_lacks() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", KEYS)
        .with_query("reveal", "true")
        .answers(403, "forbidden.json")
        .once();
    insta::assert_snapshot!(supabase.run("api-keys get anon --reveal"), @"
    ------- stderr -------
    error[forbidden]: Your account does not have the necessary privileges to access this endpoint. For more details, refer to our documentation https://supabase.com/docs/guides/platform/access-control
    hint: the token may lack the permission `api_gateway_keys_secret_read`, or there is no such project or organization, or it is not yours
    [exit status: 4]
    ");
}

#[test]
fn create_sends_what_was_given() {
    let supabase = FakeSupabase::start();
    let made = json!({"id": "5d1e0c2a-0000-4000-a000-000000000000", "name": "ci_deploy", "type": "secret", "api_key": "sb_secret_fresh0000000000000000000000000000", "prefix": "fresh"});
    supabase
        .on("POST", KEYS)
        .without_query("reveal")
        .with_body(json!({"type": "secret", "name": "ci_deploy", "description": "CI", "secret_jwt_template": {"role": "service_role"}}))
        .answers(201, made.clone())
        .once();
    supabase
        .on("POST", KEYS)
        .with_query("reveal", "true")
        .with_body(json!({"type": "publishable", "name": "web_app"}))
        .answers(201, made)
        .once();
    insta::assert_snapshot!(supabase.run("api-keys create ci_deploy --type secret --description CI"), @"
    name	ci_deploy
    type	secret
    id	5d1e0c2a-0000-4000-a000-000000000000
    prefix	fresh
    api_key	********
    enabled	true
    inserted_at	
    description	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Created secret key `ci_deploy`
    ");
    let revealed = supabase
        .run("api-keys create web_app --type publishable --reveal -o json")
        .json();
    assert_eq!(
        revealed["data"]["api_key"],
        "sb_secret_fresh0000000000000000000000000000"
    );
    for bad in [
        "api-keys create CI --type secret",
        "api-keys create ci_deploy --type other",
        "api-keys create ci_deploy",
    ] {
        assert_eq!(supabase.run(bad).status(), Some(2), "{bad}");
    }
}

#[test]
fn delete_asks_and_addresses_by_id() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, json!([{"id": "1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f01", "name": "ci_deploy", "type": "secret", "api_key": "sb_secret_x··"}]));
    supabase.on("DELETE", NEW).answers(200, json!({})).once();
    assert_eq!(supabase.run("api-keys delete ci_deploy").status(), Some(3));
    assert_eq!(supabase.conversation(), "");
    insta::assert_snapshot!(supabase.run("api-keys delete ci_deploy --yes --fields id,deleted"), @"
    id	1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f01
    deleted	true
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Deleted key `ci_deploy`
    ");
}

#[test]
fn a_legacy_key_cannot_be_deleted() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, "keys-legacy.json");
    insta::assert_snapshot!(supabase.run("api-keys delete anon --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: `anon` is a legacy key, which cannot be deleted
    hint: legacy keys are switched off together: `supactl api PUT '/v1/projects/{ref}/api-keys/legacy?enabled=false'`
    [exit status: 2]
    ");
}

#[test]
fn no_keys_are_not_always_a_pause() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, json!([]));
    supabase
        .on("GET", LEGACY)
        .answers(200, json!({"enabled": false}));
    supabase
        .on("GET", PROJECT)
        .answers(200, "project.json")
        .once();
    insta::assert_snapshot!(supabase.run("api-keys list"), @"
    ------- stderr -------
    No keys
    ");
    supabase
        .on("GET", PROJECT)
        .answers(200, "project-paused.json")
        .once();
    insta::assert_snapshot!(supabase.run("api-keys list"), @"
    ------- stderr -------
    error[project_paused]: project `abcdefghijklmnopqrst` is paused
    hint: `supactl projects restore <REF>` wakes it up
    [exit status: 6]
    ");
}

#[test]
fn a_key_opens_the_sandbox_until_it_is_deleted() {
    let world = World::new();
    let made = sandbox(
        &world,
        "api-keys create ci_deploy --type secret --reveal -o json",
    )
    .json();
    let key = made["data"]["api_key"].as_str().unwrap().to_owned();
    let open = || {
        let run = world
            .command("storage buckets list --service-key env:KEY")
            .env("SUPACTL_PROFILE", "sandbox");
        run.env("KEY", &key).run().code().map(str::to_owned)
    };
    assert_eq!(open(), None);
    assert_eq!(
        sandbox(&world, "api-keys create ci_deploy --type secret").code(),
        Some("already_exists")
    );
    assert_eq!(
        sandbox(&world, "api-keys delete ci_deploy --yes").status(),
        Some(0)
    );
    assert_eq!(open().as_deref(), Some("unauthorized"));
}
