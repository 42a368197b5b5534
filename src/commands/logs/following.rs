//! `--follow` and `--stats`: rows as they come, and numbers instead of them.

use std::cell::Cell;
use std::time::Duration;

use serde_json::Value;

use super::listing::Listing;
use super::range::{nothing_found, shown};
use crate::api::Object;
use crate::api::logs::{Follow, LogId, Stats};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::canvas::bar;
use crate::output::{Column, Format, Reader, Reply, Show, Sink, Stream};

/// How long to wait between two looks: six of them leave four queries of the minute for others.
pub(super) const PAUSE: Duration = Duration::from_secs(10);

/// How often a look may fail in a row. The service being out of reach is waited for a good while, its
/// refusals are not.
const REFUSALS: u32 = 3;
const OUTAGES: u32 = 90;

/// How many rows come before the new ones where nothing says how many.
const TAIL: u16 = 10;

/// Says how many rows there were, however it ends.
pub(super) struct Count<'a> {
    pub(super) app: &'a App,
    pub(super) rows: Cell<u64>,
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        let rows = self.rows.get();
        let noun = if rows == 1 { "row" } else { "rows" };
        self.app.say(&format!("{rows} {noun}"));
    }
}

/// How often a look failed in a row.
#[derive(Default)]
pub(super) struct Failures(u32);

impl Failures {
    pub(super) fn none(&mut self) {
        self.0 = 0;
    }

    /// Waits for what may pass; everything else ends it.
    pub(super) fn note(&mut self, app: &App, error: Error) -> Result<()> {
        let Error::Api(failure) = &error else {
            return Err(error);
        };
        let most = match failure.code {
            Code::RateLimited
            | Code::Network
            | Code::Timeout
            | Code::CircuitOpen
            | Code::ApiError => OUTAGES,
            Code::QueryFailed if failure.message.starts_with("Backend error") => REFUSALS,
            Code::MalformedResponse => REFUSALS,
            _ => 1,
        };
        self.0 += 1;
        if self.0 >= most {
            return Err(error);
        }
        app.say(&format!(
            "{}; looking again in {} s",
            failure.message,
            PAUSE.as_secs()
        ));
        Ok(())
    }
}

impl Listing<'_> {
    /// Prints the last rows and then new ones, until it is stopped.
    pub(super) async fn follow(&self) -> Result<Reply> {
        let mut columns = self.columns.to_vec();
        columns.push(Column::shown("late", "", Show::Made(late)));
        let mut stream = Stream::new(&self.app.output().endless()?, columns, Sink::Stdout);
        let count = Count {
            app: self.app,
            rows: Cell::new(0),
        };
        let usual = if self.args.range.is_typed() {
            None
        } else {
            Some(TAIL)
        };
        let tail = self.args.tail.or(usual);
        let mut follow = Follow::new(self.search.clone(), self.range.since);
        if let Some(tail) = tail {
            let mut rows = self.last(usize::from(tail)).await?;
            rows.reverse();
            let ids: Vec<LogId> = rows
                .iter()
                .filter_map(|row| row.get("id")?.as_str()?.parse().ok())
                .collect();
            // What is older than they are is not asked for.
            follow = Follow::new(
                self.search.clone(),
                ids.first().map_or(self.range.now, LogId::time),
            );
            for id in &ids {
                follow.note(id);
            }
            for row in &mut rows {
                row.insert("late".to_owned(), Value::Bool(false));
            }
            if stream.push(rows).await? == Reader::Gone {
                return Ok(Reply::nothing());
            }
            count.rows.set(stream.count());
        }
        let mut failures = Failures::default();
        while !self.is_spent() {
            match self.look(&mut follow, &mut stream, &count).await {
                Ok(Reader::Listens) => failures.none(),
                Ok(Reader::Gone) => break,
                Err(error) => failures.note(self.app, error)?,
            }
            let paused = self.app.pause(PAUSE).await;
            paused.map_err(|error| Error::file("the sandbox's clock", error))?;
        }
        Ok(Reply::nothing())
    }

    /// One look: all pages of the last minutes.
    async fn look(
        &self,
        follow: &mut Follow,
        stream: &mut Stream,
        count: &Count<'_>,
    ) -> Result<Reader> {
        if let Some(from) = follow.begin(self.app.now()?) {
            self.app.say(&format!(
                "Too much time has passed to make up for it: going on from {}",
                shown(from)
            ));
        }
        while let Some(ask) = follow.ask()
            && !self.is_spent()
        {
            let page = self.ask(&ask).await?;
            let rows = self.finished(follow.answer(page)?);
            let reader = stream.push(rows).await?;
            count.rows.set(stream.count());
            if reader == Reader::Gone {
                return Ok(reader);
            }
        }
        Ok(Reader::Listens)
    }

    /// Counts, errors and percentiles by time.
    pub(super) async fn stats(&self) -> Result<Reply> {
        let mut stats = Stats::new(
            self.search.clone(),
            self.measures.clone(),
            self.range,
            self.args.interval,
        );
        while let Some(ask) = stats.ask() {
            if self.is_spent() {
                break;
            }
            let rows = self.ask(&ask).await?;
            stats.answer(ask.window, rows);
        }
        let mut rows = stats.rows(self.name);
        if self.args.reverse {
            rows.reverse();
        }
        let has_durations = self.measures.duration.is_some();
        let output = self.app.output();
        let is_drawn = output.format == Format::Table && output.terminal;
        if is_drawn {
            draw(&mut rows);
        }
        let columns = columns(self.measures.key, has_durations, is_drawn);
        let empty = rows.is_empty();
        let reply = Reply::rows(rows, columns.into());
        Ok(if empty {
            reply.with_message(nothing_found(self.what, &self.range))
        } else {
            reply
        })
    }
}

/// How a table shows that a row came after newer ones.
fn late(row: &Object) -> String {
    let is_late = row.get("late").and_then(Value::as_bool);
    if is_late == Some(true) {
        "late".to_owned()
    } else {
        String::new()
    }
}

/// The key that a picture stands under, on a terminal alone.
const CHART: &str = "chart";

/// Gives each row a bar as long as its count.
fn draw(rows: &mut [Object]) {
    let count = |row: &Object| row.get("count").and_then(Value::as_f64).unwrap_or(0.0);
    let most = rows.iter().map(count).fold(1.0, f64::max);
    for row in rows {
        let (full, _) = bar(count(row) / most, 24);
        row.insert(CHART.to_owned(), Value::from(full.trim_end()));
    }
}

fn columns(key: &'static str, has_durations: bool, is_drawn: bool) -> Vec<Column> {
    let header = match key {
        "function" => "Function",
        "source" => "Source",
        _ => "Service",
    };
    let mut columns = vec![
        Column::shown("started_at", "From", Show::Time),
        Column::new(key, header),
        Column::new("count", "Count"),
        Column::new("errors", "Errors"),
        Column::new("warnings", "Warnings"),
    ];
    if has_durations {
        columns.extend([
            Column::new("p50_ms", "p50 ms"),
            Column::new("p95_ms", "p95 ms"),
            Column::new("p99_ms", "p99 ms"),
        ]);
    }
    if is_drawn {
        columns.push(Column::new(CHART, ""));
    }
    columns
}
