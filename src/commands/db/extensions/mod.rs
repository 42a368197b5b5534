//! `db extensions`: what the database can be extended with.

mod disable;
mod enable;
mod list;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply};

/// List extensions of the database, and switch them on and off
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  supactl db extensions\n  supactl db extensions --installed"
)]
pub(crate) struct Extensions {
    #[command(subcommand)]
    command: Option<ExtensionsCommand>,

    #[command(flatten)]
    list: list::List,
}

#[derive(Debug, Subcommand)]
enum ExtensionsCommand {
    Disable(disable::Disable),
    Enable(enable::Enable),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl Extensions {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self.command {
            Some(ExtensionsCommand::Disable(command)) => command.run(app).await,
            Some(ExtensionsCommand::Enable(command)) => command.run(app).await,
            Some(ExtensionsCommand::List(command)) => command.run(app).await,
            None => self.list.run(app).await,
        }
    }
}

/// How an extension is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::new("installed_version", "Installed"),
    Column::new("default_version", "Newest"),
    Column::new("schema", "Schema"),
    Column::new("comment", "Comment"),
];
