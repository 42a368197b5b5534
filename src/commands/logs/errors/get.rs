//! `logs errors get`

use clap::Args;

use crate::api::logs::Wanted;
use crate::app::App;
use crate::commands::logs::found::get;
use crate::commands::logs::range::BackArgs;
use crate::error::Result;
use crate::output::Reply;

/// Show all of a row, with rows of other services that belong to it
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl logs errors get auth_logs/1791626403000000/0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901\n  supactl logs errors get 0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901 --since 1d"
)]
pub(crate) struct Get {
    /// Id of a row
    id: Wanted,

    #[command(flatten)]
    back: BackArgs,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let range = self.back.read(app)?;
        get(app, &self.id, &[], range).await
    }
}
