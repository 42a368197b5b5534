//! Every figure that `monitor metrics` knows: where it comes from, and from when on it is bad.

use clap::ValueEnum;
use serde_json::{Value, json};

use super::pair::Pair;
use crate::api::{Object, number};

/// Figures that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Group {
    /// Processors and load
    Compute,
    /// Memory and swap
    Memory,
    /// How full and how busy disks are
    Disk,
    /// Bytes in and out
    Network,
    /// Connections, transactions, cache, replication
    Database,
    /// Clients of the poolers
    Pooler,
    /// Requests, errors and latency at the gateway
    Api,
    /// Invocations of Edge Functions
    Functions,
    /// Users, and requests to Auth
    Auth,
}

impl Group {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Database => "database",
            Self::Pooler => "pooler",
            Self::Api => "api",
            Self::Functions => "functions",
            Self::Auth => "auth",
        }
    }
}

/// Who tells a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The text that Prometheus is given, new every minute.
    Scrape,
    /// Counts of requests by service.
    Usage,
    /// The logs of the gateway.
    Gateway,
    /// The same, service by service.
    Services,
    /// The logs of Edge Functions.
    Functions,
    /// Statistics of the database.
    Database,
}

impl Source {
    pub(super) const ALL: [Self; 6] = [
        Self::Scrape,
        Self::Usage,
        Self::Gateway,
        Self::Services,
        Self::Functions,
        Self::Database,
    ];
}

/// What the sources told; `None` for those that were not asked or failed.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) pair: Option<Pair<'a>>,
    pub(super) usage: Option<&'a [Object]>,
    pub(super) gateway: Option<&'a Object>,
    pub(super) services: Option<&'a [Object]>,
    pub(super) functions: Option<&'a Object>,
    pub(super) database: Option<&'a Object>,
}

/// From when on a figure is worth a look, and from when on it is bad.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limits {
    None,
    /// The higher, the worse.
    High(f64, f64),
    /// The lower, the worse.
    Low(f64, f64),
}

/// How bad a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    Fine,
    Warn,
    Bad,
}

impl Limits {
    pub(super) fn grade(self, value: f64) -> Grade {
        let (warn, bad) = match self {
            Self::None => return Grade::Fine,
            Self::High(warn, bad) => (value >= warn, value >= bad),
            Self::Low(warn, bad) => (value < warn, value < bad),
        };
        match (warn, bad) {
            (_, true) => Grade::Bad,
            (true, false) => Grade::Warn,
            (false, false) => Grade::Fine,
        }
    }
}

/// One figure.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) group: Group,
    /// Its key, which ends in its unit.
    pub(super) key: &'static str,
    pub(super) source: Source,
    /// It takes a second scrape.
    pub(super) is_rate: bool,
    pub(super) limits: Limits,
    pub(super) value: fn(&Inputs<'_>) -> Option<f64>,
}

type Make = fn(&Inputs<'_>) -> Option<f64>;

/// A figure of one scrape.
const fn gauge(group: Group, key: &'static str, limits: Limits, value: Make) -> Figure {
    from(group, key, Source::Scrape, limits, value)
}

/// A figure that takes two scrapes.
const fn rate(group: Group, key: &'static str, limits: Limits, value: Make) -> Figure {
    Figure {
        is_rate: true,
        ..gauge(group, key, limits, value)
    }
}

const fn from(
    group: Group,
    key: &'static str,
    source: Source,
    limits: Limits,
    value: Make,
) -> Figure {
    Figure {
        group,
        key,
        source,
        is_rate: false,
        limits,
        value,
    }
}

use Group::{Api, Auth, Compute, Database, Disk, Functions, Memory, Network, Pooler};
use Limits::{High, Low, None as Any};

/// A mebibyte: the families that end in `_mb` count in these.
const MB: f64 = 1_048_576.0;

/// All figures, in the order in which they are told.
#[rustfmt::skip] // a line for each
pub(super) const FIGURES: &[Figure] = &[
    rate(Compute, "cpu_percent", High(75.0, 90.0), |i| Some(100.0 - cpu(i, "idle")?)),
    rate(Compute, "cpu_user_percent", Any, |i| cpu(i, "user")),
    rate(Compute, "cpu_system_percent", Any, |i| cpu(i, "system")),
    rate(Compute, "cpu_iowait_percent", High(10.0, 25.0), |i| cpu(i, "iowait")),
    rate(Compute, "cpu_steal_percent", High(5.0, 15.0), |i| cpu(i, "steal")),
    gauge(Compute, "cpu_since_boot_percent", Any, cpu_since_boot),
    gauge(Compute, "load_1", Any, |i| i.pair?.sum("node_load1")),
    gauge(Compute, "load_5", Any, |i| i.pair?.sum("node_load5")),
    gauge(Compute, "load_15", Any, |i| i.pair?.sum("node_load15")),
    gauge(Compute, "cores_count", Any, |i| i.pair?.values_of("node_cpu_seconds_total", "cpu")),
    gauge(Compute, "uptime_s", Any, |i| Some(i.pair?.sum("node_time_seconds")? - i.pair?.sum("node_boot_time_seconds")?)),
    gauge(Memory, "memory_percent", High(80.0, 95.0), |i| share(memory_used(i)?, i.pair?.sum("node_memory_MemTotal_bytes")?)),
    gauge(Memory, "memory_used_bytes", Any, memory_used),
    gauge(Memory, "memory_size_bytes", Any, |i| i.pair?.sum("node_memory_MemTotal_bytes")),
    gauge(Memory, "swap_percent", High(50.0, 80.0), |i| share(swap_used(i)?, i.pair?.sum("node_memory_SwapTotal_bytes")?)),
    gauge(Memory, "swap_used_bytes", Any, swap_used),
    gauge(Memory, "swap_size_bytes", Any, |i| i.pair?.sum("node_memory_SwapTotal_bytes")),
    gauge(Disk, "data_percent", High(80.0, 90.0), |i| share(disk_used(i, "/data")?, disk_size(i, "/data")?)),
    gauge(Disk, "data_used_bytes", Any, |i| disk_used(i, "/data")),
    gauge(Disk, "data_size_bytes", Any, |i| disk_size(i, "/data")),
    gauge(Disk, "root_percent", High(80.0, 90.0), |i| share(disk_used(i, "/")?, disk_size(i, "/")?)),
    gauge(Disk, "root_used_bytes", Any, |i| disk_used(i, "/")),
    gauge(Disk, "root_size_bytes", Any, |i| disk_size(i, "/")),
    rate(Disk, "busy_percent", High(70.0, 90.0), |i| Some(100.0 * i.pair?.highest_rate("node_disk_io_time_seconds_total")?)),
    rate(Disk, "reads_per_s", Any, |i| i.pair?.rate("node_disk_reads_completed_total")),
    rate(Disk, "writes_per_s", Any, |i| i.pair?.rate("node_disk_writes_completed_total")),
    rate(Disk, "read_bytes_per_s", Any, |i| i.pair?.rate("node_disk_read_bytes_total")),
    rate(Disk, "written_bytes_per_s", Any, |i| i.pair?.rate("node_disk_written_bytes_total")),
    gauge(Disk, "objects_bytes", Any, |i| Some(i.pair?.sum("storage_storage_size_mb")? * MB)),
    rate(Network, "received_bytes_per_s", Any, |i| i.pair?.rate_without("node_network_receive_bytes_total", "device", "lo")),
    rate(Network, "sent_bytes_per_s", Any, |i| i.pair?.rate_without("node_network_transmit_bytes_total", "device", "lo")),
    rate(Network, "errors_per_s", High(1.0, 10.0), network_errors),
    gauge(Database, "is_up", Low(1.0, 1.0), |i| i.pair?.sum("pg_up")),
    gauge(Database, "is_read_only", High(1.0, 1.0), |i| i.pair?.sum("pg_settings_default_transaction_read_only")),
    gauge(Database, "is_in_recovery", Any, |i| i.pair?.sum("pg_status_in_recovery")),
    gauge(Database, "connections_count", Any, connections),
    gauge(Database, "connections_max_count", Any, connections_max),
    gauge(Database, "connections_percent", High(75.0, 90.0), |i| share(connections(i)?, connections_max(i)?)),
    sql("connections_active_count", Any, |i| cell(i.database, "connections_active")),
    sql("connections_idle_in_tx_count", Any, |i| cell(i.database, "connections_idle_in_tx")),
    gauge(Database, "size_bytes", Any, size),
    gauge(Database, "wal_bytes", Any, |i| Some(i.pair?.sum("pg_wal_size_mb")? * MB)),
    // What was hit lately, else since the statistics were last reset.
    gauge(Database, "cache_hit_percent", Low(99.0, 95.0), |i| cache_hit(i).or_else(|| cell(i.database, "cache_hit_percent"))),
    rate(Database, "commits_per_s", Any, |i| i.pair?.rate("pg_stat_database_xact_commit_total")),
    rate(Database, "rollbacks_per_s", Any, |i| i.pair?.rate("pg_stat_database_xact_rollback_total")),
    gauge(Database, "deadlocks_count", Any, deadlocks),
    rate(Database, "temp_bytes_per_s", Any, |i| i.pair?.rate("pg_stat_database_temp_bytes_total")),
    rate(Database, "queries_per_s", Any, |i| i.pair?.rate("pg_stat_statements_total_queries")),
    rate(Database, "query_mean_ms", Any, query_mean),
    sql("longest_query_s", High(60.0, 300.0), |i| cell(i.database, "longest_query_s")),
    sql("waiting_locks_count", High(1.0, 10.0), |i| cell(i.database, "waiting_locks")),
    gauge(Database, "replication_lag_s", High(30.0, 300.0), |i| i.pair?.sum("physical_replication_lag_physical_replication_lag_seconds")),
    gauge(Database, "slots_lag_bytes", High(1e9, 5e9), |i| i.pair?.sum("replication_slots_max_lag_bytes")),
    gauge(Database, "restarts_count", Any, |i| i.pair?.sum("postgresql_restarts_total")),
    gauge(Pooler, "clients_count", Any, |i| i.pair?.sum("supavisor_connections_active")),
    gauge(Pooler, "dedicated_clients_count", Any, |i| i.pair?.sum("pgbouncer_used_clients")),
    gauge(Pooler, "dedicated_waiting_count", High(5.0, 50.0), |i| i.pair?.sum("pgbouncer_pools_client_waiting_connections")),
    gauge(Pooler, "dedicated_longest_wait_s", High(1.0, 10.0), |i| i.pair?.highest("pgbouncer_pools_client_maxwait_seconds")),
    from(Api, "requests_count", Source::Usage, Any, |i| cell(i.gateway, "requests").or_else(|| usage_of_all(i))),
    from(Api, "client_errors_count", Source::Gateway, Any, |i| cell(i.gateway, "client_errors")),
    from(Api, "server_errors_count", Source::Gateway, Any, |i| cell(i.gateway, "server_errors")),
    from(Api, "client_error_percent", Source::Gateway, High(20.0, 50.0), |i| part_of_requests(i.gateway, "client_errors")),
    from(Api, "server_error_percent", Source::Gateway, High(1.0, 5.0), |i| part_of_requests(i.gateway, "server_errors")),
    from(Api, "p50_ms", Source::Gateway, Any, |i| cell(i.gateway, "p50_ms")),
    from(Api, "p95_ms", Source::Gateway, High(1000.0, 5000.0), |i| cell(i.gateway, "p95_ms")),
    from(Api, "p99_ms", Source::Gateway, Any, |i| cell(i.gateway, "p99_ms")),
    from(Api, "rest_requests_count", Source::Usage, Any, |i| service(i, "rest", "requests").or_else(|| usage(i, "total_rest_requests"))),
    from(Api, "rest_server_errors_count", Source::Services, Any, |i| service(i, "rest", "server_errors")),
    from(Api, "rest_p95_ms", Source::Services, Any, |i| service(i, "rest", "p95_ms")),
    from(Api, "auth_requests_count", Source::Usage, Any, |i| service(i, "auth", "requests").or_else(|| usage(i, "total_auth_requests"))),
    from(Api, "auth_server_errors_count", Source::Services, Any, |i| service(i, "auth", "server_errors")),
    from(Api, "auth_p95_ms", Source::Services, Any, |i| service(i, "auth", "p95_ms")),
    from(Api, "storage_requests_count", Source::Usage, Any, |i| service(i, "storage", "requests").or_else(|| usage(i, "total_storage_requests"))),
    from(Api, "storage_server_errors_count", Source::Services, Any, |i| service(i, "storage", "server_errors")),
    from(Api, "storage_p95_ms", Source::Services, Any, |i| service(i, "storage", "p95_ms")),
    from(Api, "realtime_requests_count", Source::Usage, Any, |i| service(i, "realtime", "requests").or_else(|| usage(i, "total_realtime_requests"))),
    from(Api, "realtime_server_errors_count", Source::Services, Any, |i| service(i, "realtime", "server_errors")),
    from(Api, "realtime_p95_ms", Source::Services, Any, |i| service(i, "realtime", "p95_ms")),
    from(Api, "graphql_requests_count", Source::Services, Any, |i| service(i, "graphql", "requests")),
    from(Api, "graphql_server_errors_count", Source::Services, Any, |i| service(i, "graphql", "server_errors")),
    from(Api, "graphql_p95_ms", Source::Services, Any, |i| service(i, "graphql", "p95_ms")),
    gauge(Api, "pool_size_count", Any, |i| i.pair?.sum("pgrst_db_pool_max")),
    gauge(Api, "pool_available_count", Any, |i| i.pair?.sum("pgrst_db_pool_available")),
    gauge(Api, "pool_waiting_count", High(1.0, 10.0), |i| i.pair?.sum("pgrst_db_pool_waiting")),
    rate(Api, "pool_timeouts_per_s", High(0.01, 1.0), |i| i.pair?.rate("pgrst_db_pool_timeouts_total")),
    gauge(Api, "realtime_subscriptions_count", Any, |i| i.pair?.sum("realtime_postgres_changes_total_subscriptions")),
    from(Functions, "invocations_count", Source::Functions, Any, |i| cell(i.functions, "requests")),
    from(Functions, "client_errors_count", Source::Functions, Any, |i| cell(i.functions, "client_errors")),
    from(Functions, "server_errors_count", Source::Functions, Any, |i| cell(i.functions, "server_errors")),
    from(Functions, "server_error_percent", Source::Functions, High(1.0, 5.0), |i| part_of_requests(i.functions, "server_errors")),
    from(Functions, "p50_ms", Source::Functions, Any, |i| cell(i.functions, "p50_ms")),
    from(Functions, "p95_ms", Source::Functions, High(2000.0, 10_000.0), |i| cell(i.functions, "p95_ms")),
    from(Functions, "p99_ms", Source::Functions, Any, |i| cell(i.functions, "p99_ms")),
    gauge(Auth, "users_count", Any, |i| i.pair?.sum("auth_users_user_count")),
    rate(Auth, "responses_per_s", Any, |i| i.pair?.rate("http_status_codes_total")),
    rate(Auth, "client_errors_per_s", Any, |i| i.pair?.rate_where("http_status_codes_total", "code", |code| code.starts_with('4'))),
    rate(Auth, "server_errors_per_s", High(0.1, 1.0), |i| i.pair?.rate_where("http_status_codes_total", "code", |code| code.starts_with('5'))),
];

/// A figure that only the database tells.
const fn sql(key: &'static str, limits: Limits, value: Make) -> Figure {
    from(Group::Database, key, Source::Database, limits, value)
}

/// The figure of a group with a key.
pub(super) fn find(group: Group, key: &str) -> Option<&'static Figure> {
    FIGURES
        .iter()
        .find(|figure| figure.group == group && figure.key == key)
}

/// The figures of a group.
pub(super) fn of(group: Group) -> impl Iterator<Item = &'static Figure> {
    FIGURES.iter().filter(move |figure| figure.group == group)
}

/// The time that all processors spent in a mode, of all that they had.
fn cpu(inputs: &Inputs<'_>, mode: &str) -> Option<f64> {
    let pair = inputs.pair?;
    let all = above_zero(pair.rate("node_cpu_seconds_total")?)?;
    let part = pair.rate_where("node_cpu_seconds_total", "mode", |one| one == mode)?;
    Some((100.0 * part / all).clamp(0.0, 100.0))
}

/// The same since the machine was started, in percent.
fn cpu_since_boot(inputs: &Inputs<'_>) -> Option<f64> {
    let pair = inputs.pair?;
    let idle = pair.sum_of("node_cpu_seconds_total", "mode", "idle")?;
    Some(100.0 - share(idle, pair.sum("node_cpu_seconds_total")?)?)
}

fn network_errors(inputs: &Inputs<'_>) -> Option<f64> {
    let pair = inputs.pair?;
    Some(
        pair.rate("node_network_receive_errs_total")?
            + pair.rate("node_network_transmit_errs_total")?,
    )
}

fn size(inputs: &Inputs<'_>) -> Option<f64> {
    let told = inputs
        .pair
        .and_then(|pair| pair.sum_of("pg_database_size_bytes", "datname", "postgres"));
    told.or_else(|| cell(inputs.database, "size_bytes"))
}

fn deadlocks(inputs: &Inputs<'_>) -> Option<f64> {
    let told = inputs
        .pair
        .and_then(|pair| pair.sum("pg_stat_database_deadlocks_total"));
    told.or_else(|| cell(inputs.database, "deadlocks"))
}

fn query_mean(inputs: &Inputs<'_>) -> Option<f64> {
    let pair = inputs.pair?;
    let queries = above_zero(pair.rate("pg_stat_statements_total_queries")?)?;
    Some(1000.0 * pair.rate("pg_stat_statements_total_time_seconds")? / queries)
}

fn memory_used(inputs: &Inputs<'_>) -> Option<f64> {
    let pair = inputs.pair?;
    Some(pair.sum("node_memory_MemTotal_bytes")? - pair.sum("node_memory_MemAvailable_bytes")?)
}

fn swap_used(inputs: &Inputs<'_>) -> Option<f64> {
    let pair = inputs.pair?;
    Some(pair.sum("node_memory_SwapTotal_bytes")? - pair.sum("node_memory_SwapFree_bytes")?)
}

fn disk_size(inputs: &Inputs<'_>, mountpoint: &str) -> Option<f64> {
    let pair = inputs.pair?;
    pair.sum_of("node_filesystem_size_bytes", "mountpoint", mountpoint)
}

fn disk_used(inputs: &Inputs<'_>, mountpoint: &str) -> Option<f64> {
    let pair = inputs.pair?;
    let left = pair.sum_of("node_filesystem_avail_bytes", "mountpoint", mountpoint)?;
    Some(disk_size(inputs, mountpoint)? - left)
}

fn connections(inputs: &Inputs<'_>) -> Option<f64> {
    let told = inputs
        .pair
        .and_then(|pair| pair.sum("pg_stat_database_num_backends"));
    told.or_else(|| cell(inputs.database, "connections"))
}

fn connections_max(inputs: &Inputs<'_>) -> Option<f64> {
    let told = inputs
        .pair
        .and_then(|pair| pair.sum("max_connections_connection_count"));
    told.or_else(|| cell(inputs.database, "connections_max"))
}

fn cache_hit(inputs: &Inputs<'_>) -> Option<f64> {
    let pair = inputs.pair?;
    let hit = pair.rate("pg_stat_database_blks_hit_total")?;
    share(hit, hit + pair.rate("pg_stat_database_blks_read_total")?)
}

/// A number in a row of an answer.
fn cell(row: Option<&Object>, key: &str) -> Option<f64> {
    row?.get(key).and_then(number)
}

fn service(inputs: &Inputs<'_>, name: &str, key: &str) -> Option<f64> {
    let row = inputs
        .services?
        .iter()
        .find(|row| row.get("service").and_then(Value::as_str) == Some(name));
    match row {
        Some(row) => cell(Some(row), key),
        // A service that nobody asked has no row; how fast it is nobody knows.
        None if key.ends_with("_ms") => None,
        None => Some(0.0),
    }
}

fn usage(inputs: &Inputs<'_>, key: &str) -> Option<f64> {
    let counts = inputs.usage?.iter().filter_map(|row| cell(Some(row), key));
    Some(counts.sum())
}

fn usage_of_all(inputs: &Inputs<'_>) -> Option<f64> {
    Some(inputs.usage?.iter().map(requests_in).sum())
}

/// All requests of a bucket of the usage counts.
pub(super) fn requests_in(row: &Object) -> f64 {
    let totals = row
        .iter()
        .filter(|(key, _)| key.starts_with("total_") && key.ends_with("_requests"));
    totals.filter_map(|(_, value)| number(value)).sum()
}

fn part_of_requests(row: Option<&Object>, key: &str) -> Option<f64> {
    share(cell(row, key)?, cell(row, "requests")?)
}

fn share(part: f64, whole: f64) -> Option<f64> {
    Some(100.0 * part / above_zero(whole)?)
}

fn above_zero(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}

/// A figure as JSON: whole where it is, else with as many digits as anybody wants.
pub(super) fn told(value: f64) -> Value {
    let rounded = (value * 1000.0).round() / 1000.0;
    if !rounded.is_finite() {
        return Value::Null;
    }
    if rounded.fract() == 0.0 && rounded.abs() < 9e15 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and small enough")]
        return json!(rounded as i64);
    }
    json!(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: [&str; 8] = [
        "_percent",
        "_bytes",
        "_bytes_per_s",
        "_per_s",
        "_count",
        "_ms",
        "_s",
        "load_",
    ];

    #[test]
    fn every_key_is_told_once_and_ends_in_its_unit() {
        for (index, figure) in FIGURES.iter().enumerate() {
            let twin = FIGURES[..index]
                .iter()
                .any(|other| (other.group, other.key) == (figure.group, figure.key));
            assert!(!twin, "{}", figure.key);
            let unit = UNITS.iter().any(|unit| figure.key.ends_with(unit));
            let bare = figure.key.starts_with("is_") || figure.key.starts_with("load_");
            assert!(unit || bare, "{}", figure.key);
        }
    }

    #[test]
    fn a_group_stands_together() {
        let mut seen: Vec<Group> = Vec::new();
        for figure in FIGURES {
            if seen.last() != Some(&figure.group) {
                assert!(!seen.contains(&figure.group), "{}", figure.key);
                seen.push(figure.group);
            }
        }
        assert_eq!(seen, Group::value_variants());
    }

    #[test]
    fn limits_grade_in_both_directions() {
        for (limits, value, grade) in [
            (High(75.0, 90.0), 74.9, Grade::Fine),
            (High(75.0, 90.0), 75.0, Grade::Warn),
            (High(75.0, 90.0), 90.0, Grade::Bad),
            (Low(99.0, 95.0), 99.0, Grade::Fine),
            (Low(99.0, 95.0), 98.9, Grade::Warn),
            (Low(99.0, 95.0), 94.9, Grade::Bad),
            (Low(1.0, 1.0), 0.0, Grade::Bad),
            (Any, 1e9, Grade::Fine),
        ] {
            assert_eq!(limits.grade(value), grade, "{limits:?} {value}");
        }
    }

    #[test]
    fn nothing_known_is_nothing_told() {
        for figure in FIGURES {
            assert_eq!((figure.value)(&Inputs::default()), None, "{}", figure.key);
        }
    }

    #[test]
    fn numbers_are_told_as_short_as_they_are() {
        assert_eq!(told(3.0).to_string(), "3");
        assert_eq!(told(1.0 / 3.0).to_string(), "0.333");
        assert_eq!(told(f64::INFINITY), Value::Null);
        assert_eq!(told(2e18).to_string(), "2e+18");
    }
}
