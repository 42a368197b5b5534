//! `projects`: a database with everything around it.

mod get;
mod list;
mod wait;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Look at projects
#[derive(Debug, Subcommand)]
pub(crate) enum Projects {
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
    Wait(wait::Wait),
}

impl Projects {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Wait(command) => command.run(app).await,
        }
    }
}

/// How a project is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("ref", "Ref"),
    Column::new("name", "Name"),
    Column::new("organization_slug", "Organization"),
    Column::new("region", "Region"),
    Column::new("status", "Status"),
    Column::shown("created_at", "Created", Show::Time),
];
