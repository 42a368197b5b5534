//! `db extensions list`

use clap::Args;
use serde_json::{Value, json};

use super::COLUMNS;
use crate::api::Record;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List extensions, by name
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl db extensions list\n  supactl db extensions list --available"
)]
pub(crate) struct List {
    /// Only those that are switched on
    #[arg(long)]
    installed: bool,

    /// Only those that could be switched on
    #[arg(long, conflicts_with = "installed")]
    available: bool,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let mut extensions = app.api()?.extensions(&project).await?;
        if self.installed || self.available {
            let wanted: Value = json!(self.installed);
            extensions.retain(|extension| extension.object().get("installed") == Some(&wanted));
        }
        Ok(Reply::list(extensions, COLUMNS).with_message_if_empty("No extensions found"))
    }
}
