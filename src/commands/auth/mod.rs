//! `auth`: how people sign in to a project.

mod given;
mod jwt;
mod plan;
mod providers;
mod service;
mod sso;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Manage how people sign in to a project
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Auth {
    #[command(subcommand)]
    Jwt(jwt::Jwt),
    #[command(subcommand, visible_alias = "provider")]
    Providers(providers::Providers),
    #[command(subcommand)]
    Service(service::Service),
    #[command(subcommand)]
    Sso(sso::Sso),
}

impl Auth {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Jwt(command) => command.run(app).await,
            Self::Providers(command) => command.run(app).await,
            Self::Service(command) => command.run(app).await,
            Self::Sso(command) => command.run(app).await,
        }
    }
}
