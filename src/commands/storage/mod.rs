//! `storage`: files of a project.

mod buckets;
mod policies;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Manage storage buckets and their policies
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Storage {
    #[command(subcommand, visible_alias = "bucket")]
    Buckets(buckets::Buckets),
    #[command(subcommand, visible_alias = "policy")]
    Policies(policies::Policies),
}

impl Storage {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Buckets(command) => command.run(app).await,
            Self::Policies(command) => command.run(app).await,
        }
    }
}
