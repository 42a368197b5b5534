//! `integrations webhooks platform deliveries`

use clap::Args;

use super::{DELIVERIES, Whose, uuid};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List what an endpoint was sent in the last 14 days, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform deliveries 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --limit 10"
)]
pub(crate) struct Deliveries {
    /// Id of the endpoint
    #[arg(value_parser = uuid)]
    endpoint: String,

    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,

    #[command(flatten)]
    whose: Whose,
}

impl Deliveries {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let target = self.whose.read(app).await?;
        let limit = self.limit as usize;
        let api = app.api()?;
        let deliveries = api
            .platform_deliveries(&target, &self.endpoint, limit)
            .await?;
        Ok(Reply::list(deliveries, DELIVERIES).with_message_if_empty("No deliveries found"))
    }
}
