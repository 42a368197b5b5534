//! The commands: a folder is a noun, a file is a verb.

mod api;
mod orgs;
mod projects;
mod storage;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// The top of the tree.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Api(api::Api),
    #[command(subcommand)]
    Orgs(orgs::Orgs),
    #[command(subcommand)]
    Projects(projects::Projects),
    #[command(subcommand)]
    Storage(storage::Storage),
}

impl Command {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Api(command) => command.run(app).await,
            Self::Orgs(command) => command.run(app).await,
            Self::Projects(command) => command.run(app).await,
            Self::Storage(command) => command.run(app).await,
        }
    }
}
