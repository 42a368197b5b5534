//! `integrations webhooks delete`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use super::arguments::Which;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Delete a database webhook
///
/// The history of its deliveries stays.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks delete new_orders --yes\n  supactl integrations webhooks delete new_orders --table public.orders --dry-run"
)]
pub(crate) struct Delete {
    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    write: WriteArgs,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let name = &self.which.name;
        app.terminal().confirm(&format!(
            "Delete webhook `{name}` of project {}?",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let hook = api
            .webhook(&project, name, self.which.table.as_ref())
            .await?;
        api.delete_webhook(&project, &hook).await?;
        let mut row = crate::api::Object::from(hook.webhook(false));
        row.insert("deleted".to_owned(), json!(true));
        let done = format!("Deleted webhook `{name}` on `{}`", hook.table);
        Ok(Reply::item(row, COLUMNS).with_message(done))
    }
}
