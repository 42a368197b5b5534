//! Sends what webhooks queued, as pg_net does on the hosted service: a batch at a time, one try each.
//!
//! Only to this machine, unless `sandbox serve --allow-network` says otherwise; a project's own address
//! is that of the sandbox's gateway. A request leaves the queue together with the record of its outcome, so
//! that one cut off by the end of a command is sent by the next.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url, redirect};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::wire::{Failed, Session};

/// Most of an answer that is kept.
const MAX_CONTENT: usize = 4 * 1024 * 1024;

/// What the requests say they are made by. The version is the one whose behaviour this follows.
const USER_AGENT: &str = "pg_net/0.20.4";

const SWITCHED_ON: &str =
    "select pg_catalog.to_regclass('net.http_request_queue') is not null as switched_on";

/// Locked for as long as the requests are under way: another process sends others meanwhile.
const TAKE: &str = "begin; select id::text as id, method::text as method, url, headers, pg_catalog.convert_from(body, 'UTF8') as body, timeout_milliseconds
from net.http_request_queue order by id limit 50 for update skip locked";

const RECORD: &str = "with sent as (delete from net.http_request_queue where id = ($1::text)::bigint)
insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg, created)
values (($1::text)::bigint, ($2::text)::int, $3, ($4::text)::jsonb, $5, ($6::text)::bool, $7, pg_catalog.clock_timestamp())";

/// Answers are kept for 6 hours, as pg_net does by default.
const FORGET: &str =
    "delete from net._http_response where created < pg_catalog.now() - interval '6 hours'; commit";

/// The senders of a sandbox, one for each database.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Senders(Mutex<HashMap<String, Sender>>);

/// What is known of a sender from outside.
#[derive(Debug)]
struct Sender {
    /// How often it was asked to look.
    asked: watch::Sender<u64>,
    /// Up to which time it has looked and found nothing left.
    done: watch::Receiver<u64>,
}

/// Where requests may go.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    /// The address of the sandbox's gateway, with `{ref}` where the project stands.
    pub(super) gateway: String,
    /// Away from this machine too.
    pub(super) network: bool,
}

impl Senders {
    /// Has the sender of a database look, if there is one.
    pub(super) fn wake(&self, database: &str) -> bool {
        let Ok(senders) = self.0.lock() else {
            return true;
        };
        match senders.get(database) {
            // One whose connection broke has ended.
            Some(sender) if !sender.asked.is_closed() => {
                sender.asked.send_modify(|count| *count += 1);
                true
            }
            _ => false,
        }
    }

    /// Starts the sender of a database.
    pub(super) fn start(&self, database: &str, session: Session, ways: Ways) {
        let (asked, wanted) = watch::channel(1);
        let (finished, done) = watch::channel(0);
        if let Ok(mut senders) = self.0.lock() {
            senders.insert(database.to_owned(), Sender { asked, done });
        }
        tokio::spawn(send_when_asked(session, ways, wanted, finished));
    }

    /// Waits until all that was queued up to now is sent.
    pub(in crate::sandbox) async fn settle(&self) {
        let waiting: Vec<_> = match self.0.lock() {
            Ok(senders) => senders
                .values()
                .map(|sender| (*sender.asked.borrow(), sender.done.clone()))
                .collect(),
            Err(_) => return,
        };
        for (count, mut done) in waiting {
            // One that ended sends nothing more.
            let _ = done.wait_for(|done| *done >= count).await;
        }
    }
}

async fn send_when_asked(
    mut session: Session,
    ways: Ways,
    mut wanted: watch::Receiver<u64>,
    finished: watch::Sender<u64>,
) {
    let Ok(client) = client() else { return };
    loop {
        let count = *wanted.borrow_and_update();
        if send_all(&mut session, &client, &ways).await.is_err() {
            return;
        }
        let _ = finished.send(count);
        if wanted.changed().await.is_err() {
            return;
        }
    }
}

fn client() -> reqwest::Result<Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .user_agent(USER_AGENT)
        .build()
}

/// Sends batch after batch until nothing is queued.
async fn send_all(session: &mut Session, client: &Client, ways: &Ways) -> Result<(), Failed> {
    let rows = session.run(SWITCHED_ON, &[]).await?;
    if rows.first().is_none_or(|row| row["switched_on"] != true) {
        return Ok(());
    }
    loop {
        let batch = session.run(TAKE, &[]).await?;
        let outcomes = join_all(batch.iter().map(|request| send(client, ways, request))).await;
        for (request, outcome) in batch.iter().zip(outcomes) {
            session
                .run(RECORD, &outcome.parameters(&request["id"]))
                .await?;
        }
        session.run(FORGET, &[]).await?;
        if batch.is_empty() {
            return Ok(());
        }
    }
}

/// What became of a request.
#[derive(Debug, Default)]
struct Outcome {
    status: Option<u16>,
    content_type: Option<String>,
    headers: Option<Value>,
    content: Option<String>,
    timed_out: bool,
    error: Option<String>,
}

impl Outcome {
    fn failed(error: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            ..Self::default()
        }
    }

    fn parameters(&self, id: &Value) -> [Value; 7] {
        [
            id.clone(),
            json!(self.status.map(|status| status.to_string())),
            json!(self.content_type),
            json!(self.headers.as_ref().map(Value::to_string)),
            json!(self.content),
            json!(self.timed_out.to_string()),
            json!(self.error),
        ]
    }
}

async fn send(client: &Client, ways: &Ways, request: &Value) -> Outcome {
    let started = Instant::now();
    let limit = request["timeout_milliseconds"].as_u64().unwrap_or(5_000);
    let url = match target(ways, request["url"].as_str().unwrap_or_default()) {
        Ok(url) => url,
        Err(why) => return Outcome::failed(why),
    };
    let headers = match headers(&request["headers"]) {
        Ok(headers) => headers,
        Err(why) => return Outcome::failed(why),
    };
    let method = match request["method"].as_str() {
        Some("POST") => Method::POST,
        Some("DELETE") => Method::DELETE,
        _ => Method::GET,
    };
    let mut built = client.request(method, url).headers(headers);
    if let Some(body) = request["body"].as_str() {
        built = built.body(body.to_owned());
    }
    match tokio::time::timeout(Duration::from_millis(limit), answer(built)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Outcome::failed(words(&error)),
        Err(_) => {
            let total = started.elapsed().as_secs_f64() * 1000.0;
            Outcome {
                timed_out: true,
                ..Outcome::failed(format!(
                    "Timeout of {limit} ms reached. Total time: {total:.3} ms (DNS time: 0.000 ms, TCP/SSL handshake time: 0.000 ms, HTTP Request/Response time: {total:.3} ms)"
                ))
            }
        }
    }
}

async fn answer(built: reqwest::RequestBuilder) -> reqwest::Result<Outcome> {
    let mut response = built.send().await?;
    let headers: Map<String, Value> = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                json!(String::from_utf8_lossy(value.as_bytes())),
            )
        })
        .collect();
    let status = response.status().as_u16();
    let mut content = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        content.extend_from_slice(&chunk);
        if content.len() > MAX_CONTENT {
            content.truncate(MAX_CONTENT);
            break;
        }
    }
    Ok(Outcome {
        status: Some(status),
        content_type: headers
            .get("content-type")
            .and_then(|kind| kind.as_str().map(str::to_owned)),
        headers: Some(Value::Object(headers)),
        // PostgreSQL has no NUL in texts.
        content: Some(String::from_utf8_lossy(&content).replace('\0', "\u{fffd}")),
        ..Outcome::default()
    })
}

/// Where a request goes, if it may go there.
fn target(ways: &Ways, text: &str) -> Result<Url, String> {
    let mut url =
        Url::parse(text).map_err(|_| "URL using bad/illegal format or missing URL".to_owned())?;
    let own = url
        .host_str()
        .and_then(|host| host.strip_suffix(".supabase.co"));
    if let Some(project) = own {
        let gateway = ways.gateway.replace("{ref}", project);
        let query = url
            .query()
            .map_or_else(String::new, |query| format!("?{query}"));
        url = Url::parse(&format!("{gateway}{}{query}", url.path()))
            .map_err(|error| error.to_string())?;
    }
    let here = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    if here || ways.network {
        return Ok(url);
    }
    Err("the sandbox sends to this machine only: `supactl sandbox serve --allow-network` lets it send elsewhere".to_owned())
}

fn headers(given: &Value) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) else {
            return Err(format!("header {name} cannot be sent"));
        };
        headers.append(name, value);
    }
    Ok(headers)
}

/// What curl would say, for the failures that it has words for.
fn words(error: &reqwest::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        said = inner.to_string();
        if said.contains("dns error") {
            return "Couldn't resolve host name".to_owned();
        }
        cause = inner.source();
    }
    if error.is_connect() {
        return "Couldn't connect to server".to_owned();
    }
    if said.contains("before message completed") {
        return "Server returned nothing (no headers, no data)".to_owned();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_stay_on_this_machine_unless_told_otherwise() {
        let ways = |network| Ways {
            gateway: "http://127.0.0.1:4000/project/{ref}".to_owned(),
            network,
        };
        for here in [
            "http://127.0.0.1:1/",
            "http://localhost/x",
            "http://[::1]:2/",
        ] {
            assert_eq!(target(&ways(false), here).unwrap().as_str(), here);
        }
        for away in [
            "https://example.com/",
            "http://127.0.0.1.evil.example/",
            "http://10.0.0.1/",
            "http://169.254.169.254/",
        ] {
            assert!(
                target(&ways(false), away)
                    .unwrap_err()
                    .contains("--allow-network"),
                "{away}"
            );
            assert!(target(&ways(true), away).is_ok());
        }
        assert_eq!(
            target(
                &ways(false),
                "https://acmeshopproductionab.supabase.co/functions/v1/x?a=b"
            )
            .unwrap()
            .as_str(),
            "http://127.0.0.1:4000/project/acmeshopproductionab/functions/v1/x?a=b"
        );
        assert!(target(&ways(true), "no address").is_err());
    }

    #[test]
    fn header_values_are_sent_byte_for_byte() {
        let value = "quo\"te \\ 'ü' 雪";
        let headers = headers(&json!({"X-A": value, "X-B": 7})).unwrap();
        assert_eq!(headers["x-a"].as_bytes(), value.as_bytes());
        assert_eq!(headers["x-b"], "7");
        assert!(super::headers(&json!({"X-A": "a\nb"})).is_err());
    }
}
