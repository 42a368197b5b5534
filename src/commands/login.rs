//! `login`

use clap::Args;
use secrecy::SecretString;
use serde_json::json;

use crate::api::{Object, Record};
use crate::app::App;
use crate::config::{self, Config};
use crate::credentials::{self, Stored};
use crate::error::Result;
use crate::output::{Column, Reply};
use crate::settings;

/// Check an access token and store it for a profile
///
/// The token is typed at a hidden prompt, or read from standard input. It is kept in a file that only
/// you can read, belongs to the address of the API that it was tried on, and is sent nowhere else.
/// `--profile NAME` makes that profile.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl login\n  supactl login --profile work --with-token < token.txt"
)]
pub(crate) struct Login {
    /// Read the token from standard input
    #[arg(long)]
    with_token: bool,
}

impl Login {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let settings = app.settings();
        config::checked_name(&settings.profile)?;
        let token = self.token(app)?;
        if !credentials::looks_familiar(&token) {
            app.say("This does not look like the access tokens that are known (`sbp_` and 40 more); trying it all the same");
        }
        let person = app.api_with(token.clone())?.person().await?;
        let folder = &settings.config_folder;
        // The profile first: a token without one could not be found again.
        let mut config = Config::read(folder)?;
        let profile = config.profiles.entry(settings.profile.clone()).or_default();
        profile.api_url = kept_address(&settings.api_url);
        config.write(folder)?;
        Stored::read(folder)?.put(folder, &settings.profile, &settings.api_url, &token)?;
        if settings::variable("SUPABASE_ACCESS_TOKEN").is_some() {
            app.say("SUPABASE_ACCESS_TOKEN is set, and goes before the stored token");
        }
        let name = person
            .text("username")
            .or(person.text("primary_email"))
            .unwrap_or("someone without a name");
        let message = format!("Signed in as {name} (profile `{}`)", settings.profile);
        let mut row = person.into_object();
        row.append(&mut Object::from_iter([
            ("profile".to_owned(), json!(settings.profile)),
            ("api_url".to_owned(), json!(settings.api_url)),
        ]));
        Ok(Reply::item(row, COLUMNS).with_message(message))
    }

    fn token(&self, app: &App) -> Result<SecretString> {
        if self.with_token {
            let token = settings::secret("--with-token", "-")?;
            return credentials::checked(settings::exposed(&token).trim(), "standard input");
        }
        let otherwise = "pipe the token in: `supactl login --with-token < token.txt`";
        app.terminal().somebody_is_there(otherwise)?;
        app.say("https://supabase.com/dashboard/account/tokens makes a token");
        let typed = app.terminal().ask_hidden("Access token", otherwise)?;
        credentials::checked(settings::exposed(&typed).trim(), "what was typed")
    }
}

/// The address that a profile names: none is the official one.
fn kept_address(api_url: &str) -> Option<String> {
    let is_official = credentials::same_address(api_url, credentials::OFFICIAL_API_URL);
    (!is_official).then(|| api_url.to_owned())
}

const COLUMNS: &[Column] = &[
    Column::new("username", "User"),
    Column::new("primary_email", "E-mail"),
    Column::new("profile", "Profile"),
    Column::new("api_url", "API"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_address_takes_the_place_of_another_one() {
        assert_eq!(kept_address("https://api.supabase.com/"), None);
        let other = "https://api.example";
        assert_eq!(kept_address(other).as_deref(), Some(other));
    }
}
