//! `profiles delete`

use clap::Args;
use serde_json::json;

use super::{COLUMNS, row};
use crate::app::App;
use crate::config::{self, Config};
use crate::credentials::Stored;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Delete a profile with its token
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl profiles delete work --yes")]
pub(crate) struct Delete {
    /// Name of the profile
    name: String,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let name = config::checked_name(&self.name)?;
        let folder = &app.settings().config_folder;
        let mut config = Config::read(folder)?;
        let mut stored = Stored::read(folder)?;
        let Some(profile) = config.profiles.get(name).cloned() else {
            return Err(Error::invalid_with_hint(
                format!("there is no profile `{name}`"),
                "`supactl profiles list` shows yours",
            ));
        };
        app.terminal()
            .confirm(&format!("Delete profile `{name}` and its token?"))?;
        let mut row = row(name, &profile, &app.settings().profile, &stored);
        stored.remove(folder, name)?;
        config.profiles.remove(name);
        config.profile = config.profile.filter(|current| current != name);
        config.write(folder)?;
        row.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(row, COLUMNS).with_message(format!("Deleted profile `{name}`")))
    }
}
