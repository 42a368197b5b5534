//! `integrations webhooks update`

use clap::Args;

use super::COLUMNS;
use super::arguments::{Which, address, delivery_timeout, headers, params};
use crate::api::webhooks::{Anew, Definition, DeliveryTimeout, Event, HookMethod, HookUrl};
use crate::api::{Slug, sql};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Change a database webhook
///
/// What is not named stays as it is. The trigger is dropped and created again in one transaction, so
/// that no row is missed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations webhooks update new_orders --url https://example.com/v2/hook\n  supactl integrations webhooks update paid --table public.orders --header Authorization=@token.txt --remove-header X-Env",
    group(clap::ArgGroup::new("change").required(true).multiple(true).args([
        "events", "url", "function", "method", "headers", "removed_headers", "params", "removed_params",
        "delivery_timeout", "when", "no_when", "columns", "all_columns",
    ]))
)]
pub(crate) struct Update {
    #[command(flatten)]
    which: Which,

    /// What happens to a row; several with commas
    #[arg(
        long = "event",
        value_enum,
        value_delimiter = ',',
        value_name = "EVENT"
    )]
    events: Vec<Event>,

    /// Address that requests go to
    #[arg(long, conflicts_with = "function")]
    url: Option<HookUrl>,

    /// Edge Function of the project that requests go to
    #[arg(long, value_name = "SLUG")]
    function: Option<Slug>,

    /// How the request is made; a GET has no body
    #[arg(long, value_enum, ignore_case = true)]
    method: Option<HookMethod>,

    /// Header to set: `NAME: VALUE`, or a secret with `NAME=-`, `NAME=@FILE`, `NAME=env:VARIABLE`
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,

    /// Header to take away
    #[arg(long = "remove-header", value_name = "NAME")]
    removed_headers: Vec<String>,

    /// Parameter to set
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,

    /// Parameter to take away
    #[arg(long = "remove-param", value_name = "NAME")]
    removed_params: Vec<String>,

    /// How long the receiver may take, from 1 s to 10 s
    #[arg(long, value_name = "TIME", value_parser = delivery_timeout)]
    delivery_timeout: Option<DeliveryTimeout>,

    /// Only rows that this SQL expression is true for; it knows `new` and `old`
    #[arg(long, value_name = "SQL", conflicts_with = "no_when")]
    when: Option<String>,

    /// All rows, whatever is in them
    #[arg(long)]
    no_when: bool,

    /// Only updates that set this column; may be given several times
    #[arg(long = "column", value_name = "NAME", conflicts_with = "all_columns")]
    columns: Vec<String>,

    /// All updates, whatever they set
    #[arg(long)]
    all_columns: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Update {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let given = headers(app, &self.headers)?;
        let given_params = params(&self.params)?;
        let when = self.when.as_deref().map(sql::expression).transpose()?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let (name, table) = (&self.which.name, self.which.table.as_ref());
        let hook = api.webhook(&project, name, table).await?;
        let mut new = hook.definition(Anew {
            method: self.method,
            headers: !given.is_empty(),
            params: !given_params.is_empty(),
            timeout: self.delivery_timeout.is_some(),
        })?;
        for name in &self.removed_headers {
            new.headers
                .retain(|known, _| !known.eq_ignore_ascii_case(name));
        }
        for name in given.keys() {
            new.headers
                .retain(|known, _| known == name || !known.eq_ignore_ascii_case(name));
        }
        new.headers.extend(given);
        new.params
            .retain(|known, _| !self.removed_params.contains(known));
        new.params.extend(given_params);
        let (url, function) = (self.url.as_ref(), self.function.as_ref());
        let url = address(app, &project, url, function, &new.headers).await?;
        let new = Definition {
            events: if self.events.is_empty() {
                new.events
            } else {
                self.events
            },
            url: url.unwrap_or(new.url),
            method: self.method.unwrap_or(new.method),
            timeout_ms: match self.delivery_timeout {
                Some(timeout) => i64::from(timeout.milliseconds()),
                None => new.timeout_ms,
            },
            when: if self.no_when {
                None
            } else {
                when.or(new.when)
            },
            columns: match (self.all_columns, self.columns.is_empty()) {
                (true, _) => Vec::new(),
                (false, true) => new.columns,
                (false, false) => self.columns,
            },
            ..new
        };
        new.check().map_err(Error::invalid)?;
        api.replace_webhook(&project, &hook, &new).await?;
        let done = format!("Updated webhook `{name}` on `{}`", new.table);
        let hook = api.webhook(&project, name, Some(&new.table)).await;
        let hook = hook.map_err(|error| error.after(&done))?;
        Ok(Reply::item(hook.webhook(false), COLUMNS).with_message(done))
    }
}
