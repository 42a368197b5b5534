//! What is asked of the logs: the columns of each list, and a condition for each filter.
//!
//! A condition is made of constants and of texts that [`literal`](super::literal) made safe.

use std::borrow::Cow;

use super::PAGE;
use super::literal::{text, texts};
use super::rows::LogId;
use super::stats::Measures;

/// The gateway's rows, and those of function calls.
pub(crate) const GATEWAY: &str = "edge_logs";
pub(crate) const INVOCATIONS: &str = "function_edge_logs";
pub(crate) const CONSOLE: &str = "function_logs";

const STATUS: &str = "toInt32OrZero(log_attributes['response.status_code'])";

/// Sources whose level stands in `level` or in `severity_text`.
const PLAIN: &str = "'function_logs', 'realtime_logs', 'supavisor_logs', 'postgrest_logs', 'pgbouncer_logs', 'auth_audit_logs'";

/// What all lists begin with.
const HEAD: &str = "toString(id) as log_id, toUnixTimestamp64Micro(timestamp) as ts_us, source";

const OF_FUNCTIONS: &str = "log_attributes['function_id'] as function_id, \
    log_attributes['execution_id'] as execution_id, \
    log_attributes['request.method'] as method, \
    log_attributes['request.pathname'] as path, \
    log_attributes['request.url'] as url, \
    toInt32OrNull(log_attributes['response.status_code']) as status_code, \
    toFloat64OrNull(log_attributes['execution_time_ms']) as duration_ms, \
    if(log_attributes['response.headers.x_sb_edge_region'] != '', log_attributes['response.headers.x_sb_edge_region'], log_attributes['region']) as region, \
    log_attributes['deployment_id'] as deployment_id, \
    log_attributes['version'] as version, \
    log_attributes['level'] as level, \
    event_message as message";

/// One service's code for what went wrong: a status, or a state of SQL.
const CODE: &str = "multiIf(source = 'postgres_logs', log_attributes['parsed.sql_state_code'], \
    source in ('edge_logs', 'function_edge_logs'), log_attributes['response.status_code'], \
    source = 'auth_logs', log_attributes['status'], \
    source = 'storage_logs', log_attributes['res.statusCode'], '')";

const OF_ERRORS: &str = "multiIf(source = 'postgres_logs', log_attributes['parsed.error_severity'], \
    source in ('edge_logs', 'function_edge_logs'), '', \
    log_attributes['level'] != '', log_attributes['level'], severity_text) as severity, \
    CODE as code, \
    multiIf(source = 'edge_logs', log_attributes['request.path'], \
    source = 'function_edge_logs', log_attributes['request.pathname'], \
    source = 'auth_logs', log_attributes['path'], \
    source = 'storage_logs', log_attributes['req.url'], '') as path, \
    multiIf(source = 'auth_logs' and log_attributes['msg'] != '', log_attributes['msg'], event_message) as message";

/// The gateway calls it by one name and functions by another.
const PATH: &str = "log_attributes['request.path']";
const ANY_PATH: &str = "if(source = 'function_edge_logs', log_attributes['request.pathname'], log_attributes['request.path'])";
const DURATION: &str = "log_attributes['response.origin_time']";
const ANY_DURATION: &str = "if(source = 'function_edge_logs', log_attributes['execution_time_ms'], log_attributes['response.origin_time'])";

const OF_REQUESTS: &str = "log_attributes['request.method'] as method, \
    PATH as path, \
    log_attributes['request.search'] as query, \
    toInt32OrNull(log_attributes['response.status_code']) as status_code, \
    toFloat64OrNull(DURATION) as duration_ms, \
    if(log_attributes['request.headers.cf_connecting_ip'] != '', log_attributes['request.headers.cf_connecting_ip'], log_attributes['request.headers.x_real_ip']) as ip, \
    log_attributes['request.headers.user_agent'] as user_agent, \
    log_attributes['request.cf.country'] as country, \
    log_attributes['request.sb.auth_user'] as auth_user, \
    log_attributes['response.headers.proxy_status'] as proxy_status, \
    log_attributes['request.headers.cf_ray'] as cf_ray";

const STATUS_ERROR: &str = "toInt32OrZero(log_attributes['response.status_code']) >= 500";
const STATUS_WARNING: &str =
    "toInt32OrZero(log_attributes['response.status_code']) between 400 and 499";

/// What is counted of calls of functions.
pub(crate) const FUNCTION_MEASURES: Measures = Measures {
    key: "function",
    group: "log_attributes['function_id']",
    error: Cow::Borrowed(STATUS_ERROR),
    warning: Some(STATUS_WARNING),
    duration: Some("log_attributes['execution_time_ms']"),
};

/// What is counted of requests, by the service that they were for.
pub(crate) const REQUEST_MEASURES: Measures = Measures {
    key: "service",
    group: "multiIf(startsWith(log_attributes['request.path'], '/rest/v1'), 'rest', startsWith(log_attributes['request.path'], '/auth/v1'), 'auth', \
        startsWith(log_attributes['request.path'], '/storage/v1'), 'storage', startsWith(log_attributes['request.path'], '/realtime/v1'), 'realtime', \
        startsWith(log_attributes['request.path'], '/functions/v1') or source = 'function_edge_logs', 'functions', \
        startsWith(log_attributes['request.path'], '/graphql/v1'), 'graphql', 'other')",
    error: Cow::Borrowed(STATUS_ERROR),
    warning: Some(STATUS_WARNING),
    duration: Some("log_attributes['response.origin_time']"),
};

/// What is counted of errors and warnings, of which there may be only one kind.
pub(crate) fn error_measures(sources: &[String], levels: &[Level]) -> Measures {
    let error = match levels {
        [] | [Level::Error] => Cow::Borrowed("1"),
        [Level::Warning] => Cow::Borrowed("0"),
        _ => Cow::Owned(errors(sources, &[Level::Error])),
    };
    Measures {
        key: "source",
        group: "source",
        error,
        warning: None,
        duration: None,
    }
}

/// The services behind the gateway, by the beginning of their paths.
pub(crate) const SERVICES: &[&str] = &[
    "rest",
    "auth",
    "storage",
    "realtime",
    "functions",
    "graphql",
];

/// How bad a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warning,
}

/// Which statuses of HTTP are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statuses {
    pub(crate) from: u16,
    pub(crate) to: u16,
}

impl std::str::FromStr for Statuses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refusal =
            || format!("`{text}` is not a status: write `404`, or `5xx` for all of a kind");
        let lower = text.to_ascii_lowercase();
        if let Some(first) = lower.strip_suffix("xx") {
            let first: u16 = first.parse().map_err(|_| refusal())?;
            let is_kind = (1..=5).contains(&first);
            let kind = Self {
                from: first * 100,
                to: first * 100 + 99,
            };
            return is_kind.then_some(kind).ok_or_else(refusal);
        }
        let status: u16 = lower.parse().map_err(|_| refusal())?;
        let is_status = (100..600).contains(&status);
        let one = Self {
            from: status,
            to: status,
        };
        is_status.then_some(one).ok_or_else(refusal)
    }
}

/// A list that can be gone through: its columns and its conditions.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    columns: String,
    conditions: Vec<String>,
    /// The same request may stand in two sources, under the same ray.
    pub(crate) has_twins: bool,
}

impl Search {
    /// Calls of Edge Functions; with `console` what they wrote as well.
    pub(crate) fn functions(console: bool) -> Self {
        let source = if console {
            format!("source in ('{INVOCATIONS}', '{CONSOLE}')")
        } else {
            format!("source = '{INVOCATIONS}'")
        };
        Self::new(OF_FUNCTIONS, source)
    }

    /// What went wrong, in all services or in some.
    pub(crate) fn errors(sources: &[String], levels: &[Level]) -> Self {
        Self::new(&OF_ERRORS.replace("CODE", CODE), errors(sources, levels))
    }

    /// Requests at the gateway; `functions` adds calls of functions that it may not have seen.
    pub(crate) fn requests(functions: bool) -> Self {
        let (path, duration) = if functions {
            (ANY_PATH, ANY_DURATION)
        } else {
            (PATH, DURATION)
        };
        let source = if functions {
            format!("source in ('{GATEWAY}', '{INVOCATIONS}')")
        } else {
            format!("source = '{GATEWAY}'")
        };
        let columns = OF_REQUESTS
            .replace("PATH", path)
            .replace("DURATION", duration);
        Self {
            has_twins: functions,
            ..Self::new(&columns, source)
        }
    }

    fn new(columns: &str, condition: String) -> Self {
        Self {
            columns: format!("{HEAD}, {columns}"),
            conditions: vec![condition],
            has_twins: false,
        }
    }

    fn and(&mut self, condition: Option<String>) {
        self.conditions.extend(condition);
    }

    pub(crate) fn with_functions(&mut self, ids: &[String]) {
        self.and(
            (!ids.is_empty()).then(|| format!("log_attributes['function_id'] in ({})", texts(ids))),
        );
    }

    /// Console lines have neither status nor duration, and stay.
    pub(crate) fn with_status(&mut self, statuses: &[Statuses], console: bool) {
        let each = statuses.iter().map(|statuses| match statuses {
            Statuses { from, to } if from == to => format!("{STATUS} = {from}"),
            Statuses { from, to } => format!("{STATUS} between {from} and {to}"),
        });
        let condition = any_of(&each.collect::<Vec<_>>());
        self.and(condition.map(|condition| but_console(condition, console)));
    }

    pub(crate) fn with_min_duration(&mut self, milliseconds: Option<f64>, console: bool) {
        let duration = if self.columns.contains("execution_id") {
            "log_attributes['execution_time_ms']"
        } else if self.has_twins {
            ANY_DURATION
        } else {
            DURATION
        };
        let condition = milliseconds.map(|least| format!("toFloat64OrZero({duration}) >= {least}"));
        self.and(condition.map(|condition| but_console(condition, console)));
    }

    /// Levels of console lines.
    pub(crate) fn with_console_levels(&mut self, levels: &[String]) {
        self.and((!levels.is_empty()).then(|| {
            format!(
                "(source != '{CONSOLE}' or lower(log_attributes['level']) in ({}))",
                texts(levels)
            )
        }));
    }

    pub(crate) fn with_text(&mut self, wanted: Option<&str>) {
        self.and(wanted.map(|wanted| contains("event_message", wanted)));
    }

    pub(crate) fn with_method(&mut self, methods: &[String]) {
        let methods: Vec<_> = methods.iter().map(|method| method.to_uppercase()).collect();
        self.and(
            (!methods.is_empty())
                .then(|| format!("log_attributes['request.method'] in ({})", texts(&methods))),
        );
    }

    pub(crate) fn with_path(&mut self, start: Option<&str>, part: Option<&str>) {
        let path = self.path();
        self.and(start.map(|start| format!("startsWith({path}, {})", text(start))));
        self.and(part.map(|part| contains(path, part)));
    }

    pub(crate) fn with_services(&mut self, services: &[String]) {
        let path = self.path();
        let each = services
            .iter()
            .map(|service| format!("startsWith({path}, {})", text(&format!("/{service}/v1"))));
        self.and(any_of(&each.collect::<Vec<_>>()));
    }

    fn path(&self) -> &'static str {
        if self.has_twins { ANY_PATH } else { PATH }
    }

    pub(crate) fn with_ip(&mut self, ip: Option<&str>) {
        self.and(ip.map(text).map(|ip| {
            format!("(log_attributes['request.headers.cf_connecting_ip'] = {ip} or log_attributes['request.headers.x_real_ip'] = {ip})")
        }));
    }

    pub(crate) fn with_user_agent(&mut self, part: Option<&str>) {
        self.and(part.map(|part| contains("log_attributes['request.headers.user_agent']", part)));
    }

    pub(crate) fn with_user(&mut self, user: Option<&str>) {
        self.and(user.map(text).map(|user| {
            format!("(log_attributes['request.sb.auth_user'] = {user} or log_attributes['request.sb.jwt.authorization.payload.subject'] = {user})")
        }));
    }

    pub(crate) fn with_role(&mut self, role: Option<&str>) {
        self.and(role.map(|role| {
            format!(
                "log_attributes['request.sb.jwt.authorization.payload.role'] = {}",
                text(role)
            )
        }));
    }

    /// One page: rows that also keep to the bounds, newest or oldest first.
    pub(super) fn page(&self, bounds: &[String], newest_first: bool, limit: usize) -> String {
        let conditions: Vec<&str> = self
            .conditions
            .iter()
            .chain(bounds)
            .map(String::as_str)
            .collect();
        let order = if newest_first { "desc" } else { "asc" };
        format!(
            "select {} from logs where {} order by ts_us {order}, log_id {order} limit {}",
            self.columns,
            conditions.join(" and "),
            limit.min(PAGE)
        )
    }

    /// The same rows, counted by something.
    pub(super) fn counted(&self, columns: &str, bounds: &[String], by: &str) -> String {
        let conditions: Vec<&str> = self
            .conditions
            .iter()
            .chain(bounds)
            .map(String::as_str)
            .collect();
        let conditions = conditions.join(" and ");
        format!(
            "select {columns} from logs where {conditions} group by {by} order by {by} limit {PAGE}"
        )
    }

    /// The keys that every row has, in their order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let named = self.columns.split(" as ").skip(1);
        let names = named.filter_map(|rest| rest.split([',', ' ']).next());
        let names = names.filter(|name| !matches!(*name, "log_id" | "ts_us"));
        ["id", "logged_at", "source"]
            .into_iter()
            .chain(names)
            .map(str::to_owned)
            .collect()
    }

    /// What tells this search from another.
    pub(crate) fn fingerprint(&self) -> String {
        let parts: Vec<&str> = self
            .conditions
            .iter()
            .map(String::as_str)
            .chain([self.columns.as_str()])
            .collect();
        super::super::cache::fingerprint(&parts)
    }

    /// The same rows counted by source and code.
    pub(crate) fn groups(&self, bounds: &[String]) -> String {
        let conditions: Vec<&str> = self
            .conditions
            .iter()
            .chain(bounds)
            .map(String::as_str)
            .collect();
        format!(
            "select source, {CODE} as code, count() as n, toUnixTimestamp64Micro(min(timestamp)) as first_us, \
             toUnixTimestamp64Micro(max(timestamp)) as last_us, any(event_message) as sample \
             from logs where {} group by source, code order by n desc, source, code limit {PAGE}",
            conditions.join(" and ")
        )
    }
}

fn contains(column: &str, wanted: &str) -> String {
    format!(
        "positionCaseInsensitiveUTF8({column}, {}) > 0",
        text(wanted)
    )
}

fn any_of(conditions: &[String]) -> Option<String> {
    match conditions {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("({})", several.join(" or "))),
    }
}

fn but_console(condition: String, console: bool) -> String {
    if console {
        format!("(source = '{CONSOLE}' or {condition})")
    } else {
        condition
    }
}

/// What counts as an error or a warning: each source has its own way of saying it.
fn errors(sources: &[String], levels: &[Level]) -> String {
    let both = [Level::Error, Level::Warning];
    let levels = if levels.is_empty() {
        &both[..1]
    } else {
        levels
    };
    let chosen = |source: &str| sources.is_empty() || sources.iter().any(|one| one == source);
    let mut branches = Vec::new();
    for level in levels {
        let (words, upper, least, most) = match level {
            Level::Error => ("'error', 'fatal'", "'ERROR', 'FATAL', 'PANIC'", 500, 999),
            Level::Warning => ("'warn', 'warning'", "'WARNING'", 400, 499),
        };
        let of_status = |key: &str| match level {
            Level::Error => format!("toInt32OrZero(log_attributes['{key}']) >= {least}"),
            Level::Warning => {
                format!("toInt32OrZero(log_attributes['{key}']) between {least} and {most}")
            }
        };
        if chosen("postgres_logs") {
            branches.push(format!("(source = 'postgres_logs' and upper(log_attributes['parsed.error_severity']) in ({upper}))"));
        }
        let http: Vec<&str> = [GATEWAY, INVOCATIONS]
            .into_iter()
            .filter(|source| chosen(source))
            .collect();
        if !http.is_empty() {
            branches.push(format!(
                "(source in ({}) and {})",
                texts(&http),
                of_status("response.status_code")
            ));
        }
        for (source, key) in [("auth_logs", "status"), ("storage_logs", "res.statusCode")] {
            if chosen(source) {
                // A row that is an error by its level is no warning for its status.
                let not_worse = match level {
                    Level::Error => "",
                    Level::Warning => {
                        " and lower(log_attributes['level']) not in ('error', 'fatal')"
                    }
                };
                branches.push(format!("(source = '{source}' and (lower(log_attributes['level']) in ({words}) or {}){not_worse})", of_status(key)));
            }
        }
        let (words, upper) = match level {
            Level::Error => (
                "'error', 'fatal', 'critical'",
                "'ERROR', 'FATAL', 'CRITICAL'",
            ),
            Level::Warning => ("'warn', 'warning'", "'WARN', 'WARNING'"),
        };
        let by_level = format!(
            "(lower(log_attributes['level']) in ({words}) or upper(severity_text) in ({upper}))"
        );
        let others: Vec<&String> = sources
            .iter()
            .filter(|source| !has_own_way(source))
            .collect();
        if sources.is_empty() {
            branches.push(format!("(source in ({PLAIN}) and {by_level})"));
        } else if !others.is_empty() {
            branches.push(format!("(source in ({}) and {by_level})", texts(&others)));
        }
    }
    format!("({})", branches.join(" or "))
}

fn has_own_way(source: &str) -> bool {
    matches!(
        source,
        "postgres_logs" | "auth_logs" | "storage_logs" | GATEWAY | INVOCATIONS
    )
}

/// What `get` reads of a row.
const WHOLE: &str = "toString(id) as log_id, toUnixTimestamp64Micro(timestamp) as ts_us, source, severity_text, event_message, log_attributes";

/// The row of a log id.
pub(super) fn one(id: &LogId) -> String {
    format!(
        "select {WHOLE} from logs where source = {} and toString(id) = {} limit 1",
        text(&id.source),
        text(&id.uuid)
    )
}

/// A row by its bare id, or that of its execution, in some sources or all of them.
pub(super) fn one_of(sources: &[&str], uuid: &str) -> String {
    let uuid = text(uuid);
    let within = if sources.is_empty() {
        String::new()
    } else {
        format!("source in ({}) and ", texts(sources))
    };
    // The call of a function comes before its console, where both have the id.
    format!(
        "select {WHOLE} from logs where {within}(toString(id) = {uuid} or (source = '{INVOCATIONS}' and log_attributes['execution_id'] = {uuid})) \
         order by ts_us desc limit 1"
    )
}

/// What the console of an execution shows.
pub(super) fn console(execution: &str) -> String {
    format!(
        "select {HEAD}, log_attributes['level'] as level, log_attributes['event_type'] as event_type, \
         log_attributes['region'] as region, event_message as message from logs \
         where source = '{CONSOLE}' and log_attributes['execution_id'] = {} order by ts_us asc, log_id asc limit {PAGE}",
        text(execution)
    )
}

/// Rows of all services that have one of some ids, the row itself left out.
pub(super) fn related(ids: &[String], but: &LogId) -> String {
    let ids = texts(ids);
    let keys = [
        "execution_id",
        "request_id",
        "reqId",
        "request.headers.cf_ray",
        "req.headers.cf_ray",
        "response.headers.sb_request_id",
    ];
    let each: Vec<_> = keys
        .iter()
        .map(|key| format!("log_attributes['{key}'] in ({ids})"))
        .collect();
    format!(
        "select {HEAD}, event_message as message from logs \
         where source in ('edge_logs', 'function_edge_logs', 'function_logs', 'auth_logs', 'storage_logs') \
         and ({}) and toString(id) != {} order by ts_us asc, log_id asc limit 200",
        each.join(" or "),
        text(&but.uuid)
    )
}

/// What a project has: the rows of each source, and the keys of their attributes.
pub(super) fn sources(sources: &[String]) -> String {
    format!(
        "select source, count() as n from logs{} group by source order by n desc, source limit {PAGE}",
        within(sources)
    )
}

pub(super) fn keys(sources: &[String]) -> String {
    format!(
        "select source, arrayJoin(mapKeys(log_attributes)) as key, count() as n from logs{} \
         group by source, key order by n desc, source, key limit {PAGE}",
        within(sources)
    )
}

fn within(sources: &[String]) -> String {
    if sources.is_empty() {
        String::new()
    } else {
        format!(" where source in ({})", texts(sources))
    }
}

#[cfg(test)]
mod tests;
