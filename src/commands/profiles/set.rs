//! `profiles set`

use clap::Args;

use super::{COLUMNS, row};
use crate::app::App;
use crate::config::{self, Config, Profile};
use crate::credentials::Stored;
use crate::error::{Error, Result};
use crate::output::{Format, Reply};
use crate::settings;

/// Change a profile, creating it if needed
///
/// Keys: `project` (reference or name), `format`, `api_url`, `project_url`. An empty value takes a
/// key out again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl profiles set work project=abcdefghijklmnopqrst format=json\n  supactl profiles set work format="
)]
pub(crate) struct Set {
    /// Name of the profile
    name: String,

    /// What to set
    #[arg(value_name = "KEY=VALUE", required = true)]
    values: Vec<String>,
}

impl Set {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let name = config::checked_name(&self.name)?;
        let folder = &app.settings().config_folder;
        let mut config = Config::read(folder)?;
        let profile = config.profiles.entry(name.to_owned()).or_default();
        for value in &self.values {
            set(profile, value)?;
        }
        let row = row(
            name,
            profile,
            &app.settings().profile,
            &Stored::read(folder)?,
        );
        config.write(folder)?;
        Ok(Reply::item(row, COLUMNS).with_message(format!("Set profile `{name}`")))
    }
}

/// Sets one key, whose value must be one that will work later.
fn set(profile: &mut Profile, text: &str) -> Result<()> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| Error::invalid(format!("`{text}` is not KEY=VALUE")))?;
    match key {
        _ if value.is_empty() => {}
        "format" => drop(
            <Format as clap::ValueEnum>::from_str(value, true)
                .map_err(|problem| Error::invalid(format!("format: {problem}")))?,
        ),
        "api_url" | "project_url" => drop(settings::checked_address(
            value,
            key,
            "https://api.supabase.com",
            false,
        )?),
        _ => {}
    }
    let slot = profile.slot(key).ok_or_else(|| {
        Error::invalid_with_hint(
            format!("a profile has no `{key}`"),
            format!("it has {}", Profile::KEYS.join(", ")),
        )
    })?;
    *slot = (!value.is_empty()).then(|| value.to_owned());
    Ok(())
}
