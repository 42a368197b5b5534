//! Stops asking a host that keeps failing, and tries it again after a while.
//!
//! In the process only: it matters to what asks often, such as following and watching.

use std::time::{Duration, Instant};

/// Failures in a row after which a host is left alone.
const OPENS_AFTER: u32 = 5;

/// How long it is left alone before one request may try it.
const REST: Duration = Duration::from_secs(30);

/// What is known of one host.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// Set while the host is left alone: when one request may try it.
    opened_until: Option<Instant>,
}

impl Breaker {
    /// Whether a request may be sent now. When its rest is over a host gets one probe: others are
    /// refused until that one has ended, or has had as long as the rest.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        match self.opened_until {
            None => true,
            Some(until) if now >= until => {
                self.opened_until = Some(now + REST);
                true
            }
            Some(_) => false,
        }
    }

    /// Notes how a request ended: with an answer that is no failure of the host, or not.
    pub(crate) fn note(&mut self, healthy: bool, now: Instant) {
        if healthy {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= OPENS_AFTER {
            self.opened_until = Some(now + REST);
        }
    }

    /// Whether the host is being left alone.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        self.opened_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_five_failures_in_a_row_and_closes_after_a_good_probe() {
        let start = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            breaker.note(false, start);
        }
        breaker.note(true, start);
        for _ in 0..4 {
            breaker.note(false, start);
            assert!(breaker.admits(start) && !breaker.is_open(start));
        }
        breaker.note(false, start);
        assert!(!breaker.admits(start), "open");
        assert!(breaker.is_open(start + REST / 2) && !breaker.is_open(start + REST));
        assert!(!breaker.admits(start + REST / 2), "still open");
        let later = start + REST;
        assert!(breaker.admits(later), "half open: one probe");
        assert!(!breaker.admits(later), "and no second one");
        breaker.note(false, later);
        assert!(!breaker.admits(later + REST / 2), "open again");
        assert!(breaker.admits(later + REST));
        breaker.note(true, later + REST);
        assert!(
            breaker.admits(later + REST) && !breaker.is_open(later + REST),
            "closed"
        );
    }

    #[test]
    fn a_probe_that_was_given_up_does_not_close_the_host_for_ever() {
        let start = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..OPENS_AFTER {
            breaker.note(false, start);
        }
        assert!(breaker.admits(start + REST));
        assert!(breaker.admits(start + REST * 2));
    }
}
