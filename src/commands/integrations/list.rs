//! `integrations list`

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args};
use serde_json::json;

use super::examine::{Known, examine};
use super::found::{Status, tolerated};
use crate::api::integrations::{INTEGRATIONS, Integration, Kind, Way};
use crate::api::{Object, ProjectRef};
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply};

/// List integrations, and how far each is set up
///
/// What a token may not see, or a plan does not include, is told for each of them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations list\n  supactl integrations list --installed\n  supactl integrations list --kind extension --status unavailable -o json"
)]
pub(crate) struct List {
    /// Only those that can be set up
    #[arg(long, conflicts_with = "installed")]
    available: bool,

    /// Only those that are set up, or half so
    #[arg(long)]
    installed: bool,

    /// Only those of this kind; may be given several times
    #[arg(long, value_name = "KIND", value_parser = kinds(), action = ArgAction::Append)]
    kind: Vec<String>,

    /// Only those with this status; may be given several times
    #[arg(long, value_name = "STATUS", value_parser = statuses(), action = ArgAction::Append)]
    status: Vec<String>,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(Kind::ALL.iter().map(|(_, word)| *word))
}

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(Status::ALL.iter().map(|(_, word)| *word))
}

const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::new("kind", "Kind"),
    Column::new("status", "Status"),
    Column::new("about", "About"),
    Column::new("reason", "Reason"),
    Column::new("link", "Link"),
];

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let api = app.api()?;
        let wanted: Vec<&Integration> = INTEGRATIONS
            .iter()
            .filter(|one| {
                self.kind.is_empty() || self.kind.iter().any(|kind| kind == one.kind.word())
            })
            .collect();
        let known = Known::of(api, &project, &wanted, true).await?;
        let rows = wanted.iter().map(|integration| async {
            let examined = examine(api, &project, integration, &known, false, false);
            let (status, reason) = match examined.await {
                Ok(found) => {
                    let failed = found.failed().join(", ");
                    let incomplete = found.status == Status::Incomplete;
                    (found.status, found.reason.or(incomplete.then_some(failed)))
                }
                Err(error) => {
                    let reason = tolerated(error)?;
                    (reason.status, Some(reason.text))
                }
            };
            Ok((
                status,
                row(integration, &project, status, reason.as_deref()),
            ))
        });
        let rows: Vec<(Status, Object)> = futures_util::future::join_all(rows)
            .await
            .into_iter()
            .collect::<Result<_>>()?;
        let rows = rows.into_iter().filter(|(status, _)| self.shows(*status));
        let rows: Vec<_> = rows.map(|(_, row)| row).collect();
        Ok(Reply::list(rows, COLUMNS).with_message_if_empty("No integrations found"))
    }

    fn shows(&self, status: Status) -> bool {
        let there = matches!(status, Status::Installed | Status::Incomplete);
        (!self.available || status == Status::Available)
            && (!self.installed || there)
            && (self.status.is_empty() || self.status.iter().any(|word| word == status.word()))
    }
}

fn row(
    integration: &Integration,
    project: &ProjectRef,
    status: Status,
    reason: Option<&str>,
) -> Object {
    let link = match integration.way {
        Way::Dashboard(page) => Some(page),
        Way::Github => Some("settings/integrations"),
        _ => None,
    };
    let link = link.map(|page| format!("https://supabase.com/dashboard/project/{project}/{page}"));
    Object::from_iter([
        ("name".to_owned(), json!(integration.name)),
        ("kind".to_owned(), json!(integration.kind.word())),
        ("status".to_owned(), json!(status.word())),
        ("about".to_owned(), json!(integration.about)),
        ("reason".to_owned(), json!(reason)),
        ("link".to_owned(), json!(link)),
    ])
}
