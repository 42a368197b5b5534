//! The checks of a project: what is asked, and what an answer means.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use futures_util::future::LocalBoxFuture;
use futures_util::join;
use jiff::Timestamp;
use serde_json::Value;

use super::verdict::{Check, State, Weight};
use crate::api::{
    Api, DiskUse, HEALTH_ADVISORS, Lint, Project, ProjectRef, ReadOnlyMode, Record, ServiceHealth,
    UpgradeStatus, number,
};
use crate::error::{Error, Result};

/// A service of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Service {
    /// Signing in
    Auth,
    /// The database
    Db,
    /// The database, as the user `postgres`
    DbPostgresUser,
    /// Supavisor
    Pooler,
    /// Realtime
    Realtime,
    /// The Data API
    Rest,
    /// Storage
    Storage,
    /// The dedicated pooler
    PgBouncer,
}

impl Service {
    /// Those that every project uses. A pooler that nobody uses may call itself unhealthy, which is
    /// no illness, so that it has to be asked for.
    pub(super) const USUAL: [Self; 5] = [
        Self::Auth,
        Self::Db,
        Self::Realtime,
        Self::Rest,
        Self::Storage,
    ];

    /// The word on the wire.
    fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Db => "db",
            Self::DbPostgresUser => "db_postgres_user",
            Self::Pooler => "pooler",
            Self::Realtime => "realtime",
            Self::Rest => "rest",
            Self::Storage => "storage",
            Self::PgBouncer => "pg_bouncer",
        }
    }

    fn weight(self) -> Weight {
        match self {
            Self::Db | Self::Rest | Self::Auth => Weight::Core,
            _ => Weight::Part,
        }
    }
}

/// A signal that can be left out, where a token may not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Signal {
    /// Whether the database refuses writes
    ReadOnly,
    /// How full the disk is
    Disk,
    /// The last upgrade of PostgreSQL
    Upgrade,
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct Looking {
    pub(super) services: Vec<Service>,
    pub(super) skipped: Vec<Signal>,
    pub(super) advisors: bool,
}

impl Looking {
    fn wants(&self, signal: Signal) -> bool {
        !self.skipped.contains(&signal)
    }
}

/// A disk as full as this is an illness: the database turns read-only at 95 %.
const DISK_FULL_PERCENT: f64 = 90.0;

/// A disk as full as this is worth a look.
const DISK_FILLING_PERCENT: f64 = 80.0;

/// How long the failure of an upgrade counts. The service goes on telling of the last one for ever.
const UPGRADE_COUNTS: Duration = Duration::from_hours(24);

/// Asks for everything at once.
pub(super) async fn look(api: &Api, project: &ProjectRef, what: &Looking) -> Vec<Check> {
    let (mut checks, slow) = join!(
        Box::pin(quick(api, project, what)),
        Box::pin(slow(api, project, what)),
    );
    checks.extend(slow);
    checks
}

/// What may be another from one moment to the next.
pub(super) async fn quick(api: &Api, project: &ProjectRef, what: &Looking) -> Vec<Check> {
    let names: Vec<&str> = what
        .services
        .iter()
        .map(|service| service.as_str())
        .collect();
    let (status, services, read_only) = join!(
        timed(api.project(project)),
        timed(api.services_health(project, &names)),
        timed_if(
            what.wants(Signal::ReadOnly),
            timed(api.read_only_mode(project))
        ),
    );
    let mut checks = vec![of_project(status)];
    checks.extend(of_services(&what.services, services));
    checks.extend(read_only.map(of_read_only));
    checks
}

/// What changes over minutes.
pub(super) async fn slow(api: &Api, project: &ProjectRef, what: &Looking) -> Vec<Check> {
    let (disk, upgrade, advisors) = join!(
        timed_if(what.wants(Signal::Disk), timed(api.disk_use(project))),
        timed_if(
            what.wants(Signal::Upgrade),
            timed(api.upgrade_status(project))
        ),
        timed_if(what.advisors, timed(api.health_advisors(project))),
    );
    let mut checks: Vec<Check> = disk.map(of_disk).into_iter().collect();
    checks.extend(upgrade.map(|found| of_upgrade(found, Timestamp::now())));
    checks.extend(advisors.into_iter().flat_map(of_advisors));
    checks
}

/// An answer and how long it took.
type Timed<T> = (Result<T>, u64);

/// Each request is on the heap: together they would make a large future of every command.
fn timed<'a, T>(asking: impl Future<Output = Result<T>> + 'a) -> LocalBoxFuture<'a, Timed<T>> {
    Box::pin(async move {
        let started = Instant::now();
        let answer = asking.await;
        let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        (answer, took)
    })
}

async fn timed_if<T>(wanted: bool, asking: LocalBoxFuture<'_, Timed<T>>) -> Option<Timed<T>> {
    if wanted { Some(asking.await) } else { None }
}

/// What an answer is told as: its state, and a detail.
type Told = (State, Option<String>);

/// Makes a check of an answer; a failed request is an unknown state with its cause.
fn check<T>(
    name: &str,
    weight: Weight,
    source: &'static str,
    (answer, latency_ms): Timed<T>,
    tell: impl FnOnce(T) -> Told,
) -> Check {
    let (state, detail, cause) = match answer.map(tell) {
        Ok((state, detail)) => (state, detail, None),
        Err(error) => (State::Unknown, Some(error.to_string()), Some(error)),
    };
    Check {
        name: name.to_owned(),
        state,
        weight,
        detail,
        latency_ms: Some(latency_ms),
        source,
        cause,
    }
}

fn of_project(found: Timed<Project>) -> Check {
    check("project", Weight::Project, "project", found, |project| {
        let status = project.text("status").unwrap_or("UNKNOWN");
        (project_state(status), Some(status.to_owned()))
    })
}

/// What a status of a project means. One that nobody has heard of means nothing.
fn project_state(status: &str) -> State {
    match status {
        "ACTIVE_HEALTHY" => State::Healthy,
        "INACTIVE" | "PAUSING" => State::Paused,
        "COMING_UP" | "RESTORING" | "RESTARTING" | "UPGRADING" | "RESIZING" | "PROMOTING" => {
            State::Starting
        }
        "ACTIVE_UNHEALTHY" | "GOING_DOWN" | "REMOVED" => State::Unhealthy,
        status if status.ends_with("_FAILED") => State::Unhealthy,
        _ => State::Unknown,
    }
}

/// One check for each service that was asked for, those that the answer forgot included.
fn of_services(asked: &[Service], (answer, latency): Timed<Vec<ServiceHealth>>) -> Vec<Check> {
    let answer = match answer {
        Ok(answer) => answer,
        // One request failed, whose cause is told once.
        Err(error) => {
            let detail = error.to_string();
            let mut checks: Vec<Check> = asked
                .iter()
                .map(|service| service_check(*service, latency, (State::Unknown, None)))
                .collect();
            if let Some(first) = checks.first_mut() {
                first.cause = Some(error);
            }
            for check in &mut checks {
                check.detail = Some(detail.clone());
            }
            return checks;
        }
    };
    let told = asked.iter().map(|service| {
        let row = answer
            .iter()
            .find(|row| row.text("name") == Some(service.as_str()));
        let told = row.map_or(
            (State::Unknown, Some("not in the answer".to_owned())),
            of_service,
        );
        service_check(*service, latency, told)
    });
    told.collect()
}

fn service_check(service: Service, latency: u64, told: Told) -> Check {
    check(
        service.as_str(),
        service.weight(),
        "health",
        (Ok(told), latency),
        |told| told,
    )
}

/// Its `status` counts, and nothing in `info`: a Realtime that nobody uses is not connected.
fn of_service(row: &ServiceHealth) -> Told {
    let state = match (row.text("status"), row.object().get("healthy")) {
        (Some("ACTIVE_HEALTHY"), _) | (None, Some(Value::Bool(true))) => State::Healthy,
        (Some("COMING_UP"), _) => State::Starting,
        (Some("UNHEALTHY"), _) | (None, Some(Value::Bool(false))) => State::Unhealthy,
        _ => State::Unknown,
    };
    let info = |key: &str| row.object().get("info")?.get(key)?.as_str();
    let detail = match row.text("error").filter(|error| !error.is_empty()) {
        Some(error) => Some(error.to_owned()),
        None if state == State::Unknown => row.text("status").map(str::to_owned),
        None => info("version").map(|version| match info("name") {
            Some(name) => format!("{name} {version}"),
            None => version.to_owned(),
        }),
    };
    (state, detail)
}

fn of_read_only(found: Timed<ReadOnlyMode>) -> Check {
    check("read_only", Weight::Part, "readonly", found, |mode| {
        let flag = |key: &str| mode.object().get(key).and_then(Value::as_bool);
        match (flag("enabled"), flag("override_enabled")) {
            (Some(true), Some(true)) => {
                let until = mode.text("override_active_until").unwrap_or("later");
                (
                    State::Warning,
                    Some(format!("writes are let through until {until}")),
                )
            }
            (Some(true), _) => (
                State::Unhealthy,
                Some("the database refuses writes".to_owned()),
            ),
            (Some(false), _) => (State::Healthy, None),
            (None, _) => (State::Unknown, Some("not in the answer".to_owned())),
        }
    })
}

fn of_disk(found: Timed<DiskUse>) -> Check {
    check("disk", Weight::Part, "config/disk/util", found, |disk| {
        let Some((used, size)) = disk.used_of() else {
            return (State::Unknown, Some("not in the answer".to_owned()));
        };
        let percent = 100.0 * used / size;
        let state = if percent >= DISK_FULL_PERCENT {
            State::Unhealthy
        } else if percent >= DISK_FILLING_PERCENT {
            State::Warning
        } else {
            State::Healthy
        };
        let told = format!("{percent:.1} % of {:.2} GB used", size / 1e9);
        (state, Some(told))
    })
}

fn of_upgrade(found: Timed<UpgradeStatus>, now: Timestamp) -> Check {
    check("upgrade", Weight::Part, "upgrade/status", found, |status| {
        status
            .upgrade()
            .map_or((State::Healthy, None), |upgrade| told_upgrade(upgrade, now))
    })
}

/// Status 0 is under way, 1 done, 2 failed.
fn told_upgrade(upgrade: &Value, now: Timestamp) -> Told {
    let text = |key: &str| upgrade.get(key).and_then(Value::as_str);
    let version = upgrade.get("target_version").and_then(number);
    let to = version.map_or_else(String::new, |version| format!(" to PostgreSQL {version}"));
    let status = upgrade.get("status").and_then(number);
    let done = status == Some(1.0);
    match text("error").filter(|error| !error.is_empty() && !done) {
        Some(error) => {
            let at = text("latest_status_at").and_then(|at| at.parse::<Timestamp>().ok());
            let age = at.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
            let counts = age.is_none_or(|age| age < UPGRADE_COUNTS);
            let state = if counts {
                State::Unhealthy
            } else {
                State::Warning
            };
            (state, Some(format!("the upgrade{to} failed: {error}")))
        }
        None if status == Some(2.0) => (State::Unhealthy, Some(format!("the upgrade{to} failed"))),
        None if status == Some(0.0) => {
            let at = text("progress").unwrap_or("0_requested");
            (
                State::Warning,
                Some(format!("an upgrade{to} is under way: {at}")),
            )
        }
        None => (State::Healthy, None),
    }
}

/// One check for each finding, or one that says that there is none.
fn of_advisors((answer, latency): Timed<Vec<Lint>>) -> Vec<Check> {
    let one = |name: &str, told: Result<Told>| {
        check(
            name,
            Weight::Part,
            "advisors/run",
            (told, latency),
            |told| told,
        )
    };
    match answer {
        Err(error) => vec![one("advisors", Err(error))],
        Ok(lints) if lints.is_empty() => {
            let told = format!("{} looked at, nothing found", HEALTH_ADVISORS.len());
            vec![one("advisors", Ok((State::Healthy, Some(told))))]
        }
        Ok(lints) => {
            let told = |lint: &Lint| {
                let name = lint.text("name").unwrap_or("advisor");
                one(name, Ok(of_lint(name, lint)))
            };
            lints.iter().map(told).collect()
        }
    }
}

fn of_lint(name: &str, lint: &Lint) -> Told {
    let state = match (name, lint.text("level")) {
        // The check could not run: no finding, and no all-clear either.
        ("project_not_active" | "advisor_check_unavailable", _) => State::Unknown,
        // Known to fire falsely over a certificate.
        ("db_connection_failing", _) => State::Warning,
        (_, Some("ERROR")) => State::Unhealthy,
        (_, Some(_)) => State::Warning,
        (_, None) => State::Unknown,
    };
    let detail = lint.text("detail").or_else(|| lint.text("title"));
    (state, detail.map(str::to_owned))
}

/// The error of the check that decided, for the exit status.
pub(super) fn take_cause(checks: &mut [Check], deciding: &[usize]) -> Option<Error> {
    deciding
        .iter()
        .find_map(|index| checks.get_mut(*index)?.cause.take())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_status_of_a_project_means_something() {
        for (status, state) in [
            ("ACTIVE_HEALTHY", State::Healthy),
            ("ACTIVE_UNHEALTHY", State::Unhealthy),
            ("COMING_UP", State::Starting),
            ("GOING_DOWN", State::Unhealthy),
            ("INACTIVE", State::Paused),
            ("INIT_FAILED", State::Unhealthy),
            ("PAUSE_FAILED", State::Unhealthy),
            ("PAUSING", State::Paused),
            ("PROMOTING", State::Starting),
            ("REMOVED", State::Unhealthy),
            ("RESIZING", State::Starting),
            ("RESTARTING", State::Starting),
            ("RESTORE_FAILED", State::Unhealthy),
            ("RESTORING", State::Starting),
            ("UNKNOWN", State::Unknown),
            ("UPGRADING", State::Starting),
            ("A_NEW_ONE", State::Unknown),
        ] {
            assert_eq!(project_state(status), state, "{status}");
        }
    }

    #[test]
    fn a_service_is_what_its_status_says() {
        for (row, state, detail) in [
            (
                json!({"status": "ACTIVE_HEALTHY", "info": {"name": "GoTrue", "version": "v2"}}),
                State::Healthy,
                Some("GoTrue v2"),
            ),
            // Nobody uses Realtime: not connected, and not ill.
            (
                json!({"status": "ACTIVE_HEALTHY", "info": {"healthy": true, "db_connected": false}}),
                State::Healthy,
                None,
            ),
            (json!({"status": "COMING_UP"}), State::Starting, None),
            (
                json!({"status": "UNHEALTHY", "healthy": true, "error": "refused"}),
                State::Unhealthy,
                Some("refused"),
            ),
            (json!({"healthy": true}), State::Healthy, None),
            (json!({"healthy": false}), State::Unhealthy, None),
            (
                json!({"status": "DREAMING"}),
                State::Unknown,
                Some("DREAMING"),
            ),
            (json!({}), State::Unknown, None),
            (json!("odd"), State::Unknown, None),
        ] {
            let told = of_service(&ServiceHealth::read(row.clone()));
            assert_eq!(told, (state, detail.map(str::to_owned)), "{row}");
        }
    }

    #[test]
    fn a_service_that_the_answer_forgot_is_unknown() {
        let answer = vec![ServiceHealth::read(
            json!({"name": "db", "status": "ACTIVE_HEALTHY"}),
        )];
        let checks = of_services(&[Service::Db, Service::Rest], (Ok(answer), 5));
        let states: Vec<_> = checks.iter().map(|check| check.state).collect();
        assert_eq!(states, [State::Healthy, State::Unknown]);
    }

    #[test]
    fn a_disk_is_ill_from_ninety_percent_on() {
        let at = |used: Value| {
            let disk =
                DiskUse::read(json!({"metrics": {"fs_size_bytes": 1000, "fs_used_bytes": used}}));
            of_disk((Ok(disk), 0)).state
        };
        assert_eq!(at(json!(799)), State::Healthy);
        assert_eq!(at(json!(800)), State::Warning);
        assert_eq!(at(json!("899")), State::Warning);
        assert_eq!(at(json!(900)), State::Unhealthy);
        assert_eq!(at(json!(null)), State::Unknown);
    }

    #[test]
    fn an_upgrade_counts_while_it_fails() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let state = |upgrade: Value| told_upgrade(&upgrade, now).0;
        let failed = |at: &str| json!({"status": 2, "error": "3_detachvolume_failed", "latest_status_at": at});
        assert_eq!(state(json!({"status": 1})), State::Healthy);
        assert_eq!(state(json!({"status": 1, "error": "old"})), State::Healthy);
        assert_eq!(
            state(json!({"status": 0, "progress": "2_x"})),
            State::Warning
        );
        assert_eq!(
            state(json!({"status": 0, "error": "1_x"})),
            State::Unhealthy
        );
        assert_eq!(state(failed("2026-11-25T11:00:00Z")), State::Unhealthy);
        assert_eq!(state(failed("2026-10-01T11:00:00Z")), State::Warning);
        assert_eq!(state(failed("some day")), State::Unhealthy);
        assert_eq!(state(json!({"status": 2})), State::Unhealthy);
    }

    #[test]
    fn only_what_an_advisor_is_sure_of_is_an_illness() {
        for (lint, state) in [
            (
                json!({"name": "db_not_reachable", "level": "ERROR"}),
                State::Unhealthy,
            ),
            (
                json!({"name": "instance_alert_firing", "level": "WARN"}),
                State::Warning,
            ),
            (
                json!({"name": "db_connection_failing", "level": "ERROR"}),
                State::Warning,
            ),
            (
                json!({"name": "advisor_check_unavailable", "level": "INFO"}),
                State::Unknown,
            ),
            (
                json!({"name": "project_not_active", "level": "ERROR"}),
                State::Unknown,
            ),
            (json!({"name": "new"}), State::Unknown),
        ] {
            let lint = Lint::read(lint);
            assert_eq!(
                of_lint(lint.text("name").unwrap(), &lint).0,
                state,
                "{lint:?}"
            );
        }
    }
}
