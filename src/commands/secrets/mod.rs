//! `secrets`: what Edge Functions find in their environment.

mod env_file;
mod list;
mod set;
mod unset;

use clap::Subcommand;

use crate::api::{Record, Secret};
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage the secrets of Edge Functions
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Secrets {
    #[command(visible_alias = "ls")]
    List(list::List),
    #[command(visible_aliases = ["add", "new"])]
    Set(set::Set),
    #[command(visible_alias = "rm")]
    Unset(unset::Unset),
}

impl Secrets {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::List(command) => command.run(app).await,
            Self::Set(command) => command.run(app).await,
            Self::Unset(command) => command.run(app).await,
        }
    }
}

/// How a secret is shown: its value is a digest, which tells whether two are the same.
const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::new("value", "SHA-256"),
    Column::shown("updated_at", "Updated", Show::Time),
];

/// By when they were set; what has no time comes last.
fn newest_first(secrets: &mut [Secret]) {
    secrets.sort_by(|one, other| other.text("updated_at").cmp(&one.text("updated_at")));
}

fn count(secrets: usize) -> String {
    format!(
        "{secrets} {}",
        if secrets == 1 { "secret" } else { "secrets" }
    )
}
