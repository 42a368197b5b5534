//! `integrations webhooks list`

use clap::Args;

use super::COLUMNS;
use crate::api::webhooks::TableName;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List database webhooks, with their last delivery
///
/// Values of headers are hidden, and so are those of parameters whose names speak of secrets.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks list\n  supactl integrations webhooks list --table public.orders -o json"
)]
pub(crate) struct List {
    /// Only those of one table
    #[arg(long, value_name = "SCHEMA.TABLE")]
    table: Option<TableName>,

    /// Show the values of headers and parameters
    #[arg(long)]
    reveal: bool,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let hooks = app.api()?.webhooks(&project).await?;
        let nothing = if hooks.is_some() {
            "No webhooks found"
        } else {
            "Database webhooks are not switched on for this project: `create` does that with the first one"
        };
        let mut hooks = hooks.unwrap_or_default();
        hooks.retain(|hook| self.table.as_ref().is_none_or(|table| hook.table == *table));
        let rows = hooks.iter().map(|hook| hook.webhook(self.reveal)).collect();
        let mut reply = Reply::list(rows, COLUMNS).with_message_if_empty(nothing);
        for hook in hooks.iter().filter(|hook| hook.enabled()) {
            if let Some(problem) = hook.problem() {
                reply = reply.with_message(format!(
                    "Webhook `{}` makes every write to `{}` fail: {problem}",
                    hook.name, hook.table
                ));
            }
        }
        Ok(reply)
    }
}
