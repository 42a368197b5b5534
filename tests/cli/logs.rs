use serde_json::{Value, json};

use crate::support::{FakeSupabase, REF, World};

/// Where logs are asked for.
fn path() -> String {
    format!("/v1/projects/{REF}/analytics/endpoints/logs")
}

/// A range whose bounds lie on the minute, so that a query shows none.
const HOUR: &str = "--since 2026-11-22T09:00:00Z --until 2026-11-22T10:00:00Z";

fn request(ts_us: i64, id: &str) -> Value {
    json!({"log_id": id, "ts_us": ts_us, "source": "edge_logs", "method": "GET", "path": "/rest/v1/todos", "query": "?select=*", "status_code": 200,
           "duration_ms": 12.5, "ip": "203.0.113.7", "user_agent": "curl/8.5.0", "country": "DE", "auth_user": "", "proxy_status": "", "cf_ray": "7ac6d98c6d4558de"})
}

/// The SQL of all log requests so far, a line each.
fn asked(supabase: &FakeSupabase) -> Vec<String> {
    let requests = supabase.requests();
    let of_logs = requests
        .iter()
        .filter(|request| request.url.path() == path());
    of_logs
        .filter_map(|request| {
            let mut pairs = request.url.query_pairs();
            pairs
                .find(|(key, _)| key == "sql")
                .map(|(_, sql)| sql.into_owned())
        })
        .collect()
}

#[test]
fn api_list_asks_for_whole_minutes_and_prints_what_came() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &path())
        .with_query("iso_timestamp_start", "2026-11-22T09:00:00Z")
        .with_query("iso_timestamp_end", "2026-11-22T10:00:00Z")
        .answers(200, json!({"result": [request(1_795_341_599_000_001, "b"), request(1_795_341_500_000_000, "a")], "error": null}))
        .once();
    insta::assert_snapshot!(supabase.run(&format!("logs api list --method get {HOUR}")), @"
    2026-11-22 09:59:59+00:00	GET	/rest/v1/todos	200	12.5	203.0.113.7	DE	edge_logs/1795341599000001/b	curl/8.5.0
    2026-11-22 09:58:20+00:00	GET	/rest/v1/todos	200	12.5	203.0.113.7	DE	edge_logs/1795341500000000/a	curl/8.5.0
    ");
    let sql = asked(&supabase).remove(0);
    let (_, conditions) = sql.split_once(" from logs ").unwrap();
    insta::assert_snapshot!(conditions, @"where source = 'edge_logs' and log_attributes['request.method'] in ('GET') order by ts_us desc, log_id desc limit 100");
}

#[test]
fn errors_within_an_answer_are_failures() {
    let supabase = FakeSupabase::start();
    for (text, code) in [
        ("Field \"x\" does not exist.", "query_failed"),
        (
            "Query timed out. Retry your query or reduce the time range.",
            "timeout",
        ),
        (
            "Backend error! Retry your query. Please contact support if this continues.",
            "query_failed",
        ),
        ("restricted wildcard (*) in a result column", "query_failed"),
    ] {
        supabase
            .on("GET", &path())
            .answers(200, json!({"result": null, "error": text}))
            .once();
        let screen = supabase
            .command("logs query --retries 0")
            .arg("select 1 from logs")
            .run();
        assert_eq!(screen.code(), Some(code), "{screen}");
        assert!(screen.stderr().contains(text), "{screen}");
    }
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": [], "error": {"code": 400, "errors": [], "message": "sql parser error: no", "status": "INVALID_ARGUMENT"}}))
        .once();
    insta::assert_snapshot!(supabase.command("logs query").arg("selec").run(), @"
    ------- stderr -------
    error[query_failed]: sql parser error: no
    hint: log SQL is one SELECT in ClickHouse's dialect over the table `logs`
    [exit status: 1]
    ");
}

#[test]
fn an_allowance_that_is_used_up_and_a_way_that_is_gone_have_words_of_their_own() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &path())
        .answers(
            402,
            json!({"message": "Log query usage limit exceeded for this billing cycle"}),
        )
        .once();
    insta::assert_snapshot!(supabase.run("logs sources"), @"
    ------- stderr -------
    error[plan_required]: Log query usage limit exceeded for this billing cycle
    hint: the organization's allowance for log queries is used up: shorter windows cost less, and https://supabase.com/dashboard/org/_/usage shows what is left
    [exit status: 4]
    ");
    supabase
        .on("GET", &path())
        .answers(
            410,
            json!({"message": "The logs.all endpoint has been removed."}),
        )
        .once();
    insta::assert_snapshot!(supabase.run("logs sources"), @"
    ------- stderr -------
    error[rejected]: The logs.all endpoint has been removed.
    hint: this way to the logs was removed: a newer release of supactl may know the new one
    [exit status: 1]
    ");
}

#[test]
fn what_cannot_be_right_is_not_sent() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", &path()).never();
    for (line, word) in [
        ("logs api list --since soon", "is not a time"),
        (
            "logs api list --since 1h --until 2h",
            "nothing lies between",
        ),
        ("logs api list --status 6xx", "is not a status"),
        ("logs api list --service nope", "invalid value"),
        ("logs api get x'y", "is not the id of a log row"),
        ("logs functions list --level error", "--console"),
        ("logs query", "required"),
        ("logs query --file nope.sql", "--file nope.sql"),
        ("logs query a --file b", "cannot be used with"),
    ] {
        let screen = supabase.run(line);
        assert_eq!(screen.status(), Some(2), "{line}: {screen}");
        assert!(screen.stderr().contains(word), "{line}: {screen}");
    }
    let long = "x".repeat(10_000);
    let screen = supabase.command("logs api list --search").arg(&long).run();
    assert!(
        screen.stderr().contains("longer than the service takes"),
        "{}",
        screen.stderr()
    );
    insta::assert_snapshot!(supabase.command("logs query").arg(r"select 'C:\temp' from logs").run(), @r"
    ------- stderr -------
    error[invalid_input]: the service takes a level of backslashes away, so that the statement would mean something else
    hint: write a backslash as `char(92)`: `concat('C:', char(92), 'temp')`, and a line break as `char(10)`
    [exit status: 2]
    ");
}

#[test]
fn nothing_found_says_where_it_was_looked_for() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": [], "error": null}));
    insta::assert_snapshot!(supabase.run(&format!("logs errors list {HOUR}")), @"
    ------- stderr -------
    No errors from 2026-11-22 09:00:00Z to 2026-11-22 10:00:00Z; logs are kept for 1 day on the Free plan, 7 on Pro and 28 on Team
    ");
}

/// A world of the sandbox, whose clock stands where the test's is.
fn sandbox() -> World {
    World::new()
}

#[test]
fn what_the_sandbox_lists_it_also_gets() {
    let world = sandbox();
    for (list, get, count) in [
        ("functions", "functions", 20),
        ("functions --console", "functions", 30),
        ("api", "api", 50),
        ("errors", "errors", 5),
    ] {
        let (noun, flags) = list.split_once(' ').unwrap_or((list, ""));
        let line = format!(
            "--profile sandbox logs {noun} list {flags} --since 6h --limit {count} -o json"
        );
        let listed = world.run(&line).json();
        let rows = listed["data"].as_array().unwrap();
        assert!(!rows.is_empty(), "{line}");
        let id = rows[rows.len() / 2]["id"].as_str().unwrap();
        let one = world
            .run(&format!("--profile sandbox logs {get} get {id} -o json"))
            .json();
        assert_eq!(one["data"]["row"]["id"], id);
        assert!(one["data"]["row"]["attributes"].is_object());
        let uuid = id.rsplit('/').next().unwrap();
        let searched = world
            .run(&format!("--profile sandbox logs {get} get {uuid} -o json"))
            .json();
        assert_eq!(searched["data"], one["data"], "{uuid}");
        // Newest first, and none twice.
        let times: Vec<_> = rows
            .iter()
            .map(|row| row["logged_at"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
    }
}

#[test]
fn the_sandbox_refuses_what_the_service_does() {
    let world = sandbox();
    for (sql, said) in [
        (
            "select * from logs",
            "restricted wildcard (*) in a result column",
        ),
        ("delete from logs", "Only SELECT queries allowed"),
        (
            "select 1 from logs; select 2 from logs",
            "Only singular query allowed",
        ),
        (
            "select id from edge_logs",
            "Table not found in CTE: (edge_logs)",
        ),
        ("select nope from logs", "Field \"nope\" does not exist."),
        ("select sleep(3) from logs", "Restricted function sleep"),
        (
            "select source from logs settings max_threads = 1",
            "Restricted setting max_threads",
        ),
        (
            "selec",
            "sql parser error: Expected: an SQL statement, found: selec at Line: 1, Column: 1",
        ),
        ("select source from logs where source = 5", "Backend error"),
        ("select source, count() from logs", "Backend error"),
        (
            "select source as s from logs where s = 'x'",
            "Backend error",
        ),
    ] {
        let screen = world.command("--profile sandbox logs query").arg(sql).run();
        assert_eq!(screen.code(), Some("query_failed"), "{sql}: {screen}");
        assert!(screen.stderr().contains(said), "{sql}: {screen}");
    }
    let lacking = world
        .command("--profile sandbox logs query")
        .arg("select base64Encode(source) as s from logs")
        .run();
    assert!(
        lacking
            .stderr()
            .contains("the sandbox's logs do not have the function `base64Encode`"),
        "{lacking}"
    );
}
