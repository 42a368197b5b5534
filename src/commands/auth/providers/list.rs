//! `auth providers list`

use clap::Args;

use super::{COLUMNS, describe};
use crate::api::PROVIDERS;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List the ways to sign in: which are enabled, and what they lack
///
/// The redirect URL is what has to be registered with a provider. Client secrets are never shown, only
/// whether there is one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth providers list\n  supactl auth providers list --enabled --fields name,missing"
)]
pub(crate) struct List {
    /// Only those that are enabled
    #[arg(long)]
    enabled: bool,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let config = app.api()?.auth_config(&project).await?;
        let rows: Vec<_> = PROVIDERS
            .iter()
            .map(|provider| describe(app, &project, provider, &config))
            .filter(|row| !self.enabled || row["enabled"] == true)
            .collect();
        Ok(Reply::list(rows, COLUMNS).with_message_if_empty("No provider is enabled"))
    }
}
