//! Stretches of time: what a person writes, and what the service takes.
//!
//! The service rounds both bounds to the minute and cuts what is longer than a day, newest hours
//! first. So its bounds are whole minutes, the last of them ahead of now, and at most 1439 minutes
//! apart; what is finer stands in the SQL.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, ToSpan};

/// The longest window, in minutes: a day less one, so that no rounding makes it longer than a day.
pub(crate) const LONGEST: i64 = 1439;

const MINUTE: i64 = 60;

/// Bounds that a request has: whole minutes, the second of them not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl Window {
    /// The smallest window around two times, both of them in it.
    pub(crate) fn around(from: Timestamp, to: Timestamp) -> Self {
        Self {
            from: floor(from),
            to: floor(to)
                .saturating_add(SignedDuration::from_mins(1))
                .unwrap_or(to),
        }
    }

    pub(crate) fn minutes(self) -> i64 {
        self.to.duration_since(self.from).as_secs() / MINUTE
    }

    /// The two halves, the older first; nothing of one minute.
    pub(crate) fn halves(self) -> Option<(Self, Self)> {
        let half = self.minutes() / 2;
        if half == 0 {
            return None;
        }
        let middle = plus_minutes(self.from, half);
        Some((
            Self { to: middle, ..self },
            Self {
                from: middle,
                ..self
            },
        ))
    }
}

/// A stretch that was asked for: from a time, included, to a time, not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) since: Timestamp,
    /// Without one it goes up to now, and on to whatever clock the service has.
    pub(crate) until: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

impl Range {
    /// The minutes that it touches.
    pub(crate) fn window(&self) -> Window {
        let one_minute = SignedDuration::from_mins(1);
        let to = match self.until {
            Some(until) => ceil(until),
            // Rows of the last minute would be missing otherwise.
            None => ceil(self.now)
                .saturating_add(one_minute)
                .unwrap_or(self.now),
        };
        Window {
            from: floor(self.since),
            to,
        }
    }

    /// The end that is told to people.
    pub(crate) fn end(&self) -> Timestamp {
        self.until.unwrap_or(self.now)
    }
}

/// The last piece of a window that is no longer than so many minutes.
pub(crate) fn last_piece(window: Window, minutes: i64) -> Window {
    let from = plus_minutes(window.to, -minutes).max(window.from);
    Window { from, ..window }
}

/// The first piece of a window that is no longer than so many minutes.
pub(crate) fn first_piece(window: Window, minutes: i64) -> Window {
    let to = plus_minutes(window.from, minutes).min(window.to);
    Window { to, ..window }
}

pub(crate) fn plus_minutes(time: Timestamp, minutes: i64) -> Timestamp {
    let more = SignedDuration::from_mins(minutes);
    time.saturating_add(more).unwrap_or(time)
}

pub(crate) fn floor(time: Timestamp) -> Timestamp {
    floor_to(time, MINUTE)
}

pub(crate) fn ceil(time: Timestamp) -> Timestamp {
    let down = floor(time);
    if down == time {
        time
    } else {
        plus_minutes(down, 1)
    }
}

/// The last whole multiple of so many seconds before a time.
pub(crate) fn floor_to(time: Timestamp, seconds: i64) -> Timestamp {
    let whole = time.as_second().div_euclid(seconds) * seconds;
    Timestamp::from_second(whole).unwrap_or(time)
}

/// Which end of a day is meant where only the day was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Start,
    Stop,
}

/// Reads a time as people write it: a length of time before now, `yesterday`, `today`, `now`, a
/// day, or a time of RFC 3339.
///
/// A day of `3d` has 24 hours; `yesterday` and days of the calendar are those of the person's zone.
pub(crate) fn moment(
    text: &str,
    end: End,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Timestamp, String> {
    let refusal = || {
        format!(
            "`{text}` is not a time: write `15m`, `2h`, `3d`, `yesterday`, `2026-11-22` or `2026-11-22T09:30:00Z`"
        )
    };
    let day = |days: i64, end: End| {
        let day = now.to_zoned(zone.clone()).date().checked_add(days.days());
        whole_day(day.map_err(|_| refusal())?, end, zone).ok_or_else(refusal)
    };
    match text.trim() {
        "now" => return Ok(now),
        "today" => return day(0, end),
        "yesterday" => return day(-1, end),
        _ => {}
    }
    if let Ok(time) = text.trim().parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(date) = text.trim().parse::<Date>()
        && text.trim().len() == 10
    {
        return whole_day(date, end, zone).ok_or_else(refusal);
    }
    if let Ok(time) = text.trim().parse::<jiff::civil::DateTime>() {
        let zoned = time.to_zoned(zone.clone()).map_err(|_| refusal())?;
        return Ok(zoned.timestamp());
    }
    let span: Span = text
        .trim()
        .trim_end_matches(" ago")
        .parse()
        .map_err(|_| refusal())?;
    let length = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| refusal())?;
    if length <= SignedDuration::ZERO {
        return Err(refusal());
    }
    now.checked_sub(length).map_err(|_| refusal())
}

/// The beginning of a day, or that of the next.
fn whole_day(day: Date, end: End, zone: &TimeZone) -> Option<Timestamp> {
    let day = match end {
        End::Start => day,
        End::Stop => day.tomorrow().ok()?,
    };
    let midnight = day.to_datetime(Time::midnight());
    Some(midnight.to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn range(since: &str, until: &str) -> Range {
        Range {
            since: time(since),
            until: Some(time(until)),
            now: time(until),
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = time("2026-03-30T10:20:30.5Z");
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let read = |text: &str, end| moment(text, end, now, &zone).map(|time| time.to_string());
        for (text, start) in [
            ("15m", "2026-03-30T10:05:30.5Z"),
            ("2h", "2026-03-30T08:20:30.5Z"),
            // A day of a length of time has 24 hours, although the clock was put on in between.
            ("3d", "2026-03-27T10:20:30.5Z"),
            ("1w", "2026-03-23T10:20:30.5Z"),
            ("1h 30m", "2026-03-30T08:50:30.5Z"),
            ("now", "2026-03-30T10:20:30.5Z"),
            ("today", "2026-03-29T22:00:00Z"),
            // A day of 23 hours: it begins at one offset and ends at another.
            ("yesterday", "2026-03-28T23:00:00Z"),
            ("2026-03-01", "2026-02-28T23:00:00Z"),
            ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"),
            ("2026-03-01T09:00:00+02:00", "2026-03-01T07:00:00Z"),
            ("2026-03-01T09:00:00", "2026-03-01T08:00:00Z"),
        ] {
            assert_eq!(read(text, End::Start).as_deref(), Ok(start), "{text}");
        }
        assert_eq!(
            read("yesterday", End::Stop).as_deref(),
            Ok("2026-03-29T22:00:00Z")
        );
        assert_eq!(
            read("2026-02-28", End::Stop).as_deref(),
            Ok("2026-02-28T23:00:00Z")
        );
        for text in ["", "soon", "-5m", "0s", "15 parsecs", "2026-02-30", "5"] {
            assert!(read(text, End::Start).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_minute_is_in_the_window() {
        let now = time("2026-11-22T09:30:12Z");
        let open = Range {
            since: time("2026-11-22T08:30:12Z"),
            until: None,
            now,
        };
        assert_eq!(
            open.window(),
            Window {
                from: time("2026-11-22T08:30:00Z"),
                to: time("2026-11-22T09:32:00Z")
            }
        );
        let closed = range("2026-11-22T08:30:00Z", "2026-11-22T09:30:00Z").window();
        assert_eq!(closed.minutes(), 60);
    }

    proptest! {
        #[test]
        fn pieces_cover_a_window_and_do_not_overlap(start in 1_700_000_000_i64..1_900_000_000, minutes in 1_i64..100_000, piece in 1_i64..=LONGEST) {
            let from = floor(Timestamp::from_second(start).unwrap());
            let whole = Window { from, to: plus_minutes(from, minutes) };
            let (mut left, mut covered) = (whole, 0);
            while left.minutes() > 0 {
                let last = last_piece(left, piece);
                prop_assert!(last.minutes() <= LONGEST && last.to == left.to);
                covered += last.minutes();
                left.to = last.from;
            }
            prop_assert_eq!(covered, minutes);
            let first = first_piece(whole, piece);
            prop_assert!(first.from == whole.from && first.minutes() == piece.min(minutes));
            if let Some((older, newer)) = whole.halves() {
                prop_assert!(older.to == newer.from && older.minutes() + newer.minutes() == minutes);
            }
        }
    }
}
