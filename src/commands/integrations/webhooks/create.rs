//! `integrations webhooks create`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use super::arguments::{address, delivery_timeout, headers, params};
use crate::api::webhooks::{
    Definition, DeliveryTimeout, Event, HookMethod, HookUrl, TableName, WebhookName,
};
use crate::api::{Slug, sql};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Create a database webhook
///
/// Everything is checked first, because a trigger with a bad argument makes every write to its table
/// fail. Webhooks are switched on for the project where they are not.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks create new_orders --table public.orders --event insert --url https://example.com/hook\n  supactl integrations webhooks create paid --table public.orders --event update --column status --when \"new.status = 'paid'\" --function notify --header Authorization=env:HOOK_AUTH"
)]
pub(crate) struct Create {
    /// Name of the webhook, unique for its table
    name: WebhookName,

    /// Table whose rows it watches
    #[arg(long, value_name = "SCHEMA.TABLE")]
    table: TableName,

    /// What happens to a row; several with commas
    #[arg(
        long = "event",
        value_enum,
        required = true,
        value_delimiter = ',',
        value_name = "EVENT"
    )]
    events: Vec<Event>,

    /// Address that requests go to
    #[arg(
        long,
        conflicts_with = "function",
        required_unless_present = "function"
    )]
    url: Option<HookUrl>,

    /// Edge Function of the project that requests go to
    #[arg(long, value_name = "SLUG")]
    function: Option<Slug>,

    /// How the request is made; a GET has no body
    #[arg(long, value_enum, default_value = "POST", ignore_case = true)]
    method: HookMethod,

    /// Header: `NAME: VALUE`, or a secret with `NAME=-`, `NAME=@FILE`, `NAME=env:VARIABLE`
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// Parameter that is added to the address
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,

    /// How long the receiver may take, from 1 s to 10 s [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = delivery_timeout)]
    delivery_timeout: Option<DeliveryTimeout>,

    /// Only rows that this SQL expression is true for; it knows `new` and `old`
    #[arg(long, value_name = "SQL")]
    when: Option<String>,

    /// Only updates that set this column; may be given several times
    #[arg(long = "column", value_name = "NAME")]
    columns: Vec<String>,

    #[command(flatten)]
    write: WriteArgs,
}

impl Create {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let timeout = self.delivery_timeout.unwrap_or(DeliveryTimeout::USUAL);
        let mut new = Definition {
            name: self.name.as_str().to_owned(),
            table: self.table,
            events: self.events,
            columns: self.columns,
            when: self.when.as_deref().map(sql::expression).transpose()?,
            url: String::new(),
            method: self.method,
            headers: headers(app, &self.headers)?,
            params: params(&self.params)?,
            timeout_ms: i64::from(timeout.milliseconds()),
        };
        let named = |name: &String| name.eq_ignore_ascii_case("content-type");
        if !new.headers.keys().any(named) {
            let kind = ("Content-type".to_owned(), json!("application/json"));
            new.headers.shift_insert(0, kind.0, kind.1);
        }
        new.check().map_err(Error::invalid)?;
        let project = app.project_to_change().await?;
        let (url, function) = (self.url.as_ref(), self.function.as_ref());
        new.url = address(app, &project, url, function, &new.headers)
            .await?
            .unwrap_or_default();
        let api = app.api()?;
        if !api.check_webhook(&project, &new).await? {
            match api.switch_webhooks_on(&project).await {
                Ok(()) => app.say("Switched database webhooks on for the project"),
                // A dry run goes on, to show the trigger too.
                Err(Error::HeldBack) => {}
                Err(error) => return Err(error),
            }
        }
        api.create_webhook(&project, &new).await?;
        let done = format!("Created webhook `{}` on `{}`", new.name, new.table);
        let hook = api.webhook(&project, &new.name, Some(&new.table)).await;
        let hook = hook.map_err(|error| error.after(&done))?;
        Ok(Reply::item(hook.webhook(false), COLUMNS).with_message(done))
    }
}
