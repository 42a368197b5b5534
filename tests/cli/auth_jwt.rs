use serde_json::{Value, json};

use crate::support::{FakeSupabase, REF};

pub(crate) const KEYS: &str = "/v1/projects/abcdefghijklmnopqrst/config/auth/signing-keys";
pub(crate) const CONFIG: &str = "/v1/projects/abcdefghijklmnopqrst/config/auth";

/// The key that most tests work on, and another one.
pub(crate) const ONE: &str = "5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f";
pub(crate) const OTHER: &str = "6e2f1d3b-7b8c-4d9e-8f10-2b3c4d5e6f70";

pub(crate) fn one() -> String {
    format!("{KEYS}/{ONE}")
}

pub(crate) fn key(id: &str, algorithm: &str, status: &str) -> Value {
    let public = match algorithm {
        "HS256" => Value::Null,
        _ => json!({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ", "kid": id}),
    };
    json!({"id": id, "algorithm": algorithm, "status": status, "public_jwk": public,
        "created_at": "2026-06-01T09:00:00.000Z", "updated_at": "2026-06-02T09:00:00.500Z"})
}

/// A service in which the one key is as it is.
pub(crate) fn with(algorithm: &str, status: &str) -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &one())
        .answers(200, key(ONE, algorithm, status));
    supabase
}

#[test]
fn list_shows_the_newest_first_and_is_never_kept() {
    let supabase = FakeSupabase::start();
    let mut odd = key(OTHER, "ML-DSA", "retired");
    odd["created_at"] = json!("2026-07-01T09:00:00.000Z");
    supabase
        .on("GET", KEYS)
        .answers(
            200,
            json!({"keys": [key(ONE, "HS256", "in_use"), odd, {"id": "x"}, "odd", null]}),
        )
        .times(2);
    insta::assert_snapshot!(supabase.run("auth jwt list"), @"
    6e2f1d3b-7b8c-4d9e-8f10-2b3c4d5e6f70	retired	ML-DSA	2026-07-01 09:00:00+00:00	2026-06-02 09:00:00+00:00
    5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f	in_use	HS256	2026-06-01 09:00:00+00:00	2026-06-02 09:00:00+00:00
    x
    ");
    let rows = supabase.run("auth jwt ls -o json").json();
    assert_eq!(rows["metadata"]["cached"], false);
    for row in rows["data"].as_array().unwrap() {
        for promised in [
            "id",
            "algorithm",
            "status",
            "public_jwk",
            "created_at",
            "updated_at",
        ] {
            assert!(row.get(promised).is_some(), "{row} lacks {promised}");
        }
    }
}

#[test]
fn a_project_without_keys_is_told_how_to_begin() {
    for nothing in [json!({"keys": []}), json!({}), json!({"keys": null})] {
        let supabase = FakeSupabase::start();
        supabase.on("GET", KEYS).answers(200, nothing);
        insta::allow_duplicates! {
            insta::assert_snapshot!(supabase.run("auth jwt list"), @"
            ------- stderr -------
            No signing keys: the project signs with its JWT secret. `supactl auth jwt rotate` makes the first key
            ");
            insta::assert_snapshot!(supabase.run("auth jwt get"), @"
            ------- stderr -------
            error[not_found]: no signing key is in use: the project signs with its JWT secret
            hint: `supactl auth jwt rotate` makes the first key, and `supactl auth jwt list` shows what there is
            [exit status: 5]
            ");
        }
    }
}

#[test]
fn get_shows_the_key_that_signs() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(
        200,
        json!({"keys": [key(OTHER, "HS256", "previously_used"), key(ONE, "ES256", "in_use")]}),
    );
    let screen = supabase.run("auth jwt get");
    assert!(
        screen.stdout().contains(ONE) && !screen.stdout().contains(OTHER),
        "{screen}"
    );
    let data = &supabase.run("auth jwt get -o json").json()["data"];
    let jwks = data["jwks_url"].as_str().unwrap();
    assert!(
        jwks.ends_with(&format!("/gw/{REF}/auth/v1/.well-known/jwks.json")),
        "{jwks}"
    );
    assert_eq!(
        supabase.run("auth jwt get --jwk -o json").json()["data"],
        key(ONE, "ES256", "in_use")["public_jwk"]
    );
}

#[test]
fn a_shared_secret_has_no_public_half() {
    let supabase = with("HS256", "in_use");
    insta::assert_snapshot!(supabase.run(&format!("auth jwt get {ONE} --jwk")), @"
    ------- stderr -------
    error[not_found]: signing key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f` has no public half
    hint: HS256 signs with a secret that verifiers must know as well; `supactl auth jwt rotate` moves to a key with a public half
    [exit status: 5]
    ");
    assert_eq!(
        supabase.run(&format!("auth jwt show {ONE}")).status(),
        Some(0)
    );
}

#[test]
fn a_missing_key_is_not_found() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &one())
        .answers(404, json!({"message": "Not found"}))
        .times(4);
    insta::assert_snapshot!(supabase.run(&format!("auth jwt get {ONE}")), @"
    ------- stderr -------
    error[not_found]: signing key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f` was not found
    hint: `supactl auth jwt list` shows what there is
    [exit status: 5]
    ");
    for line in ["revoke", "restore", "delete"] {
        let screen = supabase.run(&format!("auth jwt {line} {ONE} --yes"));
        assert_eq!(screen.code(), Some("not_found"), "{screen}");
    }
}

#[test]
fn an_id_that_cannot_be_one_is_not_asked_for() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("auth jwt get legacy"), @"
    ------- stderr -------
    error[invalid_input]: `[ID]` cannot be `legacy`: an id looks like `0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901`; the list shows them
    hint: `supactl auth jwt get --help` shows all that it takes
    [exit status: 2]
    ");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn create_makes_a_key_in_standby() {
    let supabase = with("ES256", "standby");
    supabase
        .on("POST", KEYS)
        .with_body(json!({"algorithm": "ES256", "status": "standby"}))
        .answers(201, key(ONE, "ES256", "standby"))
        .once();
    insta::assert_snapshot!(supabase.run("auth jwt create"), @"
    id	5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f
    status	standby
    algorithm	ES256
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Created signing key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f`, in standby
    `supactl auth jwt rotate` lets it sign, once verifiers know it
    ");
}

/// A private key of each kind, and a member of it that nobody may see.
fn private_keys() -> [(&'static str, Value, &'static str); 3] {
    [
        (
            "ES256",
            json!({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ", "d": "cHJpdmF0ZQ"}),
            "cHJpdmF0ZQ",
        ),
        (
            "RS256",
            json!({"kty": "RSA", "n": "bg", "e": "AQAB", "d": "cHJpdmF0ZQ", "p": "cA", "q": "cQ", "dp": "ZHA", "dq": "ZHE", "qi": "cWk"}),
            "cHJpdmF0ZQ",
        ),
        (
            "HS256",
            json!({"kty": "oct", "k": "c2VjcmV0LXNlY3JldA"}),
            "c2VjcmV0LXNlY3JldA",
        ),
    ]
}

#[test]
fn a_key_is_taken_over_and_never_shown() {
    for (algorithm, private, hidden) in private_keys() {
        let supabase = with(algorithm, "standby");
        let file = supabase.world().file("key.json", &private.to_string());
        supabase
            .on("POST", KEYS)
            .with_body(json!({"algorithm": algorithm, "status": "standby", "private_jwk": private}))
            .answers(201, key(ONE, algorithm, "standby"))
            .times(3);
        let line = "auth jwt create -vv --import";
        for screen in [
            supabase.command(line).arg(&file).run(),
            supabase
                .command(line)
                .arg("-")
                .input(&private.to_string())
                .run(),
            supabase
                .command(line)
                .arg("env:MY_KEY")
                .env("MY_KEY", &private.to_string())
                .run(),
        ] {
            assert_eq!(screen.status(), Some(0), "{screen}");
            assert!(
                !screen.stdout().contains(hidden) && !screen.stderr().contains(hidden),
                "{screen}"
            );
        }
        let screen = supabase.command(line).arg(&file).arg("--dry-run").run();
        assert!(
            !screen.stdout().contains(hidden) && !screen.stderr().contains(hidden),
            "{screen}"
        );
        assert_eq!(screen.status(), Some(0), "{screen}");
    }
}

#[test]
fn a_key_that_cannot_be_used_is_not_sent() {
    let supabase = FakeSupabase::start();
    let import = |text: &str, more: &str| {
        let file = supabase.world().file("key.json", text);
        supabase
            .command(&format!("auth jwt create {more} --import"))
            .arg(file)
            .run()
    };
    insta::assert_snapshot!(import(r#"{"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"}"#, ""), @"
    ------- stderr -------
    error[invalid_input]: the key of `--import` cannot be used: its `d` is missing: this is a public key
    [exit status: 2]
    ");
    insta::assert_snapshot!(import("-----BEGIN PRIVATE KEY-----", ""), @"
    ------- stderr -------
    error[invalid_input]: the key of `--import` cannot be used: it is not a JSON Web Key: a JSON object with `kty` is expected; `openssl` files must be converted first
    [exit status: 2]
    ");
    insta::assert_snapshot!(import(&private_keys()[0].1.to_string(), "--algorithm RS256"), @"
    ------- stderr -------
    error[invalid_input]: the key of `--import` signs with ES256, not with RS256
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("auth jwt create --algorithm HS256"), @"
    ------- stderr -------
    error[invalid_input]: the service makes no HS256 keys
    hint: pass the secret with `--import FILE`, as a JSON Web Key
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("auth jwt create --algorithm EdDSA"), @"
    ------- stderr -------
    error[invalid_input]: `--algorithm` cannot be `EdDSA`: it takes ES256, RS256, HS256
    hint: `supactl auth jwt create --help` shows all that it takes
    [exit status: 2]
    ");
    assert_eq!(
        supabase
            .run("auth jwt create --import nowhere.json")
            .status(),
        Some(2)
    );
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_key_that_was_typed_is_not_taken_for_a_file() {
    let supabase = with("HS256", "standby");
    let (_, private, hidden) = &private_keys()[2];
    supabase
        .on("POST", KEYS)
        .answers(201, key(ONE, "HS256", "standby"))
        .once();
    for typed in [
        private.to_string(),
        r#"{"kty": "oct", "k": "c2VjcmV0LXNlY3JldA", "x": 1}"#.to_owned(),
    ] {
        let screen = supabase
            .command("auth jwt create --import")
            .arg(typed)
            .run();
        assert!(screen.stderr().starts_with("A secret typed as an argument"));
        assert!(!screen.stderr().contains(hidden), "{screen}");
    }
}

#[test]
fn the_throttle_is_told_as_a_time() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", KEYS)
        .answers(429, json!({"message": "Please wait until 2126-09-25T06:04:10.312Z before attempting this request again."}))
        .header("x-ratelimit-reset", "60")
        .once();
    insta::assert_snapshot!(supabase.run("auth jwt create"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[rate_limited]: Please wait until 2126-09-25T06:04:10.312Z before attempting this request again.
    hint: earliest at 2126-09-25T06:04:11Z: changes of keys rest for 5 minutes after another key began to sign
    [exit status: 7]
    ");
}

#[test]
fn a_key_of_our_own_that_is_known_already_is_a_conflict() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", KEYS)
        .answers(
            409,
            json!({"message": "Failed to create new signing key in standby status for project"}),
        )
        .once();
    insta::assert_snapshot!(supabase.run("auth jwt create"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: Failed to create new signing key in standby status for project
    hint: `supactl auth jwt list` shows whether one is in standby already, or has this very key
    [exit status: 6]
    ");
}

#[test]
fn a_key_that_is_refused_for_another_reason_has_no_such_hint() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", KEYS)
        .answers(400, json!({"message": "no"}))
        .once();
    let refused = supabase.run("auth jwt create");
    assert_eq!(refused.code(), Some("rejected"), "{refused}");
    assert!(!refused.stderr().contains("standby"), "{refused}");
}

#[test]
fn restore_puts_a_revoked_key_into_standby() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &one())
        .answers(200, key(ONE, "ES256", "revoked"))
        .once();
    supabase
        .on("GET", &one())
        .answers(200, key(ONE, "ES256", "standby"))
        .once();
    supabase
        .on("GET", KEYS)
        .answers(200, json!({"keys": [key(OTHER, "ES256", "in_use")]}));
    supabase
        .on("PATCH", &one())
        .with_body(json!({"status": "standby"}))
        .answers(200, key(ONE, "ES256", "standby"))
        .once();
    insta::assert_snapshot!(supabase.run(&format!("auth jwt restore {ONE}")), @"
    id	5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f
    status	standby
    algorithm	ES256
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Restored signing key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f`
    ");
}

#[test]
fn there_is_one_key_in_standby_at_most() {
    let supabase = with("ES256", "revoked");
    supabase
        .on("GET", KEYS)
        .answers(200, json!({"keys": [key(OTHER, "ES256", "standby")]}));
    supabase.on("PATCH", &one()).never();
    insta::assert_snapshot!(supabase.run(&format!("auth jwt restore {ONE}")), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: signing key `6e2f1d3b-7b8c-4d9e-8f10-2b3c4d5e6f70` is in standby, and there can be one only
    hint: let it sign with `supactl auth jwt rotate`, or make room with `supactl auth jwt revoke 6e2f1d3b-7b8c-4d9e-8f10-2b3c4d5e6f70`
    [exit status: 6]
    ");
}

/// What each verb does to a key in each state: `sent`, nothing more to do, or refused.
#[test]
fn each_verb_knows_what_a_key_in_each_state_allows() {
    for (status, restore, revoke, delete) in [
        ("standby", "done", "sent", "conflict"),
        ("in_use", "conflict", "conflict", "conflict"),
        ("previously_used", "sent", "sent", "conflict"),
        ("revoked", "sent", "done", "sent"),
        // A word that nobody knows yet is for the service to judge.
        ("retired", "sent", "sent", "conflict"),
    ] {
        for (verb, wanted) in [("restore", restore), ("revoke", revoke), ("delete", delete)] {
            let supabase = with("ES256", status);
            supabase.on("GET", KEYS).answers(200, json!({"keys": []}));
            supabase
                .on("GET", CONFIG)
                .answers(200, json!({"jwt_exp": 3600}));
            for method in ["PATCH", "DELETE"] {
                supabase
                    .on(method, &one())
                    .answers(200, key(ONE, "ES256", status));
            }
            let screen = supabase.run(&format!("auth jwt {verb} {ONE} --yes"));
            let sent = supabase
                .conversation()
                .lines()
                .any(|line| line.starts_with("PATCH") || line.starts_with("DELETE"));
            let done = match (screen.code(), sent) {
                (None, true) => "sent",
                (None, false) => "done",
                (Some(code), false) => code,
                (Some(_), true) => "refused by the service",
            };
            assert_eq!(done, wanted, "{verb} of {status}\n{screen}");
        }
    }
}

#[test]
fn revoke_says_until_when_the_last_tokens_would_be_good() {
    let supabase = with("ES256", "previously_used");
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"jwt_exp": 604_800}));
    let mut recent = key(ONE, "ES256", "previously_used");
    recent["updated_at"] = json!("2126-01-01T00:00:00.000Z");
    let late = FakeSupabase::start();
    late.on("GET", &one()).answers(200, recent);
    late.on("GET", CONFIG)
        .answers(403, json!({"message": "Forbidden"}));
    for supabase in [&supabase, &late] {
        supabase
            .on("PATCH", &one())
            .with_body(json!({"status": "revoked"}))
            .answers(200, key(ONE, "ES256", "revoked"))
            .once();
    }
    insta::assert_snapshot!(supabase.run(&format!("auth jwt revoke {ONE} --yes")), @"
    id	5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f
    status	previously_used
    algorithm	ES256
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Revoked signing key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f`
    `supactl auth jwt restore 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f --project abcdefghijklmnopqrst` undoes it; the key can be deleted after 30 days
    ");
    insta::assert_snapshot!(late.run(&format!("auth jwt revoke {ONE} --yes")), @"
    id	5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f
    status	previously_used
    algorithm	ES256
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2126-01-01 00:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    How long tokens live could not be read (Forbidden): 7 days are assumed, the most that there is
    Its last tokens are good until 2126-01-08T00:15:00Z: those who hold one have to sign in again
    Revoked signing key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f`
    `supactl auth jwt restore 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f --project abcdefghijklmnopqrst` undoes it; the key can be deleted after 30 days
    ");
}

#[test]
fn where_nobody_can_be_asked_nothing_is_sent() {
    let supabase = FakeSupabase::start();
    for line in [
        "rotate".to_owned(),
        format!("revoke {ONE}"),
        format!("revoke {ONE} --force"),
        format!("delete {ONE}"),
    ] {
        let screen = supabase.run(&format!("auth jwt {line}"));
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(3), Some("confirmation_required")),
            "{screen}"
        );
    }
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn delete_explains_the_thirty_days() {
    let supabase = with("ES256", "revoked");
    supabase
        .on("DELETE", &one())
        .answers(422, json!({"message": "This signing key cannot be removed at this time. Try again after 2126-10-25T06:04:10.312Z."}))
        .once();
    insta::assert_snapshot!(supabase.run(&format!("auth jwt delete {ONE} --yes")), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: This signing key cannot be removed at this time. Try again after 2126-10-25T06:04:10.312Z.
    hint: earliest at 2126-10-25T06:04:11Z: a revoked key is kept for 30 days, so that revoking can be undone
    [exit status: 6]
    ");
    let supabase = with("ES256", "previously_used");
    supabase.on("DELETE", &one()).never();
    insta::assert_snapshot!(supabase.run(&format!("auth jwt delete {ONE} --yes")), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: signing key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f` is previously_used: only a revoked key can be deleted
    hint: `supactl auth jwt revoke 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f` comes first, and 30 days after it
    [exit status: 6]
    ");
    let supabase = with("ES256", "revoked");
    supabase
        .on("DELETE", &one())
        .answers(200, key(ONE, "ES256", "revoked"))
        .once();
    let deleted = supabase
        .run(&format!("auth jwt delete {ONE} --yes -o json"))
        .json();
    assert_eq!(deleted["data"]["deleted"], true);
}
