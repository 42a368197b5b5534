//! The wire: requests come in over loopback, answers go out.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::faults::Fault;
use super::postgres::{Job, Postgres};
use super::state::Folder;
use super::{Sandbox, gateway, management, projects};

/// The most that an upload may bring: the sandbox keeps it in one JSON document.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A request, as the service's code sees it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// The path as it came.
    pub(super) path: String,
    /// Its segments, decoded.
    pub(super) segments: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Asked {
    pub(super) fn new(
        method: &str,
        path_and_query: &str,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Self {
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decoded(&key.replace('+', " ")),
                decoded(&value.replace('+', " ")),
            )
        };
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            segments: path.split('/').skip(1).map(decoded).collect(),
            query: query
                .split('&')
                .filter(|part| !part.is_empty())
                .map(pair)
                .collect(),
            headers,
            body,
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body, if it is JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    /// SQL that has to be run first, and then says the rest.
    pub(super) job: Option<Box<Job>>,
}

impl Told {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self {
            status,
            headers,
            body: body.to_string().into(),
            job: None,
        }
    }

    /// A refusal as the Management API words it.
    pub(super) fn message(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"message": message}))
    }
}

/// What every connection knows.
struct Shared {
    folder: Folder,
    token: String,
    faults: Mutex<Vec<Fault>>,
    postgres: Postgres,
}

pub(super) fn start(
    folder: Folder,
    port: u16,
    faults: Vec<Fault>,
    postgres: Postgres,
) -> io::Result<Sandbox> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let token = random_token()?;
    let project_url = format!("http://{address}/project/{{ref}}");
    let senders = postgres.senders(&project_url);
    let shared = Arc::new(Shared {
        folder,
        token: token.clone(),
        faults: Mutex::new(faults),
        postgres,
    });
    let listener = tokio::net::TcpListener::from_std(listener)?;
    tokio::spawn(async move {
        loop {
            // A connection that was given up before it was accepted is no reason to stop.
            if let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let shared = shared.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| serve(request, shared.clone()));
                    // Whatever ends a connection, the other side has noticed.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        }
    });
    Ok(Sandbox {
        api_url: format!("http://{address}"),
        project_url,
        token,
        senders,
    })
}

/// A token in the form of the service's own.
fn random_token() -> io::Result<String> {
    let mut bytes = [0; 20];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("no random numbers are to be had"))?;
    Ok(bytes
        .iter()
        .fold("sbp_".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

async fn serve(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let told = match http_body_util::Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => {
            let headers = head.headers.iter().map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            });
            let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
            let asked = Asked::new(
                head.method.as_str(),
                path,
                headers.collect(),
                body.to_bytes(),
            );
            let mut told = answer(&shared, &asked);
            if let Some(job) = told.job.take() {
                let done = shared.postgres.answer(&shared.folder, *job).await;
                let headers = [done.headers, told.headers].concat();
                told = Told { headers, ..done };
            }
            told
        }
        Err(_) => Told::message(413, "the body is larger than the sandbox takes"),
    };
    let mut response = Response::builder().status(told.status);
    for (name, value) in &told.headers {
        response = response.header(*name, value);
    }
    // A HEAD has the headers of the answer and not its body.
    let body = if head.method == hyper::Method::HEAD {
        Bytes::new()
    } else {
        told.body
    };
    Ok(response.body(Full::new(body)).unwrap_or_default())
}

/// Decides on a request: first whether it may come at all, then which part of the service it is for.
fn answer(shared: &Shared, asked: &Asked) -> Told {
    if !asked.header("host").is_some_and(is_loopback) {
        // A web page that had its name resolved to this machine gets nothing.
        return Told::message(
            403,
            "the sandbox answers requests to this machine's loopback address only",
        );
    }
    if let Ok(mut faults) = shared.faults.lock()
        && let Some(fault) = faults
            .iter_mut()
            .find_map(|fault| fault.strikes(asked).then(|| fault.clone()))
    {
        return fault.answer();
    }
    let told = shared
        .folder
        .with(|state, now| route(state, now, asked, &shared.token));
    told.unwrap_or_else(|error| Told::message(500, &error.to_string()))
}

fn route(state: &mut Value, now: Timestamp, asked: &Asked, token: &str) -> Told {
    projects::settle(state, now);
    if asked
        .segments
        .first()
        .is_some_and(|first| first == "project")
    {
        return gateway::answer(state, now, asked);
    }
    management::answer(state, now, asked, token)
}

fn is_loopback(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> (tempfile::TempDir, Shared) {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared {
            folder: Folder::new(folder.path()),
            token: "sbp_right".to_owned(),
            faults: Mutex::default(),
            postgres: Postgres::new(folder.path(), None, false, false),
        };
        (folder, shared)
    }

    fn ask(shared: &Shared, path: &str, host: &str, token: &str) -> u16 {
        let headers = vec![
            ("host".to_owned(), host.to_owned()),
            ("authorization".to_owned(), format!("Bearer {token}")),
        ];
        answer(shared, &Asked::new("GET", path, headers, Bytes::new())).status
    }

    #[test]
    fn only_this_machine_with_the_right_token_is_answered() {
        let (_folder, shared) = shared();
        for host in ["127.0.0.1:4000", "localhost:1", "localhost", "[::1]:99"] {
            assert_eq!(
                ask(&shared, "/v1/projects", host, "sbp_right"),
                200,
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "evil.example:4000",
            "127.0.0.1.evil.example",
            "",
        ] {
            assert_eq!(
                ask(&shared, "/v1/projects", host, "sbp_right"),
                403,
                "{host}"
            );
        }
        assert_eq!(ask(&shared, "/v1/projects", "localhost", "sbp_wrong"), 401);
        assert_eq!(
            ask(
                &shared,
                "/v1/projects/nosuchprojectatallxx",
                "localhost",
                "sbp_right"
            ),
            403
        );
        assert_eq!(ask(&shared, "/v1/nope", "localhost", "sbp_right"), 404);
        assert_eq!(
            ask(
                &shared,
                "/v1/projects/acmeshopproductionab/custom-hostname",
                "localhost",
                "sbp_right"
            ),
            501
        );
    }
}
