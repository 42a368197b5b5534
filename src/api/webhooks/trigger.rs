//! The trigger that a webhook is: read out of the catalog, and written as a statement.

use serde_json::{Map, Value, json};

use super::hiding;
use super::parts::{self, Event, HookMethod, TableName};
use crate::api::mask::MASK;
use crate::api::record::{Record, record};
use crate::api::sql::{self, Sql};
use crate::error::{Error, Result};

record! {
    /// A database webhook as it is shown.
    Webhook {
        "name": Text,
        "schema": Text,
        "table": Text,
        "events": List,
        "method": Text,
        "url": Text,
        "enabled": Flag,
        "delivery_timeout_ms": Integer,
        "last_delivery_at": Text,
        "last_delivery_status": Text,
        "last_delivery_status_code": Integer,
        "headers": Object,
        "params": Object,
        "columns": List,
        "when": Text,
        "problem": Text,
    }
}

/// A row of the catalog query.
#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    /// Changes when the webhook is edited, since it is then dropped and created.
    pub(super) oid: i64,
    pub(crate) name: String,
    pub(crate) table: TableName,
    pub(crate) events: Vec<String>,
    /// `AFTER … FOR EACH ROW`, as every webhook of the dashboard is.
    plain: bool,
    /// `ORIGIN`, `DISABLED`, `REPLICA` or `ALWAYS`.
    mode: String,
    columns: Vec<String>,
    when: Option<String>,
    /// Address, method, headers, parameters, timeout; fewer where it was made by hand.
    arguments: Vec<String>,
    last: [Value; 3],
}

impl Trigger {
    /// Reads a row, whatever it lacks.
    pub(super) fn read(mut row: Value) -> Self {
        let mut take = |key: &str| row.get_mut(key).map(Value::take).unwrap_or_default();
        let is = |value: &Value, word: &str| value.as_str() == Some(word);
        let last = [
            take("last_delivery_at"),
            take("last_delivery_status"),
            take("last_delivery_status_code"),
        ];
        let plain = is(&take("timing"), "AFTER") && is(&take("orientation"), "ROW");
        Self {
            oid: whole(&take("oid")),
            name: text(take("name")),
            table: TableName {
                schema: text(take("schema")),
                name: text(take("table")),
            },
            events: texts(take("events")),
            plain,
            mode: text(take("enabled_mode")),
            columns: texts(take("columns")),
            when: take("head").as_str().and_then(condition),
            arguments: texts(take("args_secrets")),
            last,
        }
    }

    pub(crate) fn enabled(&self) -> bool {
        self.mode != "DISABLED"
    }

    /// An argument; the trigger function takes the word `null` for none.
    fn argument(&self, index: usize) -> Option<&str> {
        let argument = self.arguments.get(index).map(String::as_str);
        argument.filter(|argument| *argument != "null")
    }

    pub(crate) fn url(&self) -> &str {
        self.argument(0).unwrap_or_default()
    }

    pub(crate) fn method(&self) -> Option<HookMethod> {
        match self.argument(1) {
            Some("POST") => Some(HookMethod::Post),
            Some("GET") => Some(HookMethod::Get),
            _ => None,
        }
    }

    /// The event that a delivery of a row as it is now tells of.
    pub(crate) fn usual_event(&self) -> Event {
        let has = |event: &Event| self.events.iter().any(|known| known == event.as_str());
        let order = [Event::Update, Event::Insert, Event::Delete];
        order.into_iter().find(has).unwrap_or(Event::Insert)
    }

    /// Headers or parameters: an object, or nothing where the argument is missing.
    fn object(&self, index: usize) -> Result<Map<String, Value>, &'static str> {
        match self.argument(index) {
            None => Ok(Map::new()),
            Some(text) => serde_json::from_str(text).map_err(|_| "are no JSON object"),
        }
    }

    /// Milliseconds; a function of its own default where there is no argument.
    fn timeout_ms(&self) -> Option<i64> {
        match self.argument(4) {
            None => Some(1_000),
            Some(text) => text.trim().parse().ok(),
        }
    }

    /// Why the trigger raises, and with it every write to the table.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.oid == 0 {
            // An odd row tells nothing, this neither.
            return None;
        }
        let Some(method) = self.method() else {
            return Some("its method is neither POST nor GET".to_owned());
        };
        if self.argument(0).is_none() {
            return Some("it has no address".to_owned());
        }
        match (self.object(2), self.object(3)) {
            (Err(why), _) => Some(format!("its headers {why}")),
            (_, Err(why)) => Some(format!("its parameters {why}")),
            _ if self.timeout_ms().is_none() => Some("its timeout is no whole number".to_owned()),
            (Ok(headers), Ok(_)) => {
                let kind = headers
                    .into_iter()
                    .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
                parts::headers(&kind.collect(), method).err()
            }
        }
    }

    /// What is shown of it; header values only where they were asked for.
    pub(crate) fn webhook(&self, reveal: bool) -> Webhook {
        let headers = self.object(2).map(|headers| {
            let hidden = |(name, value): (String, Value)| {
                let value = if reveal { value } else { json!(MASK) };
                (name, value)
            };
            Value::Object(headers.into_iter().map(hidden).collect())
        });
        let params = self.object(3).map(|params| {
            Value::Object(if reveal {
                params
            } else {
                hiding::params(&params)
            })
        });
        let url = if reveal {
            self.url().to_owned()
        } else {
            hiding::url(self.url())
        };
        let [at, status, code] = self.last.clone();
        Webhook::read(json!({
            "name": self.name, "schema": self.table.schema, "table": self.table.name, "events": self.events,
            "method": self.argument(1), "url": url, "enabled": self.enabled(), "delivery_timeout_ms": self.timeout_ms(),
            "last_delivery_at": at, "last_delivery_status": status, "last_delivery_status_code": code,
            "headers": headers.ok(), "params": params.ok(), "columns": self.columns, "when": self.when,
            "problem": self.problem(),
        }))
    }

    /// The values of its headers, so that they can be kept out of what a receiver answered.
    pub(super) fn header_values(arguments: &[String]) -> Vec<String> {
        let headers = arguments.get(2).map(|text| serde_json::from_str(text));
        let Some(Ok(Value::Object(headers))) = headers else {
            return Vec::new();
        };
        let secret = headers
            .into_iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        secret
            .filter_map(|(_, value)| value.as_str().map(str::to_owned))
            .collect()
    }

    /// What it is, for making another one of it.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a trigger that no webhook of the dashboard could be: dropping it
    /// would lose what cannot be written again. `anew` names what will be replaced anyway.
    pub(crate) fn definition(&self, anew: Anew) -> Result<Definition> {
        let refuse = |why: &str, hint: &str| {
            let message = format!("webhook `{}` was made by hand: {why}", self.name);
            Err(Error::invalid_with_hint(message, hint))
        };
        let events: Option<Vec<Event>> = self
            .events
            .iter()
            .map(|word| Event::ALL.into_iter().find(|event| event.as_str() == word))
            .collect();
        let (Some(events), true) = (events, self.plain) else {
            return refuse(
                "it does not run after each row of an insert, update or delete",
                "`supactl db query --write` can change it",
            );
        };
        let Some(method) = self.method().or(anew.method) else {
            return refuse("its method is neither POST nor GET", "`--method` sets one");
        };
        let (headers, params) = match (self.object(2), self.object(3)) {
            (Err(_), _) if !anew.headers => {
                return refuse(
                    "its headers are no JSON object",
                    "`--header` sets them anew",
                );
            }
            (_, Err(_)) if !anew.params => {
                return refuse(
                    "its parameters are no JSON object",
                    "`--param` sets them anew",
                );
            }
            (headers, params) => (headers.unwrap_or_default(), params.unwrap_or_default()),
        };
        let Some(timeout_ms) = self.timeout_ms().or(anew.timeout.then_some(0)) else {
            return refuse(
                "its timeout is no whole number",
                "`--delivery-timeout` sets one",
            );
        };
        Ok(Definition {
            name: self.name.clone(),
            table: self.table.clone(),
            events,
            columns: self.columns.clone(),
            when: self.when.as_deref().map(sql::expression).transpose()?,
            url: self.url().to_owned(),
            method,
            headers,
            params,
            timeout_ms,
        })
    }

    /// The statements that put another definition in its place, in one transaction.
    pub(super) fn replace(&self, new: &Definition) -> Result<Sql> {
        let (name, table) = (
            sql::identifier(&self.name)?,
            sql::qualified(&self.table.schema, &self.table.name)?,
        );
        let mode = match self.mode.as_str() {
            "DISABLED" => "\nalter table {table} disable trigger {name};",
            "REPLICA" => "\nalter table {table} enable replica trigger {name};",
            "ALWAYS" => "\nalter table {table} enable always trigger {name};",
            _ => "",
        };
        let named = [("name", name), ("table", table)];
        let mode = Sql::fill(mode, &named);
        let [name, table] = named;
        Ok(Sql::fill(
            REPLACE,
            &[
                name,
                table,
                ("oid", sql::number(self.oid)),
                ("create", new.create()?),
                ("mode", mode),
            ],
        ))
    }
}

/// Which parts of a trigger are given anew, so that it does not matter what they were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Anew {
    pub(crate) method: Option<HookMethod>,
    pub(crate) headers: bool,
    pub(crate) params: bool,
    pub(crate) timeout: bool,
}

/// What a webhook is to be.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) table: TableName,
    pub(crate) events: Vec<Event>,
    /// Columns whose update counts; none for all.
    pub(crate) columns: Vec<String>,
    pub(crate) when: Option<Sql>,
    pub(crate) url: String,
    pub(crate) method: HookMethod,
    pub(crate) headers: Map<String, Value>,
    pub(crate) params: Map<String, Value>,
    pub(crate) timeout_ms: i64,
}

const CREATE: &str = "create trigger {name} after {events} on {table}
for each row {when}execute function supabase_functions.http_request({url}, {method}, {headers}, {params}, {timeout})";

/// The oid is looked at first: somebody else may have edited the webhook since it was read.
const REPLACE: &str = "begin;
do $$ begin
  if not exists (select from pg_catalog.pg_trigger where oid = {oid}) then
    raise exception 'the webhook was changed by somebody else in the meantime' using errcode = '40001';
  end if;
end $$;
drop trigger {name} on {table};
{create};{mode}
commit;";

impl Definition {
    /// What cannot be right about the whole, where each part is.
    pub(crate) fn check(&self) -> Result<(), String> {
        parts::headers(&self.headers, self.method)?;
        if !self.columns.is_empty() && !self.events.contains(&Event::Update) {
            return Err(
                "`--column` narrows updates down, and `update` is not among the events".to_owned(),
            );
        }
        Ok(())
    }

    pub(super) fn create(&self) -> Result<Sql> {
        let columns: Vec<Sql> = self
            .columns
            .iter()
            .map(|name| sql::identifier(name))
            .collect::<Result<_>>()?;
        let columns = Sql::join(&columns, ", ");
        // In an order of their own, and each once.
        let events: Vec<Sql> = Event::ALL
            .into_iter()
            .filter(|event| self.events.contains(event))
            .map(|event| match event {
                Event::Insert => Sql::constant("insert"),
                Event::Update if self.columns.is_empty() => Sql::constant("update"),
                Event::Update => Sql::fill("update of {columns}", &[("columns", columns.clone())]),
                Event::Delete => Sql::constant("delete"),
            })
            .collect();
        let when = match &self.when {
            Some(when) => Sql::fill("when {when}\n", &[("when", when.clone())]),
            None => Sql::constant(""),
        };
        Ok(Sql::fill(
            CREATE,
            &[
                ("name", sql::identifier(&self.name)?),
                ("events", Sql::join(&events, " or ")),
                (
                    "table",
                    sql::qualified(&self.table.schema, &self.table.name)?,
                ),
                ("when", when),
                (
                    "url",
                    sql::secret_literal(&self.url, Some(&hiding::url(&self.url)))?,
                ),
                ("method", sql::literal(self.method.as_str())?),
                (
                    "headers",
                    hidden_json(&self.headers, &hiding::all(&self.headers))?,
                ),
                (
                    "params",
                    hidden_json(&self.params, &hiding::params(&self.params))?,
                ),
                ("timeout", sql::literal(&self.timeout_ms.to_string())?),
            ],
        ))
    }
}

/// JSON as the text that a trigger takes, shown otherwise.
fn hidden_json(object: &Map<String, Value>, shown: &Map<String, Value>) -> Result<Sql> {
    let text = |object: &Map<String, Value>| Value::Object(object.clone()).to_string();
    if object == shown {
        return sql::literal(&text(object));
    }
    sql::secret_literal(&text(object), Some(&text(shown)))
}

/// The condition of a trigger, out of its definition up to the function.
///
/// Names before it stand in quotes where they could be mistaken for key words in capitals.
fn condition(head: &str) -> Option<String> {
    let mut quoted = false;
    let at = head.char_indices().find_map(|(at, one)| {
        quoted ^= one == '"';
        (!quoted && head[at..].starts_with(" WHEN (")).then_some(at)
    })?;
    let rest = &head[at + " WHEN (".len()..];
    let end = rest.rfind("EXECUTE FUNCTION").unwrap_or(rest.len());
    Some(rest[..end].trim_end().strip_suffix(')')?.to_owned())
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A whole number, which may come as text.
fn whole(value: &Value) -> i64 {
    let number = value.as_i64();
    number
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or_default()
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.into_iter().map(text).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(arguments: &[&str]) -> Trigger {
        trigger_with("enabled_mode", &json!("DISABLED"), arguments)
    }

    fn trigger_with(key: &str, value: &Value, arguments: &[&str]) -> Trigger {
        let mut row = json!({"oid": "7", "name": "hook", "schema": "public", "table": "orders", "events": ["INSERT"], "timing": "AFTER",
            "orientation": "ROW", "enabled_mode": "ORIGIN", "columns": null, "args_secrets": arguments});
        row[key] = value.clone();
        Trigger::read(row)
    }

    #[test]
    fn a_condition_is_found_behind_names_that_look_like_one() {
        for (head, found) in [
            (
                r"CREATE TRIGGER a AFTER INSERT ON public.t FOR EACH ROW WHEN ((new.x > 1)) EXECUTE FUNCTION supabase_functions.",
                Some("(new.x > 1)"),
            ),
            (
                r#"CREATE TRIGGER "x WHEN (" AFTER INSERT ON public."a"" WHEN (" FOR EACH ROW WHEN (('EXECUTE FUNCTION'::text = new.a)) EXECUTE FUNCTION "#,
                Some("('EXECUTE FUNCTION'::text = new.a)"),
            ),
            (
                "CREATE TRIGGER a AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION ",
                None,
            ),
        ] {
            assert_eq!(condition(head).as_deref(), found, "{head}");
        }
    }

    #[test]
    fn what_would_break_every_write_is_named() {
        for (arguments, problem) in [
            (&["https://x.y", "POST", "{}", "{}", "5000"][..], None),
            (&["https://x.y", "GET"], None),
            (&["https://x.y", "POST", "null", "null", "null"], None),
            (
                &["https://x.y", "post"],
                Some("its method is neither POST nor GET"),
            ),
            (&["null", "POST"], Some("it has no address")),
            (&["u", "POST", "{"], Some("its headers are no JSON object")),
            (
                &["u", "POST", "{}", "[]"],
                Some("its parameters are no JSON object"),
            ),
            (
                &["u", "POST", "{}", "{}", "5s"],
                Some("its timeout is no whole number"),
            ),
        ] {
            assert_eq!(
                trigger(arguments).problem().as_deref(),
                problem,
                "{arguments:?}"
            );
        }
        let kind = trigger(&["u", "POST", r#"{"content-type": "text/plain"}"#]);
        assert!(
            kind.problem()
                .is_some_and(|why| why.contains("application/json"))
        );
    }

    #[test]
    fn what_is_given_anew_may_be_broken() {
        let headers = trigger(&["https://x.y", "POST", "{"]);
        let params = trigger(&["https://x.y", "POST", "{}", "["]);
        let anew = |headers: bool, params: bool| Anew {
            headers,
            params,
            ..Anew::default()
        };
        for (hook, anew, taken) in [
            (&headers, anew(false, true), false),
            (&headers, anew(true, false), true),
            (&params, anew(true, false), false),
            (&params, anew(false, true), true),
        ] {
            assert_eq!(hook.definition(anew).is_ok(), taken, "{anew:?}");
        }
    }

    #[test]
    fn a_webhook_that_is_made_anew_fires_as_it_did() {
        for (mode, statement) in [
            ("ORIGIN", ""),
            ("DISABLED", "disable trigger \"hook\";"),
            ("REPLICA", "enable replica trigger \"hook\";"),
            ("ALWAYS", "enable always trigger \"hook\";"),
        ] {
            let hook = trigger_with("enabled_mode", &json!(mode), &["https://x.y", "POST"]);
            let sql = hook
                .replace(&hook.definition(Anew::default()).unwrap())
                .unwrap();
            let altered = sql.shown().contains("alter table");
            assert_eq!(altered, !statement.is_empty(), "{mode}");
            assert!(sql.shown().contains(statement), "{mode}: {}", sql.shown());
        }
    }

    #[test]
    fn a_delivery_tells_of_a_row_as_it_is_now() {
        for (events, usual) in [
            (json!(["INSERT", "UPDATE", "DELETE"]), Event::Update),
            (json!(["DELETE", "INSERT"]), Event::Insert),
            (json!(["DELETE"]), Event::Delete),
            (json!(["TRUNCATE"]), Event::Insert),
        ] {
            let hook = trigger_with("events", &events, &[]);
            assert_eq!(hook.usual_event(), usual, "{events}");
        }
    }

    #[test]
    fn no_value_of_a_header_is_shown_unasked() {
        let trigger = trigger(&[
            "https://x.y/?token=hunter2&a=b",
            "POST",
            r#"{"Authorization": "hunter2", "X-Env": "hunter2"}"#,
            r#"{"apikey": "hunter2", "page": "1"}"#,
        ]);
        let shown = Value::Object(trigger.webhook(false).into_object()).to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains(r#""page":"1""#), "{shown}");
        let revealed = Value::Object(trigger.webhook(true).into_object()).to_string();
        assert_eq!(revealed.matches("hunter2").count(), 4);
        let sql = trigger
            .replace(&trigger.definition(Anew::default()).unwrap())
            .unwrap();
        assert!(!format!("{sql:?}").contains("hunter2"), "{sql:?}");
        assert!(
            sql.shown().contains("disable trigger"),
            "it stays as it was"
        );
    }
}
