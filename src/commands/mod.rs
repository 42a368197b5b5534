//! The commands: a folder is a noun, a file is a verb.

mod api;
mod api_keys;
mod auth;
mod backups;
mod branches;
mod cache;
mod completions;
mod db;
mod doctor;
mod functions;
pub(crate) mod help;
mod integrations;
mod link;
mod login;
mod logout;
mod logs;
mod man;
mod migrations;
mod monitor;
mod orgs;
mod profiles;
mod projects;
mod sandbox;
mod secrets;
mod storage;
mod unlink;
mod whoami;

use clap::Subcommand;

use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// The top of the tree.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Api(api::Api),
    #[command(subcommand)]
    Auth(auth::Auth),
    #[command(subcommand)]
    ApiKeys(api_keys::ApiKeys),
    #[command(subcommand)]
    Backups(backups::Backups),
    #[command(subcommand)]
    Branches(branches::Branches),
    #[command(subcommand)]
    Cache(cache::Cache),
    Completions(completions::Completions),
    #[command(subcommand, visible_alias = "database")]
    Db(db::Db),
    Doctor(doctor::Doctor),
    #[command(subcommand)]
    Functions(functions::Functions),
    Help(help::Help),
    #[command(subcommand, visible_alias = "integration")]
    Integrations(integrations::Integrations),
    Link(link::Link),
    Login(login::Login),
    Logout(logout::Logout),
    #[command(subcommand)]
    Logs(logs::Logs),
    Man(man::Man),
    #[command(subcommand, visible_alias = "migration")]
    Migrations(migrations::Migrations),
    #[command(subcommand)]
    Monitor(monitor::Monitor),
    #[command(subcommand)]
    Orgs(orgs::Orgs),
    #[command(subcommand)]
    Profiles(profiles::Profiles),
    #[command(subcommand)]
    Projects(projects::Projects),
    #[command(subcommand)]
    Sandbox(sandbox::Sandbox),
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    #[command(subcommand)]
    Storage(storage::Storage),
    Unlink(unlink::Unlink),
    Whoami(whoami::Whoami),
}

impl Command {
    /// The reply of a command that tells of the program alone: it is there whatever the settings
    /// are, so that help can be had for wrong ones.
    pub(crate) fn page(&self) -> Option<Result<Reply>> {
        match self {
            Self::Completions(command) => Some(command.run()),
            Self::Help(command) => Some(command.run()),
            Self::Man(command) => Some(command.run()),
            _ => None,
        }
    }

    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Api(command) => command.run(app).await,
            Self::Auth(command) => command.run(app).await,
            Self::ApiKeys(command) => command.run(app).await,
            Self::Backups(command) => command.run(app).await,
            Self::Branches(command) => command.run(app).await,
            Self::Cache(command) => command.run(app).await,
            Self::Completions(command) => command.run(),
            Self::Db(command) => command.run(app).await,
            Self::Doctor(command) => command.run(app).await,
            Self::Functions(command) => command.run(app).await,
            Self::Help(command) => command.run(),
            Self::Integrations(command) => command.run(app).await,
            Self::Link(command) => command.run(app).await,
            Self::Login(command) => command.run(app).await,
            Self::Logout(command) => command.run(app).await,
            Self::Logs(command) => command.run(app).await,
            Self::Man(command) => command.run(),
            Self::Migrations(command) => command.run(app).await,
            Self::Monitor(command) => command.run(app).await,
            Self::Orgs(command) => command.run(app).await,
            Self::Profiles(command) => command.run(app).await,
            Self::Projects(command) => command.run(app).await,
            Self::Sandbox(command) => command.run(app).await,
            Self::Secrets(command) => command.run(app).await,
            Self::Storage(command) => command.run(app).await,
            Self::Unlink(command) => command.run(app).await,
            Self::Whoami(command) => command.run(app).await,
        }
    }

    /// Whether it may be given the name of a profile that does not exist yet, or that is to go.
    pub(crate) fn makes_profile(&self) -> bool {
        matches!(self, Self::Login(_) | Self::Profiles(_))
    }
}
