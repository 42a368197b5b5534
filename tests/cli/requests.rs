use serde_json::json;
use wiremock::Request;

use crate::support::{
    AVATARS, BUCKETS, FakeSupabase, Faulty, GIVEN_KEY, KEYS, LEGACY_KEY, PROJECT, SECRET_KEY,
    TOKEN, World,
};

const ORGS: &str = "/v1/organizations";

/// A header of a request, if it came.
fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

#[test]
fn reads_are_repeated_on_trouble_that_passes() {
    for status in [408, 423, 429, 500, 502, 503, 504, 544] {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", ORGS)
            .answers(status, json!({"message": "trouble"}))
            .header("retry-after", "0")
            .once();
        supabase.on("GET", ORGS).answers(200, "orgs.json").once();
        let screen = supabase.run("orgs list -o ndjson");
        assert_eq!(
            (screen.status(), screen.stderr()),
            (Some(0), ""),
            "{status}\n{screen}"
        );
    }
}

#[test]
fn reads_are_not_repeated_where_it_would_not_help() {
    for status in [
        400, 401, 402, 403, 404, 405, 406, 409, 410, 422, 501, 505, 540,
    ] {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", ORGS)
            .answers(status, json!({"message": "no"}))
            .header("retry-after", "0")
            .once();
        let screen = supabase.run("orgs list");
        assert_ne!(screen.status(), Some(0), "{status}\n{screen}");
    }
}

#[test]
fn a_read_is_tried_four_times_and_no_more() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(503, json!({"message": "trouble"}))
        .header("retry-after", "0")
        .times(4);
    insta::assert_snapshot!(supabase.run("orgs list"), @"
    ------- stderr -------
    error[api_error]: trouble
    hint: https://status.supabase.com shows known trouble
    [exit status: 1]
    ");
}

#[test]
fn details_show_what_was_answered() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(200, json!([{"slug": "acme", "db_pass": "hunter2"}]))
        .header("x-request-id", "r-1");
    let screen = supabase.run("orgs list -vv");
    for part in [
        "x-request-id: r-1",
        r#"[{"slug":"acme","db_pass":"********"}]"#,
    ] {
        assert!(screen.stderr().contains(part), "{part}: {screen}");
    }
    let brief = supabase.run("orgs list -v --no-cache");
    assert!(!brief.stderr().contains("r-1"), "{brief}");
}

#[test]
fn what_a_header_says_of_the_limit_counts_only_at_the_limit() {
    let answering = |status: u16, remaining: &str| {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", ORGS)
            .answers(status, json!({"message": "trouble"}))
            .header("x-ratelimit-reset", "40")
            .header("x-ratelimit-remaining", remaining)
            .once();
        supabase
    };
    for (status, remaining) in [(503, "0"), (429, "7")] {
        let waits = answering(status, remaining)
            .command("orgs list")
            .at_terminal(100)
            .reads("waiting 40 s")
            .presses("\u{3}")
            .sees_the_end();
        assert_eq!(waits.status(), Some(130), "{waits}");
    }
    let supabase = answering(503, "7");
    supabase.on("GET", ORGS).answers(200, "orgs.json").once();
    let screen = supabase.run("orgs list");
    assert_eq!(screen.status(), Some(0), "{screen}");
    assert!(!screen.stderr().contains("40 s"), "{screen}");
}

#[test]
fn a_limit_without_a_time_asks_for_no_wait() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(429, json!({"message": "trouble"}))
        .header("retry-after", "0");
    insta::assert_snapshot!(supabase.run("orgs list --retries 0"), @"
    ------- stderr -------
    error[rate_limited]: trouble
    hint: wait a minute, or let it wait with a higher `--retries`
    [exit status: 7]
    ");
}

#[test]
fn the_number_of_retries_can_be_chosen() {
    for (flag, variable, tries) in [("0", "5", 1), ("2", "", 3)] {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", ORGS)
            .answers(503, json!({"message": "trouble"}))
            .header("retry-after", "0")
            .times(tries);
        let run = supabase.command("orgs list --retries").arg(flag);
        assert_eq!(run.env("SUPACTL_RETRIES", variable).run().status(), Some(1));
    }
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(503, json!({"message": "trouble"}))
        .header("retry-after", "0")
        .times(2);
    let run = supabase.command("orgs list").env("SUPACTL_RETRIES", "1");
    assert_eq!(run.run().status(), Some(1));
}

#[test]
fn a_write_that_failed_is_not_repeated_and_may_have_happened() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("POST", BUCKETS)
        .answers(500, json!({"message": "Internal Server Error"}))
        .header("retry-after", "0")
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets create avatars"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[api_error]: Internal Server Error
    hint: it may have happened all the same: look before trying again
    [exit status: 1]
    ");
}

#[test]
fn a_write_is_not_repeated_on_anything_but_the_rate_limit() {
    for status in [408, 423, 500, 502, 503, 504, 544] {
        let supabase = FakeSupabase::start();
        supabase
            .on("POST", "/v1/projects")
            .answers(status, json!({"message": "trouble"}))
            .header("retry-after", "0")
            .once();
        let screen = supabase.run("api POST /v1/projects -f name=x");
        assert_ne!(screen.status(), Some(0), "{status}\n{screen}");
    }
}

#[test]
fn a_write_is_repeated_when_the_rate_limit_says_so() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("POST", BUCKETS)
        .answers(
            429,
            json!({"message": "too_many_connections", "code": "SlowDown"}),
        )
        .header("retry-after", "0")
        .times(2);
    supabase
        .on("POST", BUCKETS)
        .answers(200, json!({"name": "avatars"}))
        .once();
    supabase
        .on("GET", AVATARS)
        .answers(200, json!({"id": "avatars", "type": "STANDARD"}));
    let screen = supabase.run("storage buckets create avatars");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_post_that_only_reads_is_repeated() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", AVATARS)
        .answers(200, json!({"id": "avatars", "type": "STANDARD"}));
    supabase
        .on("POST", "/storage/v1/object/list-v2/avatars")
        .answers(503, json!({"message": "trouble"}))
        .header("retry-after", "0")
        .once();
    supabase
        .on("POST", "/storage/v1/object/list-v2/avatars")
        .answers(200, json!({"hasNext": false, "objects": []}))
        .once();
    let screen = supabase.run("storage buckets empty avatars --yes");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_write_whose_answer_got_lost_is_not_repeated() {
    let service = Faulty::hangs_up();
    let world = World::served_by(service.address());
    insta::assert_snapshot!(world.run("api POST /v1/projects -f name=x"), @"
    ------- stderr -------
    error[network]: the connection to 127.0.0.1:[port] broke before the answer was complete: connection closed before message completed
    hint: it may have happened all the same: look before trying again
    [exit status: 8]
    ");
    assert_eq!(service.requests(), 1);
}

#[test]
fn a_read_whose_answer_got_lost_is_repeated() {
    let service = Faulty::hangs_up();
    let world = World::served_by(service.address());
    let screen = world.run("orgs list --retries 1");
    assert_eq!(screen.code(), Some("network"), "{screen}");
    assert_eq!(service.requests(), 2);
}

#[test]
fn a_limit_that_asks_for_too_long_a_wait_is_not_waited_for() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(
            429,
            json!({"message": "ThrottlerException: Too Many Requests"}),
        )
        .header("retry-after", "3600")
        .once();
    insta::assert_snapshot!(supabase.run("orgs list"), @"
    ------- stderr -------
    error[rate_limited]: ThrottlerException: Too Many Requests
    hint: the service asks to wait 3600 s before the next try
    [exit status: 7]
    ");
}

#[test]
fn a_long_wait_is_announced_and_can_be_interrupted() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(
            429,
            json!({"message": "ThrottlerException: Too Many Requests"}),
        )
        .header("x-ratelimit-reset", "60")
        .once();
    let screen = supabase
        .command("orgs list")
        .at_terminal(100)
        .reads("waiting 60 s, then try 2 of 4\n")
        .presses("\x03")
        .sees_the_end();
    insta::assert_snapshot!(screen, @"
    ThrottlerException: Too Many Requests; waiting 60 s, then try 2 of 4
    ^Cerror[interrupted]: interrupted
    [exit status: 130]
    ");
}

#[test]
fn the_reset_of_the_limit_counts_where_nothing_else_is_said() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(
            429,
            json!({"message": "ThrottlerException: Too Many Requests"}),
        )
        .header("x-ratelimit-reset", "0")
        .once();
    supabase
        .on("GET", ORGS)
        .answers(
            429,
            json!({"message": "ThrottlerException: Too Many Requests"}),
        )
        .header("retry-after", "0")
        .header("x-ratelimit-reset", "3600")
        .once();
    supabase.on("GET", ORGS).answers(200, "orgs.json").once();
    let screen = supabase.run("orgs list");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn verbose_tells_each_try_and_no_secret() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", BUCKETS)
        .answers(503, json!({"message": "trouble"}))
        .header("retry-after", "0")
        .once();
    supabase.on("GET", BUCKETS).answers(200, json!([])).once();
    insta::assert_snapshot!(supabase.run("storage buckets list -v"), @"
    ------- stderr -------
    GET /v1/projects/abcdefghijklmnopqrst/api-keys → 200 in [ms] ms
    GET /storage/v1/bucket → 503 in [ms] ms
    GET /storage/v1/bucket → 200 in [ms] ms (try 2)
    No buckets found
    ");
}

#[test]
fn the_token_goes_to_the_management_api_and_the_key_to_the_gateway() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(200, json!([]));
    assert_eq!(supabase.run("storage buckets list").status(), Some(0));
    let requests = supabase.requests();
    let [management, gateway] = requests.as_slice() else {
        panic!("{}", supabase.conversation())
    };
    assert_eq!(
        header(management, "authorization"),
        Some(format!("Bearer {TOKEN}").as_str())
    );
    assert_eq!(header(management, "apikey"), None);
    assert_eq!(header(gateway, "apikey"), Some(SECRET_KEY));
    assert_eq!(header(gateway, "authorization"), None);
}

#[test]
fn an_old_key_goes_in_both_headers() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", KEYS)
        .with_query("reveal", "true")
        .answers(200, "keys-legacy.json");
    supabase
        .on("GET", BUCKETS)
        .with_header("apikey", LEGACY_KEY)
        .with_header("authorization", &format!("Bearer {LEGACY_KEY}"))
        .answers(200, json!([]))
        .once();
    assert_eq!(supabase.run("storage buckets list").status(), Some(0));
}

#[test]
fn a_masked_key_is_not_used() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, "keys-masked.json");
    supabase
        .on("GET", BUCKETS)
        .with_header("apikey", LEGACY_KEY)
        .answers(200, json!([]))
        .once();
    assert_eq!(supabase.run("storage buckets list").status(), Some(0));
}

#[test]
fn a_project_with_masked_keys_alone_is_explained() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, "keys-withheld.json");
    supabase.on("GET", BUCKETS).never();
    insta::assert_snapshot!(supabase.run("storage buckets list"), @"
    ------- stderr -------
    error[not_found]: project `abcdefghijklmnopqrst` has no secret key that this token may see
    hint: make one in the dashboard under API Keys, or pass a key with `--service-key env:NAME`
    [exit status: 5]
    ");
}

#[test]
fn a_project_without_keys_is_paused() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, json!([]));
    supabase
        .on("GET", PROJECT)
        .answers(200, "project-paused.json")
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets list"), @"
    ------- stderr -------
    error[project_paused]: project `abcdefghijklmnopqrst` is paused
    hint: `supactl projects restore <REF>` wakes it up
    [exit status: 6]
    ");
}

#[test]
fn a_project_without_keys_that_is_starting_is_not_called_paused() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, json!([]));
    supabase.on("GET", PROJECT).answers(
        200,
        json!({"ref": "abcdefghijklmnopqrst", "status": "COMING_UP"}),
    );
    insta::assert_snapshot!(supabase.run("storage buckets get avatars"), @"
    ------- stderr -------
    error[conflict]: project `abcdefghijklmnopqrst` has no keys yet: its status is COMING_UP
    [exit status: 6]
    ");
}

#[test]
fn without_the_right_to_keys_the_list_is_poorer_and_says_so() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(403, "forbidden.json");
    supabase
        .on("GET", "/v1/projects/abcdefghijklmnopqrst/storage/buckets")
        .answers(200, "buckets-management.json")
        .once();
    insta::assert_snapshot!(supabase.run("storage buckets list"), @"
    reports	private				2026-07-01 09:00:00+00:00	2026-07-01 09:00:00+00:00
    avatars	public				2026-06-01 09:00:00+00:00	2026-06-02 09:00:00+00:00
    ------- stderr -------
    Type, limits and MIME types are unknown: this token lacks the permission `api_gateway_keys_secret_read`. Pass a secret key with `--service-key env:NAME` to see them
    ");
    insta::assert_snapshot!(supabase.run("storage buckets list -o ndjson"), @r#"
    {"id":"reports","name":"reports","public":false,"type":null,"file_size_limit":null,"allowed_mime_types":null,"owner":"","created_at":"2026-07-01T09:00:00.000Z","updated_at":"2026-07-01T09:00:00.000Z"}
    {"id":"avatars","name":"avatars","public":true,"type":null,"file_size_limit":null,"allowed_mime_types":null,"owner":"","created_at":"2026-06-01T09:00:00.000Z","updated_at":"2026-06-02T09:00:00.000Z"}
    ------- stderr -------
    Type, limits and MIME types are unknown: this token lacks the permission `api_gateway_keys_secret_read`. Pass a secret key with `--service-key env:NAME` to see them
    "#);
    let screen = supabase.run("storage buckets list --search AVA --limit 1 --sort name -o csv -q");
    insta::assert_snapshot!(screen, @"
    id,public,type,file_size_limit,allowed_mime_types,created_at,updated_at,name,owner
    avatars,true,,,,2026-06-01T09:00:00.000Z,2026-06-02T09:00:00.000Z,avatars,
    ");
}

#[test]
fn a_list_that_even_the_management_api_refuses_names_that_permission() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(403, "forbidden.json");
    supabase
        .on("GET", "/v1/projects/abcdefghijklmnopqrst/storage/buckets")
        .answers(403, "forbidden.json")
        .once();
    let screen = supabase.run("storage buckets list");
    assert_eq!(screen.code(), Some("forbidden"), "{screen}");
    assert!(screen.stderr().contains("`storage_read`"), "{screen}");
}

#[test]
fn a_refusal_of_the_gateway_is_no_reason_for_the_poorer_list() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(
        400,
        json!({"statusCode": "403", "error": "Unauthorized", "message": "new row violates row-level security policy", "code": "AccessDenied"}),
    );
    supabase
        .on("GET", "/v1/projects/abcdefghijklmnopqrst/storage/buckets")
        .never();
    let screen = supabase.run("storage buckets list");
    assert_eq!(screen.code(), Some("forbidden"), "{screen}");
}

#[test]
fn the_key_is_asked_for_once_in_a_run() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, "keys.json").once();
    supabase.on("PUT", AVATARS).answers(200, json!({})).once();
    supabase
        .on("GET", AVATARS)
        .answers(200, json!({"id": "avatars", "type": "STANDARD"}))
        .once();
    let screen = supabase.run("storage buckets update avatars --public");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn keys_that_did_not_come_are_no_missing_permission() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", KEYS)
        .answers(404, json!({"message": "Project not found"}));
    insta::assert_snapshot!(supabase.run("storage buckets get avatars"), @"
    ------- stderr -------
    error[not_found]: Project not found
    [exit status: 5]
    ");
}

#[test]
fn without_the_right_to_keys_everything_else_says_what_is_missing() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(403, "forbidden.json");
    insta::assert_snapshot!(supabase.run("storage buckets get avatars"), @r#"
    ------- stderr -------
    error[forbidden]: this token may not see the project's secret keys, which its own APIs ask for: Your account does not have the necessary privileges to access this endpoint. For more details, refer to our documentation https://supabase.com/docs/guides/platform/access-control
    hint: give the token the permission `api_gateway_keys_secret_read` ("API Key Secrets" in the dashboard), or pass a key with `--service-key env:NAME` or SUPABASE_AUTH_SERVICE_ROLE_KEY
    [exit status: 4]
    "#);
    for line in [
        "storage buckets create avatars",
        "storage buckets update avatars --public",
        "storage buckets empty avatars --yes",
        "storage buckets delete avatars --yes",
    ] {
        let screen = supabase.run(line);
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(4), Some("forbidden")),
            "{line}\n{screen}"
        );
        assert!(
            screen.stderr().contains("api_gateway_keys_secret_read"),
            "{line}\n{screen}"
        );
        assert!(
            screen.stderr().contains("--service-key"),
            "{line}\n{screen}"
        );
    }
}

#[test]
fn a_key_given_by_hand_is_used_without_asking_for_one() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).never();
    supabase
        .on("GET", BUCKETS)
        .with_header("apikey", GIVEN_KEY)
        .without_header("authorization")
        .answers(200, json!([]))
        .times(5);
    supabase
        .world()
        .file("here/key.txt", &format!("{GIVEN_KEY}\n"));
    // Cached answers would do for the later ones, since it is the same key each time.
    let list = || supabase.command("storage buckets list --no-cache");
    for run in [
        list().env("SUPABASE_AUTH_SERVICE_ROLE_KEY", GIVEN_KEY),
        list()
            .arg("--service-key")
            .arg("env:MINE")
            .env("MINE", GIVEN_KEY),
        list().arg("--service-key").arg("@key.txt"),
        list()
            .arg("--service-key=-")
            .input(&format!("{GIVEN_KEY}\n")),
        list()
            .arg("--service-key")
            .arg("env:MINE")
            .env("MINE", GIVEN_KEY)
            .env("SUPABASE_AUTH_SERVICE_ROLE_KEY", "sb_secret_other"),
    ] {
        let screen = run.run();
        assert_eq!(screen.status(), Some(0), "{screen}");
    }
}

#[test]
fn a_key_typed_as_an_argument_works_and_draws_a_warning() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", BUCKETS)
        .with_header("apikey", GIVEN_KEY)
        .answers(200, json!([]));
    let screen = supabase
        .command("storage buckets list --service-key")
        .arg(GIVEN_KEY)
        .run();
    assert_eq!(screen.status(), Some(0), "{screen}");
    assert!(screen.stderr().contains("--service-key"), "{screen}");
}

#[test]
fn a_key_that_is_none_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    let list = || supabase.command("storage buckets list --service-key");
    insta::assert_snapshot!(list().arg("env:NOT_SET").run(), @"
    ------- stderr -------
    error[invalid_input]: --service-key: the variable NOT_SET is not set
    [exit status: 2]
    ");
    insta::assert_snapshot!(list().arg("@missing.txt").run(), @"
    ------- stderr -------
    error[invalid_input]: --service-key: missing.txt: No such file or directory (os error 2)
    [exit status: 2]
    ");
    insta::assert_snapshot!(list().arg("-").input("\n").run(), @"
    ------- stderr -------
    error[invalid_input]: --service-key: there is nothing in it
    [exit status: 2]
    ");
    insta::assert_snapshot!(list().arg("env:MINE").env("MINE", "sb_publishable_x").run(), @"
    ------- stderr -------
    error[invalid_input]: --service-key: this is a publishable key: it cannot manage anything; a secret key begins with `sb_secret_`
    [exit status: 2]
    ");
    insta::assert_snapshot!(list().arg("env:MINE").env("MINE", TOKEN).run(), @"
    ------- stderr -------
    error[invalid_input]: --service-key: this is an access token of a person, not a secret key of a project
    [exit status: 2]
    ");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn the_token_does_not_follow_a_redirect_to_another_host() {
    let (here, elsewhere) = (FakeSupabase::start(), FakeSupabase::start());
    here.on("GET", ORGS).answers(302, json!({})).header(
        "location",
        &format!("http://{}/v1/organizations", elsewhere.address()),
    );
    here.on("GET", "/v1/organizations/acme")
        .answers(307, json!({}))
        .header("location", "https://elsewhere.invalid/");
    let screen = here.run("orgs list");
    assert_eq!(screen.code(), Some("api_error"), "{screen}");
    assert_eq!(elsewhere.conversation(), "");
    insta::assert_snapshot!(here.run("orgs get acme"), @"
    ------- stderr -------
    error[api_error]: 127.0.0.1:[port] redirects to elsewhere.invalid, which is not followed: the token is not meant for that host
    hint: https://status.supabase.com shows known trouble
    [exit status: 1]
    ");
}

#[test]
fn a_redirect_on_the_same_host_is_followed() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(308, json!({}))
        .header("location", "/v1/organizations/all");
    supabase
        .on("GET", "/v1/organizations/all")
        .with_header("authorization", &format!("Bearer {TOKEN}"))
        .answers(200, "orgs.json")
        .once();
    assert_eq!(supabase.run("orgs list").status(), Some(0));
}

#[test]
fn redirects_in_a_circle_end() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(302, json!({}))
        .header("location", ORGS);
    let screen = supabase.run("orgs list");
    assert_eq!(screen.code(), Some("api_error"), "{screen}");
    assert!(supabase.requests().len() < 12);
}

#[test]
fn a_redirected_write_is_never_taken_for_done() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/projects")
        .answers(302, json!({}))
        .header("location", "/v1/projects/new");
    supabase.on("GET", "/v1/projects/new").never();
    let screen = supabase.run("api POST /v1/projects -f name=x");
    assert_eq!(screen.code(), Some("api_error"), "{screen}");
}

#[test]
fn every_request_says_who_sends_it() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", ORGS).answers(200, json!([]));
    assert_eq!(supabase.run("orgs list").status(), Some(0));
    let requests = supabase.requests();
    assert_eq!(
        header(&requests[0], "user-agent"),
        Some(concat!("supactl/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(header(&requests[0], "accept"), Some("application/json"));
    assert_eq!(header(&requests[0], "content-type"), None);
}

#[test]
fn the_proxy_is_not_asked_for_this_machine() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", ORGS).answers(200, json!([])).once();
    let proxy = format!("http://{}", Faulty::nobody());
    let screen = supabase
        .command("orgs list")
        .env("HTTP_PROXY", &proxy)
        .env("http_proxy", &proxy)
        .env("HTTPS_PROXY", &proxy)
        .env("ALL_PROXY", &proxy)
        .run();
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn an_answer_that_is_packed_is_unpacked() {
    // gzip of `[]`, stored without compression.
    let bytes = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01\x02\x00\xfd\xff[]\x29\xbb\x4c\x0d\x02\x00\x00\x00";
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(
            200,
            crate::support::Said::Raw(bytes.to_vec(), "application/json"),
        )
        .header("content-encoding", "gzip");
    let screen = supabase.run("orgs list -o csv");
    assert_eq!(screen.stdout(), "slug,name\n", "{screen}");
}
