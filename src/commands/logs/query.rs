//! `logs query`

use std::cell::Cell;
use std::collections::HashMap;

use clap::Args;
use serde_json::Value;

use super::following::{Count, Failures, PAUSE};
use super::range::{RangeArgs, nothing_found};
use crate::api::logs::{OVERLAP, PAGE, Range, window};
use crate::api::{Object, ProjectRef};
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Reader, Reply, Stream};
use crate::terminal;

/// Run SQL of your own over the logs
///
/// One SELECT in ClickHouse's dialect over the table `logs` (id, timestamp, event_message,
/// severity_text, source, and the map log_attributes). It sees whole minutes of the window, and gives
/// 1,000 rows at most; `logs sources` shows what there is to ask for.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl logs query \"select source, count() as n from logs group by source order by n desc\"\n  supactl logs query --file slow.sql --since 3h -o csv\n  supactl logs query - < slow.sql"
)]
pub(crate) struct Query {
    /// The statement, or `-` for standard input
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    sql: Option<String>,

    /// File with the statement
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<std::path::PathBuf>,

    #[command(flatten)]
    range: RangeArgs,

    /// Ask again and again, and print the rows that are new, until Ctrl-C
    #[arg(short, long, conflicts_with = "until")]
    follow: bool,

    /// The last rows, oldest first by `ts_us` or `timestamp`
    #[arg(long, value_name = "COUNT")]
    tail: Option<usize>,

    /// Stop after so many log queries, which cost by what they search
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    max_requests: Option<u32>,
}

impl Query {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let sql = self.statement()?;
        let range = self.range.read(app, "1h")?;
        let mut rest = range.window();
        let project = app.project().await?;
        if self.follow {
            return self.follow(app, &project, &sql, range).await;
        }
        if rest.minutes() > window::LONGEST {
            app.say("The service looks at a day at most: each day is asked on its own, and what is counted is counted for each");
        }
        let mut found = Vec::new();
        let (mut cut, mut requests) = (false, 0);
        while rest.minutes() > 0 && self.max_requests.is_none_or(|most| requests < most) {
            let piece = window::last_piece(rest, window::LONGEST);
            rest.to = piece.from;
            let rows = app.api()?.log_rows(&project, &sql, piece).await?;
            cut |= rows.len() >= PAGE;
            found.extend(rows);
            requests += 1;
        }
        if let Some(tail) = self.tail {
            oldest_first(&mut found);
            found.drain(..found.len().saturating_sub(tail));
        }
        let empty = found.is_empty();
        let mut reply = Reply::unknown_rows(found);
        if empty {
            reply = reply.with_message(nothing_found("rows", &range));
        }
        if cut {
            reply = reply.with_message("The service gives 1,000 rows at most, and there may be more: shorten the window, or count");
        }
        if rest.minutes() > 0 {
            reply = reply.with_message(format!(
                "Stopped after {requests} log queries (`--max-requests`): there may be more"
            ));
        }
        Ok(reply)
    }

    /// Asks for the last minutes again and again. What it has printed it knows by `log_id` or `id`,
    /// or by the whole row where it has neither.
    async fn follow(
        &self,
        app: &App,
        project: &ProjectRef,
        sql: &str,
        range: Range,
    ) -> Result<Reply> {
        let mut stream: Option<Stream> = None;
        let output = app.output().endless()?;
        let count = Count {
            app,
            rows: Cell::new(0),
        };
        let mut failures = Failures::default();
        let (mut seen, mut look): (HashMap<String, u32>, u32) = (HashMap::new(), 0);
        let start = if self.range.is_typed() {
            range.since
        } else {
            range.now
        };
        let mut mark = start;
        while self.max_requests.is_none_or(|most| look < most) {
            let now = app.now()?;
            let from = mark.saturating_sub(OVERLAP).unwrap_or(mark);
            let piece = Range {
                since: from,
                until: None,
                now,
            }
            .window();
            let piece = window::last_piece(piece, window::LONGEST);
            look += 1;
            match app.api()?.log_rows(project, sql, piece).await {
                Ok(mut rows) => {
                    failures.none();
                    if rows.len() >= PAGE {
                        app.say("The service gives 1,000 rows at most: some may be missing");
                    }
                    rows.retain(|row| seen.insert(name_of(row), look).is_none());
                    seen.retain(|_, last| look - *last <= REMEMBERED);
                    oldest_first(&mut rows);
                    if let (1, Some(tail)) = (look, self.tail) {
                        rows.drain(..rows.len().saturating_sub(tail));
                    }
                    if !rows.is_empty() {
                        let stream = stream.get_or_insert_with(|| Stream::of_rows(&output, &rows));
                        if stream.push(rows).await? == Reader::Gone {
                            break;
                        }
                        count.rows.set(stream.count());
                    }
                    mark = mark.max(now);
                }
                Err(error) => failures.note(app, error)?,
            }
            let paused = app.pause(PAUSE).await;
            paused.map_err(|error| Error::file("the sandbox's clock", error))?;
        }
        Ok(Reply::nothing())
    }

    fn statement(&self) -> Result<String> {
        let sql = match (&self.sql, &self.file) {
            (Some(sql), _) if sql != "-" => sql.clone(),
            (None, Some(file)) if file.as_os_str() != "-" => terminal::read_text(file)
                .map_err(|error| Error::file(format!("--file {}", file.display()), error))?,
            _ => {
                let bytes =
                    terminal::read_stdin().map_err(|error| Error::file("standard input", error))?;
                String::from_utf8(bytes).map_err(|_| Error::invalid("standard input is no text"))?
            }
        };
        if sql.trim().is_empty() {
            return Err(Error::invalid("the statement is empty"));
        }
        if sql.contains('\\') {
            return Err(Error::invalid_with_hint(
                "the service takes a level of backslashes away, so that the statement would mean something else",
                "write a backslash as `char(92)`: `concat('C:', char(92), 'temp')`, and a line break as `char(10)`",
            ));
        }
        Ok(sql)
    }
}

/// How many looks a row is remembered that no longer comes.
const REMEMBERED: u32 = 40;

/// What tells a row from another.
fn name_of(row: &Object) -> String {
    let id = row
        .get("log_id")
        .or_else(|| row.get("id"))
        .and_then(Value::as_str);
    id.map_or_else(|| Value::Object(row.clone()).to_string(), str::to_owned)
}

/// Sorts by time, where all rows have one.
fn oldest_first(rows: &mut [Object]) {
    for key in ["ts_us", "timestamp"] {
        if rows.iter().all(|row| row.contains_key(key)) {
            rows.sort_by(|one, other| {
                let number = |row: &Object| row[key].as_i64();
                let text = |row: &Object| row[key].as_str().map(str::to_owned);
                (number(one), text(one)).cmp(&(number(other), text(other)))
            });
            return;
        }
    }
}
