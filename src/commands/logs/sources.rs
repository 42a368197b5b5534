//! `logs sources`

use clap::Args;

use super::range::{RangeArgs, nothing_found, shown};
use crate::api::Object;
use crate::api::logs::window;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// List what has logs: sources, and the keys of their attributes
///
/// With counts, of a day at most.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl logs sources\n  supactl logs sources --source edge_logs --since 10m -o json"
)]
pub(crate) struct Sources {
    /// Only these sources
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<String>,

    #[command(flatten)]
    range: RangeArgs,
}

const COLUMNS: &[Column] = &[
    Column::new("source", "Source"),
    Column::new("count", "Rows"),
    Column::shown("keys", "Attributes", Show::Made(names)),
];

impl Sources {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let range = self.range.read(app, "1h")?;
        let window = window::last_piece(range.window(), window::LONGEST);
        let project = app.project().await?;
        let found = app
            .api()?
            .log_sources(&project, &self.sources, window)
            .await?;
        let empty = nothing_found("rows", &range);
        let reply = Reply::list(found, COLUMNS).with_message_if_empty(&empty);
        Ok(if window.from > range.window().from {
            reply.with_message(format!(
                "Counted from {} on: a day is the most",
                shown(window.from)
            ))
        } else {
            reply
        })
    }
}

fn names(row: &Object) -> String {
    let keys = row.get("keys").and_then(serde_json::Value::as_array);
    let names = keys
        .into_iter()
        .flatten()
        .filter_map(|key| key["key"].as_str());
    names.collect::<Vec<_>>().join(", ")
}
