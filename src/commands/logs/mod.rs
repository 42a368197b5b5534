//! `logs`: what a project's services wrote down.

mod api;
mod errors;
mod file;
mod following;
mod found;
mod functions;
mod listing;
mod query;
mod range;
mod sources;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Read the logs of a project's services
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Logs {
    #[command(subcommand)]
    Api(api::Requests),
    #[command(subcommand, visible_alias = "error")]
    Errors(errors::Errors),
    #[command(subcommand, visible_alias = "function")]
    Functions(functions::Functions),
    Query(query::Query),
    Sources(sources::Sources),
}

impl Logs {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Api(command) => command.run(app).await,
            Self::Errors(command) => command.run(app).await,
            Self::Functions(command) => command.run(app).await,
            Self::Query(command) => command.run(app).await,
            Self::Sources(command) => command.run(app).await,
        }
    }
}
