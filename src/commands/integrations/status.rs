//! `integrations status`

use clap::Args;

use super::examine::{Known, examine};
use super::found::COLUMNS;
use super::{named, names};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show the state of an integration, check by check
///
/// Tries it out where that changes nothing. What could not be found out is neither right nor wrong.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations status cron\n  supactl integrations status third-party-auth -o json"
)]
pub(crate) struct Status {
    /// Name of the integration
    #[arg(value_parser = names(), hide_possible_values = true)]
    name: String,
}

impl Status {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let integration = named(&self.name)?;
        let project = app.project().await?;
        let api = app.api()?;
        api.read_fresh();
        let known = Known::of(api, &project, &[integration], false).await?;
        let found = examine(api, &project, integration, &known, true, false).await?;
        Ok(Reply::item(found.data(integration), COLUMNS))
    }
}
