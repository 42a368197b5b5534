//! `auth jwt list`

use clap::Args;

use super::COLUMNS;
use crate::api::newest_first;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List signing keys, newest first
///
/// `in_use` signs, `standby` may sign next, `previously_used` signs no more while its tokens are still
/// good, and those of a `revoked` key are not.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth jwt list\n  supactl auth jwt list --jq '.data[] | select(.status == \"in_use\") | .id'"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let mut keys = app.api()?.signing_keys(&project).await?;
        newest_first(&mut keys);
        Ok(Reply::list(keys, COLUMNS).with_message_if_empty(
            "No signing keys: the project signs with its JWT secret. `supactl auth jwt rotate` makes the first key",
        ))
    }
}
