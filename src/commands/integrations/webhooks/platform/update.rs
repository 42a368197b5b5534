//! `integrations webhooks platform update`

use clap::Args;

use super::super::arguments::headers;
use super::create::description;
use super::{COLUMNS, Whose, public_url, signing_secret, uuid};
use crate::api::webhooks::{EndpointChange, PlatformEvent};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Change an endpoint
///
/// What is not named stays as it is. Kinds of events and headers are set as a whole.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform update 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --disable\n  supactl integrations webhooks platform update 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --event project.paused,project.restored",
    group(clap::ArgGroup::new("change").required(true).multiple(true).args([
        "url", "events", "signing_secret", "description", "headers", "enable", "disable",
    ]))
)]
pub(crate) struct Update {
    /// Id of the endpoint
    #[arg(value_parser = uuid)]
    id: String,

    /// Address that events are sent to
    #[arg(long, value_parser = public_url)]
    url: Option<String>,

    /// Kind of event, such as `project.paused`; several with commas; `*` for all
    #[arg(long = "event", value_delimiter = ',', value_name = "EVENT")]
    events: Vec<PlatformEvent>,

    /// Secret that requests are signed with, from 8 to 64 characters: `-`, `@FILE` or `env:NAME`
    #[arg(long, value_name = "SECRET")]
    signing_secret: Option<String>,

    /// What it is for; empty takes it away
    #[arg(long, value_name = "TEXT", value_parser = description)]
    description: Option<String>,

    /// Header: `NAME: VALUE`, or a secret with `NAME=-`, `NAME=@FILE`, `NAME=env:VARIABLE`
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// Send events to it
    #[arg(long, conflicts_with = "disable")]
    enable: bool,

    /// Send nothing to it
    #[arg(long)]
    disable: bool,

    #[command(flatten)]
    whose: Whose,

    #[command(flatten)]
    write: WriteArgs,
}

impl Update {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let secret = self.signing_secret.as_deref();
        let change = EndpointChange {
            url: self.url,
            enabled: (self.enable || self.disable).then_some(self.enable),
            event_types: self.events,
            description: self.description,
            custom_headers: headers(app, &self.headers)?,
            signing_secret: secret.map(|given| signing_secret(app, given)).transpose()?,
        };
        let target = self.whose.change(app).await?;
        let api = app.api()?;
        api.update_endpoint(&target, &self.id, &change).await?;
        let done = format!("Updated endpoint `{}`", self.id);
        let endpoint = api.endpoint(&target, &self.id).await;
        let endpoint = endpoint.map_err(|error| error.after(&done))?;
        Ok(Reply::item(endpoint, COLUMNS).with_message(done))
    }
}
