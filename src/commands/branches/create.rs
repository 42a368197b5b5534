//! `branches create`
//!
//! Its length is that of its arguments: what it does with them fits a screen.

use clap::Args;

use super::{COLUMNS, progress};
use crate::api::{NewBranch, REGIONS, SIZES};
use crate::app::App;
use crate::cli::{WriteArgs, one_of};
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::waiting::WaitArgs;

/// Create a branch: a project of its own, with the migrations of this one
///
/// The first one switches branching on, which costs by the hour. It takes a few minutes until the
/// branch answers: `--wait`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl branches create search-filters --wait\n  supactl branches create staging --persistent --git-branch develop"
)]
pub(crate) struct Create {
    /// Name of the new branch
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    name: String,

    /// Git branch that it follows
    #[arg(long, value_name = "NAME")]
    git_branch: Option<String>,

    /// Keep it when its pull request is closed
    #[arg(long)]
    persistent: bool,

    /// Copy the data of the project too
    #[arg(long)]
    with_data: bool,

    /// Region; the one of the project if left out
    #[arg(long, value_parser = one_of(REGIONS.iter().copied()), hide_possible_values = true)]
    region: Option<String>,

    /// Size of its machine
    #[arg(long, value_parser = one_of(std::iter::once("pico").chain(SIZES.iter().copied()).map(|size| (size, ""))), hide_possible_values = true)]
    size: Option<String>,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    write: WriteArgs,
}

impl Create {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let new = NewBranch {
            name: self.name,
            git_branch: self.git_branch,
            region: self.region,
            size: self.size,
            persistent: self.persistent,
            with_data: self.with_data,
        };
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let made = match api.create_branch(&project, &new).await {
            Err(Error::Api(error)) if error.unclear => {
                return Err(progress::what_became(api, error, &project, &new.name).await);
            }
            made => made?,
        };
        let branch = made.project_ref()?;
        let done = format!("Created branch `{}`, project {branch}", new.name);
        let waited = match self.wait.limit() {
            Some(limit) => progress::until_healthy(app, &branch, limit).await,
            None => Ok(()),
        };
        let after = api.branch(&project, &new.name).await;
        // Whatever failed now, it was created.
        let (row, failed) = match (after, waited) {
            (Ok(row), waited) => (row, waited.err()),
            (Err(error), Ok(())) | (Err(_), Err(error)) => (made, Some(error)),
        };
        let reply = Reply::item(row, COLUMNS).with_message(done);
        Ok(failed.into_iter().fold(reply, Reply::with_verdict))
    }
}
