//! `branches get`

use clap::Args;

use super::COLUMNS;
use crate::api::Record;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply};

/// Show a branch; `--reveal` shows how to reach its database
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl branches get pricing-page\n  supactl branches get pricing-page --reveal --jq .data.database.db_pass"
)]
pub(crate) struct Get {
    /// Name or reference of the branch
    #[arg(value_name = "NAME|REF")]
    branch: String,

    /// Show its database, with password and JWT secret
    #[arg(long)]
    reveal: bool,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let api = app.api()?;
        let branch = api.branch(&project, &self.branch).await?;
        if !self.reveal {
            return Ok(Reply::item(branch, COLUMNS));
        }
        let details = api.branch_details(&branch.project_ref()?).await?;
        let mut row = branch.into_object();
        row.insert("database".to_owned(), details.into());
        Ok(Reply::item(row, WITH_DATABASE))
    }
}

/// A branch and how its database is reached.
const WITH_DATABASE: &[Column] = &[
    Column::new("name", "Name"),
    Column::new("project_ref", "Ref"),
    Column::new("preview_project_status", "Status"),
    Column::new("database.db_host", "Host"),
    Column::new("database.db_port", "Port"),
    Column::new("database.db_user", "User"),
    Column::new("database.db_pass", "Password"),
    Column::new("database.jwt_secret", "JWT secret"),
];
