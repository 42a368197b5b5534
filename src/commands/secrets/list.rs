//! `secrets list`

use clap::Args;

use super::COLUMNS;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List secrets with digests of their values
///
/// A digest is the SHA-256 of the value; the value itself is not told to anybody.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl secrets list\n  supactl secrets list --jq '.data[].name'"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let mut secrets = app.api()?.secrets(&project).await?;
        super::newest_first(&mut secrets);
        Ok(Reply::list(secrets, COLUMNS).with_message_if_empty("No secrets"))
    }
}
