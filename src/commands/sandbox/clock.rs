//! `sandbox clock`

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{failed, folder};
use crate::api::{Object, cache};
use crate::app::App;
use crate::cli::duration;
use crate::error::{Error, Result};
use crate::output::{Column, Reply, Show};
use crate::sandbox;
use crate::settings;

/// Show the sandbox's clock, or move it on
///
/// What takes time in the service takes time on this clock only: 20 minutes pass in an instant.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl sandbox clock\n  supactl sandbox clock +20min")]
pub(crate) struct Clock {
    /// How far to move it on, such as `+20min`
    #[arg(value_parser = forward)]
    by: Option<Duration>,
}

impl Clock {
    pub(crate) async fn run(self, _app: &App) -> Result<Reply> {
        let folder = folder()?;
        if let Some(by) = self.by {
            sandbox::advance(&folder, by).map_err(failed)?;
            cache::clear(&settings::sandbox_answers(&folder)?)
                .map_err(|error| Error::file("the cached answers", error))?;
        }
        let now = sandbox::now(&folder).map_err(failed)?;
        let row = Object::from_iter([("now_at".to_owned(), json!(now.to_string()))]);
        Ok(Reply::item(row, COLUMNS))
    }
}

const COLUMNS: &[Column] = &[Column::shown("now_at", "Now", Show::Time)];

/// The longest step: what a project lives through, and far from the last day that can be told.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// A length of time with the `+` that says that clocks only go forward.
fn forward(text: &str) -> Result<Duration, String> {
    let by = duration(text.strip_prefix('+').unwrap_or(text))?;
    if by > LONGEST {
        return Err("ten years is the longest step".to_owned());
    }
    Ok(by)
}
