//! `profiles list`

use clap::Args;

use super::{COLUMNS, row};
use crate::app::App;
use crate::config::{self, Config, Profile};
use crate::credentials::Stored;
use crate::error::Result;
use crate::output::Reply;

/// List profiles, the built-in one included
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl profiles list")]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let settings = app.settings();
        let mut config = Config::read(&settings.config_folder)?;
        let stored = Stored::read(&settings.config_folder)?;
        for always in [config::DEFAULT, config::SANDBOX] {
            config
                .profiles
                .entry(always.to_owned())
                .or_insert_with(Profile::default);
        }
        let rows = config
            .profiles
            .iter()
            .map(|(name, profile)| row(name, profile, &settings.profile, &stored))
            .collect();
        Ok(Reply::list(rows, COLUMNS))
    }
}
