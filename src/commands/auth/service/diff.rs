//! `auth service diff`

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::DIFFERENCES;
use crate::app::App;
use crate::commands::auth::given;
use crate::commands::auth::plan::Plan;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Compare a file with the settings of the Auth service
///
/// Ends with exit status 9 where they differ. Only what is in the file is compared. Of a secret in it
/// only a digest can be compared: where that says nothing it counts as different.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth service diff --file auth.yaml\n  supactl auth service diff --file - -o json < auth.yaml"
)]
pub(crate) struct Diff {
    /// YAML or JSON file of settings; `-` for standard input
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Compare settings that are not known here too
    #[arg(long)]
    force: bool,
}

impl Diff {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let wanted = given::in_file(&self.file, self.force)?;
        let project = app.project().await?;
        let config = app.api()?.auth_config_now(&project).await?;
        let plan = Plan::new(&project, &config, &wanted)?;
        let reply = Reply::list(plan.rows(), DIFFERENCES);
        Ok(match plan.len() {
            0 => reply.with_message(format!("No difference in {} settings", wanted.len())),
            count => reply.with_verdict(Error::Verdict {
                code: Code::CheckFailed,
                message: format!("{count} of {} settings differ", wanted.len()),
                hint: Some(format!(
                    "`supactl auth service config --file {}` changes them",
                    self.file.display()
                )),
            }),
        })
    }
}
