//! `integrations webhooks platform get`

use clap::Args;

use super::{COLUMNS, Whose, uuid};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show an endpoint
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform get 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f"
)]
pub(crate) struct Get {
    /// Id of the endpoint
    #[arg(value_parser = uuid)]
    id: String,

    #[command(flatten)]
    whose: Whose,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let target = self.whose.read(app).await?;
        let endpoint = app.api()?.endpoint(&target, &self.id).await?;
        Ok(Reply::item(endpoint, COLUMNS))
    }
}
