//! `projects`: a database with everything around it.

mod create;
mod delete;
mod get;
mod list;
mod password;
mod pause;
mod restart;
mod restore;
mod states;
mod wait;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage projects
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Projects {
    #[command(visible_aliases = ["add", "new"])]
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
    Pause(pause::Pause),
    Restart(restart::Restart),
    Restore(restore::Restore),
    Wait(wait::Wait),
}

impl Projects {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Create(command) => command.run(app).await,
            Self::Delete(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Pause(command) => command.run(app).await,
            Self::Restart(command) => command.run(app).await,
            Self::Restore(command) => command.run(app).await,
            Self::Wait(command) => command.run(app).await,
        }
    }
}

/// How a project is shown, alone or in a list.
pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ref", "Ref"),
    Column::new("name", "Name"),
    Column::new("organization_slug", "Organization"),
    Column::new("region", "Region"),
    Column::new("status", "Status"),
    Column::shown("created_at", "Created", Show::Time),
];

/// Longest name of a project, in characters (`POST /v1/projects`).
const NAME_LENGTH: usize = 256;

/// A name that the service takes.
fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().count() > NAME_LENGTH {
        return Err(format!(
            "a project's name has 1 to {NAME_LENGTH} characters"
        ));
    }
    Ok(text.to_owned())
}
