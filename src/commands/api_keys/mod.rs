//! `api-keys`: what opens the project's own APIs.

mod create;
mod delete;
mod get;
mod list;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage API keys
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum ApiKeys {
    #[command(visible_aliases = ["add", "new"])]
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl ApiKeys {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Create(command) => command.run(app).await,
            Self::Delete(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
        }
    }
}

/// How a key is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::new("type", "Type"),
    Column::new("id", "ID"),
    Column::new("prefix", "Begins with"),
    Column::new("api_key", "Key"),
    Column::new("enabled", "Enabled"),
    Column::shown("inserted_at", "Created", Show::Time),
    Column::new("description", "Description"),
];
