//! Numbers of a list by time: counts, errors and percentiles for each interval and group.
//!
//! Intervals begin at whole multiples of themselves, and no window ends within one, so that no
//! percentile has to be made of two.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::record::Object;
use super::PAGE;
use super::rows::{integer, written};
use super::search::Search;
use super::walk::{Ask, range_bounds};
use super::window::{self, Range, Window};

/// Intervals that people can read, in minutes.
const INTERVALS: [i64; 10] = [1, 2, 5, 10, 15, 30, 60, 120, 360, 720];

/// As many as fit on a screen.
const MOST: i64 = 60;

/// The longest interval that is taken, in minutes: a window must hold a whole one.
pub(crate) const LONGEST_INTERVAL: i64 = 720;

/// What is counted for each interval.
#[derive(Debug, Clone)]
pub(crate) struct Measures {
    /// What the groups are called, and the expression that tells them apart.
    pub(crate) key: &'static str,
    pub(crate) group: &'static str,
    /// Conditions for an error and for a warning.
    pub(crate) error: Cow<'static, str>,
    /// Without one, all that is no error is a warning.
    pub(crate) warning: Option<&'static str>,
    /// Milliseconds, where there are any.
    pub(crate) duration: Option<&'static str>,
}

/// A walk through the intervals of a range.
pub(crate) struct Stats {
    search: Search,
    measures: Measures,
    range: Range,
    /// Seconds.
    interval: i64,
    rest: Window,
    /// The longest window, in intervals.
    most: i64,
    groups: BTreeMap<String, BTreeMap<i64, Object>>,
}

impl Stats {
    /// Of a range, by intervals of so many minutes, or of as many as make it readable.
    pub(crate) fn new(
        search: Search,
        measures: Measures,
        range: Range,
        interval: Option<i64>,
    ) -> Self {
        let whole = range.window();
        let minutes = interval.unwrap_or_else(|| {
            let fits = INTERVALS
                .iter()
                .find(|minutes| whole.minutes() <= **minutes * MOST);
            fits.copied().unwrap_or(LONGEST_INTERVAL)
        });
        let seconds = minutes * 60;
        // The end is that of an interval, which may lie ahead.
        let last = window::floor_to(whole.to, seconds);
        let to = if last == whole.to {
            last
        } else {
            window::plus_minutes(last, minutes)
        };
        let from = window::floor_to(whole.from, seconds);
        Self {
            search,
            measures,
            range,
            interval: seconds,
            rest: Window { from, to },
            most: window::LONGEST / minutes,
            groups: BTreeMap::new(),
        }
    }

    /// The next question; `None` at the end.
    pub(crate) fn ask(&self) -> Option<Ask> {
        if self.rest.minutes() <= 0 {
            return None;
        }
        let window = window::last_piece(self.rest, self.most * self.interval / 60);
        let Measures {
            key,
            group,
            error,
            warning,
            duration,
        } = &self.measures;
        let percentiles = duration.map_or(String::new(), |duration| {
            let of = |level: &str, name: &str| {
                format!(", quantile({level})(toFloat64OrNull({duration})) as {name}")
            };
            [
                of("0.5", "p50_ms"),
                of("0.95", "p95_ms"),
                of("0.99", "p99_ms"),
            ]
            .concat()
        });
        let warning = warning.unwrap_or("1");
        // A name that is a column's would hide the column.
        let group = if group == key {
            (*key).to_owned()
        } else {
            format!("{group} as {key}")
        };
        let minutes = self.interval / 60;
        let sql = self.search.counted(
            &format!(
                "toUnixTimestamp(toStartOfInterval(timestamp, INTERVAL {minutes} MINUTE)) as bucket, {group}, \
                 count() as total, countIf({error}) as errors, countIf({warning}) as warnings{percentiles}"
            ),
            &range_bounds(&self.range, window),
            &format!("bucket, {key}"),
        );
        Some(Ask { sql, window })
    }

    /// Takes in an answer. `false` where it was cut, and shorter windows are to be asked for.
    pub(crate) fn answer(&mut self, window: Window, rows: Vec<Object>) -> bool {
        if rows.len() >= PAGE && self.most > 1 {
            self.most /= 2;
            return false;
        }
        self.rest.to = window.from;
        for row in rows {
            let bucket = row.get("bucket").and_then(integer);
            let group = row
                .get(self.measures.key)
                .and_then(Value::as_str)
                .unwrap_or_default();
            if let Some(bucket) = bucket {
                let group = self.groups.entry(group.to_owned()).or_default();
                group.insert(bucket, row);
            }
        }
        true
    }

    /// All intervals of all groups that there are, newest first, the empty ones with zeros.
    pub(crate) fn rows(self, name: &dyn Fn(&str) -> String) -> Vec<Object> {
        let from = self.first();
        let last_moment = self
            .range
            .end()
            .saturating_sub(SignedDuration::from_nanos(1));
        let last = last_moment
            .unwrap_or(self.range.since)
            .as_second()
            .div_euclid(self.interval)
            * self.interval;
        // The clock of the service may be ahead.
        let newest = self
            .groups
            .values()
            .filter_map(|buckets| buckets.keys().max())
            .max();
        let last = newest.map_or(last, |newest| last.max(*newest));
        let mut rows = Vec::new();
        let mut bucket = Timestamp::from_second(last).unwrap_or(from);
        while bucket >= from {
            for (group, buckets) in &self.groups {
                rows.push(self.row(bucket, &name(group), buckets.get(&bucket.as_second())));
            }
            bucket = window::plus_minutes(bucket, -self.interval / 60);
        }
        rows
    }

    fn first(&self) -> Timestamp {
        window::floor_to(self.range.since, self.interval)
    }

    fn row(&self, bucket: Timestamp, group: &str, found: Option<&Object>) -> Object {
        let get = |key: &str| found.and_then(|row| row.get(key));
        let count = |key: &str| get(key).and_then(integer).unwrap_or(0);
        let rest = count("total") - count("errors");
        let warnings = self.measures.warning.map_or(rest, |_| count("warnings"));
        let mut row = Object::new();
        row.insert("started_at".to_owned(), written(Some(bucket)));
        row.insert("interval_s".to_owned(), self.interval.into());
        row.insert(self.measures.key.to_owned(), group.into());
        row.insert("count".to_owned(), count("total").into());
        row.insert("errors".to_owned(), count("errors").into());
        row.insert("warnings".to_owned(), warnings.into());
        if self.measures.duration.is_some() {
            for key in ["p50_ms", "p95_ms", "p99_ms"] {
                // Null without any value, in some releases as the text `nan`.
                let value = get(key).filter(|value| value.is_number()).cloned();
                row.insert(key.to_owned(), value.unwrap_or(Value::Null));
            }
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const MEASURES: Measures = Measures {
        key: "service",
        group: "source",
        error: Cow::Borrowed("1"),
        warning: Some("0"),
        duration: Some("log_attributes['response.origin_time']"),
    };

    fn range(since: i64, length: i64) -> Range {
        let time = |seconds| Timestamp::from_second(seconds).unwrap();
        Range {
            since: time(since),
            until: Some(time(since + length)),
            now: time(since + length),
        }
    }

    proptest! {
        #[test]
        fn no_window_ends_within_an_interval(since in 1_700_000_000_i64..1_800_000_000, minutes in 1_i64..60_000, interval in proptest::option::of(1_i64..=LONGEST_INTERVAL)) {
            let mut stats = Stats::new(Search::requests(false), MEASURES, range(since, minutes * 60), interval);
            let mut covered = stats.rest.to;
            while let Some(ask) = stats.ask() {
                let (from, to) = (ask.window.from.as_second(), ask.window.to.as_second());
                prop_assert!(from % stats.interval == 0 && to % stats.interval == 0 && ask.window.minutes() <= window::LONGEST);
                prop_assert_eq!(ask.window.to, covered);
                covered = ask.window.from;
                stats.answer(ask.window, Vec::new());
            }
            prop_assert!(covered.as_second() <= since);
        }

        #[test]
        fn empty_intervals_are_filled(minutes in 1_i64..3_000) {
            let since = 1_795_341_600;
            let mut stats = Stats::new(Search::requests(false), MEASURES, range(since, minutes * 60), None);
            let interval = stats.interval;
            let row = json!({"bucket": since, "service": "rest", "total": "3", "errors": 1, "warnings": 0, "p50_ms": 1.5});
            let mut asked = 0;
            while let Some(ask) = stats.ask() {
                asked += 1;
                let rows = if ask.window.from.as_second() <= since { vec![row.as_object().unwrap().clone()] } else { Vec::new() };
                stats.answer(ask.window, rows);
            }
            let rows = stats.rows(&str::to_owned);
            prop_assert_eq!(i64::try_from(rows.len()).unwrap(), (minutes * 60 + interval - 1) / interval);
            prop_assert!(rows.len() <= 60 && asked <= 3);
            let last = rows.last().unwrap();
            prop_assert_eq!(&last["count"], &json!(3));
            prop_assert!(rows.len() == 1 || rows[0]["count"] == json!(0) && rows[0]["p50_ms"].is_null());
        }
    }

    #[test]
    fn an_answer_that_was_cut_is_asked_for_in_pieces() {
        let day = 24 * 3600;
        let mut stats = Stats::new(
            Search::requests(false),
            MEASURES,
            range(1_795_305_600, day),
            Some(60),
        );
        let full = || vec![Object::new(); PAGE];
        let end = Timestamp::from_second(1_795_305_600 + day).unwrap();
        for hours in [23, 11, 5, 2] {
            let ask = stats.ask().unwrap();
            assert_eq!((ask.window.to, ask.window.minutes()), (end, hours * 60));
            assert!(!stats.answer(ask.window, full()), "{hours} hours");
        }
        let last = stats.ask().unwrap();
        assert_eq!((last.window.to, last.window.minutes()), (end, 60));
        assert!(
            stats.answer(last.window, full()),
            "of one interval there are no pieces"
        );
        let next = stats.ask().unwrap();
        assert_eq!(
            (next.window.to, next.window.minutes()),
            (last.window.from, 60),
            "they stay as short"
        );
    }

    #[test]
    fn intervals_are_counted_by_group() {
        let measures = Measures {
            key: "source",
            warning: None,
            duration: None,
            ..MEASURES
        };
        let since = 1_795_341_600;
        let span = range(since + 60, 1800);
        let mut stats = Stats::new(Search::requests(false), measures, span, Some(15));
        let ask = stats.ask().unwrap();
        assert_eq!(
            ask.sql,
            "select toUnixTimestamp(toStartOfInterval(timestamp, INTERVAL 15 MINUTE)) as bucket, source, \
             count() as total, countIf(1) as errors, countIf(1) as warnings from logs \
             where source = 'edge_logs' and toUnixTimestamp64Micro(timestamp) >= 1795341660000000 \
             and toUnixTimestamp64Micro(timestamp) < 1795343460000000 \
             group by bucket, source order by bucket, source limit 1000"
        );
        let found = |bucket: i64, source: &str, total: i64, errors: i64| {
            let row = json!({"bucket": bucket, "source": source, "total": total, "errors": errors, "warnings": 99});
            row.as_object().unwrap().clone()
        };
        let rows = vec![
            found(since, "auth_logs", 5, 2),
            found(since + 900, "edge_logs", 3, 3),
            // The clock of the service is ahead.
            found(since + 2700, "edge_logs", 1, 0),
        ];
        assert!(stats.answer(ask.window, rows));
        assert!(stats.ask().is_none());
        let lines: Vec<String> = stats
            .rows(&str::to_uppercase)
            .into_iter()
            .map(|row| {
                let values: Vec<String> = row.values().map(Value::to_string).collect();
                values.join(" ").replace('"', "")
            })
            .collect();
        assert_eq!(
            lines,
            [
                "2026-11-22T10:45:00.000000Z 900 AUTH_LOGS 0 0 0",
                "2026-11-22T10:45:00.000000Z 900 EDGE_LOGS 1 0 1",
                "2026-11-22T10:30:00.000000Z 900 AUTH_LOGS 0 0 0",
                "2026-11-22T10:30:00.000000Z 900 EDGE_LOGS 0 0 0",
                "2026-11-22T10:15:00.000000Z 900 AUTH_LOGS 0 0 0",
                "2026-11-22T10:15:00.000000Z 900 EDGE_LOGS 3 3 0",
                "2026-11-22T10:00:00.000000Z 900 AUTH_LOGS 5 2 3",
                "2026-11-22T10:00:00.000000Z 900 EDGE_LOGS 0 0 0",
            ]
        );
    }
}
