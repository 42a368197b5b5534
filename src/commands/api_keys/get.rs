//! `api-keys get`

use clap::Args;

use super::COLUMNS;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show a key; `--reveal` shows its value
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl api-keys get anon\n  supactl api-keys get service_role --reveal --jq .data.api_key"
)]
pub(crate) struct Get {
    /// Id of the key, or its name where only one has it
    #[arg(value_name = "ID|NAME")]
    key: String,

    /// Show its value, which for a secret key needs a permission of its own
    #[arg(long)]
    reveal: bool,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let api = app.api()?;
        let key = api.find_api_key(&project, &self.key, self.reveal).await?;
        let key = if key.is_of_legacy() {
            key.with_enabled(api.legacy_keys_enabled(&project).await)
        } else {
            key.with_enabled(None)
        };
        let key = if self.reveal { key } else { key.masked() };
        Ok(Reply::item(key, COLUMNS))
    }
}
