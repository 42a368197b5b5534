//! `integrations webhooks platform`: what the service itself tells of a project or organization.

mod create;
mod delete;
mod deliveries;
mod delivery;
mod get;
mod list;
mod retry;
mod test;
mod update;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::api::Object;
use crate::api::webhooks::PlatformTarget;
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Reply, Show};

/// Manage platform webhooks: events of the project or organization itself (early access)
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Platform {
    #[command(visible_aliases = ["add", "new"])]
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    Deliveries(deliveries::Deliveries),
    Delivery(delivery::Delivery),
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
    Retry(retry::Retry),
    Test(test::Test),
    Update(update::Update),
}

impl Platform {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Create(command) => command.run(app).await,
            Self::Delete(command) => command.run(app).await,
            Self::Deliveries(command) => command.run(app).await,
            Self::Delivery(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Retry(command) => command.run(app).await,
            Self::Test(command) => command.run(app).await,
            Self::Update(command) => command.run(app).await,
        }
    }
}

/// Whose events are meant.
#[derive(Debug, Args)]
struct Whose {
    /// Events of an organization rather than of a project
    #[arg(long = "org", value_name = "SLUG")]
    organization: Option<String>,
}

impl Whose {
    async fn read(self, app: &App) -> Result<PlatformTarget> {
        match self.organization {
            Some(slug) => Ok(PlatformTarget::Organization(slug)),
            None => app.project().await.map(PlatformTarget::Project),
        }
    }

    async fn change(self, app: &App) -> Result<PlatformTarget> {
        let Some(slug) = self.organization else {
            return app.project_to_change().await.map(PlatformTarget::Project);
        };
        app.say(&format!("Organization {slug}"));
        Ok(PlatformTarget::Organization(slug))
    }

    /// How it is called in a question that comes before any request.
    fn named(&self, app: &App) -> Result<(String, String)> {
        if let Some(slug) = &self.organization {
            return Ok((format!("organization {slug}"), slug.clone()));
        }
        let name = app.project_in_question()?;
        Ok((format!("project {name}"), name))
    }
}

/// Reads the id of an endpoint or delivery.
fn uuid(text: &str) -> Result<String, String> {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    if text.len() == 36 && text.bytes().enumerate().all(fits) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("an id is a UUID, as `list` and `deliveries` show them".to_owned())
}

/// A secret of the length that the service takes.
fn signing_secret(app: &App, given: &str) -> Result<String> {
    let secret = app.secret("--signing-secret", given)?;
    let secret = crate::settings::exposed(&secret);
    if (8..=64).contains(&secret.chars().count()) {
        return Ok(secret.to_owned());
    }
    Err(Error::invalid(
        "a signing secret has from 8 to 64 characters",
    ))
}

/// An address that the service sends to: only to domains, and never into its own network.
fn public_url(text: &str) -> Result<String, String> {
    let url: crate::api::webhooks::HookUrl = text.parse()?;
    if url.is_public_domain() {
        return Ok(url.as_str().to_owned());
    }
    Err("the service sends to a domain with public addresses only".to_owned())
}

/// How an endpoint is shown.
const COLUMNS: &[Column] = &[
    Column::new("id", "ID"),
    Column::new("url", "URL"),
    Column::new("enabled", "Enabled"),
    Column::new("event_types", "Events"),
    Column::new("description", "Description"),
    Column::shown(
        "custom_headers",
        "Headers",
        Show::Made(super::custom_headers),
    ),
    Column::shown("created_at", "Created", Show::Time),
];

/// How a delivery is shown.
const DELIVERIES: &[Column] = &[
    Column::new("id", "ID"),
    Column::shown("attempt_timestamp", "Attempted", Show::Time),
    Column::shown("event", "Event", Show::Made(event)),
    Column::new("status", "Status"),
    Column::shown("response_code", "HTTP", Show::Made(response_code)),
    Column::new("error_message", "Error"),
    Column::new("response_body", "Response"),
];

/// What the service says of something that it will do in its own time.
const QUEUED: &[Column] = &[Column::new("id", "ID")];

fn event(delivery: &Object) -> String {
    let kind = delivery
        .get("event")
        .and_then(|event| event.get("type")?.as_str());
    kind.unwrap_or_default().to_owned()
}

/// 0 stands for no answer.
fn response_code(delivery: &Object) -> String {
    match delivery.get("response_code").and_then(Value::as_u64) {
        None | Some(0) => String::new(),
        Some(code) => code.to_string(),
    }
}
