//! The logs endpoint: a window of rows, one flat SELECT over them, errors inside a 200.
//!
//! `sql` reads and checks the SQL, `eval` runs it with `functions`, `rows` makes the rows.

mod eval;
mod functions;
mod rows;
mod sql;

use jiff::{SignedDuration, Timestamp, Unit, civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};

use crate::sandbox::management::{Route, Row};
use crate::sandbox::server::{Asked, Told};
use sql::Refusal;

pub(super) const ROUTES: &[Row] = &[
    (
        "GET",
        "/v1/projects/{}/analytics/endpoints/logs",
        Route::Do(logs),
    ),
    (
        "GET",
        "/v1/projects/{}/analytics/endpoints/logs.all",
        Route::Do(gone),
    ),
];

/// The most rows of an answer; what is beyond is left out without a word.
const CAP: usize = 1000;

fn gone(_: &mut Value, _: Timestamp, _: &[&str], _: &Asked) -> Told {
    Told::message(
        410,
        "The logs.all endpoint has been removed. Use the logs endpoint instead.",
    )
}

fn logs(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let window = match window(asked) {
        Ok(Some(window)) => window,
        Ok(None) => return trouble(sql::GENERIC),
        Err(message) => return Told::message(400, message),
    };
    let project = &state["projects"][parts[0]];
    let rows = rows::rows(parts[0], project, window, now);
    let answered = sql::parse(asked.query("sql").unwrap_or_default())
        .and_then(|select| eval::run(&select, &rows, now.as_microsecond(), CAP));
    match answered {
        Ok(rows) => Told::json(200, &json!({"result": rows, "error": null})),
        Err(Refusal::Said(text)) => trouble(&text),
        Err(Refusal::Lacks(what)) => {
            Told::message(501, &format!("the sandbox's logs do not have {what}"))
        }
    }
}

/// What a statement finds in a stretch of time, a day at most.
pub(super) fn find(
    state: &Value,
    reference: &str,
    statement: &str,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> Option<Value> {
    let window = (from.as_microsecond(), to.as_microsecond());
    let rows = rows::rows(reference, &state["projects"][reference], window, now);
    let select = sql::parse(statement).ok()?;
    eval::run(&select, &rows, now.as_microsecond(), CAP).ok()
}

fn trouble(text: &str) -> Told {
    Told::json(200, &json!({"result": null, "error": text}))
}

/// The bounds in microseconds: both on the minute, at most 24 hours apart. `None` without any.
fn window(asked: &Asked) -> Result<Option<(i64, i64)>, &'static str> {
    let bound = |name: &str| match asked.query(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => read(text)
            .map(Some)
            .ok_or("iso_timestamp_start and iso_timestamp_end must be ISO 8601 dates"),
    };
    let minute = SignedDuration::from_mins(1);
    let floor = |time: Timestamp| {
        let minutes = jiff::TimestampRound::new()
            .smallest(Unit::Minute)
            .mode(jiff::RoundMode::Floor);
        time.round(minutes).unwrap_or(time).as_microsecond()
    };
    let (from, to) = match (bound("iso_timestamp_start")?, bound("iso_timestamp_end")?) {
        (None, None) => return Ok(None),
        // Only one of them: a minute, whatever the documentation says.
        (Some(from), None) => (from, from.saturating_add(minute).unwrap_or(from)),
        (None, Some(to)) => (to.saturating_sub(minute).unwrap_or(to), to),
        (Some(from), Some(to)) => (from, to),
    };
    let (from, to) = (floor(from), floor(to));
    if from > to {
        return Err("iso_timestamp_start must be before iso_timestamp_end");
    }
    // Longer ones lose their newest hours, silently.
    Ok(Some((from, to.min(from + 24 * 3_600_000_000))))
}

/// A time with a zone, or in UTC.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let time: DateTime = text.parse().ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}
