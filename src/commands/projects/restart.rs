//! `projects restart`

use clap::Args;

use super::{COLUMNS, states};
use crate::api::ProjectRef;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Restart a project: its database and everything around it
///
/// It answers nobody meanwhile; `projects wait` waits until it does.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects restart abcdefghijklmnopqrst --yes\n  supactl projects restart abcdefghijklmnopqrst --dry-run"
)]
pub(crate) struct Restart {
    /// Reference of the project
    #[arg(value_name = "REF")]
    target: ProjectRef,

    #[command(flatten)]
    write: WriteArgs,
}

impl Restart {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let reference = &self.target;
        app.terminal().confirm(&format!(
            "Restart project {reference}? It answers nobody meanwhile"
        ))?;
        let api = app.project_given(reference)?;
        states::awake(&api.project(reference).await?)?;
        api.restart_project(reference).await?;
        let done = format!("Project {reference} is being restarted");
        let project = api
            .project(reference)
            .await
            .map_err(|error| error.after(&done))?;
        Ok(Reply::item(project, COLUMNS).with_message(done))
    }
}
