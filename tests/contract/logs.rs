//! Log SQL: every filter against the rig's ClickHouse, and the sandbox against it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Run, supactl, supactl_with};
use crate::rig_folder;

/// The rig's logs alone, on a port of their own.
struct Logs {
    server: Child,
    address: String,
}

impl Logs {
    fn start(rig: &Path, arguments: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut server = Command::new(python())
            .arg(rig.join("logs.py"))
            .args(["--port", &port.to_string()])
            .args(arguments)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the rig's Python runs");
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.starts_with("logs on"), "{line}");
        Self {
            server,
            address: format!("127.0.0.1:{port}"),
        }
    }

    /// The ids that another way of asking finds, over the whole store.
    fn oracle(&self, sql: &str) -> Vec<String> {
        let rows = self.get(&format!("/__sql?q={}", encoded(sql)));
        let rows: Vec<Value> =
            serde_json::from_str(&rows).unwrap_or_else(|error| panic!("{error}: {rows}"));
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn run(&self, line: &str) -> Run {
        supactl(&format!("http://{}", self.address), line)
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The Python that the rig made for itself.
fn python() -> PathBuf {
    let venv = std::env::var_os("RIG_VENV").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("rig-venv"),
        PathBuf::from,
    );
    venv.join("bin/python")
}

fn encoded(text: &str) -> String {
    text.bytes()
        .fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

/// Each filter, and the same in words of the test's own. `{w}` is the window.
const FILTERS: &[(&str, &str)] = &[
    ("api list", "source = 'edge_logs'"),
    (
        "api list --method delete --method PATCH",
        "source = 'edge_logs' and event_message like 'DELETE |%' or source = 'edge_logs' and event_message like 'PATCH |%'",
    ),
    (
        "api list --path /rest/v1/todos",
        "source = 'edge_logs' and position(event_message, '.supabase.co/rest/v1/todos') > 0",
    ),
    (
        "api list --path-contains TODO",
        "source = 'edge_logs' and log_attributes['request.path'] = '/rest/v1/todos'",
    ),
    (
        "api list --service auth",
        "source = 'edge_logs' and match(log_attributes['request.path'], '^/auth/v1')",
    ),
    (
        "api list --service auth --service graphql",
        "source = 'edge_logs' and match(log_attributes['request.path'], '^/(auth|graphql)/v1')",
    ),
    (
        "api list --status 5xx",
        "source = 'edge_logs' and log_attributes['response.status_code'] like '5__'",
    ),
    (
        "api list --status 404 --status 401",
        "source = 'edge_logs' and log_attributes['response.status_code'] in ('404', '401')",
    ),
    (
        "api list --min-duration 200ms",
        "source = 'edge_logs' and toInt64OrZero(log_attributes['response.origin_time']) > 199",
    ),
    (
        "api list --ip {ip}",
        "source = 'edge_logs' and position(event_message, '| {ip} |') > 0",
    ),
    (
        "api list --user-agent CURL",
        "source = 'edge_logs' and endsWith(event_message, '| curl/8.5.0')",
    ),
    (
        "api list --user-agent O'Reilly",
        "source = 'edge_logs' and position(event_message, char(79, 39, 82)) > 0",
    ),
    (
        "api list --user {user}",
        "source = 'edge_logs' and has(mapValues(log_attributes), '{user}')",
    ),
    (
        "api list --role authenticated",
        "source = 'edge_logs' and log_attributes['request.sb.auth_user'] != ''",
    ),
    ("api list --search aGeNt_does_not_exist", "0"),
    (
        "api list --search todos?select",
        "source = 'edge_logs' and event_message like '%todos?select%'",
    ),
    ("functions list", "source = 'function_edge_logs'"),
    (
        "functions list --function 9a1d2b6e-52a4-4f0c-8f0e-6c1f2b7a9d10",
        "source = 'function_edge_logs' and position(event_message, '/functions/v1/send-email?') > 0",
    ),
    (
        "functions list --status 5xx",
        "source = 'function_edge_logs' and match(event_message, '^[A-Z]+ . 5[0-9][0-9] ')",
    ),
    (
        "functions list --status 200",
        "source = 'function_edge_logs' and match(event_message, '^[A-Z]+ . 200 ')",
    ),
    (
        "functions list --min-duration 100ms",
        "source = 'function_edge_logs' and toInt64OrZero(log_attributes['execution_time_ms']) > 99",
    ),
    (
        "functions list --console",
        "source in ('function_edge_logs', 'function_logs')",
    ),
    (
        "functions list --console --level warn",
        "source = 'function_edge_logs' or source = 'function_logs' and lower(severity_text) like 'warn%'",
    ),
    (
        "functions list --console --level error --status 5xx",
        "source = 'function_edge_logs' and log_attributes['response.status_code'] like '5__' or source = 'function_logs' and severity_text = 'ERROR'",
    ),
    ("errors list", ERRORS),
    (
        "errors list --source postgres_logs",
        "source = 'postgres_logs' and severity_text in ('ERROR', 'FATAL')",
    ),
    (
        "errors list --source edge_logs --source function_edge_logs",
        "source in ('edge_logs', 'function_edge_logs') and match(log_attributes['response.status_code'], '^5')",
    ),
    (
        "errors list --source function_logs",
        "source = 'function_logs' and severity_text = 'ERROR'",
    ),
    (
        "errors list --source auth_logs --level warning",
        "source = 'auth_logs' and (severity_text = 'WARNING' or match(log_attributes['status'], '^4'))",
    ),
    (
        "errors list --source storage_logs --level warning",
        "source = 'storage_logs' and match(log_attributes['res.statusCode'], '^4')",
    ),
    (
        "errors list --source edge_logs --level warning",
        "source = 'edge_logs' and match(log_attributes['response.status_code'], '^4')",
    ),
    (
        "errors list --search timeout",
        "positionCaseInsensitive(event_message, 'timeout') > 0 and (ERRORS)",
    ),
];

/// What is an error, told by the severities that the rig gives all rows but those of HTTP.
const ERRORS: &str = "match(log_attributes['response.status_code'], '^5') or source not in ('edge_logs', 'function_edge_logs') and severity_text in ('ERROR', 'FATAL') ";

#[test]
fn every_filter_finds_what_another_way_of_asking_finds() {
    let Some(rig) = rig_folder("every_filter_finds_what_another_way_of_asking_finds") else {
        return;
    };
    // Half past, so that the bounds of the window lie within minutes.
    let logs = Logs::start(
        &rig,
        &[
            "--now",
            "2026-11-01T12:00:30Z",
            "--rows",
            "6000",
            "--hours",
            "6",
        ],
    );
    let (since, until) = ("2026-11-01T11:00:20.5Z", "2026-11-01T11:55:40Z");
    let one = |key: &str| {
        let sql = format!(
            "select log_attributes['{key}'] as id from d.store where source = 'edge_logs' and id != '' \
             and timestamp > '2026-11-01 11:30:00' order by timestamp limit 1"
        );
        logs.oracle(&sql).remove(0)
    };
    let (ip, user) = (
        one("request.headers.x_real_ip"),
        one("request.sb.auth_user"),
    );
    for (line, condition) in FILTERS {
        let filled = |text: &str| text.replace("{ip}", &ip).replace("{user}", &user);
        let (line, condition) = (filled(line), filled(condition));
        let condition = condition.replace("ERRORS", ERRORS);
        let expected = logs.oracle(&format!(
            "select toString(id) as id from d.store where ({condition}) and timestamp >= toDateTime64('2026-11-01 11:00:20.5', 6, 'UTC') \
             and timestamp < toDateTime64('2026-11-01 11:55:40', 6, 'UTC') order by timestamp desc, toString(id) desc"
        ));
        let run = logs.run(&format!(
            "logs {line} --since {since} --until {until} --limit 1000 -o json"
        ));
        let envelope = run.succeeded();
        let found: Vec<&str> = envelope["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(uuid)
            .collect();
        assert!(
            line.contains("does_not_exist") || !found.is_empty(),
            "nothing to compare: {line}"
        );
        assert!(found.len() < 1000, "too much to compare: {line}");
        assert_eq!(found, expected, "{line}");
    }
}

fn uuid(row: &Value) -> &str {
    row["id"].as_str().unwrap().rsplit('/').next().unwrap()
}

#[test]
fn pages_and_windows_lose_no_row() {
    let Some(rig) = rig_folder("pages_and_windows_lose_no_row") else {
        return;
    };
    let logs = Logs::start(
        &rig,
        &[
            "--now",
            "2026-11-03T12:00:00Z",
            "--rows",
            "9000",
            "--hours",
            "60",
        ],
    );
    let sql = "select toString(id) as id from d.store where source = 'edge_logs' order by timestamp desc, toString(id) desc";
    let mut expected = logs.oracle(sql);
    let all = logs.run("logs api list --since 2026-10-31T00:00:00Z --until 2026-11-03T12:00:00Z --limit 0 -o json").succeeded();
    let ids = |envelope: &Value| -> Vec<String> {
        envelope["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| uuid(row).to_owned())
            .collect()
    };
    assert!(expected.len() > 2000);
    assert_eq!(ids(&all), expected);
    expected.reverse();
    let reversed = logs.run("logs api list --since 2026-10-31T00:00:00Z --until 2026-11-03T12:00:00Z --limit 1500 --reverse -o json").succeeded();
    assert_eq!(ids(&reversed), expected[..1500]);
}

#[test]
fn calls_of_functions_are_told_once() {
    let Some(rig) = rig_folder("calls_of_functions_are_told_once") else {
        return;
    };
    let logs = Logs::start(
        &rig,
        &[
            "--now",
            "2026-11-01T12:00:00Z",
            "--rows",
            "4000",
            "--hours",
            "4",
        ],
    );
    let run = logs.run("logs api list --service functions --since 2026-11-01T11:00:00Z --until 2026-11-01T12:00:00Z --limit 1000 -o json");
    let envelope = run.succeeded();
    let rays: Vec<&str> = envelope["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["cf_ray"].as_str().unwrap())
        .collect();
    let mut once = rays.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), rays.len());
    let expected = logs.oracle(
        "select distinct log_attributes['request.headers.cf_ray'] as id from d.store where (source = 'function_edge_logs' or source = 'edge_logs' \
         and position(event_message, '/functions/v1/') > 0) and timestamp >= '2026-11-01 11:00:00' and timestamp < '2026-11-01 12:00:00' order by id",
    );
    assert_eq!(once, expected);
}

#[test]
fn errors_are_counted_as_the_database_counts_them() {
    let Some(rig) = rig_folder("errors_are_counted_as_the_database_counts_them") else {
        return;
    };
    let logs = Logs::start(
        &rig,
        &[
            "--now",
            "2026-11-03T12:00:00Z",
            "--rows",
            "9000",
            "--hours",
            "50",
        ],
    );
    let run = logs.run("logs errors list --group --since 2026-10-31T00:00:00Z --until 2026-11-03T12:00:00Z --limit 0 -o json");
    let counts: Vec<String> = run.succeeded()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!(
                "{} {} {} {}",
                row["source"].as_str().unwrap(),
                row["code"].as_str().unwrap_or_default(),
                row["count"],
                row["last_at"].as_str().unwrap()
            )
        })
        .collect();
    let mut expected = logs.oracle(&format!(
        "select concat(source, ' ', multiIf(source = 'postgres_logs', log_attributes['parsed.sql_state_code'], source like '%edge_logs', log_attributes['response.status_code'], \
         source = 'auth_logs', log_attributes['status'], source = 'storage_logs', log_attributes['res.statusCode'], '') as code, ' ', toString(count()), ' ', \
         formatDateTime(max(timestamp), '%Y-%m-%dT%H:%i:%S.%fZ')) as id from d.store where {ERRORS} group by source, code"
    ));
    let mut counts_sorted = counts.clone();
    counts_sorted.sort();
    expected.sort();
    assert_eq!(counts_sorted, expected);
}

#[test]
fn an_id_finds_its_row_and_what_belongs_to_it() {
    let Some(rig) = rig_folder("an_id_finds_its_row_and_what_belongs_to_it") else {
        return;
    };
    let logs = Logs::start(&rig, &["--rows", "3000", "--hours", "3"]);
    let listed = logs
        .run("logs functions list --status 500 --since 3h --limit 1 -o json")
        .succeeded();
    let call = &listed["data"][0];
    let (id, execution) = (
        call["id"].as_str().unwrap(),
        call["execution_id"].as_str().unwrap(),
    );
    let found = logs
        .run(&format!("logs functions get {id} -o json"))
        .succeeded()["data"]
        .clone();
    assert_eq!(found["row"]["id"], id);
    let by_execution = logs
        .run(&format!("logs functions get {execution} -o json"))
        .succeeded()["data"]
        .clone();
    assert_eq!(by_execution, found);
    let console = logs.oracle(&format!(
        "select toString(id) as id from d.store where source = 'function_logs' and log_attributes['execution_id'] = '{execution}' order by timestamp, toString(id)"
    ));
    let related: Vec<&str> = found["related"]
        .as_array()
        .unwrap()
        .iter()
        .map(uuid)
        .collect();
    assert!(!related.is_empty());
    assert_eq!(related, console);
    let missing = logs.run(
        "logs errors get edge_logs/1791626403000000/00000000-0000-4000-8000-000000000000 -o json",
    );
    assert_eq!(
        missing.envelope()["error"]["code"],
        "not_found",
        "{missing}"
    );
}

#[test]
fn following_misses_nothing_where_rows_come_late() {
    let Some(rig) = rig_folder("following_misses_nothing_where_rows_come_late") else {
        return;
    };
    let arguments = [
        "--live",
        "--lag",
        "1-8",
        "--rate",
        "4",
        "--dup",
        "0.1",
        "--rate-limit",
        "10",
        "--rows",
        "2000",
        "--hours",
        "1",
    ];
    let logs = Logs::start(&rig, &arguments);
    let run = logs.run("logs api list --follow --since 2m --max-requests 4 -o ndjson");
    assert_eq!(run.status, Some(0), "{run}");
    let text = String::from_utf8(run.stdout).unwrap();
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut ids: Vec<&str> = rows.iter().map(uuid).collect();
    assert!(
        rows.iter().any(|row| row["late"] == true),
        "the rig's rows come in no order"
    );
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "none twice");
    // All that had arrived when the last look began, which is half a minute after the first.
    let times: Vec<&str> = rows
        .iter()
        .map(|row| row["logged_at"].as_str().unwrap())
        .collect();
    let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    let plain = |time: &str| time.trim_end_matches('Z').replace('T', " ");
    let expected = logs.oracle(&format!(
        "select distinct toString(id) as id from d.store where source = 'edge_logs' and timestamp >= toDateTime64('{}', 6, 'UTC') \
         and timestamp <= subtractSeconds(toDateTime64('{}', 6, 'UTC'), 20)",
        plain(first),
        plain(last)
    ));
    let missing: Vec<&String> = expected
        .iter()
        .filter(|id| ids.binary_search(&id.as_str()).is_err())
        .collect();
    assert!(
        missing.is_empty() && expected.len() > 20,
        "{missing:?} of {}",
        expected.len()
    );
}

/// Queries that the sandbox and the database must answer alike.
const QUERIES: &[&str] = &[
    "select source, count() as n from logs group by source order by n desc, source limit 50",
    "select arrayJoin(mapKeys(log_attributes)) as key, count() as n from logs where source = 'edge_logs' group by key order by n desc, key limit 200",
    "-- a comment\nselect toString(id) as log_id, toUnixTimestamp64Micro(timestamp) as ts_us, timestamp, severity_text from logs where source = 'edge_logs' order by ts_us desc, log_id desc limit 20",
    "select toString(id) as log_id, log_attributes from logs where source = 'function_logs' order by log_id asc limit 5",
    "select toInt32OrZero(log_attributes['response.status_code']) as s, toInt32OrNull(log_attributes['nope']) as n, toFloat64OrNull(log_attributes['response.origin_time']) as d, toFloat64OrZero(log_attributes['response.origin_time']) as z from logs where source = 'edge_logs' order by timestamp, toString(id) limit 50",
    "select toUnixTimestamp(toStartOfInterval(timestamp, INTERVAL 5 MINUTE)) as bucket, count() as total, countIf(toInt32OrZero(log_attributes['response.status_code']) >= 500) as errors, countIf(toInt32OrZero(log_attributes['response.status_code']) between 400 and 499) as warnings from logs where source = 'edge_logs' group by bucket order by bucket asc limit 1000",
    "select multiIf(startsWith(log_attributes['request.path'],'/rest/v1'),'rest', startsWith(log_attributes['request.path'],'/auth/v1'),'auth','other') as service, count() as requests, quantile(0.5)(toFloat64OrNull(log_attributes['response.origin_time'])) as p50_ms, quantile(0.95)(toFloat64OrNull(log_attributes['response.origin_time'])) as p95_ms, quantile(0.99)(toFloat64OrNull(log_attributes['response.origin_time'])) as p99_ms from logs where source = 'edge_logs' group by service order by requests desc, service limit 20",
    "select quantile(0.5)(toFloat64OrNull(log_attributes['nope'])) as p, avg(toFloat64OrNull(log_attributes['nope'])) as a, count() as n from logs",
    "select avg(toFloat64OrNull(log_attributes['response.origin_time'])) as a, min(toFloat64OrNull(log_attributes['response.origin_time'])) as l, max(timestamp) as m, sum(toInt64OrZero(log_attributes['response.status_code'])) as s, uniqExact(source) as u from logs",
    "select source, count() from logs where source in ('edge_logs', 'auth_logs') group by source having count() > 1 order by count() desc, source",
    "select distinct source from logs order by source",
    "select distinct severity_text from logs order by severity_text desc limit 2 offset 1",
    "select count() as n from logs where event_message like '%todos%' or event_message ilike '%ORDERS%'",
    "select count() as n from logs where match(event_message, '^(GET|POST) . 2[0-9][0-9]')",
    "select count() as n from logs where not (source = 'edge_logs') and source != 'auth_logs' and length(event_message) > 20",
    "select count() as n from logs where positionCaseInsensitiveUTF8(event_message, 'o''reilly') > 0",
    "select count() as n from logs where positionCaseInsensitiveUTF8(event_message, concat('C:', char(92), 'temp')) > 0",
    "select concat('a', char(92), 'b') as x, 'it''s' as y, '''''' as q from logs limit 1",
    "select upper(source) as u, lower(severity_text) as l, if(source = 'edge_logs', 'gateway', 'other') as i, case when source = 'edge_logs' then 1 else 0 end as c from logs group by source, severity_text order by u, l limit 30",
    "select toStartOfMinute(timestamp) as m, toStartOfHour(timestamp) as h, formatDateTime(timestamp, '%Y-%m-%d %H:%i') as f from logs order by timestamp, toString(id) limit 3",
    "select round(toFloat64OrZero(log_attributes['response.origin_time']) / 7, 2) as r, toFloat64OrZero(log_attributes['response.origin_time']) * 2 + 1 as t from logs where source = 'edge_logs' order by timestamp, toString(id) limit 20",
    "select toString(id) as log_id from logs where toUnixTimestamp64Micro(timestamp) > 5 and (source = 'auth_logs' or source = 'storage_logs') order by 1 limit 10",
    "select source, any(source) as a, countIf(source = 'edge_logs' and log_attributes['request.method'] = 'GET') as g from logs group by 1 order by 1",
    "select log_attributes['status'] as s, count() as n from logs where source = 'auth_logs' group by s order by n desc, s",
    "select coalesce(toFloat64OrNull(log_attributes['response.origin_time']), 0) as d, toFloat64OrNull(log_attributes['response.origin_time']) is null as missing from logs where source = 'edge_logs' order by d desc, toString(id) limit 10",
    "select toFloat64OrNull(log_attributes['response.origin_time']) as d from logs where source = 'edge_logs' order by d desc, toString(id) limit 400",
    "select toFloat64OrNull(log_attributes['response.origin_time']) as d from logs where source = 'edge_logs' order by d asc, toString(id) limit 400",
    "select median(toFloat64OrZero(log_attributes['response.origin_time'])) as m, quantileIf(0.9)(toFloat64OrZero(log_attributes['response.origin_time']), source = 'edge_logs') as q, sumIf(1, source = 'edge_logs') as s from logs",
    "select count(distinct source) as n from logs",
    "select count() as n from logs where timestamp >= '2020-01-01 00:00:00' and timestamp < now() + INTERVAL 1 DAY",
    "select countIf(empty(severity_text)) as e, countIf(notEmpty(source)) as f, countIf(mapContains(log_attributes, 'request.method')) as c, countIf(isNotNull(toFloat64OrNull(log_attributes['response.origin_time']))) as o, countIf(nullIf(source, 'edge_logs') is null) as g, max(length(log_attributes)) > 3 as l from logs",
    "select toStartOfFiveMinutes(timestamp) as m, fromUnixTimestamp64Micro(toUnixTimestamp64Micro(timestamp)) as t from logs order by timestamp, toString(id) limit 3",
    "select 1 as one, 2.5 as two, 'x' as three, null as four from logs limit 1",
    "select 1 from logs limit 1",
    // Refusals.
    "select * from logs",
    "select logs.* from logs",
    "select count(*) as n from logs",
    "select source as s from logs where s = 'edge_logs'",
    "select toInt32OrZero(log_attributes['a']) as x, countIf(x > 1) as n from logs group by x",
    "select source, count() as n from logs",
    "select nope from logs",
    "select source from logs where source = 5",
    "select id from edge_logs",
    "select url('http://x') as u from logs",
    "select version() as v from logs",
    "select source from logs settings max_threads = 1",
    "insert into logs values (1)",
    "select 1 from logs; select 2 from logs",
    "select source from (select source from logs)",
    "with x as (select 1) select source from logs",
    "select a.source from logs a join logs b on a.id = b.id",
    "select source from logs where source in (select source from logs)",
    "selec",
    "select source from logs where",
    "select 'open from logs",
    "",
];

#[test]
fn the_sandbox_answers_as_the_database_does() {
    let Some(rig) = rig_folder("the_sandbox_answers_as_the_database_does") else {
        return;
    };
    let sandbox = Sandbox::new();
    // A window that lies behind, so that nothing arrives in it any more.
    let now = jiff::Timestamp::now().as_second();
    let (from, to) = ((now / 3600 - 3) * 3600, (now / 3600 - 1) * 3600);
    let rows: Vec<Value> = ["edge_logs", "auth_logs", "function_logs", "postgres_logs"].iter().flat_map(|source| {
        sandbox.query(&format!("select toString(id) as uuid, toUnixTimestamp64Micro(timestamp) as us, event_message as said, severity_text as severity, source as src, log_attributes as attributes \
            from logs where source = '{source}' order by us, uuid limit 1000"), from, to).succeeded()["data"].as_array().unwrap().clone()
    }).chain(sandbox.query("select toString(id) as uuid, toUnixTimestamp64Micro(timestamp) as us, event_message as said, severity_text as severity, source as src, log_attributes as attributes \
            from logs where source not in ('edge_logs', 'auth_logs', 'function_logs', 'postgres_logs') order by us, uuid limit 1000", from, to).succeeded()["data"].as_array().unwrap().clone()).collect();
    assert!(rows.len() > 300);
    let given = json!({"rig": rig, "from": from, "to": to, "rows": rows, "queries": QUERIES});
    let answers = clickhouse(&given);
    for (sql, expected) in QUERIES.iter().zip(answers) {
        let run = sandbox.query(sql, from, to);
        match expected {
            Value::String(refusal) if sql.is_empty() => {
                assert!(!refusal.is_empty() && run.status == Some(2));
            }
            Value::String(refusal) => {
                let error = run.envelope()["error"]["message"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let wanted = if refusal.contains("nope") {
                    "Field \"nope\" does not exist.".to_owned()
                } else {
                    refusal.clone()
                };
                // Where a statement stops making sense is told by the parser, in its own words.
                let parsed =
                    wanted.starts_with("sql parser error") && error.starts_with("sql parser error");
                // The rig has two words for a star in a count.
                assert!(
                    parsed || error == wanted,
                    "{sql}\nthe database: {wanted}\nthe sandbox: {error}"
                );
            }
            rows => {
                let found = run.succeeded()["data"].clone();
                assert_eq!(rounded(&found), rounded(&rows), "{sql}");
            }
        }
    }
}

/// Numbers as both sides write them: 2 is 2.0, and the last digits are nobody's.
fn rounded(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(format!("{:.6}", number.as_f64().unwrap())),
        Value::Array(items) => items.iter().map(rounded).collect(),
        Value::Object(object) => {
            let sorted: BTreeMap<&String, Value> = object
                .iter()
                .map(|(key, value)| (key, rounded(value)))
                .collect();
            json!(sorted)
        }
        other => other.clone(),
    }
}

/// What the database makes of it, by way of a file that is read from standard input.
fn clickhouse(given: &Value) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/clickhouse.py");
    let mut child = Command::new(python())
        .arg(script)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the rig's Python runs");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(given.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

/// The sandbox, with a state of its own.
struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn query(&self, sql: &str, from: i64, to: i64) -> Run {
        let time = |seconds| jiff::Timestamp::from_second(seconds).unwrap().to_string();
        let file = self.0.path().join("statement.sql");
        std::fs::write(&file, sql).unwrap();
        let line = format!(
            "--profile sandbox logs query --file {} --since {} --until {} -o json",
            file.display(),
            time(from),
            time(to)
        );
        let state = self.0.path().to_str().expect("a temporary folder is text");
        Run {
            typed: sql.to_owned(),
            ..supactl_with("http://127.0.0.1:1", &line, [("SUPACTL_STATE_DIR", state)])
        }
    }
}
