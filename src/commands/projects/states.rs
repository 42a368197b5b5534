//! What the states of a project mean for somebody who waits for one.

use std::time::Duration;

use clap::ValueEnum;

use crate::api::{Api, ApiError, NewProject, Project, ProjectRef, Record};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::waiting::{Look, until_done};

/// A state to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    /// It answers requests
    Healthy,
    /// It is paused
    Inactive,
}

/// The word that the service has for the state that a project is in.
pub(super) fn status(project: &Project) -> &str {
    project.text("status").unwrap_or("UNKNOWN")
}

/// Refuses to stop what is stopped.
pub(super) fn awake(project: &Project) -> Result<(), ApiError> {
    match status(project) {
        status @ ("INACTIVE" | "PAUSING") => {
            let message = format!("the project is paused already: its status is {status}");
            Err(ApiError::new(Code::ProjectPaused, message))
        }
        _ => Ok(()),
    }
}

/// Refuses to wake what is awake.
pub(super) fn asleep(project: &Project) -> Result<(), ApiError> {
    match status(project) {
        status @ ("ACTIVE_HEALTHY" | "ACTIVE_UNHEALTHY" | "COMING_UP" | "RESTORING") => {
            let message = format!("the project is not paused: its status is {status}");
            Err(ApiError::new(Code::Conflict, message))
        }
        _ => Ok(()),
    }
}

/// Looks what became of a project whose creation was not answered. It is never created again: that
/// might make a second one.
pub(super) async fn what_became(
    api: &Api,
    error: ApiError,
    new: &NewProject,
    if_lost: &str,
) -> Error {
    let (name, organization) = (&new.name, &new.organization);
    let Ok(projects) = api.projects().await else {
        return error.into();
    };
    let found = projects.iter().find(|project| {
        project.text("name") == Some(name)
            && project.text("organization_slug") == Some(organization)
    });
    let hint = match found {
        Some(project) => format!(
            "it may have happened all the same: project {} is called `{name}`, its status is {}{if_lost}",
            project.text("ref").unwrap_or_default(),
            status(project)
        ),
        None => format!(
            "no project `{name}` is to be seen in `{organization}` so far; it may still appear: \
             look at `supactl projects list` before trying again"
        ),
    };
    error.with_hint(hint).into()
}

/// Waits for a state. `before` is a status that may still be told for a while although it is being left.
pub(super) async fn until(
    app: &App,
    project: &ProjectRef,
    wanted: State,
    before: Option<&str>,
    limit: Duration,
) -> Result<Project> {
    let api = app.api()?;
    let what = format!("Project {project}");
    until_done(app, &what, limit, async || {
        let found = api.project(project).await?;
        if before == Some(status(&found)) {
            return Ok(Look::Going(status(&found).to_owned()));
        }
        look(found, wanted).map_err(Into::into)
    })
    .await
}

/// What a status means for somebody who waits for a state.
fn look(project: Project, wanted: State) -> Result<Look<Project>, ApiError> {
    let status = status(&project).to_owned();
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
