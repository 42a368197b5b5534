//! SQL through the Management API, and the one place that quotes.
//!
//! Statements are constants of the resource that runs them, with `{names}` for what is filled in; what
//! is filled in was quoted here, so that nothing leaves its place:
//!
//! ```ignore
//! const DROP: &str = "drop policy {name} on storage.{table}";
//!
//! let sql = Sql::fill(DROP, &[("name", sql::identifier(name)?), ("table", sql::identifier(table)?)]);
//! self.execute::<Object>(project, &sql, &[]).await?;
//! ```
//!
//! - Running: [`Api::catalog`] for what we want to know ourselves (every name qualified), [`Api::query`]
//!   for what a person wants to read, [`Api::execute`] for what may change something. Rows are read into
//!   any noun (`record!`) or [`Object`](super::Object), their columns in the order of the statement.
//!   Nothing is cached; a write makes the whole project be forgotten, and a dry run holds it back.
//! - Pieces: [`identifier`], [`qualified`], [`role`], [`literal`], [`secret_literal`], [`text_array`],
//!   [`jsonb`], [`number`], [`expression`] (a person's, looked at first), [`Sql::written`] (a person's
//!   statements as they are), [`Sql::join`]. NUL and names of more than 63 bytes are refused.
//! - [`same`] compares an expression with what PostgreSQL made of it; [`statements`] cuts a file where its statements end.
//! - A refusal of the database is `query_failed`: SQLSTATE, line, column, detail, hint and context are in
//!   `details`; [`sqlstate`] reads the first of them off an error.
//!
//! Facts: several statements without parameters are one transaction, and the rows are those of the last
//! statement that returned any; with parameters there is exactly one statement. Whole numbers of 64 bits
//! come as numbers or strings, `name[]` as text: write `to_json(…)` around arrays, and alias every column,
//! since two of one name are one. (postgres-meta, 14 August 2026.)

mod buckets;
mod error;
mod lex;
mod quote;
mod same;
mod script;

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Api;
use super::error::ApiError;
use super::ids::ProjectRef;
use super::record::Record;
use super::request::{Body, Request};
use crate::error::{Code, Result};

pub(crate) use buckets::buckets_named;
pub(crate) use error::sqlstate;
pub(crate) use lex::expression;
pub(crate) use quote::{
    identifier, jsonb, literal, number, qualified, role, secret_literal, text_array,
};
pub(crate) use same::same;
pub(crate) use script::{Statement, statements};

/// A statement, or a piece of one. Can only be made of constants and of what was quoted here.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sql {
    text: String,
    /// The same with its secrets masked.
    shown: String,
    /// What must not be seen, as it stands in the text.
    secrets: Vec<String>,
    /// Lines of ours at the beginning, which errors do not count; less than none where the person's are
    /// cut out of a file.
    lines_before: isize,
}

impl Sql {
    fn new(text: String) -> Self {
        Self {
            shown: text.clone(),
            text,
            secrets: Vec::new(),
            lines_before: 0,
        }
    }

    /// Words of ours.
    pub(crate) fn constant(text: &'static str) -> Self {
        Self::new(text.to_owned())
    }

    /// Statements that a person wrote, as they are.
    pub(crate) fn written(text: &str) -> Result<Self> {
        quote::no_nul(text)?;
        Ok(Self::new(text.to_owned()))
    }

    /// Fills each `{name}` of a constant. Braces around anything else stay as they are.
    pub(crate) fn fill(template: &'static str, parts: &[(&str, Self)]) -> Self {
        let mut filled = Self::new(String::with_capacity(template.len() + 64));
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let after = &rest[open + 1..];
            let part = after.find('}').and_then(|close| {
                let (_, part) = parts.iter().find(|(name, _)| *name == &after[..close])?;
                Some((part, close))
            });
            if let Some((part, close)) = part {
                filled.push(&rest[..open]);
                filled.append(part);
                rest = &after[close + 1..];
            } else {
                filled.push(&rest[..=open]);
                rest = after;
            }
        }
        filled.push(rest);
        filled
    }

    /// Pieces one after the other, with a constant between them.
    pub(crate) fn join(parts: &[Self], between: &'static str) -> Self {
        let mut joined = Self::new(String::new());
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                joined.push(between);
            }
            joined.append(part);
        }
        joined
    }

    /// Stops by itself after a time. Not for statements with parameters, which must be alone.
    pub(crate) fn within(self, time: Duration) -> Self {
        let milliseconds = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let mut timed = Self::fill(
            "set local statement_timeout = {milliseconds};\n",
            &[("milliseconds", number(milliseconds))],
        );
        timed.lines_before = 1;
        timed.append(&self);
        timed
    }

    /// The same; errors count its lines as if the first had this number.
    pub(crate) fn counted_from(self, line: usize) -> Self {
        Self {
            lines_before: isize::try_from(line).map_or(0, |line| 1 - line),
            ..self
        }
    }

    /// The statement as it may be shown: secrets masked.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.shown.push_str(text);
    }

    fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.shown.push_str(&other.shown);
        self.secrets.extend_from_slice(&other.secrets);
    }
}

impl fmt::Debug for Sql {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sql({})", self.shown)
    }
}

impl Api {
    /// Asks something of ours that only reads: as the read-only user and without a search path, so
    /// every name must be qualified.
    pub(crate) async fn catalog<T: DeserializeOwned>(
        &self,
        project: &ProjectRef,
        sql: &Sql,
        parameters: &[Value],
    ) -> Result<Vec<T>> {
        let request = Request::post(
            "/v1/projects/{}/database/query/read-only",
            &[project.as_str()],
        )
        .safe()
        .needs("database_read");
        self.run_sql(request, project, (sql, parameters), None)
            .await
    }

    /// Asks what a person wrote, in a transaction that can only read.
    pub(crate) async fn query<T: DeserializeOwned>(
        &self,
        project: &ProjectRef,
        sql: &Sql,
        parameters: &[Value],
    ) -> Result<Vec<T>> {
        let request = Request::post("/v1/projects/{}/database/query", &[project.as_str()])
            .safe()
            .needs("database_read");
        self.run_sql(request, project, (sql, parameters), Some(true))
            .await
    }

    /// Asks something of ours that only reads and needs to see more than the read-only user may.
    pub(crate) async fn catalog_as_postgres<T: DeserializeOwned>(
        &self,
        project: &ProjectRef,
        sql: &Sql,
    ) -> Result<Vec<T>> {
        let request = Request::post("/v1/projects/{}/database/query", &[project.as_str()])
            .safe()
            .needs("database_write");
        self.run_sql(request, project, (sql, &[]), None).await
    }

    /// Runs what may change something, as `postgres`.
    pub(crate) async fn execute<T: DeserializeOwned>(
        &self,
        project: &ProjectRef,
        sql: &Sql,
        parameters: &[Value],
    ) -> Result<Vec<T>> {
        let request = Request::post("/v1/projects/{}/database/query", &[project.as_str()])
            .needs("database_write");
        self.run_sql(request, project, (sql, parameters), None)
            .await
    }

    async fn run_sql<T: DeserializeOwned>(
        &self,
        mut request: Request,
        project: &ProjectRef,
        (sql, parameters): (&Sql, &[Value]),
        read_only: Option<bool>,
    ) -> Result<Vec<T>> {
        let body = |query: &str| {
            let mut body = json!({"query": query});
            if !parameters.is_empty() {
                body["parameters"] = json!(parameters);
            }
            if let Some(read_only) = read_only {
                body["read_only"] = json!(read_only);
            }
            body
        };
        request.body = Body::Sql {
            body: body(&sql.text),
            shown: body(&sql.shown),
        };
        let error = match self.client.send(request).await {
            Ok(answer) => return answer.list(),
            Err(error) => error::explain(error, sql),
        };
        // A paused project has no database, which the service tells as a connection that failed.
        if error::may_be_paused(&error) {
            self.read_fresh();
            let found = self.project(project).await;
            if let Ok(found) = &found
                && matches!(found.text("status"), Some("INACTIVE" | "PAUSING"))
            {
                let message = format!("project {project} is paused, and so is its database");
                return Err(ApiError::new(Code::ProjectPaused, message).into());
            }
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let parts = [
            ("a", literal("{b}").unwrap()),
            ("b", secret_literal("x", None).unwrap()),
        ];
        let sql = Sql::fill("select {a}, '{}', '{\"c\": {b}}', {c} {", &parts);
        assert_eq!(sql.text, "select '{b}', '{}', '{\"c\": 'x'}', {c} {");
        assert_eq!(
            sql.shown,
            "select '{b}', '{}', '{\"c\": '********'}', {c} {"
        );
        let joined = Sql::join(&[sql, Sql::constant("end")], ";\n");
        assert!(joined.shown.ends_with("{;\nend"));
        assert_eq!(joined.secrets, ["x", "x"]);
    }
}
