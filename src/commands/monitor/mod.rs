//! `monitor`: how a project is doing.

mod checks;
mod figures;
mod gather;
mod health;
mod health_sheet;
mod metrics;
mod pair;
mod scrapes;
mod sheet;
mod threshold;
mod verdict;
mod watch;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Watch health and metrics
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Monitor {
    Health(health::Health),
    Metrics(metrics::Metrics),
}

impl Monitor {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Health(command) => command.run(app).await,
            Self::Metrics(command) => command.run(app).await,
        }
    }
}
