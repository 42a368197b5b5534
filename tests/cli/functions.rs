use serde_json::json;

use crate::support::{
    FakeSupabase, GIVEN_KEY, KEYS, LEGACY_KEY, REF, Said, Screen, Streaming, World,
};

const FUNCTIONS: &str = "/v1/projects/abcdefghijklmnopqrst/functions";
const HELLO: &str = "/v1/projects/abcdefghijklmnopqrst/functions/hello";
const CALL: &str = "/functions/v1/hello";
const LEGACY: &str = "/v1/projects/abcdefghijklmnopqrst/api-keys/legacy";

fn sandbox(world: &World, line: &str) -> Screen {
    world.command(line).env("SUPACTL_PROFILE", "sandbox").run()
}

/// A project whose keys are known, legacy ones switched on or off.
fn with_keys(legacy: bool) -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, "keys.json");
    supabase
        .on("GET", LEGACY)
        .answers(200, json!({"enabled": legacy}));
    supabase
}

#[test]
fn list_shows_the_newest_first_and_breaks_for_no_odd_row() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", FUNCTIONS).answers(
        200,
        json!([
            {"id": "1", "slug": "hello", "name": "hello", "status": "ACTIVE", "version": 3, "created_at": 1_767_225_600_000_i64, "updated_at": 1_767_225_700_000_i64, "verify_jwt": true, "entrypoint_path": "index.ts"},
            {"id": "2", "slug": "new", "status": "THROTTLED", "version": "1", "created_at": "2026-05-01T00:00:00Z"},
            "odd", {}
        ]),
    );
    insta::assert_snapshot!(supabase.run("functions list"), @"
    new	THROTTLED	1				2026-05-01 00:00:00+00:00
    hello	ACTIVE	3	true	index.ts	2026-01-01 00:01:40+00:00	2026-01-01 00:00:00+00:00
    ");
    let rows = supabase.run("functions list -o json").json();
    assert_eq!(rows["data"][1]["created_at"], "2026-01-01T00:00:00Z");
    assert_eq!(rows["data"][0]["version"], 1);
}

#[test]
fn get_and_delete_show_the_function() {
    let supabase = FakeSupabase::start();
    let hello = json!({"id": "1", "slug": "hello", "status": "ACTIVE", "version": 3, "created_at": 1_767_225_600_000_i64});
    supabase.on("GET", HELLO).answers(200, hello).times(2);
    supabase
        .on("DELETE", HELLO)
        .answers(200, json!({"message": "ok"}))
        .once();
    insta::assert_snapshot!(supabase.run("functions get hello"), @"
    slug	hello
    status	ACTIVE
    version	3
    verify_jwt	
    entrypoint_path	
    updated_at	
    created_at	2026-01-01 00:00:00+00:00
    ");
    insta::assert_snapshot!(supabase.run("functions delete hello --yes --fields slug,version,deleted"), @"
    slug	hello
    version	3
    deleted	true
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Deleted function `hello`
    ");
}

#[test]
fn a_missing_function_is_not_found() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", HELLO)
        .answers(404, json!({"message": "Function not found"}));
    supabase.on("DELETE", HELLO).never();
    for line in ["functions get hello", "functions delete hello --yes"] {
        assert_eq!(supabase.run(line).code(), Some("not_found"), "{line}");
    }
    insta::assert_snapshot!(supabase.run("functions get hello"), @"
    ------- stderr -------
    error[not_found]: function `hello` was not found
    hint: `supactl functions list` shows what there is
    [exit status: 5]
    ");
    assert_eq!(supabase.run("functions get ../hello").status(), Some(2));
}

#[test]
fn a_call_sends_what_was_given() {
    let supabase = with_keys(true);
    supabase
        .on("PUT", CALL)
        .with_body(json!({"a": 1}))
        .with_header("content-type", "application/json")
        .with_header("x-trace", "1")
        // A legacy key is a token too, with which functions that ask for one are content.
        .with_header("apikey", "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.x")
        .with_header(
            "authorization",
            "Bearer eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.x",
        )
        .answers(200, Said::text("done\n"))
        .once();
    let call = supabase
        .command("functions invoke hello --method PUT")
        .args(["-d", r#"{"a":1}"#, "-H", "X-Trace: 1"]);
    insta::assert_snapshot!(call.run(), @"
    done
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    200 in [ms] ms
    ");
}

#[test]
fn where_legacy_keys_are_off_the_new_ones_are_used() {
    let supabase = with_keys(false);
    supabase
        .on("POST", CALL)
        .with_header("apikey", "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH")
        .without_header("authorization")
        .answers(200, Said::text("new\n"))
        .once();
    assert_eq!(supabase.run("functions invoke hello").stdout(), "new\n");
}

#[test]
fn the_secret_key_is_used_when_that_is_asked_for() {
    let supabase = with_keys(true);
    supabase
        .on("POST", CALL)
        .with_header("apikey", LEGACY_KEY)
        .answers(200, Said::text("all rights\n"))
        .once();
    assert_eq!(
        supabase.run("functions invoke hello --service").stdout(),
        "all rights\n"
    );
    let looks = supabase
        .requests()
        .iter()
        .any(|request| request.url.query() == Some("reveal=true"));
    assert!(looks, "{}", supabase.conversation());
}

#[test]
fn a_key_given_by_hand_asks_for_no_other() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", CALL)
        .with_header("apikey", GIVEN_KEY)
        .answers(200, Said::text("given\n"))
        .once();
    let screen = supabase
        .command("functions invoke hello --service --service-key env:KEY")
        .env("KEY", GIVEN_KEY)
        .run();
    assert_eq!(screen.stdout(), "given\n", "{screen}");
}

#[test]
fn a_token_of_a_user_replaces_the_key() {
    let supabase = with_keys(true);
    supabase
        .on("POST", CALL)
        .with_header("authorization", "Bearer of-a-user")
        .answers(200, Said::text("hi\n"))
        .once();
    let call = supabase
        .command("functions invoke hello")
        .args(["-H", "Authorization: Bearer of-a-user"]);
    assert_eq!(call.run().stdout(), "hi\n");
}

#[test]
fn bytes_from_elsewhere_are_sent_as_they_are() {
    let supabase = with_keys(true);
    supabase
        .on("POST", CALL)
        .with_header("content-type", "application/octet-stream")
        .answers(200, Said::Nothing)
        .once();
    supabase
        .on("POST", CALL)
        .with_header("content-type", "application/json")
        .answers(200, Said::Nothing)
        .once();
    supabase
        .on("POST", CALL)
        .with_header("content-type", "text/plain")
        .answers(200, Said::Nothing)
        .once();
    let file = supabase.world().file("body.txt", "not json");
    let from_file = supabase
        .command("functions invoke hello -d")
        .arg(format!("@{}", file.display()))
        .run();
    assert_eq!(from_file.status(), Some(0), "{from_file}");
    let from_input = supabase
        .command("functions invoke hello -d -")
        .input("[1]")
        .run();
    assert_eq!(from_input.status(), Some(0), "{from_input}");
    let typed = supabase
        .command("functions invoke hello -d words")
        .args(["-H", "Content-Type: text/plain"])
        .run();
    assert_eq!(typed.status(), Some(0), "{typed}");
    let requests = supabase.requests();
    let bodies: Vec<_> = requests
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| request.body.as_slice())
        .collect();
    assert_eq!(bodies, [b"not json".as_slice(), b"[1]", b"words"]);
}

#[test]
fn a_body_that_is_no_json_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("functions invoke hello -d words"), @"
    ------- stderr -------
    error[invalid_input]: `--data` is not JSON: expected value at line 1 column 1
    hint: `@FILE` and `-` take any bytes, and so does text with `-H 'Content-Type: text/plain'`
    [exit status: 2]
    ");
    assert_eq!(
        supabase.run("functions invoke hello -o json").status(),
        Some(2)
    );
    assert_eq!(
        supabase
            .run("functions invoke hello --anon --service")
            .status(),
        Some(2)
    );
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn an_answer_is_printed_as_it_comes() {
    let project = Streaming::start();
    let world = World::served_by(project.address());
    let person = world.command("functions invoke hello").at_terminal(100);
    project.says("data: first\n\n");
    // It is on the screen while the function has not said the rest.
    let person = person.reads("first");
    project.says("data: last");
    let person = person.reads("last");
    drop(project);
    let screen = person.sees_the_end();
    assert_eq!(screen.status(), Some(0), "{screen}");
    assert!(screen.to_string().contains("200 in "), "{screen}");
}

#[test]
fn a_failing_function_shows_its_answer_and_is_not_called_again() {
    for (status, hint) in [
        (500, "logged"),
        (429, "logged"),
        (503, "logged"),
        (401, "JWT"),
        (404, "functions list"),
    ] {
        let supabase = with_keys(true);
        supabase
            .on("POST", CALL)
            .answers(status, Said::text("no\n"))
            .header("x-request-id", "r1")
            .once();
        let screen = supabase.run("functions invoke hello");
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(1), Some("function_failed")),
            "{screen}"
        );
        assert_eq!(screen.stdout(), "no\n");
        assert!(
            screen.stderr().contains(hint) && screen.stderr().contains("request r1"),
            "{screen}"
        );
    }
}

#[test]
fn a_paused_project_is_no_failing_function() {
    let supabase = with_keys(true);
    supabase
        .on("POST", CALL)
        .answers(540, json!({"message": "This project is paused."}))
        .once();
    insta::assert_snapshot!(supabase.run("functions invoke hello"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[project_paused]: This project is paused.
    hint: `supactl projects restore <REF>` wakes it up
    [exit status: 6]
    ");
}

#[test]
fn a_call_says_that_it_may_have_happened() {
    let server = crate::support::Faulty::hangs_up();
    let world = World::served_by(server.address());
    let run = world
        .command("functions invoke hello --service --retries 0 --service-key env:KEY")
        .env("KEY", GIVEN_KEY);
    let screen = run.run();
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(8), Some("network")),
        "{screen}"
    );
    assert!(screen.stderr().contains("may have happened"), "{screen}");
    assert_eq!(server.requests(), 1);
}

#[test]
fn the_sandbox_answers_with_an_echo_that_says_so() {
    let world = World::new();
    let call = world
        .command("functions invoke checkout")
        .env("SUPACTL_PROFILE", "sandbox")
        .args(["-d", r#"{"items":[1]}"#])
        .run();
    let echo = call.json();
    assert!(echo["sandbox"].as_str().unwrap().contains("echo"), "{call}");
    assert_eq!(
        (&echo["function"], &echo["body"]),
        (&json!("checkout"), &json!(r#"{"items":[1]}"#))
    );
    assert!(
        call.stderr().contains("200 in [ms] ms") || call.stderr().contains("200 in "),
        "{call}"
    );
    assert_eq!(
        sandbox(&world, "functions invoke nope").code(),
        Some("function_failed")
    );
    // With the legacy keys off only a token of a user opens a function that asks for one.
    let off = sandbox(
        &world,
        "api PUT /v1/projects/{ref}/api-keys/legacy?enabled=false",
    );
    assert_eq!(off.stdout(), r#"{"enabled":false}"#, "{off}");
    assert_eq!(
        sandbox(&world, "functions invoke checkout").code(),
        Some("function_failed")
    );
    assert_eq!(
        sandbox(&world, "functions invoke stripe-webhook").status(),
        Some(0)
    );
}

/// The sources of a function as the service sends them.
fn parts(files: &[(&str, &str)]) -> Said {
    let mut body =
        "--line\r\ncontent-disposition: form-data; name=\"metadata\"\r\n\r\n{}\r\n".to_owned();
    for (path, text) in files {
        body.push_str(&format!("--line\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\nsupabase-path: {path}\r\n\r\n{text}\r\n"));
    }
    body.push_str("--line--\r\n");
    Said::Raw(body.into_bytes(), "multipart/form-data; boundary=line")
}

fn downloadable(files: &[(&str, &str)]) -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase
        .on(
            "GET",
            "/v1/projects/abcdefghijklmnopqrst/functions/hello/body",
        )
        .with_header("accept", "multipart/form-data")
        .answers(200, parts(files));
    supabase
}

#[test]
fn download_prints_what_comes() {
    let supabase = downloadable(&[("index.ts", "one\r\n")]);
    let screen = supabase.run("functions download hello");
    assert!(
        screen.stdout().starts_with("--line\r\n")
            && screen.stdout().ends_with("one\r\n\r\n--line--\r\n"),
        "{screen}"
    );
    assert_eq!(
        supabase.run("functions download hello -o json").status(),
        Some(2)
    );
}

#[test]
fn download_writes_files_where_they_were() {
    let supabase = downloadable(&[("index.ts", "one\r\n"), ("../_shared/no", "")]);
    let screen = supabase.run("functions download hello --into there");
    assert_eq!(screen.code(), Some("malformed_response"), "{screen}");
    assert!(
        !supabase.world().path().join("here/there").exists(),
        "nothing was written"
    );

    let supabase = downloadable(&[("index.ts", "one\r\n"), ("a/b ä.json", "{}")]);
    insta::assert_snapshot!(supabase.run("functions download hello --into there"), @"
    ------- stderr -------
    Wrote there/index.ts
    Wrote there/a/b ä.json
    ");
    let read = |name: &str| {
        std::fs::read_to_string(supabase.world().path().join("here/there").join(name)).unwrap()
    };
    assert_eq!(
        (read("index.ts").as_str(), read("a/b ä.json").as_str()),
        ("one\r\n", "{}")
    );

    // The same again changes nothing; what a person changed is only replaced after a yes.
    assert_eq!(
        supabase
            .run("functions download hello --into there")
            .stderr(),
        ""
    );
    supabase.world().file("here/there/index.ts", "mine");
    insta::assert_snapshot!(supabase.run("functions download hello --into there"), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Replace 1 file in there?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    assert_eq!(read("index.ts"), "mine");
    assert_eq!(
        supabase
            .run("functions download hello --into there --yes")
            .status(),
        Some(0)
    );
    assert_eq!(read("index.ts"), "one\r\n");
}

#[test]
fn what_is_there_and_cannot_be_read_is_not_replaced() {
    let supabase = downloadable(&[("index.ts", "one\r\n")]);
    supabase.world().file("here/there/index.ts/mine", "");
    let screen = supabase.run("functions download hello --into there --yes");
    assert_eq!(screen.code(), Some("invalid_input"), "{screen}");
    assert!(screen.stderr().contains("there/index.ts"), "{screen}");
    assert!(
        !screen.stderr().contains("Wrote"),
        "nothing was begun: {screen}"
    );
}

#[test]
fn a_bundle_that_only_the_service_reads_is_told_so() {
    let supabase = FakeSupabase::start();
    supabase
        .on(
            "GET",
            "/v1/projects/abcdefghijklmnopqrst/functions/hello/body",
        )
        .answers(
            200,
            Said::Raw(b"ESZIP2.3".to_vec(), "application/octet-stream"),
        );
    insta::assert_snapshot!(supabase.run("functions download hello --into there"), @"
    ------- stderr -------
    error[malformed_response]: the sources are not readable: they come as `application/octet-stream`
    [exit status: 1]
    ");
}

#[test]
fn a_dry_run_calls_nothing() {
    let supabase = with_keys(true);
    let screen = supabase.run("functions invoke hello --dry-run");
    assert_eq!(screen.json()["requests"][0]["method"], "POST", "{screen}");
    assert!(
        supabase
            .requests()
            .iter()
            .all(|request| request.method == "GET")
    );
    assert!(screen.stdout().contains(REF));
}

#[test]
fn where_a_function_redirects_to_is_for_the_caller() {
    let supabase = with_keys(false);
    supabase
        .on("GET", CALL)
        .answers(302, json!({}))
        .header("location", "/functions/v1/other")
        .once();
    supabase.on("GET", "/functions/v1/other").never();
    let screen = supabase.run("functions invoke hello --method GET");
    assert!(screen.stderr().contains("302 in"), "{screen}");
}

#[test]
fn a_header_that_may_be_a_key_is_masked_in_details() {
    let supabase = with_keys(false);
    supabase.on("POST", CALL).answers(200, Said::text("done"));
    let screen = supabase.run("functions invoke hello -H X-Api-Key:hunter2secret -vv");
    assert!(!screen.stderr().contains("hunter2"), "{screen}");
    assert!(
        screen
            .stderr()
            .to_lowercase()
            .contains("x-api-key: ********"),
        "{screen}"
    );
}

#[test]
fn at_a_terminal_an_answer_ends_its_line() {
    let seen = |said: &str| {
        let supabase = with_keys(false);
        supabase.on("POST", CALL).answers(200, Said::text(said));
        let person = supabase
            .command("functions invoke hello -q")
            .at_terminal(100);
        (
            person.sees_the_end().to_string(),
            supabase.run("functions invoke hello").stdout().to_owned(),
        )
    };
    let (open, piped) = seen("done");
    let (ended, _) = seen("done\n");
    assert_eq!(piped, "done");
    assert!(open.contains("done\n"), "{open:?}");
    assert_eq!(open, ended);
}

#[test]
fn a_reader_that_has_seen_enough_of_an_answer_is_no_failure() {
    let supabase = with_keys(false);
    supabase
        .on("POST", CALL)
        .answers(200, Said::text(&"x".repeat(500_000)));
    let run = supabase.command("functions invoke hello -q");
    let screen = run.run_into_closed_pipe();
    assert_eq!(
        (screen.status(), screen.stderr()),
        (Some(0), ""),
        "{screen}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let supabase = with_keys(false);
    // More than is held back for the end of a line.
    supabase
        .on("POST", CALL)
        .answers(200, Said::text(&"x".repeat(500_000)));
    let full = std::fs::File::create("/dev/full").unwrap();
    let screen = supabase.command("functions invoke hello").run_into(full);
    assert_eq!(screen.status(), Some(1), "{screen}");
    assert!(
        screen.stderr().contains("No space left on device"),
        "{screen}"
    );
}
