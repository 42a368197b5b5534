//! Sends migrations one after the other, and finds out what became of each.

use std::time::Duration;

use super::folder::File;
use super::outcome::{self, Ending, Outcome};
use super::script::Script;
use crate::api::{Api, ApiError, Entry, Migration, ProjectRef, Record};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Where migrations go, and how.
pub(super) struct Runner<'a> {
    pub(super) app: &'a App,
    pub(super) api: &'a Api,
    pub(super) project: &'a ProjectRef,
    /// Longest time for one statement.
    pub(super) timeout: Option<Duration>,
}

impl Runner<'_> {
    /// Applies files in their order up to the first failure. `apart` says which go in pieces.
    pub(super) async fn run(
        &self,
        chosen: &[&Script<'_>],
        apart: impl Fn(&Script<'_>) -> bool,
    ) -> Result<Reply> {
        let mut outcomes = Vec::with_capacity(chosen.len());
        let mut failure = None;
        for script in chosen {
            let file = script.file;
            let mut note = |ending, error| {
                outcomes.push(Outcome {
                    file,
                    ending,
                    error,
                });
            };
            if failure.is_some() {
                note(Ending::NotTried, None);
                continue;
            }
            let done = if apart(script) {
                self.apply_in_parts(script).await
            } else {
                self.apply(script).await
            };
            match done {
                Ok(()) => {
                    self.app.say(&format!("Applied `{}`", file.label()));
                    note(Ending::Applied, None);
                }
                // A dry run: the next ones are to be seen too.
                Err(Error::HeldBack) => {}
                Err(error) => {
                    let error = told_of(file, error);
                    note(Ending::Failed, Some(error.to_string()));
                    failure = Some(error);
                }
            }
        }
        let applied = outcomes
            .iter()
            .filter(|outcome| outcome.ending == Ending::Applied)
            .count();
        match failure {
            Some(error) if applied == 0 => Err(error),
            Some(error) => Ok(outcome::partial(&outcomes, &error)),
            None => {
                self.check(&outcomes).await?;
                let files = if applied == 1 {
                    "migration"
                } else {
                    "migrations"
                };
                let message = format!("Applied {applied} {files} to project {}", self.project);
                Ok(outcome::list(&outcomes).with_message(message))
            }
        }
    }

    async fn apply(&self, script: &Script<'_>) -> Result<()> {
        let entry = entry(script);
        match self
            .api
            .apply_migration(self.project, &entry, &script.file.text, self.timeout)
            .await
        {
            Err(Error::Api(error)) if is_unclear(&error) => self.settle(script.file, error).await,
            other => other,
        }
    }

    async fn apply_in_parts(&self, script: &Script<'_>) -> Result<()> {
        if let Some(line) = script.setting_that_ends() {
            self.app.say(&format!(
                "`{}`, line {line}: this holds for the statements that are sent with it, and not for those that run alone",
                script.file.label()
            ));
        }
        let parts = script.parts();
        let mut held_back = false;
        for (index, part) in parts.iter().enumerate() {
            match self
                .api
                .run_migration_part(self.project, part.text, part.line)
                .await
            {
                Ok(()) => {}
                Err(Error::HeldBack) => held_back = true,
                Err(error) => return Err(stopped_at(error, part.line, index, parts.len())),
            }
        }
        match self
            .api
            .record_migration(self.project, &entry(script))
            .await
        {
            Ok(()) if held_back => Err(Error::HeldBack),
            Err(Error::Api(error)) if is_unclear(&error) => self.settle(script.file, error).await,
            Err(Error::Api(error)) if error.code == Code::QueryFailed => Err(error
                .with_hint("all of it took effect, and it could not be recorded")
                .into()),
            other => other,
        }
    }

    /// Finds out what became of a migration whose answer did not come.
    async fn settle(&self, file: &File, error: ApiError) -> Result<()> {
        // In this order: a transaction that has ended is recorded by now, or never will be.
        let Ok(running) = self.api.migrating(self.project).await else {
            return Err(error.into());
        };
        if has(&self.api.migrations(self.project).await?, file) {
            self.app
                .say("The answer got lost, and the migration is in the history: it was applied");
            return Ok(());
        }
        let hint = if running {
            "the database is still at it: `supactl migrations list` shows when it is applied"
        } else {
            "it is not in the history, so nothing of it was applied"
        };
        Err(error.with_hint(hint).into())
    }

    /// Looks whether the history has what was applied.
    async fn check(&self, outcomes: &[Outcome<'_>]) -> Result<()> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let recorded = self.api.migrations(self.project).await;
        let recorded = recorded.map_err(|error| error.after("the migrations were applied"))?;
        match outcomes
            .iter()
            .find(|outcome| !has(&recorded, outcome.file))
        {
            Some(lost) => {
                let message = format!(
                    "`{}` was applied, and is not in the history",
                    lost.file.label()
                );
                Err(ApiError::new(Code::ApiError, message).into())
            }
            None => Ok(()),
        }
    }
}

fn entry<'a>(script: &Script<'a>) -> Entry<'a> {
    Entry {
        version: &script.file.version,
        name: &script.file.name,
        statements: script.texts(),
    }
}

fn has(recorded: &[Migration], file: &File) -> bool {
    recorded
        .iter()
        .any(|migration| migration.text("version") == Some(&file.version))
}

/// Whether nobody knows what became of a write: it was sent, and no answer of the database came.
fn is_unclear(error: &ApiError) -> bool {
    matches!(
        error.code,
        Code::Network | Code::Timeout | Code::ApiError | Code::MalformedResponse
    )
}

/// The failure, with the file that it happened in.
fn told_of(file: &File, error: Error) -> Error {
    let Error::Api(error) = error else {
        return error;
    };
    let message = format!("`{}`: {}", file.label(), error.message);
    let nothing =
        (error.code == Code::QueryFailed).then(|| "nothing of this file was applied".to_owned());
    let hint = error.hint.clone().or(nothing);
    ApiError {
        message,
        hint,
        ..error
    }
    .into()
}

/// The failure of one piece: what came before it stays.
fn stopped_at(error: Error, line: usize, before: usize, parts: usize) -> Error {
    let Error::Api(error) = error else {
        return error;
    };
    let piece = format!(
        "it is not recorded; piece {} of {parts}, from line {line}, failed",
        before + 1
    );
    let hint = if before == 0 {
        piece
    } else {
        format!(
            "{piece}, and what stands before that line took effect: take it out of the file, or undo it, before \
             trying again"
        )
    };
    error.with_hint(hint).into()
}
