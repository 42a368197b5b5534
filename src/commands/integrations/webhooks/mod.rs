//! `integrations webhooks`: requests that the database sends for rows that change.

mod arguments;
mod create;
mod delete;
mod deliveries;
mod disable;
mod enable;
mod following;
mod list;
mod platform;
mod prune;
mod resend;
mod sending;
mod test;
mod update;

use clap::Subcommand;
use serde_json::Value;

use crate::api::Object;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage database webhooks: requests that are sent for rows that change
///
/// A webhook is a trigger on a table. Its arguments, header values included, stand in the database's
/// catalog in clear, and deliveries are not signed.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Webhooks {
    #[command(visible_aliases = ["add", "new"])]
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    Deliveries(deliveries::Deliveries),
    Disable(disable::Disable),
    Enable(enable::Enable),
    #[command(visible_alias = "ls")]
    List(list::List),
    #[command(subcommand)]
    Platform(platform::Platform),
    Prune(prune::Prune),
    Resend(resend::Resend),
    Test(test::Test),
    Update(update::Update),
}

impl Webhooks {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Create(command) => command.run(app).await,
            Self::Delete(command) => command.run(app).await,
            Self::Deliveries(command) => command.run(app).await,
            Self::Disable(command) => command.run(app).await,
            Self::Enable(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Platform(command) => command.run(app).await,
            Self::Prune(command) => command.run(app).await,
            Self::Resend(command) => command.run(app).await,
            Self::Test(command) => command.run(app).await,
            Self::Update(command) => command.run(app).await,
        }
    }
}

/// How a webhook is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::shown("table", "Table", Show::Made(place)),
    Column::new("events", "Events"),
    Column::new("method", "Method"),
    Column::new("url", "URL"),
    Column::new("enabled", "Enabled"),
    Column::shown("delivery_timeout_ms", "Timeout", Show::Made(timeout)),
    Column::shown("last_delivery_at", "Last delivery", Show::Time),
    Column::shown("last_delivery_status", "Result", Show::Made(result)),
    Column::shown("headers", "Headers", Show::Made(headers)),
    Column::new("when", "When"),
    Column::new("problem", "Problem"),
];

/// How a delivery is shown.
const DELIVERIES: &[Column] = &[
    Column::new("id", "ID"),
    Column::shown("triggered_at", "Triggered", Show::Time),
    Column::new("webhook", "Webhook"),
    Column::shown("table", "Table", Show::Made(place)),
    Column::new("status", "Status"),
    Column::new("status_code", "HTTP"),
    Column::shown("completed_at", "Completed", Show::Time),
    Column::new("error", "Error"),
    Column::new("response_body", "Response"),
];

fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn place(object: &Object) -> String {
    let (schema, table) = (text(object, "schema"), text(object, "table"));
    if schema.is_empty() {
        return table.to_owned();
    }
    format!("{schema}.{table}")
}

fn timeout(webhook: &Object) -> String {
    match webhook.get("delivery_timeout_ms").and_then(Value::as_u64) {
        Some(time) => format!("{time} ms"),
        None => String::new(),
    }
}

fn result(webhook: &Object) -> String {
    let status = text(webhook, "last_delivery_status");
    match webhook
        .get("last_delivery_status_code")
        .and_then(Value::as_u64)
    {
        Some(code) => format!("{status} ({code})"),
        None => status.to_owned(),
    }
}

fn headers(webhook: &Object) -> String {
    headers_under(webhook, "headers")
}

fn custom_headers(endpoint: &Object) -> String {
    headers_under(endpoint, "custom_headers")
}

fn headers_under(object: &Object, key: &str) -> String {
    let headers = object.get(key).and_then(Value::as_object);
    let lines = headers
        .into_iter()
        .flatten()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}: {text}"),
            other => format!("{name}: {other}"),
        });
    lines.collect::<Vec<_>>().join(", ")
}
