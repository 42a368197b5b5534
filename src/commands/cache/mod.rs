//! `cache`: answers cached by earlier runs.

mod clear;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Manage cached answers
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Cache {
    Clear(clear::Clear),
}

impl Cache {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Clear(command) => command.run(app).await,
        }
    }
}
