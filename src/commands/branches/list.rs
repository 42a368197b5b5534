//! `branches list`

use clap::Args;

use super::COLUMNS;
use crate::api::newest_first;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List the branches of a project, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl branches list\n  supactl branches list --fields name,project_ref"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let found = app.api()?.branches(&project).await?;
        let note = match &found {
            Some(_) => "No branches",
            None => "Branching is switched off: the first `supactl branches create` switches it on",
        };
        let mut branches = found.unwrap_or_default();
        newest_first(&mut branches);
        Ok(Reply::list(branches, COLUMNS).with_message_if_empty(note))
    }
}
