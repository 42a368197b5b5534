use serde_json::json;

use crate::support::{FakeSupabase, PROJECT, Said, World};

#[test]
fn a_refusal_that_repeats_a_secret_of_raw_json_is_told_without_it() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/things")
        .answers(400, json!({"message": "`hunter2hunter2` is too short"}));
    let run = supabase.command("api POST /v1/things --input -");
    let screen = run.input(r#"{"db_pass": "hunter2hunter2"}"#).run();
    assert_eq!(screen.status(), Some(1), "{screen}");
    assert!(
        screen.stderr().contains("`********` is too short"),
        "{screen}"
    );
}

#[test]
fn the_answer_comes_as_it_is() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/anything")
        .without_header("content-length")
        .answers(
            200,
            Said::Raw(
                b"{\"b\": 1,  \"a\":\"\xc3\xa9\"}\r\n\x00".to_vec(),
                "application/json",
            ),
        )
        .once();
    let screen = supabase.run("api GET /v1/anything");
    assert_eq!(screen.stdout(), "{\"b\": 1,  \"a\":\"é\"}\r\n\0");
    assert_eq!(screen.stderr(), "");
}

#[test]
fn a_format_puts_it_into_the_envelope() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(200, "project-paused.json")
        .times(2);
    insta::assert_snapshot!(supabase.run("api get /v1/projects/{ref} -o json"), @r#"{"data":{"id":"abcdefghijklmnopqrst","ref":"abcdefghijklmnopqrst","organization_id":"acme","organization_slug":"acme","name":"acme-shop","region":"eu-central-1","created_at":"2026-03-01T10:00:00Z","status":"INACTIVE"},"success":true,"error":null,"metadata":{"command":"api","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}"#);
    insta::assert_snapshot!(supabase.run("api get /v1/projects/{ref} -o csv"), @"
    id,ref,organization_id,organization_slug,name,region,created_at,status
    abcdefghijklmnopqrst,abcdefghijklmnopqrst,acme,acme,acme-shop,eu-central-1,2026-03-01T10:00:00Z,INACTIVE
    ");
}

#[test]
fn an_answer_without_a_body_is_null_in_the_envelope() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/projects/abcdefghijklmnopqrst/pause")
        .with_header("content-length", "0")
        .without_header("content-type")
        .answers(200, Said::Nothing)
        .times(2);
    insta::assert_snapshot!(supabase.run("api POST /v1/projects/{ref}/pause"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    ");
    insta::assert_snapshot!(supabase.run("api POST /v1/projects/{ref}/pause -o json"), @r#"
    {"data":null,"success":true,"error":null,"metadata":{"command":"api","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    "#);
}

#[test]
fn fields_become_the_query_of_a_get_and_the_body_of_the_rest() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/snippets")
        .with_query("limit", "5")
        .with_query("project_ref", "a&b")
        .answers(200, json!({}))
        .once();
    supabase
        .on("PATCH", PROJECT)
        .with_header("content-type", "application/json")
        .with_body(json!({"name": "5", "size": 5, "tags": ["a", true], "in": {"ner": null}}))
        .answers(200, json!({}))
        .once();
    let screen = supabase.run("api GET /v1/snippets -F limit=5 -f project_ref=a&b");
    assert_eq!(screen.stdout(), "{}", "{screen}");
    let screen = supabase.run("api PATCH /v1/projects/{ref} -f name=5 -F size=5 -f tags[]=a -F tags[]=true -F in[ner]=null");
    insta::assert_snapshot!(screen, @"
    {}[no line end]
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    ");
}

#[test]
fn a_body_comes_from_a_file_or_from_standard_input() {
    let supabase = FakeSupabase::start();
    supabase
        .on("PUT", "/v1/things")
        .with_body(json!({"a": 1}))
        .answers(200, json!({"ok": true}))
        .times(2);
    supabase.world().file("here/body.json", r#"{"a":1}"#);
    let from_file = supabase.run("api PUT /v1/things --input body.json");
    let from_input = supabase
        .command("api PUT /v1/things --input -")
        .input(r#"{"a": 1}"#)
        .run();
    assert_eq!(from_file.stdout(), r#"{"ok":true}"#, "{from_file}");
    assert_eq!(from_input.stdout(), r#"{"ok":true}"#, "{from_input}");
    insta::assert_snapshot!(supabase.run("api PUT /v1/things --input nothing.json"), @"
    ------- stderr -------
    error[invalid_input]: --input nothing.json: No such file or directory (os error 2)
    [exit status: 2]
    ");
}

#[test]
fn include_shows_the_head_of_the_answer() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/things")
        .with_header("x-mine", "yes")
        .answers(201, json!([1]))
        .header("x-ratelimit-remaining", "118");
    let screen = supabase
        .command("api GET /v1/things --include -H")
        .arg("X-Mine: yes")
        .run();
    let shown: Vec<_> = screen
        .stdout()
        .lines()
        .filter(|line| !line.starts_with("date:"))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    HTTP 201
    x-ratelimit-remaining: 118
    content-type: application/json
    content-length: 3

    [1]
    ");
    insta::assert_snapshot!(supabase.run("api GET /v1/things --include -o json"), @r#"
    {"data":null,"success":false,"error":{"code":"usage","message":"`--include` prints text: it does not go with `--format`","hint":null,"status":null,"request_id":null,"details":null},"metadata":{"command":"api","project":null,"timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[usage]: `--include` prints text: it does not go with `--format`
    [exit status: 2]
    "#);
}

#[test]
fn pages_become_one_list() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/snippets")
        .without_query("cursor")
        .answers(200, json!({"data": [{"id": 1}], "cursor": "next"}))
        .once();
    supabase
        .on("GET", "/v1/snippets")
        .with_query("cursor", "next")
        .answers(200, json!({"data": [{"id": 2}]}))
        .once();
    insta::assert_snapshot!(supabase.run("api GET /v1/snippets --paginate -o ndjson"), @r#"
    {"id":1}
    {"id":2}
    "#);
}

#[test]
fn links_to_the_next_page_are_followed_on_the_same_host_only() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v2/organizations/acme/projects")
        .without_query("page[after]")
        .answers(200, json!({"data": [1], "links": {"next": "/v2/organizations/acme/projects?page%5Bafter%5D=x"}}))
        .once();
    supabase
        .on("GET", "/v2/organizations/acme/projects")
        .with_query("page[after]", "x")
        .answers(200, json!({"data": [2], "links": {"next": null}}))
        .once();
    insta::assert_snapshot!(supabase.run("api GET /v2/organizations/acme/projects --paginate -o ndjson"), @"
    1
    2
    ");
    supabase
        .on("GET", "/v2/elsewhere")
        .answers(
            200,
            json!({"data": [1], "links": {"next": "//elsewhere.example/"}}),
        )
        .once();
    insta::assert_snapshot!(supabase.run("api GET /v2/elsewhere --paginate"), @"
    ------- stderr -------
    error[malformed_response]: the next page would be elsewhere: //elsewhere.example/
    [exit status: 1]
    ");
}

#[test]
fn a_delete_is_asked_about() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("api DELETE /v1/projects/{ref}"), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Send DELETE /v1/projects/abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    supabase
        .on("DELETE", PROJECT)
        .answers(200, json!({"ref": "abcdefghijklmnopqrst"}))
        .once();
    insta::assert_snapshot!(supabase.run("api DELETE /v1/projects/{ref} --yes"), @r#"
    {"ref":"abcdefghijklmnopqrst"}[no line end]
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    "#);
}

#[test]
fn a_head_has_no_body_to_show() {
    let supabase = FakeSupabase::start();
    supabase
        .on("HEAD", "/v1/projects/abcdefghijklmnopqrst/actions")
        .answers(200, Said::Nothing)
        .header("x-total-count", "7")
        .times(2);
    let screen = supabase.run("api HEAD /v1/projects/{ref}/actions --include");
    assert!(screen.stdout().contains("x-total-count: 7\n"), "{screen}");
    let screen = supabase.run("api HEAD /v1/projects/{ref}/actions -o json");
    assert_eq!(screen.json()["data"], json!(null));
}

#[test]
fn only_paths_of_the_api_are_sent() {
    let world = World::new();
    for path in [
        "/v3/projects",
        "v1/projects",
        "https://elsewhere.example/v1/projects",
        "//elsewhere.example/v1/",
        "/v1/a b",
        "/v1/a#b",
        "@elsewhere.example/v1/",
    ] {
        let screen = world.command("api GET").arg(path).run();
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(2), Some("invalid_input")),
            "{path}\n{screen}"
        );
    }
    insta::assert_snapshot!(world.run("api GET /rest/v1/"), @"
    ------- stderr -------
    error[invalid_input]: `/rest/v1/` is not a path of the Management API
    hint: write it from the version on, encoded, such as `/v1/projects/{ref}`
    [exit status: 2]
    ");
    insta::assert_snapshot!(world.run("api FETCH /v1/projects"), @"
    ------- stderr -------
    error[invalid_input]: `<METHOD>` cannot be `FETCH`: one of GET, HEAD, POST, PUT, PATCH, DELETE
    hint: `supactl api --help` shows all that it takes
    [exit status: 2]
    ");
}

#[test]
fn a_path_cannot_climb_out_of_the_api() {
    let supabase = FakeSupabase::start();
    for path in [
        "/v1/../gw/secrets",
        "/v1/a/./b",
        "/v1/%2e%2E/x",
        "/v1/.%2e",
        "/v1/\\..\\x",
        "/v1/..?x=1",
    ] {
        let screen = supabase.command("api GET").arg(path).run();
        assert_eq!(screen.code(), Some("invalid_input"), "{path}\n{screen}");
    }
    supabase
        .on("GET", "/v1/things")
        .with_query("dots", "..a")
        .answers(200, json!([]))
        .once();
    let screen = supabase.run("api GET /v1/things?dots=..a");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let world = World::new();
    for line in [
        "api POST /v1/things --input x -f a=b",
        "api POST /v1/things --paginate",
        "api GET /v1/things --paginate --include",
        "api GET /v1/things -f novalue",
        "api GET /v1/things -H novalue",
        "api POST /v1/things -f a=1 -f a=2",
        "api POST /v1/things -f a[b=2",
    ] {
        let screen = world.run(line);
        assert_eq!(screen.status(), Some(2), "{line}\n{screen}");
    }
}

#[test]
fn a_limit_in_the_path_pages_like_one_that_is_a_field() {
    let supabase = FakeSupabase::start();
    let path = "/v1/projects/abcdefghijklmnopqrst/actions";
    supabase
        .on("GET", path)
        .without_query("offset")
        .answers(200, json!([{"id": 1}, {"id": 2}]))
        .once();
    supabase
        .on("GET", path)
        .with_query("offset", "2")
        .with_query("limit", "2")
        .answers(200, json!([{"id": 3}]))
        .once();
    let screen =
        supabase.run("api GET /v1/projects/{ref}/actions?limit=2 --paginate --jq .data|length");
    assert_eq!(screen.stdout(), "3\n", "{screen}");
}
