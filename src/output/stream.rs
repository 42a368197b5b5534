//! Rows that are printed as they come: no more of them is kept than a page.
//!
//! The same bytes as a list of the same rows would be, except that a table on a terminal finds its
//! widths as it goes. JSON and YAML are one document, so what they hold is gathered.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};

use super::format::Format;
use super::reply::Reply;
use super::table::{self, Column, Layout, Style};
use super::{Output, safe, time};
use crate::api::Object;
use crate::error::{Error, Result};

/// A column of a table that grows as it is printed is never made wider than this.
const WIDEST: usize = 40;

/// Whether anybody still reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Listens,
    /// It has seen enough (`| head`), which is no failure.
    Gone,
}

/// Where rows go.
pub(crate) enum Sink {
    Stdout,
    File(File),
}

/// A list that has no end yet.
pub(crate) struct Stream {
    output: Output,
    columns: Cow<'static, [Column]>,
    style: Style,
    sink: Sink,
    /// Of a table on a terminal.
    widths: Vec<usize>,
    /// Of CSV.
    keys: Vec<String>,
    started: bool,
    /// What a document of its own will hold.
    gathered: Vec<Object>,
    count: u64,
    bytes: u64,
}

impl Stream {
    /// Prints rows by these columns, as the output says.
    pub(crate) fn new(
        output: &Output,
        columns: impl Into<Cow<'static, [Column]>>,
        sink: Sink,
    ) -> Self {
        let terminal = output.terminal && matches!(sink, Sink::Stdout);
        let layout = if terminal {
            Layout::Terminal(output.width)
        } else {
            Layout::Piped
        };
        Self {
            style: Style {
                layout,
                color: output.color && terminal,
                zone: time::Zone::new(output.utc),
            },
            output: output.clone(),
            columns: columns.into(),
            sink,
            widths: Vec::new(),
            keys: Vec::new(),
            started: false,
            gathered: Vec::new(),
            count: 0,
            bytes: 0,
        }
    }

    /// Prints rows of which nothing is known: the keys of the first ones are the columns.
    pub(crate) fn of_rows(output: &Output, rows: &[Object]) -> Self {
        Self::new(output, Column::of_rows(rows), Sink::Stdout)
    }

    /// Goes on with a file that has so many rows in it, and so many bytes. Where it has none, what
    /// comes first is still to come.
    pub(crate) fn resumed(mut self, count: u64, bytes: u64, keys: Vec<String>) -> Self {
        (self.count, self.bytes, self.started, self.keys) = (count, bytes, count > 0, keys);
        if self.started
            && let Some(fields) = &self.output.fields
        {
            // The first rows of it have shown that there are such properties.
            self.columns = Cow::Owned(fields.columns(&self.columns));
        }
        self
    }

    /// Writes what a file has even without a row: the header of CSV.
    pub(crate) fn close(&mut self) -> Result<()> {
        if self.started || self.output.format != Format::Csv {
            return Ok(());
        }
        if let Some(fields) = &self.output.fields {
            self.columns = Cow::Owned(fields.columns(&self.columns));
        }
        let mut bytes = Vec::new();
        let written = self.csv(&mut bytes, &[]);
        self.started = true;
        self.send(&bytes, written).map(|_| ())
    }

    /// Rows so far.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Bytes so far, and the keys of CSV's header: what is needed to go on after an interruption.
    pub(crate) fn place(&self) -> (u64, &[String]) {
        (self.bytes, &self.keys)
    }

    /// The reply at the end: what was gathered, or nothing where all is printed.
    pub(crate) fn end(self) -> Reply {
        // CSV has a header even where it has no rows.
        if self.gathers() || !self.started && self.output.format == Format::Csv {
            return Reply::rows(self.gathered, self.columns);
        }
        Reply::nothing()
    }

    fn gathers(&self) -> bool {
        matches!(self.output.format, Format::Json | Format::Yaml)
    }

    /// Prints a page, to its last byte.
    pub(crate) async fn push(&mut self, mut rows: Vec<Object>) -> Result<Reader> {
        self.count += rows.len() as u64;
        if self.gathers() {
            self.gathered.append(&mut rows);
            return Ok(Reader::Listens);
        }
        if rows.is_empty() {
            return Ok(Reader::Listens);
        }
        if let Some(fields) = self.output.fields.clone() {
            if !self.started {
                self.columns = Cow::Owned(fields.of_rows(&rows, &self.columns)?);
            }
            if self.output.format != Format::Table {
                for row in &mut rows {
                    fields.narrow(row);
                }
            }
        }
        let mut bytes = Vec::with_capacity(rows.len() * 512);
        let written = match self.output.format {
            Format::Ndjson => ndjson(&mut bytes, &rows),
            Format::Csv => self.csv(&mut bytes, &rows),
            _ => self.table(&mut bytes, &rows),
        };
        self.started = true;
        if let Some(jq) = &self.output.jq {
            return match jq.print_page(bytes, self.output.terminal).await {
                Ok(None) => Ok(Reader::Listens),
                Ok(Some(error)) => Err(error),
                Err(error) => closed("standard output", error),
            };
        }
        if matches!(self.style.layout, Layout::Terminal(_)) && self.output.format != Format::Table {
            bytes = safe::document(self.output.format, bytes);
        }
        self.send(&bytes, written)
    }

    /// Hands bytes on that were `written` into memory.
    fn send(&mut self, bytes: &[u8], written: io::Result<()>) -> Result<Reader> {
        let (name, sent) = match &mut self.sink {
            Sink::Stdout => {
                let mut out = io::stdout().lock();
                (
                    "standard output",
                    out.write_all(bytes).and_then(|()| out.flush()),
                )
            }
            Sink::File(file) => ("the output file", file.write_all(bytes)),
        };
        self.bytes += bytes.len() as u64;
        match written.and(sent) {
            Ok(()) => Ok(Reader::Listens),
            Err(error) => closed(name, error),
        }
    }

    fn csv(&mut self, out: &mut Vec<u8>, rows: &[Object]) -> io::Result<()> {
        let first = !self.started;
        if first {
            self.keys = self
                .columns
                .iter()
                .map(|column| column.key.to_string())
                .collect();
            // What the first page brings along; a later page cannot change the header.
            for key in rows.iter().flat_map(Object::keys) {
                if self.output.fields.is_none() && !self.keys.contains(key) {
                    self.keys.push(key.clone());
                }
            }
        }
        table::csv_rows(out, &self.keys, first, rows)
    }

    fn table(&mut self, out: &mut Vec<u8>, rows: &[Object]) -> io::Result<()> {
        if matches!(self.style.layout, Layout::Piped) {
            return table::list(&mut *out, rows, &self.columns, &self.style);
        }
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let cell =
                    |column: &Column| safe::cell(&column.text(row, &self.style.zone)).into_owned();
                self.columns.iter().map(cell).collect()
            })
            .collect();
        let headers: Vec<String> = self
            .columns
            .iter()
            .map(|column| safe::cell(&column.header).into_owned())
            .collect();
        self.widths.resize(headers.len(), 0);
        for line in std::iter::once(&headers).chain(&cells) {
            for (width, cell) in self.widths.iter_mut().zip(line) {
                *width = console::measure_text_width(cell).min(WIDEST).max(*width);
            }
        }
        if !self.started {
            let header = aligned(&headers, &self.widths);
            if self.style.color {
                let bold = anstyle::Style::new().bold();
                writeln!(out, "{bold}{header}{bold:#}")?;
            } else {
                writeln!(out, "{header}")?;
            }
        }
        for line in &cells {
            writeln!(out, "{}", aligned(line, &self.widths))?;
        }
        Ok(())
    }
}

/// Cells side by side, nothing behind the last.
fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        let missing = width.saturating_sub(console::measure_text_width(cell));
        line.extend(std::iter::repeat_n(' ', missing + 2));
    }
    line.truncate(line.trim_end().len());
    line
}

/// Rows as NDJSON.
pub(crate) fn ndjson(out: &mut Vec<u8>, rows: &[Object]) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut *out, row)?;
        out.push(b'\n');
    }
    Ok(())
}

fn closed(what: &str, error: io::Error) -> Result<Reader> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(Reader::Gone);
    }
    Err(Error::unwritten(what, error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn headers_that_are_keys_of_rows_are_harmless() {
        let output = Output {
            terminal: true,
            ..crate::settings::plain_output(Some(Format::Table), None)
        };
        let rows = [json!({"a\u{1b}[2J": 1}).as_object().unwrap().clone()];
        let mut out = Vec::new();
        Stream::of_rows(&output, &rows)
            .table(&mut out, &rows)
            .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\\u{1b}[2J\n1\n");
    }
}
