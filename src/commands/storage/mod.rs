//! `storage`: files of a project.

mod buckets;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Manage files of a project
#[derive(Debug, Subcommand)]
pub(crate) enum Storage {
    #[command(subcommand, visible_alias = "bucket")]
    Buckets(buckets::Buckets),
}

impl Storage {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Buckets(command) => command.run(app).await,
        }
    }
}
