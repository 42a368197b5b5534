//! `logs errors`: what went wrong, whichever service it was.

mod get;
mod list;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Read what went wrong, in all services
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Errors {
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl Errors {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
        }
    }
}

/// How an error is shown in a list.
const COLUMNS: &[Column] = &[
    Column::shown("logged_at", "Time", Show::Time),
    Column::new("source", "Source"),
    Column::new("level", "Level"),
    Column::new("code", "Code"),
    Column::new("path", "Path"),
    Column::new("id", "ID"),
    Column::new("message", "Message"),
];

/// How errors are shown that were counted.
const GROUPS: &[Column] = &[
    Column::new("source", "Source"),
    Column::new("code", "Code"),
    Column::new("count", "Count"),
    Column::shown("first_at", "First", Show::Time),
    Column::shown("last_at", "Last", Show::Time),
    Column::new("sample", "Sample"),
];
