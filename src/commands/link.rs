//! `link`

use clap::Args;
use serde_json::json;

use crate::api::{ApiError, ProjectRef, Record, newest_first};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::{Column, Reply};
use crate::{platform, settings};

/// Link this folder to a project
///
/// Writes `supabase/.temp/project-ref`, as the official CLI does, so that both work on the same
/// project. Without an argument the project is picked from a list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl link abcdefghijklmnopqrst\n  supactl link acme-shop")]
pub(crate) struct Link {
    /// Reference or name of the project
    #[arg(value_name = "REF|NAME", add = crate::completing::projects())]
    target: Option<String>,
}

impl Link {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = match self.target {
            Some(name) => app.project_named(name).await?,
            None => pick(app).await?,
        };
        // A reference that cannot be read would only fail later, and elsewhere.
        let mut row = app.api()?.project(&project).await?.into_object();
        let folder = std::env::current_dir().map_err(|error| Error::file("this folder", error))?;
        let file = settings::link_file(&folder);
        platform::write_plain(&file, project.as_str().as_bytes())
            .map_err(|error| Error::unwritten(file.display().to_string(), error))?;
        row.insert("file".to_owned(), json!(file.display().to_string()));
        Ok(Reply::item(row, COLUMNS)
            .with_message(format!("Linked this folder to project {project}")))
    }
}

/// Lets a person choose among their projects.
async fn pick(app: &App) -> Result<ProjectRef> {
    let otherwise = "name the project: `supactl link <REF>`";
    app.terminal().somebody_is_there(otherwise)?;
    let mut projects = app.api()?.projects().await?;
    if projects.is_empty() {
        return Err(ApiError::new(Code::NotFound, "you have no projects")
            .with_hint("`supactl projects create <NAME>` makes one")
            .into());
    }
    newest_first(&mut projects);
    let text =
        |key| move |project: &crate::api::Project| project.text(key).unwrap_or_default().to_owned();
    let lines: Vec<String> = projects
        .iter()
        .map(|project| format!("{}  {}", text("ref")(project), text("name")(project)))
        .collect();
    let chosen = app.terminal().pick("Project", &lines, otherwise)?;
    let reference = projects.get(chosen).and_then(|project| project.text("ref"));
    reference
        .and_then(settings::as_ref)
        .ok_or_else(|| Error::Internal("the chosen project has no usable reference".to_owned()))
}

const COLUMNS: &[Column] = &[
    Column::new("ref", "Ref"),
    Column::new("name", "Name"),
    Column::new("organization_slug", "Organization"),
    Column::new("file", "File"),
];
