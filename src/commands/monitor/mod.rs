//! `monitor`: how a project is doing.

mod checks;
mod health;
mod verdict;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Watch health and metrics
#[derive(Debug, Subcommand)]
pub(crate) enum Monitor {
    Health(health::Health),
}

impl Monitor {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Health(command) => command.run(app).await,
        }
    }
}
