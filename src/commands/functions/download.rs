//! `functions download`

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::files;
use crate::api::Slug;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;
use crate::usage;

/// Fetch the files of a function as they were deployed
///
/// With `--into` each is written below a folder; files that are there and differ are only replaced
/// after a yes. Without it the files are printed as they come: in parts, as multipart/form-data.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl functions download checkout --into .\n  supactl functions download checkout > checkout.multipart",
    group(usage::prints_bytes())
)]
pub(crate) struct Download {
    /// Slug of the function
    slug: Slug,

    /// Folder to write the files into
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    into: Option<PathBuf>,
}

impl Download {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let api = app.api()?;
        let Some(folder) = &self.into else {
            let mut answer = api.function_body(&project, &self.slug).await?;
            let mut out = app.output().raw();
            while let Some(bytes) = answer.next_bytes().await? {
                if out.write(&bytes)?.is_break() {
                    return Ok(Reply::nothing());
                }
            }
            out.end()?;
            return Ok(Reply::nothing());
        };
        let sources = api.function_sources(&project, &self.slug).await?;
        let plan = files::plan(folder, &sources)?;
        if plan.replaced > 0 {
            app.terminal().confirm(&format!(
                "Replace {} in {}?",
                files::count(plan.replaced),
                folder.display()
            ))?;
        }
        for (file, bytes) in &plan.files {
            files::write(file, bytes)?;
            app.say(&format!("Wrote {}", file.display()));
        }
        Ok(Reply::nothing())
    }
}
