//! `integrations webhooks disable`

use clap::Args;

use super::COLUMNS;
use super::arguments::Which;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Keep a webhook from sending, without deleting it
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks disable new_orders\n  supactl integrations webhooks disable new_orders --table public.orders"
)]
pub(crate) struct Disable {
    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    write: WriteArgs,
}

impl Disable {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let name = &self.which.name;
        let hook = api
            .webhook(&project, name, self.which.table.as_ref())
            .await?;
        api.switch_webhook(&project, &hook, false).await?;
        let done = format!("Disabled webhook `{name}` on `{}`", hook.table);
        let hook = api.webhook(&project, name, Some(&hook.table)).await;
        let hook = hook.map_err(|error| error.after(&done))?;
        Ok(Reply::item(hook.webhook(false), COLUMNS).with_message(done))
    }
}
