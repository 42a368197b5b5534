//! `migrations apply`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::folder::{File, Folder, in_order};
use super::outcome;
use super::plan::{choose, compare};
use super::running::Runner;
use super::script::Script;
use crate::app::App;
use crate::cli::{WriteArgs, duration};
use crate::error::{Error, Result};
use crate::output::Reply;

/// Apply migrations to a project, and record them in its history
///
/// Each file is one transaction, in which it is recorded too: all of it happens, or nothing. The first
/// failure ends the run, and what was applied before it stays. The history is the one that the official
/// CLI keeps.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl migrations apply --pending --dry-run\n  supactl migrations apply --pending --yes\n  supactl migrations apply supabase/migrations/20260131093000_add_index.sql --no-transaction --yes"
)]
pub(crate) struct Apply {
    /// Files to apply, called `<VERSION>_<NAME>.sql`
    #[arg(value_name = "FILE", required_unless_present = "pending", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,

    /// Apply everything in `supabase/migrations` that the project does not have
    #[arg(long, conflicts_with = "files")]
    pending: bool,

    /// Also apply what is older than the newest that the project has
    #[arg(long)]
    out_of_order: bool,

    /// Send what cannot run in a transaction in pieces, each for itself
    ///
    /// For files with a transaction of their own, and for statements such as `create index concurrently`.
    /// With `--pending` other files keep their transaction. After a failure the pieces before it stay, and
    /// the file is not recorded.
    #[arg(long)]
    no_transaction: bool,

    /// Longest time for one statement in a transaction, such as `5m`; by default that of the database
    #[arg(long, value_name = "TIME", value_parser = duration)]
    statement_timeout: Option<Duration>,

    #[command(flatten)]
    write: WriteArgs,
}

impl Apply {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let (files, odd) = self.read()?;
        let scripts: Vec<Script<'_>> = files.iter().map(Script::read).collect::<Result<_>>()?;
        if !self.pending {
            self.fits(&scripts)?;
        }
        let named = app.project_in_question()?;
        if !app.terminal().can_ask {
            // Where nobody can be asked this is decided before anything is sent.
            app.terminal()
                .confirm(&format!("Apply migrations to project {named}?"))?;
        }
        let project = app.project_to_change().await?;
        let recorded = app.api()?.migrations(&project).await?;
        let choice = choose(&compare(&files, &recorded), self.pending, self.out_of_order)?;
        for note in odd.iter().chain(&choice.note) {
            app.say(note);
        }
        let chosen: Vec<&Script<'_>> = scripts
            .iter()
            .filter(|script| choice.versions.contains(&script.file.version))
            .collect();
        if chosen.is_empty() {
            return Ok(outcome::none());
        }
        if self.pending {
            self.fits(chosen.iter().copied())?;
        }
        ask(app, &chosen, &named)?;
        let runner = Runner {
            app,
            api: app.api()?,
            project: &project,
            timeout: self.statement_timeout,
        };
        runner.run(&chosen, |script| self.is_apart(script)).await
    }

    /// The files, and what is to be said of others that lie about.
    fn read(&self) -> Result<(Vec<File>, Option<String>)> {
        if self.pending {
            let folder = Folder::nearest()?;
            let note = folder.note();
            return Ok((folder.files, note));
        }
        let mut files: Vec<File> = self
            .files
            .iter()
            .map(|path| File::read(path))
            .collect::<Result<_>>()?;
        in_order(&mut files)?;
        Ok((files, None))
    }

    /// Whether a file goes without a transaction around it.
    fn is_apart(&self, script: &Script<'_>) -> bool {
        self.no_transaction && (!self.pending || script.obstacle().is_some())
    }

    /// Refuses what cannot run in a transaction, where that was not allowed.
    fn fits<'a, 'b: 'a>(&self, scripts: impl IntoIterator<Item = &'a Script<'b>>) -> Result<()> {
        let mut found = scripts
            .into_iter()
            .filter_map(|script| Some((script.file.label(), script.obstacle()?)));
        match found.next() {
            Some((file, obstacle)) if !self.no_transaction => Err(Error::invalid_with_hint(
                format!("`{file}`, line {}: {}", obstacle.line, obstacle.why),
                "`--no-transaction` sends such files in pieces, without a transaction around them",
            )),
            _ => Ok(()),
        }
    }
}

/// Asks, with the names of the files.
fn ask(app: &App, chosen: &[&Script<'_>], project: &str) -> Result<()> {
    let terminal = app.terminal();
    let files: Vec<String> = chosen.iter().map(|script| script.file.label()).collect();
    let what = if let [one] = files.as_slice() {
        format!("migration `{one}`")
    } else {
        if terminal.can_ask && !terminal.yes && !terminal.dry_run {
            app.say(&files.join("\n"));
        }
        format!("these {} migrations", files.len())
    };
    terminal.confirm(&format!("Apply {what} to project {project}?"))
}
