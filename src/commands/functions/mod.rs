//! `functions`: code that runs at the edge.

mod call;
mod delete;
mod deploy;
mod download;
mod files;
mod get;
mod invoke;
mod list;
mod outcome;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage Edge Functions
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Functions {
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    Deploy(deploy::Deploy),
    Download(download::Download),
    #[command(visible_alias = "show")]
    Get(get::Get),
    Invoke(invoke::Invoke),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl Functions {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Delete(command) => command.run(app).await,
            Self::Deploy(command) => command.run(app).await,
            Self::Download(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::Invoke(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
        }
    }
}

/// How a function is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("slug", "Slug"),
    Column::new("status", "Status"),
    Column::new("version", "Version"),
    Column::new("verify_jwt", "Asks for a JWT"),
    Column::new("entrypoint_path", "Entry point"),
    Column::shown("updated_at", "Updated", Show::Time),
    Column::shown("created_at", "Created", Show::Time),
];
