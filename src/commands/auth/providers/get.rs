//! `auth providers get`

use clap::Args;
use serde_json::Value;

use super::{COLUMNS, describe, names, provider, remarks};
use crate::api::Object;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show a way to sign in, with all its settings
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth providers get google\n  supactl auth providers get apple -o json"
)]
pub(crate) struct Get {
    /// Name of the provider
    #[arg(value_parser = names(), hide_possible_values = true)]
    name: String,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let provider = provider(&self.name)?;
        let project = app.project().await?;
        let config = app.api()?.auth_config(&project).await?;
        let mut row = describe(app, &project, provider, &config);
        let on = row["enabled"] == true;
        let settings: Object = provider
            .settings()
            .map(|setting| {
                let value = config.get(setting.key).unwrap_or(&Value::Null);
                (setting.key.to_owned(), setting.shown(value))
            })
            .collect();
        let keys: Vec<_> = settings
            .keys()
            .map(|key| format!("settings.{key}"))
            .collect();
        row.insert("settings".to_owned(), Value::Object(settings));
        let reply = Reply::item(row, COLUMNS).also(&keys);
        Ok(remarks(provider, &config)
            .filter(|_| on)
            .fold(reply, Reply::with_message))
    }
}
