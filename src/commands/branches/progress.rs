//! How far a branch, or what was set in motion on it, has come.

use std::time::Duration;

use serde_json::json;

use super::COLUMNS;
use crate::api::{Api, ApiError, Branch, Progress, ProjectRef, Record};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::Reply;
use crate::waiting::{Look, until_done};

/// Waits until the project of a branch answers. The status of the branch itself is out of use.
pub(super) async fn until_healthy(app: &App, branch: &ProjectRef, limit: Duration) -> Result<()> {
    let api = app.api()?;
    until_done(app, &format!("Branch {branch}"), limit, async || {
        let details = api.branch_details(branch).await?;
        match details.get("status").and_then(|status| status.as_str()) {
            Some("ACTIVE_HEALTHY") => Ok(Look::Done(())),
            Some(status @ ("INIT_FAILED" | "REMOVED" | "GOING_DOWN")) => {
                let message =
                    format!("the branch's status is {status}, which does not change by itself");
                Err(ApiError::new(Code::Conflict, message).into())
            }
            status => Ok(Look::Going(status.unwrap_or("UNKNOWN").to_owned())),
        }
    })
    .await
}

/// The reply to something that was set in motion: the branch, and how far the run is.
pub(super) async fn follow(
    app: &App,
    project: &ProjectRef,
    branch: &Branch,
    run: &str,
    what: &str,
    limit: Option<Duration>,
) -> Result<Reply> {
    let api = app.api()?;
    if let Some(limit) = limit {
        until_done(app, what, limit, async || {
            let found = api.action_run(project, run).await?;
            match found.map(|run| run.progress()) {
                Some(Progress::Done) => Ok(Look::Done(())),
                Some(Progress::Failed(step)) => {
                    Err(ApiError::new(Code::ApiError, format!("{what} failed at the step `{step}`"))
                        .with_hint(format!("`supactl api GET /v1/projects/{project}/actions/{run}/logs` shows what happened"))
                        .into())
                }
                Some(Progress::At(Some(step))) => Ok(Look::Going(step)),
                Some(Progress::At(None)) | None => Ok(Look::Going("queued".to_owned())),
            }
        })
        .await?;
    }
    let done = format!(
        "{what}: {}",
        if limit.is_some() { "done" } else { "started" }
    );
    let reference = branch.project_ref()?;
    let after = api
        .branch(project, branch.text("name").unwrap_or(reference.as_str()))
        .await;
    let mut row = after.map_err(|error| error.after(&done))?.into_object();
    row.insert("workflow_run_id".to_owned(), json!(run));
    Ok(Reply::item(row, COLUMNS).with_message(done))
}

/// Looks what became of a branch whose creation was not answered. It is never created again.
pub(super) async fn what_became(
    api: &Api,
    error: ApiError,
    project: &ProjectRef,
    name: &str,
) -> Error {
    let Ok(found) = api.branches(project).await else {
        return error.into();
    };
    let found = found.unwrap_or_default();
    let hint = match found
        .iter()
        .find(|branch| branch.text("name") == Some(name))
    {
        Some(branch) => format!(
            "it may have happened all the same: there is a branch `{name}`, its project {} has the status {}",
            branch.text("project_ref").unwrap_or_default(),
            branch.text("preview_project_status").unwrap_or("UNKNOWN")
        ),
        None => format!(
            "no branch `{name}` is to be seen so far; it may still appear: look at `supactl branches list` before trying again"
        ),
    };
    error.with_hint(hint).into()
}
