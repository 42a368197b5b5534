//! `monitor health`

use std::time::Duration;

use clap::Args;
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::checks::{self, Looking, Service, Signal};
use super::health_sheet::{DRAWING, data};
use super::verdict::{Check, FailOn, State, Verdict, judge, reason};
use super::watch::{WatchArgs, Watched};
use crate::api::{Api, Object, ProjectRef};
use crate::app::App;
use crate::cli::duration;
use crate::error::{Code, Error, Result};
use crate::output::{Drawing, Reply};
use crate::waiting::{Look, until_done};

/// Show whether a project is healthy, and why not
///
/// Looks at the project's status, its services, read-only mode, the disk and the last upgrade, all at
/// once, and makes one verdict of it: healthy (exit status 0), degraded, starting, down or paused (9).
/// Where it cannot be determined, the exit status is that of the failure behind it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl monitor health\n  supactl monitor health --wait --timeout 5m --fail-on down\n  supactl monitor health --service db --service pooler --advisors -o json\n  supactl monitor health --watch\n  supactl monitor health --watch=30s --changes"
)]
pub(crate) struct Health {
    /// Service to look at; may be given several times [default: auth, db, realtime, rest, storage]
    #[arg(long = "service", value_enum, value_name = "SERVICE")]
    services: Vec<Service>,

    /// Run the service's own advisors of the category HEALTH too
    #[arg(long)]
    advisors: bool,

    /// Signal to leave out, where the token may not see it; may be given several times
    #[arg(long = "skip", value_enum, value_name = "SIGNAL")]
    skipped: Vec<Signal>,

    /// First verdict that ends with exit status 9
    #[arg(
        long,
        value_enum,
        default_value = "degraded",
        value_name = "VERDICT",
        conflicts_with = "watch"
    )]
    fail_on: FailOn,

    /// Look again until it passes
    #[arg(long, conflicts_with = "watch")]
    wait: bool,

    /// Longest time to wait
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m", requires = "wait")]
    timeout: Duration,

    #[command(flatten)]
    watch: WatchArgs,
}

impl Health {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let api = app.api()?;
        // A verdict rests on nothing cached.
        api.read_fresh();
        let project = app.project().await?;
        let fail_on = self.fail_on;
        let (wait, timeout) = (self.wait, self.timeout);
        let what = looking(self.services, self.skipped, self.advisors);
        if let Some(every) = self.watch.watch {
            let watching = Watching::new(project, what);
            return Box::pin(self.watch.run(app, every, watching)).await;
        }
        let found = if wait {
            let told = format!("Project {project}");
            until_done(app, &told, timeout, async || {
                Ok(look_again(look(api, &project, &what).await?, fail_on))
            })
            .await?
        } else {
            look(api, &project, &what).await?
        };
        Ok(found.reply(fail_on))
    }
}

/// What to look at: the usual services where none is named.
fn looking(named: Vec<Service>, skipped: Vec<Signal>, advisors: bool) -> Looking {
    let mut services = Vec::new();
    // Named twice, asked for once.
    for service in named {
        if !services.contains(&service) {
            services.push(service);
        }
    }
    if services.is_empty() {
        services.extend(Service::USUAL);
    }
    Looking {
        services,
        skipped,
        advisors,
    }
}

/// A whole look at a project.
struct Found {
    checks: Vec<Check>,
    verdict: Verdict,
    reason: String,
    /// The failure behind a verdict that could not be reached.
    cause: Option<Error>,
}

/// Looks once.
///
/// # Errors
/// Where nothing at all could be found out.
async fn look(api: &Api, project: &ProjectRef, what: &Looking) -> Result<Found> {
    let mut checks = checks::look(api, project, what).await;
    let all: Vec<&Check> = checks.iter().collect();
    let (verdict, deciding) = judge(&all);
    let reason = reason(&all, &deciding);
    let nothing = checks.iter().all(|check| check.state == State::Unknown);
    let cause = if verdict == Verdict::Undetermined {
        checks::take_cause(&mut checks, &deciding)
    } else {
        None
    };
    match cause {
        Some(error) if nothing => Err(error),
        cause => Ok(Found {
            checks,
            verdict,
            reason,
            cause,
        }),
    }
}

/// Whether it pays to look again: nothing that is paused or over comes back by
/// itself, and a token that may not see something will not see it later.
fn look_again(found: Found, fail_on: FailOn) -> Look<Found> {
    let over = found.checks.iter().any(Check::is_over);
    let refused = found
        .cause
        .as_ref()
        .is_some_and(|error| error.code().exit_status() == Code::Forbidden.exit_status());
    if over || refused || fail_on.passes(found.verdict) {
        Look::Done(found)
    } else {
        Look::Going(format!("{} ({})", found.verdict.as_str(), found.reason))
    }
}

impl Found {
    fn reply(self, fail_on: FailOn) -> Reply {
        let rows = self.checks.iter().map(|check| json!(check.row())).collect();
        let reply = Reply::drawn(data(self.verdict, &self.reason, rows), &DRAWING);
        if fail_on.passes(self.verdict) {
            return reply;
        }
        let code = match (self.verdict, &self.cause) {
            (Verdict::Undetermined, Some(error)) => error.code(),
            (Verdict::Undetermined, None) => Code::CheckFailed,
            _ => Code::Unhealthy,
        };
        let message = match self.verdict {
            Verdict::Undetermined => format!("the health could not be determined: {}", self.reason),
            verdict => format!("the project is {}: {}", verdict.as_str(), self.reason),
        };
        let hint = self.cause.as_ref().and_then(Error::hint);
        reply.with_verdict(Error::Verdict {
            code,
            message,
            hint,
        })
    }
}

/// A project whose health is watched.
struct Watching {
    project: ProjectRef,
    what: Looking,
    quick: Vec<Check>,
    slow: Vec<Check>,
    /// When each of the two was asked for.
    quick_at: Option<Timestamp>,
    slow_at: Option<Timestamp>,
}

/// How often to ask for what changes over minutes.
const SLOWLY: SignedDuration = SignedDuration::from_secs(60);

impl Watching {
    fn new(project: ProjectRef, what: Looking) -> Self {
        Self {
            project,
            what,
            quick: Vec::new(),
            slow: Vec::new(),
            quick_at: None,
            slow_at: None,
        }
    }
}

impl Watched for Watching {
    fn title(&self) -> String {
        format!("Health of {}", self.project)
    }

    fn drawing(&self) -> &'static Drawing {
        &DRAWING
    }

    async fn look(&mut self, app: &App) -> Result<()> {
        let (api, now) = (app.api()?, app.now()?);
        let due = |at: Timestamp| now.duration_since(at) >= SLOWLY;
        if self.slow_at.is_none_or(due) {
            (self.quick, self.slow) = join!(
                checks::quick(api, &self.project, &self.what),
                checks::slow(api, &self.project, &self.what),
            );
            self.slow_at = Some(app.now()?);
        } else {
            self.quick = checks::quick(api, &self.project, &self.what).await;
        }
        let first = self.quick_at.replace(app.now()?).is_none();
        let nothing = self.quick.iter().all(|check| check.state == State::Unknown);
        match self.quick.iter_mut().find_map(|check| check.cause.take()) {
            Some(error) if first && nothing => Err(error),
            _ => Ok(()),
        }
    }

    fn data(&self, now: Timestamp) -> Object {
        let all: Vec<&Check> = self.quick.iter().chain(&self.slow).collect();
        let (verdict, deciding) = judge(&all);
        let reason = reason(&all, &deciding);
        let aged = |check: &Check, at: Option<Timestamp>| {
            let mut row = check.row();
            let age = at.map(|at| now.duration_since(at).as_secs().max(0));
            row.insert("age_s".to_owned(), json!(age));
            Value::Object(row)
        };
        let quick = self.quick.iter().map(|check| aged(check, self.quick_at));
        let slow = self.slow.iter().map(|check| aged(check, self.slow_at));
        data(verdict, &reason, quick.chain(slow).collect())
    }

    fn values(&self, data: &Object) -> Vec<(String, Value)> {
        let checks = data["checks"].as_array().into_iter().flatten();
        let mut values: Vec<(String, Value)> = checks
            .map(|check| {
                let name = check["name"].as_str().unwrap_or_default();
                (name.to_owned(), check["state"].clone())
            })
            .collect();
        values.push(("verdict".to_owned(), data["verdict"].clone()));
        values
    }
}
