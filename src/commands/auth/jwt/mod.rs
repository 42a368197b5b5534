//! `auth jwt`: the keys that sign the tokens of a project.

mod create;
mod delete;
mod get;
mod list;
mod restore;
mod revoke;
mod rotate;
mod rotation;
mod told;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::api::Algorithm;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage the keys that sign the tokens of a project
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Jwt {
    #[command(visible_aliases = ["add", "new"])]
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
    Restore(restore::Restore),
    Revoke(revoke::Revoke),
    Rotate(rotate::Rotate),
}

impl Jwt {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Create(command) => command.run(app).await,
            Self::Delete(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Restore(command) => command.run(app).await,
            Self::Revoke(command) => command.run(app).await,
            Self::Rotate(command) => command.run(app).await,
        }
    }
}

/// How a key is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("id", "ID"),
    Column::new("status", "Status"),
    Column::new("algorithm", "Algorithm"),
    Column::shown("created_at", "Created", Show::Time),
    Column::shown("updated_at", "Updated", Show::Time),
];

/// Reads one of these algorithms.
fn one_of(algorithms: &'static [Algorithm]) -> impl TypedValueParser<Value = Algorithm> {
    let names = algorithms.iter().map(|algorithm| algorithm.as_str());
    PossibleValuesParser::new(names).map(move |name| {
        let known = algorithms.iter().find(|known| known.as_str() == name);
        known.copied().unwrap_or(Algorithm::Es256)
    })
}
