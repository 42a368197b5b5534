//! What became of each file of a run.

use serde_json::json;

use super::folder::File;
use crate::api::Object;
use crate::error::{Code, Error};
use crate::output::{Column, Reply};

/// How it went with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Applied,
    Failed,
    NotTried,
}

/// One file, and what became of it.
pub(super) struct Outcome<'a> {
    pub(super) file: &'a File,
    pub(super) ending: Ending,
    pub(super) error: Option<String>,
}

impl From<&Outcome<'_>> for Object {
    fn from(outcome: &Outcome<'_>) -> Self {
        let file = outcome.file;
        let status = match outcome.ending {
            Ending::Applied => "applied",
            Ending::Failed => "failed",
            Ending::NotTried => "not_tried",
        };
        Self::from_iter([
            ("target".to_owned(), json!(file.path.display().to_string())),
            ("ok".to_owned(), json!(outcome.ending == Ending::Applied)),
            ("error".to_owned(), json!(outcome.error)),
            ("version".to_owned(), json!(file.version)),
            ("name".to_owned(), json!(file.name)),
            ("status".to_owned(), json!(status)),
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

/// The reply of a run that found nothing to do.
pub(super) fn none() -> Reply {
    Reply::list(Vec::<Object>::new(), COLUMNS)
        .with_message("Nothing to apply: the project has all migrations")
}

/// The files of a run, as they are told.
pub(super) fn list(outcomes: &[Outcome<'_>]) -> Reply {
    Reply::list(outcomes.iter().map(Object::from).collect(), COLUMNS)
}

/// The end of a run that got half-way.
pub(super) fn partial(outcomes: &[Outcome<'_>], error: &Error) -> Reply {
    let applied = outcomes
        .iter()
        .filter(|outcome| outcome.ending == Ending::Applied)
        .count();
    list(outcomes).with_verdict(Error::Verdict {
        code: Code::PartialFailure,
        message: format!(
            "{applied} of {} migrations were applied, then one failed: {error}",
            outcomes.len()
        ),
        hint: error.hint(),
    })
}
