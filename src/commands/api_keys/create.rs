//! `api-keys create`

use clap::Args;

use super::COLUMNS;
use crate::api::ApiKeyName;
use crate::app::App;
use crate::cli::{WriteArgs, one_of};
use crate::error::Result;
use crate::output::Reply;

/// What a key may be for.
const TYPES: [(&str, &str); 2] = [
    ("publishable", "For apps: it may do what policies allow"),
    ("secret", "For servers: it may do everything"),
];

/// Create a key
///
/// The whole key is shown only with `--reveal`; `api-keys get --reveal` shows it later too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl api-keys create ci_deploy --type secret\n  supactl api-keys create web_app --type publishable --description 'The shop' --reveal"
)]
pub(crate) struct Create {
    /// Name of the new key: 4 to 64 lowercase letters, digits and _
    name: ApiKeyName,

    /// What it is for
    #[arg(long = "type", value_name = "TYPE", value_parser = one_of(TYPES.into_iter()))]
    kind: String,

    /// What to remember about it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Show its value
    #[arg(long)]
    reveal: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Create {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project_to_change().await?;
        let description = self.description.as_deref();
        // The answer is the new key as it is, and the only one that shows a value unasked: reading
        // it back would show less.
        let key = app
            .api()?
            .create_api_key(&project, &self.name, &self.kind, description, self.reveal)
            .await?
            .with_enabled(None);
        let key = if self.reveal { key } else { key.masked() };
        let done = format!("Created {} key `{}`", self.kind, self.name.as_str());
        Ok(Reply::item(key, COLUMNS).with_message(done))
    }
}
