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

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::json;

    use super::Order::{NewestFirst, OldestFirst};
    use super::*;

    /// Ten o'clock.
    const START: i64 = 1_795_341_600;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(START + minutes * 60).unwrap()
    }

    fn range(since: i64, until: i64) -> Range {
        Range {
            since: at(since),
            until: Some(at(until)),
            now: at(until),
        }
    }

    fn window(from: i64, to: i64) -> Window {
        Window {
            from: at(from),
            to: at(to),
        }
    }

    fn walk(order: Order, minutes: i64, limit: usize) -> Walk {
        Walk::new(Search::requests(false), range(0, minutes), order, limit)
    }

    /// A row at the beginning of a minute.
    fn row(minute: i64, uuid: &str) -> Object {
        let row =
            json!({"log_id": uuid, "ts_us": at(minute).as_microsecond(), "source": "edge_logs"});
        row.as_object().unwrap().clone()
    }

    /// A whole page, the last row of it given.
    fn page(last: Object) -> Vec<Object> {
        let mut page = vec![row(15, "0"); PAGE - 1];
        page.push(last);
        page
    }

    /// What a question has in it beyond the search: its last conditions, its order and its limit.
    fn tail(ask: &Ask) -> &str {
        let (_, tail) = ask.sql.split_once("source = 'edge_logs'").unwrap();
        tail
    }

    #[test]
    fn a_full_page_is_gone_on_from_where_it_ended() {
        for (order, left, first, second) in [
            (
                NewestFirst,
                window(0, 13),
                " order by ts_us desc, log_id desc limit 1000",
                " and toUnixTimestamp64Micro(timestamp) < 1795342380000000 \
                 and (toUnixTimestamp64Micro(timestamp) < 1795342320000000 or (toUnixTimestamp64Micro(timestamp) = 1795342320000000 and toString(id) < 'ab')) \
                 order by ts_us desc, log_id desc limit 1000",
            ),
            (
                OldestFirst,
                window(12, 30),
                " order by ts_us asc, log_id asc limit 1000",
                " and (toUnixTimestamp64Micro(timestamp) > 1795342320000000 or (toUnixTimestamp64Micro(timestamp) = 1795342320000000 and toString(id) > 'ab')) \
                 order by ts_us asc, log_id asc limit 1000",
            ),
        ] {
            let mut walk = walk(order, 30, 0);
            let ask = walk.ask().unwrap();
            assert_eq!(
                (ask.window, tail(&ask)),
                (window(0, 30), first),
                "{order:?}"
            );
            let rows = walk.answer(page(row(12, "ab"))).unwrap();
            assert_eq!(rows.len(), PAGE);
            let ask = walk.ask().unwrap();
            assert_eq!((ask.window, tail(&ask)), (left, second), "{order:?}");
            assert!(!walk.is_done());
            walk.answer(vec![row(12, "cd")]).unwrap();
            assert!(walk.is_done() && walk.ask().is_none(), "{order:?}");
        }
    }

    #[test]
    fn a_row_beyond_its_window_makes_it_no_longer() {
        for (order, minute) in [(NewestFirst, 90), (OldestFirst, -90)] {
            let mut walk = walk(order, 30, 0);
            walk.ask();
            walk.answer(page(row(minute, "ab"))).unwrap();
            assert_eq!(walk.ask().unwrap().window, window(0, 30), "{order:?}");
        }
    }

    #[test]
    fn long_ranges_are_gone_through_window_by_window() {
        let long = 2 * window::LONGEST + 1;
        for (order, windows, reached) in [
            (
                NewestFirst,
                [(1440, 2879), (1, 1440), (0, 1)],
                [2879, 1440, 1, 0],
            ),
            (
                OldestFirst,
                [(0, 1439), (1439, 2878), (2878, 2879)],
                [0, 1439, 2878, 2879],
            ),
        ] {
            let mut walk = walk(order, long, 0);
            let mut came = vec![walk.reached()];
            for (from, to) in windows {
                assert!(!walk.is_done());
                assert_eq!(walk.ask().unwrap().window, window(from, to), "{order:?}");
                assert!(!walk.is_done(), "it was asked, and not answered");
                assert_eq!(Some(&walk.reached()), came.last());
                walk.answer(Vec::new()).unwrap();
                came.push(walk.reached());
            }
            assert_eq!(came, reached.map(at), "{order:?}");
            assert!(walk.is_done() && walk.ask().is_none());
        }
    }

    #[test]
    fn a_limit_ends_it_wherever_it_is() {
        let mut walk = walk(NewestFirst, 5_000, 3);
        assert!(walk.ask().unwrap().sql.ends_with(" limit 3"));
        assert_eq!(
            walk.answer(vec![row(9, "a"), row(8, "b")]).unwrap().len(),
            2
        );
        assert!(!walk.is_done());
        assert!(walk.ask().unwrap().sql.ends_with(" limit 1"));
        // More than was asked for is not shown.
        assert_eq!(
            walk.answer(vec![row(7, "c"), row(6, "d")]).unwrap().len(),
            1
        );
        assert!(walk.is_done() && walk.ask().is_none());
    }

    #[test]
    fn a_page_without_an_id_at_its_end_cannot_be_gone_on_from() {
        for (limit, more) in [(0, true), (PAGE + 1, true), (PAGE, false)] {
            let mut walk = walk(NewestFirst, 30, limit);
            walk.ask();
            let answer = walk.answer(page(Object::new()));
            assert_eq!(answer.is_err(), more, "{limit}");
        }
        let mut walk = walk(NewestFirst, 30, 0);
        walk.ask();
        let short = vec![Object::new(); PAGE - 1];
        assert_eq!(walk.answer(short.clone()).unwrap(), short);
        assert!(walk.is_done());
    }

    #[test]
    fn the_same_page_for_ever_is_a_failure() {
        let mut walk = walk(OldestFirst, 30, 0);
        for (uuid, is_new) in [("ab", true), ("cd", true), ("cd", false)] {
            walk.ask();
            assert_eq!(walk.answer(page(row(12, uuid))).is_ok(), is_new, "{uuid}");
        }
    }

    #[test]
    fn an_earlier_walk_is_gone_on_with() {
        for (order, minute, left) in [
            (NewestFirst, 12, window(0, 13)),
            (NewestFirst, 90, window(0, 30)),
            (OldestFirst, 12, window(12, 30)),
            (OldestFirst, -90, window(0, 30)),
        ] {
            let cursor = rows::id(&row(minute, "ab")).unwrap();
            let mut walk = walk(order, 30, 0).after(cursor);
            let ask = walk.ask().unwrap();
            assert_eq!(ask.window, left, "{order:?} {minute}");
            assert!(ask.sql.contains("toString(id) "), "{}", ask.sql);
        }
    }

    #[test]
    fn windows_become_shorter_where_the_service_is_too_slow() {
        for (order, shorter, next) in [
            (NewestFirst, &[(2, 5), (3, 5), (4, 5)][..], window(3, 4)),
            (OldestFirst, &[(0, 2), (0, 1)], window(1, 2)),
        ] {
            let mut walk = walk(order, 5, 0);
            assert!(!walk.too_slow(), "nothing was asked");
            walk.ask();
            for (from, to) in shorter {
                assert!(walk.too_slow());
                assert_eq!(walk.ask().unwrap().window, window(*from, *to), "{order:?}");
            }
            assert!(!walk.too_slow(), "one minute has no halves");
            walk.answer(Vec::new()).unwrap();
            assert_eq!(walk.ask().unwrap().window, next, "the next is as short");
        }
    }

    #[test]
    fn both_rows_of_a_request_are_one() {
        let of_ray = |uuid: &str, ray: &str| {
            let mut row = row(9, uuid);
            row.insert("cf_ray".to_owned(), json!(ray));
            row
        };
        for (limit, asked) in [(2, 4), (600, 1000), (0, 1000)] {
            let mut walk = Walk::new(Search::requests(true), range(0, 30), NewestFirst, limit);
            let sql = walk.ask().unwrap().sql;
            assert!(sql.ends_with(&format!(" limit {asked}")), "{limit}: {sql}");
        }
        let mut walk = Walk::new(Search::requests(true), range(0, 30), NewestFirst, 2);
        walk.ask();
        let page = ["a", "b", "c", "d"].map(|uuid| of_ray(uuid, "same"));
        assert_eq!(walk.answer(page.into()).unwrap().len(), 1);
        assert!(walk.ask().unwrap().sql.ends_with(" limit 2"));
        let page = vec![of_ray("e", "same"), of_ray("f", "other")];
        assert_eq!(walk.answer(page.clone()).unwrap(), page[1..]);
        assert!(walk.is_done());
    }

    #[test]
    fn rays_are_remembered_for_a_while() {
        let of = |ray: &str| Object::from_iter([("cf_ray".to_owned(), json!(ray))]);
        let mut rays = Rays::default();
        for _ in 0..2 {
            assert!(rays.is_new(&Object::new()) && rays.is_new(&of("")));
        }
        for number in 0..RAYS {
            assert!(rays.is_new(&of(&number.to_string())));
        }
        assert!(!rays.is_new(&of("0")), "so many are");
        assert!(rays.is_new(&of("one more")));
        assert!(!rays.is_new(&of("1")), "the second is still");
        assert!(rays.is_new(&of("0")), "the first is not any more");
    }

    #[test]
    fn bounds_are_told_where_no_end_of_a_window_is_one() {
        let second = SignedDuration::from_secs(1);
        let sharp = range(0, 30);
        let fine = Range {
            since: at(0) + second,
            until: Some(at(30) - second),
            now: at(30),
        };
        let open = Range {
            until: None,
            ..sharp
        };
        for (name, range, window, expected) in [
            ("all of it", sharp, window(0, 30), vec![]),
            (
                "all but the end",
                sharp,
                window(0, 20),
                vec!["< 1795342800000000"],
            ),
            ("all but the start", sharp, window(10, 30), vec![]),
            (
                "seconds",
                fine,
                window(0, 30),
                vec![">= 1795341601000000", "< 1795343399000000"],
            ),
            (
                "seconds at the start",
                fine,
                window(0, 20),
                vec![">= 1795341601000000", "< 1795342800000000"],
            ),
            (
                "seconds at the end",
                fine,
                window(10, 30),
                vec!["< 1795343399000000"],
            ),
            ("up to now", open, window(0, 31), vec![]),
            (
                "not up to now",
                open,
                window(0, 30),
                vec!["< 1795343400000000"],
            ),
        ] {
            let bounds = range_bounds(&range, window);
            let expected: Vec<String> = expected
                .iter()
                .map(|bound| format!("toUnixTimestamp64Micro(timestamp) {bound}"))
                .collect();
            assert_eq!(bounds, expected, "{name}");
        }
    }
}
