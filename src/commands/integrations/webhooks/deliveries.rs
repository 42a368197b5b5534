//! `integrations webhooks deliveries`

use clap::Args;
use jiff::Timestamp;

use super::DELIVERIES;
use super::arguments::since;
use super::following::follow;
use super::sending::WORKER_DOWN;
use crate::api::webhooks::{DeliverySearch, Status, TableName, Worker};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List what webhooks sent and what became of it, newest first
///
/// Answers are kept for 6 hours: what became of older requests is `expired`. A receiver that answers
/// with 500 has it `failed`; nothing is sent again by itself.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks deliveries\n  supactl integrations webhooks deliveries new_orders --status failed,timeout,error --since 1h\n  supactl integrations webhooks deliveries new_orders -f"
)]
pub(crate) struct Deliveries {
    /// Name of the webhook
    name: Option<String>,

    /// Only those of one table
    #[arg(long, value_name = "SCHEMA.TABLE")]
    table: Option<TableName>,

    /// Only those that ended like this; several with commas
    #[arg(long = "status", value_enum, value_delimiter = ',')]
    statuses: Vec<Status>,

    /// Only those since a time, or so long ago: `2026-11-22T09:30:00Z`, `30m`, `2d`
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,

    /// At most so many; before those that come, with `--follow` [default: 50, or 10]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10000))]
    limit: Option<u32>,

    /// Go on with those that come, oldest first, each when its outcome is known
    #[arg(short, long)]
    follow: bool,
}

impl Deliveries {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let output = self.follow.then(|| app.output().endless()).transpose()?;
        let project = app.project().await?;
        let api = app.api()?;
        let search = DeliverySearch {
            webhook: self.name,
            table: self.table,
            statuses: self.statuses,
            since: self.since.map(|time| time.to_string()),
            limit: self.limit.unwrap_or(if self.follow { 10 } else { 50 }),
            ..DeliverySearch::default()
        };
        if let Some(output) = output {
            return follow(app, &project, search, &output).await;
        }
        let deliveries = api.deliveries(&project, &search).await?;
        let pending = deliveries
            .iter()
            .any(|delivery| delivery.is(Status::Pending));
        let reply =
            Reply::list(deliveries, DELIVERIES).with_message_if_empty("No deliveries found");
        if pending && api.webhook_worker(&project).await? == Worker::Down {
            return Ok(reply.with_message(format!("Requests wait: {WORKER_DOWN}")));
        }
        Ok(reply)
    }
}
