//! `sandbox reset`

use clap::Args;
use serde_json::json;

use super::{failed, folder};
use crate::api::{Object, cache};
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Reply};
use crate::{sandbox, settings};

/// Start the sandbox over: what was done in it is gone
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl sandbox reset --yes")]
pub(crate) struct Reset {}

impl Reset {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        app.terminal()
            .confirm("Throw away what was done in the sandbox?")?;
        let folder = folder()?;
        sandbox::reset(&folder, settings::sandbox_postgres())
            .await
            .map_err(failed)?;
        cache::clear(&settings::sandbox_answers(&folder)?)
            .map_err(|error| Error::file("the cached answers", error))?;
        let row = Object::from_iter([
            ("folder".to_owned(), json!(folder.display().to_string())),
            ("deleted".to_owned(), json!(true)),
        ]);
        Ok(Reply::item(row, COLUMNS).with_message("The sandbox is as it was at first"))
    }
}

const COLUMNS: &[Column] = &[Column::new("folder", "Folder")];
