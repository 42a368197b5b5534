//! `integrations webhooks resend`

use clap::Args;

use super::arguments::Which;
use super::sending::SendArgs;
use crate::api::ApiError;
use crate::api::sql;
use crate::api::webhooks::Image;
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Send rows to the receiver of a webhook again, as they are now
///
/// What was sent before is kept nowhere: a row is sent in its present state, with `old_record` null, and
/// one that was deleted cannot be sent. Rows are not touched, so nothing else happens.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks resend new_orders --where 'id = 2'\n  supactl integrations webhooks resend new_orders --where \"created_at > now() - interval '1 hour'\" --limit 100"
)]
pub(crate) struct Resend {
    #[command(flatten)]
    which: Which,

    /// SQL expression that is true for the rows to send
    #[arg(long = "where", value_name = "SQL")]
    condition: String,

    /// Most rows to send
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,

    #[command(flatten)]
    sending: SendArgs,

    #[command(flatten)]
    write: WriteArgs,
}

impl Resend {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let condition = sql::expression(&self.condition)?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let name = &self.which.name;
        let hook = api
            .webhook(&project, name, self.which.table.as_ref())
            .await?;
        let rows = api.rows_of_webhook(&project, &hook, &condition).await?;
        let table = &hook.table;
        if rows == 0 {
            let error = ApiError::new(
                Code::NotFound,
                format!("no row of `{table}` fits `--where`"),
            );
            return Err(error
                .with_hint("a row that was deleted cannot be sent again")
                .into());
        }
        if rows > u64::from(self.limit) {
            return Err(Error::invalid_with_hint(
                format!(
                    "{rows} rows of `{table}` fit `--where`, and at most {} are sent",
                    self.limit
                ),
                "narrow it down, or allow more with `--limit`",
            ));
        }
        if self.sending.retry > 0 && rows > 1 {
            return Err(Error::invalid(format!(
                "`--retry` is for one row, and {rows} fit: those that arrived would be sent again too"
            )));
        }
        let noun = if rows == 1 { "row" } else { "rows" };
        app.say(&format!(
            "Sending {rows} {noun} of `{table}` in the present state: what was sent before is not kept"
        ));
        let limit = self.limit;
        self.sending
            .send(app, &project, &hook, &Image::Rows { condition, limit })
            .await
    }
}
