//! `auth jwt restore`

use clap::Args;

use super::COLUMNS;
use super::rotation::{changed, conflict};
use crate::api::{KeyStatus, Uuid};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Take a signing key back into standby
///
/// Undoes `revoke`: tokens that the key signed are good again until they run out. The key itself signs
/// nothing before `supactl auth jwt rotate` lets it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth jwt restore 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f"
)]
pub(crate) struct Restore {
    /// ID of the key
    id: Uuid,

    #[command(flatten)]
    write: WriteArgs,
}

impl Restore {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let id = &self.id;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let key = api.signing_key(&project, id).await?;
        if key.is(KeyStatus::Standby) {
            let done = format!("Signing key `{id}` is in standby already");
            return Ok(Reply::item(key, COLUMNS).with_message(done));
        }
        if key.is(KeyStatus::InUse) {
            return Err(conflict(
                format!("signing key `{id}` signs: it cannot be put into standby"),
                "`supactl auth jwt rotate` lets another key sign instead",
            ));
        }
        let keys = api.signing_keys(&project).await?;
        if let Some(other) = keys.iter().find(|other| other.is(KeyStatus::Standby)) {
            return Err(conflict(
                format!(
                    "signing key `{}` is in standby, and there can be one only",
                    other.id()
                ),
                format!(
                    "let it sign with `supactl auth jwt rotate`, or make room with `supactl auth jwt revoke {}`",
                    other.id()
                ),
            ));
        }
        changed(app, &project, id, KeyStatus::Standby, "Restored").await
    }
}
