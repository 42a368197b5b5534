//! `projects list`

use clap::Args;

use super::COLUMNS;
use crate::api::newest_first;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List your projects, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects list\n  supactl projects list -o json\n  supactl projects list --fields name,region\n  supactl projects list --jq '.data[].ref'"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let mut projects = app.api()?.projects().await?;
        newest_first(&mut projects);
        Ok(Reply::list(projects, COLUMNS)
            .with_message_if_empty("No projects that this token may see"))
    }
}
