//! `unlink`

use clap::Args;
use serde_json::json;

use crate::api::Object;
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Reply};
use crate::settings;

/// Undo the link of this folder to a project
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl unlink")]
pub(crate) struct Unlink {}

impl Unlink {
    pub(crate) async fn run(self, _app: &App) -> Result<Reply> {
        let Some((name, file)) = settings::linked_project() else {
            return Ok(
                Reply::nothing().with_message("Neither this folder nor one above it is linked")
            );
        };
        std::fs::remove_file(&file)
            .map_err(|error| Error::file(file.display().to_string(), error))?;
        let row = Object::from_iter([
            ("ref".to_owned(), json!(name)),
            ("file".to_owned(), json!(file.display().to_string())),
            ("deleted".to_owned(), json!(true)),
        ]);
        Ok(Reply::item(row, COLUMNS).with_message(format!("Deleted {}", file.display())))
    }
}

const COLUMNS: &[Column] = &[Column::new("ref", "Ref"), Column::new("file", "File")];
