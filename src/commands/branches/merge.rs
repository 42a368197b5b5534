//! `branches merge`

use clap::Args;

use super::progress;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;
use crate::waiting::WaitArgs;

/// Bring the migrations and functions of a branch into its project
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl branches merge pricing-page --wait --yes\n  supactl branches merge pricing-page --dry-run"
)]
pub(crate) struct Merge {
    /// Name or reference of the branch
    #[arg(value_name = "NAME|REF")]
    branch: String,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    write: WriteArgs,
}

impl Merge {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let named = &self.branch;
        app.terminal().confirm(&format!(
            "Merge branch `{named}` into project {}? Its migrations cannot be taken back",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let branch = api.branch(&project, named).await?;
        let run = api.merge_branch(&project, &branch.project_ref()?).await?;
        let what = format!("Merge of branch `{named}`");
        progress::follow(app, &project, &branch, &run, &what, self.wait.limit()).await
    }
}
