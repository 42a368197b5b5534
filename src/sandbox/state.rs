//! What the sandbox remembers: one JSON document, changed under a lock, written whole.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::seed;

/// Where the state is, and how it is changed by several processes at once.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Works on the state with nobody else doing so, and keeps what was changed.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Value, Timestamp) -> T) -> io::Result<T> {
        let _lock = self.lock()?;
        let mut state = self.read()?;
        let before = state.clone();
        let now = time_in(&state);
        let done = work(&mut state, now);
        if state != before {
            self.write(&state)?;
        }
        Ok(done)
    }

    pub(super) fn now(&self) -> io::Result<Timestamp> {
        self.with(|_, now| now)
    }

    pub(super) fn advance(&self, time: Duration) -> io::Result<()> {
        self.with(|state, _| {
            let ahead = state["clock_ahead_ms"].as_i64().unwrap_or(0);
            let more = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            state["clock_ahead_ms"] = json!(ahead.saturating_add(more));
        })
    }

    pub(super) fn reset(&self) -> io::Result<()> {
        let _lock = self.lock()?;
        match std::fs::remove_file(self.file()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn file(&self) -> PathBuf {
        self.0.join("state.json")
    }

    fn lock(&self) -> io::Result<File> {
        std::fs::create_dir_all(&self.0)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.0.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn read(&self) -> io::Result<Value> {
        match std::fs::read(self.file()) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let file = self.file();
                let message = format!(
                    "{} is damaged ({error}); `supactl sandbox reset` starts over",
                    file.display()
                );
                io::Error::new(ErrorKind::InvalidData, message)
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(seed::state()),
            Err(error) => Err(error),
        }
    }

    fn write(&self, state: &Value) -> io::Result<()> {
        // Made for its owner alone, and renamed so that nobody ever sees half of it.
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(&serde_json::to_vec(state)?)?;
        file.persist(self.file()).map_err(|error| error.error)?;
        Ok(())
    }
}

/// The time of a state: the system's, and however much it was moved on.
fn time_in(state: &Value) -> Timestamp {
    let ahead = SignedDuration::from_millis(state["clock_ahead_ms"].as_i64().unwrap_or(0));
    Timestamp::now()
        .checked_add(ahead)
        .unwrap_or(Timestamp::MAX)
}

/// A time as the service writes it.
pub(super) fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // A handle of its own, as another process has it.
                    let folder = Folder::new(folder.path());
                    for _ in 0..25 {
                        folder
                            .with(|state, _| {
                                state["count"] = json!(state["count"].as_i64().unwrap_or(0) + 1);
                            })
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(
            Folder::new(folder.path())
                .with(|state, _| state["count"].clone())
                .unwrap(),
            json!(100)
        );
    }

    #[test]
    fn a_damaged_state_is_named_and_kept_until_a_reset() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Folder::new(folder.path());
        std::fs::write(sandbox.file(), "{\"half\":").unwrap();
        let error = sandbox.now().unwrap_err().to_string();
        assert!(error.contains("sandbox reset"), "{error}");
        assert_eq!(
            std::fs::read_to_string(sandbox.file()).unwrap(),
            "{\"half\":"
        );
        sandbox.reset().unwrap();
        assert!(sandbox.now().is_ok());
    }

    #[test]
    fn the_clock_moves_on_and_stays_there() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Folder::new(folder.path());
        let before = Timestamp::now();
        sandbox.advance(Duration::from_mins(20)).unwrap();
        let now = Folder::new(folder.path()).now().unwrap();
        assert!(now.duration_since(before) >= SignedDuration::from_mins(20));
    }
}
