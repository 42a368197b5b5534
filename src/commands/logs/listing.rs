//! What the lists of logs have in common: how far back, how many, in which order, and where they go.

use std::cell::Cell;
use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;

use super::file::OutputFile;
use super::range::{RangeArgs, nothing_found, shown};
use crate::api::logs::{Ask, Measures, Order, PAGE, Range, Search, Walk, listed};
use crate::api::{Object, ProjectRef};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::{Column, Reader, Reply, Sink, Stream};

/// Flags of every list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) range: RangeArgs,

    /// Only rows with this text in their message, whatever its case
    #[arg(long, value_name = "TEXT")]
    pub(super) search: Option<String>,

    /// At most so many rows; 0 for all
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(super) limit: usize,

    /// Oldest first, from the beginning of the window on
    #[arg(long)]
    pub(super) reverse: bool,

    /// Go on with new rows as they come, until Ctrl-C
    #[arg(short, long, conflicts_with_all = ["limit", "reverse", "until"])]
    pub(super) follow: bool,

    /// The last rows, oldest first; with `--follow` those before the new ones [default: 10]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(..=10_000), conflicts_with_all = ["limit", "reverse"])]
    pub(super) tail: Option<u16>,

    /// Counts, errors and percentiles by time instead of rows
    #[arg(long, conflicts_with_all = ["limit", "follow", "tail"])]
    pub(super) stats: bool,

    /// Length of one stretch of `--stats`, such as `5m`; by default one that makes it readable
    #[arg(long, value_name = "TIME", value_parser = interval, requires = "stats")]
    pub(super) interval: Option<i64>,

    /// Write the rows to this file while they come, and go on there after an interruption
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with_all = ["follow", "tail", "stats"])]
    pub(super) output_file: Option<PathBuf>,

    /// Stop after so many log queries, which cost by what they search
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_requests: Option<u32>,
}

/// Reads the length of an interval, in minutes.
fn interval(text: &str) -> Result<i64, String> {
    let seconds = crate::cli::duration(text)?.as_secs();
    let minutes = i64::try_from(seconds / 60).unwrap_or(i64::MAX);
    if seconds % 60 == 0 && (1..=crate::api::logs::LONGEST_INTERVAL).contains(&minutes) {
        return Ok(minutes);
    }
    Err(format!(
        "`{text}` is no interval: write whole minutes, from `1m` to `12h`"
    ))
}

/// A list that is ready to be read.
pub(super) struct Listing<'a> {
    pub(super) app: &'a App,
    pub(super) project: ProjectRef,
    pub(super) args: &'a ListArgs,
    pub(super) range: Range,
    pub(super) search: Search,
    pub(super) columns: &'static [Column],
    /// What is said of none: `No invocations from …`.
    pub(super) what: &'static str,
    /// The last touch to a row.
    pub(super) finish: &'a dyn Fn(&mut Object),
    /// What `--stats` counts, and how a group is called.
    pub(super) measures: Measures,
    pub(super) name: &'a dyn Fn(&str) -> String,
    /// Log queries so far.
    pub(super) requests: Cell<u32>,
}

impl Listing<'_> {
    pub(super) async fn run(mut self) -> Result<Reply> {
        self.search.with_text(self.args.search.as_deref());
        if self.args.follow {
            return self.follow().await;
        }
        if self.args.stats {
            return self.stats().await;
        }
        if let Some(file) = &self.args.output_file {
            return self.write_to(file).await;
        }
        if let Some(tail) = self.args.tail {
            let mut rows = self.last(usize::from(tail)).await?;
            rows.reverse();
            return Ok(self.ended(rows.len(), Reply::list(rows, self.columns)));
        }
        let mut walk = Walk::new(
            self.search.clone(),
            self.range,
            self.order(),
            self.args.limit,
        );
        // What fits into a page is printed in one piece; more of it as it comes.
        if self.args.limit > 0 && self.args.limit <= PAGE {
            let mut rows = Vec::new();
            while let Some(page) = self.next(&mut walk).await? {
                rows.extend(page);
            }
            return Ok(self.ended(rows.len(), Reply::list(rows, self.columns)));
        }
        let mut stream = Stream::new(self.app.output(), self.columns, Sink::Stdout);
        let progress = self.progress(self.app.output().terminal);
        while let Some(page) = self.next(&mut walk).await? {
            progress.inc(page.len() as u64);
            progress.set_message(format!(
                "{}, as far as {}",
                self.what,
                shown(walk.reached())
            ));
            if stream.push(page).await? == Reader::Gone {
                return Ok(Reply::nothing());
            }
        }
        progress.finish_and_clear();
        let count = usize::try_from(stream.count()).unwrap_or(usize::MAX);
        Ok(self.ended(count, stream.end()))
    }

    fn order(&self) -> Order {
        if self.args.reverse {
            Order::OldestFirst
        } else {
            Order::NewestFirst
        }
    }

    /// The newest rows, newest first.
    pub(super) async fn last(&self, count: usize) -> Result<Vec<Object>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut walk = Walk::new(self.search.clone(), self.range, Order::NewestFirst, count);
        let mut rows = Vec::new();
        while let Some(page) = self.next(&mut walk).await? {
            rows.extend(page);
        }
        Ok(rows)
    }

    /// The reply, with a word where nothing was found or not everything was searched.
    fn ended(&self, count: usize, reply: Reply) -> Reply {
        if self.is_spent() {
            let most = self.requests.get();
            return reply.with_message(format!(
                "Stopped after {most} log queries (`--max-requests`): there may be more"
            ));
        }
        match count {
            0 => reply.with_message(nothing_found(self.what, &self.range)),
            _ => reply,
        }
    }

    /// Whether `--max-requests` allows no more.
    pub(super) fn is_spent(&self) -> bool {
        self.args
            .max_requests
            .is_some_and(|most| self.requests.get() >= most)
    }

    /// The next page; none at the end.
    async fn next(&self, walk: &mut Walk) -> Result<Option<Vec<Object>>> {
        loop {
            if walk.is_done() || self.is_spent() {
                return Ok(None);
            }
            let Some(ask) = walk.ask() else {
                return Ok(None);
            };
            match self.ask(&ask).await {
                Ok(page) => return Ok(Some(self.finished(walk.answer(page)?))),
                Err(Error::Api(error)) if error.code == Code::Timeout && walk.too_slow() => {
                    let reached = shown(walk.reached());
                    self.app.say(&format!(
                        "Too slow for one answer: shorter windows from {reached} on"
                    ));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends one log query.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Vec<Object>> {
        self.requests.set(self.requests.get() + 1);
        self.app
            .api()?
            .log_rows(&self.project, &ask.sql, ask.window)
            .await
    }

    /// Rows as they are shown.
    pub(super) fn finished(&self, rows: Vec<Object>) -> Vec<Object> {
        let keys = self.search.keys();
        let finish = |row| {
            let mut row = listed(row, &keys);
            (self.finish)(&mut row);
            row
        };
        rows.into_iter().map(finish).collect()
    }

    /// A line that counts along; nothing where rows are drawn over it.
    fn progress(&self, hidden: bool) -> ProgressBar {
        if hidden {
            return ProgressBar::hidden();
        }
        self.app.terminal().counter(self.what)
    }

    /// Writes all rows to a file, or those that are missing in it.
    async fn write_to(&self, path: &std::path::Path) -> Result<Reply> {
        let file = OutputFile::open(self, path)?;
        let OutputFile {
            mut stream,
            mut state,
            range,
            ..
        } = file;
        let limit = match self.args.limit {
            0 => 0,
            limit => limit.saturating_sub(usize::try_from(state.count).unwrap_or(usize::MAX)),
        };
        let mut walk = Walk::new(self.search.clone(), range, self.order(), limit);
        if let Some(cursor) = state.cursor() {
            self.app
                .say(&format!("Going on after {} rows", state.count));
            walk = walk.after(cursor);
        }
        let progress = self.progress(false);
        progress.set_position(state.count);
        let is_full = self.args.limit > 0 && limit == 0;
        let mut write = async || -> Result<()> {
            while !is_full && let Some(page) = self.next(&mut walk).await? {
                progress.inc(page.len() as u64);
                progress.set_message(format!(
                    "{}, as far as {}",
                    self.what,
                    shown(walk.reached())
                ));
                let last = page
                    .last()
                    .and_then(|row| row.get("id")?.as_str().map(str::to_owned));
                stream.push(page).await?;
                state.keep(&stream, last)?;
            }
            if self.is_spent() {
                return Ok(());
            }
            stream.close()
        };
        let written = write().await;
        progress.finish_and_clear();
        if let Err(error) = written {
            state.give_up(path);
            return Err(error);
        }
        let count = stream.count();
        let name = path.display();
        if self.is_spent() {
            let text =
                format!("{count} rows are in {name}; the same command goes on with the rest");
            return Ok(Reply::nothing().with_message(text));
        }
        state.forget()?;
        let reply = Reply::nothing().with_message(format!("Wrote {count} rows to {name}"));
        Ok(if count == 0 {
            reply.with_message(nothing_found(self.what, &range))
        } else {
            reply
        })
    }
}
