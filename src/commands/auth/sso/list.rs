//! `auth sso list`

use clap::Args;

use super::COLUMNS;
use crate::api::newest_first;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List SSO providers, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth sso list\n  supactl auth sso list --jq '.data[] | .id + \" \" + .saml.entity_id'"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let mut providers = app.api()?.sso_providers(&project).await?;
        newest_first(&mut providers);
        Ok(Reply::list(providers, &COLUMNS[..6])
            .with_message_if_empty("No SSO providers. `supactl auth sso enable` adds one"))
    }
}
