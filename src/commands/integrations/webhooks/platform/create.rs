//! `integrations webhooks platform create`

use clap::Args;

use super::super::arguments::headers;
use super::{COLUMNS, Whose, public_url, signing_secret};
use crate::api::Record;
use crate::api::webhooks::{EndpointChange, PlatformEvent};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Create an endpoint that events are sent to
///
/// Each request is signed (Standard Webhooks) with the secret that is given here, and that is never
/// shown again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform create --url https://example.com/hook --event project.paused --signing-secret env:HOOK_SECRET\n  supactl integrations webhooks platform create --url https://example.com/hook --event '*' --signing-secret @secret.txt --org acme"
)]
pub(crate) struct Create {
    /// Address that events are sent to
    #[arg(long, value_parser = public_url)]
    url: String,

    /// Kind of event, such as `project.paused`; several with commas; `*` for all
    #[arg(
        long = "event",
        required = true,
        value_delimiter = ',',
        value_name = "EVENT"
    )]
    events: Vec<PlatformEvent>,

    /// Secret that requests are signed with, from 8 to 64 characters: `-`, `@FILE` or `env:NAME`
    #[arg(long, value_name = "SECRET")]
    signing_secret: String,

    /// What it is for
    #[arg(long, value_name = "TEXT", value_parser = description)]
    description: Option<String>,

    /// Header: `NAME: VALUE`, or a secret with `NAME=-`, `NAME=@FILE`, `NAME=env:VARIABLE`
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// Send nothing to it yet
    #[arg(long)]
    disabled: bool,

    #[command(flatten)]
    whose: Whose,

    #[command(flatten)]
    write: WriteArgs,
}

impl Create {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let new = EndpointChange {
            url: Some(self.url),
            enabled: self.disabled.then_some(false),
            event_types: self.events,
            description: self.description,
            custom_headers: headers(app, &self.headers)?,
            signing_secret: Some(signing_secret(app, &self.signing_secret)?),
        };
        let target = self.whose.change(app).await?;
        let api = app.api()?;
        let made = api.create_endpoint(&target, &new).await?;
        let id = made.text("id").unwrap_or_default().to_owned();
        let done = format!("Created endpoint `{id}`");
        let endpoint = api.endpoint(&target, &id).await;
        let endpoint = endpoint.map_err(|error| error.after(&done))?;
        Ok(Reply::item(endpoint, COLUMNS).with_message(done))
    }
}

/// A description of the length that the service takes.
pub(super) fn description(text: &str) -> Result<String, String> {
    if text.chars().count() <= 512 {
        return Ok(text.to_owned());
    }
    Err("a description has at most 512 characters".to_owned())
}
