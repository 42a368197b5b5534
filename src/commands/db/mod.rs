//! `db`: the database of a project.

mod extensions;
mod query;
mod schema;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Work with the database of a project
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Db {
    #[command(visible_alias = "extension")]
    Extensions(extensions::Extensions),
    Query(query::Query),
    Schema(schema::Schema),
}

impl Db {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Extensions(command) => command.run(app).await,
            Self::Query(command) => command.run(app).await,
            Self::Schema(command) => command.run(app).await,
        }
    }
}
