//! `projects get`

use clap::Args;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Show a project with its database
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects get abcdefghijklmnopqrst\n  supactl projects get --project acme-shop"
)]
pub(crate) struct Get {
    /// Reference or name of the project; by default the one of `--project` or of this folder
    #[arg(value_name = "REF|NAME", add = crate::completing::projects())]
    target: Option<String>,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = match self.target {
            Some(name) => app.project_named(name).await?,
            None => app.project().await?,
        };
        let project = app.api()?.project(&project).await?;
        Ok(Reply::item(project, COLUMNS))
    }
}

const COLUMNS: &[Column] = &[
    Column::new("ref", "Ref"),
    Column::new("name", "Name"),
    Column::new("organization_slug", "Organization"),
    Column::new("region", "Region"),
    Column::new("status", "Status"),
    Column::shown("created_at", "Created", Show::Time),
    Column::new("database.host", "Database"),
    Column::new("database.version", "Version"),
];
