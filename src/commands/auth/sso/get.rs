//! `auth sso get`

use clap::Args;

use super::COLUMNS;
use crate::api::Uuid;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show an SSO provider
///
/// Its metadata is `saml.metadata_xml` of the data.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth sso get 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804\n  supactl auth sso get 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --jq .data.saml.metadata_xml"
)]
pub(crate) struct Get {
    /// ID of the provider
    id: Uuid,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let provider = app.api()?.sso_provider(&project, &self.id).await?;
        Ok(Reply::item(provider, COLUMNS))
    }
}
