//! `integrations webhooks enable`

use clap::Args;

use super::COLUMNS;
use super::arguments::Which;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Let a webhook that was disabled send again
///
/// What changed in the meantime is not sent.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks enable new_orders\n  supactl integrations webhooks enable new_orders --table public.orders"
)]
pub(crate) struct Enable {
    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    write: WriteArgs,
}

impl Enable {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let name = &self.which.name;
        let hook = api
            .webhook(&project, name, self.which.table.as_ref())
            .await?;
        api.switch_webhook(&project, &hook, true).await?;
        let done = format!("Enabled webhook `{name}` on `{}`", hook.table);
        let hook = api.webhook(&project, name, Some(&hook.table)).await;
        let hook = hook.map_err(|error| error.after(&done))?;
        Ok(Reply::item(hook.webhook(false), COLUMNS).with_message(done))
    }
}
