//! `monitor health`

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::checks::{self, Looking, Service, Signal};
use super::verdict::{Check, FailOn, Verdict, judge, reason};
use crate::api::{Api, Object, ProjectRef};
use crate::app::App;
use crate::cli::duration;
use crate::error::{Code, Error, Result};
use crate::output::canvas::{Canvas, Ink, Line, wide, wrapped};
use crate::output::{Column, Drawing, Reply};
use crate::waiting::{Look, until_done};

/// Show whether a project is healthy, and why not
///
/// Looks at the project's status, its services, read-only mode, the disk and the last upgrade, all at
/// once, and makes one verdict of it: healthy (exit status 0), degraded, starting, down or paused (9).
/// Where it cannot be determined, the exit status is that of the failure behind it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl monitor health\n  supactl monitor health --wait --timeout 5m --fail-on down\n  supactl monitor health --service db --service pooler --advisors -o json"
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
    #[arg(long, value_enum, default_value = "degraded", value_name = "VERDICT")]
    fail_on: FailOn,

    /// Look again until it passes
    #[arg(long)]
    wait: bool,

    /// Longest time to wait
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m", requires = "wait")]
    timeout: Duration,
}

impl Health {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let api = app.api()?;
        // A verdict rests on nothing that was kept.
        api.read_fresh();
        let project = app.project().await?;
        let fail_on = self.fail_on;
        let (wait, timeout) = (self.wait, self.timeout);
        let what = self.what();
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

    fn what(self) -> Looking {
        let mut services = self.services;
        if services.is_empty() {
            services.extend(Service::USUAL);
        }
        // Named twice, asked for once.
        let mut once = Vec::new();
        services.retain(|service| {
            let new = !once.contains(service);
            once.push(*service);
            new
        });
        Looking {
            services,
            skipped: self.skipped,
            advisors: self.advisors,
        }
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
    let (verdict, deciding) = judge(&checks);
    let reason = reason(&checks, &deciding);
    let nothing = checks
        .iter()
        .all(|check| check.state == super::verdict::State::Unknown);
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
    fn data(&self) -> Object {
        Object::from_iter([
            ("verdict".to_owned(), json!(self.verdict.as_str())),
            ("reason".to_owned(), json!(self.reason)),
            ("checks".to_owned(), json!(checks::rows(&self.checks))),
        ])
    }

    fn reply(self, fail_on: FailOn) -> Reply {
        let reply = Reply::drawn(self.data(), &DRAWING);
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

const DRAWING: Drawing = Drawing {
    draw,
    rows,
    columns: &[
        Column::new("name", "Check"),
        Column::new("state", "State"),
        Column::new("detail", "Detail"),
        Column::new("latency_ms", "Latency"),
        Column::new("source", "Source"),
    ],
};

/// The checks, and the verdict as the last of them.
fn rows(data: &Object) -> Vec<Object> {
    let verdict = Object::from_iter([
        ("name".to_owned(), json!("verdict")),
        ("state".to_owned(), data["verdict"].clone()),
        ("detail".to_owned(), data["reason"].clone()),
    ]);
    let checks = data["checks"].as_array().into_iter().flatten();
    checks
        .filter_map(Value::as_object)
        .cloned()
        .chain([verdict])
        .collect()
}

/// How a state is marked, so that it can be told without colour.
fn ink(state: &str) -> (Ink, &'static str) {
    match state {
        "healthy" => (Ink::Good, "✓"),
        "warning" | "degraded" => (Ink::Warn, "!"),
        "starting" => (Ink::Warn, "…"),
        "unhealthy" | "down" => (Ink::Bad, "✗"),
        "paused" => (Ink::Dim, "‖"),
        _ => (Ink::Warn, "?"),
    }
}

/// The widest word for a state.
const STATE: usize = 9;

/// The widest that a name of ours is; those of advisors are wider, and stand before their detail.
const NAME: usize = 16;

fn draw(data: &Object, canvas: &Canvas) -> Vec<Line> {
    let rows: Vec<Row> = data["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(Row::read)
        .collect();
    let longest = |text: fn(&Row) -> &str, header: &str| {
        let widths = rows.iter().map(|row| wide(text(row)));
        widths.max().unwrap_or(0).max(wide(header))
    };
    let name = longest(|row| &row.name, "Check");
    let latency = longest(|row| &row.latency, "Latency");
    let source = longest(|row| &row.source, "Source");
    let columns = |line: Line, ink: Ink, cells: [&str; 4]| {
        line.column(Ink::Plain, cells[0], name + 2)
            .column(ink, cells[1], STATE + 2)
            .right(Ink::Dim, cells[2], latency)
            .gap(2)
            .column(Ink::Dim, cells[3], source + 2)
    };
    let head = columns(
        Line::new().gap(2),
        Ink::Plain,
        ["Check", "State", "Latency", "Source"],
    );
    let left = canvas.width.saturating_sub(head.width());
    let mut lines = vec![head.text(Ink::Plain, "Detail").bold()];
    for row in &rows {
        let (ink, mark) = ink(&row.state);
        let line = columns(
            Line::new().text(ink, mark).gap(1),
            ink,
            [&row.name, &row.state, &row.latency, &row.source],
        );
        if wide(&row.detail) <= left {
            lines.push(line.text(Ink::Plain, &row.detail));
        } else {
            lines.push(line);
            lines.extend(indented(&row.detail, canvas));
        }
    }
    let text = |key: &str| data[key].as_str().unwrap_or_default();
    let (ink, mark) = ink(text("verdict"));
    lines.push(Line::new());
    let verdict = Line::new()
        .text(ink, mark)
        .gap(1)
        .text(ink, text("verdict"))
        .text(Ink::Plain, ": ");
    if verdict.width() + wide(text("reason")) <= canvas.width {
        lines.push(verdict.text(Ink::Plain, text("reason")));
    } else {
        lines.push(verdict);
        lines.extend(indented(text("reason"), canvas));
    }
    lines
}

fn indented(text: &str, canvas: &Canvas) -> impl Iterator<Item = Line> {
    let lines = wrapped(text, canvas.width.saturating_sub(4));
    lines
        .into_iter()
        .map(|line| Line::new().gap(4).text(Ink::Plain, &line))
}

/// The words of a check, as they are drawn.
struct Row {
    name: String,
    state: String,
    latency: String,
    source: String,
    detail: String,
}

impl Row {
    fn read(check: &Object) -> Self {
        let text = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
        let latency = check.get("latency_ms").and_then(Value::as_u64);
        let (name, detail) = match (text("name"), text("detail")) {
            (name, detail) if wide(name) > NAME => ("advisor", format!("{name}: {detail}")),
            (name, detail) => (name, detail.to_owned()),
        };
        Self {
            name: name.to_owned(),
            state: text("state").to_owned(),
            latency: latency.map_or_else(String::new, |time| format!("{time} ms")),
            source: text("source").to_owned(),
            detail,
        }
    }
}
