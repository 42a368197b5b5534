//! `logs functions get`

use clap::Args;

use crate::api::logs::Wanted;
use crate::app::App;
use crate::commands::logs::found::get;
use crate::commands::logs::range::BackArgs;
use crate::error::Result;
use crate::output::Reply;

/// Show a call of a function, with all that it wrote
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl logs functions get function_edge_logs/1791626403000000/0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901\n  supactl logs functions get fac2b2e9-86f2-4b30-9913-8b6fc1728419 --since 3d"
)]
pub(crate) struct Get {
    /// Id of a row or of an execution
    id: Wanted,

    #[command(flatten)]
    back: BackArgs,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let range = self.back.read(app)?;
        get(
            app,
            &self.id,
            &["function_edge_logs", "function_logs"],
            range,
        )
        .await
    }
}
