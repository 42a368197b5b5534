//! `auth jwt revoke`

use clap::Args;

use super::COLUMNS;
use super::rotation::{self, changed, conflict};
use crate::api::{ApiError, KeyStatus, ProjectRef, SigningKey, Uuid};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Revoke a signing key: its tokens stop working at once
///
/// They fail at once, and whoever holds one has to sign in again: for a key that signs no more, once its
/// last token has run out (`rotate` says when), or at once for one that leaked. `restore` undoes it.
///
/// The project's JWT secret also signed the keys `anon` and `service_role`, which the service does not
/// look at: it is revoked only when these are off, or with `--force`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth jwt revoke 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f --yes"
)]
pub(crate) struct Revoke {
    /// ID of the key
    id: Uuid,

    /// Revoke the JWT secret although the keys `anon` and `service_role` may be in use
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Revoke {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let id = &self.id;
        let named = app.project_in_question()?;
        let mut question = format!("Revoke signing key `{id}` of project {named}?");
        app.terminal().can_confirm(&question)?;
        let project = app.project_to_change().await?;
        let key = app.api()?.signing_key(&project, id).await?;
        if key.is(KeyStatus::Revoked) {
            let done = format!("Signing key `{id}` is revoked already");
            return Ok(Reply::item(key, COLUMNS).with_message(done));
        }
        if key.is(KeyStatus::InUse) {
            return Err(conflict(
                format!("signing key `{id}` signs: it cannot be revoked"),
                "`supactl auth jwt rotate` lets another key sign first",
            ));
        }
        let grave = is_of_jwt_secret(app, &project, &key).await?;
        if grave && !self.force {
            keys_are_off(app, &project).await?;
        }
        if key.is(KeyStatus::PreviouslyUsed) {
            let good_until = rotation::good_until(app, &project, &key).await;
            if let Some(time) = good_until
                && time > app.now()?
            {
                app.say(&format!(
                    "Its last tokens are good until {}: those who hold one have to sign in again",
                    rotation::shown(time)
                ));
            }
        }
        if grave && self.force {
            question.push_str(" The keys `anon` and `service_role` stop working with it.");
            app.terminal().confirm_by_name(&question, &named)?;
        } else {
            app.terminal().confirm(&question)?;
        }
        let reply = changed(app, &project, id, KeyStatus::Revoked, "Revoked").await?;
        let undo = app.next_command(&format!("auth jwt restore {id}"), &project);
        let then = if grave {
            "the JWT secret is never deleted"
        } else {
            "the key can be deleted after 30 days"
        };
        Ok(reply.with_message(format!("`{undo}` undoes it; {then}")))
    }
}

/// Whether a key is the project's JWT secret. Where the service does not say, every shared secret is
/// taken for it.
async fn is_of_jwt_secret(app: &App, project: &ProjectRef, key: &SigningKey) -> Result<bool> {
    if !key.is_shared() {
        return Ok(false);
    }
    let legacy = app.api()?.legacy_signing_key(project).await?;
    Ok(legacy.is_none_or(|legacy| legacy.id().is_empty() || legacy.id() == key.id()))
}

/// Refuses where the keys that the JWT secret signed still open the project.
async fn keys_are_off(app: &App, project: &ProjectRef) -> Result<()> {
    let off = format!(
        "move to the new API keys, then `{}`; or `--force`",
        app.next_command(
            &format!("api PUT '/v1/projects/{project}/api-keys/legacy?enabled=false'"),
            project
        )
    );
    match app.api()?.legacy_api_keys_work(project).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(conflict(
            "this is the project's JWT secret, and the keys `anon` and `service_role` that it signed are on: they would stop working".to_owned(),
            off,
        )),
        Err(Error::Api(error)) if error.code == Code::Forbidden => Err(ApiError {
            message: format!("whether the keys `anon` and `service_role` are off cannot be seen: {}", error.message),
            ..error
        }
        .into()),
        Err(error) => Err(error),
    }
}
