//! One row with all that belongs to it: what every `get` shows.

use serde_json::{Value, json};

use super::range::shown;
use crate::api::logs::{Range, Wanted};
use crate::api::{ApiError, Object};
use crate::app::App;
use crate::error::{Code, Result};
use crate::output::canvas::{Canvas, Ink, Line, wide, wrapped};
use crate::output::{Column, Drawing, Reply};

/// What stands in a row of its own, before the attributes.
const KEYS: [&str; 5] = ["id", "logged_at", "source", "severity", "message"];

const DRAWING: Drawing = Drawing {
    draw,
    rows: pairs,
    columns: &[Column::new("key", "Key"), Column::new("value", "Value")],
};

/// Finds the row of an id, and what belongs to it.
pub(super) async fn get(
    app: &App,
    wanted: &Wanted,
    sources: &[&str],
    range: Range,
) -> Result<Reply> {
    if let Wanted::Row(id) = wanted
        && !sources.is_empty()
        && !sources.contains(&id.source.as_str())
    {
        let other = format!("`supactl logs errors get {id}` shows rows of any source");
        return Err(ApiError::new(
            Code::NotFound,
            format!("`{}` is not among the sources here", id.source),
        )
        .with_hint(other)
        .into());
    }
    let project = app.project().await?;
    let api = app.api()?;
    let Some(row) = api.log_row(&project, wanted, sources, &range).await? else {
        return Err(missing(wanted, &range).into());
    };
    let related = api.related_log_rows(&project, &row).await?;
    let related = related.into_iter().map(Value::Object).collect();
    let data = Object::from_iter([
        ("row".to_owned(), Value::Object(row)),
        ("related".to_owned(), Value::Array(related)),
    ]);
    Ok(Reply::drawn(data, &DRAWING))
}

fn missing(wanted: &Wanted, range: &Range) -> ApiError {
    match wanted {
        Wanted::Row(_) => ApiError::new(Code::NotFound, format!("there is no log row `{wanted}`"))
            .with_hint("rows go when the plan's retention is over: after 1 day on Free, 7 on Pro, 28 on Team"),
        Wanted::Uuid(_) => ApiError::new(
            Code::NotFound,
            format!("there is no log row `{wanted}` from {} to {}", shown(range.since), shown(range.end())),
        )
        .with_hint("`--since 28d` looks further back; an id as the lists print it is found at once"),
    }
}

/// The properties of the row: its own, then its attributes.
fn properties(data: &Object) -> Vec<(String, String)> {
    let row = &data["row"];
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let own = KEYS.iter().map(|key| ((*key).to_owned(), &row[*key]));
    let attributes = row["attributes"].as_object().into_iter().flatten();
    let attributes = attributes.map(|(key, value)| (key.clone(), value));
    let all = own.chain(attributes).filter(|(_, value)| !value.is_null());
    all.map(|(key, value)| (key, text(value))).collect()
}

/// What belongs to it: when, where from, how bad, what.
fn relatives(data: &Object) -> impl Iterator<Item = [&str; 4]> {
    let related = data["related"].as_array().into_iter().flatten();
    related.map(|row| {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        [
            text("logged_at"),
            text("source"),
            text("level"),
            text("message"),
        ]
    })
}

fn pairs(data: &Object) -> Vec<Object> {
    let pair = |key: &str, value: &str| {
        Object::from_iter([
            ("key".to_owned(), json!(key)),
            ("value".to_owned(), json!(value)),
        ])
    };
    let own = properties(data);
    let own = own.iter().map(|(key, value)| pair(key, value));
    let related = relatives(data).map(|parts| pair("related", &parts.join(" ")));
    own.chain(related).collect()
}

fn draw(data: &Object, canvas: &Canvas) -> Vec<Line> {
    let properties = properties(data);
    let widest = properties
        .iter()
        .map(|(key, _)| wide(key))
        .max()
        .unwrap_or(0);
    // Half of the line is for what is said, whatever the names are.
    let width = widest.min(canvas.width / 2);
    let mut lines = Vec::new();
    for (key, value) in &properties {
        let value = if key == "logged_at" {
            canvas.time(value)
        } else {
            value.clone()
        };
        folded(
            &mut lines,
            &Line::new().column(Ink::Dim, key, width).gap(2),
            &value,
            canvas,
            Ink::Plain,
        );
    }
    for (place, [time, source, level, message]) in relatives(data).enumerate() {
        if place == 0 {
            lines.push(Line::new());
        }
        let ink = match level {
            "error" => Ink::Bad,
            "warn" | "warning" => Ink::Warn,
            _ => Ink::Dim,
        };
        let word = if level.is_empty() { source } else { level };
        let head = Line::new()
            .text(Ink::Dim, &canvas.time(time))
            .gap(2)
            .column(ink, word, 13)
            .gap(2);
        folded(&mut lines, &head, message, canvas, Ink::Plain);
    }
    lines
}

/// A text beside its head, on as many lines as it has and needs.
fn folded(lines: &mut Vec<Line>, head: &Line, text: &str, canvas: &Canvas, ink: Ink) {
    let width = canvas.width.saturating_sub(head.width()).max(20);
    let mut parts: Vec<String> = text
        .trim_end()
        .lines()
        .flat_map(|line| wrapped(line, width))
        .collect();
    if parts.is_empty() {
        parts.push(String::new());
    }
    for (place, part) in parts.iter().enumerate() {
        let start = if place == 0 {
            head.clone()
        } else {
            Line::new().gap(head.width())
        };
        lines.push(start.text(ink, part));
    }
}
