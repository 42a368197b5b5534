//! `db extensions disable`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use super::enable::{find, is_installed};
use crate::api::{ApiError, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Result};
use crate::output::Reply;

/// What people lose with some extensions.
const LOSSES: &[(&str, &str)] = &[
    ("pg_cron", "all its jobs"),
    ("pgmq", "all queues with their messages"),
    ("supabase_vault", "all secrets of the vault"),
    (
        "pgsodium",
        "all keys, and with them everything encrypted by them",
    ),
    ("postgis", "all columns of its types, with `--cascade`"),
    ("vector", "all columns of its types, with `--cascade`"),
];

/// Switch an extension off, and delete what it brought along
///
/// Refused while other things depend on it, such as columns of its types, unless `--cascade` deletes them
/// too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl db extensions disable pg_trgm --yes\n  supactl db extensions disable pgmq --cascade --yes"
)]
pub(crate) struct Disable {
    /// Name of the extension
    name: String,

    /// Also delete everything that depends on it
    #[arg(long)]
    cascade: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Disable {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let name = self.name.as_str();
        let (project, terminal) = (app.project_in_question()?, app.terminal());
        let with = if self.cascade {
            " and everything that depends on it"
        } else {
            ""
        };
        let question = format!("Switch off extension `{name}`{with} in project {project}?");
        if let Some((_, loss)) = LOSSES.iter().find(|(known, _)| *known == name) {
            terminal.confirm_by_name(&format!("{question} This deletes {loss}."), name)?;
        } else {
            terminal.confirm(&question)?;
        }
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let known = api.extensions(&project).await?;
        let extension = find(&known, name)?;
        if !is_installed(extension) {
            return Err(ApiError::new(
                Code::NotFound,
                format!("extension `{name}` is not switched on"),
            )
            .into());
        }
        api.disable_extension(&project, name, self.cascade).await?;
        let mut extension = extension.clone().into_object();
        extension.insert("deleted".to_owned(), json!(true));
        Ok(
            Reply::item(extension, COLUMNS)
                .with_message(format!("Switched off extension `{name}`")),
        )
    }
}
