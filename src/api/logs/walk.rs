//! Goes through any stretch of time: window after window, page after page, with no more in memory
//! than a page.
//!
//! Decides only what to ask next and what to make of the answer; asking is the caller's.

use std::collections::{HashSet, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use super::super::error::ApiError;
use super::super::record::Object;
use super::PAGE;
use super::literal::text;
use super::rows::{self, LogId};
use super::search::Search;
use super::window::{self, Range, Window};
use crate::error::Code;

/// Which rows come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

/// Rays that are remembered to tell the second row of a request from the first.
const RAYS: usize = 5_000;

/// A walk through a stretch of time.
pub(crate) struct Walk {
    search: Search,
    range: Range,
    order: Order,
    /// What has not been looked at yet.
    rest: Window,
    /// The window that is being paged through.
    current: Option<Window>,
    /// The longest window, in minutes: shorter after the service was too slow for a longer one.
    longest: i64,
    /// The last row that came.
    cursor: Option<LogId>,
    /// How many more rows are wanted.
    left: usize,
    /// The size of the page that was asked for.
    asked: usize,
    rays: Rays,
}

/// What to ask.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) sql: String,
    pub(crate) window: Window,
}

impl Walk {
    /// Through a range; a limit of 0 is none.
    pub(crate) fn new(search: Search, range: Range, order: Order, limit: usize) -> Self {
        Self {
            search,
            range,
            order,
            rest: range.window(),
            current: None,
            longest: window::LONGEST,
            cursor: None,
            left: if limit == 0 { usize::MAX } else { limit },
            asked: 0,
            rays: Rays::default(),
        }
    }

    /// Goes on after a row that was the last one of an earlier walk.
    pub(crate) fn after(mut self, cursor: LogId) -> Self {
        let at = Window::around(cursor.time(), cursor.time());
        match self.order {
            Order::NewestFirst => self.rest.to = self.rest.to.min(at.to),
            Order::OldestFirst => self.rest.from = self.rest.from.max(at.from),
        }
        self.cursor = Some(cursor);
        self
    }

    /// The next question; `None` at the end.
    pub(crate) fn ask(&mut self) -> Option<Ask> {
        if self.left == 0 {
            return None;
        }
        if self.current.is_none() {
            if self.rest.minutes() <= 0 {
                return None;
            }
            let piece = match self.order {
                Order::NewestFirst => window::last_piece(self.rest, self.longest),
                Order::OldestFirst => window::first_piece(self.rest, self.longest),
            };
            match self.order {
                Order::NewestFirst => self.rest.to = piece.from,
                Order::OldestFirst => self.rest.from = piece.to,
            }
            self.current = Some(piece);
        }
        let window = self.current?;
        self.asked = self.left.min(PAGE);
        // A page of which some may turn out to be twins must not be cut short by the limit.
        if self.search.has_twins {
            self.asked = self.asked.saturating_mul(2).min(PAGE);
        }
        let newest_first = self.order == Order::NewestFirst;
        let sql = self
            .search
            .page(&self.bounds(window), newest_first, self.asked);
        Some(Ask { sql, window })
    }

    /// What is finer than the minutes of a window.
    fn bounds(&self, window: Window) -> Vec<String> {
        let mut bounds = range_bounds(&self.range, window);
        if let Some(LogId { micros, uuid, .. }) = &self.cursor {
            let sign = match self.order {
                Order::NewestFirst => '<',
                Order::OldestFirst => '>',
            };
            bounds.push(format!(
                "(toUnixTimestamp64Micro(timestamp) {sign} {micros} or (toUnixTimestamp64Micro(timestamp) = {micros} and toString(id) {sign} {}))",
                text(uuid)
            ));
        }
        bounds
    }

    /// Takes in the answer, and returns the rows that are wanted of it.
    ///
    /// # Errors
    /// The service must get on: a page that ends where the one before did would come for ever.
    pub(crate) fn answer(&mut self, mut page: Vec<Object>) -> Result<Vec<Object>, ApiError> {
        let full = page.len() >= self.asked;
        let last = page.last().and_then(rows::id);
        match (full, self.current, last) {
            (true, Some(window), Some(last)) => {
                if self.cursor.as_ref() == Some(&last) {
                    return Err(ApiError::new(
                        Code::MalformedResponse,
                        "the service sends the same page again and again",
                    ));
                }
                // What lies behind the last row need not be searched again.
                let at = Window::around(last.time(), last.time());
                self.current = Some(match self.order {
                    Order::NewestFirst => Window {
                        to: at.to.clamp(window.from, window.to),
                        ..window
                    },
                    Order::OldestFirst => Window {
                        from: at.from.clamp(window.from, window.to),
                        ..window
                    },
                });
                self.cursor = Some(last);
            }
            (true, _, _) if self.left > self.asked => {
                return Err(ApiError::new(
                    Code::MalformedResponse,
                    "a row of the logs has no id to go on from",
                ));
            }
            _ => self.current = None,
        }
        if self.search.has_twins {
            page.retain(|row| self.rays.is_new(row));
        }
        page.truncate(self.left);
        self.left = self.left.saturating_sub(page.len());
        Ok(page)
    }

    /// Makes the windows half as long after the service was too slow. `false` where they cannot be
    /// shorter.
    pub(crate) fn too_slow(&mut self) -> bool {
        let Some((older, newer)) = self.current.and_then(Window::halves) else {
            return false;
        };
        self.longest = older.minutes().max(newer.minutes());
        match self.order {
            Order::NewestFirst => {
                self.current = Some(newer);
                self.rest.to = older.to;
            }
            Order::OldestFirst => {
                self.current = Some(older);
                self.rest.from = newer.from;
            }
        }
        true
    }

    /// How far it has come.
    pub(crate) fn reached(&self) -> Timestamp {
        let window = self.current.unwrap_or(self.rest);
        match self.order {
            Order::NewestFirst => window.to,
            Order::OldestFirst => window.from,
        }
    }

    /// Whether nothing is left to ask.
    pub(crate) fn is_done(&self) -> bool {
        self.left == 0 || (self.current.is_none() && self.rest.minutes() <= 0)
    }
}

/// The bounds of a range where they lie within a window rather than at its ends.
pub(crate) fn range_bounds(range: &Range, window: Window) -> Vec<String> {
    let mut bounds = Vec::new();
    let micros = "toUnixTimestamp64Micro(timestamp)";
    if range.since > window.from {
        bounds.push(format!("{micros} >= {}", range.since.as_microsecond()));
    }
    if let Some(until) = range.until.filter(|until| *until < window.to) {
        bounds.push(format!("{micros} < {}", until.as_microsecond()));
    } else if window.to < range.window().to {
        // Whatever the service thinks of the last moment of a window, it belongs to the next one.
        bounds.push(format!("{micros} < {}", window.to.as_microsecond()));
    }
    bounds
}

/// The rays of the last rows.
#[derive(Default)]
struct Rays {
    known: HashSet<String>,
    oldest_first: VecDeque<String>,
}

impl Rays {
    /// Whether a row is the first of its request. Without a ray nothing is known, and it stays.
    fn is_new(&mut self, row: &Object) -> bool {
        let Some(ray) = row
            .get("cf_ray")
            .and_then(Value::as_str)
            .filter(|ray| !ray.is_empty())
        else {
            return true;
        };
        if !self.known.insert(ray.to_owned()) {
            return false;
        }
        self.oldest_first.push_back(ray.to_owned());
        if self.oldest_first.len() > RAYS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
