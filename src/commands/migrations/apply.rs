//! `migrations apply`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use serde_json::json;

use super::folder::{File, Folder, in_order};
use super::plan::{Status, compare};
use super::script::Script;
use crate::api::{ApiError, Entry, Migration, Object, ProjectRef, Record};
use crate::app::App;
use crate::cli::{WriteArgs, duration};
use crate::error::{Code, Error, Result};
use crate::output::{Column, Reply};

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

    /// Longest time for one statement, such as `5m`; by default that of the database
    #[arg(long, value_name = "TIME", value_parser = duration)]
    statement_timeout: Option<Duration>,

    #[command(flatten)]
    write: WriteArgs,
}

/// What became of one file.
struct Outcome {
    target: String,
    version: String,
    name: String,
    status: &'static str,
    error: Option<String>,
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
        if let Some(note) = odd {
            app.say(&note);
        }
        let recorded = app.api()?.migrations(&project).await?;
        let chosen = self.choose(app, &scripts, &files, &recorded)?;
        if chosen.is_empty() {
            return Ok(Reply::list(Vec::<Object>::new(), COLUMNS)
                .with_message("Nothing to apply: the project has all migrations"));
        }
        if self.pending {
            self.fits(chosen.iter().copied())?;
        }
        ask(app, &chosen, &named)?;
        self.apply(app, &project, &chosen).await
    }

    /// The files, and what is to be said of others that lie about.
    fn read(&self) -> Result<(Vec<File>, Option<String>)> {
        if self.pending {
            let folder = Folder::nearest()?;
            let note = folder.note();
            return Ok((folder.files, note));
        }
        let mut files = self
            .files
            .iter()
            .map(|path| File::read(path))
            .collect::<Result<Vec<_>>>()?;
        in_order(&mut files)?;
        Ok((files, None))
    }

    /// Whether a file goes without a transaction around it.
    fn is_apart(&self, script: &Script<'_>) -> bool {
        self.no_transaction && (!self.pending || script.obstacle().is_some())
    }

    /// Refuses what cannot run in a transaction, where that was not allowed.
    fn fits<'a, 'b: 'a>(&self, scripts: impl IntoIterator<Item = &'a Script<'b>>) -> Result<()> {
        let obstacle = scripts
            .into_iter()
            .find_map(|script| Some((script.file.label(), script.obstacle()?)));
        match obstacle {
            Some((file, obstacle)) if !self.no_transaction => Err(Error::invalid_with_hint(
                format!("`{file}`, line {}: {}", obstacle.line, obstacle.why),
                "`--no-transaction` sends such files in pieces, without a transaction around them",
            )),
            _ => Ok(()),
        }
    }

    /// The files to apply, in order.
    fn choose<'a>(
        &self,
        app: &App,
        scripts: &'a [Script<'a>],
        files: &[File],
        recorded: &[Migration],
    ) -> Result<Vec<&'a Script<'a>>> {
        let steps = compare(files, recorded);
        let list = |status: Status| -> Vec<String> {
            let of_status = steps.iter().filter(|step| step.status == status);
            of_status
                .map(|step| format!("{}_{}", step.version, step.name))
                .collect()
        };
        let (missing, changed) = (list(Status::MissingLocally), list(Status::Changed));
        if self.pending && !missing.is_empty() {
            return Err(conflict(
                format!(
                    "the project has migrations that are in no file here: {}",
                    missing.join(", ")
                ),
                "fetch their files, or name the files to apply",
            ));
        }
        if !self.pending {
            let applied: Vec<String> = list(Status::Applied).into_iter().chain(changed).collect();
            if !applied.is_empty() {
                return Err(conflict(
                    format!("the project has this already: {}", applied.join(", ")),
                    "`supactl migrations list` shows what is pending",
                ));
            }
        } else if !changed.is_empty() {
            app.say(&format!(
                "Changed since they were applied: {}",
                changed.join(", ")
            ));
        }
        if let Some(early) = steps.iter().find(|step| step.out_of_order)
            && !self.out_of_order
        {
            return Err(conflict(
                format!(
                    "`{}_{}` is older than the newest migration of the project",
                    early.version, early.name
                ),
                "`--out-of-order` applies it all the same; a newer number in its name does so for everybody",
            ));
        }
        let is_pending = |script: &&Script<'_>| {
            steps
                .iter()
                .any(|step| step.status == Status::Pending && step.version == script.file.version)
        };
        Ok(scripts.iter().filter(is_pending).collect())
    }

    async fn apply(
        &self,
        app: &App,
        project: &ProjectRef,
        chosen: &[&Script<'_>],
    ) -> Result<Reply> {
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut failure = None;
        for script in chosen {
            if failure.is_some() {
                outcomes.push(Outcome::of(script.file, "not_tried", None));
                continue;
            }
            match self.apply_one(app, project, script).await {
                Ok(()) => {
                    app.say(&format!("Applied `{}`", script.file.label()));
                    outcomes.push(Outcome::of(script.file, "applied", None));
                }
                // The next ones are to be seen too.
                Err(Error::HeldBack) => {}
                Err(error) => {
                    let error = told_of(script.file, error);
                    outcomes.push(Outcome::of(script.file, "failed", Some(error.to_string())));
                    failure = Some(error);
                }
            }
        }
        let applied = outcomes
            .iter()
            .filter(|outcome| outcome.status == "applied")
            .count();
        match failure {
            Some(error) if applied == 0 => Err(error),
            Some(error) => {
                let reply = Reply::list(outcomes.into_iter().map(Object::from).collect(), COLUMNS);
                Ok(reply.with_verdict(partial(applied, chosen.len(), &error)))
            }
            None => {
                check(app, project, &outcomes).await?;
                let reply = Reply::list(outcomes.into_iter().map(Object::from).collect(), COLUMNS);
                let files = if applied == 1 {
                    "migration"
                } else {
                    "migrations"
                };
                Ok(reply.with_message(format!("Applied {applied} {files} to project {project}")))
            }
        }
    }

    async fn apply_one(&self, app: &App, project: &ProjectRef, script: &Script<'_>) -> Result<()> {
        let file = script.file;
        let entry = Entry {
            version: &file.version,
            name: &file.name,
            statements: script.texts(),
        };
        if self.is_apart(script) {
            return self.apply_in_parts(app, project, script, &entry).await;
        }
        let api = app.api()?;
        match api
            .apply_migration(project, &entry, &file.text, self.statement_timeout)
            .await
        {
            Err(Error::Api(error)) if is_unclear(&error) => {
                settle(app, project, &file.version, error).await
            }
            other => other,
        }
    }

    async fn apply_in_parts(
        &self,
        app: &App,
        project: &ProjectRef,
        script: &Script<'_>,
        entry: &Entry<'_>,
    ) -> Result<()> {
        if let Some(line) = script.setting_that_ends() {
            app.say(&format!(
                "`{}`, line {line}: this holds for the statements that are sent with it, and not for those that run alone",
                script.file.label()
            ));
        }
        let api = app.api()?;
        let parts = script.parts();
        let mut held_back = false;
        for (index, part) in parts.iter().enumerate() {
            match api.run_migration_part(project, part.text, part.line).await {
                Ok(()) => {}
                Err(Error::HeldBack) => held_back = true,
                Err(error) => return Err(stopped_at(error, part.line, index, parts.len())),
            }
        }
        match api.record_migration(project, entry).await {
            Ok(()) if held_back => Err(Error::HeldBack),
            Err(Error::Api(error)) if is_unclear(&error) => {
                settle(app, project, entry.version, error).await
            }
            Err(Error::Api(error)) if error.code == Code::QueryFailed => Err(error
                .with_hint("all of it took effect, and it could not be recorded")
                .into()),
            other => other,
        }
    }
}

impl Outcome {
    fn of(file: &File, status: &'static str, error: Option<String>) -> Self {
        Self {
            target: file.path.display().to_string(),
            version: file.version.clone(),
            name: file.name.clone(),
            status,
            error,
        }
    }
}

impl From<Outcome> for Object {
    fn from(outcome: Outcome) -> Self {
        Self::from_iter([
            ("target".to_owned(), json!(outcome.target)),
            ("ok".to_owned(), json!(outcome.status == "applied")),
            ("error".to_owned(), json!(outcome.error)),
            ("version".to_owned(), json!(outcome.version)),
            ("name".to_owned(), json!(outcome.name)),
            ("status".to_owned(), json!(outcome.status)),
        ])
    }
}

const COLUMNS: &[Column] = &[
    Column::new("version", "Version"),
    Column::new("name", "Name"),
    Column::new("status", "Status"),
    Column::new("target", "File"),
    Column::new("error", "Error"),
];

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

fn conflict(message: String, hint: &str) -> Error {
    ApiError::new(Code::Conflict, message)
        .with_hint(hint)
        .into()
}

/// Whether nobody knows what became of a write: it was sent, and no answer of the database came.
fn is_unclear(error: &ApiError) -> bool {
    matches!(
        error.code,
        Code::Network | Code::Timeout | Code::ApiError | Code::MalformedResponse
    )
}

/// Finds out what became of a migration whose answer did not come.
async fn settle(app: &App, project: &ProjectRef, version: &str, error: ApiError) -> Result<()> {
    let api = app.api()?;
    // In this order: a transaction that has ended is recorded by now, or never will be.
    let Ok(running) = api.migrating(project).await else {
        return Err(error.into());
    };
    let recorded = api.migrations(project).await?;
    if recorded
        .iter()
        .any(|migration| migration.text("version") == Some(version))
    {
        app.say("The answer got lost, and the migration is in the history: it was applied");
        return Ok(());
    }
    let hint = if running {
        "the database is still at it: `supactl migrations list` shows when it is applied"
    } else {
        "it is not in the history, so nothing of it was applied"
    };
    Err(error.with_hint(hint).into())
}

/// The failure, with the file that it happened in.
fn told_of(file: &File, error: Error) -> Error {
    match error {
        Error::Api(error) => {
            let message = format!("`{}`: {}", file.label(), error.message);
            let hint = error.hint.clone().or_else(|| {
                (error.code == Code::QueryFailed)
                    .then(|| "nothing of this file was applied".to_owned())
            });
            ApiError {
                message,
                hint,
                ..error
            }
            .into()
        }
        other => other,
    }
}

/// The failure of one piece: what came before it stays.
fn stopped_at(error: Error, line: usize, index: usize, parts: usize) -> Error {
    let Error::Api(error) = error else {
        return error;
    };
    let hint = match index {
        0 => format!("it is not recorded; piece 1 of {parts}, from line {line}, failed"),
        before => format!(
            "it is not recorded; piece {} of {parts}, from line {line}, failed, and what stands before that line \
             took effect: take it out of the file, or undo it, before trying again",
            before + 1
        ),
    };
    error.with_hint(hint).into()
}

/// The end of a run that got half-way.
fn partial(applied: usize, all: usize, error: &Error) -> Error {
    let message = format!("{applied} of {all} migrations were applied, then one failed: {error}");
    Error::Verdict {
        code: Code::PartialFailure,
        message,
        hint: error.hint(),
    }
}

/// Looks whether the history has what was applied.
async fn check(app: &App, project: &ProjectRef, outcomes: &[Outcome]) -> Result<()> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let recorded = app
        .api()?
        .migrations(project)
        .await
        .map_err(|error| error.after("the migrations were applied"))?;
    let is_there = |version: &str| {
        recorded
            .iter()
            .any(|migration| migration.text("version") == Some(version))
    };
    match outcomes.iter().find(|outcome| !is_there(&outcome.version)) {
        Some(lost) => Err(ApiError::new(
            Code::ApiError,
            format!("`{}` was applied, and is not in the history", lost.target),
        )
        .into()),
        None => Ok(()),
    }
}
