//! `doctor`

use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use crate::api::{ApiError, Object, Record};
use crate::app::App;
use crate::config::Config;
use crate::credentials::Stored;
use crate::error::{Code, Error, Result};
use crate::output::{Column, Reply};
use crate::platform;

/// How far the clock may be off. Signed tokens are refused from about a minute on.
const CLOCK_LIMIT: Duration = Duration::from_mins(1);

/// A first answer that takes longer is worth a remark.
const SLOW: Duration = Duration::from_secs(3);

/// Check that supactl has everything it needs
///
/// Looks at the configuration, the token, the clock, the way to the API, the project, and PostgreSQL
/// for the sandbox. Each finding says how to mend it. Exits 9 if one is a failure.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl doctor\n  supactl doctor --profile sandbox")]
pub(crate) struct Doctor {}

impl Doctor {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let mut findings = vec![configuration(app), token(app)];
        findings.extend(service(app).await);
        findings.push(project(app).await);
        findings.push(postgres());
        let failures = findings
            .iter()
            .filter(|finding| finding.state == State::Failure)
            .count();
        let rows = findings.into_iter().map(Object::from).collect();
        let reply = Reply::list::<Object>(rows, COLUMNS);
        let failed = |message: String| Error::verdict(Code::CheckFailed, message);
        Ok(match failures {
            0 => reply,
            1 => reply.with_verdict(failed("one check failed".to_owned())),
            several => reply.with_verdict(failed(format!("{several} checks failed"))),
        })
    }
}

const COLUMNS: &[Column] = &[
    Column::new("check", "Check"),
    Column::new("state", "State"),
    Column::new("detail", "Detail"),
    Column::new("mend", "Mend"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warning,
    Failure,
}

/// What a check found, and what to do about it.
struct Finding {
    check: &'static str,
    state: State,
    detail: String,
    mend: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            detail: detail.into(),
            mend: None,
        }
    }

    fn warning(check: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Warning,
            detail: detail.into(),
            mend: Some(mend.into()),
        }
    }

    fn failure(check: &'static str, error: &Error) -> Self {
        Self {
            check,
            state: State::Failure,
            detail: error.to_string(),
            mend: error.hint(),
        }
    }
}

impl From<Finding> for Object {
    fn from(finding: Finding) -> Self {
        let state = match finding.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failure => "failure",
        };
        Self::from_iter([
            ("check".to_owned(), json!(finding.check)),
            ("state".to_owned(), json!(state)),
            ("detail".to_owned(), json!(finding.detail)),
            ("mend".to_owned(), json!(finding.mend)),
        ])
    }
}

fn configuration(app: &App) -> Finding {
    let settings = app.settings();
    let credentials = Stored::file(&settings.config_folder);
    if platform::is_open_to_others(&credentials) {
        let file = credentials.display();
        return Finding::warning(
            "configuration",
            format!("others can read {file}"),
            format!("chmod 600 {file}"),
        );
    }
    let file = Config::file(&settings.config_folder);
    let there = if file.exists() {
        file.display().to_string()
    } else {
        "no file, so the defaults hold".to_owned()
    };
    Finding::ok(
        "configuration",
        format!("profile `{}`; {there}", settings.profile),
    )
}

fn token(app: &App) -> Finding {
    match app.token_source() {
        Ok(source) => Finding::ok("token", format!("from {source}")),
        Err(error) => Finding::failure("token", &error),
    }
}

/// The way to the API: its name, its certificate, its answer, and the clock in it.
async fn service(app: &App) -> Vec<Finding> {
    // The token has been told; the rest cannot be tried without one.
    let Ok(api) = app.api() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let address = api.address().to_owned();
    if let Some((host, port)) = crate::api::host_and_port(&address) {
        let started = Instant::now();
        findings.push(match tokio::net::lookup_host((host.as_str(), port)).await {
            Ok(mut found) => match found.next() {
                Some(first) => Finding::ok(
                    "name",
                    format!(
                        "{host} is {} ({} ms)",
                        first.ip(),
                        started.elapsed().as_millis()
                    ),
                ),
                None => Finding::warning(
                    "name",
                    format!("{host} has no address"),
                    "check the name and the DNS server",
                ),
            },
            // A proxy may know the name all the same.
            Err(error) => Finding::warning(
                "name",
                format!("{host}: {error}"),
                "check the DNS server, unless a proxy resolves names",
            ),
        });
    }
    let started = Instant::now();
    match api.probe().await {
        Ok(probe) => {
            let took = started.elapsed();
            let answered = format!("{address} answered in {} ms", took.as_millis());
            findings.push(if took > SLOW {
                Finding::warning("service", answered, "check the network and the proxy")
            } else {
                Finding::ok("service", answered)
            });
            let name = probe
                .person
                .text("username")
                .or(probe.person.text("primary_email"))
                .unwrap_or("someone without a name");
            findings.push(Finding::ok("account", format!("signed in as {name}")));
            findings.push(clock(probe.server_time));
        }
        Err(error) => {
            let check = match &error {
                Error::Api(ApiError {
                    status: Some(_), ..
                }) => "account",
                _ => "service",
            };
            findings.push(Finding::failure(check, &error));
        }
    }
    findings
}

fn clock(server: Option<Timestamp>) -> Finding {
    let Some(server) = server else {
        return Finding::ok("clock", "the service does not tell the time");
    };
    let off = Timestamp::now().duration_since(server).unsigned_abs();
    if off > CLOCK_LIMIT {
        return Finding::warning(
            "clock",
            format!("{} s away from the service's", off.as_secs()),
            "set the clock, such as with `timedatectl set-ntp true`",
        );
    }
    Finding::ok(
        "clock",
        format!("{} s away from the service's", off.as_secs()),
    )
}

async fn project(app: &App) -> Finding {
    let Some(target) = app.settings().target() else {
        return Finding::warning(
            "project",
            "none is chosen here",
            Error::NoProject.hint().unwrap_or_default(),
        );
    };
    if app.api().is_err() {
        return Finding::ok(
            "project",
            format!("{}, from {}; not looked up", target.name, target.source),
        );
    }
    let looked_up = async {
        let project = app.project().await?;
        app.api()?.project(&project).await
    };
    match looked_up.await {
        Ok(found) => {
            let name = found.text("name").unwrap_or_default();
            let status = found.text("status").unwrap_or("UNKNOWN");
            let detail = format!(
                "{} ({name}, {status}), from {}",
                found.text("ref").unwrap_or(&target.name),
                target.source
            );
            if status == "ACTIVE_HEALTHY" {
                Finding::ok("project", detail)
            } else {
                Finding::warning("project", detail, "`supactl projects get` shows more")
            }
        }
        Err(error) => Finding::failure("project", &error),
    }
}

fn postgres() -> Finding {
    match platform::postgres_programs() {
        Some(folder) => Finding::ok(
            "postgresql",
            format!("for the sandbox, in {}", folder.display()),
        ),
        None => Finding::warning(
            "postgresql",
            "not on this machine; only SQL in the sandbox needs it",
            platform::HOW_TO_INSTALL_POSTGRES,
        ),
    }
}
