use regex::Regex;
use serde_json::{Value, json};

use crate::support::{FakeSupabase, PROJECT, Screen, World};

const ADVISORS: &str = "/v2/projects/abcdefghijklmnopqrst/advisors/run";

fn path(below: &str) -> String {
    format!("{PROJECT}/{below}")
}

/// A service whose every signal says that all is well.
fn well() -> Signals {
    Signals {
        status: json!("ACTIVE_HEALTHY"),
        services: services("ACTIVE_HEALTHY"),
        read_only: json!({"enabled": false, "override_enabled": false, "override_active_until": "2024-01-01T00:00:00Z"}),
        disk: json!({"timestamp": "2026-11-25T10:00:00Z", "metrics": {"fs_size_bytes": 2_077_073_408_u64, "fs_used_bytes": 445_685_760, "fs_avail_bytes": 1_500_000_000}}),
        upgrade: json!({"databaseUpgradeStatus": null}),
    }
}

fn services(status: &str) -> Value {
    let row = |name: &str| json!({"name": name, "healthy": true, "status": status});
    json!([
        {"name": "auth", "healthy": true, "status": status, "info": {"name": "GoTrue", "version": "v2.195.0"}},
        {"name": "realtime", "healthy": true, "status": status, "info": {"healthy": true, "db_connected": false, "connected_cluster": 0}},
        row("rest"), row("db"), row("storage"),
    ])
}

struct Signals {
    status: Value,
    services: Value,
    read_only: Value,
    disk: Value,
    upgrade: Value,
}

impl Signals {
    /// A service that answers with them, but for the one that fails with a status.
    fn answered(&self, failing: Option<(&str, u16)>) -> FakeSupabase {
        let supabase = FakeSupabase::start();
        for (name, path, body) in [
            (
                "project",
                PROJECT.to_owned(),
                &json!({"ref": "abcdefghijklmnopqrst", "status": self.status}),
            ),
            ("health", path("health"), &self.services),
            ("readonly", path("readonly"), &self.read_only),
            ("config/disk/util", path("config/disk/util"), &self.disk),
            ("upgrade/status", path("upgrade/status"), &self.upgrade),
        ] {
            match failing {
                Some((one, status)) if one == name => supabase
                    .on("GET", &path)
                    .answers(status, json!({"message": format!("no {name} today")})),
                _ => supabase.on("GET", &path).answers(200, body.clone()),
            };
        }
        supabase
    }
}

/// The screen without what differs from run to run.
fn steady(screen: &Screen) -> String {
    let text = screen.to_string();
    let text = Regex::new(r"\t\d+\t")
        .unwrap()
        .replace_all(&text, "\t[ms]\t")
        .into_owned();
    Regex::new(r#""latency_ms":\d+"#)
        .unwrap()
        .replace_all(&text, "\"latency_ms\":[ms]")
        .into_owned()
}

#[test]
fn health_tells_each_check_and_then_the_verdict() {
    let supabase = well().answered(None);
    insta::assert_snapshot!(steady(&supabase.run("monitor health")), @"
    project	healthy	ACTIVE_HEALTHY	[ms]	project
    auth	healthy	GoTrue v2.195.0	[ms]	health
    db	healthy		[ms]	health
    realtime	healthy		[ms]	health
    rest	healthy		[ms]	health
    storage	healthy		[ms]	health
    read_only	healthy		[ms]	readonly
    disk	healthy	21.5 % of 2.08 GB used	[ms]	config/disk/util
    upgrade	healthy		[ms]	upgrade/status
    verdict	healthy	9 checks, nothing found
    ");
    let mut asked: Vec<_> = supabase.conversation().lines().map(str::to_owned).collect();
    asked.sort();
    insta::assert_snapshot!(asked.join("\n"), @"
    GET /v1/projects/abcdefghijklmnopqrst
    GET /v1/projects/abcdefghijklmnopqrst/config/disk/util
    GET /v1/projects/abcdefghijklmnopqrst/health?services=auth&services=db&services=realtime&services=rest&services=storage
    GET /v1/projects/abcdefghijklmnopqrst/readonly
    GET /v1/projects/abcdefghijklmnopqrst/upgrade/status
    ");
}

#[test]
fn health_as_json_is_one_object() {
    let supabase = well().answered(None);
    insta::assert_snapshot!(steady(&supabase.run("monitor health -o json --service rest --skip disk --skip upgrade --skip read_only")), @r#"{"data":{"verdict":"healthy","reason":"2 checks, nothing found","checks":[{"name":"project","state":"healthy","detail":"ACTIVE_HEALTHY","latency_ms":[ms],"source":"project"},{"name":"rest","state":"healthy","detail":null,"latency_ms":[ms],"source":"health"}]},"success":true,"error":null,"metadata":{"command":"monitor health","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}"#);
}

#[test]
fn every_illness_has_its_verdict_and_its_gate() {
    let full = json!({"metrics": {"fs_size_bytes": 100, "fs_used_bytes": 93}});
    let ill = |name: &str, status: &str| {
        let mut rows = services("ACTIVE_HEALTHY");
        for row in rows.as_array_mut().unwrap() {
            if row["name"] == name {
                row["status"] = json!(status);
            }
        }
        rows
    };
    let refused = json!({"message": "Project is not active"});
    for (signals, verdict, usual, lenient) in [
        (well(), "healthy", 0, 0),
        (
            Signals {
                services: ill("rest", "UNHEALTHY"),
                ..well()
            },
            "down",
            9,
            9,
        ),
        (
            Signals {
                services: ill("db", "COMING_UP"),
                ..well()
            },
            "starting",
            9,
            0,
        ),
        (
            Signals {
                services: ill("storage", "UNHEALTHY"),
                ..well()
            },
            "degraded",
            9,
            0,
        ),
        (
            Signals {
                services: ill("realtime", "DREAMING"),
                ..well()
            },
            "undetermined",
            9,
            9,
        ),
        (
            Signals {
                services: json!([]),
                ..well()
            },
            "undetermined",
            9,
            9,
        ),
        (
            Signals {
                read_only: json!({"enabled": true}),
                ..well()
            },
            "degraded",
            9,
            0,
        ),
        (
            Signals {
                disk: full,
                ..well()
            },
            "degraded",
            9,
            0,
        ),
        (
            Signals {
                upgrade: json!({"databaseUpgradeStatus": {"status": 0, "error": "1_upgraded_instance_launch_failed"}}),
                ..well()
            },
            "degraded",
            9,
            0,
        ),
        (
            Signals {
                status: json!("RESTORING"),
                services: ill("rest", "UNHEALTHY"),
                ..well()
            },
            "starting",
            9,
            0,
        ),
        (
            Signals {
                status: json!("ACTIVE_UNHEALTHY"),
                ..well()
            },
            "down",
            9,
            9,
        ),
        (
            Signals {
                status: json!("INACTIVE"),
                services: refused,
                ..well()
            },
            "paused",
            9,
            9,
        ),
        (
            Signals {
                status: json!("A_NEW_ONE"),
                ..well()
            },
            "undetermined",
            9,
            9,
        ),
    ] {
        let supabase = signals.answered(None);
        let screen = supabase.run("monitor health -o json");
        assert_eq!(screen.json()["data"]["verdict"], verdict, "{screen}");
        assert_eq!(screen.status(), Some(usual), "{screen}");
        let screen = supabase.run("monitor health -o json --fail-on down");
        assert_eq!(screen.json()["data"]["verdict"], verdict, "{screen}");
        assert_eq!(screen.status(), Some(lenient), "{screen}");
    }
}

#[test]
fn whatever_fails_makes_it_undetermined_with_the_status_of_the_failure() {
    for (source, status, code, exit) in [
        ("project", 403, "forbidden", 4),
        ("project", 500, "api_error", 1),
        ("health", 500, "api_error", 1),
        ("health", 401, "unauthorized", 4),
        ("readonly", 403, "forbidden", 4),
        ("config/disk/util", 402, "plan_required", 4),
        ("upgrade/status", 429, "rate_limited", 7),
    ] {
        let supabase = well().answered(Some((source, status)));
        for line in [
            "monitor health -o json --retries 0",
            "monitor health -o json --retries 0 --fail-on down",
        ] {
            let screen = supabase.run(line);
            assert_eq!(screen.status(), Some(exit), "{source}: {screen}");
            assert_eq!(screen.code(), Some(code), "{source}: {screen}");
            // The rest is told all the same.
            let data = &screen.json()["data"];
            assert_eq!(data["verdict"], "undetermined", "{screen}");
            let failed: Vec<_> = data["checks"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|check| check["state"] == "unknown")
                .map(|check| check["source"].as_str().unwrap())
                .collect();
            assert!(
                !failed.is_empty() && failed.iter().all(|one| *one == source),
                "{screen}"
            );
        }
    }
}

#[test]
fn one_failure_is_told_once() {
    let supabase = well().answered(Some(("health", 500)));
    insta::assert_snapshot!(steady(&supabase.run("monitor health --retries 0")), @"
    project	healthy	ACTIVE_HEALTHY	[ms]	project
    auth	unknown	no health today	[ms]	health
    db	unknown	no health today	[ms]	health
    realtime	unknown	no health today	[ms]	health
    rest	unknown	no health today	[ms]	health
    storage	unknown	no health today	[ms]	health
    read_only	healthy		[ms]	readonly
    disk	healthy	21.5 % of 2.08 GB used	[ms]	config/disk/util
    upgrade	healthy		[ms]	upgrade/status
    verdict	undetermined	auth, db, rest are unknown: no health today		
    ------- stderr -------
    error[api_error]: the health could not be determined: auth, db, rest are unknown: no health today
    hint: https://status.supabase.com shows known trouble
    [exit status: 1]
    ");
}

#[test]
fn where_nothing_can_be_found_out_there_is_only_the_failure() {
    let supabase = FakeSupabase::start();
    for below in [
        "/health",
        "/readonly",
        "/config/disk/util",
        "/upgrade/status",
        "",
    ] {
        supabase
            .on("GET", &format!("{PROJECT}{below}"))
            .answers(403, "forbidden.json");
    }
    let screen = supabase.run("monitor health -o json");
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(4), Some("forbidden"))
    );
    assert_eq!(screen.json()["data"], Value::Null);
}

#[test]
fn advisors_are_asked_when_told_to_and_count_when_they_are_sure() {
    let supabase = well().answered(None);
    supabase.on("POST", ADVISORS).answers(200, json!({"data": {"type": "project_advisors", "attributes": {"lints": [
        {"name": "db_connection_failing", "level": "ERROR", "title": "Connections fail", "detail": "SELF_SIGNED_CERT_IN_CHAIN"},
    ]}}})).once();
    let screen = supabase.run("monitor health --advisors -o json");
    assert_eq!(screen.status(), Some(0), "{screen}");
    let asked = supabase
        .requests()
        .into_iter()
        .find(|request| request.method.as_str() == "POST")
        .unwrap();
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(
        body["data"]["attributes"]["lints"]
            .as_array()
            .unwrap()
            .len(),
        13
    );

    supabase
        .on("POST", ADVISORS)
        .answers(
            200,
            json!({"data": {"attributes": {"lints": [
                {"name": "instance_alert_firing", "level": "ERROR", "detail": "an alert is firing"},
            ]}}}),
        )
        .once();
    let screen = supabase.run("monitor health --advisors");
    assert_eq!(screen.code(), Some("unhealthy"));
    assert!(
        screen
            .stderr()
            .contains("degraded: instance_alert_firing is unhealthy: an alert is firing"),
        "{screen}"
    );
}

#[test]
fn a_paused_project_is_not_waited_for() {
    let supabase = Signals {
        status: json!("INACTIVE"),
        ..well()
    }
    .answered(None);
    insta::assert_snapshot!(supabase.run("monitor health --wait").stderr(), @"error[unhealthy]: the project is paused: its status is INACTIVE");
}

#[test]
fn the_sandbox_recovers_by_its_clock() {
    let world = World::new();
    let verdict = |flags: &str| {
        let screen = world.run(&format!(
            "--profile sandbox monitor health -p acme-analytics -o json {flags}"
        ));
        let verdict = screen.json()["data"]["verdict"]
            .as_str()
            .unwrap()
            .to_owned();
        (verdict, screen.status().unwrap())
    };
    let later = |time: &str| {
        let screen = world.run(&format!("--profile sandbox sandbox clock {time}"));
        assert_eq!(screen.status(), Some(0), "{screen}");
    };
    assert_eq!(verdict(""), ("down".to_owned(), 9));
    later("+2min");
    assert_eq!(verdict("--fail-on down"), ("starting".to_owned(), 0));
    later("+2min");
    assert_eq!(verdict(""), ("degraded".to_owned(), 9));
    assert_eq!(
        verdict("--fail-on down --advisors"),
        ("degraded".to_owned(), 0)
    );
    later("+2min");
    assert_eq!(verdict(""), ("healthy".to_owned(), 0));
}

#[test]
fn waiting_ends_when_the_sandbox_is_well() {
    let world = World::new();
    let _ = world.run("--profile sandbox monitor health -p acme-analytics");
    let _ = world.run("--profile sandbox sandbox clock +3min");
    let screen =
        world.run("--profile sandbox monitor health -p acme-analytics --wait --timeout 7m");
    insta::assert_snapshot!(steady(&screen), @"
    project	healthy	ACTIVE_HEALTHY	[ms]	project
    auth	healthy	GoTrue v2.195.0	[ms]	health
    db	healthy		[ms]	health
    realtime	healthy		[ms]	health
    rest	healthy		[ms]	health
    storage	healthy		[ms]	health
    read_only	healthy		[ms]	readonly
    disk	healthy	29.3 % of 8.35 GB used	[ms]	config/disk/util
    upgrade	healthy		[ms]	upgrade/status
    verdict	healthy	9 checks, nothing found		
    ------- stderr -------
    Project acmeanalyticsabcdefg: starting (its status is RESTARTING)
    Project acmeanalyticsabcdefg: degraded (disk is unhealthy: 93.1 % of 2.08 GB used)
    ");
    // A second gate opens at once.
    let screen = world.run("--profile sandbox monitor health -p acme-analytics --wait");
    assert_eq!((screen.status(), screen.stderr()), (Some(0), ""));
}

#[test]
fn waiting_has_an_end_too() {
    let world = World::new();
    let screen =
        world.run("--profile sandbox monitor health -p acme-analytics --wait --timeout 1m");
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    Project acmeanalyticsabcdefg: down (its status is ACTIVE_UNHEALTHY)
    error[timeout]: Project acmeanalyticsabcdefg: still down (its status is ACTIVE_UNHEALTHY) after 60 s
    hint: it goes on all the same; wait longer with `--timeout`
    [exit status: 8]
    ");
}

#[test]
fn each_project_of_the_sandbox_has_its_health() {
    let world = World::new();
    for (project, verdict, status) in [
        ("acme-shop", "healthy", 0),
        ("acme-shop-staging", "paused", 9),
    ] {
        let screen = world.run(&format!(
            "--profile sandbox monitor health -p {project} --advisors -o json"
        ));
        assert_eq!(screen.json()["data"]["verdict"], verdict, "{screen}");
        assert_eq!(screen.status(), Some(status), "{screen}");
    }
    // A pooler that nobody uses is asked for by those who use it.
    let screen = world.run("--profile sandbox monitor health --service pg_bouncer -o json");
    assert_eq!(screen.json()["data"]["verdict"], "degraded", "{screen}");
}
