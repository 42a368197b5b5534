//! `logs errors list`

use clap::{Args, ValueEnum};
use serde_json::Value;

use std::cell::Cell;

use super::{COLUMNS, GROUPS};
use crate::api::Object;
use crate::api::logs::{self, Search, error_measures, level_of};
use crate::app::App;
use crate::commands::logs::listing::{ListArgs, Listing};
use crate::commands::logs::range::nothing_found;
use crate::error::Result;
use crate::output::Reply;

/// List what went wrong in all services, newest first
///
/// Errors are answers of 500 and more at the gateway and of functions, ERROR, FATAL and PANIC of
/// PostgreSQL, and the levels error, fatal and critical of everything else.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl logs errors list\n  supactl logs errors list --source postgres_logs --since 1d\n  supactl logs errors list --level error --level warning\n  supactl logs errors list --group --since yesterday"
)]
pub(crate) struct List {
    /// Only these sources
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<String>,

    /// Only these levels [default: error]
    #[arg(long = "level", value_enum, value_name = "LEVEL")]
    levels: Vec<Level>,

    /// Count them by source and code instead, with the first, the last and a sample
    #[arg(long, conflicts_with_all = ["follow", "tail", "stats", "output_file", "reverse"])]
    group: bool,

    #[command(flatten)]
    common: ListArgs,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// It failed
    Error,
    /// Answers from 400 to 499, and warnings
    Warning,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let range = self.common.range.read(app, "1h")?;
        let mut levels: Vec<logs::Level> = self
            .levels
            .iter()
            .map(|level| match level {
                Level::Error => logs::Level::Error,
                Level::Warning => logs::Level::Warning,
            })
            .collect();
        levels.dedup();
        let mut search = Search::errors(&self.sources, &levels);
        let project = app.project().await?;
        if self.group {
            search.with_text(self.common.search.as_deref());
            let mut groups = app.api()?.log_groups(&project, &search, &range).await?;
            if self.common.limit > 0 {
                groups.truncate(self.common.limit);
            }
            let empty = nothing_found("errors", &range);
            return Ok(Reply::list(groups, GROUPS).with_message_if_empty(&empty));
        }
        let listing = Listing {
            app,
            project,
            args: &self.common,
            range,
            search,
            columns: COLUMNS,
            measures: error_measures(&self.sources, &levels),
            name: &str::to_owned,
            requests: Cell::new(0),
            what: if levels == [logs::Level::Warning] {
                "warnings"
            } else {
                "errors"
            },
            finish: &add_level,
        };
        listing.run().await
    }
}

/// Each source has its own words for it, which stay beside.
fn add_level(row: &mut Object) {
    let level = match level_of(row) {
        logs::Level::Error => "error",
        logs::Level::Warning => "warning",
    };
    row.shift_insert(row.len().min(3), "level".to_owned(), Value::from(level));
}
