//! `migrations`: files of SQL, and which of them a project has.

mod apply;
mod folder;
mod list;
mod outcome;
mod plan;
mod running;
mod script;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Compare the files in `supabase/migrations` with a project, and apply them
///
/// The history is the one that the official CLI keeps, so both can be used on one project.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Migrations {
    Apply(apply::Apply),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl Migrations {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Apply(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
        }
    }
}
