//! `integrations webhooks platform list`

use clap::Args;

use super::{COLUMNS, Whose};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List the endpoints that events are sent to
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform list\n  supactl integrations webhooks platform list --org acme"
)]
pub(crate) struct List {
    #[command(flatten)]
    whose: Whose,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let target = self.whose.read(app).await?;
        let endpoints = app.api()?.endpoints(&target).await?;
        Ok(Reply::list(endpoints, COLUMNS).with_message_if_empty("No endpoints found"))
    }
}
