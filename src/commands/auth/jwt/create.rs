//! `auth jwt create`

use clap::Args;
use secrecy::SecretString;

use super::{COLUMNS, one_of};
use crate::api::{Algorithm, Uuid, jwk};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Create a signing key, in standby
///
/// A new key signs nothing before `supactl auth jwt rotate` lets it. There is one in standby at most.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth jwt create --algorithm ES256\n  supactl auth jwt create --import key.json"
)]
pub(crate) struct Create {
    /// How it signs; by default ES256, or whatever the imported key does
    #[arg(long, value_parser = one_of(&[Algorithm::Es256, Algorithm::Rs256, Algorithm::Hs256]))]
    algorithm: Option<Algorithm>,

    /// File with the private key to take over, as a JSON Web Key; `-` for standard input, or `env:NAME`
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    import: Option<String>,

    #[command(flatten)]
    write: WriteArgs,
}

impl Create {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let (algorithm, private) = match self.import {
            Some(place) => {
                let (algorithm, private) = imported(app, &place, self.algorithm)?;
                (algorithm, Some(private))
            }
            None if self.algorithm == Some(Algorithm::Hs256) => {
                return Err(Error::invalid_with_hint(
                    "the service makes no HS256 keys",
                    "pass the secret with `--import FILE`, as a JSON Web Key",
                ));
            }
            None => (self.algorithm.unwrap_or(Algorithm::Es256), None),
        };
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let created = api
            .create_signing_key(&project, algorithm, private.as_ref())
            .await?;
        let done = format!("Created signing key `{}`, in standby", created.id());
        let key = match created.id().parse::<Uuid>() {
            Ok(id) => api
                .signing_key(&project, &id)
                .await
                .map_err(|error| error.after(&done))?,
            Err(_) => created,
        };
        Ok(Reply::item(key, COLUMNS)
            .with_message(done)
            .with_message("`supactl auth jwt rotate` lets it sign, once verifiers know it"))
    }
}

/// A private key from where it is kept, and how it signs.
fn imported(
    app: &App,
    place: &str,
    wanted: Option<Algorithm>,
) -> Result<(Algorithm, SecretString)> {
    // A plain word is a file here, and a key is never taken for the name of one.
    let place = if crate::settings::is_typed(place) && !place.trim_start().starts_with('{') {
        format!("@{place}")
    } else {
        place.to_owned()
    };
    let private = app.secret("--import", &place)?;
    let algorithm = jwk::check(&private).map_err(|problem| {
        Error::invalid(format!("the key of `--import` cannot be used: {problem}"))
    })?;
    match wanted {
        Some(wanted) if wanted != algorithm => Err(Error::invalid(format!(
            "the key of `--import` signs with {}, not with {}",
            algorithm.as_str(),
            wanted.as_str()
        ))),
        _ => Ok((algorithm, private)),
    }
}
