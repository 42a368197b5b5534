//! `--output-file`: rows that are on disk page by page, and what is needed to go on with them.
//!
//! Beside the file lies a small one that says what was asked and how far it went. It is gone when
//! all is written.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::listing::Listing;
use crate::api::logs::{LogId, Range};
use crate::error::{Error, Result};
use crate::output::{Format, Output, Sink, Stream};
use crate::platform;

/// How far it went.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// What was asked, as a hash: rows of two questions do not belong into one file.
    asked: String,
    since_us: i64,
    until_us: Option<i64>,
    now_us: i64,
    cursor: Option<String>,
    pub(super) count: u64,
    bytes: u64,
    keys: Vec<String>,
    #[serde(skip)]
    path: PathBuf,
}

/// A file that is being written.
pub(super) struct OutputFile {
    pub(super) stream: Stream,
    pub(super) state: State,
    /// The range of the first run: `3h` means those three hours in the second one too.
    pub(super) range: Range,
}

impl OutputFile {
    /// Begins a file, or goes on with one that the same command began.
    pub(super) fn open(listing: &Listing<'_>, path: &Path) -> Result<Self> {
        let output = shaped(listing.app.output())?;
        let asked = listing.asked(output.format);
        let beside = PathBuf::from(format!("{}.resume", path.display()));
        let failed = |error| Error::file(format!("--output-file {}", path.display()), error);
        let begun = std::fs::read(&beside).ok();
        let Some(begun) = begun else {
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(path)
                .map_err(failed)?;
            let time = |time: Timestamp| time.as_microsecond();
            let state = State {
                asked,
                since_us: time(listing.range.since),
                until_us: listing.range.until.map(time),
                now_us: time(listing.range.now),
                cursor: None,
                count: 0,
                bytes: 0,
                keys: Vec::new(),
                path: beside,
            };
            state.write()?;
            let stream = Stream::new(&output, listing.columns, Sink::File(file));
            return Ok(Self {
                stream,
                state,
                range: listing.range,
            });
        };
        let known = serde_json::from_slice(&begun)
            .ok()
            .filter(|state: &State| state.asked == asked);
        let Some(state) = known else {
            return Err(Error::invalid_with_hint(
                format!(
                    "{} was begun by another command, or it is damaged",
                    path.display()
                ),
                format!("name another file, or remove it and {}", beside.display()),
            ));
        };
        let state = State {
            path: beside,
            ..state
        };
        let file = state.rest_of(path).map_err(failed)?;
        let stream = Stream::new(&output, listing.columns, Sink::File(file));
        let stream = stream.resumed(state.count, state.bytes, state.keys.clone());
        let range = state.range().unwrap_or(listing.range);
        Ok(Self {
            stream,
            state,
            range,
        })
    }
}

impl State {
    /// The file from where the last whole page ended on: what came after it is asked for again.
    fn rest_of(&self, path: &Path) -> std::io::Result<File> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.set_len(self.bytes)?;
        file.seek(SeekFrom::Start(self.bytes))?;
        Ok(file)
    }

    fn range(&self) -> Option<Range> {
        let time = |micros| Timestamp::from_microsecond(micros).ok();
        Some(Range {
            since: time(self.since_us)?,
            until: self.until_us.and_then(time),
            now: time(self.now_us)?,
        })
    }

    /// The last row that is in the file.
    pub(super) fn cursor(&self) -> Option<LogId> {
        self.cursor.as_deref()?.parse().ok()
    }

    /// Notes that a page is in the file.
    pub(super) fn keep(&mut self, stream: &Stream, last: Option<String>) -> Result<()> {
        let (bytes, keys) = stream.place();
        (self.bytes, self.keys, self.count) = (bytes, keys.to_vec(), stream.count());
        self.cursor = last.or_else(|| self.cursor.take());
        self.write()
    }

    fn write(&self) -> Result<()> {
        let text = serde_json::to_vec(self).map_err(|error| Error::Internal(error.to_string()))?;
        platform::write_private(&self.path, &text).map_err(|error| self.failed(error))
    }

    /// All is written: nothing is to be gone on with.
    pub(super) fn forget(&self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|error| self.failed(error))
    }

    /// Takes a file away that has nothing in it, so that a corrected command finds none.
    pub(super) fn give_up(&self, file: &Path) {
        if self.bytes > 0 {
            return;
        }
        // What went wrong before is what there is to tell.
        let _ = std::fs::remove_file(file);
        let _ = std::fs::remove_file(&self.path);
    }

    fn failed(&self, error: std::io::Error) -> Error {
        Error::unwritten(self.path.display().to_string(), error)
    }
}

/// The shape of a file: NDJSON where none was asked for.
fn shaped(output: &Output) -> Result<Output> {
    if output.jq.is_some() {
        return Err(Error::Usage {
            message: "`--output-file` writes rows as they are: `--jq` does not go with it"
                .to_owned(),
            hint: Some(
                "leave `--output-file` out to have what `--jq` prints, or `--jq` to have the rows"
                    .to_owned(),
            ),
        });
    }
    let format = match output.format {
        Format::Table if !output.format_typed => Format::Ndjson,
        Format::Json | Format::Yaml => {
            return Err(Error::Usage {
                message: "`--output-file` writes rows as they come: json and yaml are one document"
                    .to_owned(),
                hint: Some(
                    "`-o ndjson` is JSON, a row a line; `-o csv` and `-o table` go as well"
                        .to_owned(),
                ),
            });
        }
        other => other,
    };
    Ok(Output {
        format,
        ..output.clone()
    })
}

impl Listing<'_> {
    /// What tells this question from another.
    fn asked(&self, format: Format) -> String {
        let args = self.args;
        format!(
            "{} {} {} {} {} {format:?} {:?}",
            self.project,
            self.search.fingerprint(),
            args.range.typed(),
            args.limit,
            args.reverse,
            self.app.output().fields
        )
    }
}
