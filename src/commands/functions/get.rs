//! `functions get`

use clap::Args;

use super::COLUMNS;
use crate::api::Slug;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show a function
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl functions get checkout\n  supactl functions get checkout --jq .data.version"
)]
pub(crate) struct Get {
    /// Slug of the function
    slug: Slug,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let function = app.api()?.function(&project, &self.slug).await?;
        Ok(Reply::item(function, COLUMNS))
    }
}
