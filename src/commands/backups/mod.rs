//! `backups`: what a project's database can be taken back to.

mod list;
mod restore;

use clap::Subcommand;
use jiff::Timestamp;

use crate::api::Backups as Found;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List backups, and restore the database to a point in time
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Backups {
    #[command(visible_alias = "ls")]
    List(list::List),
    Restore(restore::Restore),
}

impl Backups {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::List(command) => command.run(app).await,
            Self::Restore(command) => command.run(app).await,
        }
    }
}

/// The first and the last moment that can be gone back to.
fn window(found: &Found) -> Option<(Timestamp, Timestamp)> {
    let (first, last) = found.window()?;
    Some((
        Timestamp::from_second(first).ok()?,
        Timestamp::from_second(last).ok()?,
    ))
}
