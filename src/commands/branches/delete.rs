//! `branches delete`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use crate::api::Record;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Delete a branch with its database
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl branches delete pricing-page --yes")]
pub(crate) struct Delete {
    /// Name or reference of the branch
    #[arg(value_name = "NAME|REF")]
    branch: String,

    #[command(flatten)]
    write: WriteArgs,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        app.terminal().confirm(&format!(
            "Delete branch `{}` of project {} with its database?",
            self.branch,
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let branch = api.branch(&project, &self.branch).await?;
        api.delete_branch(&project, &branch.project_ref()?).await?;
        let mut branch = branch.into_object();
        branch.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(branch, COLUMNS).with_message(format!("Deleted branch `{}`", self.branch)))
    }
}
