//! `projects delete`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use crate::api::{ProjectRef, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Delete a project with its database, files and functions
///
/// Asks you to type its name. The reference must be given: the linked project is never meant.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects delete abcdefghijklmnopqrst\n  supactl projects delete abcdefghijklmnopqrst --yes"
)]
pub(crate) struct Delete {
    /// Reference of the project
    #[arg(value_name = "REF")]
    target: ProjectRef,

    #[command(flatten)]
    write: WriteArgs,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let reference = &self.target;
        let question =
            format!("Delete project {reference} with its database, files and functions?");
        app.terminal().can_confirm(&question)?;
        let api = app.project_given(reference)?;
        let mut project = api.project(reference).await?.into_object();
        let name = project["name"]
            .as_str()
            .filter(|name| !name.trim().is_empty())
            .unwrap_or(reference.as_str())
            .to_owned();
        app.terminal().confirm_by_name(&question, &name)?;
        api.delete_project(reference).await?;
        project.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(project, COLUMNS)
            .with_message(format!("Deleted project {reference}, `{name}`")))
    }
}
