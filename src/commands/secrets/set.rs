//! `secrets set`
//!
//! Its length is that of its arguments: what it does with them fits a screen.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use secrecy::SecretString;

use super::{COLUMNS, env_file};
use crate::api::{Record, SecretName, check_value};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Set secrets, replacing those of the same name
///
/// Functions see them at their next start. If a name is given twice, the last one counts.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl secrets set STRIPE_KEY=env:STRIPE_KEY\n  supactl secrets set CERTIFICATE=@certificate.pem\n  supactl secrets set --env-file supabase/.env",
    group(clap::ArgGroup::new("what").required(true).multiple(true).args(["secrets", "env_file"]))
)]
pub(crate) struct Set {
    /// Name and where its value is: `-` for standard input, `@FILE`, or `env:NAME`
    // Taken apart in `run`: an error of clap's would quote what was typed, which may be a secret.
    #[arg(value_name = "NAME=VALUE")]
    secrets: Vec<String>,

    /// File with a line `NAME=value` for each; names of the platform in it are skipped
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    env_file: Option<PathBuf>,

    #[command(flatten)]
    write: WriteArgs,
}

impl Set {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let mut secrets: Vec<(SecretName, SecretString)> = Vec::new();
        if let Some(file) = &self.env_file {
            let found = env_file::read(file)?;
            for name in &found.passed_over {
                app.say(&format!("Skipped `{name}`, which the platform sets itself"));
            }
            secrets.extend(found.secrets);
        }
        for typed in &self.secrets {
            let (name, given) = pair(typed)?;
            let value = app.secret(name.as_str(), given)?;
            secrets.push((name, value));
        }
        for (name, value) in &secrets {
            check_value(name, value).map_err(Error::invalid)?;
        }
        env_file::keep_last(&mut secrets);
        if secrets.is_empty() {
            return Err(Error::invalid("there is no secret in the file"));
        }
        let project = app.project_to_change().await?;
        let api = app.api()?;
        api.set_secrets(&project, &secrets).await?;
        let done = format!("Set {}", super::count(secrets.len()));
        let mut after = api
            .secrets(&project)
            .await
            .map_err(|error| error.after(&done))?;
        after.retain(|secret| {
            secrets
                .iter()
                .any(|(name, _)| secret.text("name") == Some(name.as_str()))
        });
        Ok(Reply::list(after, COLUMNS).with_message(done))
    }
}

/// A name and where its value is.
fn pair(typed: &str) -> Result<(SecretName, &str)> {
    let (name, given) = typed.split_once('=').ok_or_else(|| {
        Error::invalid("write a secret as NAME=-, NAME=@FILE or NAME=env:VARIABLE")
    })?;
    let name = name
        .parse()
        .map_err(|problem: String| Error::invalid(problem))?;
    Ok((name, given))
}
