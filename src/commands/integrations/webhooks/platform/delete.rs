//! `integrations webhooks platform delete`

use clap::Args;
use serde_json::json;

use super::{COLUMNS, Whose, uuid};
use crate::api::webhooks::Endpoint;
use crate::api::{Object, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Delete an endpoint, or all of them
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform delete 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --yes\n  supactl integrations webhooks platform delete --all --org acme"
)]
pub(crate) struct Delete {
    /// Id of the endpoint
    #[arg(value_parser = uuid, required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,

    /// All endpoints; asks to type the name
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    whose: Whose,

    #[command(flatten)]
    write: WriteArgs,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let (place, name) = self.whose.named(app)?;
        let Some(id) = self.id else {
            let question = format!("Delete all platform webhooks of {place}?");
            app.terminal().confirm_by_name(&question, &name)?;
            let target = self.whose.change(app).await?;
            let api = app.api()?;
            let endpoints = api.endpoints(&target).await?;
            api.delete_all_endpoints(&target).await?;
            let done = format!("Deleted {} endpoints", endpoints.len());
            let rows = endpoints.into_iter().map(deleted).collect();
            return Ok(Reply::list(rows, COLUMNS).with_message(done));
        };
        let question = format!("Delete endpoint `{id}` of {place}?");
        app.terminal().confirm(&question)?;
        let target = self.whose.change(app).await?;
        let api = app.api()?;
        let endpoint = api.endpoint(&target, &id).await?;
        api.delete_endpoint(&target, &id).await?;
        let done = format!("Deleted endpoint `{id}`");
        Ok(Reply::item(deleted(endpoint), COLUMNS).with_message(done))
    }
}

fn deleted(endpoint: Endpoint) -> Object {
    let mut row = endpoint.into_object();
    row.insert("deleted".to_owned(), json!(true));
    row
}
