//! The password of a new project's database: given, or made up and shown this once.

use clap::Args;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::api::Object;
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Show};

/// Letters of a made-up password: none that a connection string would have to encode.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Length of a made-up password; six bits each.
const LENGTH: usize = 32;

/// The key of a password that was made up, in the data of the project.
const SHOWN_AS: &str = "db_password";

/// Flags for the password.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct PasswordArgs {
    /// Password of the database: `-` for standard input, `@FILE`, or `env:NAME`
    #[arg(long, value_name = "SECRET")]
    db_password: Option<String>,

    /// Make up a password, and show it in the data
    #[arg(long)]
    generate_password: bool,
}

/// A password, and whether somebody knows it yet.
pub(super) struct Password {
    pub(super) secret: SecretString,
    generated: bool,
}

impl PasswordArgs {
    pub(super) fn password(&self, app: &App) -> Result<Password> {
        let secret = if let Some(given) = &self.db_password {
            app.secret("--db-password", given)?
        } else {
            is_shown(app)?;
            generate()?
        };
        Ok(Password {
            secret,
            generated: self.db_password.is_none(),
        })
    }
}

impl Password {
    /// Shows a password that nobody has seen beside the project that it opens.
    pub(super) fn shown_in(&self, mut project: Object) -> (Object, &'static [Column]) {
        if !self.generated {
            return (project, super::COLUMNS);
        }
        project.insert(SHOWN_AS.to_owned(), json!(self.secret.expose_secret()));
        (project, WITH_PASSWORD)
    }

    /// What to do where the project may be there, and its password was not shown.
    pub(super) fn if_lost(&self) -> &'static str {
        if self.generated {
            "; its generated password is lost: set a new one in the dashboard, or delete it and start over"
        } else {
            ""
        }
    }
}

/// A project with the password that was made up for it.
const WITH_PASSWORD: &[Column] = &[
    Column::new("ref", "Ref"),
    Column::new("name", "Name"),
    Column::new("organization_slug", "Organization"),
    Column::new("region", "Region"),
    Column::new("status", "Status"),
    Column::shown("created_at", "Created", Show::Time),
    Column::new(SHOWN_AS, "Database password"),
];

/// Refuses what would hide a password that is shown this once: nothing that could be said afterwards
/// would bring it back.
fn is_shown(app: &App) -> Result<()> {
    let output = app.output();
    let (message, hint) = match &output.fields {
        // Nothing is made.
        _ if app.settings().dry_run => return Ok(()),
        _ if output.jq.is_some() => (
            "`--jq` could lose the generated password, which is shown this once",
            "take it from `-o json`, where it is `.data.db_password`, or give one with `--db-password`",
        ),
        Some(fields) if !fields.names(SHOWN_AS) => (
            "`--fields` leaves the generated password out, which is shown this once",
            "name `db_password` too, or give a password with `--db-password`",
        ),
        _ => return Ok(()),
    };
    Err(Error::Usage {
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
    })
}

fn generate() -> Result<SecretString> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::Internal("no random numbers are to be had".to_owned()))?;
    let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte % 64)]));
    Ok(SecretString::from(letters.iter().collect::<String>()))
}
