//! `db extensions enable`

use clap::Args;
use serde_json::{Value, json};

use super::COLUMNS;
use crate::api::{ApiError, Extension, NewExtension, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Switch an extension on
///
/// Its objects go where the extension or Supabase wants them, and otherwise to the schema `extensions`.
/// One that is on already stays as it is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl db extensions enable pg_trgm --yes\n  supactl db extensions enable postgis --schema gis --yes"
)]
pub(crate) struct Enable {
    /// Name of the extension
    name: String,

    /// Schema for its objects, which must be there
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,

    /// Also switch on what it requires
    #[arg(long)]
    cascade: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Enable {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let name = self.name.as_str();
        let question = format!(
            "Switch on extension `{name}` in project {}?",
            app.project_in_question()?
        );
        app.terminal().confirm(&question)?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let known = api.extensions(&project).await?;
        let extension = find(&known, name)?;
        if is_installed(extension) {
            return self.stays(extension);
        }
        self.fits(extension, &known)?;
        let new = NewExtension {
            name,
            schema: self.schema.as_deref(),
            cascade: self.cascade,
        };
        api.enable_extension(&project, &new, extension.text("own_schema"))
            .await?;
        let known = api
            .extensions(&project)
            .await
            .map_err(|error| error.after("the extension was switched on"))?;
        let extension = find(&known, name)?.clone();
        Ok(Reply::item(extension, COLUMNS).with_message(format!("Switched on extension `{name}`")))
    }

    /// Nothing is sent for one that is on, not even `if not exists`.
    fn stays(&self, extension: &Extension) -> Result<Reply> {
        let (name, schema) = (&self.name, extension.text("schema").unwrap_or_default());
        if self
            .schema
            .as_deref()
            .is_some_and(|wanted| wanted != schema)
        {
            return Err(conflict(
                format!("extension `{name}` is on already, in schema `{schema}`"),
                "an extension moves by being switched off and on, which deletes what it holds",
            ));
        }
        Ok(Reply::item(extension.clone(), COLUMNS)
            .with_message(format!("Extension `{name}` is on already")))
    }

    /// Refuses what the database would refuse, with more to go on.
    fn fits(&self, extension: &Extension, known: &[Extension]) -> Result<()> {
        let name = &self.name;
        if let (Some(own), Some(wanted)) = (extension.text("own_schema"), self.schema.as_deref())
            && own != wanted
        {
            return Err(conflict(
                format!("extension `{name}` only works in schema `{own}`"),
                "leave `--schema` out",
            ));
        }
        let requires = extension.object().get("requires").and_then(Value::as_array);
        let missing: Vec<&str> = requires
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|other| {
                !known
                    .iter()
                    .any(|one| one.text("name") == Some(*other) && is_installed(one))
            })
            .collect();
        if missing.is_empty() || self.cascade {
            return Ok(());
        }
        Err(conflict(
            format!(
                "extension `{name}` requires `{}`, which is off",
                missing.join("`, `")
            ),
            "`--cascade` switches that on too",
        ))
    }
}

/// The extension of this name.
pub(super) fn find<'a>(known: &'a [Extension], name: &str) -> Result<&'a Extension> {
    known.iter().find(|extension| extension.text("name") == Some(name)).ok_or_else(|| {
        ApiError::new(Code::NotFound, format!("there is no extension `{name}`"))
            .with_hint("`supactl db extensions` shows what there is; newer ones come with an upgrade of the database")
            .into()
    })
}

pub(super) fn is_installed(extension: &Extension) -> bool {
    extension.object().get("installed") == Some(&json!(true))
}

fn conflict(message: String, hint: &str) -> Error {
    ApiError::new(Code::Conflict, message)
        .with_hint(hint)
        .into()
}
