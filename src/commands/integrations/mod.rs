//! `integrations`: what a project is connected with.

mod webhooks;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Connect a project with other services
#[derive(Debug, Subcommand)]
pub(crate) enum Integrations {
    #[command(subcommand, visible_alias = "webhook")]
    Webhooks(webhooks::Webhooks),
}

impl Integrations {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Webhooks(command) => command.run(app).await,
        }
    }
}
