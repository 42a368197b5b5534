//! What the database says when it refuses a statement, taken apart.

use serde_json::{Value, json};

use super::Sql;
use crate::api::ApiError;
use crate::error::{Code, Error};

/// How the service begins what the database said (recorded, June 2026).
const PREFIX: &str = "Failed to run sql query:";

/// The parts that may follow the message, each on a line of its own.
const PARTS: &[(&str, &str)] = &[
    ("DETAIL:", "detail"),
    ("HINT:", "hint"),
    ("QUERY:", "query"),
    ("CONTEXT:", "context"),
];

/// What the database said, part by part.
#[derive(Debug, Default, PartialEq)]
struct Refusal {
    sqlstate: Option<String>,
    message: String,
    /// Line of the statement, its text, and the column in it, counted from 1.
    place: Option<(usize, String, Option<usize>)>,
    parts: Vec<(&'static str, String)>,
}

impl Refusal {
    fn read(text: &str) -> Self {
        let mut refusal = Self::default();
        let text = text.trim();
        let (severity, rest) = text.split_once(':').unwrap_or(("", text));
        let known = matches!(severity, "ERROR" | "FATAL" | "PANIC");
        let rest = if known { rest.trim_start() } else { text };
        let (state, rest) = match rest.split_once(": ") {
            Some((state, rest)) if is_sqlstate(state) => (Some(state.to_owned()), rest),
            _ => (None, rest),
        };
        refusal.sqlstate = state;
        let mut lines = rest.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some((number, text)) = place(line) {
                let before = line.len() - text.len();
                let column = lines
                    .next_if(|line| line.trim() == "^")
                    .map(|caret| (caret.len() - 1).saturating_sub(before) + 1);
                refusal.place = Some((number, text.to_owned(), column));
            } else if let Some((name, text)) = part(line) {
                refusal.parts.push((name, text.to_owned()));
            } else if let Some((_, last)) = refusal.parts.last_mut() {
                last.push_str(&format!("\n{line}"));
            } else {
                if !refusal.message.is_empty() {
                    refusal.message.push('\n');
                }
                refusal.message.push_str(line);
            }
        }
        refusal
    }

    fn part(&self, name: &str) -> Option<&str> {
        self.parts
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| text.as_str())
    }

    /// The lines of ours that came before the person's count for nothing.
    fn without_lines(mut self, ours: isize) -> Self {
        self.place = self
            .place
            .and_then(|(line, text, column)| Some((line.checked_add_signed(-ours)?, text, column)))
            .filter(|(line, ..)| *line > 0);
        self
    }

    fn told(&self) -> String {
        let mut told = self.message.clone();
        if let Some(state) = &self.sqlstate {
            told.push_str(&format!(" ({state})"));
        }
        if let Some((line, text, column)) = &self.place {
            let head = format!("LINE {line}: ");
            told.push_str(&format!("\n{head}{text}"));
            if let Some(column) = column {
                let caret = " ".repeat(head.len() + column - 1);
                told.push_str(&format!("\n{caret}^"));
            }
        }
        if let Some(detail) = self.part("detail") {
            told.push_str(&format!("\n{detail}"));
        }
        told
    }
}

fn is_sqlstate(word: &str) -> bool {
    word.len() == 5
        && word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

fn place(line: &str) -> Option<(usize, &str)> {
    let (number, text) = line.strip_prefix("LINE ")?.split_once(": ")?;
    Some((number.parse().ok()?, text))
}

fn part(line: &str) -> Option<(&'static str, &str)> {
    PARTS
        .iter()
        .find_map(|(word, name)| Some((*name, line.strip_prefix(word)?.trim_start())))
}

/// The failure of a statement, told by what the database said of it.
pub(super) fn explain(error: Error, sql: &Sql) -> Error {
    let Error::Api(mut api) = error else {
        return error;
    };
    if !sql.secrets.is_empty() {
        api.message = without(&api.message, &sql.secrets);
        api.details = None;
    }
    let Some(said) = api.message.strip_prefix(PREFIX) else {
        return Error::Api(api);
    };
    if api.status.is_some_and(|status| status >= 500) {
        // It never came to the database.
        return Error::Api(api);
    }
    let mut refusal = Refusal::read(said).without_lines(sql.lines_before);
    let mut raw = api.message.clone();
    if !sql.secrets.is_empty() {
        // A line of the statement may be a piece of a secret.
        refusal.place = None;
        refusal.parts.clear();
        refusal.message = without(&refusal.message, &sql.secrets);
        raw.clone_from(&refusal.message);
    }
    let (line, column) = match &refusal.place {
        Some((line, _, column)) => (Some(*line), *column),
        None => (None, None),
    };
    let mut details = json!({
        "sqlstate": refusal.sqlstate, "line": line, "column": column,
        "detail": null, "hint": null, "context": null, "message": raw,
    });
    for (name, text) in refusal.parts.iter().filter(|(name, _)| *name != "query") {
        details[*name] = json!(text);
    }
    Error::Api(ApiError {
        code: Code::QueryFailed,
        message: refusal.told(),
        hint: refusal.part("hint").map(str::to_owned).or(api.hint),
        details: Some(details),
        ..api
    })
}

/// Whether a failed statement never came to a database.
pub(super) fn may_be_paused(error: &Error) -> bool {
    let Error::Api(api) = error else { return false };
    let lost = api.message.contains("onnection") || api.message.contains("onnect ");
    let unexplained = api.code == Code::QueryFailed || api.message.starts_with(PREFIX);
    unexplained && lost && sqlstate(error).is_none()
}

fn without(text: &str, secrets: &[String]) -> String {
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), crate::api::mask::MASK)
        })
}

/// The five characters that say why the database refused, such as `42501`.
pub(crate) fn sqlstate(error: &Error) -> Option<&str> {
    let Error::Api(error) = error else {
        return None;
    };
    error
        .details
        .as_ref()?
        .get("sqlstate")
        .and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str, sql: &Sql) -> (Code, String, Option<String>, Value) {
        let error = ApiError {
            status: Some(400),
            ..ApiError::new(Code::Rejected, message)
        };
        match explain(Error::Api(error), sql) {
            Error::Api(error) => (
                error.code,
                error.message,
                error.hint,
                error.details.unwrap_or_default(),
            ),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn every_part_is_found() {
        let said = "Failed to run sql query: ERROR:  42703: column \"emial\" does not exist\nLINE 2: select emial from auth.users\n               ^\nHINT:  Perhaps you meant to reference the column \"users.email\".\n";
        let (code, message, hint, details) = told(said, &Sql::constant("select\nselect emial"));
        assert_eq!(code, Code::QueryFailed);
        assert_eq!(
            message,
            "column \"emial\" does not exist (42703)\nLINE 2: select emial from auth.users\n               ^"
        );
        assert_eq!(
            hint.as_deref(),
            Some("Perhaps you meant to reference the column \"users.email\".")
        );
        assert_eq!(
            (&details["sqlstate"], &details["line"], &details["column"]),
            (&json!("42703"), &json!(2), &json!(8))
        );
        assert_eq!(details["message"], said);
    }

    #[test]
    fn a_state_has_five_capital_letters_and_digits() {
        let read = |said: &str| {
            let refusal = Refusal::read(said);
            (refusal.sqlstate, refusal.message)
        };
        for severity in ["ERROR", "FATAL", "PANIC"] {
            assert_eq!(
                read(&format!("{severity}:  42P01: no")),
                (Some("42P01".to_owned()), "no".to_owned())
            );
        }
        for message in [
            "42p01: no",
            "4270: no",
            "427030: no",
            "role \"x\": no",
            "no",
        ] {
            assert_eq!(
                read(&format!("ERROR:  {message}")),
                (None, message.to_owned())
            );
        }
        // What is no severity belongs to the message.
        assert_eq!(
            read("WHAT:  42P01: no"),
            (None, "WHAT:  42P01: no".to_owned())
        );
        assert_eq!(read("one\n  two\nthree").1, "one\n  two\nthree");
    }

    #[test]
    fn a_line_that_only_we_wrote_is_not_shown() {
        let refusal = |line: usize| Refusal::read(&format!("ERROR:  42601: no\nLINE {line}: x"));
        assert_eq!(refusal(1).without_lines(1).place, None);
        assert_eq!(refusal(1).without_lines(2).place, None);
        assert_eq!(
            refusal(2).without_lines(1).place,
            Some((1, "x".to_owned(), None))
        );
        assert_eq!(
            refusal(2).without_lines(-3).place,
            Some((5, "x".to_owned(), None))
        );
    }

    #[test]
    fn parts_of_several_lines_stay_together() {
        let said = "Failed to run sql query: ERROR:  23505: clash\nDETAIL:  Key (id)=(1)\nis there.\nCONTEXT:  a\nb\nQUERY:  select 1\n";
        let (_, message, hint, details) = told(said, &Sql::constant("x"));
        assert_eq!(message, "clash (23505)\nKey (id)=(1)\nis there.");
        assert_eq!(hint, None);
        assert_eq!(
            (
                &details["detail"],
                &details["context"],
                details.get("query")
            ),
            (&json!("Key (id)=(1)\nis there."), &json!("a\nb"), None)
        );
    }

    #[test]
    fn a_connection_that_failed_may_be_a_pause() {
        let paused = |code: Code, message: &str, state: Option<&str>| {
            may_be_paused(&Error::Api(ApiError {
                details: Some(json!({"sqlstate": state})),
                ..ApiError::new(code, message)
            }))
        };
        let lost = "Connection terminated due to connection timeout";
        assert!(paused(Code::QueryFailed, lost, None));
        assert!(paused(Code::QueryFailed, "could not connect to it", None));
        assert!(paused(Code::ApiError, &format!("{PREFIX}{lost}"), None));
        assert!(!paused(Code::ApiError, lost, None));
        assert!(!paused(Code::QueryFailed, lost, Some("08006")));
        assert!(!paused(Code::QueryFailed, "no such table", None));
        assert!(!may_be_paused(&Error::Interrupted));
    }

    #[test]
    fn lines_of_ours_are_not_counted() {
        let said = "Failed to run sql query: ERROR:  42601: syntax error at or near \"selct\"\nLINE 10: selct 1\n         ^\n";
        let sql = Sql::constant("selct 1").within(std::time::Duration::from_secs(5));
        assert_eq!(
            told(said, &sql).1,
            "syntax error at or near \"selct\" (42601)\nLINE 9: selct 1\n        ^"
        );
    }

    #[test]
    fn a_secret_is_in_no_part_of_a_refusal() {
        let secret = super::super::secret_literal("hunter2", None).unwrap();
        let said = "Failed to run sql query: ERROR:  22P02: invalid input \"hunter2\"\nLINE 1: select 'hunter2'::int\n               ^\nCONTEXT:  select 'hunter2'\n";
        let (_, message, _, details) = told(said, &secret);
        assert!(!message.contains("hunter2"), "{message}");
        assert!(!details.to_string().contains("hunter2"), "{details}");
    }

    #[test]
    fn a_secret_is_in_no_failure_on_the_way_to_the_database() {
        let secret = super::super::secret_literal("hunter2", None).unwrap();
        let said = |status: u16, sql: &Sql| {
            let error = ApiError {
                status: Some(status),
                details: Some(json!({"query": "select 'hunter2'"})),
                ..ApiError::new(Code::ApiError, "no `hunter2` here")
            };
            match explain(Error::Api(error), sql) {
                Error::Api(error) => (error.message, error.details),
                other => panic!("{other}"),
            }
        };
        for status in [400, 544] {
            assert_eq!(
                said(status, &secret),
                ("no `********` here".to_owned(), None)
            );
            let (message, details) = said(status, &Sql::constant("select 1"));
            assert!(
                message.contains("hunter2") && details.is_some(),
                "{message}"
            );
        }
    }

    #[test]
    fn what_is_no_refusal_of_the_database_stays_as_it_is() {
        for (said, code) in [
            (
                "Failed to run sql query: COPY is not supported",
                Code::QueryFailed,
            ),
            ("query: Required", Code::Rejected),
        ] {
            assert_eq!(told(said, &Sql::constant("x")).0, code, "{said}");
        }
        let down = ApiError {
            status: Some(544),
            ..ApiError::new(
                Code::ApiError,
                "Failed to run sql query: connection refused",
            )
        };
        let down = explain(Error::Api(down), &Sql::constant("x"));
        assert_eq!(down.code(), Code::ApiError);
    }
}
