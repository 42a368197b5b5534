//! Rows of the logs as scripts know them, and the ids by which they are asked for.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::record::Object;
use super::search::{CONSOLE, GATEWAY, INVOCATIONS, Level};

/// Where a row stands: `<source>/<ts_us>/<uuid>`. With it a row is found in one small query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogId {
    pub(crate) source: String,
    pub(crate) micros: i64,
    pub(crate) uuid: String,
}

impl LogId {
    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::from_microsecond(self.micros).unwrap_or_default()
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.source, self.micros, self.uuid)
    }
}

impl FromStr for LogId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, '/');
        let (Some(source), Some(micros), Some(uuid)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(());
        };
        let micros: i64 = micros.parse().map_err(|_| ())?;
        let is_source = !source.is_empty()
            && source
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_time = Timestamp::from_microsecond(micros).is_ok();
        if is_source && is_time && is_uuid(uuid) {
            return Ok(Self {
                source: source.to_owned(),
                micros,
                uuid: uuid.to_ascii_lowercase(),
            });
        }
        Err(())
    }
}

/// What `get` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A row of which all is known.
    Row(LogId),
    /// The id of a row or of an execution, at whatever time.
    Uuid(String),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Row(id));
        }
        if is_uuid(text) {
            return Ok(Self::Uuid(text.to_ascii_lowercase()));
        }
        Err(format!(
            "`{text}` is not the id of a log row: write one as the lists print it, `<source>/<microseconds>/<uuid>`, or a bare UUID"
        ))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(id) => id.fmt(formatter),
            Self::Uuid(uuid) => formatter.write_str(uuid),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A row of a list: its id and its time first, then its properties. What is absent is null, which
/// the database tells as an empty text.
pub(crate) fn listed(mut row: Object, keys: &[String]) -> Object {
    let id = id(&row);
    let time = id.as_ref().map(LogId::time).or_else(|| timestamp(&row));
    row.shift_remove("log_id");
    row.shift_remove("ts_us");
    for (key, value) in &mut row {
        match key.as_str() {
            "message" => {}
            "status_code" | "duration_ms" => *value = number(value.take()),
            _ => *value = present(value.take()),
        }
    }
    row.shift_insert(0, "logged_at".to_owned(), written(time));
    let id = id.map_or(Value::Null, |id| Value::String(id.to_string()));
    row.shift_insert(0, "id".to_owned(), id);
    // The service sends all of them; what an odd row lacks is null.
    for key in keys {
        if !row.contains_key(key) {
            row.insert(key.clone(), Value::Null);
        }
    }
    row
}

/// A row of `get`: everything.
pub(super) fn whole(mut raw: Object) -> Object {
    let id = id(&raw);
    let take = |raw: &mut Object, key: &str| raw.shift_remove(key).unwrap_or(Value::Null);
    let mut row = Object::with_capacity(8);
    row.insert(
        "id".to_owned(),
        id.as_ref().map_or(Value::Null, |id| json!(id.to_string())),
    );
    row.insert(
        "logged_at".to_owned(),
        written(id.as_ref().map(LogId::time)),
    );
    row.insert("source".to_owned(), take(&mut raw, "source"));
    row.insert(
        "severity".to_owned(),
        present(take(&mut raw, "severity_text")),
    );
    row.insert("message".to_owned(), take(&mut raw, "event_message"));
    row.insert(
        "attributes".to_owned(),
        attributes(take(&mut raw, "log_attributes")),
    );
    raw.shift_remove("log_id");
    raw.shift_remove("ts_us");
    row.extend(raw);
    row
}

/// Some releases of the service write a map as its JSON.
fn attributes(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

/// The id of a row that has all that belongs to one.
pub(crate) fn id(raw: &Object) -> Option<LogId> {
    Some(LogId {
        source: raw.get("source")?.as_str()?.to_owned(),
        micros: integer(raw.get("ts_us")?)?,
        uuid: raw.get("log_id")?.as_str()?.to_owned(),
    })
}

fn timestamp(raw: &Object) -> Option<Timestamp> {
    Timestamp::from_microsecond(integer(raw.get("ts_us")?)?).ok()
}

/// A whole number, be it written as a number or as text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

fn number(value: Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::Null,
        Value::String(text) => match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
            (Ok(whole), _) => whole.into(),
            (_, Ok(number)) => number.into(),
            _ => Value::String(text),
        },
        other => other,
    }
}

fn present(value: Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::Null,
        other => other,
    }
}

/// RFC 3339 with all that the service knows, always of the same length.
pub(crate) fn written(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| Value::String(format!("{time:.6}")))
}

/// How bad a row is by its source's own words. A list of errors has nothing else in it.
pub(crate) fn level_of(row: &Object) -> Level {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let (source, severity) = (text("source"), text("severity").to_ascii_lowercase());
    let status = row.get("code").and_then(integer).unwrap_or(0);
    let by_word = match severity.as_str() {
        "warn" | "warning" => Some(Level::Warning),
        "error" | "fatal" | "panic" | "critical" => Some(Level::Error),
        _ => None,
    };
    match source {
        GATEWAY | INVOCATIONS => by_status(status),
        "auth_logs" | "storage_logs" => match by_word {
            Some(Level::Error) => Level::Error,
            _ => by_status(status),
        },
        _ => by_word.unwrap_or(Level::Error),
    }
}

fn by_status(status: i64) -> Level {
    if status >= 500 {
        Level::Error
    } else {
        Level::Warning
    }
}

/// Errors counted by source and code, from several windows of which the newest came first.
#[derive(Default)]
pub(super) struct Groups(Vec<Group>);

struct Group {
    source: Value,
    code: Value,
    count: i64,
    first: Option<i64>,
    last: Option<i64>,
    sample: Value,
}

impl Groups {
    pub(super) fn add(&mut self, found: Vec<Object>) {
        for mut row in found {
            let mut take = |key: &str| row.shift_remove(key).unwrap_or(Value::Null);
            let (source, code) = (take("source"), present(take("code")));
            let (first, last) = (integer(&take("first_us")), integer(&take("last_us")));
            let count = integer(&take("n")).unwrap_or(0);
            let sample = take("sample");
            let known = self
                .0
                .iter_mut()
                .find(|group| group.source == source && group.code == code);
            if let Some(group) = known {
                group.count += count;
                group.first = first.or(group.first);
            } else {
                self.0.push(Group {
                    source,
                    code,
                    count,
                    first,
                    last,
                    sample,
                });
            }
        }
    }

    pub(super) fn sorted(mut self) -> Vec<Object> {
        self.0.sort_by_key(|group| std::cmp::Reverse(group.count));
        let time = |micros: Option<i64>| {
            written(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
        };
        let object = |group: Group| {
            Object::from_iter([
                ("source".to_owned(), group.source),
                ("code".to_owned(), group.code),
                ("count".to_owned(), group.count.into()),
                ("first_at".to_owned(), time(group.first)),
                ("last_at".to_owned(), time(group.last)),
                ("sample".to_owned(), group.sample),
            ])
        };
        self.0.into_iter().map(object).collect()
    }
}

/// The ids by which other rows can belong to this one.
pub(super) fn ties(row: &Object) -> Vec<String> {
    let Some(attributes) = row.get("attributes").and_then(Value::as_object) else {
        return Vec::new();
    };
    let keys = [
        "execution_id",
        "request_id",
        "reqId",
        "request.headers.cf_ray",
        "req.headers.cf_ray",
        "response.headers.sb_request_id",
    ];
    let mut ties: Vec<String> = Vec::new();
    for value in keys.iter().filter_map(|key| attributes.get(*key)?.as_str()) {
        if !value.is_empty() && !ties.iter().any(|tie| tie == value) {
            ties.push(value.to_owned());
        }
    }
    ties
}

/// The execution that a row belongs to.
pub(super) fn execution(row: &Object) -> Option<String> {
    let id = row.get("attributes")?.get("execution_id")?.as_str()?;
    let source = row.get("source")?.as_str()?;
    (!id.is_empty() && matches!(source, INVOCATIONS | CONSOLE)).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(value: &Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn rows_are_read_whatever_is_missing() {
        let raw = json!({"log_id": "ab", "ts_us": "1791626403000001", "source": "edge_logs", "method": "", "status_code": "500", "duration_ms": 1.5, "message": ""});
        assert_eq!(
            Value::from(listed(object(&raw), &[])).to_string(),
            r#"{"id":"edge_logs/1791626403000001/ab","logged_at":"2026-10-10T10:00:03.000001Z","source":"edge_logs","method":null,"status_code":500,"duration_ms":1.5,"message":""}"#
        );
        for odd in [
            json!({}),
            json!({"ts_us": "soon", "log_id": 5}),
            json!({"value": "odd"}),
            json!({"ts_us": 1e30, "source": null}),
        ] {
            let row = listed(object(&odd), &[]);
            assert_eq!(
                (&row["id"], &row["logged_at"]),
                (&Value::Null, &Value::Null),
                "{odd}"
            );
            whole(object(&odd));
        }
    }

    #[test]
    fn an_id_says_where_to_look() {
        let id = "edge_logs/1791626403000001/0F0E0D0C-0000-4000-8000-000000000001";
        let Ok(Wanted::Row(row)) = id.parse() else {
            panic!()
        };
        assert_eq!(row.to_string(), id.to_lowercase());
        assert!(matches!("0f0e".parse(), Ok(Wanted::Uuid(_))));
        for bad in [
            "",
            "x'y",
            "edge_logs/1/",
            "edge_logs/x/ab",
            "edge'logs/1/ab",
            "/1/ab",
            "edge_logs/1/ab/c",
            "edge_logs/99999999999999999999/ab",
        ] {
            assert!(bad.parse::<Wanted>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_asked_for_is_told_as_it_was_understood() {
        for (text, told) in [
            ("edge_logs/1/0F0E", "edge_logs/1/0f0e"),
            ("0F0E-4000", "0f0e-4000"),
        ] {
            assert_eq!(text.parse::<Wanted>().unwrap().to_string(), told);
        }
    }

    #[test]
    fn a_row_has_each_key_that_a_list_promises() {
        let keys = ["id", "logged_at", "source", "method", "path"].map(str::to_owned);
        let text = |raw: &Value| Value::from(listed(object(raw), &keys)).to_string();
        for (name, raw, expected) in [
            (
                "a time without an id",
                json!({"ts_us": 1, "path": "/"}),
                r#"{"id":null,"logged_at":"1970-01-01T00:00:00.000001Z","path":"/","source":null,"method":null}"#,
            ),
            (
                "as many keys, but others",
                json!({"source": "edge_logs", "method": "GET", "odd": 1}),
                r#"{"id":null,"logged_at":null,"source":"edge_logs","method":"GET","odd":1,"path":null}"#,
            ),
        ] {
            assert_eq!(text(&raw), expected, "{name}");
        }
    }

    #[test]
    fn numbers_are_read_however_they_are_written() {
        for (written, read) in [
            (json!(""), json!(null)),
            (json!("200"), json!(200)),
            (json!(" 1.5 "), json!(1.5)),
            (json!("nan"), json!(null)),
            (json!("soon"), json!("soon")),
            (json!(2.5), json!(2.5)),
            (json!(null), json!(null)),
        ] {
            assert_eq!(number(written.clone()), read, "{written}");
        }
    }

    #[test]
    fn each_source_has_its_own_words_for_how_bad_it_is() {
        use Level::{Error, Warning};
        for (source, severity, code, level) in [
            ("postgres_logs", "ERROR", "42P01", Error),
            ("postgres_logs", "PANIC", "XX000", Error),
            ("postgres_logs", "WARNING", "01000", Warning),
            ("edge_logs", "", "499", Warning),
            ("edge_logs", "", "500", Error),
            ("function_edge_logs", "", "404", Warning),
            ("function_edge_logs", "", "546", Error),
            // The worse one of level and status counts.
            ("auth_logs", "error", "400", Error),
            ("auth_logs", "fatal", "", Error),
            ("auth_logs", "warning", "400", Warning),
            ("auth_logs", "info", "500", Error),
            ("storage_logs", "error", "404", Error),
            ("storage_logs", "warn", "500", Error),
            ("storage_logs", "info", "404", Warning),
            ("function_logs", "warn", "", Warning),
            ("function_logs", "error", "", Error),
            ("realtime_logs", "Warning", "", Warning),
            ("realtime_logs", "CRITICAL", "", Error),
            ("realtime_logs", "", "", Error),
        ] {
            let row = json!({"source": source, "severity": severity, "code": code});
            assert_eq!(level_of(&object(&row)), level, "{row}");
        }
        let numbers = json!({"source": "edge_logs", "code": 404});
        assert_eq!(level_of(&object(&numbers)), Warning);
    }

    #[test]
    fn groups_of_one_source_and_code_become_one() {
        let group = |source: &str, code: &str, n: Value, first: Value, last: i64, sample: &str| {
            object(
                &json!({"source": source, "code": code, "n": n, "first_us": first, "last_us": last, "sample": sample}),
            )
        };
        let mut groups = Groups::default();
        groups.add(vec![
            group("edge_logs", "500", json!("3"), json!("40"), 60, "newest"),
            group("auth_logs", "500", json!(4), json!(41), 42, "other source"),
            group("edge_logs", "", json!(1), json!(43), 44, "no code"),
        ]);
        groups.add(vec![
            group("edge_logs", "500", json!(2), json!(10), 20, "older"),
            group("edge_logs", "503", json!(6), json!(15), 16, "other code"),
            group("auth_logs", "500", json!(0), json!(null), 12, "no time"),
        ]);
        let lines: Vec<String> = groups
            .sorted()
            .into_iter()
            .map(|row| {
                let text = |key: &str| row[key].to_string().replace('"', "");
                ["source", "code", "count", "first_at", "last_at", "sample"]
                    .map(text)
                    .join(" ")
                    .replace("1970-01-01T00:00:00.0000", "")
            })
            .collect();
        assert_eq!(
            lines,
            [
                "edge_logs 503 6 15Z 16Z other code",
                "edge_logs 500 5 10Z 60Z newest",
                "auth_logs 500 4 41Z 42Z other source",
                "edge_logs null 1 43Z 44Z no code",
            ]
        );
    }

    #[test]
    fn rows_are_tied_by_the_ids_that_they_have() {
        for (name, row, expected) in [
            ("no attributes", json!({}), vec![]),
            (
                "attributes that are none",
                json!({"attributes": "x"}),
                vec![],
            ),
            (
                "none of these ids",
                json!({"attributes": {"id": "a", "execution_id": "", "reqId": 5}}),
                vec![],
            ),
            (
                "several, and one twice",
                json!({"attributes": {"reqId": "c", "request_id": "b", "execution_id": "a", "req.headers.cf_ray": "b"}}),
                vec!["a", "b", "c"],
            ),
        ] {
            assert_eq!(ties(&object(&row)), expected, "{name}");
        }
    }

    #[test]
    fn calls_of_functions_and_their_console_have_an_execution() {
        for (source, id, expected) in [
            (INVOCATIONS, json!("a"), Some("a")),
            (CONSOLE, json!("a"), Some("a")),
            (GATEWAY, json!("a"), None),
            (INVOCATIONS, json!(""), None),
            (GATEWAY, json!(""), None),
            (INVOCATIONS, json!(5), None),
        ] {
            let row = json!({"source": source, "attributes": {"execution_id": id}});
            assert_eq!(execution(&object(&row)).as_deref(), expected, "{row}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_accepted(micros in 0_i64..9_000_000_000_000_000, uuid in "[0-9a-f]{8}-[0-9a-f]{4}") {
            let id = LogId { source: "auth_logs".to_owned(), micros, uuid };
            prop_assert_eq!(id.to_string().parse::<Wanted>(), Ok(Wanted::Row(id)));
        }
    }
}
