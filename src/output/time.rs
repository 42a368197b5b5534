//! Times for people: local with their offset, or UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::platform;

/// The time zone that tables show, looked up only when a table has a time in it.
#[derive(Debug)]
pub(super) struct Zone {
    utc: bool,
    local: std::cell::OnceCell<TimeZone>,
}

impl Zone {
    pub(super) fn new(utc: bool) -> Self {
        Self {
            utc,
            local: std::cell::OnceCell::new(),
        }
    }

    /// A time of the service as a table shows it; what is no time stays as it came.
    pub(super) fn show(&self, text: &str) -> String {
        let Some(time) = read(text) else {
            return text.to_owned();
        };
        if self.utc {
            return time.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        }
        let zone = self.local.get_or_init(platform::local_zone);
        time.to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S%:z")
            .to_string()
    }
}

/// How long ago something was, for people. A clock that was put back makes it now.
pub(super) fn aged(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ ..60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

/// Reads the times that the service writes: with `Z`, with an offset, with a space for the `T`, and
/// without any zone, which is UTC.
fn read(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        text.parse::<jiff::civil::DateTime>()
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|time| time.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_time_is_read() {
        let zone = Zone::new(true);
        for text in [
            "2026-11-22T09:46:42.499Z",
            "2026-11-22T10:46:42+01:00",
            "2026-11-22 09:46:42.499+00",
            "2026-11-22T09:46:42.123456",
            "2026-11-22 09:46:42",
        ] {
            assert_eq!(zone.show(text), "2026-11-22 09:46:42Z", "{text}");
        }
        assert_eq!(zone.show("yesterday, maybe"), "yesterday, maybe");
    }

    #[test]
    fn an_age_is_in_seconds_or_whole_minutes() {
        for (seconds, text) in [
            (-5, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (119, "1 min"),
            (3600, "60 min"),
        ] {
            assert_eq!(aged(seconds), text);
        }
    }
}
