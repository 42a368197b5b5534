//! `auth jwt delete`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use super::rotation::conflict;
use crate::api::{KeyStatus, Record, Uuid};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Delete a revoked signing key for good
///
/// The service keeps a key for 30 days after it was revoked, so that revoking it can be undone. The
/// key that the project's JWT secret became is never deleted.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth jwt delete 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f --yes"
)]
pub(crate) struct Delete {
    /// ID of the key
    id: Uuid,

    #[command(flatten)]
    write: WriteArgs,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let id = &self.id;
        app.terminal().confirm(&format!(
            "Delete signing key `{id}` of project {} for good?",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let key = api.signing_key(&project, id).await?;
        if !key.is(KeyStatus::Revoked) {
            let status = key.text("status").unwrap_or("unknown");
            return Err(conflict(
                format!("signing key `{id}` is {status}: only a revoked key can be deleted"),
                format!("`supactl auth jwt revoke {id}` comes first, and 30 days after it"),
            ));
        }
        api.delete_signing_key(&project, id).await?;
        let mut key = key.into_object();
        key.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(key, COLUMNS).with_message(format!("Deleted signing key `{id}`")))
    }
}
