//! What became of each of several functions.

use serde_json::{Value, json};

use crate::api::{Function, Object, Record, Slug, Source};
use crate::error::{Code, Error, Result};
use crate::output::{Column, Reply, Show};

/// What became of one function.
pub(super) struct Outcome {
    slug: Slug,
    /// What happened, and the function after it.
    done: Result<(&'static str, Option<Function>)>,
    files: Option<(usize, usize)>,
}

impl Outcome {
    pub(super) fn of(slug: &Slug, done: Result<(&'static str, Option<Function>)>) -> Self {
        Self {
            slug: slug.clone(),
            done,
            files: None,
        }
    }

    pub(super) fn with_files(self, files: &[Source]) -> Self {
        let size = files.iter().map(|file| file.bytes.len()).sum();
        Self {
            files: Some((files.len(), size)),
            ..self
        }
    }

    fn row(&self) -> Object {
        let (status, function, error) = match &self.done {
            Ok((status, function)) => (*status, function.as_ref(), None),
            Err(error) => ("failed", None, Some(error)),
        };
        let version = function.and_then(|function| function.object().get("version").cloned());
        Object::from_iter([
            ("target".to_owned(), json!(self.slug.as_str())),
            ("ok".to_owned(), json!(error.is_none())),
            ("error".to_owned(), json!(error.map(ToString::to_string))),
            (
                "error_code".to_owned(),
                json!(error.map(|error| error.code().as_str())),
            ),
            ("status".to_owned(), json!(status)),
            ("version".to_owned(), json!(version)),
            ("files".to_owned(), json!(self.files.map(|files| files.0))),
            (
                "size_bytes".to_owned(),
                json!(self.files.map(|files| files.1)),
            ),
        ])
    }
}

/// How the outcomes are shown.
const COLUMNS: &[Column] = &[
    Column::new("target", "Function"),
    Column::new("status", "Status"),
    Column::new("version", "Version"),
    Column::new("files", "Files"),
    Column::shown("size_bytes", "Size", Show::Bytes),
    Column::new("error", "Error"),
];

/// All of them, by name, and how the run ends: with the one failure of the one function there was, or
/// with the word for some of several.
pub(super) fn reply(mut outcomes: Vec<Outcome>) -> Reply {
    outcomes.sort_by(|one, other| one.slug.cmp(&other.slug));
    let all = outcomes.len();
    let rows: Vec<Object> = outcomes.iter().map(Outcome::row).collect();
    // What a dry run held back did not fail.
    let failures = outcomes
        .into_iter()
        .filter_map(|outcome| outcome.done.err());
    let mut failures: Vec<Error> = failures
        .filter(|error| !matches!(error, Error::HeldBack))
        .collect();
    let unchanged = rows
        .iter()
        .filter(|row| row["status"] == "unchanged")
        .count();
    let reply = Reply::list(rows, COLUMNS);
    let reply = if unchanged > 0 {
        reply.with_message(format!("{unchanged} of {all} deployed already, just so"))
    } else {
        reply
    };
    match (failures.len(), failures.pop()) {
        (_, None) => reply,
        (1, Some(error)) if all == 1 => reply.with_verdict(error),
        (failed, Some(_)) => reply.with_verdict(Error::verdict(
            Code::PartialFailure,
            format!("{failed} of {all} functions failed"),
        )),
    }
}

/// Whether a deployed function has the settings that it would get.
pub(super) fn is_set_alike(deployed: &Function, metadata: &Value) -> bool {
    let has = |key: &str| deployed.object().get(key).filter(|value| !value.is_null());
    let same = |key: &str| metadata.get(key) == has(key);
    // What is not named stays as it is.
    same("entrypoint_path")
        && same("import_map_path")
        && (metadata.get("verify_jwt").is_none() || same("verify_jwt"))
        && metadata.get("static_patterns").is_none()
}
