use serde_json::json;

use crate::support::{AVATARS, BUCKETS, FakeSupabase, KEYS, PROJECT};

/// A bucket that may be deleted once.
fn deletable() -> FakeSupabase {
    let supabase = FakeSupabase::with_keys();
    readable(&supabase);
    supabase
        .on("DELETE", AVATARS)
        .answers(200, json!({"message": "Successfully deleted"}))
        .once();
    supabase
}

fn readable(supabase: &FakeSupabase) {
    supabase
        .on("GET", AVATARS)
        .answers(200, json!({"id": "avatars", "type": "STANDARD"}));
}

#[test]
fn where_nobody_can_be_asked_nothing_is_sent() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("storage buckets delete avatars"), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Delete bucket `avatars` from project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    insta::assert_snapshot!(supabase.run("storage buckets delete avatars --force"), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Delete bucket `avatars` and all files in it from project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    insta::assert_snapshot!(supabase.run("storage buckets empty avatars -o json"), @r#"
    {"data":null,"success":false,"error":{"code":"confirmation_required","message":"cannot ask for confirmation here: Delete all files in bucket `avatars` of project abcdefghijklmnopqrst?","hint":"pass `--yes` to go ahead, or `--dry-run` to see what would be sent","status":null,"request_id":null,"details":null},"metadata":{"command":"storage buckets empty","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Delete all files in bucket `avatars` of project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    "#);
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_yes_on_standard_input_is_no_person() {
    let supabase = FakeSupabase::start();
    let screen = supabase
        .command("storage buckets delete avatars")
        .input("y\n")
        .run();
    assert_eq!(screen.status(), Some(3), "{screen}");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn nobody_is_asked_in_ci_even_at_a_terminal() {
    let supabase = FakeSupabase::start();
    let screen = supabase
        .command("storage buckets delete avatars")
        .env("CI", "true")
        .at_terminal(100)
        .sees_the_end();
    insta::assert_snapshot!(screen, @"
    error[confirmation_required]: cannot ask for confirmation here: Delete bucket `avatars` from project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn quiet_does_not_mean_yes() {
    let supabase = FakeSupabase::start();
    assert_eq!(
        supabase.run("storage buckets delete avatars -q").status(),
        Some(3)
    );
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn yes_at_the_terminal_goes_ahead() {
    let supabase = deletable();
    let screen = supabase
        .command("storage buckets delete avatars")
        .at_terminal(100)
        .reads("[y/N]")
        .types("y\n")
        .sees_the_end();
    insta::assert_snapshot!(screen, @"
    Delete bucket `avatars` from project abcdefghijklmnopqrst? [y/N] 
    Delete bucket `avatars` from project abcdefghijklmnopqrst? yes
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Name  avatars
    Type  STANDARD
    Deleted bucket `avatars`
    ");
}

#[test]
fn no_at_the_terminal_changes_nothing() {
    let supabase = FakeSupabase::start();
    for keys in ["n\n", "\n", "\x1b"] {
        let screen = supabase
            .command("storage buckets delete avatars")
            .at_terminal(100)
            .reads("[y/N]")
            .types(keys)
            .sees_the_end();
        assert_eq!(screen.status(), Some(3), "{keys:?}\n{screen}");
        assert!(
            screen
                .stdout()
                .contains("error[cancelled]: nothing was changed"),
            "{screen}"
        );
    }
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn interrupting_the_question_is_130_and_changes_nothing() {
    let supabase = FakeSupabase::start();
    let screen = supabase
        .command("storage buckets delete avatars")
        .at_terminal(100)
        .reads("[y/N]")
        .types("\x03")
        .sees_the_end();
    assert_eq!(screen.status(), Some(130), "{screen}");
    assert!(screen.stdout().contains("\nerror[interrupted]"), "{screen}");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn after_an_interrupted_question_the_cursor_is_back() {
    let supabase = FakeSupabase::start();
    let bytes = supabase
        .command("storage buckets delete avatars")
        .at_terminal(100)
        .reads("[y/N]")
        .types("\x03")
        .sees_all_bytes();
    let seen = String::from_utf8(bytes).unwrap();
    assert!(
        seen.rfind("\x1b[?25h") >= seen.rfind("\x1b[?25l"),
        "{seen:?}"
    );
}

#[test]
fn the_question_names_what_is_hit() {
    let supabase = FakeSupabase::start();
    let screen = supabase
        .command("storage buckets delete avatars --force -p acme-shop")
        .at_terminal(100)
        .reads("[y/N]")
        .types("n\n")
        .sees_the_end();
    assert!(
        screen
            .stdout()
            .contains("Delete bucket `avatars` and all files in it from project acme-shop?"),
        "{screen}"
    );
}

#[test]
fn a_question_cannot_be_forged_by_a_name() {
    let supabase = FakeSupabase::start();
    let screen = supabase
        .command("api DELETE")
        .arg("/v1/projects/\u{202e}x")
        .at_terminal(100)
        .reads("[y/N]")
        .types("n\n")
        .sees_the_end();
    assert!(!screen.stdout().contains('\u{202e}'), "{screen}");
}

#[test]
fn a_dry_run_needs_no_yes_and_sends_no_write() {
    let supabase = FakeSupabase::with_keys();
    readable(&supabase);
    supabase.on("DELETE", AVATARS).never();
    insta::assert_snapshot!(supabase.run("storage buckets delete avatars --dry-run -o json"), @r#"
    {"data":{"requests":[{"method":"DELETE","url":"http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/storage/v1/bucket/avatars","body":null}],"sql":[]},"success":true,"error":null,"metadata":{"command":"storage buckets delete","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":true}}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Dry run: nothing was changed
    "#);
    insta::assert_snapshot!(supabase.run("storage buckets delete avatars --dry-run"), @r#"
    {
      "requests": [
        {
          "method": "DELETE",
          "url": "http://127.0.0.1:[port]/gw/abcdefghijklmnopqrst/storage/v1/bucket/avatars",
          "body": null
        }
      ],
      "sql": []
    }
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Dry run: nothing was changed
    "#);
}

#[test]
fn a_dry_run_shows_whole_requests_whatever_fields_are_asked_for() {
    let supabase = FakeSupabase::with_keys();
    readable(&supabase);
    supabase.on("DELETE", AVATARS).never();
    let plain = supabase.run("storage buckets delete avatars --dry-run --jq .data");
    let picked = supabase.run("storage buckets delete avatars --dry-run --fields id --jq .data");
    assert_eq!(plain.status(), Some(0), "{plain}");
    assert!(plain.stdout().contains("DELETE"), "{plain}");
    assert_eq!(picked.to_string(), plain.to_string());
}

#[test]
fn a_dry_run_shows_each_request_that_would_be_sent() {
    let supabase = FakeSupabase::with_keys();
    readable(&supabase);
    supabase.on("POST", BUCKETS).never();
    supabase.on("PUT", AVATARS).never();
    supabase
        .on("POST", "/storage/v1/object/list-v2/avatars")
        .with_body(json!({"limit": 1000}))
        .answers(
            200,
            json!({"hasNext": true, "nextCursor": "c", "objects": [{"name": "a"}]}),
        );
    supabase
        .on("POST", "/storage/v1/object/list-v2/avatars")
        .with_body(json!({"limit": 1000, "cursor": "c"}))
        .answers(200, json!({"hasNext": false, "objects": [{"name": "b"}]}));
    let requests = |line: &str| {
        let data = supabase.run(line).json()["data"].to_string();
        data.replace(&supabase.address(), "[address]")
    };
    insta::assert_snapshot!(requests("storage buckets create avatars --public --file-size-limit 1KB --dry-run -o json"), @r#"{"requests":[{"method":"POST","url":"http://[address]/gw/abcdefghijklmnopqrst/storage/v1/bucket","body":{"name":"avatars","public":true,"file_size_limit":1000}}],"sql":[]}"#);
    insta::assert_snapshot!(requests("storage buckets update avatars --allowed-mime-type any --dry-run -o json"), @r#"{"requests":[{"method":"PUT","url":"http://[address]/gw/abcdefghijklmnopqrst/storage/v1/bucket/avatars","body":{"allowed_mime_types":null}}],"sql":[]}"#);
    insta::assert_snapshot!(requests("storage buckets delete avatars --force --dry-run -o json"), @r#"{"requests":[{"method":"DELETE","url":"http://[address]/gw/abcdefghijklmnopqrst/storage/v1/object/avatars","body":{"prefixes":["a"]}},{"method":"DELETE","url":"http://[address]/gw/abcdefghijklmnopqrst/storage/v1/object/avatars","body":{"prefixes":["b"]}},{"method":"DELETE","url":"http://[address]/gw/abcdefghijklmnopqrst/storage/v1/bucket/avatars","body":null}],"sql":[]}"#);
    insta::assert_snapshot!(requests("storage buckets empty avatars --queue --dry-run -o json"), @r#"{"requests":[{"method":"POST","url":"http://[address]/gw/abcdefghijklmnopqrst/storage/v1/bucket/avatars/empty","body":null}],"sql":[]}"#);
}

#[test]
fn a_dry_run_masks_secrets() {
    let supabase = FakeSupabase::start();
    supabase.on("PATCH", PROJECT).never();
    let screen = supabase.run("api PATCH /v1/projects/{ref} -f db_pass=hunter2 -f name=shop -f smtp[smtp_pass]=hunter2 --dry-run -o json");
    assert!(!screen.stdout().contains("hunter2"), "{screen}");
    insta::assert_snapshot!(screen, @r#"
    {"data":{"requests":[{"method":"PATCH","url":"http://127.0.0.1:[port]/v1/projects/abcdefghijklmnopqrst","body":{"db_pass":"********","name":"shop","smtp":{"smtp_pass":"********"}}}],"sql":[]},"success":true,"error":null,"metadata":{"command":"api","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":true}}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Dry run: nothing was changed
    "#);
}

#[test]
fn a_dry_run_of_a_read_reads_and_shows_that_nothing_would_change() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(200, "project.json");
    insta::assert_snapshot!(supabase.run("api GET /v1/projects/{ref} --dry-run -o json"), @r#"
    {"data":{"requests":[],"sql":[]},"success":true,"error":null,"metadata":{"command":"api","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":true}}
    ------- stderr -------
    Dry run: nothing was changed
    "#);
}

#[test]
fn a_dry_run_still_says_what_is_wrong() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", AVATARS)
        .answers(400, "bucket-missing.json");
    let screen = supabase.run("storage buckets delete avatars --dry-run");
    assert_eq!(screen.code(), Some("not_found"), "{screen}");
    let screen = supabase.run("storage buckets create a/b --dry-run");
    assert_eq!(screen.code(), Some("invalid_input"), "{screen}");
}

#[test]
fn a_dry_run_needs_no_key_for_what_it_does_not_send() {
    let supabase = FakeSupabase::start();
    supabase.on("PATCH", PROJECT).never();
    supabase.on("GET", KEYS).never();
    let screen = supabase.run("api PATCH /v1/projects/{ref} -f name=x --dry-run -o json");
    assert_eq!(screen.status(), Some(0), "{screen}");
}
