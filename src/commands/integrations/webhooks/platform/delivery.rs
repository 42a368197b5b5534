//! `integrations webhooks platform delivery`

use clap::Args;

use super::{DELIVERIES, Whose, uuid};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show one delivery to an endpoint
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform delivery 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f -o json"
)]
pub(crate) struct Delivery {
    /// Id of the delivery
    #[arg(value_parser = uuid)]
    id: String,

    #[command(flatten)]
    whose: Whose,
}

impl Delivery {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let target = self.whose.read(app).await?;
        let delivery = app.api()?.platform_delivery(&target, &self.id).await?;
        Ok(Reply::item(delivery, DELIVERIES))
    }
}
