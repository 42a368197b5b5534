//! `projects wait`

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::COLUMNS;
use crate::api::{ApiError, Project, Record};
use crate::app::App;
use crate::cli::duration;
use crate::error::{Code, Result};
use crate::output::Reply;
use crate::waiting::{Look, until_done};

/// Wait until a project is healthy, or paused
///
/// For scripts that have just created, restored or paused one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects wait abcdefghijklmnopqrst\n  supactl projects wait --for healthy --timeout 5m"
)]
pub(crate) struct Wait {
    /// Reference or name of the project; by default the one of `--project` or of this folder
    #[arg(value_name = "REF|NAME", add = crate::completing::projects())]
    target: Option<String>,

    /// State to wait for
    #[arg(
        long = "for",
        value_enum,
        default_value = "healthy",
        value_name = "STATE"
    )]
    state: State,

    /// Longest time to wait
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15m")]
    timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// It answers requests
    Healthy,
    /// It is paused
    Inactive,
}

impl Wait {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        app.api()?.read_fresh();
        let project = match self.target {
            Some(name) => app.project_named(name).await?,
            None => app.project().await?,
        };
        let api = app.api()?;
        let what = format!("Project {project}");
        let found = until_done(app, &what, self.timeout, async || {
            look(api.project(&project).await?, self.state).map_err(Into::into)
        });
        Ok(Reply::item(found.await?, COLUMNS))
    }
}

/// What a status means for somebody who waits for a state.
fn look(project: Project, wanted: State) -> Result<Look<Project>, ApiError> {
    let status = project.text("status").unwrap_or("UNKNOWN").to_owned();
    let done = match wanted {
        State::Healthy => status == "ACTIVE_HEALTHY",
        State::Inactive => status == "INACTIVE",
    };
    if done {
        return Ok(Look::Done(project));
    }
    // A state that does not end by itself would be waited for in vain.
    let never = match (wanted, status.as_str()) {
        (_, "INIT_FAILED" | "REMOVED" | "GOING_DOWN" | "RESTORE_FAILED" | "PAUSE_FAILED") => {
            Some(Code::Conflict)
        }
        (State::Healthy, "INACTIVE") => Some(Code::ProjectPaused),
        _ => None,
    };
    match never {
        Some(code) => Err(ApiError::new(
            code,
            format!("the project's status is {status}, which does not change by itself"),
        )),
        None => Ok(Look::Going(status)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_states_that_pass_are_waited_for() {
        let ends =
            |status: &str, wanted| match look(Project::read(json!({"status": status})), wanted) {
                Ok(Look::Done(_)) => "done",
                Ok(Look::Going(_)) => "goes on",
                Err(error) => error.code.as_str(),
            };
        for (status, healthy, inactive) in [
            ("ACTIVE_HEALTHY", "done", "goes on"),
            ("INACTIVE", "project_paused", "done"),
            ("COMING_UP", "goes on", "goes on"),
            ("PAUSING", "goes on", "goes on"),
            ("ACTIVE_UNHEALTHY", "goes on", "goes on"),
            ("INIT_FAILED", "conflict", "conflict"),
            ("RESTORE_FAILED", "conflict", "conflict"),
            ("A_NEW_ONE", "goes on", "goes on"),
        ] {
            assert_eq!(
                (ends(status, State::Healthy), ends(status, State::Inactive)),
                (healthy, inactive),
                "{status}"
            );
        }
    }
}
