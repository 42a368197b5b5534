//! What the lists of logs have in common: how far back, how many, in which order, and how they are
//! printed.

use clap::Args;

use super::range::{RangeArgs, nothing_found, shown};
use crate::api::logs::{Order, PAGE, Range, Search, Walk, listed};
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
}

impl Listing<'_> {
    pub(super) async fn run(mut self) -> Result<Reply> {
        self.search.with_text(self.args.search.as_deref());
        let order = if self.args.reverse {
            Order::OldestFirst
        } else {
            Order::NewestFirst
        };
        let mut walk = Walk::new(self.search.clone(), self.range, order, self.args.limit);
        let mut rows = Vec::new();
        // What fits into a page is printed in one piece; more of it as it comes.
        let mut stream = (self.args.limit == 0 || self.args.limit > PAGE)
            .then(|| Stream::new(self.app.output(), self.columns, Sink::Stdout));
        while let Some(page) = self.next(&mut walk).await? {
            match &mut stream {
                None => rows.extend(page),
                Some(stream) => {
                    if stream.push(page).await? == Reader::Gone {
                        return Ok(Reply::nothing());
                    }
                }
            }
        }
        let (count, reply) = match stream {
            None => (rows.len() as u64, Reply::list(rows, self.columns)),
            Some(stream) => (stream.count(), stream.end()),
        };
        Ok(match count {
            0 => reply.with_message(nothing_found(self.what, &self.range)),
            _ => reply,
        })
    }

    /// The next page; none at the end.
    async fn next(&self, walk: &mut Walk) -> Result<Option<Vec<Object>>> {
        loop {
            let Some(ask) = walk.ask() else {
                return Ok(None);
            };
            match self
                .app
                .api()?
                .log_rows(&self.project, &ask.sql, ask.window)
                .await
            {
                Ok(page) => {
                    let mut rows: Vec<Object> =
                        walk.answer(page)?.into_iter().map(listed).collect();
                    for row in &mut rows {
                        (self.finish)(row);
                    }
                    return Ok(Some(rows));
                }
                Err(Error::Api(error)) if error.code == Code::Timeout && walk.too_slow() => {
                    self.app.say(&format!(
                        "Too slow for one answer: shorter windows from {} on",
                        shown(walk.reached())
                    ));
                }
                Err(error) => return Err(error),
            }
        }
    }
}
