//! `cache clear`

use clap::Args;
use serde_json::json;

use crate::api::{Object, cache};
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Reply};
use crate::settings;

/// Forget all cached answers
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl cache clear")]
pub(crate) struct Clear {}

impl Clear {
    pub(crate) async fn run(self, _app: &App) -> Result<Reply> {
        let folder = settings::cache_folder()?.join(cache::FOLDER);
        let shown = folder.display().to_string();
        let count = cache::clear(&folder).map_err(|error| Error::file(shown.clone(), error))?;
        let row = Object::from_iter([
            ("folder".to_owned(), json!(shown)),
            ("answers".to_owned(), json!(count)),
            ("deleted".to_owned(), json!(true)),
        ]);
        Ok(Reply::item(row, COLUMNS).with_message(format!("Forgot {count} answers")))
    }
}

const COLUMNS: &[Column] = &[
    Column::new("folder", "Folder"),
    Column::new("answers", "Answers"),
];
