//! `sandbox`: Supabase in the binary.

mod clock;
mod reset;
mod serve;
mod status;

use std::path::PathBuf;

use clap::Subcommand;

use crate::app::App;
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::settings;

/// Try things without an account: the service, in the binary
///
/// `--profile sandbox` runs any command against it. It holds a small organization with three
/// projects, keeps what is done to them between runs, and sends nothing over the network.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Sandbox {
    Clock(clock::Clock),
    Reset(reset::Reset),
    Serve(serve::Serve),
    Status(status::Status),
}

impl Sandbox {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Clock(command) => command.run(app).await,
            Self::Reset(command) => command.run(app).await,
            Self::Serve(command) => command.run(app).await,
            Self::Status(command) => command.run(app).await,
        }
    }
}

/// Where the sandbox lives.
fn folder() -> Result<PathBuf> {
    settings::sandbox_folder()
}

fn failed(error: std::io::Error) -> Error {
    Error::file("the sandbox", error)
}
