//! The stretch of time that a command looks at.

use clap::Args;
use jiff::Timestamp;

use crate::api::logs::Range;
use crate::api::logs::window::{End, moment};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform;

/// From when to when.
#[derive(Debug, Args)]
pub(super) struct RangeArgs {
    /// From this time on: `15m`, `2h`, `3d`, `yesterday`, `2026-11-22` or `2026-11-22T09:30:00Z` [default: 1h]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Up to this time; of a day, all of it [default: now]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl RangeArgs {
    /// The range, the last `usual` where nothing was typed.
    pub(super) fn read(&self, app: &App, usual: &str) -> Result<Range> {
        let now = app.now()?;
        let zone = platform::local_zone();
        let read = |text: &str, end| moment(text, end, now, &zone).map_err(Error::invalid);
        let since = read(self.since.as_deref().unwrap_or(usual), End::Start)?;
        let until = match self.until.as_deref() {
            None | Some("now") => None,
            Some(text) => Some(read(text, End::Stop)?),
        };
        let range = Range { since, until, now };
        if since >= range.end() {
            return Err(Error::invalid_with_hint(
                format!(
                    "nothing lies between {} and {}",
                    shown(since),
                    shown(range.end())
                ),
                "`--since` is the earlier of the two: `--since 3h --until 2h`",
            ));
        }
        Ok(range)
    }

    /// Whether a beginning was typed.
    pub(super) fn is_typed(&self) -> bool {
        self.since.is_some()
    }

    /// What was typed, for telling one request from another.
    pub(super) fn typed(&self) -> String {
        format!("{:?} {:?}", self.since, self.until)
    }
}

/// How far back something of which only the id is known is looked for.
#[derive(Debug, Args)]
pub(super) struct BackArgs {
    /// Look for a bare id back to this time: `2h`, `3d`, `2026-11-22` [default: 7d]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

impl BackArgs {
    pub(super) fn read(&self, app: &App) -> Result<Range> {
        let since = self.since.clone();
        RangeArgs { since, until: None }.read(app, "7d")
    }
}

/// A time in a message.
pub(super) fn shown(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// What is said where nothing was found: which window it was, and retention where that may be why.
pub(super) fn nothing_found(what: &str, range: &Range) -> String {
    let mut text = format!(
        "No {what} from {} to {}",
        shown(range.since),
        shown(range.end())
    );
    if range.now.duration_since(range.since).as_hours() >= 24 {
        text.push_str("; logs are kept for 1 day on the Free plan, 7 on Pro and 28 on Team");
    }
    text
}
