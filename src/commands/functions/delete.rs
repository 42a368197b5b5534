//! `functions delete`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use crate::api::{Record, Slug};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Delete a function: calls of it are turned away at once
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl functions delete checkout --yes")]
pub(crate) struct Delete {
    /// Slug of the function
    slug: Slug,

    #[command(flatten)]
    write: WriteArgs,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let slug = &self.slug;
        app.terminal().confirm(&format!(
            "Delete function `{slug}` from project {}?",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let mut function = api.function(&project, slug).await?.into_object();
        api.delete_function(&project, slug).await?;
        function.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(function, COLUMNS).with_message(format!("Deleted function `{slug}`")))
    }
}
