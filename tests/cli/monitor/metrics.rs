use regex::Regex;
use serde_json::{Value, json};

use crate::support::{FakeSupabase, KEYS, PROJECT, Said, Screen, World};

/// A scrape of a small machine at a time, after so many seconds at work of `busy` in a hundred.
fn scrape(time: u32, busy: u32, commits: u32) -> String {
    format!(
        "# TYPE node_cpu_seconds_total counter\n\
         node_cpu_seconds_total{{cpu=\"0\",mode=\"idle\"}} {}\n\
         node_cpu_seconds_total{{cpu=\"0\",mode=\"user\"}} {busy}\n\
         node_time_seconds {time}\nnode_boot_time_seconds 1000\nnode_load1 0.5\nnode_load5 NaN\n\
         node_memory_MemTotal_bytes 2000000000\nnode_memory_MemAvailable_bytes 100000000\n\
         node_filesystem_size_bytes{{mountpoint=\"/data\"}} 1000\nnode_filesystem_avail_bytes{{mountpoint=\"/data\"}} 250\n\
         pg_up 1\npg_stat_database_xact_commit_total {commits}\n",
        time - 1000 - busy
    )
}

fn path(below: &str) -> String {
    format!("{PROJECT}/{below}")
}

const SCRAPE: &str = "analytics/endpoints/metrics";
const USAGE: &str = "analytics/endpoints/usage.api-counts";
const LOGS: &str = "analytics/endpoints/logs";
const SQL: &str = "database/query/read-only";
const OWN_SCRAPE: &str = "/customer/v1/privileged/metrics";

fn usage() -> Value {
    json!({"result": [
        {"timestamp": "2026-11-25T10:01:00", "total_auth_requests": 1, "total_realtime_requests": 0, "total_rest_requests": 30, "total_storage_requests": "4"},
        {"timestamp": "2026-11-25T10:00:00", "total_auth_requests": 0, "total_realtime_requests": 0, "total_rest_requests": 10, "total_storage_requests": 0},
    ], "error": null})
}

fn logs() -> Value {
    json!({"result": [{"service": "rest", "requests": "50", "client_errors": 5, "server_errors": 1, "p50_ms": 20.5, "p95_ms": 180, "p99_ms": null}], "error": null})
}

fn database() -> Value {
    json!([{"connections": 12, "connections_active": 2, "connections_idle_in_tx": 0, "connections_max": 60, "size_bytes": "8000000000000",
            "cache_hit_percent": "99.21", "deadlocks": 0, "longest_query_s": null, "waiting_locks": 0}])
}

/// A service whose sources all answer, but for the one that fails with a status.
fn answered(failing: Option<(&str, u16)>) -> FakeSupabase {
    let supabase = FakeSupabase::start();
    for (verb, source, said) in [
        ("GET", SCRAPE, Said::text(&scrape(10_000, 900, 60))),
        ("GET", USAGE, usage().into()),
        ("GET", LOGS, logs().into()),
        ("POST", SQL, database().into()),
    ] {
        match failing {
            Some((one, status)) if one == source => supabase
                .on(verb, &path(source))
                .answers(status, json!({"message": format!("no {source} today")})),
            _ => {
                let status = if source == SQL { 201 } else { 200 };
                supabase.on(verb, &path(source)).answers(status, said)
            }
        };
    }
    supabase
}

#[test]
fn figures_come_from_every_source() {
    let supabase = answered(None);
    let screen = supabase.run("monitor metrics -o json");
    assert_eq!(screen.status(), Some(0), "{screen}");
    let data = &screen.json()["data"];
    for (figure, value) in [
        ("/compute/load_1", json!(0.5)),
        ("/compute/load_5", json!(null)),
        ("/compute/cpu_percent", json!(null)),
        ("/compute/cpu_since_boot_percent", json!(10)),
        ("/compute/uptime_s", json!(9000)),
        ("/memory/memory_percent", json!(95)),
        ("/disk/data_percent", json!(75)),
        ("/database/is_up", json!(1)),
        ("/database/connections_percent", json!(20)),
        ("/database/size_bytes", json!(8_000_000_000_000_i64)),
        ("/database/cache_hit_percent", json!(99.21)),
        ("/database/longest_query_s", json!(null)),
        ("/api/requests_count", json!(50)),
        ("/api/server_error_percent", json!(2)),
        ("/api/p95_ms", json!(180)),
        ("/api/p99_ms", json!(null)),
        ("/api/rest_requests_count", json!(50)),
        ("/api/storage_requests_count", json!(0)),
        ("/api/requests_per_bucket", json!([10, 35])),
        ("/api/period_s", json!(3600)),
        ("/functions/invocations_count", json!(50)),
    ] {
        assert_eq!(data.pointer(figure), Some(&value), "{figure}");
    }
    let groups: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(
        groups,
        [
            "compute",
            "memory",
            "disk",
            "network",
            "database",
            "pooler",
            "api",
            "functions",
            "auth",
            "unavailable"
        ]
    );
}

#[test]
fn only_what_the_groups_need_is_asked() {
    let supabase = answered(None);
    let _ = supabase.run("monitor metrics --group memory,compute");
    assert_eq!(
        supabase.conversation(),
        format!("GET {PROJECT}/analytics/endpoints/metrics")
    );
}

#[test]
fn a_week_is_not_asked_of_the_logs() {
    let supabase = answered(None);
    supabase.on("GET", &path(LOGS)).never();
    let screen = supabase.run("monitor metrics --group api,functions --period 7d -o json");
    let asked = supabase.conversation();
    assert!(asked.contains("usage.api-counts?interval=7day"), "{asked}");
    let data = &screen.json()["data"];
    assert_eq!(data["api"]["requests_count"], 45);
    assert_eq!(data["api"]["p95_ms"], Value::Null);
    let reasons = data["unavailable"].to_string();
    assert!(
        reasons.contains(r#"{"group":"functions","reason":"errors and latency come from the logs, which answer for a day at most"}"#),
        "{reasons}"
    );
}

#[test]
fn rates_are_over_the_scrape_that_an_earlier_run_kept() {
    let supabase = FakeSupabase::start();
    let says = |time, busy, commits| {
        supabase
            .on("GET", &path(SCRAPE))
            .answers(200, Said::text(&scrape(time, busy, commits)))
            .once();
    };
    let run = || {
        supabase
            .run("monitor metrics --group compute,network -o json")
            .json()["data"]
            .clone()
    };
    says(10_000, 900, 60);
    let first = run();
    assert_eq!(first["compute"]["cpu_percent"], Value::Null);
    let reasons = first["unavailable"].to_string();
    assert!(reasons.contains("rates take a second sample"), "{reasons}");
    says(10_060, 945, 120);
    let second = run();
    assert_eq!(second["compute"]["cpu_percent"], 75);
    assert_eq!(second["compute"]["rates_over_s"], 60);
    // The same minute once more: no new sample, and the same rates.
    says(10_060, 945, 120);
    assert_eq!(run()["compute"]["cpu_percent"], 75);
    // A restart: counters begin anew, and nothing is made of that.
    says(10_120, 3, 1);
    let reset = run();
    assert_eq!(reset["compute"]["cpu_percent"], Value::Null);
    let reasons = reset["unavailable"].to_string();
    assert!(reasons.contains("a counter was reset"), "{reasons}");
    says(10_180, 33, 4);
    assert_eq!(run()["compute"]["cpu_percent"], 50);
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_its_owner_alone_and_holds_no_more_than_counters() {
    use std::os::unix::fs::PermissionsExt;

    let supabase = answered(None);
    let _ = supabase.run("monitor metrics --group compute");
    let mut folders = vec![supabase.world().path().join("cache")];
    let mut kept = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.path().to_string_lossy().contains("/scrapes/") {
                kept.push(entry.path());
            }
        }
    }
    let [file] = kept.as_slice() else {
        panic!("{kept:?}");
    };
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(
        text.contains("node_cpu_seconds_total") && !text.contains("node_memory"),
        "{text}"
    );
    // With the cache off nothing is kept.
    let other = answered(None);
    let _ = other.run("monitor metrics --group compute --no-cache");
    assert!(!other.world().path().join("cache").exists());
}

#[test]
fn each_source_may_fail_and_the_rest_still_comes() {
    for (source, status, groups, known) in [
        (USAGE, 500, vec!["api"], "/api/p95_ms"),
        (LOGS, 402, vec!["api", "functions"], "/compute/load_1"),
        (SQL, 403, vec!["database"], "/api/p95_ms"),
    ] {
        let supabase = answered(Some((source, status)));
        let screen = supabase.run("monitor metrics -o json --retries 0");
        assert_eq!(screen.status(), Some(0), "{screen}");
        let data = &screen.json()["data"];
        assert!(
            data.pointer(known).is_some_and(Value::is_number),
            "{source}: {screen}"
        );
        let told: Vec<_> = data["unavailable"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| !row["reason"].as_str().unwrap().starts_with("rates"))
            .filter(|row| {
                row["group"] != "pooler" && row["group"] != "network" && row["group"] != "auth"
            })
            .map(|row| row["group"].as_str().unwrap())
            .collect();
        assert_eq!(told, groups, "{source}: {screen}");
    }
}

#[test]
fn without_the_management_api_the_project_tells_its_own_metrics() {
    let supabase = answered(Some((SCRAPE, 403)));
    supabase
        .on("GET", KEYS)
        .with_query("reveal", "true")
        .answers(200, "keys.json");
    supabase
        .on("GET", OWN_SCRAPE)
        // `service_role:` and the secret key.
        .with_header(
            "authorization",
            "Basic c2VydmljZV9yb2xlOnNiX3NlY3JldF9ON1VORDBVZ2pLVFZLLVVvZGttMEhnX3hTdkVNUHZ6",
        )
        .answers(200, Said::text(&scrape(10_000, 900, 60)))
        .once();
    let screen = supabase.run("monitor metrics --group compute -vv -o json");
    assert_eq!(screen.json()["data"]["compute"]["load_1"], 0.5, "{screen}");
    assert!(!screen.stderr().contains("c2VydmljZV9yb2xl"), "{screen}");
}

#[test]
fn where_both_fail_the_first_failure_is_told() {
    let supabase = answered(Some((SCRAPE, 403)));
    supabase.on("GET", KEYS).answers(403, "forbidden.json");
    let screen = supabase.run("monitor metrics --group compute");
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    error[forbidden]: no analytics/endpoints/metrics today
    hint: the token may lack the permission `analytics_logs_read`, or there is no such project or organization, or it is not yours
    [exit status: 4]
    ");
}

#[test]
fn a_failure_inside_a_success_is_told() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &path(SCRAPE))
        .answers(200, Said::html("<html>sorry</html>"));
    supabase.on("GET", &path(USAGE)).answers(
        200,
        json!({"result": null, "error": {"code": 500, "message": "usage is out"}}),
    );
    supabase.on("GET", &path(LOGS)).answers(200, json!({"result": null, "error": "Query timed out. Retry your query or reduce the time range."}));
    let screen = supabase.run("monitor metrics --group api,compute");
    assert_eq!(screen.status(), Some(1), "{screen}");
    assert_eq!(screen.code(), Some("malformed_response"), "{screen}");
}

#[test]
fn conditions_decide_the_exit_status() {
    for (conditions, status, said) in [
        ("memory_percent>99", 0, ""),
        (
            "memory_percent>90",
            9,
            "error[check_failed]: memory.memory_percent > 90: it is 95",
        ),
        (
            "memory_percent>=95,data_percent>99",
            9,
            "memory.memory_percent >= 95: it is 95",
        ),
        (
            "data_percent<80,memory_percent>90",
            9,
            "disk.data_percent < 80: it is 75; memory.memory_percent > 90: it is 95",
        ),
        (
            "load_5>100",
            9,
            "compute.load_5 > 100: the figure is not known",
        ),
        ("network.errors_per_s>100", 9, "the figure is not known"),
        // The machine says that it is no number.
        ("compute.load_5>100", 9, "the figure is not known"),
    ] {
        let supabase = FakeSupabase::start();
        for (time, busy) in [(10_000, 900), (10_060, 945)] {
            let said = Said::text(&scrape(time, busy, 60));
            supabase.on("GET", &path(SCRAPE)).answers(200, said).once();
        }
        // A rate waits for its second sample, which would take a minute: here there is one already.
        let _ = supabase.run("monitor metrics --group compute");
        let screen = supabase
            .command("monitor metrics --group compute -o json --fail-on")
            .arg(conditions)
            .run();
        assert_eq!(screen.status(), Some(status), "{conditions}: {screen}");
        assert!(screen.stderr().contains(said), "{conditions}: {screen}");
        assert!(screen.json()["data"]["compute"].is_object(), "{screen}");
    }
}

#[test]
fn a_figure_that_is_not_known_ends_with_the_failure_behind_it() {
    let supabase = answered(Some((SQL, 403)));
    let screen = supabase
        .command("monitor metrics --fail-on")
        .arg("waiting_locks_count>5")
        .run();
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(4), Some("forbidden")),
        "{screen}"
    );
}

#[test]
fn a_condition_that_is_none_is_refused_before_anything_is_sent() {
    let world = World::new();
    for (condition, said) in [
        ("cpu_percnt>90", "did you mean `compute.cpu_percent`?"),
        ("p95_ms>90", "write `api.p95_ms` or `functions.p95_ms`"),
        ("cpu_percent", "such as `cpu_percent>90`"),
    ] {
        let screen = world
            .command("monitor metrics --fail-on")
            .arg(condition)
            .run();
        assert_eq!(screen.status(), Some(2), "{screen}");
        assert!(screen.stderr().contains(said), "{screen}");
    }
    let screen = world.run("monitor metrics --sample 5s");
    assert_eq!(screen.status(), Some(2), "{screen}");
}

#[test]
fn the_text_is_passed_through_as_it_comes() {
    let supabase = answered(None);
    let screen = supabase.run("monitor metrics --prometheus");
    assert_eq!(screen.stdout(), scrape(10_000, 900, 60));
    let screen = supabase.run("monitor metrics --prometheus -o json");
    assert_eq!(screen.status(), Some(2), "{screen}");
}

#[test]
fn the_sandbox_moves_every_minute_and_its_second_sample_comes_at_once() {
    let world = World::new();
    let screen = world
        .run("--profile sandbox monitor metrics --group compute,network,disk --sample 60s -o json");
    assert_eq!(screen.status(), Some(0), "{screen}");
    let data = &screen.json()["data"];
    assert_eq!(data["unavailable"], json!([]), "{screen}");
    let cpu = data["compute"]["cpu_percent"].as_f64().unwrap();
    assert!(cpu > 1.0 && cpu < 60.0, "{screen}");
    assert!(data["network"]["received_bytes_per_s"].as_f64().unwrap() > 0.0);
    // A gate on a rate takes the sample that it needs; the one that is unwell never works less than this.
    let screen = world
        .command("--profile sandbox monitor metrics -p acme-analytics --group compute --fail-on")
        .arg("cpu_percent>20")
        .run();
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(9), Some("check_failed")),
        "{screen}"
    );
    assert!(
        screen
            .stderr()
            .contains("Waiting 60 s for the second sample"),
        "{screen}"
    );
    // A paused project has nothing to tell.
    let screen =
        world.run("--profile sandbox monitor metrics -p acme-shop-staging --group compute");
    assert_ne!(screen.status(), Some(0), "{screen}");
}

#[test]
fn counts_of_the_sandbox_are_those_of_its_logs() {
    let world = World::new();
    for period in ["15min", "24h", "7d"] {
        let screen = world.run(&format!(
            "--profile sandbox monitor metrics --group api --period {period} -o json --no-cache"
        ));
        let api = &screen.json()["data"]["api"];
        let count = api["requests_count"].as_f64().unwrap();
        let counted: f64 = api["requests_per_bucket"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_f64)
            .sum();
        assert!(
            count > 0.0 && counted > 0.0 && counted <= count * 1.5,
            "{period}: {screen}"
        );
    }
}

#[test]
fn a_terminal_gets_bars_and_a_pipe_gets_lines() {
    let supabase = answered(None);
    let screen = supabase
        .command("monitor metrics --group memory,disk,api")
        .at_terminal(80)
        .sees_the_end();
    let aged = |screen: &Screen| {
        let text = screen.to_string();
        let text = Regex::new(r"\d+ s old")
            .unwrap()
            .replace_all(&text, "0 s old")
            .into_owned();
        Regex::new(r#"(age_s"?[:\t])\d+"#)
            .unwrap()
            .replace_all(&text, "${1}0")
            .into_owned()
    };
    insta::assert_snapshot!(aged(&screen), @"
    Memory                                                                   0 s old
      Memory         ███████████████████████░  95.0 % !!  1.90 GB of 2.00 GB

    Disk                                                                     0 s old
      Database       ██████████████████░░░░░░  75.0 %  750 B of 1.00 kB

    API                                                           last 1 h · 0 s old
      Requests       ▃█
                     50 · 5xx 2.0 % ! · 4xx 10.0 %
      Latency        p50 20 ms · p95 180 ms
        rest         50 · 5xx 1 · p95 180 ms

    Not available (disk, api): rates take a second sample, which comes a minute
      after the first: run it again, or pass `--sample 60s`
    ");
    insta::assert_snapshot!(aged(&supabase.run("monitor metrics --group memory --fields memory")), @r#"memory	{"memory_percent":95,"memory_used_bytes":1900000000,"memory_size_bytes":2000000000,"swap_percent":null,"swap_used_bytes":null,"swap_size_bytes":null,"age_s":0}"#);
    insta::assert_snapshot!(aged(&supabase.run("monitor metrics --group memory,pooler --no-cache")), @"
    memory.memory_percent	95
    memory.memory_used_bytes	1900000000
    memory.memory_size_bytes	2000000000
    memory.swap_percent	
    memory.swap_used_bytes	
    memory.swap_size_bytes	
    memory.age_s	0
    pooler.clients_count	
    pooler.dedicated_clients_count	
    pooler.dedicated_waiting_count	
    pooler.dedicated_longest_wait_s	
    pooler.age_s	0
    unavailable.pooler	the service has no such figures of this project
    ");
}
