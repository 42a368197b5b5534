//! `profiles use`

use clap::Args;

use super::{COLUMNS, row};
use crate::app::App;
use crate::config::{self, Config};
use crate::credentials::Stored;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Make a profile the default
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl profiles use work\n  supactl profiles use default")]
pub(crate) struct Use {
    /// Name of the profile
    name: String,
}

impl Use {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let folder = &app.settings().config_folder;
        let mut config = Config::read(folder)?;
        let built_in = matches!(self.name.as_str(), config::DEFAULT | config::SANDBOX);
        if !built_in && !config.profiles.contains_key(&self.name) {
            return Err(Error::invalid_with_hint(
                format!("there is no profile `{}`", self.name),
                "`supactl profiles list` shows yours",
            ));
        }
        config.profile = Some(self.name.clone());
        config.write(folder)?;
        let profile = config.profiles.get(&self.name).cloned().unwrap_or_default();
        let row = row(&self.name, &profile, &self.name, &Stored::read(folder)?);
        Ok(Reply::item(row, COLUMNS)
            .with_message(format!("Profile `{}` is now the default", self.name)))
    }
}
