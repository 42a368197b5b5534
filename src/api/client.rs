//! One request from start to end: hold back (dry run), send, wait, send again, decode.
//!
//! The only place that knows the HTTP library. What may be repeated is decided in `retry`, what an
//! error means in `error`.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::error::Error as _;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::breaker::Breaker;
use super::cache::{Cache, Key, Noun};
use super::certificates::{self, Refused};
use super::error::ApiError;
use super::keys::ServiceKey;
use super::mask;
use super::request::{Body, Forgets, Host, Method, Request, Safety};
use super::retry::{self, Failure, Waits};
use crate::error::{Code, Error, Result};

/// How long a connection may take to be made. Longer than any route that works.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Redirects followed on one host.
const MAX_REDIRECTS: usize = 5;

/// What a request needs beside itself: where the hosts are, who asks, and how patiently.
pub(crate) struct Connection {
    /// The Management API, without a slash at the end.
    pub(crate) api_url: String,
    /// The project gateway, with `{ref}` where the project stands.
    pub(crate) project_url: String,
    /// The person's token, which only the Management API sees.
    pub(crate) token: SecretString,
    /// What one try may take.
    pub(crate) request_timeout: Duration,
    /// How often a try is repeated.
    pub(crate) retries: u32,
    /// Certificates to trust besides the system's, in PEM.
    pub(crate) extra_certificates: Option<Vec<u8>>,
    /// Hold back every write.
    pub(crate) dry_run: bool,
    /// Answers that are good for a while; `None` asks anew each time.
    pub(crate) cache: Option<Cache>,
    /// What kept answers are filed under: the addresses, or what stands for them where they change.
    pub(crate) cache_name: String,
    /// Who asks, as a hash: kept answers are told to nobody else.
    pub(crate) asker: String,
    /// Whom to tell what is going on.
    pub(crate) notice: Box<dyn Fn(&Notice<'_>)>,
}

/// Something worth telling while a request is under way.
pub(crate) enum Notice<'a> {
    /// It will be sent again after a wait.
    Waiting {
        reason: &'a str,
        delay: Duration,
        attempt: u32,
        attempts: u32,
    },
    /// A kept answer was used instead of a request.
    Kept { request: &'a Request },
    /// Kept answers may be stale from now on, because they could not be removed.
    NotForgotten { reason: &'a std::io::Error },
    /// A try ended: with a status, or with the word for what went wrong.
    Tried {
        request: &'a Request,
        outcome: &'a str,
        took: Duration,
        attempt: u32,
    },
}

/// A successful answer.
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The headers as text, in the order in which they came.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, String)> {
        self.headers.iter().map(|(name, value)| {
            (
                name.as_str(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
    }

    /// The bytes as they came.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The JSON of the body as the type that was promised.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| self.malformed(&error))
    }

    /// A list, which an empty body or `null` also is.
    pub(crate) fn list<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        match self.json::<Value>()? {
            Value::Array(items) => items
                .into_iter()
                .map(|item| serde_json::from_value(item).map_err(|error| self.malformed(&error)))
                .collect(),
            Value::Null => Ok(Vec::new()),
            _ => Err(self.malformed(&"not a list")),
        }
    }

    fn malformed(&self, reason: &dyn std::fmt::Display) -> Error {
        let error = ApiError::malformed(self.status, &self.body, reason);
        ApiError {
            request_id: request_id(&self.headers, &self.body),
            ..error
        }
        .into()
    }
}

/// A try that failed: what it means for people, and what for trying again.
struct Failed {
    error: ApiError,
    failure: Failure,
}

impl Failed {
    /// Whether the host did its work and refused this one request.
    fn is_of_the_request(&self) -> bool {
        match self.failure {
            Failure::Answered { status, .. } => status < 500 || status == 540,
            Failure::NotConnected | Failure::Lost => false,
            Failure::Final => self.error.code != Code::Timeout,
        }
    }
}

/// Sends requests. Makes its connections, and reads its certificates, at the first one.
pub(crate) struct Client {
    connection: Connection,
    /// For loopback addresses: no proxy, and no certificate is read for plain HTTP.
    near: OnceCell<reqwest::Client>,
    /// For everything else.
    far: OnceCell<reqwest::Client>,
    breakers: RefCell<HashMap<String, Breaker>>,
    held_back: RefCell<Vec<Value>>,
    /// Whose certificate was turned down.
    refused: Refused,
    /// Kept answers are not read from now on.
    fresh: Cell<bool>,
    /// Requests that were sent, and the age of the oldest kept answer that was used instead.
    sent: Cell<usize>,
    oldest: Cell<Option<Timestamp>>,
}

impl Client {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            near: OnceCell::new(),
            far: OnceCell::new(),
            breakers: RefCell::default(),
            held_back: RefCell::default(),
            refused: Refused::default(),
            fresh: Cell::new(false),
            sent: Cell::new(0),
            oldest: Cell::new(None),
        }
    }

    /// Reads no kept answer from now on: what follows decides something.
    pub(crate) fn read_fresh(&self) {
        self.fresh.set(true);
    }

    /// When the oldest kept answer was asked for, in a run that sent nothing.
    pub(crate) fn cached_since(&self) -> Option<Timestamp> {
        self.oldest.get().filter(|_| self.sent.get() == 0)
    }

    /// The address of the Management API.
    pub(crate) fn address(&self) -> &str {
        &self.connection.api_url
    }

    /// The writes that a dry run held back.
    pub(crate) fn held_back(&self) -> Vec<Value> {
        self.held_back.borrow().clone()
    }

    /// Sends a request, or answers it with what was kept of an earlier one.
    ///
    /// # Errors
    /// [`Error::HeldBack`] for a write of a dry run: its description is kept, and nothing was sent.
    /// [`Error::Api`] for every other way of not getting an answer that says success.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer> {
        if let Some(answer) = self.kept(&request).await {
            return Ok(answer);
        }
        let filed = self.connection.cache.as_ref().zip(self.key(&request));
        let asked_at = filed.as_ref().map(|(cache, _)| cache.now());
        let answer = self.send_anew(&request).await?;
        let (Some((cache, key)), Some(asked_at)) = (filed, asked_at) else {
            return Ok(answer);
        };
        // Without its secrets, now as later: an answer must not depend on where it came from.
        match serde_json::from_slice::<Value>(&answer.body) {
            Ok(body) => {
                let body = mask::json(&body);
                let answer = Answer {
                    body: body.to_string().into(),
                    ..answer
                };
                cache.put(&key, asked_at, body).await;
                Ok(answer)
            }
            Err(_) => Ok(answer),
        }
    }

    /// What was kept of an earlier answer, if that will do.
    pub(crate) async fn kept(&self, request: &Request) -> Option<Answer> {
        if self.fresh.get() {
            return None;
        }
        let kept = self
            .connection
            .cache
            .as_ref()?
            .get(&self.key(request)?)
            .await?;
        (self.connection.notice)(&Notice::Kept { request });
        let older = self.oldest.get().is_none_or(|oldest| kept.at < oldest);
        self.oldest.set(if older {
            Some(kept.at)
        } else {
            self.oldest.get()
        });
        Some(Answer {
            status: 200,
            headers: HeaderMap::new(),
            body: kept.body.clone(),
        })
    }

    fn key(&self, request: &Request) -> Option<Key> {
        let noun = request.keep?;
        let body = match &request.body {
            Body::Json(body) => body.to_string(),
            Body::None => String::new(),
            Body::Bytes { .. } => return None,
        };
        let query = serde_json::to_string(&request.query).ok()?;
        let asked = [
            self.connection.asker.as_str(),
            request.method.as_str(),
            &request.path,
            &query,
            &body,
        ];
        Some(Key::new(
            &self.connection.cache_name,
            request.project(),
            noun,
            &asked,
        ))
    }

    async fn send_anew(&self, request: &Request) -> Result<Answer> {
        let url = self.url(request)?;
        if request.safety == Safety::Safe {
            return self
                .send_until_answered(request, &url)
                .await
                .map_err(Error::from);
        }
        if self.connection.dry_run {
            self.held_back.borrow_mut().push(describe(request, &url));
            return Err(Error::HeldBack);
        }
        let answer = self.send_until_answered(request, &url).await;
        // After a failure too: it may have happened all the same.
        self.forget(request).await;
        answer.map_err(Error::from)
    }

    async fn forget(&self, request: &Request) {
        let (Some(cache), name) = (&self.connection.cache, &self.connection.cache_name) else {
            return;
        };
        let forgotten = match request.forgets {
            Forgets::Noun(noun) => cache.forget(name, request.project(), noun).await,
            Forgets::Project => match cache.forget_project(name, request.project()).await {
                Ok(()) => cache.forget(name, None, Noun::Projects).await,
                Err(error) => Err(error),
            },
        };
        if let Err(reason) = forgotten {
            (self.connection.notice)(&Notice::NotForgotten { reason: &reason });
        }
    }

    /// Tries until there is an answer that says success, or no further try would help.
    async fn send_until_answered(
        &self,
        request: &Request,
        url: &reqwest::Url,
    ) -> Result<Answer, ApiError> {
        let mut waits = Waits::new(self.connection.retries);
        let host = name_of(url);
        let mut attempt = 1;
        loop {
            if !self
                .breakers
                .borrow_mut()
                .entry(host.clone())
                .or_default()
                .admits(Instant::now())
            {
                return Err(ApiError::new(
                    Code::CircuitOpen,
                    format!("{host} failed several times in a row, and is left alone for a while"),
                ));
            }
            let started = Instant::now();
            self.sent.set(self.sent.get() + 1);
            let tried = self.attempt(request, url).await;
            let outcome = match &tried {
                Ok(answer) => answer.status.to_string(),
                Err(failed) => failed.error.status.map_or_else(
                    || failed.error.code.to_string(),
                    |status| status.to_string(),
                ),
            };
            (self.connection.notice)(&Notice::Tried {
                request,
                outcome: &outcome,
                took: started.elapsed(),
                attempt,
            });
            let healthy = tried
                .as_ref()
                .map_or_else(Failed::is_of_the_request, |_| true);
            let resting = {
                let mut breakers = self.breakers.borrow_mut();
                let breaker = breakers.entry(host.clone()).or_default();
                breaker.note(healthy, Instant::now());
                breaker.is_open(Instant::now())
            };
            let failed = match tried {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let delay = waits
                .next(request.safety, failed.failure)
                .filter(|_| !resting);
            let Some(delay) = delay else {
                let error = ApiError {
                    permission: request.permission,
                    ..failed.error
                };
                return Err(if may_have_happened(request, failed.failure, &error) {
                    error.with_hint("it may have happened all the same: look before trying again")
                } else {
                    error
                });
            };
            attempt += 1;
            if delay >= retry::TOLD_FROM {
                (self.connection.notice)(&Notice::Waiting {
                    reason: &failed.error.message,
                    delay,
                    attempt,
                    attempts: self.connection.retries + 1,
                });
            }
            tokio::time::sleep(delay).await;
        }
    }

    async fn attempt(&self, request: &Request, url: &reqwest::Url) -> Result<Answer, Failed> {
        let http = self.http(url).map_err(|error| Failed {
            error,
            failure: Failure::Final,
        })?;
        let built = self.build(http, request, url);
        let response = built
            .send()
            .await
            .map_err(|error| self.not_answered(&error, url))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response
            .bytes()
            .await
            .map_err(|error| self.not_answered(&error, url))?;
        match status {
            200..=299 => Ok(Answer {
                status,
                headers,
                body,
            }),
            300..=399 => Err(Failed {
                error: redirected(status, &headers, url),
                failure: Failure::Final,
            }),
            _ => {
                let error = ApiError::from_answer(status, &body);
                let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
                let told = match error.status {
                    Some(429 | 503) => retry::told(
                        header("retry-after"),
                        header("x-ratelimit-reset"),
                        &error.message,
                        Timestamp::now(),
                    ),
                    _ => retry::told(header("retry-after"), None, "", Timestamp::now()),
                };
                let failure = Failure::Answered {
                    status: error.status.unwrap_or(status),
                    told,
                };
                let error = ApiError {
                    request_id: request_id(&headers, &body),
                    ..error
                };
                let error = match (error.code, told) {
                    (Code::RateLimited, Some(wait)) if !wait.is_zero() => error.with_hint(format!(
                        "the service asks to wait {} s before the next try",
                        wait.as_secs().max(1)
                    )),
                    _ => error,
                };
                Err(Failed { error, failure })
            }
        }
    }

    /// What a failure without a whole answer means.
    fn not_answered(&self, error: &reqwest::Error, url: &reqwest::Url) -> Failed {
        let timeout = self.connection.request_timeout;
        let host = name_of(url);
        let failed = |code, message: String, failure| Failed {
            error: ApiError::new(code, message),
            failure,
        };
        let cause = causes(error);
        if cause.contains("invalid peer certificate") {
            let issuer = self
                .refused
                .issuer()
                .map_or_else(String::new, |name| format!(", issued by {name},"));
            let error = ApiError::new(Code::Network, format!("the certificate of {host}{issuer} was not accepted: {cause}"))
            .with_hint("behind a proxy that inspects TLS, pass its certificate with `--ca-file` or SSL_CERT_FILE");
            return Failed {
                error,
                failure: Failure::Final,
            };
        }
        if error.is_timeout() && error.is_connect() {
            return failed(
                Code::Timeout,
                format!(
                    "no connection to {host} within {} s",
                    CONNECT_TIMEOUT.as_secs()
                ),
                Failure::NotConnected,
            );
        }
        if error.is_timeout() {
            return failed(
                Code::Timeout,
                format!("no answer from {host} within {} s", timeout.as_secs_f64()),
                Failure::Final,
            );
        }
        if error.is_connect() {
            let reason =
                if cause.contains("dns error") || cause.contains("failed to lookup address") {
                    "its name could not be resolved".to_owned()
                } else {
                    match io_kind(error) {
                        Some(ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
                        Some(ErrorKind::ConnectionReset) => "connection reset".to_owned(),
                        Some(ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable) => {
                            "no route to it".to_owned()
                        }
                        _ => cause,
                    }
                };
            return failed(
                Code::Network,
                format!("could not reach {host}: {reason}"),
                Failure::NotConnected,
            );
        }
        failed(
            Code::Network,
            format!("the connection to {host} broke before the answer was complete: {cause}"),
            Failure::Lost,
        )
    }

    fn build(
        &self,
        http: &reqwest::Client,
        request: &Request,
        url: &reqwest::Url,
    ) -> reqwest::RequestBuilder {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("application/json"));
        let secrets = match &request.host {
            Host::Management => vec![(
                "authorization",
                format!("Bearer {}", self.connection.token.expose_secret()),
            )],
            Host::Gateway { key, .. } => key.as_ref().map(ServiceKey::headers).unwrap_or_default(),
        };
        for (name, value) in secrets {
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        for (name, value) in &request.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                headers.insert(name, value);
            }
        }
        let built = http
            .request(method, url.clone())
            .timeout(self.connection.request_timeout);
        match &request.body {
            Body::None if matches!(request.method, Method::Post | Method::Put | Method::Patch) => {
                headers.insert("content-length", HeaderValue::from_static("0"));
                built.headers(headers)
            }
            Body::None => built.headers(headers),
            Body::Json(value) => {
                headers
                    .entry("content-type")
                    .or_insert(HeaderValue::from_static("application/json"));
                built.headers(headers).body(value.to_string())
            }
            Body::Bytes {
                content_type,
                bytes,
            } => {
                if let Some(Ok(content_type)) = content_type.as_deref().map(HeaderValue::from_str) {
                    headers.entry("content-type").or_insert(content_type);
                }
                built.headers(headers).body(bytes.clone())
            }
        }
    }

    /// The whole address of a request.
    fn url(&self, request: &Request) -> Result<reqwest::Url> {
        let base = match &request.host {
            Host::Management => self.connection.api_url.clone(),
            Host::Gateway { project, .. } => self
                .connection
                .project_url
                .replace("{ref}", project.as_str()),
        };
        let address = format!("{}{}", base.trim_end_matches('/'), request.path);
        let mut url = reqwest::Url::parse(&address)
            .map_err(|error| Error::invalid(format!("`{address}` is not an address: {error}")))?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok(url)
    }

    fn http(&self, url: &reqwest::Url) -> Result<&reqwest::Client, ApiError> {
        let near = is_loopback(url);
        let cell = if near { &self.near } else { &self.far };
        if let Some(http) = cell.get() {
            return Ok(http);
        }
        let tls = if near && url.scheme() == "http" {
            None
        } else {
            let extra = self.connection.extra_certificates.as_deref();
            Some(certificates::trust(extra, &self.refused)?)
        };
        let http = make_client(near, tls)?;
        Ok(cell.get_or_init(|| http))
    }
}

/// Whether a write that failed may have been done: the service got it, and did not refuse it.
fn may_have_happened(request: &Request, failure: Failure, error: &ApiError) -> bool {
    let unclear = match failure {
        Failure::Answered { status, .. } => status >= 500 && status != 540,
        Failure::Lost => true,
        Failure::Final => error.code == Code::Timeout,
        Failure::NotConnected => false,
    };
    unclear && request.safety == Safety::Unsafe
}

/// Builds a client. `near` ones pass no proxy; without `tls` they need no certificate, so none is read.
fn make_client(near: bool, tls: Option<rustls::ClientConfig>) -> Result<reqwest::Client, ApiError> {
    // A second client in one run finds the provider installed, which is what the error says.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("supactl/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::custom(stay_on_the_host));
    let builder = if near { builder.no_proxy() } else { builder };
    let builder = match tls {
        Some(tls) => builder.tls_backend_preconfigured(tls),
        None => builder.tls_certs_only(Vec::new()),
    };
    builder.build().map_err(|error| {
        ApiError::new(
            Code::Internal,
            format!("no HTTP client could be made: {}", causes(&error)),
        )
    })
}

/// A token goes to the host that it is meant for, whatever that host answers.
fn stay_on_the_host(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from = attempt.previous().first().map(|url| {
        (
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.port_or_known_default(),
        )
    });
    let to = (
        attempt.url().scheme().to_owned(),
        attempt.url().host_str().map(str::to_owned),
        attempt.url().port_or_known_default(),
    );
    if from == Some(to) && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn redirected(status: u16, headers: &HeaderMap, url: &reqwest::Url) -> ApiError {
    let target = headers
        .get("location")
        .and_then(|value| url.join(value.to_str().ok()?).ok())
        .and_then(|target| target.host_str().map(str::to_owned));
    let message = match target {
        Some(host) if Some(host.as_str()) != url.host_str() => {
            format!(
                "{} redirects to {host}, which is not followed: the token is not meant for that host",
                name_of(url)
            )
        }
        _ => format!("{} redirects in a way that is not followed", name_of(url)),
    };
    ApiError {
        status: Some(status),
        ..ApiError::new(Code::ApiError, message)
    }
}

/// Whether an address stays on this machine.
pub(crate) fn is_loopback(url: &reqwest::Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// How a host is called in messages.
fn name_of(url: &reqwest::Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => url.to_string(),
    }
}

/// The innermost reason: the outer ones only say that there was a request.
fn causes(error: &reqwest::Error) -> String {
    let chain: Vec<String> = sources(error).map(ToString::to_string).collect();
    match chain
        .iter()
        .find(|text| text.contains("dns error") || text.contains("invalid peer certificate"))
    {
        Some(telling) => telling.clone(),
        None => chain.last().cloned().unwrap_or_else(|| error.to_string()),
    }
}

/// What lies behind an error, from the outside in.
fn sources(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut at = error.source();
    std::iter::from_fn(move || {
        let here = at?;
        at = here.source();
        Some(here)
    })
}

fn io_kind(error: &reqwest::Error) -> Option<ErrorKind> {
    sources(error)
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
        .last()
}

/// What Supabase's support asks for: the request id of the answer, or the id of the error event.
fn request_id(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    ["x-request-id", "sb-request-id", "cf-ray"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok().map(str::to_owned))
        .or_else(|| {
            let body: Value = serde_json::from_slice(body).ok()?;
            ["/errorEventId", "/error/id"]
                .iter()
                .find_map(|pointer| body.pointer(pointer)?.as_str().map(str::to_owned))
        })
}

/// A held-back request as `--dry-run` shows it.
fn describe(request: &Request, url: &reqwest::Url) -> Value {
    let body = match &request.body {
        Body::None => Value::Null,
        Body::Json(value) => mask::json(value),
        Body::Bytes { bytes, .. } => match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => mask::json(&value),
            Err(_) => json!(format!("{} bytes", bytes.len())),
        },
    };
    json!({"method": request.method.as_str(), "url": url.as_str(), "body": body})
}
