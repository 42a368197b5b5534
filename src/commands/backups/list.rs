//! `backups list`

use clap::Args;

use super::window;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// List the backups of a project, newest first
///
/// Says on standard error which moments `backups restore` can go back to.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl backups list\n  supactl backups list --jq '.data[0].inserted_at'"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let found = app.api()?.backups(&project).await?;
        let reply = Reply::list(found.rows(), COLUMNS).with_message_if_empty("No backups");
        Ok(match window(&found) {
            Some((first, last)) => reply.with_message(format!(
                "`supactl backups restore` goes back to any moment from {first} to {last}"
            )),
            None => reply,
        })
    }
}

const COLUMNS: &[Column] = &[
    Column::new("id", "ID"),
    Column::new("status", "Status"),
    Column::new("is_physical_backup", "Physical"),
    Column::shown("inserted_at", "Made", Show::Time),
];
