//! `integrations webhooks platform test`

use clap::Args;

use super::{QUEUED, Whose, uuid};
use crate::api::webhooks::PlatformEvent;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Have the service send a test event to an endpoint
///
/// Its payload has `is_test` true. The service allows ten a minute.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks platform test 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --event project.paused"
)]
pub(crate) struct Test {
    /// Id of the endpoint
    #[arg(value_parser = uuid)]
    id: String,

    /// Kind of event; by default one that the service chooses
    #[arg(long, value_name = "EVENT", value_parser = one_event)]
    event: Option<PlatformEvent>,

    #[command(flatten)]
    whose: Whose,

    #[command(flatten)]
    write: WriteArgs,
}

impl Test {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let target = self.whose.change(app).await?;
        let api = app.api()?;
        let queued = api
            .test_endpoint(&target, &self.id, self.event.as_ref())
            .await?;
        Ok(Reply::item(queued, QUEUED).with_message(
            "The service sends it in its own time: `deliveries` shows what became of it",
        ))
    }
}

fn one_event(text: &str) -> Result<PlatformEvent, String> {
    if text == "*" {
        return Err("a test is of one kind of event".to_owned());
    }
    text.parse()
}
