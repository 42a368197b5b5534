//! `auth`: how people sign in to a project.

mod jwt;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Manage how people sign in to a project
#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    #[command(subcommand)]
    Jwt(jwt::Jwt),
}

impl Auth {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Jwt(command) => command.run(app).await,
        }
    }
}
