//! What the files and the history of a project say together.

use serde_json::{Value, json};

use super::folder::File;
use crate::api::{ApiError, Migration, Object, Record};
use crate::error::{Code, Error, Result};

/// How a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// The project has it, as it is in the file as far as anybody recorded that.
    Applied,
    /// The project does not have it.
    Pending,
    /// The project has it, and there is no file.
    MissingLocally,
    /// The project has it, and the file has other statements now.
    Changed,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::MissingLocally => "missing_locally",
            Self::Changed => "changed",
        }
    }
}

/// One version, wherever it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step<'a> {
    pub(super) version: &'a str,
    pub(super) name: &'a str,
    pub(super) status: Status,
    /// Pending, and older than the newest that the project has.
    pub(super) out_of_order: bool,
    pub(super) file: Option<&'a File>,
}

impl From<&Step<'_>> for Object {
    fn from(step: &Step<'_>) -> Self {
        Self::from_iter([
            ("version".to_owned(), json!(step.version)),
            ("name".to_owned(), json!(step.name)),
            ("status".to_owned(), json!(step.status.as_str())),
            ("out_of_order".to_owned(), json!(step.out_of_order)),
            (
                "file".to_owned(),
                json!(step.file.map(|file| file.path.display().to_string())),
            ),
        ])
    }
}

/// Lays the files, which are in order, beside what the project has; the result is in order too.
pub(super) fn compare<'a>(files: &'a [File], recorded: &'a [Migration]) -> Vec<Step<'a>> {
    let newest = recorded
        .iter()
        .filter_map(|migration| migration.text("version"))
        .max();
    let version_of = |migration: &'a Migration| migration.text("version").unwrap_or_default();
    let mut steps: Vec<Step<'a>> = files
        .iter()
        .map(|file| {
            let found = recorded
                .iter()
                .find(|migration| version_of(migration) == file.version);
            let status = match found {
                None => Status::Pending,
                Some(migration) if is_same(&file.text, migration) => Status::Applied,
                Some(_) => Status::Changed,
            };
            Step {
                version: &file.version,
                name: &file.name,
                status,
                out_of_order: status == Status::Pending
                    && newest.is_some_and(|newest| file.version.as_str() < newest),
                file: Some(file),
            }
        })
        .collect();
    let known = |version: &str| files.iter().any(|file| file.version == version);
    steps.extend(
        recorded
            .iter()
            .filter(|migration| !known(version_of(migration)))
            .map(|migration| Step {
                version: version_of(migration),
                name: migration.text("name").unwrap_or_default(),
                status: Status::MissingLocally,
                out_of_order: false,
                file: None,
            }),
    );
    steps.sort_by(|one, other| one.version.cmp(other.version));
    steps
}

/// What a run is to apply.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) versions: Vec<String>,
    /// What the person should know of the others.
    pub(super) note: Option<String>,
}

/// Picks what is pending. `all` compares the whole folder with the project, as the official CLI does;
/// otherwise the steps are those of files that were named.
///
/// # Errors
/// `conflict` where the history does not fit.
pub(super) fn choose(steps: &[Step<'_>], all: bool, out_of_order: bool) -> Result<Choice> {
    let of = |statuses: &[Status]| -> Vec<String> {
        let found = steps.iter().filter(|step| statuses.contains(&step.status));
        found
            .map(|step| format!("{}_{}", step.version, step.name))
            .collect()
    };
    let missing = of(&[Status::MissingLocally]);
    if all && !missing.is_empty() {
        return Err(conflict(
            format!(
                "the project has migrations that are in no file here: {}",
                missing.join(", ")
            ),
            "fetch their files, or name the files to apply",
        ));
    }
    let applied = of(&[Status::Applied, Status::Changed]);
    if !all && !applied.is_empty() {
        return Err(conflict(
            format!("the project has this already: {}", applied.join(", ")),
            "`supactl migrations list` shows what is pending",
        ));
    }
    if let Some(early) = steps.iter().find(|step| step.out_of_order)
        && !out_of_order
    {
        return Err(conflict(
            format!(
                "`{}_{}` is older than the newest migration of the project",
                early.version, early.name
            ),
            "`--out-of-order` applies it all the same; a newer number in its name does so for everybody",
        ));
    }
    let changed = of(&[Status::Changed]);
    let pending = steps.iter().filter(|step| step.status == Status::Pending);
    Ok(Choice {
        versions: pending.map(|step| step.version.to_owned()).collect(),
        note: (!changed.is_empty())
            .then(|| format!("Changed since they were applied: {}", changed.join(", "))),
    })
}

fn conflict(message: String, hint: &str) -> Error {
    ApiError::new(Code::Conflict, message)
        .with_hint(hint)
        .into()
}

/// Whether a file still has the statements that were recorded. Where none were, nobody can tell.
fn is_same(file: &str, migration: &Migration) -> bool {
    let Some(Value::Array(statements)) = migration.object().get("statements") else {
        return true;
    };
    let statements: Vec<&str> = statements.iter().filter_map(Value::as_str).collect();
    has_statements(file, &statements)
}

/// Whether a text is these statements one after the other, however it was cut: the official CLI cuts some
/// texts in other places, and the Management API records a whole file as one statement.
fn has_statements(file: &str, statements: &[&str]) -> bool {
    // A checkout on Windows may have other line ends.
    let text = file.replace("\r\n", "\n");
    let between = |character: char| character == ';' || character.is_whitespace();
    let mut rest = text.as_str();
    for statement in statements {
        let statement = statement.replace("\r\n", "\n");
        rest = rest.trim_start_matches(between);
        match rest.strip_prefix(statement.trim_matches(between)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.trim_matches(between).is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::sql;

    fn file(version: &str, text: &str) -> File {
        File {
            version: version.to_owned(),
            name: format!("name_{version}"),
            path: format!("{version}_x.sql").into(),
            text: text.to_owned(),
        }
    }

    fn recorded(version: &str, statements: &Value) -> Migration {
        Migration::read(json!({"version": version, "name": "theirs", "statements": statements}))
    }

    #[test]
    fn each_version_is_told_once_and_in_order() {
        let files = [
            file("1", "select 1;"),
            file("2", "select 2;"),
            file("4", "select 4;"),
            file("6", "select 6"),
        ];
        let recorded = [
            recorded("1", &json!(["select 1"])),
            recorded("3", &Value::Null),
            recorded("4", &json!(["select 5"])),
            recorded("5", &json!([])),
        ];
        let steps: Vec<_> = compare(&files, &recorded)
            .iter()
            .map(|step| {
                format!(
                    "{} {} {} {}",
                    step.version,
                    step.name,
                    step.status.as_str(),
                    step.out_of_order
                )
            })
            .collect();
        assert_eq!(
            steps,
            [
                "1 name_1 applied false",
                "2 name_2 pending true",
                "3 theirs missing_locally false",
                "4 name_4 changed false",
                "5 theirs missing_locally false",
                "6 name_6 pending false",
            ]
        );
        assert!(compare(&[], &[]).is_empty());
    }

    #[test]
    fn a_file_is_the_same_however_it_was_cut() {
        let file = "-- first\nselect 1;\r\n\r\nselect ';' ; ;\n-- end\n";
        for statements in [
            vec!["-- first\nselect 1", "select ';'", "-- end"],
            vec!["-- first\nselect 1;\n\nselect ';' ; ;\n-- end\n"],
            vec!["-- first\nselect 1;\r\n\r\nselect ';'", "", "-- end"],
        ] {
            assert!(has_statements(file, &statements), "{statements:?}");
        }
        for statements in [
            vec!["-- first\nselect 1", "select ';'"],
            vec!["-- first\nselect 1", "select ';' ", "-- end", "select 2"],
            vec!["-- first\nselect  1", "select ';'", "-- end"],
            vec![],
        ] {
            assert!(!has_statements(file, &statements), "{statements:?}");
        }
        assert!(is_same("anything", &recorded("1", &Value::Null)));
        assert!(!is_same("anything", &recorded("1", &json!([]))));
    }

    proptest! {
        #[test]
        fn what_was_cut_here_is_the_same(text in "[-a-eE'\"$;()/* \n\\\\1é]{0,40}") {
            if let Ok(cut) = sql::statements(&text) {
                let statements: Vec<&str> = cut.iter().map(|statement| statement.text).collect();
                prop_assert!(has_statements(&text, &statements));
                let other = format!("{text}\nselect 1");
                prop_assert!(!has_statements(&other, &statements));
            }
        }
    }
}
