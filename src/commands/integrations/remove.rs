//! `integrations remove`

use clap::Args;
use serde_json::{Value, json};

use super::examine::{Known, examine};
use super::found::{COLUMNS, Status};
use super::removal::Removal;
use super::setup::{elsewhere, page};
use super::{named, names};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Remove an integration, and what it keeps
///
/// Of third-party-auth and log-drain one is removed: its id, name or address is needed where there are
/// several. Removing webhooks deletes them all, and leaves what they need in place.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations remove queues --yes\n  supactl integrations remove third-party-auth https://acme.eu.auth0.com --yes\n  supactl integrations remove log-drain datadog --dry-run"
)]
pub(crate) struct Remove {
    /// Name of the integration
    #[arg(value_parser = names(), hide_possible_values = true)]
    name: String,

    /// Which one, by its id, name or address
    #[arg(value_name = "ID")]
    which: Option<String>,

    #[command(flatten)]
    write: WriteArgs,
}

impl Remove {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let integration = named(&self.name)?;
        // What only the dashboard removes needs no yes to be told so.
        if page(integration).is_none() {
            let project = app.project_in_question()?;
            app.terminal()
                .can_confirm(&format!("Remove `{}` from project {project}?", self.name))?;
        }
        let project = app.project_to_change().await?;
        elsewhere(integration, &project)?;
        let api = app.api()?;
        let known = Known::of(api, &project, &[integration], false).await?;
        let found = examine(api, &project, integration, &known, false, false).await?;
        let removal = Removal::of(
            api,
            &project,
            integration,
            &found,
            &known,
            self.which.as_deref(),
        )
        .await?;
        let question = format!("Remove {} from project {project}?", removal.told());
        match removal.loses() {
            Some(lost) => app
                .terminal()
                .confirm_by_name(&format!("{question} This deletes {lost}."), &self.name)?,
            None => app.terminal().confirm(&question)?,
        }
        let mut data = found.data(integration);
        if let Some(item) = removal.item() {
            data.insert("items".to_owned(), json!([item]));
        }
        removal.carry_out(api, &project).await?;
        data.insert("deleted".to_owned(), Value::Bool(true));
        let look = async || {
            let known = Known::of(api, &project, &[integration], false).await?;
            examine(api, &project, integration, &known, false, false).await
        };
        let after = look()
            .await
            .map_err(|error| error.after("it was removed"))?;
        let reply = Reply::item(data, COLUMNS);
        Ok(
            if removal.is_gone(&after) || after.status == Status::Available {
                reply.with_message(format!("Removed {}", removal.told()))
            } else {
                reply.with_verdict(Error::verdict(
                    Code::CheckFailed,
                    format!(
                        "{} is still there: its status is {}",
                        removal.told(),
                        after.status.word()
                    ),
                ))
            },
        )
    }
}
