//! Database Webhooks: triggers that have pg_net send a request for each row that changes.
//!
//! They are kept in the catalog alone, arguments in clear, so all that is known of them is asked of it.
//! Names are unique for each table only. (The query was tried on PostgreSQL 15.)

mod deliveries;
pub(super) mod hiding;
mod parts;
mod platform;
mod trigger;

use serde_json::{Value, json};

use super::record::Object;
use super::request::Request;
use super::sql::{self, Sql};
use super::{Api, ApiError, ProjectRef};
use crate::error::{Code, Error, Result};

pub(crate) use deliveries::{Delivery, DeliverySearch, Image, Status, Worker};
pub(crate) use hiding::{is_secret, url as url_without_secrets};
pub(crate) use parts::{
    DeliveryTimeout, Event, HookMethod, HookUrl, TableName, WebhookName, header_name, header_value,
};
pub(in crate::api) use platform::flat;
pub(crate) use platform::{Endpoint, EndpointChange, PlatformEvent, PlatformTarget};
pub(crate) use trigger::{Anew, Definition, Trigger};

/// The arguments of trigger `t`, as a table of one column.
///
/// By way of hexadecimals: the dashboard's way, `encode(tgargs, 'escape')`, doubles backslashes and
/// writes everything that is no ASCII as octal numbers.
const ARGUMENTS: &str = "(select array(
    select pg_catalog.convert_from(pg_catalog.decode(pg_catalog.replace(a.h, ' ', ''), 'hex'), 'UTF8')
    from pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.regexp_replace(pg_catalog.encode(t.tgargs, 'hex'), '(..)', '\\1 ', 'g'), '00 ')) with ordinality as a(h, o)
    where a.o <= t.tgnargs order by a.o) as args)";

/// `head` is the definition up to the function, which is where a condition stands, without the
/// arguments. `args_secrets` is called so because that keeps it out of everything that is shown.
const LIST: &str = "select t.oid::bigint as oid, t.tgname::text as name, n.nspname::text as schema, c.relname::text as \"table\",
  to_json(pg_catalog.array_remove(array[
    case when (t.tgtype & 4)  <> 0 then 'INSERT' end,
    case when (t.tgtype & 16) <> 0 then 'UPDATE' end,
    case when (t.tgtype & 8)  <> 0 then 'DELETE' end,
    case when (t.tgtype & 32) <> 0 then 'TRUNCATE' end], null)) as events,
  case when (t.tgtype & 2) <> 0 then 'BEFORE' when (t.tgtype & 64) <> 0 then 'INSTEAD OF' else 'AFTER' end as timing,
  case when (t.tgtype & 1) <> 0 then 'ROW' else 'STATEMENT' end as orientation,
  case t.tgenabled when 'D' then 'DISABLED' when 'O' then 'ORIGIN' when 'R' then 'REPLICA' when 'A' then 'ALWAYS' end as enabled_mode,
  (select pg_catalog.json_agg(a.attname::text order by a.attnum) from pg_catalog.pg_attribute a
   where a.attrelid = t.tgrelid and a.attnum = any (t.tgattr::int2[])) as columns,
  case when t.tgqual is not null then pg_catalog.left(pg_catalog.pg_get_triggerdef(t.oid), -pg_catalog.length((
    select 'http_request(' || coalesce(pg_catalog.string_agg('''' || pg_catalog.replace(v.v, '''', '''''') || '''', ', ' order by v.o), '') || ')'
    from pg_catalog.unnest(x.args) with ordinality as v(v, o)))) end as head,
  to_json(x.args) as args_secrets,
  pg_catalog.to_char(d.created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as last_delivery_at,
  d.status as last_delivery_status, d.status_code as last_delivery_status_code
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c      on c.oid  = t.tgrelid
join pg_catalog.pg_namespace n  on n.oid  = c.relnamespace
join pg_catalog.pg_proc p       on p.oid  = t.tgfoid
join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
cross join lateral {args} x
left join lateral (
  select h.created_at, r.status_code,
    case
      when r.id is null and q.id is not null then 'pending'
      when r.id is null                      then 'expired'
      when r.timed_out                       then 'timeout'
      when r.error_msg is not null           then 'error'
      when r.status_code between 200 and 299 then 'success'
      else 'failed'
    end as status
  from supabase_functions.hooks h
  left join net._http_response r on r.id = h.request_id and r.created >= h.created_at and r.created < h.created_at + interval '1 hour'
  left join net.http_request_queue q on q.id = h.request_id
  where h.hook_table_id = t.tgrelid::bigint::int and h.hook_name = t.tgname
  order by h.id desc, r.created limit 1) d on true
where not t.tgisinternal and pn.nspname = 'supabase_functions' and p.proname = 'http_request'
order by n.nspname, c.relname, t.tgname";

/// What must be known of a table before a trigger is made on it.
const TABLE: &str = "select pg_catalog.to_regprocedure('supabase_functions.http_request()') is not null as switched_on,
  c.oid is not null as found, c.relkind::text as kind, r.rolname::text as owner,
  coalesce(pg_catalog.pg_has_role('postgres', c.relowner, 'USAGE'), false) as owned,
  (select pg_catalog.json_agg(a.attname::text) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and t.tgname = $3::text) as taken
from (values (1)) one
left join (pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace) on n.nspname = $1::text and c.relname = $2::text
left join pg_catalog.pg_roles r on r.oid = c.relowner";

/// Schemas whose tables the service keeps to itself, whatever their owner is.
const NOT_OURS: [&str; 2] = ["auth", "storage"];

const SWITCH: &str = "alter table {table} {switch} trigger {name}";

const DROP: &str = "drop trigger {name} on {table}";

impl Api {
    /// All webhooks of a project's database; `None` where they were never switched on.
    pub(crate) async fn webhooks(&self, project: &ProjectRef) -> Result<Option<Vec<Trigger>>> {
        let sql = Sql::fill(LIST, &[("args", Sql::constant(ARGUMENTS))]);
        match self.catalog::<Value>(project, &sql, &[]).await {
            Ok(rows) => Ok(Some(rows.into_iter().map(Trigger::read).collect())),
            Err(error) if is_switched_off(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The webhook of a name; the table tells several apart.
    pub(crate) async fn webhook(
        &self,
        project: &ProjectRef,
        name: &str,
        table: Option<&TableName>,
    ) -> Result<Trigger> {
        let all = self.webhooks(project).await?.unwrap_or_default();
        let mut found: Vec<Trigger> = all
            .into_iter()
            .filter(|hook| hook.name == name && table.is_none_or(|table| hook.table == *table))
            .collect();
        if found.len() > 1 {
            let tables: Vec<_> = found.iter().map(|hook| hook.table.to_string()).collect();
            return Err(Error::invalid_with_hint(
                format!("{} tables have a webhook `{name}`", found.len()),
                format!("`--table` says which is meant: {}", tables.join(", ")),
            ));
        }
        found.pop().ok_or_else(|| {
            let place = table.map_or_else(String::new, |table| format!(" on `{table}`"));
            let message = format!("webhook `{name}`{place} was not found");
            let error = ApiError::new(Code::NotFound, message);
            Error::Api(error.with_hint("`supactl integrations webhooks list` shows what there is"))
        })
    }

    /// Looks whether a webhook can be made on a table; tells whether webhooks are switched on.
    ///
    /// # Errors
    /// `not_found`, `invalid_input`, `forbidden` or `already_exists`, before anything is changed.
    pub(crate) async fn check_webhook(
        &self,
        project: &ProjectRef,
        new: &Definition,
    ) -> Result<bool> {
        let parameters = [
            json!(new.table.schema),
            json!(new.table.name),
            json!(new.name),
        ];
        let rows = self
            .catalog::<Object>(project, &Sql::constant(TABLE), &parameters)
            .await?;
        let row = rows.into_iter().next().unwrap_or_default();
        let is = |key: &str| row.get(key).is_some_and(|value| *value == json!(true));
        let text = |key: &str| {
            row.get(key)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
        };
        let table = &new.table;
        let refuse = |code, message: String, hint: &str| {
            Err(Error::Api(ApiError::new(code, message).with_hint(hint)))
        };
        if !is("found") {
            return refuse(
                Code::NotFound,
                format!("table `{table}` was not found"),
                "names are taken exactly: `supactl db schema` shows the tables",
            );
        }
        if !matches!(text("kind"), "r" | "p" | "f") {
            return Err(Error::invalid(format!(
                "`{table}` is not a table, and only a table has webhooks"
            )));
        }
        if !is("owned") || NOT_OURS.contains(&table.schema.as_str()) {
            let owner = text("owner");
            return refuse(
                Code::Forbidden,
                format!(
                    "table `{table}` belongs to `{owner}`: a webhook on it could not be changed or deleted again"
                ),
                "a table of your own that its trigger writes to can have one",
            );
        }
        let columns = row.get("columns").and_then(|value| value.as_array());
        let known = |name: &String| columns.into_iter().flatten().any(|column| column == name);
        if let Some(missing) = new.columns.iter().find(|name| !known(name)) {
            return Err(Error::invalid(format!(
                "table `{table}` has no column `{missing}`"
            )));
        }
        if is("taken") {
            return refuse(
                Code::AlreadyExists,
                format!("table `{table}` has a trigger `{}` already", new.name),
                "`supactl integrations webhooks update` changes it, if it is a webhook",
            );
        }
        Ok(is("switched_on"))
    }

    /// Switches Database Webhooks on for a project. Harmless where they are.
    pub(crate) async fn switch_webhooks_on(&self, project: &ProjectRef) -> Result<()> {
        let request = Request::post(
            "/v1/projects/{}/database/webhooks/enable",
            &[project.as_str()],
        );
        let request = request.needs("database_webhooks_config_write");
        self.client.send(request).await.map(drop)
    }

    /// Creates a webhook.
    pub(crate) async fn create_webhook(
        &self,
        project: &ProjectRef,
        new: &Definition,
    ) -> Result<()> {
        self.changes_webhook(project, &new.create()?).await
    }

    /// Puts another definition in the place of a webhook's.
    pub(crate) async fn replace_webhook(
        &self,
        project: &ProjectRef,
        hook: &Trigger,
        new: &Definition,
    ) -> Result<()> {
        self.changes_webhook(project, &hook.replace(new)?).await
    }

    /// Enables or disables a webhook.
    pub(crate) async fn switch_webhook(
        &self,
        project: &ProjectRef,
        hook: &Trigger,
        on: bool,
    ) -> Result<()> {
        let switch = Sql::constant(if on { "enable" } else { "disable" });
        let sql = about(SWITCH, hook, Some(switch))?;
        self.changes_webhook(project, &sql).await
    }

    /// Deletes a webhook.
    pub(crate) async fn delete_webhook(&self, project: &ProjectRef, hook: &Trigger) -> Result<()> {
        self.changes_webhook(project, &about(DROP, hook, None)?)
            .await
    }

    async fn changes_webhook(&self, project: &ProjectRef, sql: &Sql) -> Result<()> {
        let done = self.execute::<Object>(project, sql, &[]).await;
        done.map(drop).map_err(|error| {
            let code = match sql::sqlstate(&error) {
                Some("42710") => Code::AlreadyExists,
                Some("42501") => Code::Forbidden,
                Some("40001" | "42704") => Code::Conflict,
                _ => return error,
            };
            match error {
                Error::Api(error) => Error::Api(ApiError { code, ..error }),
                other => other,
            }
        })
    }
}

/// A statement about the trigger of a webhook.
fn about(template: &'static str, hook: &Trigger, switch: Option<Sql>) -> Result<Sql> {
    Ok(Sql::fill(
        template,
        &[
            ("name", sql::identifier(&hook.name)?),
            (
                "table",
                sql::qualified(&hook.table.schema, &hook.table.name)?,
            ),
            ("switch", switch.unwrap_or(Sql::constant(""))),
        ],
    ))
}

/// Whether the database lacks what Database Webhooks consist of: its schema or one of the tables.
fn is_switched_off(error: &Error) -> bool {
    matches!(sql::sqlstate(error), Some("42P01" | "3F000"))
}
