use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::support::{FakeSupabase, REF, Run, World};

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
        ("logs api list --service nope", "cannot be `nope`"),
        ("logs api get x'y", "is not the id of a log row"),
        ("logs functions list --level error", "--console"),
        ("logs query", "missing"),
        ("logs query --file nope.sql", "--file nope.sql"),
        ("logs query a --file b", "does not go with"),
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

#[test]
fn odd_rows_are_printed_all_the_same() {
    let supabase = FakeSupabase::start();
    let rows = json!([
        {"log_id": "a", "ts_us": "1795341599000001", "source": "edge_logs", "status_code": "503", "duration_ms": "12", "path": "/\u{1b}[31mred\n"},
        {"log_id": 7, "ts_us": null, "method": "GET", "new": {"a": 1}},
        "odd",
        null,
        {},
    ]);
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": rows, "error": null}));
    insta::assert_snapshot!(supabase.run(&format!("logs api list {HOUR}")), @r"
    2026-11-22 09:59:59+00:00		/\u{1b}[31mred\n	503	12			edge_logs/1795341599000001/a	
    	GET							
    								
    								
    								
    ");
    insta::assert_snapshot!(supabase.run(&format!("logs api list {HOUR} -o ndjson")), @r#"
    {"id":"edge_logs/1795341599000001/a","logged_at":"2026-11-22T09:59:59.000001Z","source":"edge_logs","status_code":503,"duration_ms":[ms],"path":"/\u001b[31mred\n","method":null,"query":null,"ip":null,"user_agent":null,"country":null,"auth_user":null,"proxy_status":null,"cf_ray":null}
    {"id":null,"logged_at":null,"method":"GET","new":{"a":1},"source":null,"path":null,"query":null,"status_code":null,"duration_ms":null,"ip":null,"user_agent":null,"country":null,"auth_user":null,"proxy_status":null,"cf_ray":null}
    {"id":null,"logged_at":null,"value":"odd","source":null,"method":null,"path":null,"query":null,"status_code":null,"duration_ms":null,"ip":null,"user_agent":null,"country":null,"auth_user":null,"proxy_status":null,"cf_ray":null}
    {"id":null,"logged_at":null,"value":null,"source":null,"method":null,"path":null,"query":null,"status_code":null,"duration_ms":null,"ip":null,"user_agent":null,"country":null,"auth_user":null,"proxy_status":null,"cf_ray":null}
    {"id":null,"logged_at":null,"source":null,"method":null,"path":null,"query":null,"status_code":null,"duration_ms":null,"ip":null,"user_agent":null,"country":null,"auth_user":null,"proxy_status":null,"cf_ray":null}
    "#);
    // A list without pages ends there, whatever is in it.
    let errors = supabase.run(&format!("logs errors list {HOUR} -o csv"));
    assert_eq!(errors.status(), Some(0), "{errors}");
    let functions = json!({"message": "Forbidden"});
    supabase
        .on("GET", &format!("/v1/projects/{REF}/functions"))
        .answers(403, functions);
    let calls = supabase.run(&format!("logs functions list {HOUR} -o yaml"));
    assert_eq!(calls.status(), Some(0), "{calls}");
}

#[test]
fn names_of_functions_come_from_their_list_and_otherwise_from_the_address() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &format!("/v1/projects/{REF}/functions"))
        .answers(200, json!([{"id": "3c078cce-ad70-4148-9f37-4da362789053", "slug": "hello", "name": "Hello"}]))
        .once();
    let call = |id: &str, function: &str| {
        json!({"log_id": id, "ts_us": 1_795_341_599_000_001_i64, "source": "function_edge_logs", "function_id": function, "execution_id": "",
               "method": "POST", "path": "/functions/v1/called/deep", "status_code": 200, "duration_ms": null, "message": "POST | 200"})
    };
    supabase.on("GET", &path()).answers(
        200,
        json!({"result": [call("a", "3c078cce-ad70-4148-9f37-4da362789053"), call("b", "11111111-ad70-4148-9f37-4da362789053")], "error": null}),
    );
    let screen = supabase.run(&format!(
        "logs functions list --function hello {HOUR} --fields function,method"
    ));
    insta::assert_snapshot!(screen, @"
    hello	POST
    deep	POST
    ");
    let sql = asked(&supabase).remove(0);
    assert!(
        sql.contains(
            "and log_attributes['function_id'] in ('3c078cce-ad70-4148-9f37-4da362789053')"
        ),
        "{sql}"
    );
    // The list of functions is kept, which the exact count of requests above proves.
    let unknown = supabase.run(&format!("logs functions list --function nope {HOUR}"));
    assert_eq!(unknown.status(), Some(2), "{unknown}");
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
fn a_row_is_shown_with_its_relatives() {
    let world = sandbox();
    // Some rows have none; the newest of an hour may be too new for theirs.
    for (noun, of_source) in [("functions", "function_logs"), ("api", "")] {
        let listed = world.run(&format!(
            "--profile sandbox logs {noun} list --since 6h --until 1h --limit 40 --jq .data[].id"
        ));
        let relatives = listed.stdout().lines().find_map(|id| {
            let one = world
                .run(&format!("--profile sandbox logs {noun} get {id} -o json"))
                .json();
            let related = one["data"]["related"].as_array().unwrap().clone();
            assert!(related.iter().all(|row| row["id"] != id), "{related:?}");
            (!related.is_empty()).then_some(related)
        });
        let relatives = relatives.unwrap();
        assert!(
            relatives
                .iter()
                .all(|row| row["source"].as_str().unwrap().starts_with(of_source)),
            "{relatives:?}"
        );
    }
}

#[test]
fn a_bare_id_is_looked_for_day_by_day() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": [], "error": null}))
        .times(2);
    let screen = supabase.run("logs api get 0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901 --since 30h");
    assert_eq!(screen.code(), Some("not_found"), "{screen}");
}

#[test]
fn groups_of_several_windows_are_added_up() {
    let supabase = FakeSupabase::start();
    let group = |source: &str, code: &str, n: i64, first: i64, last: i64, sample: &str| json!({"source": source, "code": code, "n": n.to_string(), "first_us": first, "last_us": last, "sample": sample});
    let newest = json!({"result": [group("edge_logs", "500", 3, 40, 60, "new"), group("auth_logs", "", 4, 41, 42, "other")], "error": null});
    let older = json!({"result": [group("edge_logs", "500", 2, 10, 20, "old"), group("edge_logs", "503", 1, 15, 15, "another")], "error": null});
    for (start, stop, answer) in [
        ("2026-11-21T10:01:00Z", "2026-11-22T10:00:00Z", newest),
        ("2026-11-21T08:00:00Z", "2026-11-21T10:01:00Z", older),
    ] {
        supabase
            .on("GET", &path())
            .with_query("iso_timestamp_start", start)
            .with_query("iso_timestamp_end", stop)
            .answers(200, answer)
            .once();
    }
    insta::assert_snapshot!(supabase.run("logs errors list --group --since 2026-11-21T08:00:00Z --until 2026-11-22T10:00:00Z -o csv"), @"
    source,code,count,first_at,last_at,sample
    edge_logs,500,5,1970-01-01T00:00:00.000010Z,1970-01-01T00:00:00.000060Z,new
    auth_logs,,4,1970-01-01T00:00:00.000041Z,1970-01-01T00:00:00.000042Z,other
    edge_logs,503,1,1970-01-01T00:00:00.000015Z,1970-01-01T00:00:00.000015Z,another
    ");
}

#[test]
fn each_source_has_its_own_keys() {
    let supabase = FakeSupabase::start();
    let sources = json!({"result": [{"source": "edge_logs", "n": "7"}, {"source": "auth_logs", "n": 2}], "error": null});
    let keys = json!({"result": [{"source": "edge_logs", "key": "request.method", "n": 7}, {"source": "auth_logs", "key": "level", "n": 2},
        {"source": "edge_logs", "key": "identifier", "n": 6}], "error": null});
    for answer in [sources, keys] {
        supabase.on("GET", &path()).answers(200, answer).once();
    }
    insta::assert_snapshot!(supabase.run(&format!("logs sources {HOUR} -o json --jq .data")), @r#"[{"source":"edge_logs","count":7,"keys":[{"key":"request.method","count":7},{"key":"identifier","count":6}]},{"source":"auth_logs","count":2,"keys":[{"key":"level","count":2}]}]"#);
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

#[test]
fn a_long_range_is_read_in_windows_and_pages_until_there_is_enough() {
    let supabase = FakeSupabase::start();
    let end = 1_795_341_600_000_000_i64;
    // A full page, then half of one, then nothing.
    let page: Vec<Value> = (0..1000)
        .map(|number| request(end - 1 - number, &format!("{number:04x}")))
        .collect();
    let rest: Vec<Value> = (1000..1500)
        .map(|number| request(end - 1 - number, &format!("{number:04x}")))
        .collect();
    let window = |start: &str, stop: &str| {
        supabase
            .on("GET", &path())
            .with_query("iso_timestamp_start", start)
            .with_query("iso_timestamp_end", stop)
    };
    // Over the end of a month, a day less a minute at a time.
    window("2026-11-21T10:01:00Z", "2026-11-22T10:00:00Z")
        .answers(200, json!({"result": page, "error": null}))
        .once();
    window("2026-11-21T10:01:00Z", "2026-11-22T10:00:00Z")
        .answers(200, json!({"result": rest, "error": null}))
        .once();
    window("2026-11-20T10:02:00Z", "2026-11-21T10:01:00Z")
        .answers(200, json!({"result": [], "error": null}))
        .once();
    window("2026-11-20T00:00:00Z", "2026-11-20T10:02:00Z")
        .answers(200, json!({"result": [], "error": null}))
        .once();
    let screen = supabase.run("logs api list --since 2026-11-20T00:00:00Z --until 2026-11-22T10:00:00Z --limit 0 -o ndjson");
    assert_eq!(screen.stdout().lines().count(), 1500, "{}", screen.stderr());
    let asked = asked(&supabase);
    assert!(asked[1].contains("(toUnixTimestamp64Micro(timestamp) < 1795341599999000 or (toUnixTimestamp64Micro(timestamp) = 1795341599999000 and toString(id) < '03e7'))"), "{}", asked[1]);
    assert!(
        asked[2].contains("toUnixTimestamp64Micro(timestamp) < 1795255260000000"),
        "{}",
        asked[2]
    );
}

#[test]
fn a_limit_stops_it_and_so_does_a_number_of_requests() {
    let supabase = FakeSupabase::start();
    let range = "--since 2026-11-01T00:00:00Z --until 2026-11-22T10:00:00Z";
    let page: Vec<Value> = (0..3)
        .map(|number| request(1_795_341_500_000_000 - number, &format!("{number:04x}")))
        .collect();
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": page, "error": null}))
        .times(3);
    let screen = supabase.run(&format!("logs api list {range} --limit 3 -o csv"));
    assert_eq!(screen.stdout().lines().count(), 4, "{screen}");
    let screen = supabase.run(&format!(
        "logs api list {range} --limit 0 --max-requests 2 -o ndjson"
    ));
    assert_eq!(screen.stdout().lines().count(), 6, "{screen}");
    insta::assert_snapshot!(screen.stderr(), @"Stopped after 2 log queries (`--max-requests`): there may be more");
}

#[test]
fn windows_that_are_too_slow_are_halved() {
    let supabase = FakeSupabase::start();
    let slow = json!({"result": null, "error": "Query timed out. Retry your query or reduce the time range."});
    supabase.on("GET", &path()).answers(200, slow).once();
    for (start, stop) in [
        ("2026-11-22T09:30:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T09:00:00Z", "2026-11-22T09:30:00Z"),
    ] {
        supabase
            .on("GET", &path())
            .with_query("iso_timestamp_start", start)
            .with_query("iso_timestamp_end", stop)
            .answers(
                200,
                json!({"result": [request(1_795_341_500_000_000, "a")], "error": null}),
            )
            .once();
    }
    let screen = supabase.run(&format!("logs api list {HOUR} -o ndjson"));
    assert_eq!(
        (screen.status(), screen.stdout().lines().count()),
        (Some(0), 2),
        "{screen}"
    );
    assert!(
        screen.stderr().starts_with("Too slow for one answer"),
        "{screen}"
    );
}

#[test]
fn a_service_that_does_not_get_on_is_told() {
    let supabase = FakeSupabase::start();
    let page: Vec<Value> = (0..1000)
        .map(|_| request(1_795_341_500_000_000, "a"))
        .collect();
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": page, "error": null}))
        .times(2);
    let screen = supabase.run(&format!("logs api list {HOUR} --limit 0 -o ndjson"));
    assert_eq!(
        screen.code(),
        Some("malformed_response"),
        "{}",
        screen.stderr()
    );
}

#[test]
fn formats_that_have_an_end_do_not_go_with_follow() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", &path()).never();
    for line in [
        "logs api list -f -o json",
        "logs api list -f -o csv",
        "logs errors list --follow -o yaml",
        "logs query x -f -o json",
    ] {
        let screen = supabase.run(line);
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(2), Some("usage")),
            "{line}: {screen}"
        );
    }
    for line in [
        "logs api list -f --limit 5",
        "logs api list -f --until 1h",
        "logs api list --interval 5m",
        "logs api list --stats --interval 90s",
        "logs errors list --group -f",
    ] {
        assert_eq!(supabase.run(line).status(), Some(2), "{line}");
    }
    let screen = supabase.run("logs api list --output-file x -o json");
    insta::assert_snapshot!(screen.stderr(), @"
    error[usage]: `--output-file` writes rows as they come: json and yaml are one document
    hint: `-o ndjson` is JSON, a row a line; `-o csv` and `-o table` go as well
    ");
}

#[test]
fn a_file_is_gone_on_with_after_an_interruption() {
    let world = World::new();
    let line = "--profile sandbox logs api list --since 2026-01-01 --limit 0 --reverse";
    // The same range, whenever the two runs are: it is a day that is over.
    let line = line.replace("--since 2026-01-01", "--since yesterday --until yesterday");
    let whole = world.run(&format!("{line} -o ndjson"));
    assert!(whole.stdout().lines().count() > 1000, "{}", whole.stderr());
    let begun = world.run(&format!(
        "{line} --output-file rows.ndjson --max-requests 1"
    ));
    assert!(
        begun
            .stderr()
            .contains("the same command goes on with the rest"),
        "{begun}"
    );
    let file = world.path().join("here/rows.ndjson");
    let half = std::fs::read_to_string(&file).unwrap();
    assert!(!half.is_empty() && whole.stdout().starts_with(&half));
    // As if it had been killed in the middle of a page.
    std::fs::write(&file, format!("{half}{{\"id\":\"edge")).unwrap();
    let other = world.run(&format!("{line} --output-file rows.ndjson --status 5xx"));
    assert_eq!(other.status(), Some(2), "{other}");
    let done = world.run(&format!("{line} --output-file rows.ndjson"));
    assert!(done.stderr().contains("Going on after 1000 rows"), "{done}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole.stdout());
    assert!(!world.path().join("here/rows.ndjson.resume").exists());
    let again = world.run(&format!("{line} --output-file rows.ndjson"));
    assert_eq!(again.status(), Some(2), "{again}");
    let table = world.run(&format!("{line} --output-file rows.csv -o csv"));
    assert_eq!(table.status(), Some(0), "{table}");
    let csv = std::fs::read_to_string(world.path().join("here/rows.csv")).unwrap();
    assert_eq!(csv.lines().count(), whole.stdout().lines().count() + 1);
}

#[test]
fn a_file_is_the_same_however_often_its_writing_was_broken_off() {
    let world = World::new();
    let line = "--profile sandbox logs api list --since yesterday --until yesterday --limit 0";
    for (format, fields, is_empty) in [
        ("csv", "", true),
        ("csv", "--fields logged_at,path", true),
        ("csv", "--fields logged_at,path", false),
        ("table", "--fields logged_at,path", true),
        ("table", "--fields logged_at,path", false),
    ] {
        let line = format!("{line} -o {format} {fields}");
        let whole = world.run(&line);
        assert!(whole.stdout().lines().count() > 1000, "{}", whole.stderr());
        let begun = world.run(&format!("{line} --output-file rows --max-requests 1"));
        assert_eq!(begun.status(), Some(0), "{begun}");
        let file = world.path().join("here/rows");
        if is_empty {
            // As if it had been killed before its first page.
            let beside = world.path().join("here/rows.resume");
            let mut note: serde_json::Value =
                serde_json::from_slice(&std::fs::read(&beside).unwrap()).unwrap();
            note["count"] = json!(0);
            note["bytes"] = json!(0);
            note["keys"] = json!([]);
            note["cursor"] = json!(null);
            std::fs::write(&beside, note.to_string()).unwrap();
        }
        let done = world.run(&format!("{line} --output-file rows"));
        assert_eq!(done.status(), Some(0), "{done}");
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(
            written == whole.stdout(),
            "{format} {fields} {is_empty}: {}",
            written.lines().take(3).collect::<Vec<_>>().join("\n")
        );
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_file_without_rows_has_the_header_that_a_list_has() {
    let world = World::new();
    for fields in ["", "--fields path,logged_at"] {
        let line = format!("--profile sandbox logs api list --search no-such-text -o csv {fields}");
        let listed = world.run(&line);
        assert_eq!(listed.stdout().lines().count(), 1, "{listed}");
        let written = world.run(&format!("{line} --output-file none.csv"));
        assert_eq!(written.status(), Some(0), "{written}");
        let file = world.path().join("here/none.csv");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), listed.stdout());
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn no_rows_are_a_header_in_csv_and_nothing_elsewhere() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": [], "error": null}));
    for (format, printed) in [("csv", "logged_at,path\n"), ("ndjson", ""), ("table", "")] {
        let line = format!("logs api list {HOUR} --limit 0 --fields logged_at,path -o {format}");
        let screen = supabase.run(&line);
        assert_eq!(
            (screen.status(), screen.stdout()),
            (Some(0), printed),
            "{screen}"
        );
    }
    let screen = supabase.run(&format!("logs api list {HOUR} --output-file none.ndjson"));
    assert_eq!(screen.status(), Some(0), "{screen}");
    let file = supabase.world().path().join("here/none.ndjson");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "");
}

#[test]
fn rows_at_a_terminal_steer_it_in_no_format() {
    let supabase = FakeSupabase::start();
    let mut row = request(1_795_341_500_000_000, "a");
    row["path"] = json!("/\u{202e}x");
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": [row], "error": null}));
    for (format, escaped) in [
        ("csv", "/\\u{202e}x"),
        ("ndjson", "/\\u202ex"),
        ("table", "/\\u{202e}x"),
    ] {
        let line = format!("logs api list {HOUR} --limit 0 --fields path -o {format}");
        let seen = supabase.command(&line).at_terminal(100).sees_the_end();
        assert!(seen.to_string().contains(escaped), "{format}: {seen}");
        let piped = supabase.run(&line);
        let raw = piped.stdout().contains('\u{202e}');
        assert_eq!(raw, format != "table", "{format}: {piped}");
    }
}

#[test]
fn an_expression_that_fails_ends_a_stream() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", &path()).answers(
        200,
        json!({"result": [request(1_795_341_500_000_000, "a")], "error": null}),
    );
    let run = supabase.command(&format!("logs api list {HOUR} --limit 0 -o ndjson --jq"));
    let screen = run.arg(".path, error(\"enough\")").run();
    assert_eq!(screen.stdout(), "/rest/v1/todos\n", "{screen}");
    assert!(screen.stderr().contains("enough"), "{screen}");
    assert_eq!(screen.status(), Some(1), "{screen}");
}

#[test]
fn an_expression_does_not_go_with_a_file() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", &path()).never();
    let screen = supabase.run("logs api list --output-file rows -o ndjson --jq .path");
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    error[usage]: `--output-file` writes rows as they are: `--jq` does not go with it
    hint: leave `--output-file` out to have what `--jq` prints, or `--jq` to have the rows
    [exit status: 2]
    ");
    assert!(!supabase.world().path().join("here/rows").exists());
}

#[test]
fn a_refused_command_leaves_no_file_in_the_way_of_the_corrected_one() {
    let world = World::new();
    let line = "--profile sandbox logs api list --output-file rows --fields";
    let refused = world.run(&format!("{line} nope"));
    assert_eq!(refused.status(), Some(2), "{refused}");
    for name in ["here/rows", "here/rows.resume"] {
        assert!(!world.path().join(name).exists(), "{name}");
    }
    let corrected = world.run(&format!("{line} path"));
    assert_eq!(corrected.status(), Some(0), "{corrected}");
}

#[test]
fn a_statement_comes_from_standard_input_by_either_name() {
    let world = World::new();
    for line in ["logs query -", "logs query --file -"] {
        let screen = world
            .command(&format!("--profile sandbox {line} -o ndjson"))
            .input("select count() > 0 as some from logs")
            .run();
        assert_eq!(screen.status(), Some(0), "{line}: {screen}");
        assert_eq!(screen.stdout().lines().count(), 1, "{line}: {screen}");
    }
}

#[test]
fn streams_print_the_same_bytes_as_lists() {
    let world = World::new();
    // Two hours that lie behind: whenever two runs are, they see the same, and at no time of the day is
    // that more than a thousand rows.
    let start =
        jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() / 3600 * 3600 - 5 * 3600)
            .unwrap();
    let range = format!(
        "--since {start} --until {}",
        start + std::time::Duration::from_hours(2)
    );
    for (format, fields) in [
        ("table", ""),
        ("table", "--fields logged_at,path"),
        ("ndjson", ""),
        ("ndjson", "--fields logged_at,path"),
        ("csv", ""),
        ("csv", "--fields logged_at,path"),
        ("yaml", ""),
    ] {
        {
            let list = world.run(&format!(
                "--profile sandbox logs api list {range} --limit 1000 -o {format} {fields}"
            ));
            let stream = world.run(&format!(
                "--profile sandbox logs api list {range} --limit 0 -o {format} {fields}"
            ));
            assert!(
                list.stdout().lines().count() > 1 || format == "json",
                "{list}"
            );
            assert!(list.to_string() == stream.to_string(), "{format} {fields}");
        }
    }
    let filtered = world.run(&format!(
        "--profile sandbox logs api list {range} --limit 0 -o ndjson --jq .source"
    ));
    let listed = world.run(&format!(
        "--profile sandbox logs api list {range} --limit 1000 -o ndjson --jq .source"
    ));
    assert_eq!(filtered.stdout(), listed.stdout());
    let unknown = world.run(&format!(
        "--profile sandbox logs api list {range} --limit 0 -o ndjson --fields nope"
    ));
    assert_eq!(unknown.code(), Some("invalid_input"), "{unknown}");
}

#[test]
fn the_last_rows_come_oldest_first() {
    let world = World::new();
    let list = world.run(
        "--profile sandbox logs api list --since yesterday --until yesterday --limit 5 -o ndjson",
    );
    let tail = world.run(
        "--profile sandbox logs api list --since yesterday --until yesterday --tail 5 -o ndjson",
    );
    let mut lines: Vec<&str> = list.stdout().lines().collect();
    lines.reverse();
    assert_eq!(tail.stdout().lines().collect::<Vec<_>>(), lines);
    let query = "select toString(id) as log_id, toUnixTimestamp64Micro(timestamp) as ts_us from logs where source = 'edge_logs' order by ts_us desc limit 9";
    let run = world
        .command(
            "--profile sandbox logs query --since yesterday --until yesterday --tail 3 -o json",
        )
        .arg(query)
        .run()
        .json();
    assert_eq!(run["data"].as_array().unwrap().len(), 3);
}

#[test]
fn following_shows_each_row_once_and_tells_how_many() {
    let world = World::new();
    // Six looks a minute: each moves the sandbox's clock.
    let screen =
        world.run("--profile sandbox logs api list --follow --tail 3 --max-requests 120 -o ndjson");
    assert_eq!(screen.status(), Some(0), "{}", screen.stderr());
    let rows: Vec<Value> = screen
        .stdout()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    // A minute has 1.5 of them in the mean, and nobody knows which minutes these are.
    assert!(ids.len() >= 10, "{ids:?}");
    assert_eq!(
        screen.stderr().lines().last(),
        Some(format!("{} rows", rows.len()).as_str())
    );
    assert!(
        rows.iter().any(|row| row["late"] == true),
        "some are late in the sandbox"
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rows.len(), "none twice");
    // And none is missing, of those that had time to arrive.
    let first = rows[0]["logged_at"].as_str().unwrap();
    let newest = rows
        .iter()
        .filter_map(|row| row["logged_at"].as_str())
        .max();
    // A row may come 90 seconds after its time, and so after the last look.
    let newest: jiff::Timestamp = newest.unwrap().parse().unwrap();
    let last = newest - std::time::Duration::from_secs(100);
    let listed = world.run(&format!(
        "--profile sandbox logs api list --since {first} --until {last} --limit 0 -o ndjson"
    ));
    let times: Vec<&str> = rows
        .iter()
        .map(|row| row["logged_at"].as_str().unwrap())
        .collect();
    let least = times.iter().min().unwrap();
    for line in listed.stdout().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["id"].as_str().unwrap();
        assert!(
            ids.binary_search(&id).is_ok() || row["logged_at"].as_str().unwrap() < *least,
            "{id} is missing"
        );
    }
    let query = "select toString(id) as log_id, toUnixTimestamp64Micro(timestamp) as ts_us, source from logs where source = 'edge_logs' order by ts_us desc limit 500";
    let followed = world
        .command("--profile sandbox logs query --follow --max-requests 60 -o ndjson")
        .arg(query)
        .run();
    let mut lines: Vec<&str> = followed.stdout().lines().collect();
    let count = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert!(count > 3 && lines.len() == count, "{}", followed.stderr());
}

#[test]
fn outages_are_survived_and_refusals_are_not() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &path())
        .answers(
            200,
            json!({"result": null, "error": "Field \"x\" does not exist."}),
        )
        .once();
    let screen = supabase.run("logs api list --follow --tail 0 -o ndjson");
    assert_eq!(screen.code(), Some("query_failed"), "{screen}");
    assert!(screen.stderr().starts_with("0 rows\n"), "{screen}");
    // In the sandbox time passes by itself, and with it the outage.
    let world = World::new();
    let query = "select nope from logs";
    let screen = world
        .command("--profile sandbox logs query --follow")
        .arg(query)
        .run();
    assert_eq!(screen.code(), Some("query_failed"), "{screen}");
}

#[test]
fn ctrl_c_ends_it_with_a_count() {
    let world = World::new();
    let person = world
        .command("--profile sandbox logs api list --follow --tail 2")
        .at_terminal(200);
    let screen = person.reads("edge_logs/").presses("\u{3}").sees_the_end();
    assert_eq!(screen.status(), Some(130), "{screen}");
    let shown = screen.to_string();
    assert!(
        shown.contains(" rows") && shown.contains("error[interrupted]"),
        "{shown}"
    );
}

#[test]
fn stats_fill_what_is_empty_and_draw_on_a_terminal_alone() {
    let world = World::new();
    let range = "--since yesterday --until yesterday";
    let stats = world
        .run(&format!(
            "--profile sandbox logs api list {range} --stats -o json"
        ))
        .json();
    let rows = stats["data"].as_array().unwrap();
    let services: std::collections::BTreeSet<&str> = rows
        .iter()
        .map(|row| row["service"].as_str().unwrap())
        .collect();
    assert!(
        services.contains("rest") && services.contains("auth"),
        "{services:?}"
    );
    assert_eq!(
        rows.len(),
        services.len() * 48,
        "a day in halves of an hour"
    );
    let counted: i64 = rows.iter().map(|row| row["count"].as_i64().unwrap()).sum();
    let errors: i64 = rows.iter().map(|row| row["errors"].as_i64().unwrap()).sum();
    let count = |flags: &str| {
        world
            .run(&format!(
                "--profile sandbox logs api list {range} --limit 0 -o ndjson {flags}"
            ))
            .stdout()
            .lines()
            .count()
    };
    assert_eq!(
        (
            usize::try_from(counted).unwrap(),
            usize::try_from(errors).unwrap()
        ),
        (count(""), count("--status 5xx"))
    );
    let sparse = world
        .run(&format!(
            "--profile sandbox logs functions list {range} --stats --interval 5m -o json"
        ))
        .json();
    let empty = sparse["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["count"] == 0)
        .unwrap()
        .clone();
    assert!(empty["p95_ms"].is_null() && empty["errors"] == 0);
    assert!(rows.iter().all(|row| row.get("chart").is_none()));
    for line in [
        "functions list --stats --interval 1h",
        "errors list --stats",
        "errors list --stats --level error --level warning",
    ] {
        let screen = world.run(&format!("--profile sandbox logs {line} {range} -o json"));
        assert!(
            screen.json()["metadata"]["count"].as_i64().unwrap() > 10,
            "{screen}"
        );
    }
    let errors = world.run(&format!("--profile sandbox logs errors list {range} --stats --level error --level warning -o json")).json();
    let sum = |key: &str| {
        errors["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row[key].as_i64().unwrap())
            .sum::<i64>()
    };
    assert_eq!(sum("errors") + sum("warnings"), sum("count"));
    let of_errors = world.run(&format!(
        "--profile sandbox logs errors list {range} --limit 0 -o ndjson"
    ));
    assert_eq!(
        usize::try_from(sum("errors")).unwrap(),
        of_errors.stdout().lines().count()
    );
    let person = world
        .command(&format!(
            "--profile sandbox logs api list {range} --stats --interval 6h"
        ))
        .at_terminal(140);
    assert!(person.sees_the_end().to_string().contains('█'));
}

#[test]
fn two_processes_share_what_a_minute_allows() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &path())
        .answers(200, json!({"result": [], "error": null}));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let screen = supabase.run(&format!("logs api list {HOUR}"));
                    assert_eq!(screen.status(), Some(0), "{screen}");
                    assert!(!screen.stderr().contains("waiting"), "{screen}");
                }
            });
        }
    });
    let waits = supabase
        .command(&format!("logs api list {HOUR}"))
        .at_terminal(100);
    let screen = waits
        .reads("Ten log queries a minute are allowed; waiting")
        .presses("\u{3}")
        .sees_the_end();
    assert_eq!(screen.status(), Some(130));
    assert_eq!(asked(&supabase).len(), 10, "the eleventh was not sent");
    // Another token has a minute of its own.
    let other = supabase
        .command(&format!("logs api list {HOUR}"))
        .env("SUPABASE_ACCESS_TOKEN", "sbp_another")
        .run();
    assert_eq!(other.status(), Some(0), "{other}");
}

#[test]
fn what_may_pass_is_asked_again_where_that_is_allowed() {
    let unwell = || {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", &path())
            .answers(
                200,
                json!({"result": [], "error": "Backend error! Retry your query."}),
            )
            .once();
        supabase
    };
    let supabase = unwell();
    let waits = supabase
        .command(&format!("logs api list {HOUR}"))
        .at_terminal(100)
        .reads("Backend error! Retry your query.; waiting 5 s")
        .presses("\u{3}")
        .sees_the_end();
    assert_eq!(waits.status(), Some(130), "{waits}");
    let supabase = unwell();
    let told = supabase.run(&format!("logs api list {HOUR} --retries 0"));
    assert_eq!(told.code(), Some("query_failed"), "{told}");
    assert!(!told.stderr().contains("waiting"), "{told}");
}

/// The most memory that a process has had, in kilobytes, where the system tells it.
fn peak_memory_kb(process: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs it and reads all of its lines: how many there were, and its memory at one of them and near
/// the end.
fn memory_of(run: &Run, early: u64, late: u64) -> (u64, u64, u64) {
    let mut child = run
        .prepared()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::with_capacity(64 * 1024, child.stdout.take().unwrap()).lines();
    let (mut count, mut first, mut last) = (0, 0, 0);
    for line in lines {
        drop(line.unwrap());
        count += 1;
        if count == early {
            first = peak_memory_kb(&child).unwrap_or(0);
        } else if count % 500 == 0 || count == late {
            last = peak_memory_kb(&child).unwrap_or(last);
        }
    }
    assert!(child.wait().unwrap().success());
    (count, first, last)
}

/// Serves so many rows, a thousand a page, each page after the last row that the question names.
fn serve_rows(rows: i64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut sent = 0;
        for stream in listener.incoming().flatten() {
            let number = sent;
            sent += 1000;
            let page = if number < rows { 1000 } else { 0 };
            let page: Vec<Value> = (number..number + page)
                .map(|number| {
                    request(
                        1_795_338_000_000_000 + number * 1000,
                        &format!("{number:08x}"),
                    )
                })
                .collect();
            let _ = answer(&stream, &json!({"result": page, "error": null}).to_string());
        }
    });
    address
}

fn answer(mut stream: &TcpStream, body: &str) -> std::io::Result<()> {
    for line in BufReader::new(stream).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-ratelimit-limit: 100000\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

#[test]
fn memory_does_not_grow_with_the_rows() {
    let world = World::served_by(&serve_rows(40_000));
    let run = world.command("logs api list --since 2026-11-22T09:00:00Z --until 2026-11-22T10:00:00Z --limit 0 --reverse -o ndjson");
    let (count, early, late) = memory_of(&run, 5_000, 40_000);
    assert_eq!(count, 40_000);
    assert!(
        late <= early + 4_000,
        "{early} kB after 5,000 rows, {late} kB after 40,000"
    );
}

#[test]
fn memory_does_not_grow_with_the_time_of_following() {
    let world = World::own_sandbox();
    let run = world.command("logs api list --follow --since 1m --max-requests 240 -o ndjson");
    // How many rows there are depends on the hour; half of the usual ones will do.
    let (count, early, late) = memory_of(&run, 10, 25);
    assert!(count >= 25, "{count}");
    assert!(late <= early + 6_000, "{early} kB early, {late} kB late");
}
