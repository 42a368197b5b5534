//! Logs of a project (`/v1/projects/{ref}/analytics/endpoints/logs`): log SQL over windows of time.
//!
//! Failures come inside an answer that says 200, a thousand rows are the most, and ten requests a
//! minute. `search` says what is asked, `walk` how a long stretch is gone through.

mod budget;
mod follow;
pub(crate) mod literal;
mod rows;
mod search;
mod stats;
mod walk;
pub(crate) mod window;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) use budget::Budget;
pub(crate) use follow::{Follow, OVERLAP};
pub(crate) use rows::{LogId, Wanted, level_of, listed};
pub(crate) use search::{
    FUNCTION_MEASURES, Level, REQUEST_MEASURES, SERVICES, Search, Statuses, error_measures,
};
pub(crate) use stats::{LONGEST_INTERVAL, Measures, Stats};
pub(crate) use walk::{Ask, Order, Walk};
pub(crate) use window::{Range, Window};

use super::Api;
use super::answer::json_value;
use super::cache;
use super::error::ApiError;
use super::ids::ProjectRef;
use super::record::Object;
use super::request::Request;
use crate::error::{Code, Error, Result};

/// The most rows of an answer. What is beyond is left out, and nothing says so.
pub(crate) const PAGE: usize = 1000;

/// What is said of a query that may be bad and of a service that may be unwell: one sentence for both.
const CATCH_ALL: &str = "Backend error";

/// How often such a query is sent again, and after how long.
const SECOND_TRIES: u32 = 2;
const SECOND_TRY_AFTER: std::time::Duration = std::time::Duration::from_secs(5);

/// Shown under the permissions of a token.
const PERMISSION: &str = "analytics_logs_read";

/// A whole answer.
struct Page {
    result: Value,
    error: Value,
}

impl Api {
    /// The rows that a statement finds in a window, a thousand at most.
    ///
    /// # Errors
    /// `query_failed` where the service refuses the statement, `timeout` where it takes too long.
    pub(crate) async fn log_rows(
        &self,
        project: &ProjectRef,
        sql: &str,
        window: Window,
    ) -> Result<Vec<Object>> {
        if !literal::fits(sql) {
            return Err(Error::invalid_with_hint(
                "the log query is longer than the service takes, which is 7,500 bytes as they are sent",
                "search for a shorter text, or for fewer things at once",
            ));
        }
        for _ in 0..self.client.log_tries(SECOND_TRIES) {
            match self.log_page(project, sql, window).await {
                Err(Error::Api(error)) if error.message.starts_with(CATCH_ALL) => {
                    self.client.rest(&error.message, SECOND_TRY_AFTER).await;
                }
                other => return other,
            }
        }
        self.log_page(project, sql, window).await
    }

    async fn log_page(
        &self,
        project: &ProjectRef,
        sql: &str,
        window: Window,
    ) -> Result<Vec<Object>> {
        self.client.wait_for_logs(project).await;
        let request = Request::get(
            "/v1/projects/{}/analytics/endpoints/logs",
            &[project.as_str()],
        )
        .needs(PERMISSION)
        .query("sql", Some(sql))
        .query("iso_timestamp_start", Some(written(window.from)))
        .query("iso_timestamp_end", Some(written(window.to)));
        let answer = self.client.send(request).await.map_err(in_words)?;
        self.client.note_log_limit(&answer);
        read(answer.value()?)
    }
}

impl Page {
    fn new(mut answer: Value) -> Self {
        let mut take = |key| answer.get_mut(key).map(Value::take).unwrap_or_default();
        Self {
            result: take("result"),
            error: take("error"),
        }
    }

    /// What the service says went wrong, if it does.
    fn trouble(&self) -> Option<String> {
        match &self.error {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => {
                let message = other.get("message").and_then(Value::as_str);
                Some(message.map_or_else(|| other.to_string(), str::to_owned))
            }
        }
    }
}

/// The rows of an answer, as a list shows them.
pub(crate) fn page_rows(body: &[u8], keys: &[String]) -> Result<Vec<Object>> {
    let answer = json_value(body).map_err(|error| Error::Internal(error.to_string()))?;
    let rows = read(answer)?;
    Ok(rows.into_iter().map(|row| listed(row, keys)).collect())
}

fn read(answer: Value) -> Result<Vec<Object>> {
    let page = Page::new(answer);
    if let Some(text) = page.trouble() {
        return Err(refused(&text, &page.error).into());
    }
    match page.result {
        Value::Array(rows) => Ok(rows.into_iter().map(row).collect()),
        other => {
            let body = other.to_string();
            Err(ApiError::malformed(200, body.as_bytes(), &"`result` is no list").into())
        }
    }
}

/// A row as an object; what is none is kept under a key.
fn row(value: Value) -> Object {
    match value {
        Value::Object(row) => row,
        odd => Object::from_iter([("value".to_owned(), odd)]),
    }
}

/// An error inside a 200.
fn refused(text: &str, details: &Value) -> ApiError {
    let (code, hint) = if text.starts_with("Query timed out") {
        (
            Code::Timeout,
            "ask for a shorter time with `--since` and `--until`, or narrow it down",
        )
    } else if text.starts_with(CATCH_ALL) {
        (
            Code::QueryFailed,
            "it says this of a bad query too: check types, and that all columns are grouped or aggregated",
        )
    } else if text.starts_with("Field ") {
        (
            Code::QueryFailed,
            "the columns are id, timestamp, event_message, severity_text, source and log_attributes['key']; `supactl logs sources` shows the keys",
        )
    } else if text.contains("wildcard") {
        (
            Code::QueryFailed,
            "name the columns instead of `*`, and write `count()`",
        )
    } else if text.starts_with("Table not found") {
        (
            Code::QueryFailed,
            "there is one table, `logs`; what used to be tables are values of its column `source`",
        )
    } else {
        (
            Code::QueryFailed,
            "log SQL is one SELECT in ClickHouse's dialect over the table `logs`",
        )
    };
    ApiError {
        status: Some(200),
        details: details.is_object().then(|| details.clone()),
        ..ApiError::new(code, text)
    }
    .with_hint(hint)
}

/// The statuses that mean something of their own here.
fn in_words(error: Error) -> Error {
    let Error::Api(error) = error else {
        return error;
    };
    let hint = match error.status {
        Some(402) => {
            "the organization's allowance for log queries is used up: shorter windows cost less, and https://supabase.com/dashboard/org/_/usage shows what is left"
        }
        Some(410) => {
            "this way to the logs was removed: a newer release of supactl may know the new one"
        }
        Some(429) if error.hint.is_none() => {
            "ten log queries a minute are allowed for a token and a project, those of other programs included"
        }
        _ => return error.into(),
    };
    error.with_hint(hint).into()
}

/// A bound as the service takes it.
fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What the budget of a token for a project is filed under.
pub(super) fn budget_name(host: &str, asker: &str, project: &ProjectRef) -> String {
    cache::fingerprint(&[host, asker, project.as_str()])
}

/// How far around a row its relatives are looked for.
const RELATED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// How far around its time the row of a log id is looked for.
const ROW_WITHIN: SignedDuration = SignedDuration::from_secs(60);

impl Api {
    /// The row of an id: in one small window where the id says when it was, else going back
    /// through `range`, a day at a time. `sources` are those that a bare id may be of, or all.
    pub(crate) async fn log_row(
        &self,
        project: &ProjectRef,
        wanted: &Wanted,
        sources: &[&str],
        range: &Range,
    ) -> Result<Option<Object>> {
        let uuid = match wanted {
            Wanted::Row(id) => {
                let window = around(id.time(), ROW_WITHIN);
                let found = self.log_rows(project, &search::one(id), window).await?;
                return Ok(found.into_iter().next().map(rows::whole));
            }
            Wanted::Uuid(uuid) => uuid,
        };
        let sql = search::one_of(sources, uuid);
        let mut rest = range.window();
        while rest.minutes() > 0 {
            let piece = window::last_piece(rest, window::LONGEST);
            rest.to = piece.from;
            let found = self.log_rows(project, &sql, piece).await?;
            if let Some(row) = found.into_iter().next() {
                return Ok(Some(rows::whole(row)));
            }
        }
        Ok(None)
    }

    /// What belongs to a row: all of its execution's console, else rows that share an id with it.
    pub(crate) async fn related_log_rows(
        &self,
        project: &ProjectRef,
        row: &Object,
    ) -> Result<Vec<Object>> {
        let Some(id) = row
            .get("id")
            .and_then(Value::as_str)
            .and_then(|id| id.parse::<LogId>().ok())
        else {
            return Ok(Vec::new());
        };
        let ties = rows::ties(row);
        let sql = match rows::execution(row) {
            Some(execution) => search::console(&execution),
            None if ties.is_empty() => return Ok(Vec::new()),
            None => search::related(&ties, &id),
        };
        let found = self
            .log_rows(project, &sql, around(id.time(), RELATED_WITHIN))
            .await?;
        Ok(found
            .into_iter()
            .map(|row| rows::listed(row, &[]))
            .collect())
    }

    /// What a search finds, counted by source and code, the most frequent first.
    ///
    /// Counts of several windows add up; a sample is of the newest of them.
    pub(crate) async fn log_groups(
        &self,
        project: &ProjectRef,
        search: &Search,
        range: &Range,
    ) -> Result<Vec<Object>> {
        let mut groups = rows::Groups::default();
        let mut rest = range.window();
        while rest.minutes() > 0 {
            let piece = window::last_piece(rest, window::LONGEST);
            rest.to = piece.from;
            let sql = search.groups(&walk::range_bounds(range, piece));
            groups.add(self.log_rows(project, &sql, piece).await?);
        }
        Ok(groups.sorted())
    }

    /// The sources that have rows in a window, with their counts and the keys of their attributes.
    pub(crate) async fn log_sources(
        &self,
        project: &ProjectRef,
        sources: &[String],
        window: Window,
    ) -> Result<Vec<Object>> {
        let found = self
            .log_rows(project, &search::sources(sources), window)
            .await?;
        let keys = self
            .log_rows(project, &search::keys(sources), window)
            .await?;
        let count = |row: &Object| {
            row.get("n")
                .and_then(rows::integer)
                .map_or(Value::Null, Value::from)
        };
        let list = found.iter().map(|row| {
            let source = row.get("source").cloned().unwrap_or(Value::Null);
            let of_it = keys.iter().filter(|key| key.get("source") == Some(&source));
            let of_it = of_it.map(|key| json!({"key": key.get("key"), "count": count(key)}));
            let keys: Vec<Value> = of_it.collect();
            let mut one = Object::new();
            one.insert("source".to_owned(), source);
            one.insert("count".to_owned(), count(row));
            one.insert("keys".to_owned(), Value::Array(keys));
            one
        });
        Ok(list.collect())
    }
}

fn around(time: Timestamp, distance: SignedDuration) -> Window {
    let (from, to) = (time.saturating_sub(distance), time.saturating_add(distance));
    Window::around(from.unwrap_or(time), to.unwrap_or(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_its_rows_or_what_went_wrong() {
        let page = |body: &str| page_rows(body.as_bytes(), &[]);
        let rows = page(r#"{"result": [{"log_id": "a", "ts_us": 1, "source": "edge_logs"}, 5]}"#);
        let rows = rows.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["id"], "edge_logs/1/a");
        assert_eq!(page(r#"{"result": []}"#).unwrap(), Vec::<Object>::new());
        for wrong in [
            r#"{"result": [], "error": "no"}"#,
            r#"{"result": null}"#,
            r#"{"error": {"message": "no"}}"#,
            "{",
        ] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_within_a_success_keeps_what_the_service_said() {
        let details = json!({"code": 400, "message": "no"});
        let error = refused("no", &details);
        assert_eq!(
            (error.code, error.status, error.details),
            (Code::QueryFailed, Some(200), Some(details))
        );
        let error = refused("Query timed out", &json!("Query timed out"));
        assert_eq!((error.code, error.details), (Code::Timeout, None));
    }

    #[test]
    fn statuses_that_mean_something_of_their_own_have_a_hint() {
        let hint = |status: u16, known: Option<&str>| {
            let error = ApiError {
                status: Some(status),
                hint: known.map(str::to_owned),
                ..ApiError::new(Code::RateLimited, "no")
            };
            let Error::Api(error) = in_words(error.into()) else {
                unreachable!()
            };
            error.hint.unwrap_or_default()
        };
        assert!(hint(402, None).contains("allowance"));
        assert!(hint(410, None).contains("removed"));
        assert!(hint(429, None).contains("ten log queries"));
        assert_eq!(hint(429, Some("wait 5 s")), "wait 5 s");
        assert_eq!(hint(500, None), "");
    }
}
