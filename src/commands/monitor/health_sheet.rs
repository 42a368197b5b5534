//! How health is shown: a row for each check, and the verdict below them.

use serde_json::{Value, json};

use super::verdict::Verdict;
use crate::api::Object;
use crate::output::canvas::{Canvas, Ink, Line, wide, wrapped};
use crate::output::{Column, Drawing};

/// The `data` of a reply.
pub(super) fn data(verdict: Verdict, reason: &str, checks: Vec<Value>) -> Object {
    Object::from_iter([
        ("verdict".to_owned(), json!(verdict.as_str())),
        ("reason".to_owned(), json!(reason)),
        ("checks".to_owned(), Value::Array(checks)),
    ])
}

pub(super) const DRAWING: Drawing = Drawing {
    draw,
    rows,
    columns: &[
        Column::new("name", "Check"),
        Column::new("state", "State"),
        Column::new("detail", "Detail"),
        Column::new("latency_ms", "Latency"),
        Column::new("source", "Source"),
    ],
};

/// The checks, and the verdict as the last of them.
fn rows(data: &Object) -> Vec<Object> {
    let verdict = Object::from_iter([
        ("name".to_owned(), json!("verdict")),
        ("state".to_owned(), data["verdict"].clone()),
        ("detail".to_owned(), data["reason"].clone()),
    ]);
    let checks = data["checks"].as_array().into_iter().flatten();
    checks
        .filter_map(Value::as_object)
        .cloned()
        .chain([verdict])
        .collect()
}

/// How a state is marked, so that it can be told without colour.
fn ink(state: &str) -> (Ink, &'static str) {
    match state {
        "healthy" => (Ink::Good, "✓"),
        "warning" | "degraded" => (Ink::Warn, "!"),
        "starting" => (Ink::Warn, "…"),
        "unhealthy" | "down" => (Ink::Bad, "✗"),
        "paused" => (Ink::Dim, "‖"),
        _ => (Ink::Warn, "?"),
    }
}

/// The widest word for a state.
const STATE: usize = 9;

/// The widest that a name of ours is; those of advisors are wider, and stand before their detail.
const NAME: usize = 16;

fn draw(data: &Object, canvas: &Canvas) -> Vec<Line> {
    let rows: Vec<Row> = data["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(Row::read)
        .collect();
    let longest = |text: fn(&Row) -> &str, header: &str| {
        let widths = rows.iter().map(|row| wide(text(row)));
        widths.max().unwrap_or(0).max(wide(header))
    };
    let name = longest(|row| &row.name, "Check");
    let latency = longest(|row| &row.latency, "Latency");
    let source = longest(|row| &row.source, "Source");
    // Ages are known while watching.
    let age = match longest(|row| &row.age, "") {
        0 => 0,
        longest => longest.max(wide("Age")) + 2,
    };
    let columns = |line: Line, ink: Ink, cells: [&str; 5]| {
        line.column(Ink::Plain, cells[0], name + 2)
            .column(ink, cells[1], STATE + 2)
            .right(Ink::Dim, cells[2], latency)
            .right(Ink::Dim, cells[3], age)
            .gap(2)
            .column(Ink::Dim, cells[4], source + 2)
    };
    let head = columns(
        Line::new().gap(2),
        Ink::Plain,
        ["Check", "State", "Latency", "Age", "Source"],
    );
    let left = canvas.width.saturating_sub(head.width());
    let mut lines = vec![head.text(Ink::Plain, "Detail").bold()];
    for row in &rows {
        let (ink, mark) = ink(&row.state);
        let line = columns(
            Line::new().text(ink, mark).gap(1),
            ink,
            [&row.name, &row.state, &row.latency, &row.age, &row.source],
        );
        if wide(&row.detail) <= left {
            lines.push(line.text(Ink::Plain, &row.detail));
        } else {
            lines.push(line);
            lines.extend(indented(&row.detail, canvas));
        }
    }
    let text = |key: &str| data[key].as_str().unwrap_or_default();
    let (ink, mark) = ink(text("verdict"));
    lines.push(Line::new());
    let verdict = Line::new()
        .text(ink, mark)
        .gap(1)
        .text(ink, text("verdict"))
        .text(Ink::Plain, ": ");
    if verdict.width() + wide(text("reason")) <= canvas.width {
        lines.push(verdict.text(Ink::Plain, text("reason")));
    } else {
        lines.push(verdict);
        lines.extend(indented(text("reason"), canvas));
    }
    lines
}

fn indented(text: &str, canvas: &Canvas) -> impl Iterator<Item = Line> {
    let lines = wrapped(text, canvas.width.saturating_sub(4));
    lines
        .into_iter()
        .map(|line| Line::new().gap(4).text(Ink::Plain, &line))
}

/// The words of a check, as they are drawn.
struct Row {
    name: String,
    state: String,
    latency: String,
    age: String,
    source: String,
    detail: String,
}

impl Row {
    fn read(check: &Object) -> Self {
        let text = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
        let count = |key: &str| check.get(key).and_then(Value::as_u64);
        let with = |unit: &str, count: Option<u64>| {
            count.map_or_else(String::new, |count| format!("{count} {unit}"))
        };
        let (name, detail) = match (text("name"), text("detail")) {
            (name, detail) if wide(name) > NAME => ("advisor", format!("{name}: {detail}")),
            (name, detail) => (name, detail.to_owned()),
        };
        Self {
            name: name.to_owned(),
            state: text("state").to_owned(),
            latency: with("ms", count("latency_ms")),
            age: with("s", count("age_s")),
            source: text("source").to_owned(),
            detail,
        }
    }
}
