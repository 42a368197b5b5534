//! `logs api`: requests at the gateway of a project.

mod get;
mod list;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Read requests to a project's APIs
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Requests {
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(Box<list::List>),
}

impl Requests {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
        }
    }
}

/// How a request is shown in a list.
const COLUMNS: &[Column] = &[
    Column::shown("logged_at", "Time", Show::Time),
    Column::new("method", "Method"),
    Column::new("path", "Path"),
    Column::new("status_code", "Status"),
    Column::new("duration_ms", "ms"),
    Column::new("ip", "IP"),
    Column::new("country", "Country"),
    Column::new("id", "ID"),
    Column::new("user_agent", "User agent"),
];
