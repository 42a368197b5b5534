//! `storage policies`: who may do what with the files of which bucket.

mod change;
mod delete;
mod export;
mod file;
mod list;
mod set;
mod template;
mod wanted;

use clap::Subcommand;

use crate::api::{Object, Policy, Record};
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage who may do what with the files of a bucket
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Policies {
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    Export(export::Export),
    #[command(visible_alias = "ls")]
    List(list::List),
    #[command(visible_aliases = ["add", "new"])]
    Set(set::Set),
}

impl Policies {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Delete(command) => command.run(app).await,
            Self::Export(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Set(command) => command.run(app).await,
        }
    }
}

/// How a policy is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::shown("buckets", "Buckets", Show::Made(buckets)),
    Column::new("command", "Command"),
    Column::new("roles", "Roles"),
    Column::new("kind", "Kind"),
    Column::new("using", "Using"),
    Column::new("check", "Check"),
    Column::new("table", "Table"),
];

/// The buckets that it names, or how else it chooses.
fn buckets(policy: &Object) -> String {
    let policy = Policy::wrap(policy.clone());
    match policy.text("applies_to") {
        Some("all") => "all buckets".to_owned(),
        Some("named") => policy.buckets().join(", "),
        other => other.unwrap_or_default().to_owned(),
    }
}
