//! `orgs list`

use clap::Args;

use super::COLUMNS;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List your organizations
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl orgs list")]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let organizations = app.api()?.organizations().await?;
        Ok(Reply::list(organizations, COLUMNS))
    }
}
