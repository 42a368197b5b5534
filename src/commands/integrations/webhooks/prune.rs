//! `integrations webhooks prune`

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::arguments::age;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::{Column, Reply, Show};

/// Delete old history of deliveries, which grows for ever otherwise
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks prune --older-than 30d --yes\n  supactl integrations webhooks prune --older-than 2w --dry-run"
)]
pub(crate) struct Prune {
    /// Age of what is deleted: `30d`, `2w`, `12h`
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Duration,

    #[command(flatten)]
    write: WriteArgs,
}

impl Prune {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let age = told(self.older_than);
        app.terminal().confirm(&format!(
            "Delete the history of webhook deliveries older than {age} of project {}?",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let seconds = i64::try_from(self.older_than.as_secs())
            .map_err(|_| Error::invalid("that long ago there was no history"))?;
        let mut row = api.old_deliveries(&project, seconds).await?;
        let before = row.get("before_at").and_then(|time| time.as_str());
        let deleted = match before {
            Some(before) => api.prune_deliveries(&project, before).await?,
            // Webhooks were never switched on.
            None => 0,
        };
        row.insert("deliveries".to_owned(), json!(deleted));
        row.insert("deleted".to_owned(), json!(true));
        let noun = if deleted == 1 {
            "delivery"
        } else {
            "deliveries"
        };
        Ok(Reply::item(row, COLUMNS)
            .with_message(format!("Deleted the history of {deleted} {noun}")))
    }
}

/// An age in the largest unit that says it exactly.
fn told(age: Duration) -> String {
    let seconds = age.as_secs();
    let units = [(24 * 3600, "days"), (3600, "h"), (60, "min")];
    let whole = units
        .iter()
        .find(|(length, _)| seconds >= *length && seconds.is_multiple_of(*length));
    match whole {
        Some((length, _)) if seconds == *length && *length > 3600 => "1 day".to_owned(),
        Some((length, unit)) => format!("{} {unit}", seconds / length),
        None => format!("{seconds} s"),
    }
}

/// How much was deleted, and from when it was.
const COLUMNS: &[Column] = &[
    Column::new("deliveries", "Deliveries"),
    Column::shown("oldest_at", "Oldest", Show::Time),
    Column::shown("before_at", "Before", Show::Time),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::integrations::webhooks::arguments::age;

    #[test]
    fn an_age_is_told_as_it_was_typed() {
        for (typed, expected) in [
            ("30d", "30 days"),
            ("1d", "1 day"),
            ("2w", "14 days"),
            ("12h", "12 h"),
            ("90m", "90 min"),
            ("30m", "30 min"),
            ("90s", "90 s"),
        ] {
            assert_eq!(told(age(typed).unwrap()), expected, "{typed}");
        }
    }
}
