//! How figures are drawn: a block for each group, beside each other where there is room.

use serde_json::{Value, json};

use super::figures::{self, Grade, Group};
use crate::api::{Object, number};
use crate::output::canvas::{Canvas, Ink, Line, bar, sparkline, wide, wrapped};
use crate::output::{Column, Drawing};

/// What a block shows, line by line. What is not known is left out.
enum Row {
    /// A bar for a share, with what it is a share of.
    Share(
        &'static str,
        &'static str,
        Option<(&'static str, &'static str)>,
    ),
    /// Figures with a word for each.
    Values(&'static str, &'static [(&'static str, &'static str)]),
    /// A series.
    Series(&'static str, &'static str),
    /// Requests, errors and latency of one service.
    Service(&'static str),
}

use Row::{Series, Service, Share, Values};

#[rustfmt::skip] // a line for each
const BLOCKS: &[(Group, &str, &[Row])] = &[
    (Group::Compute, "Compute", &[
        Share("CPU", "cpu_percent", None),
        Values("", &[("user", "cpu_user_percent"), ("sys", "cpu_system_percent"), ("iowait", "cpu_iowait_percent"), ("steal", "cpu_steal_percent")]),
        Values("Since boot", &[("", "cpu_since_boot_percent"), ("up", "uptime_s")]),
        Values("Load", &[("", "load_1"), ("", "load_5"), ("", "load_15"), ("cores", "cores_count")]),
    ]),
    (Group::Memory, "Memory", &[
        Share("Memory", "memory_percent", Some(("memory_used_bytes", "memory_size_bytes"))),
        Share("Swap", "swap_percent", Some(("swap_used_bytes", "swap_size_bytes"))),
    ]),
    (Group::Disk, "Disk", &[
        Share("Database", "data_percent", Some(("data_used_bytes", "data_size_bytes"))),
        Share("System", "root_percent", Some(("root_used_bytes", "root_size_bytes"))),
        Share("Busy", "busy_percent", None),
        Values("Reads", &[("", "reads_per_s"), ("", "read_bytes_per_s")]),
        Values("Writes", &[("", "writes_per_s"), ("", "written_bytes_per_s")]),
        Values("Objects", &[("", "objects_bytes")]),
    ]),
    (Group::Network, "Network", &[
        Values("Traffic", &[("in", "received_bytes_per_s"), ("out", "sent_bytes_per_s"), ("errors", "errors_per_s")]),
    ]),
    (Group::Database, "Database", &[
        Share("Connections", "connections_percent", Some(("connections_count", "connections_max_count"))),
        Values("", &[("active", "connections_active_count"), ("idle in transaction", "connections_idle_in_tx_count")]),
        Share("Cache hits", "cache_hit_percent", None),
        Values("Size", &[("", "size_bytes"), ("WAL", "wal_bytes")]),
        Values("Queries", &[("", "queries_per_s"), ("mean", "query_mean_ms"), ("longest", "longest_query_s")]),
        Values("Commits", &[("", "commits_per_s"), ("rollbacks", "rollbacks_per_s")]),
        Values("Waiting", &[("locks", "waiting_locks_count"), ("deadlocks", "deadlocks_count"), ("temp", "temp_bytes_per_s")]),
        Values("Replication", &[("lag", "replication_lag_s"), ("slots", "slots_lag_bytes")]),
        Values("State", &[("up", "is_up"), ("read-only", "is_read_only"), ("restarts", "restarts_count")]),
    ]),
    (Group::Pooler, "Pooler", &[
        Values("Shared", &[("clients", "clients_count")]),
        Values("Dedicated", &[("clients", "dedicated_clients_count"), ("waiting", "dedicated_waiting_count"), ("for", "dedicated_longest_wait_s")]),
    ]),
    (Group::Api, "API", &[
        Series("Requests", "requests_per_bucket"),
        Values("", &[("", "requests_count"), ("5xx", "server_error_percent"), ("4xx", "client_error_percent")]),
        Values("Latency", &[("p50", "p50_ms"), ("p95", "p95_ms"), ("p99", "p99_ms")]),
        Service("rest"),
        Service("auth"),
        Service("storage"),
        Service("realtime"),
        Service("graphql"),
        Values("Data API pool", &[("size", "pool_size_count"), ("free", "pool_available_count"), ("waiting", "pool_waiting_count"), ("timeouts", "pool_timeouts_per_s")]),
        Values("Subscriptions", &[("", "realtime_subscriptions_count")]),
    ]),
    (Group::Functions, "Functions", &[
        Values("Invocations", &[("", "invocations_count"), ("5xx", "server_error_percent")]),
        Values("Run time", &[("p50", "p50_ms"), ("p95", "p95_ms"), ("p99", "p99_ms")]),
    ]),
    (Group::Auth, "Auth", &[
        Values("Users", &[("", "users_count")]),
        Values("Responses", &[("", "responses_per_s"), ("4xx", "client_errors_per_s"), ("5xx", "server_errors_per_s")]),
    ]),
];

pub(super) const DRAWING: Drawing = Drawing {
    draw,
    rows,
    columns: &[Column::new("key", "Figure"), Column::new("value", "Value")],
};

/// The rows of a piped table: a figure each, then what could not be had.
fn rows(data: &Object) -> Vec<Object> {
    let row = |key: String, value: &Value| {
        Object::from_iter([
            ("key".to_owned(), json!(key)),
            ("value".to_owned(), value.clone()),
        ])
    };
    let mut rows = Vec::new();
    for (group, told) in data {
        for (key, value) in told.as_object().into_iter().flatten() {
            rows.push(row(format!("{group}.{key}"), value));
        }
        for missing in told.as_array().into_iter().flatten() {
            let key = format!(
                "unavailable.{}",
                missing["group"].as_str().unwrap_or_default()
            );
            rows.push(row(key, &missing["reason"]));
        }
    }
    rows
}

/// The place of the words in front.
const LABEL: usize = 15;

/// Where blocks have this much room they stand beside each other.
const TWO_COLUMNS: usize = 120;

fn draw(data: &Object, canvas: &Canvas) -> Vec<Line> {
    let two = canvas.width >= TWO_COLUMNS;
    let width = if two {
        (canvas.width - 4) / 2
    } else {
        canvas.width
    };
    let blocks: Vec<Vec<Line>> = BLOCKS
        .iter()
        .filter_map(|(group, title, rows)| {
            let told = data.get(group.as_str())?.as_object()?;
            block(*group, title, rows, told, width)
        })
        .collect();
    let mut lines = if two {
        beside(blocks, width)
    } else {
        below(blocks)
    };
    let missing = data.get("unavailable").and_then(Value::as_array);
    for (index, (groups, reason)) in by_reason(missing).into_iter().enumerate() {
        if index == 0 && !lines.is_empty() {
            lines.push(Line::new());
        }
        let text = format!("Not available ({groups}): {reason}");
        for (index, line) in wrapped(&text, canvas.width.saturating_sub(2))
            .iter()
            .enumerate()
        {
            lines.push(
                Line::new()
                    .gap(if index == 0 { 0 } else { 2 })
                    .text(Ink::Dim, line),
            );
        }
    }
    lines
}

/// What several groups lack for one reason is said once.
fn by_reason(missing: Option<&Vec<Value>>) -> Vec<(String, String)> {
    let mut reasons: Vec<(String, String)> = Vec::new();
    for row in missing.into_iter().flatten() {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let (group, reason) = (text("group"), text("reason"));
        match reasons.iter_mut().find(|(_, known)| *known == reason) {
            Some((groups, _)) => groups.push_str(&format!(", {group}")),
            None => reasons.push((group, reason)),
        }
    }
    reasons
}

fn below(blocks: Vec<Vec<Line>>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for block in blocks {
        if !lines.is_empty() {
            lines.push(Line::new());
        }
        lines.extend(block);
    }
    lines
}

/// Two columns, as even in height as can be, read one after the other.
fn beside(blocks: Vec<Vec<Line>>, width: usize) -> Vec<Line> {
    let height = |blocks: &[Vec<Line>]| blocks.iter().map(|block| block.len() + 1).sum::<usize>();
    let uneven = |at: &usize| height(&blocks[..*at]).abs_diff(height(&blocks[*at..]));
    let at = (1..=blocks.len()).min_by_key(uneven).unwrap_or(0);
    let mut left = blocks;
    let right = below(left.split_off(at));
    let left = below(left);
    let rows = left.len().max(right.len());
    let row = |lines: &[Line], row: usize| lines.get(row).cloned().unwrap_or_default();
    (0..rows)
        .map(|at| {
            let (one, other) = (row(&left, at), row(&right, at));
            let blanks = (width + 4).saturating_sub(one.width());
            if other.width() == 0 {
                one
            } else {
                one.gap(blanks).then(other)
            }
        })
        .collect()
}

/// A title, and a line for each row that has something to tell.
fn block(
    group: Group,
    title: &str,
    rows: &[Row],
    told: &Object,
    width: usize,
) -> Option<Vec<Line>> {
    let mut lines: Vec<Line> = rows
        .iter()
        .flat_map(|row| shown_row(group, row, told, width))
        .collect();
    if lines.is_empty() {
        return None;
    }
    let note = note(told);
    let blanks = width.saturating_sub(wide(title) + wide(&note));
    let head = Line::new()
        .text(Ink::Bold, title)
        .gap(blanks)
        .text(Ink::Dim, &note);
    lines.insert(0, head);
    Some(lines)
}

/// What the figures of a group are about: over which time, and how old they are.
fn note(told: &Object) -> String {
    let seconds = |key: &str| told.get(key).and_then(number);
    let mut notes = Vec::new();
    if let Some(period) = seconds("period_s") {
        notes.push(format!("last {}", time(period)));
    }
    if let Some(over) = seconds("rates_over_s") {
        notes.push(format!("rates over {}", time(over)));
    }
    if let Some(age) = seconds("age_s") {
        notes.push(format!("{} old", time(age)));
    }
    notes.join(" · ")
}

fn shown_row(group: Group, row: &Row, told: &Object, width: usize) -> Vec<Line> {
    let known = |figures: &[(&'static str, &'static str)]| -> Vec<_> {
        let value = |key: &str| told.get(key).and_then(number);
        let known = figures
            .iter()
            .filter_map(|(word, key)| Some((*word, *key, value(key)?)));
        known.collect()
    };
    match row {
        Share(label, key, of) => share(group, label, key, *of, told, width)
            .into_iter()
            .collect(),
        Values(label, figures) => values(group, label, &known(figures), width),
        Series(label, key) => series(label, told.get(*key), width).into_iter().collect(),
        Service(name) => {
            let key = |end: &str| {
                figures::find(group, &format!("{name}_{end}")).map_or("", |figure| figure.key)
            };
            let told = known(&[
                ("", key("requests_count")),
                ("5xx", key("server_errors_count")),
                ("p95", key("p95_ms")),
            ]);
            // A service that nobody asks is no news.
            if told.iter().all(|(_, _, value)| *value <= 0.0) {
                return Vec::new();
            }
            values(group, &format!("  {name}"), &told, width)
        }
    }
}

fn labelled(label: &str) -> Line {
    Line::new().gap(2).column(Ink::Plain, label, LABEL)
}

/// A bar, the share in numbers, and where there is room what it is a share of.
fn share(
    group: Group,
    label: &str,
    key: &str,
    of: Option<(&str, &str)>,
    told: &Object,
    width: usize,
) -> Option<Line> {
    let value = |key: &str| told.get(key).and_then(number);
    let percent = value(key)?;
    let ink = ink(group, key, percent);
    let (full, rest) = bar(percent / 100.0, (width / 3).clamp(8, 24));
    let line = labelled(label)
        .text(if ink == Ink::Plain { Ink::Good } else { ink }, &full)
        .text(Ink::Dim, &rest)
        .gap(1)
        .right(ink, &format!("{percent:.1} %"), 7)
        .text(ink, mark(ink));
    let whole = of.and_then(|(used, size)| {
        let (used, size) = (shown(used, value(used)?), shown(size, value(size)?));
        Some(format!("{used} of {size}"))
    });
    Some(match whole {
        Some(whole) if line.width() + 2 + wide(&whole) <= width => {
            line.gap(2).text(Ink::Dim, &whole)
        }
        _ => line,
    })
}

fn series(label: &str, values: Option<&Value>, width: usize) -> Option<Line> {
    let values: Vec<f64> = values?.as_array()?.iter().filter_map(number).collect();
    let places = width.saturating_sub(LABEL + 2).min(60);
    let line = sparkline(&values, places);
    (!line.is_empty()).then(|| labelled(label).text(Ink::Good, &line))
}

/// Figures in a row, and on further lines where they do not fit.
fn values(group: Group, label: &str, told: &[(&str, &str, f64)], width: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (word, key, value) in told {
        let ink = ink(group, key, *value);
        let mut piece = Line::new();
        if !word.is_empty() {
            piece = piece.text(Ink::Dim, word).gap(1);
        }
        piece = piece.text(ink, &shown(key, *value)).text(ink, mark(ink));
        match lines.pop() {
            Some(line) if line.width() + 3 + piece.width() <= width => {
                lines.push(line.text(Ink::Dim, " · ").then(piece));
            }
            Some(line) => lines.extend([line, labelled("").then(piece)]),
            None => lines.push(labelled(label).then(piece)),
        }
    }
    lines
}

fn ink(group: Group, key: &str, value: f64) -> Ink {
    let grade = figures::find(group, key).map_or(Grade::Fine, |figure| figure.limits.grade(value));
    match grade {
        Grade::Fine => Ink::Plain,
        Grade::Warn => Ink::Warn,
        Grade::Bad => Ink::Bad,
    }
}

/// What an ink says, for those who see no colour.
fn mark(ink: Ink) -> &'static str {
    match ink {
        Ink::Warn => " !",
        Ink::Bad => " !!",
        _ => "",
    }
}

/// A value with its unit, as people read it.
fn shown(key: &str, value: f64) -> String {
    if key.starts_with("is_") {
        return if value > 0.0 { "yes" } else { "no" }.to_owned();
    }
    if key.ends_with("_bytes_per_s") {
        return format!("{}/s", bytes(value));
    }
    if key.ends_with("_bytes") {
        return bytes(value);
    }
    if key.ends_with("_per_s") {
        return format!("{}/s", short(value));
    }
    if key.ends_with("_percent") {
        return format!("{value:.1} %");
    }
    if key.ends_with("_ms") {
        return if value >= 10_000.0 {
            format!("{:.1} s", value / 1000.0)
        } else {
            format!("{} ms", short(value))
        };
    }
    if key.ends_with("_s") {
        return time(value);
    }
    if key.ends_with("_count") {
        return grouped(value);
    }
    format!("{value:.2}")
}

/// Two or three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        small if small < 0.1 => format!("{value:.3}"),
        small if small < 10.0 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// A whole number, its digits in threes.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

/// Decimal units, as the service counts.
fn bytes(value: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.iter().find(|(size, _)| value >= *size) {
        Some((size, unit)) => {
            let number = value / size;
            let digits = usize::from(number < 100.0) + usize::from(number < 10.0);
            format!("{number:.digits$} {unit}")
        }
        None => format!("{value:.0} B"),
    }
}

/// A length of time in its largest unit.
fn time(seconds: f64) -> String {
    let units = [(86_400.0, "d"), (3600.0, "h"), (60.0, "min")];
    match units.iter().find(|(size, _)| seconds >= *size) {
        Some((size, unit)) => format!("{:.0} {unit}", (seconds / size).floor()),
        None if seconds.fract() == 0.0 => format!("{seconds:.0} s"),
        None => format!("{} s", short(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_figure_that_is_drawn_is_one() {
        for (group, title, rows) in BLOCKS {
            let known = |key: &str| assert!(figures::find(*group, key).is_some(), "{title}: {key}");
            for row in *rows {
                match row {
                    Share(_, key, of) => {
                        known(key);
                        if let Some((used, size)) = of {
                            known(used);
                            known(size);
                        }
                    }
                    Values(_, figures) => figures.iter().for_each(|(_, key)| known(key)),
                    Service(name) => known(&format!("{name}_requests_count")),
                    Series(_, key) => assert_eq!(*key, "requests_per_bucket"),
                }
            }
        }
        let groups: Vec<Group> = BLOCKS.iter().map(|block| block.0).collect();
        assert_eq!(groups, Group::value_variants());
    }

    #[test]
    fn values_are_shown_with_their_units() {
        for (key, value, text) in [
            ("cpu_percent", 12.345, "12.3 %"),
            ("size_bytes", 412_345_344.0, "412 MB"),
            ("wal_bytes", 1.5e9, "1.50 GB"),
            ("read_bytes_per_s", 61_440.0, "61.4 kB/s"),
            ("commits_per_s", 41.0, "41/s"),
            ("commits_per_s", 0.0167, "0.017/s"),
            ("requests_count", 1_234_567.0, "1,234,567"),
            ("p95_ms", 184.2, "184 ms"),
            ("p95_ms", 12_000.0, "12.0 s"),
            ("uptime_s", 864_000.0, "10 d"),
            ("longest_query_s", 0.25, "0.2 s"),
            ("replication_lag_s", 0.0, "0 s"),
            ("load_1", 0.62, "0.62"),
            ("is_up", 1.0, "yes"),
        ] {
            assert_eq!(shown(key, value), text, "{key}");
        }
    }
}
