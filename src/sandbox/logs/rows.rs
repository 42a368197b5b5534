//! The rows of the logs: a function of the project and the time, for as long as they are retained.
//!
//! Each minute has requests of its own. A request leaves a row at the gateway and in what stood
//! behind it, tied together as the service ties them. Rows arrive late and out of order.

use std::rc::Rc;

use jiff::Timestamp;
use ring::digest;
use serde_json::Value as Json;

use super::functions::Value;

/// How long rows are there: as on the Pro plan.
const RETAINED_DAYS: i64 = 7;

const MINUTE: i64 = 60_000_000;

/// The functions of a project whose state has none: id, slug, version.
const FUNCTIONS: &[(&str, &str)] = &[
    ("3c078cce-ad70-4148-9f37-4da362789053", "send-receipt"),
    ("9a1d2b6e-52a4-4f0c-8f0e-6c1f2b7a9d10", "sync-stock"),
];

/// What is asked of the gateway: the service and a path of it.
const PATHS: &[(&str, &str, &str)] = &[
    ("rest", "/rest/v1/orders", "?select=*&order=id"),
    ("rest", "/rest/v1/products", "?id=eq.42"),
    ("rest", "/rest/v1/rpc/report", ""),
    ("auth", "/auth/v1/token", "?grant_type=password"),
    ("auth", "/auth/v1/user", ""),
    ("storage", "/storage/v1/object/avatars/ada.png", ""),
    ("realtime", "/realtime/v1/websocket", "?vsn=1.0.0"),
    ("graphql", "/graphql/v1", ""),
    ("functions", "/functions/v1/", ""),
];

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
    "supabase-js/2.58.0",
    "curl/8.5.0",
    "O'Reilly-bot/1.0 (50%_done)",
];

/// Lines of a function's console, some of which a terminal must not see as they are.
const CONSOLE: &[(&str, &str)] = &[
    ("info", "order handled\n"),
    ("log", "stock: 12 chairs, 3 tables\n"),
    ("debug", "{\"step\": 3, \"ok\": true}\n"),
    ("warning", "C:\\temp is no place for 'this'\n"),
    ("info", "\u{1b}[31mred\u{1b}[0m and\ttabs\n"),
];

/// Lines that nobody asked for: source, level, text.
const NOISE: &[(&str, &str, &str)] = &[
    (
        "postgres_logs",
        "LOG",
        "checkpoint complete: wrote 43 buffers (0.0%)",
    ),
    (
        "postgres_logs",
        "LOG",
        "connection authorized: user=authenticator database=postgres",
    ),
    (
        "postgres_logs",
        "WARNING",
        "PgBouncer auth request: postgres",
    ),
    ("realtime_logs", "info", "Tenant reports connected clients"),
    (
        "postgrest_logs",
        "",
        "Schema cache loaded 14 Relations, 9 Relationships, 22 Functions",
    ),
    ("supavisor_logs", "info", "ClientHandler: connection closed"),
    ("pgbouncer_logs", "LOG", "LOG stats: 2 xacts/s, 3 queries/s"),
    ("pg_upgrade_logs", "info", "nothing to upgrade"),
    ("etl_replication_logs", "info", "pipeline idle"),
    ("multigres_logs", "info", "pooler ready"),
];

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    id: Rc<str>,
    time: i64,
    message: Rc<str>,
    severity: Rc<str>,
    source: Rc<str>,
    attributes: Rc<Vec<(&'static str, Rc<str>)>>,
}

impl Row {
    pub(super) fn column(&self, name: &str) -> Value {
        match name {
            "id" => Value::Text(self.id.clone()),
            "timestamp" => Value::Time(self.time, true),
            "event_message" => Value::Text(self.message.clone()),
            "severity_text" => Value::Text(self.severity.clone()),
            "source" => Value::Text(self.source.clone()),
            _ => Value::Map(self.attributes.clone()),
        }
    }

    pub(super) fn attribute(&self, wanted: &str) -> Value {
        let found = self.attributes.iter().find(|(key, _)| *key == wanted);
        Value::Text(found.map_or_else(|| Rc::from(""), |(_, value)| value.clone()))
    }
}

/// The rows of a window that have arrived by now. A paused project has none.
pub(super) fn rows(
    reference: &str,
    project: &Json,
    (from, to): (i64, i64),
    now: Timestamp,
) -> Vec<Row> {
    if project["project"]["status"] == "INACTIVE" {
        return Vec::new();
    }
    let now = now.as_microsecond();
    let oldest = now - RETAINED_DAYS * 24 * 60 * MINUTE;
    let functions = project["functions"].as_array().into_iter().flatten();
    let functions = functions.filter_map(|function| {
        Some((
            function["id"].as_str()?.to_owned(),
            function["slug"].as_str()?.to_owned(),
        ))
    });
    let mut functions: Vec<(String, String)> = functions.collect();
    if functions.is_empty() {
        let usual = FUNCTIONS.iter();
        functions = usual
            .map(|(id, slug)| ((*id).to_owned(), (*slug).to_owned()))
            .collect();
    }
    let sick = project["project"]["status"] == "ACTIVE_UNHEALTHY";
    let mut rows = Vec::new();
    // What follows a request by up to a minute may have begun in the minute before.
    let first = from.max(oldest).div_euclid(MINUTE) - 1;
    for minute in first..=to.min(now).div_euclid(MINUTE) {
        let mut dice = Dice::of(reference, minute);
        // Once in five hours or so something is wrong for ten minutes.
        let hour = Dice::of(reference, -minute.div_euclid(60)).below(5);
        let trouble = sick || (hour == 0 && (20..30).contains(&minute.rem_euclid(60)));
        let mut make = Make {
            dice: &mut dice,
            reference,
            functions: &functions,
            rows: Vec::new(),
        };
        for _ in 0..make.dice.below(4) + u64::from(trouble) {
            let at = minute * MINUTE + make.dice.micros(60_000);
            make.request(at, trouble);
        }
        let at = minute * MINUTE + make.dice.micros(60_000);
        make.noise(at);
        rows.append(&mut make.rows);
    }
    let arrived = |row: &Row| {
        let late = 5 + row.id.bytes().map(i64::from).sum::<i64>() % 55;
        (from.max(oldest)..to).contains(&row.time) && row.time + late * 1_000_000 <= now
    };
    rows.retain(arrived);
    rows
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn of(reference: &str, minute: i64) -> Self {
        let text = format!("{reference}\n{minute}");
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let eight = hash.as_ref().first_chunk().copied();
        Self(u64::from_le_bytes(eight.unwrap_or_default()))
    }

    /// The next number (splitmix64).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// Some time less than so many milliseconds, in microseconds.
    fn micros(&mut self, milliseconds: u64) -> i64 {
        i64::try_from(self.below(milliseconds * 1000)).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let at = usize::try_from(self.next() >> 1).unwrap_or(0) % items.len();
        items[at]
    }

    fn uuid(&mut self) -> String {
        let (one, two) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            one >> 32,
            (one >> 16) & 0xffff,
            one & 0xfff,
            two >> 52,
            two & 0xffff_ffff_ffff
        )
    }
}

/// What makes the rows of one minute.
struct Make<'a> {
    dice: &'a mut Dice,
    reference: &'a str,
    functions: &'a [(String, String)],
    rows: Vec<Row>,
}

impl Make<'_> {
    /// Adds a row; attributes without a value are left out of it.
    fn row(
        &mut self,
        time: i64,
        source: &str,
        severity: &str,
        message: &str,
        attributes: &[(&'static str, &str)],
    ) {
        let kept = attributes.iter().filter(|(_, value)| !value.is_empty());
        let attributes = kept.map(|(key, value)| (*key, Rc::from(*value))).collect();
        self.rows.push(Row {
            id: Rc::from(self.dice.uuid()),
            time,
            message: Rc::from(message),
            severity: Rc::from(severity),
            source: Rc::from(source),
            attributes: Rc::new(attributes),
        });
    }

    fn noise(&mut self, at: i64) {
        let (source, level, text) = self.dice.pick(NOISE);
        let host = format!("db-{}", self.reference);
        let attributes = if source == "postgres_logs" {
            let state = if level == "LOG" { "00000" } else { "01000" };
            vec![
                ("host", host.as_str()),
                ("parsed.error_severity", level),
                ("parsed.sql_state_code", state),
                ("parsed.database_name", "postgres"),
            ]
        } else {
            vec![
                ("host", host.as_str()),
                ("level", level),
                ("project", self.reference),
            ]
        };
        self.row(at, source, "INFO", text, &attributes);
    }

    /// A request at the gateway, and what the service behind it wrote down.
    fn request(&mut self, at: i64, trouble: bool) {
        let (service, path, search) = self.dice.pick(PATHS);
        let function =
            usize::try_from(self.dice.below(1 << 20)).unwrap_or(0) % self.functions.len();
        let (function_id, slug) = self.functions[function].clone();
        let bad = self.dice.below(1000) < if trouble { 250 } else { 12 };
        let status = match (bad, service) {
            (true, "auth" | "graphql" | "functions") => "500",
            (true, "storage") => "544",
            (true, _) => self.dice.pick(&["500", "504", "503"]),
            _ => self.dice.pick(&[
                "200", "200", "200", "200", "200", "200", "200", "201", "204", "304", "401", "404",
            ]),
        };
        let posts = matches!(service, "graphql" | "functions") || path.ends_with("/token");
        let method = if posts {
            "POST"
        } else {
            self.dice.pick(&["GET", "GET", "PATCH"])
        };
        let duration = 3 + self.dice.below(90) + self.dice.below(4) * self.dice.below(120);
        let duration = duration
            + if status == "504" || status == "544" {
                9000
            } else {
                0
            };
        let (took, text) = (
            i64::try_from(duration).unwrap_or(0) * 1000,
            duration.to_string(),
        );
        let agent = self.dice.pick(AGENTS);
        let ip = format!("203.0.113.{}", self.dice.below(256));
        let country = self.dice.pick(&["DE", "US", "IN", "BR"]);
        let ray = format!("{:016x}", self.dice.next());
        let user = if self.dice.below(5) < 3 {
            self.dice.uuid()
        } else {
            String::new()
        };
        let role = if user.is_empty() {
            "anon"
        } else {
            "authenticated"
        };
        let path = match service {
            "functions" => format!("{path}{slug}"),
            _ => path.to_owned(),
        };
        let url = format!("https://{}.supabase.co{path}{search}", self.reference);
        let proxy = match (service, status) {
            ("rest" | "graphql", "504") => "PostgREST; error=57014",
            ("rest" | "graphql", "500") => "PostgREST; error=XX000",
            _ => "",
        };
        // Calls of functions are seen at the gateway now and then.
        if service != "functions" || self.dice.below(10) < 3 {
            let message = format!("{method} | {status} | {ip} | {ray} | {url} | {agent}");
            let connecting = if self.dice.below(20) == 0 { "" } else { &ip };
            self.row(
                at,
                "edge_logs",
                "INFO",
                &message,
                &[
                    ("identifier", self.reference),
                    ("request.method", method),
                    ("request.path", &path),
                    ("request.search", search),
                    ("request.url", &url),
                    ("request.headers.user_agent", agent),
                    ("request.headers.cf_connecting_ip", connecting),
                    ("request.headers.x_real_ip", &ip),
                    ("request.headers.cf_ray", &ray),
                    ("request.cf.country", country),
                    ("request.sb.auth_user", &user),
                    ("request.sb.jwt.authorization.payload.role", role),
                    ("request.sb.jwt.authorization.payload.subject", &user),
                    ("response.status_code", status),
                    (
                        "response.origin_time",
                        if status == "304" { "" } else { &text },
                    ),
                    (
                        "response.headers.content_type",
                        "application/json; charset=utf-8",
                    ),
                    ("response.headers.cf_ray", &format!("{ray}-FRA")),
                    ("response.headers.proxy_status", proxy),
                ],
            );
        }
        match service {
            "rest" | "graphql" if !proxy.is_empty() => {
                let (state, message) = match status {
                    "504" => ("57014", "canceling statement due to statement timeout"),
                    _ => ("XX000", "could not open relation with OID 16999"),
                };
                self.row(
                    at + took / 2,
                    "postgres_logs",
                    "ERROR",
                    message,
                    &[
                        ("host", &format!("db-{}", self.reference)),
                        ("parsed.error_severity", "ERROR"),
                        ("parsed.sql_state_code", state),
                        ("parsed.user_name", "authenticator"),
                        ("parsed.database_name", "postgres"),
                        ("parsed.application_name", "PostgREST 13.0.7"),
                    ],
                );
            }
            "auth" => self.auth(
                at + took,
                status,
                method,
                &path["/auth/v1".len()..],
                &ray,
                &user,
            ),
            "storage" => {
                let level = match status {
                    "544" => "error",
                    "401" | "404" => "warn",
                    _ => "info",
                };
                let message = format!("{} | {method} | {status} | {ip} | {path}", self.reference);
                self.row(
                    at + took,
                    "storage_logs",
                    &level.to_uppercase(),
                    &message,
                    &[
                        ("level", level),
                        ("project", self.reference),
                        ("reqId", &ray),
                        ("responseTime", &text),
                        ("req.method", method),
                        ("req.url", &path["/storage/v1".len()..]),
                        ("req.remoteAddress", &ip),
                        ("req.headers.cf_ray", &ray),
                        ("res.statusCode", status),
                    ],
                );
            }
            "functions" => {
                let ran = !matches!(status, "401" | "404");
                let execution = if ran { self.dice.uuid() } else { String::new() };
                self.row(
                    at + took,
                    "function_edge_logs",
                    "INFO",
                    &format!("{method} | {status} | {url}"),
                    &[
                        ("function_id", &function_id),
                        ("execution_id", &execution),
                        ("execution_time_ms", if ran { &text } else { "" }),
                        (
                            "deployment_id",
                            &format!("{}_{function_id}_7", self.reference),
                        ),
                        ("version", "7"),
                        ("project_ref", self.reference),
                        ("request.method", method),
                        ("request.pathname", &path),
                        ("request.url", &url),
                        ("request.headers.user_agent", agent),
                        ("request.headers.cf_ray", &ray),
                        ("response.status_code", status),
                        (
                            "response.headers.x_sb_edge_region",
                            if ran { "eu-central-1" } else { "" },
                        ),
                    ],
                );
                let lines = if ran { self.dice.below(4) } else { 0 };
                let lines = (0..lines)
                    .map(|_| self.dice.pick(CONSOLE))
                    .collect::<Vec<_>>();
                let failure = (
                    "error",
                    "TypeError: Cannot read properties of undefined (reading 'id')\n    at Object.handler (file:///src/index.ts:12:7)\n",
                );
                let failed = (status == "500").then_some(failure);
                for (place, (level, message)) in (1..).zip(lines.into_iter().chain(failed)) {
                    let event = if level == "error" {
                        "UncaughtException"
                    } else {
                        "Log"
                    };
                    self.row(
                        at + took * place / 6,
                        "function_logs",
                        &level.to_uppercase(),
                        message,
                        &[
                            ("function_id", &function_id),
                            ("execution_id", &execution),
                            ("region", "eu-central-1"),
                            ("version", "7"),
                            ("level", level),
                            ("event_type", event),
                        ],
                    );
                }
            }
            _ => {}
        }
    }

    fn auth(&mut self, at: i64, status: &str, method: &str, path: &str, ray: &str, user: &str) {
        let (level, text) = match status {
            "500" => ("error", "500: Database error querying schema"),
            "401" => (
                "warning",
                "401: invalid JWT: unable to parse or verify signature",
            ),
            _ => ("info", "request completed"),
        };
        let message = serde_json::json!({"component": "api", "level": level, "method": method, "msg": text, "path": path});
        // Now and then the status stands in the text alone.
        let told = if self.dice.below(5) == 0 { "" } else { status };
        self.row(
            at,
            "auth_logs",
            &level.to_uppercase(),
            &message.to_string(),
            &[
                ("component", "api"),
                ("level", level),
                ("msg", text),
                ("status", told),
                ("path", path),
                ("method", method),
                ("request_id", ray),
                ("user_id", user),
            ],
        );
        if path == "/token" && status == "200" {
            self.row(
                at,
                "auth_audit_logs",
                "INFO",
                "{\"action\":\"login\"}",
                &[
                    ("auth_event.action", "login"),
                    ("auth_event.actor_id", user),
                    ("auth_event.log_type", "account"),
                ],
            );
        }
    }
}
