//! `integrations webhooks test`

use clap::Args;
use serde_json::Value;

use super::arguments::Which;
use super::sending::SendArgs;
use crate::api::webhooks::Image;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::settings;

/// Send a made-up row to the receiver of a webhook, and wait for the answer
///
/// The row has the columns of the table with nothing in them, unless another one is given. No row is
/// touched. A webhook that is disabled is tested all the same.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks test new_orders\n  supactl integrations webhooks test new_orders --event delete --record '{\"id\": 7, \"status\": \"paid\"}' --retry 3"
)]
pub(crate) struct Test {
    #[command(flatten)]
    which: Which,

    /// Row to send, as JSON, `-` or `@FILE`
    #[arg(long, value_name = "JSON")]
    record: Option<String>,

    #[command(flatten)]
    sending: SendArgs,

    #[command(flatten)]
    write: WriteArgs,
}

impl Test {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let record = self.record.as_deref().map(record).transpose()?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let (name, table) = (&self.which.name, self.which.table.as_ref());
        let hook = api.webhook(&project, name, table).await?;
        if !hook.enabled() {
            app.say(&format!(
                "Webhook `{name}` is disabled: only this test is sent"
            ));
        }
        self.sending
            .send(app, &project, &hook, &Image::Made(record))
            .await
    }
}

fn record(given: &str) -> Result<Value> {
    let text = if given == "-" || given.starts_with('@') {
        let text = settings::secret("--record", given)?;
        settings::exposed(&text).to_owned()
    } else {
        given.to_owned()
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(record) if record.is_object() => Ok(record),
        Ok(_) => Err(Error::invalid("`--record`: a row is a JSON object")),
        Err(error) => Err(Error::invalid(format!("`--record` is no JSON: {error}"))),
    }
}
