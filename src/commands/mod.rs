//! The commands: a folder is a noun, a file is a verb.

mod api;
mod completions;
pub(crate) mod help;
mod man;
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
    Completions(completions::Completions),
    Help(help::Help),
    Man(man::Man),
    #[command(subcommand)]
    Orgs(orgs::Orgs),
    #[command(subcommand)]
    Projects(projects::Projects),
    #[command(subcommand)]
    Storage(storage::Storage),
}

impl Command {
    /// The reply of a command that tells of the program alone: it is there whatever the settings
    /// are, so that help can be had for wrong ones.
    pub(crate) fn page(&self) -> Option<Result<Reply>> {
        match self {
            Self::Completions(command) => Some(command.run()),
            Self::Help(command) => Some(command.run()),
            Self::Man(command) => Some(command.run()),
            _ => None,
        }
    }

    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Api(command) => command.run(app).await,
            Self::Completions(command) => command.run(),
            Self::Help(command) => command.run(),
            Self::Man(command) => command.run(),
            Self::Orgs(command) => command.run(app).await,
            Self::Projects(command) => command.run(app).await,
            Self::Storage(command) => command.run(app).await,
        }
    }
}
