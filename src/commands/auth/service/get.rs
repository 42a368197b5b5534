//! `auth service get`

use clap::Args;
use serde_json::Value;

use super::{named, words};
use crate::api::{Object, Setting};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show settings of the Auth service
///
/// Secrets are shown as `set` or `unset`: the service itself tells no more than a digest of them.
/// `supactl help auth-settings` tells what each setting means and takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth service get\n  supactl auth service get password mfa\n  supactl auth service get jwt_exp site_url -o json"
)]
pub(crate) struct Get {
    /// Areas or settings; by default everything
    #[arg(value_name = "AREA|KEY", value_parser = words())]
    words: Vec<String>,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let mut config = app.api()?.auth_config(&project).await?;
        let mut row: Object = named(&self.words)
            .map(|setting| {
                let value = config.shift_remove(setting.key).unwrap_or(Value::Null);
                (setting.key.to_owned(), setting.shown(&value))
            })
            .collect();
        if self.words.is_empty() {
            // What is newer than this program comes last.
            row.extend(config.into_iter().map(|(key, value)| {
                let shown = Setting::shown_by_name(&key, &value);
                (key, shown)
            }));
        }
        debug_assert!(
            row.keys()
                .all(|key| Setting::find(key).is_none_or(|setting| {
                    !setting.is_secret() || matches!(row[key].as_str(), Some("set" | "unset"))
                }))
        );
        let keys: Vec<_> = row.keys().cloned().collect();
        Ok(Reply::item(row, &[]).also(&keys))
    }
}
