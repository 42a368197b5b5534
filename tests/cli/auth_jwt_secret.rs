use serde_json::json;

use crate::auth_jwt::{CONFIG, ONE, OTHER, key, one, with};
use crate::support::{FakeSupabase, REF};

const LEGACY: &str = "/v1/projects/abcdefghijklmnopqrst/config/auth/signing-keys/legacy";
const LEGACY_API_KEYS: &str = "/v1/projects/abcdefghijklmnopqrst/api-keys/legacy";

/// A service whose JWT secret signs no more.
fn with_old_secret() -> FakeSupabase {
    let supabase = with("HS256", "previously_used");
    supabase
        .on("GET", LEGACY)
        .answers(200, key(ONE, "HS256", "previously_used"));
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"jwt_exp": 3600}));
    supabase
}

#[test]
fn the_jwt_secret_is_not_revoked_while_its_api_keys_are_on() {
    let supabase = with_old_secret();
    supabase
        .on("GET", LEGACY_API_KEYS)
        .answers(200, json!({"enabled": true}))
        .once();
    supabase.on("PATCH", &one()).never();
    insta::assert_snapshot!(supabase.run(&format!("auth jwt revoke {ONE} --yes")), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: this is the project's JWT secret, and the keys `anon` and `service_role` that it signed are on: they would stop working
    hint: move to the new API keys, then `supactl api PUT '/v1/projects/abcdefghijklmnopqrst/api-keys/legacy?enabled=false' --project abcdefghijklmnopqrst`; or `--force`
    [exit status: 6]
    ");

    // What is not plainly off may be on, and what may not be seen too.
    let supabase = with_old_secret();
    supabase
        .on("GET", LEGACY_API_KEYS)
        .answers(200, json!({}))
        .once();
    assert_eq!(
        supabase.run(&format!("auth jwt revoke {ONE} --yes")).code(),
        Some("conflict")
    );
    let supabase = with_old_secret();
    supabase
        .on("GET", LEGACY_API_KEYS)
        .answers(403, json!({"message": "Forbidden"}))
        .once();
    insta::assert_snapshot!(supabase.run(&format!("auth jwt revoke {ONE} --yes")), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[forbidden]: whether the keys `anon` and `service_role` are off cannot be seen: Forbidden
    hint: the token may lack the permission `api_gateway_keys_read`, or there is no such project or organization, or it is not yours
    [exit status: 4]
    ");
}

#[test]
fn the_jwt_secret_is_revoked_when_its_api_keys_are_off() {
    for (status, told) in [
        (200, json!({"enabled": false})),
        (404, json!({"message": "Not found"})),
    ] {
        let supabase = with_old_secret();
        supabase
            .on("GET", LEGACY_API_KEYS)
            .answers(status, told)
            .once();
        supabase
            .on("PATCH", &one())
            .answers(200, key(ONE, "HS256", "revoked"))
            .once();
        let screen = supabase.run(&format!("auth jwt revoke {ONE} --yes"));
        assert_eq!(screen.status(), Some(0), "{screen}");
    }
}

#[test]
fn a_shared_secret_that_is_another_one_is_an_ordinary_key() {
    let supabase = with("HS256", "previously_used");
    supabase
        .on("GET", LEGACY)
        .answers(200, key(OTHER, "HS256", "revoked"));
    supabase.on("GET", CONFIG).answers(200, json!({}));
    supabase.on("GET", LEGACY_API_KEYS).never();
    supabase
        .on("PATCH", &one())
        .answers(200, key(ONE, "HS256", "revoked"))
        .once();
    assert_eq!(
        supabase
            .run(&format!("auth jwt revoke {ONE} --yes"))
            .status(),
        Some(0)
    );
}

#[test]
fn where_the_service_does_not_say_every_shared_secret_is_taken_for_the_jwt_secret() {
    let supabase = with("HS256", "previously_used");
    supabase
        .on("GET", LEGACY)
        .answers(404, json!({"message": "Not found"}));
    supabase.on("GET", CONFIG).answers(200, json!({}));
    supabase
        .on("GET", LEGACY_API_KEYS)
        .answers(200, json!({"enabled": true}))
        .once();
    supabase.on("PATCH", &one()).never();
    assert_eq!(
        supabase.run(&format!("auth jwt revoke {ONE} --yes")).code(),
        Some("conflict")
    );
}

#[test]
fn a_shared_secret_of_which_nothing_is_known_is_not_revoked() {
    let supabase = with("HS256", "previously_used");
    supabase
        .on("GET", LEGACY)
        .answers(403, json!({"message": "Forbidden"}));
    supabase.on("PATCH", &one()).never();
    let refused = supabase.run(&format!("auth jwt revoke {ONE} --yes"));
    assert_eq!(refused.status(), Some(4), "{refused}");
}

#[test]
fn force_wants_the_name_of_the_project_typed() {
    let supabase = with_old_secret();
    supabase.on("PATCH", &one()).never();
    let person = supabase
        .command(&format!("auth jwt revoke {ONE} --force"))
        .at_terminal(120)
        .reads("to go ahead");
    let screen = person.types("y\r").sees_the_end();
    assert_eq!(screen.status(), Some(3), "{screen}");
    assert!(
        screen
            .stdout()
            .contains("The keys `anon` and `service_role` stop working with it.")
    );

    let supabase = with_old_secret();
    supabase
        .on("PATCH", &one())
        .answers(200, key(ONE, "HS256", "revoked"))
        .once();
    let person = supabase
        .command(&format!("auth jwt revoke {ONE} --force"))
        .at_terminal(120)
        .reads("to go ahead");
    let screen = person.types(&format!("{REF}\r")).sees_the_end();
    assert_eq!(screen.status(), Some(0), "{screen}");
}
