//! A request from start to end: use what is cached, hold back (dry run), try until it is answered,
//! keep and forget.
//!
//! What may be repeated is decided in `retry`, how a try is made in `transport`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::answer::Answer;
use super::breaker::Breaker;
use super::cache::{Cache, Key, Noun};
use super::error::ApiError;
use super::ids::ProjectRef;
use super::logs::{self, Budget};
use super::mask;
use super::request::{Body, Forgets, Host, Request, Safety};
use super::retry::{self, Failure, Waits};
use super::transport::{Failed, Transport, name_of};
use crate::error::{Code, Error, Result};

/// What a request needs beside itself: where the hosts are, who asks, and how patiently.
pub(crate) struct Connection {
    /// The Management API, without a slash at the end.
    pub(crate) api_url: String,
    /// The project gateway, with `{ref}` where the project stands.
    pub(crate) project_url: String,
    /// How often a try is repeated.
    pub(crate) retries: u32,
    /// Hold back every write.
    pub(crate) dry_run: bool,
    /// Answers that are good for a while; `None` asks anew each time.
    pub(crate) cache: Option<Cache>,
    /// What cached answers are filed under: the addresses, or what stands for them where they change.
    pub(crate) cache_name: String,
    /// Who asks, as a hash: cached answers are told to nobody else.
    pub(crate) asker: String,
    /// What log queries are counted in; `None` where the service does not count them.
    pub(crate) log_budget: Option<Budget>,
    /// How a request is sent.
    pub(crate) transport: Transport,
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
    /// Nothing is sent for a while.
    Resting { reason: &'a str, delay: Duration },
    /// A cached answer was used instead of a request.
    Cached { request: &'a Request },
    /// Cached answers may be stale from now on, because they could not be removed.
    NotForgotten { reason: &'a std::io::Error },
    /// It is about to be sent, secrets masked.
    Sending {
        method: &'a str,
        url: &'a str,
        headers: &'a [(String, String)],
        body: &'a str,
    },
    /// It was answered, secrets masked.
    Answered {
        status: u16,
        headers: &'a [(String, String)],
        body: &'a str,
    },
    /// A try ended: with a status, or with the word for what went wrong.
    Tried {
        request: &'a Request,
        outcome: &'a str,
        took: Duration,
        attempt: u32,
    },
}

/// Sends requests. Makes its connections, and reads its certificates, at the first one.
pub(crate) struct Client {
    connection: Connection,
    breakers: RefCell<HashMap<String, Breaker>>,
    held_back: RefCell<Vec<Value>>,
    held_back_sql: RefCell<Vec<Value>>,
    /// Cached answers are not read from now on.
    fresh: Cell<bool>,
    /// A request was sent, and the age of the oldest cached answer that was used instead of one.
    sent: Cell<bool>,
    oldest: Cell<Option<Timestamp>>,
}

impl Client {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            breakers: RefCell::default(),
            held_back: RefCell::default(),
            held_back_sql: RefCell::default(),
            fresh: Cell::new(false),
            sent: Cell::new(false),
            oldest: Cell::new(None),
        }
    }

    /// Reads no cached answer from now on: what follows decides something.
    pub(crate) fn read_fresh(&self) {
        self.fresh.set(true);
    }

    /// When the oldest cached answer was asked for, in a run that sent nothing.
    pub(crate) fn cached_since(&self) -> Option<Timestamp> {
        self.oldest.get().filter(|_| !self.sent.get())
    }

    /// The address of the Management API.
    pub(crate) fn address(&self) -> &str {
        &self.connection.api_url
    }

    /// The writes that a dry run held back.
    pub(crate) fn held_back(&self) -> Vec<Value> {
        self.held_back.borrow().clone()
    }

    /// The statements among them, alone.
    pub(crate) fn held_back_sql(&self) -> Vec<Value> {
        self.held_back_sql.borrow().clone()
    }

    /// Sends a request, or answers it with the cached answer to an earlier one.
    ///
    /// # Errors
    /// [`Error::HeldBack`] for a write of a dry run: its description is kept, and nothing was sent.
    /// [`Error::Api`] for every other way of not getting an answer that says success.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer> {
        if let Some(answer) = self.cached(&request).await {
            return Ok(answer);
        }
        let filed = self.connection.cache.as_ref().zip(self.key(&request));
        let asked_at = filed.as_ref().map(|(cache, _)| cache.now());
        let answer = self.send_anew(&request).await?;
        let (Some((cache, key)), Some(asked_at)) = (filed, asked_at) else {
            return Ok(answer);
        };
        // Without its secrets, now as later: an answer must not depend on where it came from.
        let Ok(body) = serde_json::from_slice(&answer.body) else {
            return Ok(answer);
        };
        let failed = tells_failure(&body);
        let body = without_secrets(body);
        if !failed {
            cache.put(&key, asked_at, body.clone()).await;
        }
        Ok(Answer { body, ..answer })
    }

    /// Waits, and says so.
    pub(crate) async fn rest(&self, reason: &str, delay: Duration) {
        if delay >= retry::TOLD_FROM {
            self.connection
                .transport
                .tell(&Notice::Resting { reason, delay });
        }
        tokio::time::sleep(delay).await;
    }

    /// Waits until the minute's budget allows a log query.
    pub(crate) async fn wait_for_logs(&self, project: &ProjectRef) {
        let connection = &self.connection;
        let Some(budget) = &connection.log_budget else {
            return;
        };
        let name = logs::budget_name(&connection.cache_name, &connection.asker, project);
        // Without a file nobody counts, and the service says no where that is too much.
        if let Ok(delay) = budget.take(&name, Timestamp::now)
            && !delay.is_zero()
        {
            self.rest("Ten log queries a minute are allowed", delay)
                .await;
        }
    }

    /// Goes by the limit that an answer tells of.
    pub(crate) fn note_log_limit(&self, answer: &Answer) {
        let limit = answer
            .headers()
            .find(|(name, _)| *name == "x-ratelimit-limit");
        if let (Some(budget), Some((_, limit))) = (&self.connection.log_budget, limit) {
            budget.learn(&limit);
        }
    }

    /// How often a log query is sent again whose failure may pass, up to a number: never where
    /// nothing passes by chance.
    pub(crate) fn log_tries(&self, most: u32) -> u32 {
        match self.connection.log_budget {
            Some(_) => most.min(self.connection.retries),
            None => 0,
        }
    }

    /// Looks at a public document anywhere: its status, and its bytes unless there are more than `limit`.
    pub(crate) async fn look_at(
        &self,
        url: &reqwest::Url,
        limit: usize,
    ) -> Result<(u16, Option<Vec<u8>>), ApiError> {
        self.sent.set(true);
        self.connection.transport.look_at(url, limit).await
    }

    /// The cached answer, if it will do.
    pub(crate) async fn cached(&self, request: &Request) -> Option<Answer> {
        if self.fresh.get() {
            return None;
        }
        let cached = self
            .connection
            .cache
            .as_ref()?
            .get(&self.key(request)?)
            .await?;
        self.connection.transport.tell(&Notice::Cached { request });
        let oldest = self.oldest.get().map_or(cached.at, |at| at.min(cached.at));
        self.oldest.set(Some(oldest));
        Some(Answer {
            status: 200,
            headers: HeaderMap::new(),
            body: cached.body.clone(),
            rest: None,
            of_write: false,
        })
    }

    /// Something of ours that an earlier run cached about a project.
    pub(crate) fn note(&self, project: &str, noun: Noun) -> Option<Value> {
        let cached = self
            .connection
            .cache
            .as_ref()?
            .note(&self.key_of_note(project, noun))?;
        serde_json::from_slice(&cached.body).ok()
    }

    /// Keeps something of ours about a project for later runs.
    pub(crate) async fn keep_note(&self, project: &str, noun: Noun, note: Value) {
        if let Some(cache) = &self.connection.cache {
            let key = self.key_of_note(project, noun);
            cache.put(&key, cache.now(), note.to_string().into()).await;
        }
    }

    fn key_of_note(&self, project: &str, noun: Noun) -> Key {
        let asked = [self.connection.asker.as_str()];
        Key::new(&self.connection.cache_name, Some(project), noun, &asked)
    }

    fn key(&self, request: &Request) -> Option<Key> {
        let noun = request.keep?;
        let body = match &request.body {
            Body::Json(body) => body.to_string(),
            Body::None => String::new(),
            // What a statement finds is never cached.
            Body::Sql { .. } | Body::Bytes { .. } | Body::Form { .. } => return None,
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
            if let Body::Sql { shown, .. } = &request.body {
                self.held_back_sql.borrow_mut().push(shown["query"].clone());
            }
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
            Forgets::Nothing => Ok(()),
            Forgets::Noun(noun) => cache.forget(name, request.project(), noun).await,
            // What names no project may be about any.
            Forgets::Project if request.project().is_none() => cache.forget_host(name).await,
            Forgets::Project => match cache.forget_project(name, request.project()).await {
                Ok(()) => cache.forget(name, None, Noun::Projects).await,
                Err(error) => Err(error),
            },
        };
        if let Err(reason) = forgotten {
            self.connection
                .transport
                .tell(&Notice::NotForgotten { reason: &reason });
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
            self.sent.set(true);
            let tried = self.connection.transport.attempt(request, url).await;
            let outcome = match &tried {
                Ok(answer) => answer.status.to_string(),
                Err(failed) => failed.error.status.map_or_else(
                    || failed.error.code.to_string(),
                    |status| status.to_string(),
                ),
            };
            self.connection.transport.tell(&Notice::Tried {
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
                    error.unclear()
                } else {
                    error
                });
            };
            attempt += 1;
            if delay >= retry::TOLD_FROM {
                self.connection.transport.tell(&Notice::Waiting {
                    reason: &failed.error.message,
                    delay,
                    attempt,
                    attempts: self.connection.retries.saturating_add(1),
                });
            }
            tokio::time::sleep(delay).await;
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
        // Steps for whoever reads the address, however they are written.
        if request
            .path
            .split('/')
            .any(|part| matches!(part, "." | ".."))
        {
            return Err(Error::invalid("`.` and `..` are no names"));
        }
        let address = format!("{}{}", base.trim_end_matches('/'), request.path);
        let mut url = reqwest::Url::parse(&address)
            .map_err(|error| Error::invalid(format!("`{address}` is not an address: {error}")))?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok(url)
    }
}

/// Whether a success tells of a failure: in `error`, or with nothing in it but a message.
fn tells_failure(body: &Value) -> bool {
    const WORDS: [&str; 7] = [
        "message",
        "msg",
        "code",
        "error",
        "status",
        "statusCode",
        "error_code",
    ];
    let Some(body) = body.as_object() else {
        return false;
    };
    body.get("error").is_some_and(|error| !error.is_null())
        || (body.contains_key("message") || body.contains_key("msg"))
            && body.keys().all(|key| WORDS.contains(&key.as_str()))
}

fn without_secrets(mut json: Value) -> Bytes {
    mask::hide(&mut json);
    json.to_string().into()
}

/// Whether a write that failed may have been done: the service got it, and did not refuse it.
fn may_have_happened(request: &Request, failure: Failure, error: &ApiError) -> bool {
    let unclear = match failure {
        // What there is not, or what is paused, did nothing.
        Failure::Answered { status, .. } => {
            status >= 500 && status != 501 && status != 540 || status == 408
        }
        Failure::Lost => true,
        Failure::Final => error.code == Code::Timeout,
        Failure::NotConnected => false,
    };
    unclear && request.safety == Safety::Unsafe
}

/// A held-back request as `--dry-run` shows it.
fn describe(request: &Request, url: &reqwest::Url) -> Value {
    let body = match &request.body {
        Body::None => Value::Null,
        Body::Json(value) | Body::Sql { shown: value, .. } => mask::json(value),
        Body::Bytes { bytes, .. } => match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => mask::json(&value),
            Err(_) => json!(format!("{} bytes", bytes.len())),
        },
        Body::Form {
            settings: (name, settings),
            files,
        } => {
            let files: Vec<_> = files
                .iter()
                .map(|(path, bytes)| json!({"path": path, "size_bytes": bytes.len()}))
                .collect();
            json!({*name: mask::json(settings), "files": files})
        }
    };
    json!({"method": request.method.as_str(), "url": url.as_str(), "body": body})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_may_tell_of_a_failure() {
        for failure in [
            json!({"error": "no"}),
            json!({"error": {"message": "no"}, "result": []}),
            json!({"message": "no"}),
            json!({"msg": "no", "code": 500}),
            json!({"message": "no", "statusCode": "404", "error_code": "x", "status": 1}),
        ] {
            assert!(tells_failure(&failure), "{failure}");
        }
        for success in [
            json!({}),
            json!([]),
            json!("no"),
            json!([{"error": "of a row"}]),
            json!({"error": null, "result": []}),
            json!({"error": null}),
            json!({"message": "of a commit", "id": 1}),
            json!({"msg": "x", "name": "y"}),
            json!({"code": "x", "status": "ACTIVE"}),
        ] {
            assert!(!tells_failure(&success), "{success}");
        }
    }
}
