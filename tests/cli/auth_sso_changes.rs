use serde_json::{Value, json};

use crate::auth_sso::{ID, PERSISTENT, PROVIDERS, one, provider, with, xml};
use crate::support::{FakeSupabase, KEYS, SECRET_KEY, World};

/// The provider on the Auth server's own API.
fn admin() -> String {
    format!("/auth/v1/admin/sso/providers/{ID}")
}

#[test]
fn update_sends_again_what_the_service_would_forget() {
    for (flags, sent) in [
        (
            "--add-domain New.example",
            json!({"domains": ["example.com", "example.org", "new.example"], "name_id_format": PERSISTENT}),
        ),
        (
            "--add-domain example.com",
            json!({"domains": ["example.com", "example.org"], "name_id_format": PERSISTENT}),
        ),
        (
            "--remove-domain example.com --remove-domain example.org",
            json!({"domains": [], "name_id_format": PERSISTENT}),
        ),
        (
            "--remove-domain example.com --add-domain a.example",
            json!({"domains": ["example.org", "a.example"], "name_id_format": PERSISTENT}),
        ),
        (
            "--domain only.example",
            json!({"domains": ["only.example"], "name_id_format": PERSISTENT}),
        ),
        (
            "--name-id-format transient",
            json!({"name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}),
        ),
        (
            "--metadata-url https://idp.example.com/metadata",
            json!({"metadata_url": "https://idp.example.com/metadata", "name_id_format": PERSISTENT}),
        ),
    ] {
        let supabase = with(&Value::Null);
        supabase
            .on("PUT", &one())
            .with_body(sent)
            .answers(200, provider(&Value::Null))
            .once();
        let screen = supabase.run(&format!("auth sso update {ID} {flags}"));
        assert_eq!(screen.status(), Some(0), "{flags}\n{screen}");
    }
}

#[test]
fn update_invents_nothing_where_nothing_is_known() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", &one()).answers(200, json!({"id": ID}));
    supabase
        .on("PUT", &one())
        .with_body(json!({"domains": ["a.example"]}))
        .answers(200, json!({"id": ID}))
        .once();
    insta::assert_snapshot!(supabase.run(&format!("auth sso update {ID} --add-domain a.example")), @"
    id	8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804
    disabled	no
    domains	
    saml.entity_id	
    created_at	
    updated_at	
    saml.metadata_url	
    saml.name_id_format	
    saml.attribute_mapping	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Updated SSO provider `8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804`
    ");
}

#[test]
fn update_refuses_what_cannot_be_right() {
    let supabase = with(&Value::Null);
    supabase.on("PUT", &one()).never();
    let file = supabase
        .world()
        .file("idp.xml", &xml("https://other.example.com"));
    insta::assert_snapshot!(supabase.command(&format!("auth sso update {ID} --metadata-file")).arg(&file).run(), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: the metadata is of `https://other.example.com`, and the provider is `https://idp.example.com/metadata`
    hint: `supactl auth sso enable` adds another provider
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run(&format!("auth sso update {ID} --remove-domain acme.com")), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: the provider does not have the domain `acme.com`
    hint: it has example.com, example.org
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run(&format!("auth sso update {ID} --domain a.example --add-domain b.example")), @"
    ------- stderr -------
    error[usage]: `--domain` does not go with `--add-domain`
    hint: `supactl auth sso update --help` shows all that it takes
    [exit status: 2]
    ");
}

#[test]
fn update_tells_when_a_disabled_provider_was_woken() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &one())
        .answers(200, provider(&json!(true)))
        .once();
    supabase
        .on("GET", &one())
        .answers(200, provider(&Value::Null))
        .once();
    supabase
        .on("PUT", &one())
        .answers(200, provider(&Value::Null))
        .once();
    let screen = supabase.run(&format!("auth sso update {ID} --domain a.example"));
    assert!(
        screen.stderr().contains("the change enabled it"),
        "{screen}"
    );
}

#[test]
fn disable_goes_over_the_auth_server_with_a_secret_key() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", &one())
        .answers(200, provider(&Value::Null))
        .once();
    supabase
        .on("GET", &one())
        .answers(200, provider(&json!(true)))
        .once();
    supabase
        .on("PUT", &admin())
        .with_header("apikey", SECRET_KEY)
        .without_header("authorization")
        .with_body(json!({"disabled": true, "name_id_format": PERSISTENT}))
        .answers(200, json!({"id": ID, "disabled": true}))
        .once();
    supabase.on("DELETE", &one()).never();
    insta::assert_snapshot!(supabase.run(&format!("auth sso disable {ID} --yes")), @"
    id	8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804
    disabled	yes
    domains	example.com, example.org
    saml.entity_id	https://idp.example.com/metadata
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    saml.metadata_url	
    saml.name_id_format	urn:oasis:names:tc:SAML:2.0:nameid-format:persistent
    saml.attribute_mapping	{}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Disabled SSO provider `8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804`
    `supactl auth sso enable 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --project abcdefghijklmnopqrst` lets its people in again
    ");
}

#[test]
fn disable_tells_where_the_change_is_not_to_be_seen() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", &one())
        .answers(200, provider(&Value::Null));
    supabase.on("PUT", &admin()).answers(200, json!({})).once();
    insta::assert_snapshot!(supabase.run(&format!("auth sso disable {ID} --yes --fields id,disabled")), @"
    id	8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804
    disabled	no
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[check_failed]: the Auth service took the change, but provider `8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804` is still shown as enabled: try signing in with it
    [exit status: 9]
    ");
}

#[test]
fn disable_stops_where_the_key_is_withheld() {
    let supabase = with(&Value::Null);
    supabase.on("GET", KEYS).answers(403, "forbidden.json");
    supabase.on("PUT", &admin()).never();
    insta::assert_snapshot!(supabase.run(&format!("auth sso disable {ID} --yes")), @r#"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[forbidden]: this token may not see the project's secret keys, which its own APIs ask for: Your account does not have the necessary privileges to access this endpoint. For more details, refer to our documentation https://supabase.com/docs/guides/platform/access-control
    hint: give the token the permission `api_gateway_keys_secret_read` ("API Key Secrets" in the dashboard), or pass a key with `--service-key env:NAME` or SUPABASE_AUTH_SERVICE_ROLE_KEY
    [exit status: 4]
    "#);
}

#[test]
fn enable_lets_a_disabled_provider_be_used_again() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", &one())
        .answers(200, provider(&json!(true)))
        .once();
    supabase
        .on("GET", &one())
        .answers(200, provider(&json!(false)))
        .once();
    supabase
        .on("PUT", &admin())
        .with_body(json!({"disabled": false, "name_id_format": PERSISTENT}))
        .answers(200, json!({}))
        .once();
    supabase.on("POST", PROVIDERS).never();
    let screen = supabase.run(&format!("auth sso enable {ID}"));
    assert!(screen.stderr().contains("Enabled SSO provider"), "{screen}");

    let supabase = with(&Value::Null);
    supabase.on("PUT", &admin()).never();
    let screen = supabase.run(&format!("auth sso enable {ID}"));
    assert!(screen.stderr().contains("is enabled already"), "{screen}");
}

#[test]
fn remove_warns_of_the_people_and_shows_what_went() {
    let supabase = with(&Value::Null);
    supabase
        .on("DELETE", &one())
        .answers(200, provider(&Value::Null))
        .once();
    insta::assert_snapshot!(supabase.run(&format!("auth sso disable {ID} --remove")), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Remove SSO provider `8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804` from project abcdefghijklmnopqrst? Its people cannot sign in any more, and one that is added later has another ID: their accounts stay bound to `sso:8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804`.
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    assert_eq!(supabase.conversation(), "", "nothing without a yes");
    insta::assert_snapshot!(supabase.run(&format!("auth sso disable {ID} --remove --yes")), @"
    id	8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804
    disabled	no
    domains	example.com, example.org
    saml.entity_id	https://idp.example.com/metadata
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    saml.metadata_url	
    saml.name_id_format	urn:oasis:names:tc:SAML:2.0:nameid-format:persistent
    saml.attribute_mapping	{}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Removed SSO provider `8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804`
    Accounts of its people are left: their identities are bound to `sso:8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804`
    ");
}

#[test]
fn what_was_kept_is_forgotten_by_every_change() {
    for (line, method, path) in [
        (format!("update {ID} --domain a.example"), "PUT", one()),
        (format!("disable {ID} --remove --yes"), "DELETE", one()),
        (format!("disable {ID} --yes"), "PUT", admin()),
    ] {
        let supabase = FakeSupabase::with_keys();
        supabase
            .on("GET", PROVIDERS)
            .answers(200, json!({"items": []}))
            .times(2);
        supabase
            .on("GET", &one())
            .answers(200, provider(&Value::Null));
        supabase
            .on(method, &path)
            .answers(200, provider(&json!(true)));
        for change in [false, false, true, false] {
            let line = if change { &line } else { "list" };
            let screen = supabase.run(&format!("auth sso {line}"));
            assert!(screen.status() != Some(1), "{screen}");
        }
    }
}

/// A provider from the first switch to its end, in the sandbox.
#[test]
fn a_whole_life_of_a_provider_in_the_sandbox() {
    let world = World::new();
    let run = |line: &str| {
        world.run(&format!(
            "--profile sandbox auth sso {line} --project acmeanalyticsabcdefg"
        ))
    };
    let done = |line: &str| {
        let screen = run(&format!("{line} -o json"));
        assert_eq!(screen.status(), Some(0), "{line}\n{screen}");
        screen.json()["data"].clone()
    };
    assert_eq!(run("list").code(), Some("feature_disabled"));
    let add = "enable --metadata-url https://idp.example.com/metadata --domain example.com --name-id-format persistent";
    assert_eq!(run(add).code(), Some("confirmation_required"));
    let provider = done(&format!("{add} --yes"));
    let id = provider["id"].as_str().unwrap();
    assert_eq!(provider["saml"]["name_id_format"], PERSISTENT);
    assert_eq!(done("list")[0]["id"], id);
    assert_eq!(
        run(add).code(),
        Some("already_exists"),
        "the same provider twice"
    );
    let same_domain = "enable --metadata-url https://other.example.com --domain EXAMPLE.com";
    assert_eq!(run(same_domain).code(), Some("already_exists"));

    let changed = done(&format!("update {id} --add-domain example.org"));
    assert_eq!(
        changed["domains"],
        json!([{"domain": "example.com"}, {"domain": "example.org"}])
    );
    assert_eq!(changed["saml"]["name_id_format"], PERSISTENT, "sent again");
    let off = done(&format!("disable {id} --yes"));
    assert_eq!(
        (&off["disabled"], &off["saml"]["name_id_format"]),
        (&json!(true), &json!(PERSISTENT))
    );
    assert_eq!(done(&format!("enable {id}"))["disabled"], false);
    assert_eq!(
        done(&format!("disable {id} --remove --yes"))["deleted"],
        true
    );
    assert_eq!(done("list"), json!([]));
    let again = done(&format!("{add} --yes"));
    assert_ne!(again["id"], id, "another id, as the service has it");
}
