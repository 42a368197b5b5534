//! `branches`: copies of a project to try things on.

mod create;
mod delete;
mod get;
mod list;
mod merge;
mod progress;
mod reset;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage branches
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Branches {
    #[command(visible_aliases = ["add", "new"])]
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
    Merge(merge::Merge),
    Reset(reset::Reset),
}

impl Branches {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Create(command) => command.run(app).await,
            Self::Delete(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Merge(command) => command.run(app).await,
            Self::Reset(command) => command.run(app).await,
        }
    }
}

/// How a branch is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::new("project_ref", "Ref"),
    Column::new("preview_project_status", "Status"),
    Column::new("git_branch", "Git branch"),
    Column::new("persistent", "Persistent"),
    Column::new("is_default", "Default"),
    Column::shown("created_at", "Created", Show::Time),
];
