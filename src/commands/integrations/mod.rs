//! `integrations`: what a project is connected with.

mod examine;
mod found;
mod inputs;
mod list;
mod removal;
mod remove;
mod setup;
mod status;
mod steps;
mod webhooks;

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::api::integrations::{INTEGRATIONS, Integration};
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Connect a project with other services
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Integrations {
    #[command(visible_alias = "ls")]
    List(list::List),
    #[command(visible_alias = "rm")]
    Remove(remove::Remove),
    #[command(visible_alias = "add")]
    Setup(setup::Setup),
    #[command(visible_alias = "show")]
    Status(status::Status),
    #[command(subcommand, visible_alias = "webhook")]
    Webhooks(webhooks::Webhooks),
}

impl Integrations {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::List(command) => command.run(app).await,
            Self::Remove(command) => command.run(app).await,
            Self::Setup(command) => command.run(app).await,
            Self::Status(command) => command.run(app).await,
            Self::Webhooks(command) => command.run(app).await,
        }
    }
}

/// The names that an argument takes.
fn names() -> PossibleValuesParser {
    let names = INTEGRATIONS
        .iter()
        .map(|integration| PossibleValue::new(integration.name).help(integration.about));
    PossibleValuesParser::new(names)
}

/// The integration of a name that the parser let through.
fn named(name: &str) -> Result<&'static Integration> {
    Integration::find(name)
        .ok_or_else(|| Error::invalid(format!("there is no integration `{name}`")))
}
