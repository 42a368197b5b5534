use serde_json::json;

use crate::support::{FakeSupabase, Said, Screen, World};

const READ: &str = "/v1/projects/abcdefghijklmnopqrst/database/query/read-only";
const QUERY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query";
const ENDPOINTS: &str = "/v2/projects/abcdefghijklmnopqrst/webhooks/endpoints";
const ENDPOINT: &str = "0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f";

/// What stands in a header, and must stand nowhere else.
const SECRET: &str = "geheim";

fn keeps_the_secret(screen: &Screen) {
    assert!(!screen.stdout().contains(SECRET), "{screen}");
    assert!(!screen.stderr().contains(SECRET), "{screen}");
}

#[test]
fn platform_webhooks_are_told_to_be_in_early_access() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", ENDPOINTS).answers(
        403,
        json!({"error": {"code": "access_disabled", "message": "Access to webhooks is disabled"}}),
    );
    insta::assert_snapshot!(supabase.run("integrations webhooks platform list"), @"
    ------- stderr -------
    error[feature_disabled]: platform webhooks are in early access, and not enabled for this organization
    hint: Supabase's support can enable them; `supactl integrations webhooks create` needs no such thing
    [exit status: 6]
    ");
}

#[test]
fn platform_endpoints_are_shown_flat_page_after_page_and_without_header_values() {
    let supabase = FakeSupabase::start();
    let endpoint = |id: &str| {
        json!({"type": "endpoint", "id": id, "attributes": {"url": "https://example.com/hook", "enabled": true, "description": null,
            "event_types": [{"type": "v1.project.paused"}, {"type": "*"}], "custom_headers": {"X-Env": SECRET}, "created_at": "2026-11-22T09:30:00Z"}})
    };
    supabase
        .on("GET", ENDPOINTS)
        .with_query("page[limit]", "50")
        .answers(200, json!({"data": [endpoint(ENDPOINT)], "links": {"next": format!("{ENDPOINTS}?page%5Boffset%5D=50")}}))
        .once();
    supabase
        .on("GET", ENDPOINTS)
        .with_query("page[offset]", "50")
        .answers(
            200,
            json!({"data": [endpoint("second")], "links": {"next": null}}),
        )
        .once();
    let screen = supabase.run("integrations webhooks platform list -vv");
    keeps_the_secret(&screen);
    insta::assert_snapshot!(screen.stdout(), @"
    0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f	https://example.com/hook	true	v1.project.paused, *		X-Env: ********	2026-11-22 09:30:00+00:00
    second	https://example.com/hook	true	v1.project.paused, *		X-Env: ********	2026-11-22 09:30:00+00:00
    ");
}

#[test]
fn no_page_is_asked_for_that_is_not_needed() {
    let supabase = FakeSupabase::start();
    let deliveries = format!("{ENDPOINTS}/{ENDPOINT}/deliveries");
    let row = |id: &str| json!({"type": "delivery", "id": id, "attributes": {"status": "success"}});
    supabase
        .on("GET", &deliveries)
        .with_query("page[size]", "2")
        .answers(200, json!({"data": [row("1"), row("2")], "links": {"next": format!("{deliveries}?page%5Bafter%5D=2")}}))
        .once();
    let line =
        format!("integrations webhooks platform deliveries {ENDPOINT} --limit 2 --fields id");
    assert_eq!(supabase.run(&line).stdout(), "1\n2\n");
}

#[test]
fn all_platform_endpoints_are_deleted_in_one_request() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", ENDPOINTS).answers(
        200,
        json!({"data": [{"id": ENDPOINT, "attributes": {}}], "links": {}}),
    );
    supabase
        .on("DELETE", ENDPOINTS)
        .answers(204, Said::Nothing)
        .once();
    let screen = supabase.run("integrations webhooks platform delete --all --yes");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_platform_endpoint_is_created_with_what_was_given() {
    let supabase = FakeSupabase::start();
    let endpoint = json!({"data": {"type": "endpoint", "id": ENDPOINT, "attributes": {"id": ENDPOINT, "url": "https://example.com/hook"}}});
    supabase
        .on("POST", ENDPOINTS)
        .with_body(json!({"data": {"type": "endpoint", "attributes": {"url": "https://example.com/hook", "signing_secret": "geheimnis",
            "event_types": [{"type": "v1.project.paused"}, {"type": "*"}], "custom_headers": {"X-Env": "geheim"}}}}))
        .answers(201, endpoint.clone())
        .once();
    supabase
        .on("GET", &format!("{ENDPOINTS}/{ENDPOINT}"))
        .answers(200, endpoint)
        .once();
    let line = "integrations webhooks platform create --url https://example.com/hook --event project.paused,* --signing-secret env:SIGN --header X-Env=env:ENV -vv";
    let screen = supabase
        .command(line)
        .env("SIGN", "geheimnis")
        .env("ENV", "geheim")
        .run();
    assert_eq!(screen.status(), Some(0), "{screen}");
    keeps_the_secret(&screen);
    let screen = supabase
        .command(&format!("{line} --dry-run"))
        .env("SIGN", "geheimnis")
        .env("ENV", "geheim")
        .run();
    keeps_the_secret(&screen);
    for (line, why) in [
        (
            "create --url https://10.0.0.1/ --event * --signing-secret env:SIGN",
            "public addresses",
        ),
        (
            "create --url https://example.com/ --event project.pased --signing-secret env:SIGN",
            "did you mean `v1.project.paused`",
        ),
        (
            "create --url https://example.com/ --event * --signing-secret env:SHORT",
            "from 8 to 64",
        ),
        ("get nope", "UUID"),
        (
            "test 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --event *",
            "one kind of event",
        ),
    ] {
        let run = supabase.command(&format!("integrations webhooks platform {line}"));
        let screen = run.env("SIGN", "geheimnis").env("SHORT", "geheim").run();
        assert_eq!(screen.status(), Some(2), "{screen}");
        assert!(screen.stderr().contains(why), "{screen}");
    }
}

#[test]
fn a_platform_delivery_is_retried_by_the_service() {
    let supabase = FakeSupabase::start();
    supabase
        .on(
            "POST",
            &format!("/v2/organizations/acme/webhooks/deliveries/{ENDPOINT}/retry"),
        )
        .answers(200, json!({"data": {"type": "ingress", "id": "in_1"}}))
        .once();
    insta::assert_snapshot!(supabase.run(&format!("integrations webhooks platform retry {ENDPOINT} --org acme")), @"
    id	in_1
    ------- stderr -------
    Organization acme
    The service sends it in its own time: `deliveries` shows what became of it
    ");
    supabase
        .on("GET", &format!("{ENDPOINTS}/{ENDPOINT}/deliveries"))
        .with_query("page[size]", "2")
        .answers(200, json!({"data": [
            {"type": "delivery", "id": "a", "attributes": {"status": "failure", "response_code": 0, "attempt_timestamp": "2026-11-22T09:30:00Z", "error_message": "timeout",
                "event": {"type": "v1.project.paused", "payload": {}}, "response_body": null}},
            {"type": "delivery", "id": "b", "attributes": {"status": "success", "response_code": 204, "attempt_timestamp": "2026-11-22T09:30:00Z",
                "event": {"type": "v1.project.paused", "payload": {}}, "response_body": {"ok": "yes"}}},
            {"type": "delivery", "id": "c", "attributes": {}}], "links": {"next": null}}));
    insta::assert_snapshot!(supabase.run(&format!("integrations webhooks platform deliveries {ENDPOINT} --limit 2")), @r#"
    a	2026-11-22 09:30:00+00:00	v1.project.paused	failure		timeout	
    b	2026-11-22 09:30:00+00:00	v1.project.paused	success	204		{"ok":"yes"}
    "#);
}

#[test]
fn an_endpoint_lives_from_create_to_delete_in_the_sandbox() {
    let world = World::new();
    let run = |line: &str| {
        let run = world.command(&format!("integrations webhooks platform {line}"));
        let screen = run
            .env("SUPACTL_PROFILE", "sandbox")
            .env("SIGN", "geheimnis")
            .run();
        keeps_the_secret(&screen);
        screen
    };
    let made = run("create --url https://example.com/fails --event project.paused --signing-secret env:SIGN -o json").json();
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made["data"]["event_types"], json!(["v1.project.paused"]));
    assert_eq!(run("list -o json").json()["metadata"]["count"], 2);
    let wrong = run(&format!("test {id} --event project.restored"));
    assert_eq!(wrong.status(), Some(1), "{wrong}");
    assert_eq!(run(&format!("test {id}")).status(), Some(0));
    let one = |field: &str| {
        run(&format!("deliveries {id} --limit 1 -o json")).json()["data"][0][field].clone()
    };
    assert_eq!(one("status"), "pending");
    let _ = world
        .command("sandbox clock +5s")
        .env("SUPACTL_PROFILE", "sandbox")
        .run();
    assert_eq!(
        (one("status"), one("response_code")),
        (json!("failure"), json!(503))
    );
    let delivery = one("id").as_str().unwrap().to_owned();
    assert_eq!(
        run(&format!(
            "update {id} --url https://example.com/hook --description better"
        ))
        .status(),
        Some(0)
    );
    assert_eq!(run(&format!("retry {delivery}")).status(), Some(0));
    let _ = world
        .command("sandbox clock +5s")
        .env("SUPACTL_PROFILE", "sandbox")
        .run();
    assert_eq!(one("status"), "success");
    assert_eq!(
        run(&format!("delivery {delivery} -o json")).json()["data"]["status"],
        "failure"
    );
    assert_eq!(run(&format!("update {id} --disable")).status(), Some(0));
    assert_eq!(run(&format!("test {id}")).code(), Some("conflict"));
    assert_eq!(
        run(&format!("delete {id} --yes -o json")).json()["data"]["deleted"],
        true
    );
    assert_eq!(run(&format!("get {id}")).code(), Some("not_found"));
    assert_eq!(
        run("delete --all --yes -o json").json()["metadata"]["count"],
        1
    );
    assert_eq!(run("list --org acme -o json").json()["data"], json!([]));
    assert_eq!(run("list --org nobody").code(), Some("forbidden"));
}

#[test]
fn deleting_and_pruning_ask_first() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ).never();
    supabase.on("POST", QUERY).never();
    for line in [
        "delete new_orders",
        "prune --older-than 30d",
        "platform delete --all",
    ] {
        let screen = supabase.run(&format!("integrations webhooks {line}"));
        assert_eq!(screen.code(), Some("confirmation_required"), "{screen}");
    }
}

#[test]
fn an_odd_answer_to_a_deletion_is_no_panic() {
    let supabase = FakeSupabase::start();
    supabase
        .on("DELETE", &format!("{ENDPOINTS}/{ENDPOINT}"))
        .answers(200, json!([]))
        .once();
    supabase
        .on("GET", &format!("{ENDPOINTS}/{ENDPOINT}"))
        .answers(200, json!({"data": {"id": ENDPOINT, "attributes": {"name": "x", "url": "https://x.example"}}}));
    let screen = supabase.run(&format!(
        "integrations webhooks platform delete {ENDPOINT} --yes"
    ));
    assert_ne!(screen.code(), Some("internal"), "{screen}");
}
