//! The last scrapes of a project, in memory and for the next run.
//!
//! The service measures once a minute. Asked sooner it tells the same again, which is no new sample:
//! so the last two different ones are kept, and rates are there at any time.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::{Scrape, number};

/// Rates over a longer time than this are no news.
const OLDEST_S: f64 = 3600.0;

/// Counters whose names do not end in `_total`, and the clocks.
const ALSO_KEPT: [&str; 4] = [
    "node_time_seconds",
    "node_boot_time_seconds",
    "pg_stat_statements_total_queries",
    "pg_stat_statements_total_time_seconds",
];

/// An earlier scrape: when it was measured, in seconds since 1970, and its counters.
#[derive(Debug, Clone)]
struct Earlier {
    time: f64,
    counters: String,
}

/// The last scrape as it came, and the counters of those before it.
#[derive(Debug, Default)]
pub(super) struct Scrapes {
    last: String,
    time: f64,
    /// The last two that differ, the last one included; the older first.
    kept: Vec<Earlier>,
    read: bool,
}

impl Scrapes {
    /// Reads what an earlier run kept, as far as it is any good.
    pub(super) fn read(kept: Option<&Value>) -> Self {
        let rows = kept.and_then(Value::as_array).into_iter().flatten();
        let kept = rows.filter_map(|row| {
            Some(Earlier {
                time: number(&row["time"])?,
                counters: row["counters"].as_str()?.to_owned(),
            })
        });
        Self {
            kept: kept.collect(),
            read: true,
            ..Self::default()
        }
    }

    /// Whether nothing was read or added yet.
    pub(super) fn are_new(&self) -> bool {
        !self.read
    }

    /// What the next run is to compare with.
    pub(super) fn kept(&self) -> Value {
        let row = |one: &Earlier| json!({"time": one.time, "counters": one.counters});
        self.kept.iter().map(row).collect()
    }

    /// Adds a scrape. One that does not say when it was measured was measured now.
    pub(super) fn add(&mut self, text: String, now: Timestamp) {
        let counters = counters(&text);
        let clock = Scrape::read(&text)
            .series("node_time_seconds")
            .first()
            .map(|one| one.value);
        let same = self
            .kept
            .last()
            .filter(|last| last.counters == counters)
            .map(|last| last.time);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
        let asked = now.as_millisecond() as f64 / 1000.0;
        let time = clock.or(same).unwrap_or(asked);
        // What is from the future was measured before a clock was set back.
        self.kept
            .retain(|one| one.time < time && time - one.time <= OLDEST_S);
        self.kept.push(Earlier { time, counters });
        let more = self.kept.len().saturating_sub(2);
        self.kept.drain(..more);
        self.last = text;
        self.time = time;
        self.read = true;
    }

    /// The last scrape.
    pub(super) fn last(&self) -> &str {
        &self.last
    }

    /// When it was measured, in seconds since 1970.
    pub(super) fn time(&self) -> f64 {
        self.time
    }

    /// The counters of the scrape before the last, and the seconds between the two.
    pub(super) fn before(&self) -> Option<(&str, f64)> {
        let before = self.kept.iter().rev().find(|one| one.time < self.time)?;
        Some((&before.counters, self.time - before.time))
    }

    /// Whether any counter fell between the two.
    pub(super) fn were_reset(&self) -> bool {
        let Some((before, _)) = self.before() else {
            return false;
        };
        Scrape::read(&self.last).fell_since(&Scrape::read(before))
    }
}

/// The lines of a scrape that the next one is compared to.
fn counters(text: &str) -> String {
    let wanted = |line: &&str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        name.ends_with("_total") || ALSO_KEPT.contains(&name)
    };
    let lines: Vec<&str> = text.lines().filter(wanted).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrape(time: u32, count: u32) -> String {
        format!("# TYPE c_total counter\nc_total {count}\ng 7\nnode_time_seconds {time}\n")
    }

    fn next_run(scrapes: &Scrapes) -> Scrapes {
        Scrapes::read(Some(&scrapes.kept()))
    }

    #[test]
    fn a_run_is_compared_to_the_one_before() {
        let mut first = Scrapes::read(None);
        first.add(scrape(60, 1), Timestamp::UNIX_EPOCH);
        assert_eq!(first.before(), None);
        let mut second = next_run(&first);
        second.add(scrape(120, 5), Timestamp::UNIX_EPOCH);
        assert_eq!(
            second.before(),
            Some(("c_total 1\nnode_time_seconds 60", 60.0))
        );
        // Asked again within the minute: the same sample, and the same comparison.
        let mut third = next_run(&second);
        third.add(scrape(120, 5), Timestamp::UNIX_EPOCH);
        assert_eq!(third.before(), second.before());
    }

    #[test]
    fn neither_the_future_nor_long_ago_is_compared_to() {
        let mut first = Scrapes::read(None);
        first.add(scrape(7000, 1), Timestamp::UNIX_EPOCH);
        let mut back = next_run(&first);
        back.add(scrape(60, 1), Timestamp::UNIX_EPOCH);
        assert_eq!(back.before(), None);
        let mut late = next_run(&first);
        late.add(scrape(10_601, 9), Timestamp::UNIX_EPOCH);
        assert_eq!(late.before(), None);
    }

    #[test]
    fn without_a_clock_a_sample_is_known_by_its_counters() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut scrapes = Scrapes::read(None);
        scrapes.add("c_total 1\n".to_owned(), at(100));
        scrapes.add("c_total 1\ng 8\n".to_owned(), at(130));
        assert_eq!(scrapes.before(), None);
        scrapes.add("c_total 2\n".to_owned(), at(160));
        assert_eq!(scrapes.before(), Some(("c_total 1", 60.0)));
    }

    #[test]
    fn a_counter_that_fell_was_reset() {
        let mut scrapes = Scrapes::read(None);
        scrapes.add(scrape(60, 9), Timestamp::UNIX_EPOCH);
        scrapes.add(scrape(120, 3), Timestamp::UNIX_EPOCH);
        assert!(scrapes.were_reset());
        scrapes.add(scrape(180, 3), Timestamp::UNIX_EPOCH);
        assert!(!scrapes.were_reset());
    }

    #[test]
    fn what_is_damaged_is_not_there() {
        for kept in [
            json!(null),
            json!("x"),
            json!([1, {"time": "soon"}, {"counters": "c"}]),
        ] {
            assert_eq!(Scrapes::read(Some(&kept)).kept(), json!([]));
        }
    }
}
