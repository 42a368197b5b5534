//! Answers that are good for a while: in the process, and below it in files that other runs read.
//!
//! A file's place says to which host, project and noun it belongs, so that a write can forget all of
//! a noun at once, whoever asked. Forgetting leaves a stamp behind: an answer that was asked for
//! before it counts no more, even if it is written down afterwards. A damaged file, a full disk and a
//! folder that cannot be written are misses, never failures.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use bytes::Bytes;
use jiff::Timestamp;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::platform;

/// What a cached answer is about: the unit in which answers are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Noun {
    Functions,
    Projects,
    Organizations,
    Storage,
    Branches,
    Backups,
    Auth,
    Integrations,
    Metrics,
    /// The last scrapes of a project, which the next run compares its own to.
    Scrapes,
}

impl Noun {
    /// Every noun that a write to a project makes stale: what was measured stays true.
    const ALL: [Self; 9] = [
        Self::Functions,
        Self::Projects,
        Self::Organizations,
        Self::Storage,
        Self::Branches,
        Self::Backups,
        Self::Auth,
        Self::Integrations,
        Self::Metrics,
    ];

    /// How long an answer is good for.
    fn lifetime(self) -> Duration {
        match self {
            Self::Functions
            | Self::Projects
            | Self::Organizations
            | Self::Storage
            | Self::Branches
            | Self::Backups
            | Self::Metrics => Duration::from_mins(5),
            Self::Auth | Self::Integrations => Duration::from_mins(10),
            Self::Scrapes => Duration::from_hours(1),
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Projects => "projects",
            Self::Organizations => "organizations",
            Self::Storage => "storage",
            Self::Branches => "branches",
            Self::Backups => "backups",
            Self::Auth => "auth",
            Self::Integrations => "integrations",
            Self::Metrics => "metrics",
            Self::Scrapes => "scrapes",
        }
    }
}

/// The folder of the files, below the one of all that can be asked for again. A change of what the
/// files hold gets a new name.
pub(crate) const FOLDER: &str = "answers-1";

/// Temporary files older than this are left over from a run that was killed.
const LEFT_OVER_AFTER: Duration = Duration::from_hours(1);

/// The name of the file that says when a noun was last forgotten.
const STAMP: &str = "forgotten";

/// Where an answer is cached: host and project and noun, and what exactly was asked by whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Folders from the host to the noun.
    place: PathBuf,
    /// Hash of the token's fingerprint and the whole request.
    name: String,
    noun: Noun,
}

impl Key {
    /// Makes a key. `asked` is everything that tells two requests apart, the asker included.
    pub(crate) fn new(host: &str, project: Option<&str>, noun: Noun, asked: &[&str]) -> Self {
        Self {
            place: place(host, project).join(noun.folder()),
            name: fingerprint(asked),
            noun,
        }
    }
}

/// The folder of a project of a host. What belongs to no project has a folder that no reference can name.
fn place(host: &str, project: Option<&str>) -> PathBuf {
    of_host(Path::new(""), host).join(project.unwrap_or("_"))
}

/// The folder of everything that was cached of a host.
pub(crate) fn of_host(answers: &Path, host: &str) -> PathBuf {
    answers.join(&fingerprint(&[host])[..16])
}

/// A hash that does not give away what went into it, such as a token.
pub(crate) fn fingerprint(parts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        // The length keeps "ab", "c" apart from "a", "bc".
        context.update(&part.len().to_le_bytes());
        context.update(part.as_bytes());
    }
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(context.finish())
}

/// A cached answer.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    /// Its JSON, secrets left out.
    pub(crate) body: Bytes,
    /// When it was asked for.
    pub(crate) at: Timestamp,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct File<'a> {
    /// Nanoseconds since 1970 before the request was sent.
    asked_at: u128,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// The cached answers.
pub(crate) struct Cache {
    /// Where files are; `None` keeps answers in the process only.
    folder: Option<PathBuf>,
    /// Whether cached answers are read, or only written.
    reads: bool,
    process: moka::future::Cache<Key, Arc<Cached>>,
    now: Rc<dyn Fn() -> SystemTime>,
}

impl Cache {
    /// A cache over a folder; `reads` is false where every answer must be new.
    pub(crate) fn new(
        folder: Option<PathBuf>,
        reads: bool,
        now: Rc<dyn Fn() -> SystemTime>,
    ) -> Self {
        Self {
            folder,
            reads,
            process: moka::future::Cache::new(1000),
            now,
        }
    }

    /// The moment before a request is sent, to be cached with its answer.
    pub(crate) fn now(&self) -> SystemTime {
        (self.now)()
    }

    /// A cached answer that is still good.
    pub(crate) async fn get(&self, key: &Key) -> Option<Arc<Cached>> {
        if !self.reads {
            return None;
        }
        if let Some(cached) = self.process.get(key).await {
            return self
                .is_good(key, since_epoch(SystemTime::from(cached.at)))
                .then_some(cached);
        }
        let cached = Arc::new(self.read(key)?);
        self.process.insert(key.clone(), cached.clone()).await;
        Some(cached)
    }

    /// Something of ours that was cached beside the answers, also where answers are read anew.
    pub(crate) fn note(&self, key: &Key) -> Option<Cached> {
        self.read(key)
    }

    fn read(&self, key: &Key) -> Option<Cached> {
        let bytes = Bytes::from(std::fs::read(self.file(key)?).ok()?);
        let file: File<'_> = serde_json::from_slice(&bytes).ok()?;
        if !self.is_good(key, file.asked_at) {
            return None;
        }
        let at = Timestamp::from_nanosecond(i128::try_from(file.asked_at).ok()?).ok()?;
        Some(Cached {
            body: bytes.slice_ref(file.body.get().as_bytes()),
            at,
        })
    }

    /// Neither too old, nor from the future, nor from before its noun was forgotten.
    fn is_good(&self, key: &Key, asked_at: u128) -> bool {
        let now = since_epoch(self.now());
        let age = now.checked_sub(asked_at);
        let forgotten = self
            .folder
            .as_ref()
            .and_then(|folder| forgotten_at(&folder.join(&key.place)));
        age.is_some_and(|age| age < key.noun.lifetime().as_nanos())
            && forgotten.is_none_or(|time| time < asked_at)
    }

    /// Keeps an answer that was asked for at a moment: its JSON, secrets left out.
    pub(crate) async fn put(&self, key: &Key, asked_at: SystemTime, body: Bytes) {
        let Ok(at) = Timestamp::try_from(asked_at) else {
            return;
        };
        let cached = Arc::new(Cached {
            body: body.clone(),
            at,
        });
        self.process.insert(key.clone(), cached).await;
        let Some(file) = self.file(key) else { return };
        if let Some(folder) = file.parent() {
            sweep(folder, self.now());
        }
        let written = serde_json::from_slice(&body).and_then(|body| {
            serde_json::to_vec(&File {
                asked_at: since_epoch(asked_at),
                body,
            })
        });
        if let Ok(bytes) = written {
            // What cannot be written is asked for again.
            let _ = platform::write_private(&file, &bytes);
        }
    }

    fn file(&self, key: &Key) -> Option<PathBuf> {
        Some(
            self.folder
                .as_ref()?
                .join(&key.place)
                .join(format!("{}.json", key.name)),
        )
    }

    /// Forgets a noun of a project, for every process.
    ///
    /// # Errors
    /// Where files may go on giving a stale answer because they could be neither removed nor outdated.
    pub(crate) async fn forget(
        &self,
        host: &str,
        project: Option<&str>,
        noun: Noun,
    ) -> std::io::Result<()> {
        let folder = place(host, project).join(noun.folder());
        self.forget_below(&folder).await
    }

    /// Forgets everything of a project, for every process.
    pub(crate) async fn forget_project(
        &self,
        host: &str,
        project: Option<&str>,
    ) -> std::io::Result<()> {
        for noun in Noun::ALL {
            self.forget(host, project, noun).await?;
        }
        Ok(())
    }

    /// Forgets everything of a host, for every process.
    pub(crate) async fn forget_host(&self, host: &str) -> std::io::Result<()> {
        self.forget_project(host, None).await?;
        let Some(folder) = self.folder.as_ref().map(|folder| of_host(folder, host)) else {
            return Ok(());
        };
        for project in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if let Some(project) = project.file_name().to_str() {
                self.forget_project(host, Some(project)).await?;
            }
        }
        Ok(())
    }

    async fn forget_below(&self, place: &Path) -> std::io::Result<()> {
        self.process.invalidate_all();
        let Some(folder) = self.folder.as_ref().map(|folder| folder.join(place)) else {
            return Ok(());
        };
        let Ok(files) = std::fs::read_dir(&folder) else {
            // Nothing was cached, but another process may be about to: the stamp is for it.
            return stamp(&folder, self.now());
        };
        stamp(&folder, self.now())?;
        for file in files.flatten().filter(|file| file.file_name() != STAMP) {
            // A file that stays is outdated by the stamp.
            let _ = std::fs::remove_file(file.path());
        }
        Ok(())
    }
}

fn stamp(folder: &Path, now: SystemTime) -> std::io::Result<()> {
    platform::write_private(&folder.join(STAMP), since_epoch(now).to_string().as_bytes())
}

fn forgotten_at(folder: &Path) -> Option<u128> {
    std::fs::read_to_string(folder.join(STAMP))
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn since_epoch(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos())
}

/// Removes what killed runs left behind, and answers that nobody asked for again.
fn sweep(folder: &Path, now: SystemTime) {
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let modified = file.metadata().and_then(|data| data.modified());
        let old = modified.is_ok_and(|time| {
            now.duration_since(time)
                .is_ok_and(|age| age > LEFT_OVER_AFTER)
        });
        if old && file.file_name() != STAMP {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

/// Removes all cached answers below a folder; says how many there were.
pub(crate) fn clear(folder: &Path) -> std::io::Result<usize> {
    fn count(folder: &Path) -> usize {
        std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| match entry.file_type() {
                Ok(kind) if kind.is_dir() => count(&entry.path()),
                _ => usize::from(entry.path().extension().is_some_and(|end| end == "json")),
            })
            .sum()
    }
    let found = count(folder);
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests;
