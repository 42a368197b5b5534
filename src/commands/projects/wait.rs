//! `projects wait`

use std::time::Duration;

use clap::Args;

use super::COLUMNS;
use super::states::{State, until};
use crate::app::App;
use crate::cli::duration;
use crate::error::Result;
use crate::output::Reply;

/// Wait until a project is healthy, or paused
///
/// For scripts that have just created, restored or paused one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects wait abcdefghijklmnopqrst\n  supactl projects wait --for healthy --timeout 5m"
)]
pub(crate) struct Wait {
    /// Reference or name of the project; by default the one of `--project` or of this folder
    #[arg(value_name = "REF|NAME", add = crate::completing::projects())]
    target: Option<String>,

    /// State to wait for
    #[arg(
        long = "for",
        value_enum,
        default_value = "healthy",
        value_name = "STATE"
    )]
    state: State,

    /// Longest time to wait
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15m")]
    timeout: Duration,
}

impl Wait {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        app.api()?.read_fresh();
        let project = match self.target {
            Some(name) => app.project_named(name).await?,
            None => app.project().await?,
        };
        let found = until(app, &project, self.state, None, self.timeout).await?;
        Ok(Reply::item(found, COLUMNS))
    }
}
