//! Which failures pass by themselves, and how long to wait for them.
//!
//! Sleeping is the caller's: everything here is a function of its arguments.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::Timestamp;

use super::request::Safety;

/// First wait where the service does not name one. Half of it may be jitter.
const FIRST_DELAY: Duration = Duration::from_millis(250);

/// Longest wait of our own choosing; a limit of the service may ask for more.
const MAX_DELAY: Duration = Duration::from_secs(20);

/// What all waits of one request may add up to. The service's limits reset every minute, and a
/// script that stands still for longer looks dead.
const BUDGET: Duration = Duration::from_secs(90);

/// A wait from which on people are told about it.
pub(crate) const TOLD_FROM: Duration = Duration::from_secs(2);

/// How one try failed, as far as trying again is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There was an answer.
    Answered { status: u16, told: Option<Duration> },
    /// No connection was made, so nothing was sent.
    NotConnected,
    /// The connection broke before the answer was complete.
    Lost,
    /// It will fail the same way each time: a timeout, a certificate, a redirect.
    Final,
}

/// The waits of one request.
#[derive(Debug)]
pub(crate) struct Waits {
    backoff: ExponentialBackoff,
    spent: Duration,
}

impl Waits {
    /// Waits for at most so many repetitions.
    pub(crate) fn new(retries: u32) -> Self {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(FIRST_DELAY)
            .with_max_delay(MAX_DELAY)
            .with_max_times(retries as usize)
            .with_jitter()
            .build();
        Self {
            backoff,
            spent: Duration::ZERO,
        }
    }

    /// How long to wait before the next try; `None` where there should be none.
    pub(crate) fn next(&mut self, safety: Safety, failure: Failure) -> Option<Duration> {
        if !passes_by_itself(safety, failure) {
            return None;
        }
        let own = self.backoff.next()?;
        let delay = match failure {
            Failure::Answered {
                told: Some(told), ..
            } => told,
            _ => own,
        };
        self.spent = self.spent.saturating_add(delay);
        (self.spent <= BUDGET).then_some(delay)
    }
}

fn passes_by_itself(safety: Safety, failure: Failure) -> bool {
    match (failure, safety) {
        (Failure::NotConnected | Failure::Answered { status: 429, .. }, _)
        | (Failure::Lost, Safety::Safe) => true,
        (Failure::Answered { status, .. }, Safety::Safe) => {
            matches!(status, 408 | 423 | 500 | 502 | 503 | 504 | 544)
        }
        (Failure::Lost | Failure::Answered { .. }, Safety::Unsafe) | (Failure::Final, _) => false,
    }
}

/// How long the service asks to wait: `Retry-After` (seconds or a date), else a time in the message, as
/// the throttle of the signing keys has it, else `X-RateLimit-Reset` (seconds to go, not a time), which
/// stands on every answer and knows nothing of that throttle.
pub(crate) fn told(
    retry_after: Option<&str>,
    reset: Option<&str>,
    message: &str,
    now: Timestamp,
) -> Option<Duration> {
    let date = |text| {
        Some(until(
            jiff::fmt::rfc2822::parse(text).ok()?.timestamp(),
            now,
        ))
    };
    retry_after
        .and_then(|text| seconds(text).or_else(|| date(text)))
        .or_else(|| time_in(message).map(|time| until(time, now)))
        .or_else(|| reset.and_then(seconds))
}

/// The time that a message names.
pub(crate) fn time_in(message: &str) -> Option<Timestamp> {
    message
        .split_whitespace()
        .find_map(|word| word.trim_end_matches(['.', ',']).parse().ok())
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

fn until(time: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(time.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(safety: Safety, failure: Failure) -> Option<Duration> {
        Waits::new(3).next(safety, failure)
    }

    fn answered(status: u16) -> Failure {
        Failure::Answered { status, told: None }
    }

    #[test]
    fn reads_are_repeated_on_trouble_that_passes_and_writes_are_not() {
        for status in [408, 423, 500, 502, 503, 504, 544] {
            assert!(first(Safety::Safe, answered(status)).is_some(), "{status}");
            assert_eq!(first(Safety::Unsafe, answered(status)), None, "{status}");
        }
        for status in [400, 401, 402, 403, 404, 409, 422, 501, 540] {
            assert_eq!(first(Safety::Safe, answered(status)), None, "{status}");
        }
        assert!(first(Safety::Unsafe, answered(429)).is_some());
        assert!(first(Safety::Unsafe, Failure::NotConnected).is_some());
        assert!(first(Safety::Safe, Failure::Lost).is_some());
        assert_eq!(first(Safety::Unsafe, Failure::Lost), None);
        assert_eq!(first(Safety::Safe, Failure::Final), None);
    }

    #[test]
    fn waits_grow_and_end() {
        let mut waits = Waits::new(3);
        let delays: Vec<_> =
            std::iter::from_fn(|| waits.next(Safety::Safe, answered(503))).collect();
        assert_eq!(delays.len(), 3);
        assert!(delays[0] >= FIRST_DELAY && delays[2] <= MAX_DELAY * 2);
    }

    #[test]
    fn what_the_service_asks_for_wins_within_the_budget() {
        let asked = |seconds| Failure::Answered {
            status: 429,
            told: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(
            first(Safety::Safe, asked(60)),
            Some(Duration::from_secs(60))
        );
        assert_eq!(first(Safety::Safe, asked(91)), None);
        let mut waits = Waits::new(3);
        assert!(waits.next(Safety::Safe, asked(60)).is_some());
        assert_eq!(
            waits.next(Safety::Safe, asked(60)),
            None,
            "the second minute is over the budget"
        );
        assert_eq!(first(Safety::Safe, asked(0)), Some(Duration::ZERO));
        let mut waits = Waits::new(3);
        assert!(waits.next(Safety::Safe, asked(1)).is_some());
        assert_eq!(waits.next(Safety::Safe, asked(u64::MAX)), None);
    }

    #[test]
    fn every_way_of_naming_a_wait_is_read() {
        let now: Timestamp = "2026-09-25T06:00:00Z".parse().unwrap();
        let ask =
            |after, reset, message| told(after, reset, message, now).map(|wait| wait.as_secs());
        assert_eq!(ask(Some("7"), Some("60"), ""), Some(7));
        assert_eq!(
            ask(Some("Fri, 25 Sep 2026 06:00:30 GMT"), None, ""),
            Some(30)
        );
        assert_eq!(
            ask(Some("Fri, 25 Sep 2026 05:00:30 GMT"), None, ""),
            Some(0),
            "a date that has passed"
        );
        assert_eq!(ask(None, Some("60"), ""), Some(60));
        assert_eq!(ask(Some("soon"), None, ""), None);
        assert_eq!(
            ask(
                None,
                Some("60"),
                "Please wait until 2026-09-25T06:04:10.312Z before attempting this request again."
            ),
            Some(250)
        );
        assert_eq!(
            ask(None, None, "ThrottlerException: Too Many Requests"),
            None
        );
    }
}
