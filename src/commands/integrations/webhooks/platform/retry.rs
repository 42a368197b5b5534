//! `integrations webhooks platform retry`

use clap::Args;

use super::{QUEUED, Whose, uuid};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Have the service send a delivery once more
///
/// It makes a single attempt. The service allows ten a minute.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform retry 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f"
)]
pub(crate) struct Retry {
    /// Id of the delivery
    #[arg(value_parser = uuid)]
    id: String,

    #[command(flatten)]
    whose: Whose,

    #[command(flatten)]
    write: WriteArgs,
}

impl Retry {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let target = self.whose.change(app).await?;
        let queued = app.api()?.retry_delivery(&target, &self.id).await?;
        Ok(Reply::item(queued, QUEUED).with_message(
            "The service sends it in its own time: `deliveries` shows what became of it",
        ))
    }
}
