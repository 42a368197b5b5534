//! How a project is doing: its services, its disk, what the advisors find.
//!
//! The project that comes unwell recovers by the clock, counted from the first look at it: down, then
//! starting, then with a full disk, then with a larger one.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::management::{Route, Row};
use super::projects;
use super::server::{Asked, Told};
use super::state::written;

pub(super) const ROUTES: &[Row] = &[
    ("GET", "/v1/projects/{}/health", Route::Do(services)),
    ("GET", "/v1/projects/{}/readonly", Route::Do(read_only)),
    ("GET", "/v1/projects/{}/config/disk/util", Route::Do(disk)),
    ("GET", "/v1/projects/{}/upgrade/status", Route::Do(upgrade)),
    ("POST", "/v2/projects/{}/advisors/run", Route::Do(advisors)),
];

/// Services that can be asked for.
const SERVICES: &[&str] = &[
    "auth",
    "db",
    "db_postgres_user",
    "pooler",
    "realtime",
    "rest",
    "storage",
    "pg_bouncer",
];

/// How a project is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Asleep,
    Down,
    Starting,
    DiskFull,
    Well,
}

/// Minutes after the first look at a project that was unwell after which its disk has grown.
const DISK_GROWS_AFTER: i64 = 6;

/// What a project is going through. The first look at one that is unwell begins its recovery.
fn phase(project: &mut Value, now: Timestamp) -> Phase {
    let status = project["project"]["status"].as_str().unwrap_or_default();
    let phase = match status {
        "ACTIVE_HEALTHY" => Phase::Well,
        "ACTIVE_UNHEALTHY" => Phase::Down,
        "INACTIVE" | "PAUSING" | "GOING_DOWN" => Phase::Asleep,
        _ => Phase::Starting,
    };
    if phase == Phase::Down && project["unwell_since"].is_null() {
        project["unwell_since"] = json!(written(now));
        projects::begin(project, "recover", now);
    }
    let since = project["unwell_since"].as_str();
    let since = since.and_then(|text| text.parse::<Timestamp>().ok());
    let full = since.is_some_and(|since| now.duration_since(since).as_mins() < DISK_GROWS_AFTER);
    if phase == Phase::Well && full {
        Phase::DiskFull
    } else {
        phase
    }
}

/// What a call to a project that does not run is answered with.
fn asleep() -> Told {
    Told::message(400, "Project is not active")
}

fn services(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let wanted: Vec<&str> = asked
        .query
        .iter()
        .filter(|(key, _)| key == "services")
        .flat_map(|(_, value)| value.split(','))
        .collect();
    if wanted.is_empty() || wanted.iter().any(|service| !SERVICES.contains(service)) {
        return Told::message(
            400,
            "services: Invalid enum value. Expected auth, db, db_postgres_user, pooler, realtime, rest, storage, pg_bouncer",
        );
    }
    let phase = phase(&mut state["projects"][parts[0]], now);
    if phase == Phase::Asleep {
        return asleep();
    }
    let rows: Vec<Value> = wanted
        .iter()
        .map(|service| service_row(service, phase))
        .collect();
    Told::json(200, &json!(rows))
}

fn service_row(service: &str, phase: Phase) -> Value {
    let well = json!({"name": service, "healthy": true, "status": "ACTIVE_HEALTHY"});
    match (phase, service) {
        (Phase::Down, "rest") => {
            json!({"name": service, "healthy": false, "status": "UNHEALTHY", "error": "connect ECONNREFUSED 10.0.3.17:3000"})
        }
        (Phase::Down | Phase::Starting, "db") => well,
        (Phase::Starting, _) => json!({"name": service, "healthy": false, "status": "COMING_UP"}),
        // Nobody uses it, and it says so in its own way.
        (_, "pg_bouncer") => {
            json!({"name": service, "healthy": false, "status": "UNHEALTHY", "error": "not in use"})
        }
        (_, "auth") => with_info(
            well,
            json!({"name": "GoTrue", "version": "v2.195.0", "description": "GoTrue is a user registration and authentication API"}),
        ),
        (_, "realtime") => with_info(
            well,
            json!({"healthy": true, "db_connected": false, "replication_connected": false, "connected_cluster": 0}),
        ),
        (_, "rest") => with_info(well, json!({"db_schema": "public,graphql_public"})),
        _ => well,
    }
}

fn with_info(mut row: Value, info: Value) -> Value {
    row["info"] = info;
    row
}

fn read_only(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    if phase(&mut state["projects"][parts[0]], now) == Phase::Asleep {
        return asleep();
    }
    Told::json(
        200,
        &json!({"enabled": false, "override_enabled": false, "override_active_until": "2024-01-01T00:00:00.000Z"}),
    )
}

fn disk(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let (size, used): (u64, u64) = match phase(&mut state["projects"][parts[0]], now) {
        Phase::Asleep => return asleep(),
        Phase::Well => (8_350_298_112, 2_444_718_080),
        _ => (2_077_073_408, 1_932_735_283),
    };
    Told::json(
        200,
        &json!({"timestamp": written(now), "metrics": {"fs_size_bytes": size, "fs_used_bytes": used, "fs_avail_bytes": size - used}}),
    )
}

fn upgrade(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let status = &state["projects"][parts[0]]["upgrade"];
    Told::json(200, &json!({"databaseUpgradeStatus": status}))
}

/// Only findings come back.
fn advisors(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let body = asked.json();
    let names: Vec<&str> = body
        .pointer("/data/attributes/lints")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|lint| lint["name"].as_str())
        .collect();
    if names.is_empty() || names.len() > 15 {
        return Told::json(
            400,
            &json!({"error": {"code": "invalid_request", "message": "lints must have between 1 and 15 elements"}}),
        );
    }
    let since = now
        .checked_sub(10.minutes())
        .map_or_else(|_| written(now), written);
    let finding = |name: &str, title: &str, level: &str, detail: &str| {
        json!({"name": name, "title": title, "level": level, "facing": "EXTERNAL", "categories": ["HEALTH"], "description": title,
               "detail": detail, "remediation": "https://supabase.com/docs/guides/troubleshooting", "cache_key": name, "observed_at": since})
    };
    let found = match phase(&mut state["projects"][parts[0]], now) {
        Phase::Asleep => vec![finding(
            "project_not_active",
            "Project is not active",
            "INFO",
            "The project is not active, so that nothing could be checked.",
        )],
        Phase::Down => vec![finding(
            "log_data_api_error_rate_high",
            "Data API error rate is high",
            "ERROR",
            "34 % of 812 Data API requests failed in the last 5 minutes.",
        )],
        Phase::Starting | Phase::DiskFull | Phase::Well => Vec::new(),
    };
    let found: Vec<Value> = found
        .into_iter()
        .filter(|finding| {
            finding["name"] == "project_not_active"
                || names.iter().any(|name| finding["name"] == *name)
        })
        .collect();
    Told::json(
        200,
        &json!({"data": {"type": "project_advisors", "attributes": {"lints": found}}}),
    )
}
