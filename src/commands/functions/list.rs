//! `functions list`

use clap::Args;

use super::COLUMNS;
use crate::api::newest_first;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List the functions of a project, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl functions list\n  supactl functions list --fields slug,version"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let mut functions = app.api()?.functions(&project).await?;
        newest_first(&mut functions);
        Ok(Reply::list(functions, COLUMNS).with_message_if_empty("No functions"))
    }
}
