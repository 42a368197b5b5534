//! `projects restore`

use clap::Args;

use super::COLUMNS;
use super::states::{State, asleep, until};
use crate::api::ProjectRef;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;
use crate::waiting::WaitArgs;

/// Wake a paused project
///
/// It takes a few minutes until it answers: `--wait`, or `projects wait` later.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects restore abcdefghijklmnopqrst\n  supactl projects restore abcdefghijklmnopqrst --wait --timeout 20m"
)]
pub(crate) struct Restore {
    /// Reference of the project
    #[arg(value_name = "REF")]
    target: ProjectRef,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    write: WriteArgs,
}

impl Restore {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let reference = &self.target;
        let api = app.project_given(reference)?;
        asleep(&api.project(reference).await?)?;
        api.restore_project(reference).await?;
        let Some(limit) = self.wait.limit() else {
            let done = format!("Project {reference} is being restored");
            let project = api
                .project(reference)
                .await
                .map_err(|error| error.after(&done))?;
            return Ok(Reply::item(project, COLUMNS).with_message(done));
        };
        let project = until(app, reference, State::Healthy, Some("INACTIVE"), limit).await?;
        Ok(Reply::item(project, COLUMNS).with_message(format!("Restored project {reference}")))
    }
}
