//! Follows new rows: looks again and again at the last minutes, and prints what it has not seen.
//!
//! Rows come 13 to 90 seconds after their time and in no order, so each look reaches back further
//! than that, and what was seen is remembered for as long as a look may reach.
//!
//! Decides only; asking and waiting are the caller's.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::error::ApiError;
use super::super::record::Object;
use super::PAGE;
use super::literal::text;
use super::rows::{self, LogId};
use super::search::Search;
use super::walk::Ask;
use super::window::{self, Window};
use crate::error::Code;

/// How far a look reaches back behind the newest row.
pub(crate) const OVERLAP: SignedDuration = SignedDuration::from_secs(180);

/// What can no longer be made up for: the service takes windows of a day, and this much is spare.
const LONGEST_GAP: SignedDuration = SignedDuration::from_hours(23);

/// Where it starts anew after such a gap.
const AFTER_A_GAP: SignedDuration = SignedDuration::from_hours(1);

/// A row that has been seen.
struct Seen {
    micros: i64,
}

/// Follows the rows of a search.
pub(crate) struct Follow {
    search: Search,
    /// Nothing before this is shown.
    floor: Timestamp,
    /// All that came before this is known, but for what comes late.
    mark: Timestamp,
    /// The newest row that was shown.
    newest: Option<i64>,
    seen: HashMap<String, Seen>,
    /// The window of this look, and the last row of its last page.
    look: Option<Window>,
    cursor: Option<LogId>,
    now: Timestamp,
}

impl Follow {
    /// From a time on.
    pub(crate) fn new(search: Search, floor: Timestamp) -> Self {
        Self {
            search,
            floor,
            mark: floor,
            newest: None,
            seen: HashMap::new(),
            look: None,
            cursor: None,
            now: floor,
        }
    }

    /// Notes a row that was shown before the first look.
    pub(crate) fn note(&mut self, id: &LogId) {
        self.seen
            .insert(id.uuid.clone(), Seen { micros: id.micros });
        self.newest = self.newest.max(Some(id.micros));
        self.mark = self.mark.max(id.time());
    }

    /// Begins a look. Tells from when on it starts anew, where there was too long a gap.
    pub(crate) fn begin(&mut self, now: Timestamp) -> Option<Timestamp> {
        let mut anew = None;
        if now.duration_since(self.mark) > LONGEST_GAP {
            let from = now.saturating_sub(AFTER_A_GAP).unwrap_or(now);
            (self.mark, self.floor) = (from, self.floor.max(from));
            anew = Some(from);
        }
        let from = self.mark.saturating_sub(OVERLAP).unwrap_or(self.mark);
        let from = window::floor(from.max(self.floor));
        let to = window::plus_minutes(window::ceil(now), 1);
        self.look = Some(Window { from, to });
        self.cursor = None;
        self.now = now;
        anew
    }

    /// The next page of this look; `None` at its end.
    pub(crate) fn ask(&self) -> Option<Ask> {
        let window = self.look?;
        let mut bounds = Vec::new();
        if self.floor > window.from {
            bounds.push(format!(
                "toUnixTimestamp64Micro(timestamp) >= {}",
                self.floor.as_microsecond()
            ));
        }
        if let Some(LogId { micros, uuid, .. }) = &self.cursor {
            bounds.push(format!(
                "(toUnixTimestamp64Micro(timestamp) > {micros} or (toUnixTimestamp64Micro(timestamp) = {micros} and toString(id) > {}))",
                text(uuid)
            ));
        }
        Some(Ask {
            sql: self.search.page(&bounds, false, PAGE),
            window,
        })
    }

    /// Takes in a page, and returns what is new of it, oldest first, the late marked.
    ///
    /// # Errors
    /// The service must get on: a page that ends where the one before did would come for ever.
    pub(crate) fn answer(&mut self, mut page: Vec<Object>) -> Result<Vec<Object>, ApiError> {
        let last = page.last().and_then(rows::id);
        if page.len() < PAGE {
            self.look = None;
        } else if last.is_none() || last == self.cursor {
            return Err(ApiError::new(
                Code::MalformedResponse,
                "the service sends the same page again and again",
            ));
        } else {
            self.cursor = last;
        }
        let newest = self.newest;
        page.retain_mut(|row| {
            let Some(id) = rows::id(row) else {
                return false;
            };
            row.insert(
                "late".to_owned(),
                Value::Bool(newest.is_some_and(|newest| id.micros < newest)),
            );
            self.newest = self.newest.max(Some(id.micros));
            self.mark = self.mark.max(id.time());
            self.seen
                .insert(id.uuid, Seen { micros: id.micros })
                .is_none()
        });
        if self.look.is_none() {
            self.end();
        }
        Ok(page)
    }

    /// Ends a look: forgets what no later one can reach.
    fn end(&mut self) {
        // Where nothing comes the looks move on all the same, as far as nothing can be late any more.
        let quiet = self.now.saturating_sub(OVERLAP).unwrap_or(self.now);
        self.mark = self.mark.max(quiet);
        let oldest = self
            .mark
            .saturating_sub(OVERLAP * 2)
            .unwrap_or(self.mark)
            .as_microsecond();
        self.seen.retain(|_, seen| seen.micros >= oldest);
    }

    /// How many rows are remembered.
    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.seen.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const START: i64 = 1_795_341_600;

    /// A row that happens at one time and can be asked for from another on, perhaps twice.
    #[derive(Debug, Clone)]
    struct Row {
        micros: i64,
        arrives: i64,
        twice: bool,
        uuid: String,
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(START + seconds).unwrap()
    }

    /// What the service has for a question, in its order, a thousand at most.
    fn service(
        rows: &[Row],
        ask: &Ask,
        after: Option<&(i64, String)>,
        floor: i64,
        now: i64,
    ) -> Vec<Object> {
        let within = ask.window.from.as_microsecond()..ask.window.to.as_microsecond();
        let mut found: Vec<&Row> = rows
            .iter()
            .filter(|row| row.arrives <= now && within.contains(&row.micros) && row.micros >= floor)
            .flat_map(|row| std::iter::repeat_n(row, if row.twice { 2 } else { 1 }))
            .filter(|row| {
                after.is_none_or(|(micros, uuid)| (row.micros, &row.uuid) > (*micros, uuid))
            })
            .collect();
        found.sort_by_key(|row| (row.micros, &row.uuid));
        let object = |row: &Row| {
            let value = json!({"log_id": row.uuid, "ts_us": row.micros, "source": "edge_logs"});
            value.as_object().unwrap().clone()
        };
        found.into_iter().take(PAGE).map(object).collect()
    }

    /// Follows on a clock of its own, ten seconds a look, and returns what was shown. Some looks fail.
    fn follow(rows: &[Row], looks: i64, fails: &[i64], most: &mut usize) -> Vec<(String, bool)> {
        let mut follow = Follow::new(Search::requests(false), at(0));
        let mut shown = Vec::new();
        for look in 0..looks {
            let now = at(look * 10);
            follow.begin(now);
            if fails.contains(&look) {
                continue;
            }
            while let Some(ask) = follow.ask() {
                let after = follow
                    .cursor
                    .as_ref()
                    .map(|id| (id.micros, id.uuid.clone()));
                let page = service(
                    rows,
                    &ask,
                    after.as_ref(),
                    at(0).as_microsecond(),
                    now.as_microsecond(),
                );
                for row in follow.answer(page).unwrap() {
                    shown.push((
                        row["log_id"].as_str().unwrap().to_owned(),
                        row["late"].as_bool().unwrap(),
                    ));
                }
            }
            *most = follow.remembered().max(*most);
        }
        shown
    }

    fn rows(times: &[(i64, i64, bool)]) -> Vec<Row> {
        times
            .iter()
            .enumerate()
            .map(|(number, (millis, delay, twice))| Row {
                micros: START * 1_000_000 + millis * 1000,
                arrives: START * 1_000_000 + (millis + delay) * 1000,
                twice: *twice,
                uuid: format!("{:08x}", (number * 2_654_435_761) & 0xffff_ffff),
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn each_row_is_shown_once_whatever_the_order_of_arrival(
            times in proptest::collection::vec((0_i64..600_000, 0_i64..175_000, any::<bool>()), 1..300),
            fails in proptest::collection::vec(0_i64..60, 0..8),
        ) {
            let rows = rows(&times);
            let mut most = 0;
            let mut shown: Vec<String> = follow(&rows, 90, &fails, &mut most).into_iter().map(|(id, _)| id).collect();
            shown.sort();
            let mut expected: Vec<String> = rows.iter().map(|row| row.uuid.clone()).collect();
            expected.sort();
            prop_assert_eq!(shown, expected);
        }
    }

    #[test]
    fn a_thousand_in_one_second_and_more_are_all_shown() {
        // Some in the very same microsecond.
        let times: Vec<(i64, i64, bool)> = (0..3_500)
            .map(|number| {
                (
                    60_000 + number % 700,
                    20_000 + number * 7 % 60_000,
                    number % 5 == 0,
                )
            })
            .collect();
        let rows = rows(&times);
        let mut most = 0;
        let shown = follow(&rows, 60, &[], &mut most);
        assert_eq!(shown.len(), rows.len());
    }

    #[test]
    fn late_rows_are_marked() {
        let rows = rows(&[
            (10_000, 15_000, false),
            (40_000, 15_000, false),
            (20_000, 90_000, false),
        ]);
        let mut most = 0;
        let shown = follow(&rows, 30, &[], &mut most);
        let late: Vec<bool> = shown.iter().map(|(_, late)| *late).collect();
        assert_eq!(late, [false, false, true]);
    }

    #[test]
    fn what_is_remembered_does_not_grow() {
        let times: Vec<(i64, i64, bool)> = (0..7_200)
            .map(|number| (number * 500, 20_000, false))
            .collect();
        let rows = rows(&times);
        let (mut early, mut late) = (0, 0);
        follow(&rows, 90, &[], &mut early);
        assert_eq!(follow(&rows, 370, &[], &mut late).len(), rows.len());
        assert!(
            late <= early + 30,
            "{early} after a quarter of an hour, {late} after an hour"
        );
    }

    #[test]
    fn a_night_is_not_made_up_for() {
        let mut follow = Follow::new(Search::requests(false), at(0));
        assert_eq!(follow.begin(at(10)), None);
        follow.answer(Vec::new()).unwrap();
        assert_eq!(
            follow.begin(at(22 * 3600)),
            None,
            "hours can be made up for"
        );
        assert!(follow.ask().unwrap().window.minutes() <= window::LONGEST);
        let morning = at(24 * 3600);
        assert_eq!(follow.begin(morning), Some(at(23 * 3600)));
        assert!(follow.ask().unwrap().window.minutes() <= 65);
    }

    #[test]
    fn a_gap_of_just_23_hours_is_made_up_for() {
        for (seconds, anew) in [(0, None), (1, Some(at(22 * 3600 + 1)))] {
            let mut follow = Follow::new(Search::requests(false), at(0));
            assert_eq!(follow.begin(at(23 * 3600 + seconds)), anew, "{seconds}");
        }
    }

    /// A row of so many microseconds after the start.
    fn shown(micros: i64, number: usize) -> Object {
        let micros = START * 1_000_000 + micros;
        let row = json!({"log_id": format!("{number:x}"), "ts_us": micros, "source": "edge_logs"});
        row.as_object().unwrap().clone()
    }

    #[test]
    fn what_is_finer_than_a_minute_stands_in_the_statement() {
        let conditions = |follow: &Follow| {
            let sql = follow.ask().unwrap().sql;
            let (_, rest) = sql.split_once(" where source = 'edge_logs'").unwrap();
            let (conditions, _) = rest.split_once(" order by ").unwrap();
            conditions.to_owned()
        };
        let from = " and toUnixTimestamp64Micro(timestamp) >= 1795341630000000";
        for (name, floor, now, expected) in [
            ("a whole minute", 0, 40, ""),
            ("within a minute", 30, 40, from),
        ] {
            let mut follow = Follow::new(Search::requests(false), at(floor));
            follow.begin(at(now));
            assert_eq!(conditions(&follow), expected, "{name}");
            follow.answer(Vec::new()).unwrap();
            follow.begin(at(600));
            follow.answer(Vec::new()).unwrap();
            follow.begin(at(610));
            assert_eq!(conditions(&follow), "", "{name}, when it lies behind");
        }
        let mut follow = Follow::new(Search::requests(false), at(0));
        follow.begin(at(10));
        follow
            .answer((0..PAGE).map(|number| shown(7, number)).collect())
            .unwrap();
        assert_eq!(
            conditions(&follow),
            " and (toUnixTimestamp64Micro(timestamp) > 1795341600000007 or (toUnixTimestamp64Micro(timestamp) = 1795341600000007 and toString(id) > '3e7'))",
            "a full page is gone on from"
        );
    }

    #[test]
    fn rows_that_were_shown_before_do_not_come_again() {
        let mut follow = Follow::new(Search::requests(false), at(0));
        let (five, six) = (300_000_000, 360_000_000);
        for row in [shown(five, 1), shown(six, 2)] {
            follow.note(&rows::id(&row).unwrap());
        }
        follow.begin(at(370));
        assert_eq!(
            follow.ask().unwrap().window.from,
            at(180),
            "it looks back from the newest of them"
        );
        let page = vec![
            shown(five, 1),
            shown(six - 1, 3),
            shown(six, 2),
            shown(six, 4),
            shown(six + 1, 5),
        ];
        let new: Vec<(String, bool)> = follow
            .answer(page)
            .unwrap()
            .iter()
            .map(|row| {
                (
                    row["log_id"].as_str().unwrap().to_owned(),
                    row["late"].as_bool().unwrap(),
                )
            })
            .collect();
        let expected = [("3", true), ("4", false), ("5", false)];
        assert_eq!(
            new,
            expected.map(|(id, late)| (id.to_owned(), late)),
            "only what is older than the newest is late"
        );
    }

    #[test]
    fn the_same_page_for_ever_is_a_failure() {
        let mut follow = Follow::new(Search::requests(false), at(0));
        follow.begin(at(10));
        let page: Vec<Object> = (0..PAGE)
            .map(|_| {
                json!({"log_id": "a", "ts_us": START, "source": "edge_logs"})
                    .as_object()
                    .unwrap()
                    .clone()
            })
            .collect();
        follow.answer(page.clone()).unwrap();
        assert!(follow.answer(page).is_err());
    }
}
