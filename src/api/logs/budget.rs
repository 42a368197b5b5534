//! Ten log queries a minute for each token and project, counted by all processes together.
//!
//! The service counts in minutes that begin when it likes. Whoever has sent no more than ten in any
//! sixty seconds is within all of them.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::platform;

/// Requests in a stretch of time, until the service's headers tell otherwise.
const REQUESTS: usize = 10;

/// The stretch, and a little for the way there.
const STRETCH_MS: i64 = 60_500;

/// What several processes count in: one small file of the times of the last requests, and of the next
/// ones of those that wait. Who comes later waits for a later one, so that nobody waits for ever.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    folder: PathBuf,
    limit: Cell<usize>,
}

impl Budget {
    /// A budget whose files are in this folder.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            limit: Cell::new(REQUESTS),
        }
    }

    /// Goes by what the service tells of its limit.
    pub(crate) fn learn(&self, told: &str) {
        if let Ok(limit) = told.trim().parse()
            && limit > 0
        {
            self.limit.set(limit);
        }
    }

    /// Takes a request out of the budget, and says how long to wait with it.
    ///
    /// Where no file can be kept everybody counts for themselves: the service says no where that is
    /// too much.
    pub(crate) fn take(&self, name: &str, now: impl FnOnce() -> Timestamp) -> io::Result<Duration> {
        platform::make_private_folder(&self.folder)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.folder.join(name))?;
        // The time is looked at when nobody else writes: what they wrote lies behind it then.
        file.lock()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let mut taken: Vec<Taken> = text.lines().filter_map(Taken::read).collect();
        let wait = slot(&mut taken, self.limit.get(), now().as_millisecond());
        let lines = taken.iter().fold(String::new(), |lines, one| {
            format!("{lines}{} {}\n", one.for_ms, one.at_ms)
        });
        file.rewind()?;
        file.write_all(lines.as_bytes())?;
        file.set_len(lines.len() as u64)?;
        Ok(wait)
    }
}

/// A request of the budget.
#[derive(Debug, Clone, Copy)]
struct Taken {
    /// When it is sent, in milliseconds since 1970.
    for_ms: i64,
    /// When it was taken.
    at_ms: i64,
}

impl Taken {
    fn read(line: &str) -> Option<Self> {
        let (for_ms, at_ms) = line.split_once(' ')?;
        Some(Self {
            for_ms: for_ms.parse().ok()?,
            at_ms: at_ms.parse().ok()?,
        })
    }
}

/// Takes the next request that is free, and tells how far away it is.
fn slot(taken: &mut Vec<Taken>, limit: usize, now: i64) -> Duration {
    // What was taken in the future was so by a clock that has been put back since; a little is none.
    taken.retain(|one| one.at_ms <= now + 1_000 && one.for_ms >= now - STRETCH_MS);
    taken.sort_unstable_by_key(|one| one.for_ms);
    let full = taken.len().checked_sub(limit).and_then(|at| taken.get(at));
    let free = full.map_or(now, |oldest| oldest.for_ms + STRETCH_MS + 1);
    let after = taken.last().map_or(now, |last| last.for_ms);
    let for_ms = free.max(after).max(now);
    taken.push(Taken { for_ms, at_ms: now });
    Duration::from_millis(u64::try_from(for_ms - now).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_minute_has_more_than_ten(steps in proptest::collection::vec(0_i64..20_000, 1..80)) {
            let (mut taken, mut all, mut now) = (Vec::new(), Vec::new(), 1_000_000);
            for step in steps {
                now += step;
                let wait = slot(&mut taken, REQUESTS, now);
                let before = all.len().checked_sub(REQUESTS).map_or(0, |at| all[at]);
                all.push(now + i64::try_from(wait.as_millis()).unwrap());
                prop_assert_eq!(all[all.len() - 1], now.max(before + STRETCH_MS + 1), "none is wasted");
            }
            prop_assert!(all.is_sorted(), "who comes first goes first");
            for (place, first) in all.iter().enumerate() {
                let within = all[place..].iter().filter(|time| **time - first < 60_000).count();
                prop_assert!(within <= 10);
            }
        }
    }

    #[test]
    fn a_clock_that_was_put_back_costs_nothing() {
        let mut taken = Vec::new();
        for _ in 0..20 {
            slot(&mut taken, REQUESTS, 10_000_000);
        }
        assert_eq!(slot(&mut taken, REQUESTS, 1_000_000), Duration::ZERO);
        assert_eq!(taken.len(), 1);
    }

    #[test]
    fn what_lies_behind_is_forgotten() {
        let mut taken = Vec::new();
        for _ in 0..20 {
            slot(&mut taken, REQUESTS, 10_000_000);
        }
        let wait = slot(&mut taken, REQUESTS, 20_000_000);
        assert_eq!((wait, taken.len()), (Duration::ZERO, 1));
    }

    #[test]
    fn the_service_says_how_many_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-22T09:30:00Z".parse().unwrap();
        for (told, limit) in [
            ("3", 3),
            (" 12 ", 12),
            // Nothing that a limit can be.
            ("0", 10),
            ("-1", 10),
            ("many", 10),
        ] {
            let budget = Budget::new(folder.path().to_owned());
            budget.learn(told);
            let at_once = (0..20)
                .filter(|_| budget.take(told, || now).unwrap().is_zero())
                .count();
            assert_eq!(at_once, limit, "{told}");
        }
    }

    #[test]
    fn several_at_once_share_it() {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-22T09:30:00Z".parse().unwrap();
        let allowed: usize = std::thread::scope(|scope| {
            let askers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        // A handle of its own, as another process has it.
                        let budget = Budget::new(folder.path().to_owned());
                        (0..5)
                            .filter(|_| budget.take("one", || now).unwrap().is_zero())
                            .count()
                    })
                })
                .collect();
            askers.into_iter().map(|asker| asker.join().unwrap()).sum()
        });
        assert_eq!(allowed, 10);
        let budget = Budget::new(folder.path().to_owned());
        // Twenty were taken: the next one is in the third stretch.
        let wait = budget.take("one", || now).unwrap();
        assert_eq!(wait, Duration::from_millis(2 * 60_501));
        assert_eq!(budget.take("another", || now).unwrap(), Duration::ZERO);
        let later = now + Duration::from_mins(5);
        assert_eq!(budget.take("one", || later).unwrap(), Duration::ZERO);
        std::fs::write(folder.path().join("one"), "damaged\n\u{1}").unwrap();
        assert_eq!(budget.take("one", || later).unwrap(), Duration::ZERO);
    }
}
