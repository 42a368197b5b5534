//! What became of the requests that webhooks made.
//!
//! pg_net keeps answers for 6 hours by default, in tables that a crash empties and whose numbers then
//! begin anew: hence the bounds in time. The history of requests is never deleted by itself.

use serde_json::{Value, json};

use super::hiding;
use super::parts::{Event, HookMethod, TableName};
use super::trigger::Trigger;
use crate::api::record::{Object, Record, record};
use crate::api::sql::{self, Sql};
use crate::api::{Api, ProjectRef};
use crate::error::{Code, Error, Result};

record! {
    /// One request of a webhook, and its outcome.
    Delivery {
        "id": Integer,
        "webhook": Text,
        "schema": Text,
        "table": Text,
        "status": Text,
        "status_code": Integer,
        "error": Text,
        "triggered_at": Text,
        "completed_at": Text,
        "request_id": Integer,
        "response_body": Text,
    }
}

impl Delivery {
    /// Its number, by which deliveries follow each other.
    pub(crate) fn id(&self) -> i64 {
        let id = self.object().get("id");
        id.and_then(Value::as_i64).unwrap_or_default()
    }

    pub(crate) fn is(&self, status: Status) -> bool {
        self.text("status") == Some(status.as_str())
    }
}

/// What can become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Status {
    /// It waits to be sent, or for its answer
    Pending,
    /// It was answered with a status from 200 to 299
    Success,
    /// It was answered with another status
    Failed,
    /// No answer came in time
    Timeout,
    /// It could not be sent
    Error,
    /// What became of it is no longer known
    Expired,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Error => "error",
            Self::Expired => "expired",
        }
    }
}

/// Which deliveries to look at.
#[derive(Debug, Default)]
pub(crate) struct DeliverySearch {
    pub(crate) webhook: Option<String>,
    pub(crate) table: Option<TableName>,
    pub(crate) statuses: Vec<Status>,
    /// RFC 3339.
    pub(crate) since: Option<String>,
    /// Only these; with `after` these too.
    pub(crate) ids: Vec<i64>,
    /// Only newer ones.
    pub(crate) after: Option<i64>,
    pub(crate) limit: u32,
}

/// How pg_net's worker is, as far as one may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worker {
    Up,
    Down,
    /// Other processes are hidden from whoever asked.
    Hidden,
}

/// A queued request counts as the newest one of its number.
const DELIVERIES: &str = "select * from (
  select h.id::bigint as id, h.hook_name as webhook, n.nspname::text as schema, c.relname::text as \"table\",
    case
      when r.id is null and q.id is not null then 'pending'
      when r.id is null                      then 'expired'
      when r.timed_out                       then 'timeout'
      when r.error_msg is not null           then 'error'
      when r.status_code between 200 and 299 then 'success'
      else 'failed'
    end as status,
    r.status_code, r.error_msg as error,
    pg_catalog.to_char(h.created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as triggered_at,
    pg_catalog.to_char(r.created at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as completed_at,
    h.request_id::bigint as request_id,
    -- A receiver may send back what it was sent: the names keep both from being shown as they are.
    pg_catalog.left(r.content, 500) as response_body_secret, to_json(x.args) as args_secrets
  from supabase_functions.hooks h
  left join lateral (
    select * from net._http_response r
    where r.id = h.request_id and r.created >= h.created_at and r.created < h.created_at + interval '1 hour'
    order by r.created limit 1) r on true
  left join net.http_request_queue q on q.id = h.request_id
    and not exists (select from supabase_functions.hooks newer where newer.request_id = h.request_id and newer.id > h.id)
  left join pg_catalog.pg_class c on c.oid = h.hook_table_id::bigint
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_trigger t on t.tgrelid = c.oid and t.tgname = h.hook_name and not t.tgisinternal
  left join lateral {args} x on true
  where ($1::text is null or h.hook_name = $1)
    and ($2::text is null or n.nspname = $2)
    and ($3::text is null or c.relname = $3)
    and ($4::text is null or h.created_at >= ($4::text)::timestamptz)
    and (($5::text is null and $8::text is null) or h.id = any (pg_catalog.string_to_array($5, ',')::bigint[]) or h.id > ($8::text)::bigint)
) d
where $6::text is null or d.status = any (pg_catalog.string_to_array($6, ','))
order by d.id desc
limit ($7::text)::int";

/// The worker names itself in `backend_type`, and in `application_name` too. Both are hidden from roles
/// that may not watch others.
const WORKER: &str = "select case
  when exists (select from pg_catalog.pg_stat_activity where backend_type ilike '%pg_net%' or application_name ilike '%pg_net%') then 'up'
  when exists (select from pg_catalog.pg_stat_activity where backend_type is null) then 'hidden'
  else 'down' end as worker";

/// Sends the present state of rows, as the trigger would: it neither keeps what it sent nor the key of
/// the row. Rows are not touched, which would run every other trigger of the table too.
///
/// Never by inserting into pg_net's queue, which does not wake the worker.
const SEND: &str = "with hook as (
  select t.tgrelid, t.tgname, x.args as a from pg_catalog.pg_trigger t, lateral {args} x where t.oid = {oid}
), image as (
  {rows}
), sent as (
  select {call} as request_id, tgrelid, tgname from hook, image
)
insert into supabase_functions.hooks (hook_table_id, hook_name, request_id)
select tgrelid::bigint::int, tgname, request_id from sent
returning id::bigint as id, request_id::bigint as request_id";

const POST: &str = "net.http_post(
    url := a[1],
    body := jsonb_build_object('type', {event}, 'table', {table}, 'schema', {schema}, 'record', {record}, 'old_record', {old_record}),
    params := coalesce(nullif(a[4], 'null'), '{}')::jsonb,
    headers := coalesce(nullif(a[3], 'null'), '{\"Content-Type\": \"application/json\"}')::jsonb,
    timeout_milliseconds := coalesce(nullif(a[5], 'null'), '1000')::int)";

const GET: &str = "net.http_get(
    url := a[1],
    params := coalesce(nullif(a[4], 'null'), '{}')::jsonb,
    headers := coalesce(nullif(a[3], 'null'), '{}')::jsonb,
    timeout_milliseconds := coalesce(nullif(a[5], 'null'), '1000')::int)";

const ROWS: &str =
    "select to_jsonb(o) as j from (select * from {table} where {condition} limit {limit}) o";

const COUNT: &str = "select pg_catalog.count(*)::bigint as rows from {table} where {condition}";

/// A row of the table with nothing in it.
const EMPTY_ROW: &str = "select to_jsonb(o) as j from (select (null::{table}).*) o";

const GIVEN_ROW: &str = "select {record} as j";

const OLD: &str = "select pg_catalog.count(*)::bigint as deliveries,
  pg_catalog.to_char(min(created_at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as oldest_at,
  pg_catalog.to_char((pg_catalog.now() - pg_catalog.make_interval(secs => {seconds})) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as before_at
from supabase_functions.hooks where created_at < pg_catalog.now() - pg_catalog.make_interval(secs => {seconds})";

const PRUNE: &str = "with gone as (
  delete from supabase_functions.hooks where created_at < {before}::timestamptz returning 1
) select pg_catalog.count(*)::bigint as deliveries from gone";

/// What is sent in place of a row that changed.
#[derive(Debug)]
pub(crate) enum Image {
    /// Rows as they are now, at most so many.
    Rows { condition: Sql, limit: u32 },
    /// A row with nothing in it, or what was given instead.
    Made(Option<Value>),
}

impl Api {
    /// Lists deliveries, the newest first.
    pub(crate) async fn deliveries(
        &self,
        project: &ProjectRef,
        search: &DeliverySearch,
    ) -> Result<Vec<Delivery>> {
        let list = |items: Vec<String>| (!items.is_empty()).then(|| items.join(","));
        let statuses = search
            .statuses
            .iter()
            .map(|status| status.as_str().to_owned());
        let parameters = [
            json!(search.webhook),
            json!(search.table.as_ref().map(|table| &table.schema)),
            json!(search.table.as_ref().map(|table| &table.name)),
            json!(search.since),
            json!(list(search.ids.iter().map(ToString::to_string).collect())),
            json!(list(statuses.collect())),
            json!(search.limit.to_string()),
            json!(search.after.map(|id| id.to_string())),
        ];
        let sql = Sql::fill(DELIVERIES, &[("args", Sql::constant(super::ARGUMENTS))]);
        match self.catalog::<Value>(project, &sql, &parameters).await {
            Ok(rows) => Ok(rows.into_iter().map(delivery).collect()),
            Err(error) if super::is_switched_off(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether somebody sends what is queued. The read-only user may not be shown other processes.
    pub(crate) async fn webhook_worker(&self, project: &ProjectRef) -> Result<Worker> {
        let sql = Sql::constant(WORKER);
        let seen = worker(&self.catalog(project, &sql, &[]).await?);
        if seen != Worker::Hidden {
            return Ok(seen);
        }
        let rows = self.catalog_as_postgres(project, &sql).await;
        Ok(rows.map_or(Worker::Hidden, |rows| worker(&rows)))
    }

    /// How many rows of the table of a webhook a condition fits.
    pub(crate) async fn rows_of_webhook(
        &self,
        project: &ProjectRef,
        hook: &Trigger,
        condition: &Sql,
    ) -> Result<u64> {
        let table = sql::qualified(&hook.table.schema, &hook.table.name)?;
        let parts = [("table", table), ("condition", condition.clone())];
        let sql = Sql::fill(COUNT, &parts);
        let rows: Vec<Object> = self.query(project, &sql, &[]).await?;
        Ok(rows.first().map_or(0, |row| number(row, "rows")))
    }

    /// Sends what a webhook would, and returns the ids of the deliveries.
    ///
    /// # Errors
    /// `conflict` for a webhook whose arguments would raise here as they do for every write.
    pub(crate) async fn send_webhook(
        &self,
        project: &ProjectRef,
        hook: &Trigger,
        event: Event,
        image: &Image,
    ) -> Result<Vec<i64>> {
        let sql = send(hook, event, image)?;
        let rows: Vec<Object> = self.execute(project, &sql, &[]).await?;
        Ok(rows
            .iter()
            .filter_map(|row| i64::try_from(number(row, "id")).ok())
            .collect())
    }

    /// How much of the history is older than so many seconds: count, the oldest, and the limit.
    pub(crate) async fn old_deliveries(
        &self,
        project: &ProjectRef,
        seconds: i64,
    ) -> Result<Object> {
        let sql = Sql::fill(OLD, &[("seconds", sql::number(seconds))]);
        let rows = self.catalog(project, &sql, &[]).await;
        match rows {
            Ok(rows) => Ok(rows.into_iter().next().unwrap_or_default()),
            Err(error) if super::is_switched_off(&error) => Ok(Object::new()),
            Err(error) => Err(error),
        }
    }

    /// Deletes the history before a time, and returns how many deliveries it told of.
    pub(crate) async fn prune_deliveries(&self, project: &ProjectRef, before: &str) -> Result<u64> {
        let sql = Sql::fill(PRUNE, &[("before", sql::literal(before)?)]);
        let rows: Vec<Object> = self.execute(project, &sql, &[]).await?;
        Ok(rows.first().map_or(0, |row| number(row, "deliveries")))
    }
}

fn send(hook: &Trigger, event: Event, image: &Image) -> Result<Sql> {
    if let Some(problem) = hook.problem() {
        let message = format!("webhook `{}` cannot send: {problem}", hook.name);
        let error = crate::api::ApiError::new(Code::Conflict, message);
        return Err(Error::Api(error.with_hint(
            "every write to its table fails for the same reason: `supactl integrations webhooks update` mends it, `disable` stops it",
        )));
    }
    let table = || sql::qualified(&hook.table.schema, &hook.table.name);
    let rows = match image {
        Image::Rows { condition, limit } => Sql::fill(
            ROWS,
            &[
                ("table", table()?),
                ("condition", condition.clone()),
                ("limit", sql::number(*limit)),
            ],
        ),
        Image::Made(None) => Sql::fill(EMPTY_ROW, &[("table", table()?)]),
        Image::Made(Some(record)) => Sql::fill(GIVEN_ROW, &[("record", sql::jsonb(record)?)]),
    };
    let (record, old_record) = match event {
        Event::Insert | Event::Update => ("j", "null"),
        Event::Delete => ("null", "j"),
    };
    let call = match hook.method() {
        Some(HookMethod::Get) => Sql::constant(GET),
        _ => Sql::fill(
            POST,
            &[
                ("event", sql::literal(event.as_str())?),
                ("table", sql::literal(&hook.table.name)?),
                ("schema", sql::literal(&hook.table.schema)?),
                ("record", Sql::constant(record)),
                ("old_record", Sql::constant(old_record)),
            ],
        ),
    };
    Ok(Sql::fill(
        SEND,
        &[
            ("args", Sql::constant(super::ARGUMENTS)),
            ("oid", sql::number(hook.oid)),
            ("rows", rows),
            ("call", call),
        ],
    ))
}

fn worker(rows: &[Object]) -> Worker {
    match rows.first().and_then(|row| row.get("worker")?.as_str()) {
        Some("up") => Worker::Up,
        Some("down") => Worker::Down,
        _ => Worker::Hidden,
    }
}

/// A row as it may be shown.
fn delivery(mut row: Value) -> Delivery {
    let Some(object) = row.as_object_mut() else {
        return Delivery::read(row);
    };
    let arguments = object.shift_remove("args_secrets").unwrap_or_default();
    let arguments: Vec<String> = serde_json::from_value(arguments).unwrap_or_default();
    let secrets = Trigger::header_values(&arguments);
    let body = object.shift_remove("response_body_secret");
    let body = body
        .as_ref()
        .and_then(Value::as_str)
        .map(|body| hiding::without(body, &secrets));
    object.insert("response_body".to_owned(), json!(body));
    Delivery::read(row)
}

fn number(row: &Object, key: &str) -> u64 {
    let value = row.get(key);
    let number = value.and_then(Value::as_u64);
    number
        .or_else(|| value?.as_str()?.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_may_not_be_seen_is_neither_up_nor_down() {
        let seen =
            |worker_is: Value| worker(&[Object::from_iter([("worker".to_owned(), worker_is)])]);
        assert_eq!(seen(json!("up")), Worker::Up);
        assert_eq!(seen(json!("down")), Worker::Down);
        assert_eq!(seen(Value::Null), Worker::Hidden);
        assert_eq!(worker(&[]), Worker::Hidden);
    }
}
