//! `orgs`: organizations, which own projects and pay for them.

mod get;
mod list;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply};

/// List and show organizations
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Orgs {
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl Orgs {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
        }
    }
}

/// How an organization is shown in a list, where the service does not tell its plan.
const COLUMNS: &[Column] = &[Column::new("slug", "Slug"), Column::new("name", "Name")];
