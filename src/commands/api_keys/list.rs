//! `api-keys list`

use clap::Args;

use super::COLUMNS;
use crate::api::{ApiKey, Record};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List the keys of a project, without their values
///
/// `api-keys get --reveal` shows the value of one. Legacy keys are on or off together.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl api-keys list\n  supactl api-keys list --fields name,type,enabled"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let api = app.api()?;
        let (keys, legacy) = futures_util::join!(
            api.api_keys(&project, false),
            api.legacy_keys_enabled(&project)
        );
        let keys = keys?;
        if keys.is_empty() {
            api.paused_perhaps(&project).await?;
        }
        let mut keys: Vec<ApiKey> = keys
            .into_iter()
            .map(|key| key.masked().with_enabled(legacy))
            .collect();
        keys.sort_by(|one, other| other.text("inserted_at").cmp(&one.text("inserted_at")));
        Ok(Reply::list(keys, COLUMNS).with_message_if_empty("No keys"))
    }
}
