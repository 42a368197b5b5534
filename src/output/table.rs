//! Rows and columns: for a terminal, for a pipe, and as CSV.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{Attribute, Cell, ContentArrangement, Table, TableStyle};
use serde_json::Value;

use super::reply::{Body, Reply};
use super::safe;
use super::time::Zone;
use crate::api::Object;

/// One property of a noun: its key in the data, its header, and how a table shows it.
///
/// The same columns draw a list (headers across) and one item (headers down).
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(super) key: Cow<'static, str>,
    pub(super) header: Cow<'static, str>,
    pub(super) show: Show,
}

/// How a table shows a property.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Show {
    /// As it is: lists with commas, absent as nothing.
    Plain,
    /// As it is, and null as `NULL`, which is not the same as an empty text.
    Null,
    /// A time.
    Time,
    /// A number of bytes, in the decimal units of the service.
    Bytes,
    /// Something made of the whole object.
    Made(fn(&Object) -> String),
}

impl Column {
    /// A property as it is.
    pub(crate) const fn new(key: &'static str, header: &'static str) -> Self {
        Self::shown(key, header, Show::Plain)
    }

    /// A property shown in its own way.
    pub(crate) const fn shown(key: &'static str, header: &'static str, show: Show) -> Self {
        Self {
            key: Cow::Borrowed(key),
            header: Cow::Borrowed(header),
            show,
        }
    }

    /// A property of which only the key is known.
    pub(super) fn of_key(key: &str) -> Self {
        Self {
            key: Cow::Owned(key.to_owned()),
            header: Cow::Owned(key.to_owned()),
            show: if key.ends_with("_at") {
                Show::Time
            } else {
                Show::Plain
            },
        }
    }

    /// The same, shown in its own way.
    pub(super) fn showing(self, show: Show) -> Self {
        Self { show, ..self }
    }

    /// Properties that some objects have.
    pub(super) fn of_rows(rows: &[Object]) -> Vec<Self> {
        let mut columns: Vec<Self> = Vec::new();
        for key in rows.iter().flat_map(Object::keys) {
            if columns.iter().all(|column| column.key != *key) {
                columns.push(Self::of_key(key));
            }
        }
        columns
    }

    pub(super) fn text<'a>(&self, row: &'a Object, zone: &Zone) -> Cow<'a, str> {
        let plain = || plain(value(row, &self.key));
        match self.show {
            Show::Null if matches!(row.get(&*self.key), Some(Value::Null)) => Cow::Borrowed("NULL"),
            Show::Plain | Show::Null => plain(),
            Show::Time => Cow::Owned(zone.show(&plain())),
            Show::Bytes => match value(row, &self.key).and_then(Value::as_u64) {
                Some(bytes) => Cow::Owned(bytes_for_people(bytes)),
                None => plain(),
            },
            Show::Made(make) => Cow::Owned(make(row)),
        }
    }
}

/// What an object has under a key, which may lead into an object inside it: `database.host`.
pub(super) fn value<'a>(row: &'a Object, key: &str) -> Option<&'a Value> {
    if let Some(value) = row.get(key) {
        return Some(value);
    }
    let mut steps = key.split('.');
    let first = row.get(steps.next()?)?;
    steps.try_fold(first, |at, step| at.get(step))
}

/// How tables look here.
pub(super) struct Style {
    pub(super) layout: Layout,
    pub(super) color: bool,
    pub(super) zone: Zone,
}

/// A terminal gets aligned columns with a header; a pipe gets tabs and no header.
pub(super) enum Layout {
    Terminal(Option<u16>),
    Piped,
}

/// Writes any number of objects.
pub(super) fn list(
    out: &mut impl Write,
    rows: &[Object],
    columns: &[Column],
    style: &Style,
) -> io::Result<()> {
    let Layout::Terminal(width) = style.layout else {
        for row in rows {
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    out.write_all(b"\t")?;
                }
                out.write_all(safe::piped(&column.text(row, &style.zone)).as_bytes())?;
            }
            out.write_all(b"\n")?;
        }
        return Ok(());
    };
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = layout(width, style.color);
    table.set_header(
        columns
            .iter()
            .map(|column| header(&column.header, style.color)),
    );
    for row in rows {
        table.add_row(
            columns
                .iter()
                .map(|column| safe::cell(&column.text(row, &style.zone)).into_owned()),
        );
    }
    write_trimmed(out, &table)
}

/// Writes one object, a property a line.
pub(super) fn item(
    out: &mut impl Write,
    row: &Object,
    columns: &[Column],
    style: &Style,
) -> io::Result<()> {
    let Layout::Terminal(width) = style.layout else {
        for column in columns {
            writeln!(
                out,
                "{}\t{}",
                safe::piped(&column.key),
                safe::piped(&column.text(row, &style.zone))
            )?;
        }
        return Ok(());
    };
    let mut table = layout(width, style.color);
    for column in columns {
        let text = column.text(row, &style.zone);
        if !text.is_empty() {
            table.add_row([
                header(&column.header, style.color),
                Cell::new(safe::cell(&text)),
            ]);
        }
    }
    write_trimmed(out, &table)
}

fn layout(width: Option<u16>, color: bool) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    table
}

fn header(text: &str, color: bool) -> Cell {
    // Keys of rows are the service's words too.
    let cell = Cell::new(safe::cell(text));
    if color {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

/// The table without its left margin and without blanks at the ends of its lines.
fn write_trimmed(out: &mut impl Write, table: &Table) -> io::Result<()> {
    for line in table.lines() {
        // A bold header begins with the escape for that, and the margin comes after it.
        let line = line.replacen(' ', "", 1);
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Writes the data as CSV: a header of keys, then a line for each element.
///
/// The columns are those of the table, then whatever else the first elements bring along.
pub(super) fn csv(out: &mut impl Write, reply: &Reply) -> io::Result<()> {
    if matches!(reply.body, Body::Nothing) {
        return Ok(());
    }
    let mut keys: Vec<Cow<'_, str>> = match &reply.body {
        Body::List { columns, .. } | Body::Item { columns, .. } => columns
            .iter()
            .map(|column| Cow::Borrowed(&*column.key))
            .collect(),
        Body::Nothing | Body::Drawn { .. } | Body::Value(_) | Body::Bytes(_) => Vec::new(),
    };
    for element in reply.elements() {
        for key in element.as_object().into_iter().flat_map(Object::keys) {
            if !keys.iter().any(|known| known == key) {
                keys.push(Cow::Owned(key.clone()));
            }
        }
    }
    // What is no object has a column of its own.
    if (keys.is_empty() || reply.elements().any(|element| !element.is_object()))
        && !keys.iter().any(|known| known == "value")
    {
        keys.push(Cow::Borrowed("value"));
    }
    let mut writer = csv::Writer::from_writer(out);
    writer
        .write_record(keys.iter().map(|key| key.as_bytes()))
        .map_err(csv_error)?;
    for element in reply.elements() {
        match &*element {
            Value::Object(row) => writer.write_record(
                keys.iter()
                    .map(|key| csv_cell(value(row, key)).into_owned()),
            ),
            other => writer.write_record(keys.iter().map(|key| match &**key {
                "value" => csv_cell(Some(other)).into_owned(),
                _ => String::new(),
            })),
        }
        .map_err(csv_error)?;
    }
    writer.flush()
}

/// The same of some rows by keys that are known, with the header before the first of them.
pub(super) fn csv_rows(
    out: &mut impl Write,
    keys: &[String],
    header: bool,
    rows: &[Object],
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    if header {
        writer.write_record(keys).map_err(csv_error)?;
    }
    for row in rows {
        let cells = keys
            .iter()
            .map(|key| csv_cell(value(row, key)).into_owned());
        writer.write_record(cells).map_err(csv_error)?;
    }
    writer.flush()
}

/// The failure below: of the library's own, a closed pipe could not be told from others.
fn csv_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn csv_cell(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Borrowed(text),
        // Lists and objects as JSON, so that nothing is lost.
        Some(other) => Cow::Owned(other.to_string()),
    }
}

/// A value as a person reads it.
fn plain(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(Value::Array(items))
            if items
                .iter()
                .all(|item| !item.is_object() && !item.is_array()) =>
        {
            Cow::Owned(
                items
                    .iter()
                    .map(|item| plain(Some(item)))
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        }
        Some(other) => Cow::Owned(other.to_string()),
    }
}

/// Decimal units, as the service counts: 50 MB is 50,000,000 bytes.
fn bytes_for_people(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    match UNITS.iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => {
            let (whole, rest) = (bytes / size, bytes % size);
            // Three digits are enough for a person; the data has the number.
            let hundredths = rest * 100 / size;
            match (hundredths / 10, hundredths % 10) {
                (0, 0) => format!("{whole} {unit}"),
                (tenths, 0) => format!("{whole}.{tenths} {unit}"),
                (tenths, hundredths) => format!("{whole}.{tenths}{hundredths} {unit}"),
            }
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bold_header_stands_above_its_column() {
        let row = json!({"id": "avatars", "size": 1});
        let columns = [Column::new("id", "Name"), Column::new("size", "Size")];
        let shown = |color| {
            let style = Style {
                layout: Layout::Terminal(Some(80)),
                color,
                zone: Zone::new(true),
            };
            let mut out = Vec::new();
            list(
                &mut out,
                &[row.as_object().unwrap().clone()],
                &columns,
                &style,
            )
            .unwrap();
            console::strip_ansi_codes(&String::from_utf8(out).unwrap())
                .lines()
                .map(|line| line.trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(false), ["Name     Size", "avatars  1"]);
        assert_eq!(shown(true), shown(false));
    }

    #[test]
    fn keys_are_as_harmless_as_what_is_under_them() {
        let rows = [json!({"a\u{1b}[2J\tb": 1}).as_object().unwrap().clone()];
        let columns = Column::of_rows(&rows);
        for layout in [Layout::Terminal(Some(80)), Layout::Piped] {
            let style = Style {
                layout,
                color: false,
                zone: Zone::new(true),
            };
            let mut out = Vec::new();
            list(&mut out, &rows, &columns, &style).unwrap();
            item(&mut out, &rows[0], &columns, &style).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(!text.contains('\u{1b}'), "{text:?}");
            assert!(text.contains("a\\u{1b}[2J\\tb"), "{text:?}");
        }
    }

    #[test]
    fn bytes_are_decimal() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1 kB"),
            (1_550_000, "1.55 MB"),
            (50_000_000, "50 MB"),
            (1_500_000_000, "1.5 GB"),
            (u64::MAX, "18446744.07 TB"),
        ] {
            assert_eq!(bytes_for_people(bytes), text);
        }
    }
}
