use serde_json::{Value, json};

use crate::support::{FakeSupabase, World};

pub(crate) const PROVIDERS: &str = "/v1/projects/abcdefghijklmnopqrst/config/auth/sso/providers";
const CONFIG: &str = "/v1/projects/abcdefghijklmnopqrst/config/auth";
pub(crate) const ID: &str = "8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804";
pub(crate) const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/// What a switched-off feature answers.
const OFF: &str = "SAML 2.0 support is not enabled for this project";

pub(crate) fn one() -> String {
    format!("{PROVIDERS}/{ID}")
}

pub(crate) fn xml(entity: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity}\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"/></md:EntityDescriptor>"
    )
}

pub(crate) fn provider(disabled: &Value) -> Value {
    json!({"id": ID, "disabled": disabled,
        "saml": {"entity_id": "https://idp.example.com/metadata", "metadata_xml": xml("https://idp.example.com/metadata"),
            "attribute_mapping": {}, "name_id_format": PERSISTENT},
        "domains": [{"domain": "example.com"}, {"domain": "example.org"}],
        "created_at": "2026-06-01T09:00:00Z", "updated_at": "2026-06-02T09:00:00Z"})
}

/// A service that takes SAML and has the provider.
pub(crate) fn with(disabled: &Value) -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase.on("GET", &one()).answers(200, provider(disabled));
    supabase
}

#[test]
fn list_shows_the_newest_first_whatever_is_missing() {
    let supabase = FakeSupabase::start();
    let recorded = json!({"id": "1d5e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f", "saml": {"id": "x", "entity_id": "https://example.com/saml",
        "metadata_url": "https://example.com/saml/metadata", "metadata_xml": ""},
        "created_at": "2026-07-01T00:00:00Z", "updated_at": "2026-07-01T00:00:00Z", "domains": [{"id": "y", "domain": "example.net"}]});
    supabase
        .on("GET", PROVIDERS)
        .answers(200, json!({"items": [provider(&json!(true)), recorded, {"id": "bare"}, {"saml": [], "domains": [{}]}, "odd"]}))
        .once();
    insta::assert_snapshot!(supabase.run("auth sso list"), @"
    1d5e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f	no	example.net	https://example.com/saml	2026-07-01 00:00:00+00:00	2026-07-01 00:00:00+00:00
    8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804	yes	example.com, example.org	https://idp.example.com/metadata	2026-06-01 09:00:00+00:00	2026-06-02 09:00:00+00:00
    bare	no				
    	no				
    	no
    ");
    // The second time out of what was kept.
    let again = supabase.run("auth sso ls -o json").json();
    assert_eq!(again["metadata"]["cached"], true);
    for row in again["data"].as_array().unwrap() {
        for promised in [
            "id",
            "disabled",
            "saml",
            "domains",
            "created_at",
            "updated_at",
        ] {
            assert!(row.get(promised).is_some(), "{row} lacks {promised}");
        }
    }
}

#[test]
fn nothing_and_switched_off_are_told_apart() {
    for nothing in [json!({"items": []}), json!({})] {
        let supabase = FakeSupabase::start();
        supabase.on("GET", PROVIDERS).answers(200, nothing);
        insta::allow_duplicates! {
            insta::assert_snapshot!(supabase.run("auth sso list"), @"
            ------- stderr -------
            No SSO providers. `supactl auth sso enable` adds one
            ");
        }
    }
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROVIDERS)
        .answers(404, json!({"message": OFF}));
    insta::assert_snapshot!(supabase.run("auth sso list"), @"
    ------- stderr -------
    error[feature_disabled]: SAML 2.0 support is not enabled for this project
    hint: `supactl auth sso enable` switches it on with the first provider
    [exit status: 6]
    ");
}

#[test]
fn get_shows_a_provider() {
    let supabase = with(&Value::Null);
    insta::assert_snapshot!(supabase.run(&format!("auth sso get {ID}")), @"
    id	8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804
    disabled	no
    domains	example.com, example.org
    saml.entity_id	https://idp.example.com/metadata
    created_at	2026-06-01 09:00:00+00:00
    updated_at	2026-06-02 09:00:00+00:00
    saml.metadata_url	
    saml.name_id_format	urn:oasis:names:tc:SAML:2.0:nameid-format:persistent
    saml.attribute_mapping	{}
    ");
    let metadata = supabase.run(&format!("auth sso get {ID} --jq .data.saml.metadata_xml"));
    assert!(metadata.stdout().starts_with("<?xml"), "{metadata}");
}

#[test]
fn a_missing_provider_is_not_found() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &one())
        .answers(404, json!({"message": "SSO Identity Provider not found"}));
    insta::assert_snapshot!(supabase.run(&format!("auth sso get {ID}")), @"
    ------- stderr -------
    error[not_found]: SSO provider `8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804` was not found
    hint: `supactl auth sso list` shows what there is
    [exit status: 5]
    ");
    for line in [
        "enable ID",
        "update ID --domain a.example",
        "disable ID --yes",
        "disable ID --remove --yes",
    ] {
        let screen = supabase.run(&format!("auth sso {}", line.replace("ID", ID)));
        assert_eq!(screen.code(), Some("not_found"), "{screen}");
    }
}

#[test]
fn info_asks_nobody_and_needs_no_token() {
    let world = World::new();
    let run = world
        .command("auth sso info")
        .without("SUPABASE_ACCESS_TOKEN")
        .without("SUPACTL_PROJECT_URL");
    insta::assert_snapshot!(run.run(), @"
    entity_id	https://abcdefghijklmnopqrst.supabase.co/auth/v1/sso/saml/metadata
    metadata_url	https://abcdefghijklmnopqrst.supabase.co/auth/v1/sso/saml/metadata
    metadata_download_url	https://abcdefghijklmnopqrst.supabase.co/auth/v1/sso/saml/metadata?download=true
    acs_url	https://abcdefghijklmnopqrst.supabase.co/auth/v1/sso/saml/acs
    slo_url	https://abcdefghijklmnopqrst.supabase.co/auth/v1/sso/slo
    relay_state	https://abcdefghijklmnopqrst.supabase.co
    name_id_format	persistent
    ");
}

#[test]
fn enable_adds_a_provider_and_sends_only_what_was_given() {
    let supabase = with(&Value::Null);
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"saml_enabled": true}));
    supabase.on("PATCH", CONFIG).never();
    supabase
        .on("POST", PROVIDERS)
        .with_body(json!({"type": "saml", "metadata_url": "https://idp.example.com/metadata", "domains": ["example.com"]}))
        .answers(201, provider(&Value::Null))
        .once();
    insta::assert_snapshot!(supabase.run("auth sso enable --metadata-url https://idp.example.com/metadata --domain EXAMPLE.com"), @"
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
    Added SSO provider `8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804`
    `supactl auth sso info` shows what it asks of the project
    ");
}

#[test]
fn enable_reads_files_and_checks_them_first() {
    let supabase = with(&Value::Null);
    let text = xml("https://idp.example.com/metadata");
    let file = supabase.world().file("idp.xml", &text);
    let mapping = json!({"keys": {"email": {"name": "mail"}}});
    let claims = supabase.world().file("claims.json", &mapping.to_string());
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"saml_enabled": true}));
    supabase
        .on("POST", PROVIDERS)
        .with_body(
            json!({"type": "saml", "metadata_xml": text, "attribute_mapping": mapping,
            "name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}),
        )
        .answers(201, provider(&Value::Null))
        .times(2);
    let line = "auth sso enable --name-id-format email --attribute-mapping";
    let from_file = supabase
        .command(line)
        .arg(&claims)
        .arg("--metadata-file")
        .arg(&file)
        .run();
    assert_eq!(from_file.status(), Some(0), "{from_file}");
    let from_input = supabase
        .command(line)
        .arg(&claims)
        .arg("--metadata-file")
        .arg("-")
        .input(&text)
        .run();
    assert_eq!(from_input.status(), Some(0), "{from_input}");
}

#[test]
fn hostile_and_wrong_files_are_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    let laughs = (1..12).fold(String::new(), |text, level| {
        let ten = format!("&l{};", level - 1).repeat(10);
        format!("{text}<!ENTITY l{level} \"{ten}\">")
    });
    let within = |before: &str, entity: &str| {
        let text = xml("https://idp.example.com").replace(
            "<md:EntityDescriptor",
            &format!("{before}<md:EntityDescriptor"),
        );
        text.replace(
            "</md:EntityDescriptor>",
            &format!("{entity}</md:EntityDescriptor>"),
        )
    };
    for (text, word) in [
        (
            within(
                "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
                "&e;",
            ),
            "document type",
        ),
        (
            within(
                &format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]>"),
                "&l11;",
            ),
            "document type",
        ),
        (
            within("<!DOCTYPE x SYSTEM \"http://127.0.0.1/x.dtd\">", ""),
            "document type",
        ),
        (within("", "&e;"), "not XML"),
        ("<md:EntityDescriptor".to_owned(), "not XML"),
        (String::new(), "not XML"),
        ("<html/>".to_owned(), "no identity provider"),
    ] {
        let file = supabase.world().file("idp.xml", &text);
        for line in [
            "auth sso enable --metadata-file".to_owned(),
            format!("auth sso update {ID} --metadata-file"),
        ] {
            let screen = supabase.command(&line).arg(&file).run();
            assert_eq!(
                (screen.status(), screen.code()),
                (Some(2), Some("invalid_input")),
                "{screen}"
            );
            assert!(screen.stderr().contains(word), "{screen}");
            assert!(!screen.stderr().contains("root:"), "{screen}");
        }
    }
    let claims = supabase.world().file("claims.json", r#"{"email": "mail"}"#);
    insta::assert_snapshot!(supabase.command("auth sso enable --metadata-url https://idp.example.com --attribute-mapping").arg(&claims).run(), @r#"
    ------- stderr -------
    error[invalid_input]: --attribute-mapping [world]/claims.json: it is not a mapping of attributes (unknown field `email`, expected `keys` at line 1 column 8): write `{"keys": {"email": {"name": "mail"}}}`
    [exit status: 2]
    "#);
    insta::assert_snapshot!(supabase.run("auth sso enable --metadata-url http://idp.example.com"), @"
    ------- stderr -------
    error[invalid_input]: `--metadata-url` cannot be `http://idp.example.com`: the address of metadata begins with `https://`: the Auth service fetches it; a file goes with `--metadata-file`
    hint: `supactl auth sso enable --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("auth sso enable --metadata-url https://idp.example.com --domain ada@example.com"), @"
    ------- stderr -------
    error[invalid_input]: `--domain` cannot be `ada@example.com`: a domain is what stands behind the @ of e-mail addresses, such as `acme.com`
    hint: `supactl auth sso enable --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("auth sso enable --domain example.com"), @"
    ------- stderr -------
    error[usage]: one of these is missing: `ID|--metadata-url <URL>|--metadata-file <FILE>`
    hint: `supactl auth sso enable --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run(&format!("auth sso enable {ID} --domain example.com")), @"
    ------- stderr -------
    error[usage]: `[ID]` does not go with `--domain`
    hint: `supactl auth sso enable --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run(&format!("auth sso update {ID}")), @"
    ------- stderr -------
    error[usage]: one of these is missing: `--metadata-url <URL>|--metadata-file <FILE>|--domain <DOMAIN>|--add-domain <DOMAIN>|--remove-domain <DOMAIN>|--attribute-mapping <FILE>|--name-id-format <FORMAT>`
    hint: `supactl auth sso update --help` shows all that it takes
    [exit status: 2]
    ");
    assert_eq!(
        supabase
            .run("auth sso enable --metadata-file nowhere.xml")
            .status(),
        Some(2)
    );
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn saml_is_switched_on_after_asking_only() {
    let line = "auth sso enable --metadata-url https://idp.example.com/metadata";
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"saml_enabled": null}));
    supabase.on("PATCH", CONFIG).never();
    supabase.on("POST", PROVIDERS).never();
    insta::assert_snapshot!(supabase.run(line), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[confirmation_required]: cannot ask for confirmation here: Project abcdefghijklmnopqrst does not take SAML yet. Switch it on?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    let screen = supabase
        .command(line)
        .at_terminal(100)
        .reads("[y/N]")
        .types("n")
        .sees_the_end();
    assert_eq!(screen.status(), Some(3), "{screen}");
    insta::assert_snapshot!(supabase.run(&format!("{line} --dry-run -o ndjson")), @r#"
    {"requests":[{"method":"PATCH","url":"http://127.0.0.1:[port]/v1/projects/abcdefghijklmnopqrst/config/auth","body":{"saml_enabled":true}},{"method":"POST","url":"http://127.0.0.1:[port]/v1/projects/abcdefghijklmnopqrst/config/auth/sso/providers","body":{"type":"saml","metadata_url":"https://idp.example.com/metadata"}}],"sql":[]}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Dry run: nothing was changed
    "#);

    let supabase = with(&Value::Null);
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"saml_enabled": false}));
    supabase
        .on("PATCH", CONFIG)
        .with_body(json!({"saml_enabled": true}))
        .answers(200, json!({"saml_enabled": true}))
        .once();
    supabase
        .on("POST", PROVIDERS)
        .answers(201, provider(&Value::Null))
        .once();
    let screen = supabase.run(&format!("{line} --yes"));
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_service_that_does_not_take_saml_in_time_is_told() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"saml_enabled": true}));
    supabase
        .on("POST", PROVIDERS)
        .answers(404, json!({"message": OFF}))
        .once();
    insta::assert_snapshot!(supabase.run("auth sso enable --metadata-url https://idp.example.com --timeout 1ns"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    SAML: being switched on
    error[timeout]: SAML: still being switched on after 0 s
    hint: no provider was added: type it again in a minute, or wait longer with `--timeout`
    [exit status: 8]
    ");
}

#[test]
fn a_plan_without_saml_is_told() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"saml_enabled": false}));
    supabase
        .on("PATCH", CONFIG)
        .answers(
            402,
            json!({"message": "SAML 2.0 is not included in your plan"}),
        )
        .once();
    let screen = supabase.run("auth sso enable --metadata-url https://idp.example.com --yes");
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(4), Some("plan_required")),
        "{screen}"
    );
}

#[test]
fn saml_that_was_switched_on_for_nothing_is_told() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"saml_enabled": false}));
    supabase
        .on("PATCH", CONFIG)
        .answers(200, json!({"saml_enabled": true}))
        .once();
    supabase
        .on("POST", PROVIDERS)
        .answers(400, json!({"message": "the metadata are broken"}))
        .once();
    insta::assert_snapshot!(supabase.run("auth sso enable --metadata-url https://idp.example.com --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Switched SAML on
    error[rejected]: SAML was switched on, and no provider was added: the metadata are broken
    [exit status: 1]
    ");
}
