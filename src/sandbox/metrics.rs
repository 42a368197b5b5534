//! Figures of a project: what Prometheus is told, and counts of requests.
//!
//! All are functions of the time: measured anew every 60 seconds, busier by day than by night.

use std::f64::consts::TAU;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::logs;
use super::management::{Route, Row};
use super::server::{Asked, Told};

pub(super) const ROUTES: &[Row] = &[
    (
        "GET",
        "/v1/projects/{}/analytics/endpoints/metrics",
        Route::Do(scrape),
    ),
    (
        "GET",
        "/v1/projects/{}/analytics/endpoints/usage.api-counts",
        Route::Do(counts),
    ),
    (
        "GET",
        "/v1/projects/{}/analytics/endpoints/usage.api-requests-count",
        Route::Do(count),
    ),
];

const DAY_S: f64 = 86_400.0;

/// When the machines were started: 2026-06-01.
const BOOT_S: f64 = 1_780_272_000.0;

/// The service measures as often as this.
const EVERY_S: i64 = 60;

/// How busy it is at a time, around 1: most in the afternoon, least at night, with a ripple.
fn load(time: f64) -> f64 {
    1.0 - 0.5 * (TAU * (time / DAY_S - 0.1)).cos() + 0.2 * (TAU * time / 1260.0).sin()
}

/// All of it from the start up to a time: what a counter of one a second has counted.
fn counted(time: f64) -> f64 {
    let to = |time: f64| {
        time - 0.5 * DAY_S / TAU * (TAU * (time / DAY_S - 0.1)).sin()
            - 0.2 * 1260.0 / TAU * (TAU * time / 1260.0).cos()
    };
    to(time) - to(BOOT_S)
}

fn seconds(time: Timestamp) -> f64 {
    let measured = time.as_second().div_euclid(EVERY_S) * EVERY_S;
    f64::from(u32::try_from(measured).unwrap_or(u32::MAX))
}

/// Whether a project runs, and how hard it works: the one that comes unwell works too hard.
fn effort(project: &Value) -> Option<f64> {
    match project["project"]["status"].as_str()? {
        "ACTIVE_HEALTHY" if project["unwell_since"].is_null() => Some(1.0),
        "ACTIVE_HEALTHY" => Some(1.5),
        "ACTIVE_UNHEALTHY" => Some(4.2),
        _ => None,
    }
}

fn scrape(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    match effort(&state["projects"][parts[0]]) {
        Some(effort) => Told {
            headers: vec![("content-type", "text/plain; version=0.0.4".to_owned())],
            body: text(parts[0], seconds(now), effort).into(),
            ..Told::message(200, "")
        },
        None => Told::message(400, "Project is not active"),
    }
}

/// A family: its name, its kind, the service that tells it, and each series with its labels.
type Family<'a> = (&'a str, &'a str, &'a str, Vec<(String, f64)>);

pub(super) fn text(reference: &str, time: f64, effort: f64) -> String {
    let mut text = String::new();
    for (name, kind, service, series) in families(time, effort) {
        let _ = writeln!(text, "# HELP {name} {name}\n# TYPE {name} {kind}");
        for (labels, value) in series {
            let comma = if labels.is_empty() { "" } else { "," };
            let _ = writeln!(
                text,
                "{name}{{supabase_project_ref=\"{reference}\",supabase_identifier=\"{reference}\",service_type=\"{service}\"{comma}{labels}}} {value}"
            );
        }
    }
    text
}

fn families(time: f64, effort: f64) -> Vec<Family<'static>> {
    let load = load(time) * effort;
    let busy = (0.2 * load).min(0.97);
    let count = |a_second: f64| (a_second * effort * counted(time)).floor();
    let one = |value: f64| vec![(String::new(), value)];
    let by = |label: &str, values: &[(&str, f64)]| -> Vec<(String, f64)> {
        values
            .iter()
            .map(|(name, value)| (format!("{label}=\"{name}\""), *value))
            .collect()
    };
    // What the processors did up to now: their share of the load, and the rest of the time nothing.
    let worked = (0.2 * effort * counted(time)).min(0.97 * (time - BOOT_S));
    let mut cpu = Vec::new();
    for core in ["0", "1"] {
        for (mode, part) in [
            ("user", 0.62),
            ("system", 0.24),
            ("iowait", 0.1),
            ("steal", 0.04),
        ] {
            cpu.push((format!("cpu=\"{core}\",mode=\"{mode}\""), worked * part));
        }
        cpu.push((
            format!("cpu=\"{core}\",mode=\"idle\""),
            time - BOOT_S - worked,
        ));
    }
    let gauge = "gauge";
    let counter = "counter";
    vec![
        ("node_cpu_seconds_total", counter, "db", cpu),
        ("node_load1", gauge, "db", one(2.0 * busy + 0.05)),
        ("node_load5", gauge, "db", one(1.9 * busy + 0.05)),
        ("node_load15", gauge, "db", one(1.8 * busy + 0.06)),
        ("node_boot_time_seconds", gauge, "db", one(BOOT_S)),
        ("node_time_seconds", gauge, "db", one(time)),
        (
            "node_memory_MemTotal_bytes",
            gauge,
            "db",
            one(4_014_080_000.0),
        ),
        (
            "node_memory_MemAvailable_bytes",
            gauge,
            "db",
            one((4_014_080_000.0 * (0.62 - 0.11 * load))
                .max(190_000_000.0)
                .floor()),
        ),
        (
            "node_memory_SwapTotal_bytes",
            gauge,
            "db",
            one(1_073_737_728.0),
        ),
        (
            "node_memory_SwapFree_bytes",
            gauge,
            "db",
            one((1_073_737_728.0 * (1.0 - 0.08 * load)).floor()),
        ),
        ("node_filefd_maximum", gauge, "db", one(f64::NAN)),
        (
            "node_filesystem_size_bytes",
            gauge,
            "db",
            by(
                "mountpoint",
                &[("/", 10_213_466_112.0), ("/data", 8_350_298_112.0)],
            ),
        ),
        (
            "node_filesystem_avail_bytes",
            gauge,
            "db",
            by(
                "mountpoint",
                &[
                    ("/", 4_020_215_808.0),
                    ("/data", (5_905_580_032.0 / effort.sqrt()).floor()),
                ],
            ),
        ),
        (
            "node_disk_reads_completed_total",
            counter,
            "db",
            by(
                "device",
                &[("nvme0n1", count(0.4)), ("nvme1n1", count(15.0))],
            ),
        ),
        (
            "node_disk_writes_completed_total",
            counter,
            "db",
            by(
                "device",
                &[("nvme0n1", count(1.9)), ("nvme1n1", count(84.0))],
            ),
        ),
        (
            "node_disk_read_bytes_total",
            counter,
            "db",
            by(
                "device",
                &[("nvme0n1", count(9_000.0)), ("nvme1n1", count(368_640.0))],
            ),
        ),
        (
            "node_disk_written_bytes_total",
            counter,
            "db",
            by(
                "device",
                &[
                    ("nvme0n1", count(41_000.0)),
                    ("nvme1n1", count(1_966_080.0)),
                ],
            ),
        ),
        (
            "node_disk_io_time_seconds_total",
            counter,
            "db",
            by(
                "device",
                &[("nvme0n1", count(0.004)), ("nvme1n1", count(0.07))],
            ),
        ),
        (
            "node_network_receive_bytes_total",
            counter,
            "db",
            by(
                "device",
                &[("ens5", count(214_000.0)), ("lo", count(91_000.0))],
            ),
        ),
        (
            "node_network_transmit_bytes_total",
            counter,
            "db",
            by(
                "device",
                &[("ens5", count(541_000.0)), ("lo", count(91_000.0))],
            ),
        ),
        (
            "node_network_receive_errs_total",
            counter,
            "db",
            by("device", &[("ens5", 0.0)]),
        ),
        (
            "node_network_transmit_errs_total",
            counter,
            "db",
            by("device", &[("ens5", 0.0)]),
        ),
        ("pg_up", gauge, "postgresql", one(1.0)),
        (
            "pg_settings_default_transaction_read_only",
            gauge,
            "postgresql",
            one(0.0),
        ),
        ("pg_status_in_recovery", gauge, "postgresql", one(0.0)),
        (
            "pg_stat_database_num_backends",
            gauge,
            "postgresql",
            by(
                "datname",
                &[("postgres", (16.0 + 9.0 * load).floor().min(58.0))],
            ),
        ),
        (
            "max_connections_connection_count",
            gauge,
            "postgresql",
            one(60.0),
        ),
        (
            "pg_database_size_bytes",
            gauge,
            "postgresql",
            by(
                "datname",
                &[
                    ("postgres", 1_412_345_344.0 + 0.9 * (time - BOOT_S)),
                    ("template1", 7_602_703.0),
                ],
            ),
        ),
        ("pg_wal_size_mb", gauge, "postgresql", one(144.0)),
        (
            "pg_stat_database_blks_hit_total",
            counter,
            "postgresql",
            by("datname", &[("postgres", count(5_200.0))]),
        ),
        (
            "pg_stat_database_blks_read_total",
            counter,
            "postgresql",
            by("datname", &[("postgres", count(11.0 * effort * effort))]),
        ),
        (
            "pg_stat_database_xact_commit_total",
            counter,
            "postgresql",
            by("datname", &[("postgres", count(41.0))]),
        ),
        (
            "pg_stat_database_xact_rollback_total",
            counter,
            "postgresql",
            by("datname", &[("postgres", count(0.1))]),
        ),
        (
            "pg_stat_database_deadlocks_total",
            counter,
            "postgresql",
            by("datname", &[("postgres", 2.0)]),
        ),
        (
            "pg_stat_database_temp_bytes_total",
            counter,
            "postgresql",
            by("datname", &[("postgres", count(2_100.0))]),
        ),
        (
            "pg_stat_statements_total_queries",
            counter,
            "postgresql",
            one(count(78.0)),
        ),
        (
            "pg_stat_statements_total_time_seconds",
            counter,
            "postgresql",
            one(0.21 * effort * counted(time)),
        ),
        ("postgresql_restarts_total", counter, "postgresql", one(1.0)),
        (
            "physical_replication_lag_physical_replication_lag_seconds",
            gauge,
            "postgresql",
            one(f64::NAN),
        ),
        (
            "replication_slots_max_lag_bytes",
            gauge,
            "postgresql",
            one(16_777_216.0),
        ),
        (
            "realtime_postgres_changes_total_subscriptions",
            gauge,
            "postgresql",
            one((12.0 * load).floor()),
        ),
        (
            "auth_users_user_count",
            gauge,
            "postgresql",
            one(15_432.0 + ((time - BOOT_S) / 5400.0).floor()),
        ),
        ("storage_storage_size_mb", gauge, "postgresql", one(812.5)),
        (
            "supavisor_connections_active",
            gauge,
            "pooler",
            by(
                "mode",
                &[("transaction", (6.0 * load).floor()), ("session", 1.0)],
            ),
        ),
        ("pgrst_db_pool_max", gauge, "postgrest", one(20.0)),
        (
            "pgrst_db_pool_available",
            gauge,
            "postgrest",
            one((20.0 - 4.0 * load).floor().max(0.0)),
        ),
        (
            "pgrst_db_pool_waiting",
            gauge,
            "postgrest",
            one((2.0 * load - 7.0).floor().max(0.0)),
        ),
        (
            "pgrst_db_pool_timeouts_total",
            counter,
            "postgrest",
            one(3.0),
        ),
        (
            "http_status_codes_total",
            counter,
            "gotrue",
            by(
                "code",
                &[
                    ("200", count(3.1)),
                    ("400", count(0.2)),
                    ("429", count(0.02)),
                    ("500", count(0.002)),
                ],
            ),
        ),
    ]
}

/// The intervals: their name, their length and the length of a bucket, in seconds.
const INTERVALS: [(&str, i64, i64); 7] = [
    ("15min", 900, 60),
    ("30min", 1800, 60),
    ("1hr", 3600, 60),
    ("3hr", 10_800, 3600),
    ("1day", 86_400, 3600),
    ("3day", 259_200, 86_400),
    ("7day", 604_800, 86_400),
];

/// What the service counts: requests whose path has a word in it.
const COUNTS: &str = "select \
countIf(positionCaseInsensitiveUTF8(log_attributes['request.path'], '/auth') > 0) as total_auth_requests, \
countIf(positionCaseInsensitiveUTF8(log_attributes['request.path'], '/realtime') > 0) as total_realtime_requests, \
countIf(positionCaseInsensitiveUTF8(log_attributes['request.path'], '/rest') > 0) as total_rest_requests, \
countIf(positionCaseInsensitiveUTF8(log_attributes['request.path'], '/storage') > 0) as total_storage_requests \
from logs where source = 'edge_logs'";

/// Newest first, and times without a zone.
fn counts(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let name = asked.query("interval").unwrap_or("1day");
    let Some((_, length, bucket)) = INTERVALS.iter().find(|row| row.0 == name) else {
        return Told::message(400, "interval: Invalid enum value");
    };
    let newest = now.as_second().div_euclid(*bucket);
    let rows = (0..length / bucket).filter_map(|back| {
        let at = |number: i64| Timestamp::from_second((newest - back + number) * bucket).ok();
        let (from, to) = (at(0)?, at(1)?);
        let found = logs::find(state, parts[0], COUNTS, (from, to), now)?;
        let mut row = json!({"timestamp": from.strftime("%Y-%m-%dT%H:%M:%S").to_string()});
        for (key, count) in found.get(0)?.as_object()? {
            row[key] = count.clone();
        }
        Some(row)
    });
    let rows: Vec<_> = rows.collect();
    Told::json(200, &json!({"result": rows, "error": null}))
}

fn count(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    const ALL: &str = "select count() as count from logs where source = 'edge_logs'";
    let from = now
        .checked_sub(SignedDuration::from_hours(24))
        .unwrap_or(now);
    let found = logs::find(state, parts[0], ALL, (from, now), now);
    Told::json(200, &json!({"result": found, "error": null}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_only_ever_go_up() {
        let start = BOOT_S + 1_000_000.0;
        for minute in 0..1440 {
            let at = start + 60.0 * f64::from(minute);
            assert!(load(at) > 0.0);
            assert!(counted(at + 60.0) > counted(at), "{minute}");
        }
    }

    #[test]
    fn a_minute_has_one_text() {
        let at = |text: &str| seconds(text.parse().unwrap());
        assert!((at("2026-11-25T10:00:00Z") - at("2026-11-25T10:00:59Z")).abs() < 0.1);
        assert!((at("2026-11-25T10:01:00Z") - at("2026-11-25T10:00:59Z") - 60.0).abs() < 0.1);
    }
}
