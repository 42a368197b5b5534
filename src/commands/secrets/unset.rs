//! `secrets unset`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use crate::api::{ApiError, Object, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Result};
use crate::output::Reply;

/// Remove secrets
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl secrets unset STRIPE_KEY --yes\n  supactl secrets unset OLD_KEY OLDER_KEY --yes"
)]
pub(crate) struct Unset {
    /// Name of a secret
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    write: WriteArgs,
}

impl Unset {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let names = self.names.join("`, `");
        app.terminal().confirm(&format!(
            "Remove `{names}` from the functions of project {}?",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let before = api.secrets(&project).await?;
        let mut gone: Vec<Object> = Vec::new();
        for name in &self.names {
            let secret = before
                .iter()
                .find(|secret| secret.text("name") == Some(name));
            let Some(secret) = secret else {
                return Err(
                    ApiError::new(Code::NotFound, format!("there is no secret `{name}`")).into(),
                );
            };
            let mut secret = secret.clone().into_object();
            secret.insert("deleted".to_owned(), json!(true));
            gone.push(secret);
        }
        api.unset_secrets(&project, &self.names).await?;
        let done = format!("Removed {}", super::count(gone.len()));
        Ok(Reply::list(gone, COLUMNS).with_message(done))
    }
}
