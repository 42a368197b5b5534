//! The end of every run: a reply or an error becomes bytes and an exit status.
//!
//! Nothing else in the program writes to standard output.

pub(crate) mod canvas;
mod envelope;
mod fields;
mod format;
mod jq;
mod live;
mod raw;
mod reply;
mod safe;
mod stream;
mod table;
mod time;
mod yaml;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;

pub(crate) use envelope::Metadata;
pub(crate) use fields::Fields;
pub(crate) use format::Format;
pub(crate) use jq::Jq;
pub(crate) use live::{Deed, Live, give_back};
pub(crate) use reply::{Drawing, Reply};
pub(crate) use safe::harmless;
pub(crate) use stream::{Reader, Sink, Stream, ndjson};
pub(crate) use table::{Column, Show};
pub(crate) use yaml::line as yaml_line;

use crate::error::{Code, Error, Result};
use reply::Body;

/// How a run's end is shown.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// The format was typed, or a flag that needs one: a command that prints bytes heeds nothing less.
    pub(crate) format_typed: bool,
    /// The properties to print, if not all.
    pub(crate) fields: Option<Fields>,
    /// The expression that the data goes through on its way.
    pub(crate) jq: Option<Arc<Jq>>,
    /// Standard output is a terminal.
    pub(crate) terminal: bool,
    /// Colour on standard output.
    pub(crate) color: bool,
    /// Colour on standard error.
    pub(crate) color_talk: bool,
    /// Columns of the terminal, where one is known.
    pub(crate) width: Option<u16>,
    /// Times in UTC rather than local.
    pub(crate) utc: bool,
    /// Nothing on standard error but errors.
    pub(crate) quiet: bool,
}

impl Output {
    /// Prints how the run ended and returns its exit status.
    pub(crate) fn finish(&self, result: Result<Reply>, metadata: &Metadata) -> ExitCode {
        let result = match &self.fields {
            // The data of a dry run are requests, whatever the command would print.
            Some(fields) if !metadata.dry_run => {
                result.and_then(|reply| fields.pick(reply, self.format))
            }
            _ => result,
        };
        let (printed, status) = match result {
            Ok(mut reply) => {
                let verdict = reply.verdict.take();
                let status = verdict
                    .as_ref()
                    .map_or(0, |error| error.code().exit_status());
                match self.print(&reply, verdict.as_ref(), metadata) {
                    Ok(None) => (Ok(()), status),
                    Ok(Some(error)) => {
                        self.tell(&error);
                        (Ok(()), error.code().exit_status())
                    }
                    Err(error) => (Err(error), status),
                }
            }
            Err(error) => (self.report(&error, metadata), error.code().exit_status()),
        };
        match printed {
            Ok(()) => ExitCode::from(status),
            // The reader has seen enough (`| head`): that is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(status),
            Err(error) => {
                self.talk(&format!(
                    "{} standard output could not be written: {error}",
                    self.error_word(Code::Internal)
                ));
                ExitCode::from(Code::Internal.exit_status())
            }
        }
    }

    /// The same for rows without an end.
    ///
    /// # Errors
    /// [`Error::Usage`] for a format that is one document.
    pub(crate) fn endless(&self) -> Result<Self> {
        self.row_by_row(|_| Error::Usage {
            message: "`--follow` has no end: only the formats table and ndjson go with it"
                .to_owned(),
            hint: Some("`-o ndjson` is JSON, a row a line".to_owned()),
        })
    }

    /// The same for looks without an end.
    ///
    /// # Errors
    /// [`Error::Usage`] for a format that is one document.
    pub(crate) fn watching(&self) -> Result<Self> {
        self.row_by_row(|format| Error::Usage {
            message: format!("`--watch` has no end, and `{format}` is one document"),
            hint: Some("watch a table, or `-o ndjson` for one record a look".to_owned()),
        })
    }

    fn row_by_row(&self, refusal: impl FnOnce(&str) -> Error) -> Result<Self> {
        let format = match self.format {
            // An expression gets each row.
            Format::Json if self.jq.is_some() => Format::Ndjson,
            Format::Table | Format::Ndjson => self.format,
            Format::Json | Format::Yaml | Format::Csv => {
                return Err(refusal(self.format.as_str()));
            }
        };
        Ok(Self {
            format,
            ..self.clone()
        })
    }

    /// Tells the person something that is not data.
    pub(crate) fn say(&self, message: &str) {
        if !self.quiet {
            self.talk(&harmless(message));
        }
    }

    /// Prints a reply of a command that goes on after it.
    pub(crate) async fn print_now(&self, reply: Reply, metadata: &Metadata) -> Result<()> {
        let reply = match &self.fields {
            Some(fields) => fields.pick(reply, self.format)?,
            None => reply,
        };
        let printed = match &self.jq {
            // This is within a run.
            Some(jq) => {
                let mut json = Vec::new();
                match self.write(&mut json, &reply, None, metadata) {
                    Ok(()) => jq.print_page(json, self.terminal).await,
                    Err(error) => Err(error),
                }
            }
            None => self.print_data(&reply, None, metadata),
        };
        self.say_beside(&reply, None);
        match printed {
            Ok(None) => Ok(()),
            Ok(Some(error)) => Err(error),
            Err(error) => Err(Error::unwritten("standard output", error)),
        }
    }

    /// Prints data and messages. What comes back is how a `--jq` expression failed on them.
    fn print(
        &self,
        reply: &Reply,
        verdict: Option<&Error>,
        metadata: &Metadata,
    ) -> io::Result<Option<Error>> {
        let printed = self.print_data(reply, verdict, metadata);
        // Whoever reads the data may be gone; whoever reads this is not.
        self.say_beside(reply, verdict);
        printed
    }

    fn print_data(
        &self,
        reply: &Reply,
        verdict: Option<&Error>,
        metadata: &Metadata,
    ) -> io::Result<Option<Error>> {
        if let Some(jq) = &self.jq {
            let mut json = Vec::new();
            self.write(&mut json, reply, verdict, metadata)?;
            return jq.print(json, self.terminal);
        }
        let stdout = io::stdout().lock();
        let mut out = io::BufWriter::with_capacity(64 * 1024, stdout);
        self.write(&mut out, reply, verdict, metadata)?;
        out.flush()?;
        Ok(None)
    }

    /// Says what belongs to the data and is none.
    fn say_beside(&self, reply: &Reply, verdict: Option<&Error>) {
        for message in &reply.messages {
            self.say(message);
        }
        if let Some(error) = verdict {
            self.tell(error);
        }
    }

    /// Writes data in the format of this run, for a terminal without what it would act on.
    fn write(
        &self,
        out: &mut impl Write,
        reply: &Reply,
        verdict: Option<&Error>,
        metadata: &Metadata,
    ) -> io::Result<()> {
        // Tables look after their cells, and YAML quotes what is no plain text.
        let is_document = match self.format {
            Format::Table => matches!(reply.body, Body::Value(_)),
            Format::Yaml => false,
            Format::Json | Format::Ndjson | Format::Csv => !matches!(reply.body, Body::Bytes(_)),
        };
        if !self.terminal || !is_document || self.jq.is_some() {
            return self.write_as_it_is(out, reply, verdict, metadata);
        }
        let mut bytes = Vec::new();
        self.write_as_it_is(&mut bytes, reply, verdict, metadata)?;
        out.write_all(&safe::document(self.format, bytes))
    }

    fn write_as_it_is(
        &self,
        out: &mut impl Write,
        reply: &Reply,
        verdict: Option<&Error>,
        metadata: &Metadata,
    ) -> io::Result<()> {
        match (&reply.body, self.format) {
            (Body::Bytes(bytes), _) => out.write_all(bytes),
            (_, Format::Table) => self.print_table(out, reply),
            (_, Format::Json) => {
                envelope::json(out, reply, verdict, metadata, self.terminal)?;
                out.write_all(b"\n")
            }
            (_, Format::Yaml) => envelope::yaml(out, reply, verdict, metadata),
            (_, Format::Ndjson) => {
                for element in reply.elements() {
                    serde_json::to_writer(&mut *out, &*element)?;
                    out.write_all(b"\n")?;
                }
                Ok(())
            }
            (_, Format::Csv) => table::csv(out, reply),
        }
    }

    /// The terminal as it is now.
    fn canvas(&self) -> canvas::Canvas {
        canvas::Canvas {
            width: usize::from(self.width.unwrap_or(80)),
            color: self.color,
            now: Timestamp::now(),
            utc: self.utc,
        }
    }

    fn print_table(&self, out: &mut impl Write, reply: &Reply) -> io::Result<()> {
        let style = table::Style {
            layout: if self.terminal {
                table::Layout::Terminal(self.width)
            } else {
                table::Layout::Piped
            },
            color: self.color,
            zone: time::Zone::new(self.utc),
        };
        match &reply.body {
            Body::List { rows, columns } => table::list(out, rows, columns, &style),
            Body::Item { row, columns } => table::item(out, row, columns, &style),
            Body::Drawn { data, drawing } if self.terminal => {
                let canvas = self.canvas();
                for line in (drawing.draw)(data, &canvas) {
                    writeln!(out, "{}", canvas.paint(&line))?;
                }
                Ok(())
            }
            Body::Drawn { data, drawing } => {
                table::list(out, &(drawing.rows)(data), drawing.columns, &style)
            }
            Body::Value(value) => {
                serde_json::to_writer_pretty(&mut *out, value)?;
                out.write_all(b"\n")
            }
            Body::Nothing | Body::Bytes(_) => Ok(()),
        }
    }

    /// Shows a failure: for people on standard error, and as an envelope where the format has one.
    fn report(&self, error: &Error, metadata: &Metadata) -> io::Result<()> {
        self.tell(error);
        let stdout = io::stdout().lock();
        let mut out = io::BufWriter::new(stdout);
        match self.format {
            // An expression is for data, and there is none.
            _ if self.jq.is_some() => {}
            Format::Json | Format::Yaml => {
                self.write(&mut out, &Reply::nothing(), Some(error), metadata)?;
            }
            Format::Table | Format::Csv | Format::Ndjson => {}
        }
        out.flush()
    }

    /// The lines on standard error, the same in every format.
    fn tell(&self, error: &Error) {
        let mut text = format!(
            "{} {}",
            self.error_word(error.code()),
            // Set in, so that no line of the service's looks like one of ours.
            harmless(error.to_string().trim_end()).replace('\n', "\n  ")
        );
        if let Error::Api(error) = error
            && let Some(id) = &error.request_id
        {
            text.push_str(&format!(" (request {})", harmless(id)));
        }
        if let Some(hint) = error.hint() {
            text.push_str(&format!(
                "\n{} {}",
                self.painted("hint:", anstyle::AnsiColor::Cyan),
                harmless(&hint)
            ));
        }
        self.talk(&text);
    }

    fn error_word(&self, code: Code) -> String {
        self.painted(&format!("error[{code}]:"), anstyle::AnsiColor::Red)
    }

    fn painted(&self, text: &str, color: anstyle::AnsiColor) -> String {
        if !self.color_talk {
            return text.to_owned();
        }
        let style = color.on_default().bold();
        format!("{style}{text}{style:#}")
    }

    /// Tells how old the data is, where it is not new.
    pub(crate) fn say_age(&self, since: Option<Timestamp>, now: Timestamp) {
        let Some(since) = since else { return };
        let age = time::aged(now.duration_since(since).as_secs());
        self.say(&format!("cached {age} ago; `--refresh` asks anew"));
    }

    /// Tells the person something that must be told even with `--quiet`.
    pub(crate) fn say_always(&self, message: &str) {
        self.talk(message);
    }

    #[expect(clippy::unused_self, reason = "standard error belongs to the output")]
    fn talk(&self, text: &str) {
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
