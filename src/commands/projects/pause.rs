//! `projects pause`

use clap::Args;

use super::{COLUMNS, states};
use crate::api::ProjectRef;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Pause a project: it keeps its data and answers nobody
///
/// `projects restore` wakes it up. `projects wait --for inactive` waits until it is paused.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects pause abcdefghijklmnopqrst --yes\n  supactl projects pause abcdefghijklmnopqrst --dry-run"
)]
pub(crate) struct Pause {
    /// Reference of the project
    #[arg(value_name = "REF")]
    target: ProjectRef,

    #[command(flatten)]
    write: WriteArgs,
}

impl Pause {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let reference = &self.target;
        app.terminal().confirm(&format!(
            "Pause project {reference}? It answers nobody until it is restored"
        ))?;
        let api = app.project_given(reference)?;
        states::awake(&api.project(reference).await?)?;
        api.pause_project(reference).await?;
        let done = format!("Project {reference} is being paused");
        let project = api
            .project(reference)
            .await
            .map_err(|error| error.after(&done))?;
        Ok(Reply::item(project, COLUMNS).with_message(done))
    }
}
