use std::path::Path;

use serde_json::{Value, json};

use crate::support::{BUCKETS, FakeSupabase, Faulty, PROJECT, Said, World};

const ORGS: &str = "/v1/organizations";

/// The screen of a list that was answered like this, in as many tries as there are.
fn answered(status: u16, said: impl Into<Said>) -> String {
    let supabase = FakeSupabase::start();
    supabase.on("GET", ORGS).answers(status, said);
    supabase.run("orgs list --retries 0").to_string()
}

/// Code and exit status of a list that was answered like this.
fn verdict(status: u16, said: impl Into<Said>) -> (String, i32) {
    let supabase = FakeSupabase::start();
    supabase.on("GET", ORGS).answers(status, said);
    let screen = supabase.run("orgs list --retries 0");
    (screen.code().unwrap().to_owned(), screen.status().unwrap())
}

#[test]
fn a_refused_connection_names_the_host() {
    let world = World::served_by(&Faulty::nobody());
    insta::assert_snapshot!(world.run("orgs list --retries 0"), @"
    ------- stderr -------
    error[network]: could not reach 127.0.0.1:[port]: connection refused
    hint: check the network, the proxy variables, and https://status.supabase.com
    [exit status: 8]
    ");
}

#[test]
fn a_name_that_does_not_resolve_is_told_as_such() {
    insta::assert_snapshot!(World::new().run("orgs list --retries 0"), @"
    ------- stderr -------
    error[network]: could not reach api.invalid: its name could not be resolved
    hint: check the network, the proxy variables, and https://status.supabase.com
    [exit status: 8]
    ");
}

#[test]
fn a_connection_that_ends_without_an_answer_is_network_trouble() {
    let service = Faulty::hangs_up();
    let world = World::served_by(service.address());
    insta::assert_snapshot!(world.run("orgs list --retries 0"), @"
    ------- stderr -------
    error[network]: the connection to 127.0.0.1:[port] broke before the answer was complete: connection closed before message completed
    hint: check the network, the proxy variables, and https://status.supabase.com
    [exit status: 8]
    ");
}

#[test]
fn a_service_that_hangs_is_given_up_on() {
    let service = Faulty::never_answers();
    let world = World::served_by(service.address());
    insta::assert_snapshot!(world.run("orgs list --request-timeout 0.3"), @"
    ------- stderr -------
    error[timeout]: no answer from 127.0.0.1:[port] within 0.3 s
    hint: try again, or allow more time with `--request-timeout`
    [exit status: 8]
    ");
    assert_eq!(service.requests(), 1);
}

#[test]
fn an_answer_that_falls_silent_is_given_up_on() {
    let service = Faulty::falls_silent();
    let world = World::served_by(service.address());
    let screen = world.run("orgs list --request-timeout 0.3");
    assert_eq!(screen.code(), Some("timeout"), "{screen}");
    assert_eq!(service.requests(), 1);
}

#[test]
fn a_write_that_hangs_may_have_happened() {
    let service = Faulty::never_answers();
    let world = World::served_by(service.address());
    insta::assert_snapshot!(world.run("api POST /v1/projects -f name=x --request-timeout 300ms"), @"
    ------- stderr -------
    error[timeout]: no answer from 127.0.0.1:[port] within 0.3 s
    hint: it may have happened all the same: look before trying again
    [exit status: 8]
    ");
    assert_eq!(service.requests(), 1);
}

#[test]
fn interrupting_a_request_is_130() {
    let service = Faulty::never_answers();
    let world = World::served_by(service.address());
    let person = world.command("orgs list").at_terminal(100);
    service.has_a_request();
    insta::assert_snapshot!(person.presses("\x03").sees_the_end(), @"
    ^Cerror[interrupted]: interrupted
    [exit status: 130]
    ");
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    let service = Faulty::says(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[{\"slug\":\"acme\"}]",
    );
    let world = World::served_by(service.address());
    insta::assert_snapshot!(world.run("orgs list --retries 0"), @"
    ------- stderr -------
    error[network]: the connection to 127.0.0.1:[port] broke before the answer was complete: end of file before message length reached
    hint: check the network, the proxy variables, and https://status.supabase.com
    [exit status: 8]
    ");
}

#[test]
fn headers_that_break_off_are_no_answer() {
    let service = Faulty::says("HTTP/1.1 200 OK\r\nContent-Type: appl");
    let world = World::served_by(service.address());
    insta::assert_snapshot!(world.run("orgs list --retries 0"), @"
    ------- stderr -------
    error[network]: the connection to 127.0.0.1:[port] broke before the answer was complete: connection closed before message completed
    hint: check the network, the proxy variables, and https://status.supabase.com
    [exit status: 8]
    ");
}

#[test]
fn what_is_no_http_is_no_answer() {
    let service = Faulty::says("SSH-2.0-OpenSSH_9.6\r\n");
    let world = World::served_by(service.address());
    insta::assert_snapshot!(world.run("orgs list --retries 0"), @"
    ------- stderr -------
    error[network]: the connection to 127.0.0.1:[port] broke before the answer was complete: invalid HTTP version parsed
    hint: check the network, the proxy variables, and https://status.supabase.com
    [exit status: 8]
    ");
}

#[test]
fn a_web_page_of_a_gateway_is_not_quoted() {
    insta::assert_snapshot!(answered(502, Said::html("<!DOCTYPE html><html><body>Bad gateway</body></html>")), @"
    ------- stderr -------
    error[api_error]: the service answered 502 Bad Gateway
    hint: https://status.supabase.com shows known trouble
    [exit status: 1]
    ");
}

#[test]
fn a_web_page_that_calls_itself_a_success_is_no_data() {
    insta::assert_snapshot!(answered(200, Said::html("<html>Sign in to the hotel</html>")), @"
    ------- stderr -------
    error[malformed_response]: the answer is a web page, not JSON
    [exit status: 1]
    ");
}

#[test]
fn an_empty_answer_is_no_data() {
    insta::assert_snapshot!(answered(200, Said::Nothing), @"
    ------- stderr -------
    error[malformed_response]: the answer is empty
    [exit status: 1]
    ");
}

#[test]
fn broken_json_is_no_data() {
    insta::assert_snapshot!(answered(200, Said::text("[{\"slug\":")), @"
    ------- stderr -------
    error[malformed_response]: the answer is not what was expected (EOF while parsing a value at line 1 column 9): 9 bytes that are not JSON
    [exit status: 1]
    ");
}

#[test]
fn json_of_the_wrong_shape_is_no_data() {
    insta::assert_snapshot!(answered(200, json!({"surprise": true})), @r#"
    ------- stderr -------
    error[malformed_response]: the answer is not what was expected (not a list): {"surprise":true}
    [exit status: 1]
    "#);
}

#[test]
fn bytes_that_are_no_text_are_no_data() {
    insta::assert_snapshot!(answered(200, Said::Raw(vec![0xff, 0xfe, 0x00], "application/json")), @"
    ------- stderr -------
    error[malformed_response]: the answer is not text
    [exit status: 1]
    ");
}

#[test]
fn a_long_text_is_quoted_in_part() {
    let screen = answered(500, Said::text(&"x".repeat(5000)));
    assert!(screen.len() < 500, "{screen}");
}

#[test]
fn a_bad_token_is_told_with_where_to_get_a_new_one() {
    insta::assert_snapshot!(answered(401, json!({"message": "Unauthorized"})), @"
    ------- stderr -------
    error[unauthorized]: Unauthorized
    hint: the token may have been revoked or mistyped; https://supabase.com/dashboard/account/tokens makes a new one
    [exit status: 4]
    ");
}

#[test]
fn a_missing_permission_is_named() {
    insta::assert_snapshot!(answered(403, "forbidden.json"), @"
    ------- stderr -------
    error[forbidden]: Your account does not have the necessary privileges to access this endpoint. For more details, refer to our documentation https://supabase.com/docs/guides/platform/access-control
    hint: the token may lack the permission `organizations_read`, or there is no such project or organization, or it is not yours
    [exit status: 4]
    ");
}

#[test]
fn a_feature_beyond_the_plan_is_told() {
    insta::assert_snapshot!(answered(402, json!({"message": "Feature requires a higher plan"})), @"
    ------- stderr -------
    error[plan_required]: Feature requires a higher plan
    hint: https://supabase.com/dashboard/org/_/billing shows the plan and its limits
    [exit status: 4]
    ");
}

#[test]
fn the_request_id_is_shown_from_wherever_it_is() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", ORGS).answers(
        500,
        json!({"message": "Failed to decrypt data", "errorEventId": "49f4aa"}),
    );
    insta::assert_snapshot!(supabase.run("orgs list --retries 0 -o json"), @r#"
    {"data":null,"success":false,"error":{"code":"api_error","message":"Failed to decrypt data","hint":"https://status.supabase.com shows known trouble","status":500,"request_id":"49f4aa","details":null},"metadata":{"command":"orgs list","project":null,"timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[api_error]: Failed to decrypt data (request 49f4aa)
    hint: https://status.supabase.com shows known trouble
    [exit status: 1]
    "#);
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(500, json!({"message": "no"}))
        .header("cf-ray", "8a1b-FRA")
        .header("x-request-id", "9f2c");
    let screen = supabase.run("orgs list --retries 0");
    assert!(screen.stderr().contains("(request 9f2c)"), "{screen}");
}

#[test]
fn details_of_the_service_are_passed_on() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", BUCKETS)
        .answers(400, json!({"statusCode": "400", "error": "Error", "message": "querystring/limit must be >= 1", "code": "InvalidRequest"}));
    insta::assert_snapshot!(supabase.run("storage buckets list -o json"), @r#"
    {"data":null,"success":false,"error":{"code":"rejected","message":"querystring/limit must be >= 1","hint":null,"status":400,"request_id":null,"details":{"statusCode":"400","error":"Error","message":"querystring/limit must be >= 1","code":"InvalidRequest"}},"metadata":{"command":"storage buckets list","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[rejected]: querystring/limit must be >= 1
    [exit status: 1]
    "#);
}

#[test]
fn every_status_has_its_code_and_its_exit_status() {
    let message = |text: &str| json!({"message": text});
    for (status, said, code, exit) in [
        (400, message("id: Invalid UUID"), "rejected", 1),
        (400, message("Resource has been removed"), "not_found", 5),
        (401, message("JWT could not be decoded"), "unauthorized", 4),
        (
            402,
            message("Maximum number of functions reached for Plan"),
            "plan_required",
            4,
        ),
        (403, message("Forbidden resource"), "forbidden", 4),
        (404, message("Not found"), "not_found", 5),
        (
            404,
            message("SAML 2.0 support is not enabled for this project"),
            "feature_disabled",
            6,
        ),
        (405, message("Method not allowed"), "rejected", 1),
        (
            406,
            message("Failed to retrieve SQL snippet"),
            "not_found",
            5,
        ),
        (406, message("Not acceptable"), "rejected", 1),
        (408, message("Request timeout"), "timeout", 8),
        (
            409,
            message("The resource already exists"),
            "already_exists",
            6,
        ),
        (
            409,
            message("Failed to create new signing key"),
            "conflict",
            6,
        ),
        (
            410,
            message("The logs.all endpoint has been removed."),
            "rejected",
            1,
        ),
        (413, message("Payload too large"), "rejected", 1),
        (
            422,
            message("Only keys with revoked status can be fully deleted."),
            "conflict",
            6,
        ),
        (423, message("locked"), "conflict", 6),
        (
            429,
            message("ThrottlerException: Too Many Requests"),
            "rate_limited",
            7,
        ),
        (500, message("Internal server error"), "api_error", 1),
        (501, message("Not implemented"), "api_error", 1),
        (503, message("Unavailable"), "api_error", 1),
        (540, message("Project paused"), "project_paused", 6),
        (544, message("Database timeout"), "api_error", 1),
        (
            599,
            json!({"error": {"code": "internal_server_error", "message": "v2"}}),
            "api_error",
            1,
        ),
        (
            404,
            json!({"error": {"code": "not_found", "message": "v2"}}),
            "not_found",
            5,
        ),
        (
            400,
            json!({"statusCode": "403", "error": "Unauthorized", "message": "jwt expired"}),
            "unauthorized",
            4,
        ),
    ] {
        assert_eq!(
            verdict(status, said.clone()),
            (code.to_owned(), exit),
            "{status} {said}"
        );
    }
}

#[test]
fn every_status_that_is_no_success_fails() {
    for status in [300, 304, 400, 418, 451, 499, 505, 511, 520, 530, 599] {
        let (_, exit) = verdict(status, Said::Nothing);
        assert_ne!(exit, 0, "{status}");
    }
}

#[test]
fn any_success_is_a_success() {
    for status in [200, 201, 202, 203, 206, 299] {
        let supabase = FakeSupabase::start();
        supabase.on("GET", ORGS).answers(status, "orgs.json");
        assert_eq!(supabase.run("orgs list").status(), Some(0), "{status}");
    }
}

#[test]
fn a_rate_limit_without_any_time_is_told() {
    insta::assert_snapshot!(answered(429, json!({"message": "ThrottlerException: Too Many Requests"})), @"
    ------- stderr -------
    error[rate_limited]: ThrottlerException: Too Many Requests
    hint: wait a minute, or let it wait with a higher `--retries`
    [exit status: 7]
    ");
}

#[test]
fn a_rate_limit_tells_how_long_to_wait() {
    let limited = |name: &'static str, value: &str| {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", ORGS)
            .answers(
                429,
                json!({"message": "ThrottlerException: Too Many Requests"}),
            )
            .header(name, value);
        supabase.run("orgs list --retries 0")
    };
    insta::assert_snapshot!(limited("retry-after", "17"), @"
    ------- stderr -------
    error[rate_limited]: ThrottlerException: Too Many Requests
    hint: the service asks to wait 17 s before the next try
    [exit status: 7]
    ");
    let by_reset = limited("x-ratelimit-reset", "42");
    assert!(by_reset.stderr().contains("42 s"), "{by_reset}");
}

#[test]
fn a_paused_project_is_told_with_how_to_wake_it() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(540, Said::Nothing);
    insta::assert_snapshot!(supabase.run("projects get"), @"
    ------- stderr -------
    error[project_paused]: the service answered 540
    hint: `supactl projects restore <REF>` wakes it up
    [exit status: 6]
    ");
}

#[test]
fn a_burst_of_failures_is_waited_out() {
    let supabase = FakeSupabase::start();
    for status in [502, 429, 503] {
        supabase
            .on("GET", ORGS)
            .answers(status, Said::html("<html></html>"))
            .header("retry-after", "0")
            .once();
    }
    supabase.on("GET", ORGS).answers(200, "orgs.json").once();
    let screen = supabase.run("orgs list");
    assert_eq!(
        (screen.status(), screen.stderr()),
        (Some(0), ""),
        "{screen}"
    );
}

#[test]
fn a_file_with_certificates_that_is_none_is_told() {
    let world = World::new();
    insta::assert_snapshot!(world.run("orgs list --ca-file missing.pem"), @"
    ------- stderr -------
    error[invalid_input]: --ca-file missing.pem: No such file or directory (os error 2)
    [exit status: 2]
    ");
}

#[test]
fn a_file_without_a_usable_certificate_is_told() {
    let world = World::new();
    for text in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n",
    ] {
        world.file("here/odd.pem", text);
        let screen = world.run("orgs list --ca-file odd.pem --retries 0");
        assert_eq!(screen.code(), Some("invalid_input"), "{text:?}\n{screen}");
    }
}

#[test]
fn a_failure_writes_nothing_but_its_envelope_to_standard_output() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", ORGS)
        .answers(404, json!({"message": "no"}));
    for format in ["table", "csv", "ndjson"] {
        let screen = supabase.command("orgs list -o").arg(format).run();
        assert_eq!(screen.stdout(), "", "{format}");
    }
    let screen = supabase.run("orgs list -q -o json");
    assert_eq!(screen.json()["success"], json!(false));
    assert!(
        screen.stderr().starts_with("error[not_found]: no\n"),
        "errors are said even where it is quiet: {screen}"
    );
}

#[test]
fn the_page_for_scripts_names_every_code_with_its_exit_status() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/scripting.md")).unwrap();
    // The source is the only list of them that the library does not hide.
    let source = std::fs::read_to_string(root.join("src/error.rs")).unwrap();
    let (_, table) = source.split_once("const ALL").unwrap();
    let (table, _) = table.split_once("];").unwrap();
    let row = regex::Regex::new(r#"Self::\w+,\s*"(\w+)",\s*(\d+),"#).unwrap();
    let rows: Vec<_> = row
        .captures_iter(table)
        .map(|found| (found[1].to_owned(), found[2].to_owned()))
        .collect();
    assert_eq!(
        rows.len(),
        table.matches("Self::").count(),
        "each row is read"
    );
    for (code, status) in rows {
        let told = page.lines().any(|line| {
            line.starts_with(&format!("| {status} |")) && line.contains(&format!("`{code}`"))
        });
        assert!(
            told,
            "docs/scripting.md does not say that `{code}` is exit status {status}"
        );
    }
}

#[test]
fn the_page_for_scripts_promises_what_the_program_gives() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scripting.md"))
            .unwrap();
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", "/v1/projects").answers(200, json!([{}]));
    supabase.on("GET", ORGS).answers(200, json!([{}]));
    supabase.on("GET", BUCKETS).answers(200, json!([{}]));
    for (line, command) in [
        ("projects list -o json", "projects list"),
        ("orgs list -o json", "orgs list"),
        ("storage buckets list -o json", "storage buckets list"),
    ] {
        let envelope = supabase.run(line).json();
        let keys: Vec<_> = envelope["data"][0]
            .as_object()
            .unwrap()
            .keys()
            .map(|key| format!("`{key}`"))
            .collect();
        let row = page
            .lines()
            .find(|row| {
                row.starts_with("| ")
                    && row
                        .split(" | ")
                        .next()
                        .unwrap()
                        .contains(&format!("`{command}`"))
            })
            .unwrap_or_else(|| panic!("docs/scripting.md has no row for `{command}`"));
        for key in keys {
            assert!(
                row.contains(&key),
                "docs/scripting.md does not promise {key} of `{command}`"
            );
        }
        for key in envelope.as_object().unwrap().keys() {
            assert!(
                page.contains(&format!("`{key}`")),
                "docs/scripting.md does not name {key}"
            );
        }
        assert_eq!(envelope["error"], Value::Null);
    }
}

#[test]
fn a_failure_inside_a_success_is_not_kept() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, json!({"message": "maintenance"}))
        .once();
    let screen = supabase.run("projects list");
    assert_eq!(screen.code(), Some("malformed_response"), "{screen}");
    supabase
        .on("GET", "/v1/projects")
        .answers(200, json!([]))
        .once();
    assert_eq!(supabase.run("projects list").status(), Some(0));
}

#[test]
fn a_write_whose_answer_cannot_be_read_may_have_happened() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/projects/abcdefghijklmnopqrst/branches")
        .answers(201, Said::text("{"))
        .once();
    let screen = supabase.run("api POST /v1/projects/{ref}/branches -f branch_name=x -o yaml");
    assert_eq!(screen.code(), Some("malformed_response"), "{screen}");
    let told = "it may have happened all the same";
    assert!(screen.stderr().contains(told), "{screen}");
    // What the service does not have was not done.
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/nothing")
        .answers(501, json!({"message": "no such part"}));
    let screen = supabase.run("api POST /v1/nothing");
    assert!(!screen.stderr().contains("may have happened"), "{screen}");
}

#[test]
fn an_absurd_wait_is_not_waited_for() {
    let supabase = FakeSupabase::start();
    let busy = |wait: &str| {
        supabase
            .on("GET", ORGS)
            .answers(503, json!({"message": "busy"}))
            .header("retry-after", wait)
            .once();
    };
    busy("0");
    busy("18446744073709551615");
    let screen = supabase.run("orgs list");
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(1), Some("api_error")),
        "{screen}"
    );
}

#[test]
fn a_refused_key_is_not_blamed_on_the_token() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", BUCKETS).answers(
        400,
        json!({"statusCode": "401", "error": "Unauthorized", "message": "Invalid API key"}),
    );
    let screen = supabase
        .command("storage buckets list --service-key env:KEY")
        .env("KEY", "sb_secret_0123456789abcdef0123456789")
        .run();
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    error[unauthorized]: Invalid API key
    hint: the key may have been revoked or mistyped; `supactl api-keys list` shows the project's keys, and `--service-key` and SUPABASE_AUTH_SERVICE_ROLE_KEY give another
    [exit status: 4]
    ");
}

#[test]
fn a_name_that_is_a_step_is_no_name() {
    let supabase = FakeSupabase::start();
    let screen = supabase.run("branches get ..");
    assert_eq!(screen.status(), Some(2), "{screen}");
    assert_eq!(supabase.conversation(), "");
}
