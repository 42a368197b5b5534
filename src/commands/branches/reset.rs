//! `branches reset`

use clap::Args;

use super::progress;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;
use crate::waiting::WaitArgs;

/// Put a branch back to its beginning: what was done to its database is lost
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl branches reset pricing-page --yes\n  supactl branches reset pricing-page --yes --wait"
)]
pub(crate) struct Reset {
    /// Name or reference of the branch
    #[arg(value_name = "NAME|REF")]
    branch: String,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    write: WriteArgs,
}

impl Reset {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let named = &self.branch;
        app.terminal().confirm(&format!(
            "Reset branch `{named}` of project {}? What was done to its database is lost",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let branch = api.branch(&project, named).await?;
        let run = api.reset_branch(&project, &branch.project_ref()?).await?;
        let what = format!("Reset of branch `{named}`");
        progress::follow(app, &project, &branch, &run, &what, self.wait.limit()).await
    }
}
