//! `logs functions list`

use std::cell::Cell;
use std::time::Duration;

use clap::Args;

use super::{COLUMNS, Names};
use crate::api::logs::{FUNCTION_MEASURES, Search, Statuses};
use crate::app::App;
use crate::cli::duration;
use crate::commands::logs::listing::{ListArgs, Listing};
use crate::error::{Error, Result};
use crate::output::Reply;

/// List calls of Edge Functions, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl logs functions list\n  supactl logs functions list --function checkout --status 5xx --since 3h\n  supactl logs functions list --console --level error"
)]
pub(crate) struct List {
    /// Only these functions, by name or id
    #[arg(long = "function", value_name = "NAME|ID")]
    functions: Vec<String>,

    /// Only calls that ended with this status: `404`, or `5xx` for all of a kind
    #[arg(long, value_name = "STATUS")]
    status: Vec<Statuses>,

    /// Only calls that took at least so long, such as `500ms`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    min_duration: Option<Duration>,

    /// With the lines that functions wrote, whatever status and duration their calls had
    #[arg(long, conflicts_with = "stats")]
    console: bool,

    /// Of these lines only those of a level: error, warn, info, log, debug
    #[arg(long = "level", value_name = "LEVEL", requires = "console")]
    levels: Vec<String>,

    #[command(flatten)]
    common: ListArgs,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let range = self.common.range.read(app, "1h")?;
        let project = app.project().await?;
        let names = Names::known(app, &project).await?;
        let mut search = Search::functions(self.console);
        search.with_functions(&self.ids(&names)?);
        search.with_status(&self.status, self.console);
        let milliseconds = self.min_duration.map(|time| time.as_secs_f64() * 1000.0);
        search.with_min_duration(milliseconds, self.console);
        search.with_console_levels(&self.levels());
        let listing = Listing {
            app,
            project,
            args: &self.common,
            range,
            search,
            columns: COLUMNS,
            what: "calls of functions",
            finish: &|row| names.add(row),
            measures: FUNCTION_MEASURES,
            name: &|id| names.name(id),
            requests: Cell::new(0),
        };
        listing.run().await
    }

    fn ids(&self, names: &Names) -> Result<Vec<String>> {
        let id = |named: &String| {
            // The id of one that was deleted since, or that this token may not list.
            let is_id = named.len() == 36
                && named
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
            names
                .id(named)
                .or_else(|| is_id.then(|| named.to_lowercase()))
                .ok_or_else(|| {
                    Error::invalid_with_hint(
                        format!(
                            "`{named}` is neither the name nor the id of a function of this project"
                        ),
                        "`supactl functions list` shows them",
                    )
                })
        };
        self.functions.iter().map(id).collect()
    }

    /// `warn` and `warning` are one level with two spellings.
    fn levels(&self) -> Vec<String> {
        let mut levels: Vec<String> = self
            .levels
            .iter()
            .map(|level| level.to_lowercase())
            .collect();
        if levels
            .iter()
            .any(|level| level == "warn" || level == "warning")
        {
            levels.extend(["warn".to_owned(), "warning".to_owned()]);
        }
        levels.sort();
        levels.dedup();
        levels
    }
}
