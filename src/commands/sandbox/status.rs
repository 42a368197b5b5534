//! `sandbox status`

use clap::Args;
use serde_json::{Value, json};

use super::{failed, folder};
use crate::api::Object;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};
use crate::sandbox;

/// Show where the sandbox is and what it holds
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl sandbox status")]
pub(crate) struct Status {}

impl Status {
    pub(crate) async fn run(self, _app: &App) -> Result<Reply> {
        let folder = folder()?;
        let now = sandbox::now(&folder).map_err(failed)?;
        let row = Object::from_iter([
            ("folder".to_owned(), json!(folder.display().to_string())),
            ("now_at".to_owned(), json!(now.to_string())),
            (
                "projects".to_owned(),
                sandbox::summary(&folder).map_err(failed)?,
            ),
        ]);
        Ok(Reply::item(row, COLUMNS))
    }
}

const COLUMNS: &[Column] = &[
    Column::new("folder", "Folder"),
    Column::shown("now_at", "Now", Show::Time),
    Column::shown("projects", "Projects", Show::Made(projects)),
];

fn projects(row: &Object) -> String {
    let names = row
        .get("projects")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let names: Vec<String> = names
        .map(|project| {
            format!(
                "{} ({})",
                project["name"].as_str().unwrap_or("?"),
                project["status"].as_str().unwrap_or("?")
            )
        })
        .collect();
    names.join(", ")
}
