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

/// What several processes count in: one small file of the times of the last requests.
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

    /// Takes a request out of the budget, or says how long there is none.
    ///
    /// Where no file can be kept everybody counts for themselves: the service says no where that is
    /// too much.
    pub(crate) fn take(
        &self,
        name: &str,
        now: impl FnOnce() -> Timestamp,
    ) -> io::Result<Option<Duration>> {
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
        let mut sent: Vec<i64> = text.lines().filter_map(|line| line.parse().ok()).collect();
        let wait = slot(&mut sent, self.limit.get(), now().as_millisecond());
        if wait.is_none() {
            let lines: String = sent
                .iter()
                .fold(String::new(), |lines, time| format!("{lines}{time}\n"));
            file.rewind()?;
            file.write_all(lines.as_bytes())?;
            file.set_len(lines.len() as u64)?;
        }
        Ok(wait)
    }
}

/// Notes a request at this time, or tells how long it must wait.
fn slot(sent: &mut Vec<i64>, limit: usize, now: i64) -> Option<Duration> {
    // What lies ahead was written by a clock that has been put back since; a little is none.
    sent.retain(|time| (now - STRETCH_MS..=now + 1_000).contains(time));
    sent.sort_unstable();
    if let Some(oldest) = sent.len().checked_sub(limit).and_then(|at| sent.get(at)) {
        let wait = oldest + STRETCH_MS + 1 - now;
        return Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
    }
    sent.push(now);
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_minute_has_more_than_ten(steps in proptest::collection::vec(0_i64..20_000, 1..80)) {
            let (mut sent, mut all, mut now) = (Vec::new(), Vec::new(), 1_000_000);
            for step in steps {
                now += step;
                while let Some(wait) = slot(&mut sent, REQUESTS, now) {
                    prop_assert!(wait > Duration::ZERO && wait <= Duration::from_millis(60_501));
                    now += i64::try_from(wait.as_millis()).unwrap();
                }
                all.push(now);
            }
            for (place, first) in all.iter().enumerate() {
                let within = all[place..].iter().filter(|time| **time - first < 60_000).count();
                prop_assert!(within <= 10);
            }
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
                            .filter(|_| budget.take("one", || now).unwrap().is_none())
                            .count()
                    })
                })
                .collect();
            askers.into_iter().map(|asker| asker.join().unwrap()).sum()
        });
        assert_eq!(allowed, 10);
        let budget = Budget::new(folder.path().to_owned());
        assert!(budget.take("one", || now).unwrap().is_some());
        assert_eq!(budget.take("another", || now).unwrap(), None);
        let later = now + Duration::from_mins(2);
        assert_eq!(budget.take("one", || later).unwrap(), None);
        std::fs::write(folder.path().join("one"), "damaged\n\u{1}").unwrap();
        assert_eq!(budget.take("one", || later).unwrap(), None);
    }
}
