//! `auth sso disable`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use crate::api::{Record, Uuid};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Let nobody sign in with an SSO provider
///
/// The provider and its people are kept, and `enable ID` lets them in again. This is done with a secret
/// key of the project, over its Auth service: the Management API has no way to.
///
/// With `--remove` the provider goes for good. Added once more it has another ID, and its people, who
/// belong to the old one, are strangers.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth sso disable 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --yes\n  supactl auth sso disable 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --remove --yes"
)]
pub(crate) struct Disable {
    /// ID of the provider
    id: Uuid,

    /// Remove the provider, rather than keeping it for later
    #[arg(long)]
    remove: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Disable {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let id = &self.id;
        let named = app.project_in_question()?;
        app.terminal().confirm(&if self.remove {
            format!(
                "Remove SSO provider `{id}` from project {named}? Its people cannot sign in any more, and one that is \
                 added later has another ID: their accounts stay bound to `sso:{id}`."
            )
        } else {
            format!("Disable SSO provider `{id}` of project {named}? Its people cannot sign in until it is enabled again.")
        })?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let before = api.sso_provider(&project, id).await?;
        if self.remove {
            api.delete_sso_provider(&project, id).await?;
            let mut provider = before.into_object();
            provider.insert("deleted".to_owned(), json!(true));
            return Ok(Reply::item(provider, COLUMNS)
                .with_message(format!("Removed SSO provider `{id}`"))
                .with_message(format!(
                    "Accounts of its people are left: their identities are bound to `sso:{id}`"
                )));
        }
        if before.is_disabled() {
            let done = format!("SSO provider `{id}` is disabled already");
            return Ok(Reply::item(before, COLUMNS).with_message(done));
        }
        api.disable_sso_provider(&project, id, &before, true)
            .await?;
        let done = format!("Disabled SSO provider `{id}`");
        let provider = api
            .sso_provider(&project, id)
            .await
            .map_err(|error| error.after(&done))?;
        if provider.is_disabled() {
            let undo = app.next_command(&format!("auth sso enable {id}"), &project);
            return Ok(Reply::item(provider, COLUMNS)
                .with_message(done)
                .with_message(format!("`{undo}` lets its people in again")));
        }
        // The Auth service took it; whether the Management API tells of it is known of neither.
        let verdict = format!(
            "the Auth service took the change, but provider `{id}` is still shown as enabled: try signing in with it"
        );
        Ok(Reply::item(provider, COLUMNS).with_verdict(Error::verdict(Code::CheckFailed, verdict)))
    }
}
