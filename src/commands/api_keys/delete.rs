//! `api-keys delete`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use crate::api::Record;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Delete a key: whoever uses it is turned away at once
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl api-keys delete ci_deploy --yes\n  supactl api-keys delete 1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f01 --yes"
)]
pub(crate) struct Delete {
    /// Id of the key, or its name where only one has it
    #[arg(value_name = "ID|NAME")]
    key: String,

    #[command(flatten)]
    write: WriteArgs,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        app.terminal().confirm(&format!(
            "Delete key `{}` of project {}? Whoever uses it is turned away at once",
            self.key,
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let key = api.find_api_key(&project, &self.key, false).await?;
        if key.is_of_legacy() {
            return Err(Error::invalid_with_hint(
                format!("`{}` is a legacy key, which cannot be deleted", self.key),
                "legacy keys are switched off together: `supactl api PUT '/v1/projects/{ref}/api-keys/legacy?enabled=false'`",
            ));
        }
        // A key is addressed by its id, which only legacy ones may lack.
        let id = key.text("id").unwrap_or(&self.key);
        api.delete_api_key(&project, id).await?;
        let mut key = key.masked().with_enabled(None).into_object();
        key.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(key, COLUMNS).with_message(format!("Deleted key `{}`", self.key)))
    }
}
