//! One try of a request: build it, send it, and say what came of it.
//!
//! The only place that knows how the HTTP library is set up.

use std::cell::OnceCell;
use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::answer::{Answer, Rest, request_id};
use super::certificates::{self, Refused};
use super::client::Notice;
use super::error::ApiError;
use super::keys::ServiceKey;
use super::mask;
use super::redirect;
use super::request::{Body, Host, Method, Reading, Request, Safety};
use super::retry::{self, Failure};
use super::shown;
use crate::error::Code;

/// How long a connection may take to be made. Longer than any route that works.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The status of a project that is paused.
const PAUSED: u16 = 540;

/// A try that failed: what it means for people, and what for trying again.
pub(super) struct Failed {
    pub(super) error: ApiError,
    pub(super) failure: Failure,
}

impl Failed {
    /// Whether the host did its work and refused this one request.
    pub(super) fn is_of_the_request(&self) -> bool {
        match self.failure {
            Failure::Answered { status, .. } => status < 500 || status == 540,
            Failure::NotConnected | Failure::Lost => false,
            Failure::Final => self.error.code != Code::Timeout,
        }
    }
}

/// Whom to tell what is going on.
pub(crate) type Listener = Box<dyn Fn(&Notice<'_>)>;

/// Sends requests. Makes its connections, and reads its certificates, at the first one.
pub(crate) struct Transport {
    token: SecretString,
    request_timeout: Duration,
    extra_certificates: Option<Vec<u8>>,
    details: bool,
    listener: Listener,
    /// For loopback addresses: no proxy, and no certificate is read for plain HTTP.
    near: OnceCell<reqwest::Client>,
    /// For everything else.
    far: OnceCell<reqwest::Client>,
    /// Whose certificate was turned down.
    refused: Refused,
}

impl Transport {
    /// A transport for one person: only the Management API sees the token, and a try may take as
    /// long as `request_timeout`.
    pub(crate) fn new(token: SecretString, request_timeout: Duration, listener: Listener) -> Self {
        Self {
            token,
            request_timeout,
            extra_certificates: None,
            details: false,
            listener,
            near: OnceCell::new(),
            far: OnceCell::new(),
            refused: Refused::default(),
        }
    }

    /// Trusts the certificates of a PEM file besides the system's.
    pub(crate) fn trusting(self, extra_certificates: Option<Vec<u8>>) -> Self {
        Self {
            extra_certificates,
            ..self
        }
    }

    /// Tells headers and bodies too.
    pub(crate) fn telling_details(self, details: bool) -> Self {
        Self { details, ..self }
    }

    /// Tells whoever listens.
    pub(super) fn tell(&self, notice: &Notice<'_>) {
        (self.listener)(notice);
    }

    /// Tries once.
    pub(super) async fn attempt(
        &self,
        request: &Request,
        url: &reqwest::Url,
    ) -> Result<Answer, Failed> {
        let http = self.http(url).map_err(|error| Failed {
            error,
            failure: Failure::Final,
        })?;
        if self.details {
            self.tell_sending(request, url);
        }
        let mut response = self.once(http, request, url).await?;
        for _ in 0..redirect::MOST {
            let Some(target) = redirect::onward(&response, request, url) else {
                break;
            };
            response = self.once(http, request, &target).await?;
        }
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let comes_on = match request.reading {
            Reading::Whole => false,
            Reading::AsItComes => response.status().is_success(),
            Reading::WhateverItSays => status != PAUSED,
        };
        let of_write = request.safety == Safety::Unsafe;
        if comes_on {
            self.tell_answered(status, &headers, || "(read as it comes)".to_owned());
            let rest = Rest {
                response,
                patience: self.request_timeout,
                host: name_of(url),
            };
            return Ok(Answer {
                status,
                headers,
                body: Bytes::new(),
                rest: Some(rest),
                of_write,
            });
        }
        let body = response.bytes().await.map_err(|error| {
            self.not_answered(&error, url, self.request_timeout.max(request.at_least))
        })?;
        self.tell_answered(status, &headers, || shown::answer(request, status, &body));
        match status {
            200..=299 => Ok(Answer {
                status,
                headers,
                body,
                rest: None,
                of_write,
            }),
            300..=399 => Err(Failed {
                error: redirect::refused(status, &headers, url),
                failure: Failure::Final,
            }),
            _ => {
                let error = self.without_secrets(ApiError::from_answer(status, &body), request);
                let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
                let told = match error.status {
                    Some(status @ (429 | 503)) => retry::told(
                        header("retry-after"),
                        // It stands on every answer, and says something only at the limit.
                        header("x-ratelimit-reset").filter(|_| {
                            status == 429 || header("x-ratelimit-remaining") == Some("0")
                        }),
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
                let by_key = matches!(request.host, Host::Gateway { .. });
                let error = match (error.code, told) {
                    (Code::Unauthorized, _) if by_key => error.with_hint(
                        "the key may have been revoked or mistyped; `supactl api-keys list` shows the project's keys, \
                         and `--service-key` and SUPABASE_AUTH_SERVICE_ROLE_KEY give another",
                    ),
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

    async fn once(
        &self,
        http: &reqwest::Client,
        request: &Request,
        url: &reqwest::Url,
    ) -> Result<reqwest::Response, Failed> {
        let sending = self.build(http, request, url);
        if request.reading == Reading::Whole {
            let patience = self.request_timeout.max(request.at_least);
            let sent = sending.timeout(patience).send().await;
            return sent.map_err(|error| self.not_answered(&error, url, patience));
        }
        // The limit is for the head: the body may go on for as long as it says something.
        match tokio::time::timeout(self.request_timeout, sending.send()).await {
            Ok(sent) => sent.map_err(|error| self.not_answered(&error, url, self.request_timeout)),
            Err(_) => Err(Failed {
                error: no_answer(url, self.request_timeout),
                failure: Failure::Final,
            }),
        }
    }

    /// A failure of the service in words that give no secret back: some of its messages repeat what
    /// they were sent.
    fn without_secrets(&self, error: ApiError, request: &Request) -> ApiError {
        let key = match &request.host {
            Host::Management => None,
            Host::Gateway { key, .. } => key.as_ref().map(ServiceKey::exposed),
        };
        let bytes = match &request.body {
            Body::Bytes { bytes, .. } => serde_json::from_slice(bytes).unwrap_or_default(),
            _ => Value::Null,
        };
        let sent = match &request.body {
            Body::Json(body)
            | Body::Form {
                settings: (_, body),
                ..
            } => mask::secrets(body),
            Body::Bytes { .. } => mask::secrets(&bytes),
            Body::None | Body::Sql { .. } => Vec::new(),
        };
        let hidden = |mut text: String| {
            let known = [Some(self.token.expose_secret()), key];
            for secret in known.into_iter().flatten().chain(sent.iter().copied()) {
                // As it is, and as JSON repeats it.
                let written = Value::from(secret).to_string();
                for form in [secret, written.trim_matches('"')] {
                    if !form.is_empty() {
                        text = text.replace(form, mask::MASK);
                    }
                }
            }
            text
        };
        ApiError {
            message: hidden(error.message),
            details: error.details.map(|details| {
                serde_json::from_str(&hidden(details.to_string())).unwrap_or(Value::Null)
            }),
            ..error
        }
    }

    /// Looks at a public document: without a secret, without following a redirect, and without reading
    /// more than `limit` bytes.
    pub(super) async fn look_at(
        &self,
        url: &reqwest::Url,
        limit: usize,
    ) -> Result<(u16, Option<Vec<u8>>), ApiError> {
        let request = self.http(url)?.get(url.clone());
        let request = request.header("accept", "application/json");
        let told =
            |error: reqwest::Error| self.not_answered(&error, url, self.request_timeout).error;
        let mut response = request
            .timeout(self.request_timeout)
            .send()
            .await
            .map_err(told)?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            if bytes.len() + chunk.len() > limit {
                return Ok((status, None));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((status, Some(bytes)))
    }

    /// What a failure without a whole answer means.
    fn not_answered(
        &self,
        error: &reqwest::Error,
        url: &reqwest::Url,
        patience: Duration,
    ) -> Failed {
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
            return Failed {
                error: no_answer(url, patience),
                failure: Failure::Final,
            };
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
        let secrets = self.secret_headers(request);
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
        let built = http.request(method, url.clone());
        match &request.body {
            Body::None if matches!(request.method, Method::Post | Method::Put | Method::Patch) => {
                headers.insert("content-length", HeaderValue::from_static("0"));
                built.headers(headers)
            }
            Body::None => built.headers(headers),
            Body::Json(value) | Body::Sql { body: value, .. } => {
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
            Body::Form {
                settings: (name, settings),
                files,
            } => {
                let form = reqwest::multipart::Form::new().text(*name, settings.to_string());
                let form = files.iter().fold(form, |form, (path, bytes)| {
                    let length = bytes.len() as u64;
                    let part = reqwest::multipart::Part::stream_with_length(bytes.clone(), length);
                    form.part("file", part.file_name(path.clone()))
                });
                built.headers(headers).multipart(form)
            }
        }
    }

    /// The headers that say who asks.
    fn secret_headers(&self, request: &Request) -> Vec<(&'static str, String)> {
        match &request.host {
            Host::Management => {
                vec![(
                    "authorization",
                    format!("Bearer {}", self.token.expose_secret()),
                )]
            }
            Host::Gateway { key, .. } => key.as_ref().map(ServiceKey::headers).unwrap_or_default(),
        }
    }

    fn tell_answered(&self, status: u16, headers: &HeaderMap, body: impl FnOnce() -> String) {
        if self.details {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes()));
            self.tell(&Notice::Answered {
                status,
                headers: &shown::headers(headers),
                body: &body(),
            });
        }
    }

    fn tell_sending(&self, request: &Request, url: &reqwest::Url) {
        let secret = self.secret_headers(request);
        let own = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        let headers = shown::headers(
            secret
                .iter()
                .map(|(name, value)| (*name, value.as_bytes()))
                .chain(own),
        );
        let body = shown::body_of(request);
        let method = request.method.as_str();
        self.tell(&Notice::Sending {
            method,
            url: url.as_str(),
            headers: &headers,
            body: &body,
        });
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
            let extra = self.extra_certificates.as_deref();
            Some(certificates::trust(extra, &self.refused)?)
        };
        let http = make_client(near, tls)?;
        Ok(cell.get_or_init(|| http))
    }
}

/// Builds a client. `near` ones pass no proxy; without `tls` they need no certificate, so none is read.
fn make_client(near: bool, tls: Option<rustls::ClientConfig>) -> Result<reqwest::Client, ApiError> {
    // A second client in one run finds the provider installed, which is what the error says.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("supactl/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none());
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

/// The host and the port of an address.
pub(crate) fn host_and_port(address: &str) -> Option<(String, u16)> {
    let url = reqwest::Url::parse(address).ok()?;
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

/// How a host is called in messages.
pub(super) fn name_of(url: &reqwest::Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => url.to_string(),
    }
}

fn no_answer(url: &reqwest::Url, patience: Duration) -> ApiError {
    let (host, patience) = (name_of(url), patience.as_secs_f64());
    ApiError::new(
        Code::Timeout,
        format!("no answer from {host} within {patience} s"),
    )
}

/// The innermost reason: the outer ones only say that there was a request.
fn causes(error: &reqwest::Error) -> String {
    let chain: Vec<String> = sources(error).map(ToString::to_string).collect();
    // On some systems what is further in says it in words of their own.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_refuses_one_request_has_done_its_work() {
        let of_the_request = |failure: Failure, code: Code| {
            let error = ApiError::new(code, "no");
            Failed { error, failure }.is_of_the_request()
        };
        for (status, expected) in [
            (404, true),
            (499, true),
            (500, false),
            (503, false),
            (540, true),
        ] {
            let answered = Failure::Answered { status, told: None };
            assert_eq!(
                of_the_request(answered, Code::ApiError),
                expected,
                "{status}"
            );
        }
        assert!(!of_the_request(Failure::Lost, Code::Network));
        assert!(!of_the_request(Failure::NotConnected, Code::Network));
        assert!(!of_the_request(Failure::Final, Code::Timeout));
        assert!(of_the_request(Failure::Final, Code::ApiError));
    }
}
