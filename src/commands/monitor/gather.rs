//! Asks the sources of figures, all at once, and makes one object of what they told.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::figures::{self, Figure, Group, Inputs, Source};
use super::pair::Pair;
use super::scrapes::Scrapes;
use crate::api::logs::{Range, Window, window};
use crate::api::{Api, ApiError, Object, ProjectRef, Scrape, Traffic};
use crate::app::App;
use crate::error::{Code, Error, Result};

/// What is looked at.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) groups: Vec<Group>,
    pub(super) period: Duration,
    /// The name that the usage endpoint has for the period.
    pub(super) interval: &'static str,
}

/// The longest period that the logs answer for.
const LOGS_PERIOD: Duration = Duration::from_hours(24);

impl Asked {
    /// Whether a source has figures of the groups that are wanted.
    pub(super) fn needs(&self, source: Source) -> bool {
        let logs = matches!(
            source,
            Source::Gateway | Source::Services | Source::Functions
        );
        if logs && !self.logs_answer() {
            return false;
        }
        self.groups.iter().any(|group| {
            let own = figures::of(*group).any(|figure| figure.source == source);
            // Counts come from the logs too, which know all services.
            own || (source == Source::Usage && *group == Group::Api)
        })
    }

    fn logs_answer(&self) -> bool {
        self.period <= LOGS_PERIOD
    }
}

/// What a source told, and when.
#[derive(Debug)]
struct Told<T> {
    /// Its last answer, which stays when it fails later.
    answer: Option<T>,
    /// Why the last try failed.
    failed: Option<Error>,
    at: Option<Timestamp>,
}

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self {
            answer: None,
            failed: None,
            at: None,
        }
    }
}

impl<T> Told<T> {
    fn take(&mut self, answer: Option<Result<T>>, now: Timestamp) {
        match answer {
            None => {}
            Some(Ok(answer)) => {
                *self = Self {
                    answer: Some(answer),
                    failed: None,
                    at: Some(now),
                };
            }
            Some(Err(error)) => self.failed = Some(error),
        }
    }
}

/// What all sources told so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    scrape: Told<()>,
    scrapes: Scrapes,
    usage: Told<Vec<Object>>,
    gateway: Told<Vec<Object>>,
    services: Told<Vec<Object>>,
    functions: Told<Vec<Object>>,
    database: Told<Object>,
}

impl Gathered {
    /// Asks these sources, as far as they are needed.
    pub(super) async fn ask(
        &mut self,
        app: &App,
        project: &ProjectRef,
        asked: &Asked,
        sources: &[Source],
    ) -> Result<()> {
        let api = app.api()?;
        let due = |source: Source| asked.needs(source) && sources.contains(&source);
        if self.scrapes.are_new() {
            self.scrapes = Scrapes::read(api.kept_scrapes(project).as_ref());
        }
        let now = app.now()?;
        let (scrape, usage, (gateway, services, functions), database) = join!(
            if_due(due(Source::Scrape), scrape(api, project)),
            if_due(
                due(Source::Usage),
                api.usage_counts(project, asked.interval)
            ),
            of_logs(
                api,
                project,
                logs_window(asked, now),
                [
                    due(Source::Gateway),
                    due(Source::Services),
                    due(Source::Functions),
                ]
            ),
            if_due(due(Source::Database), api.database_figures(project)),
        );
        // Waiting for an answer takes time, also in the sandbox.
        let now = app.now()?;
        match scrape {
            Some(Ok(text)) => {
                self.scrapes.add(text, now);
                api.keep_scrapes(project, self.scrapes.kept()).await;
                self.scrape.take(Some(Ok(())), now);
            }
            other => self.scrape.take(other.map(|other| other.map(drop)), now),
        }
        self.usage.take(usage, now);
        self.gateway.take(gateway, now);
        self.services.take(services, now);
        self.functions.take(functions, now);
        self.database.take(database, now);
        Ok(())
    }

    /// The first failure, where no source that was asked told anything.
    pub(super) fn take_failure_of_all(&mut self) -> Option<Error> {
        let told = self.scrape.answer.is_some()
            || self.usage.answer.is_some()
            || self.gateway.answer.is_some()
            || self.services.answer.is_some()
            || self.functions.answer.is_some()
            || self.database.answer.is_some();
        if told {
            return None;
        }
        Source::ALL
            .iter()
            .find_map(|source| self.failure(*source).take())
    }

    fn failure(&mut self, source: Source) -> &mut Option<Error> {
        match source {
            Source::Scrape => &mut self.scrape.failed,
            Source::Usage => &mut self.usage.failed,
            Source::Gateway => &mut self.gateway.failed,
            Source::Services => &mut self.services.failed,
            Source::Functions => &mut self.functions.failed,
            Source::Database => &mut self.database.failed,
        }
    }

    /// Why a source has nothing to tell.
    fn failed(&self, source: Source) -> Option<&Error> {
        match source {
            Source::Scrape => self.scrape.failed.as_ref(),
            Source::Usage => self.usage.failed.as_ref(),
            Source::Gateway => self.gateway.failed.as_ref(),
            Source::Services => self.services.failed.as_ref(),
            Source::Functions => self.functions.failed.as_ref(),
            Source::Database => self.database.failed.as_ref(),
        }
    }

    /// The code of the failure that keeps a figure from being told.
    pub(super) fn code(&self, figure: &Figure) -> Code {
        self.failed(figure.source)
            .map_or(Code::CheckFailed, Error::code)
    }

    /// Whether there is a scrape to compare the last one to.
    pub(super) fn has_pair(&self) -> bool {
        self.scrapes.before().is_some()
    }

    /// When the last scrape was measured, in seconds since 1970.
    pub(super) fn measured_at(&self) -> f64 {
        self.scrapes.time()
    }

    /// Whether a scrape came at all.
    pub(super) fn has_scrape(&self) -> bool {
        self.scrape.answer.is_some()
    }

    /// The value of a figure, if it is known.
    pub(super) fn value(&self, figure: &Figure) -> Option<f64> {
        self.with_inputs(|inputs| (figure.value)(inputs))
    }

    fn with_inputs<T>(&self, work: impl FnOnce(&Inputs<'_>) -> T) -> T {
        let now = Scrape::read(self.scrapes.last());
        let before = self.scrapes.before();
        let earlier = Scrape::read(before.map_or("", |before| before.0));
        let pair = self.scrape.answer.as_ref().map(|()| {
            let pair = Pair::new(&now);
            before.map_or(pair, |(_, seconds)| pair.since(&earlier, seconds))
        });
        let first = |told: &'_ Told<Vec<Object>>| {
            told.answer
                .as_ref()
                .map(|rows| rows.first().cloned().unwrap_or_default())
        };
        let (gateway, functions) = (first(&self.gateway), first(&self.functions));
        work(&Inputs {
            pair,
            usage: self.usage.answer.as_deref(),
            gateway: gateway.as_ref(),
            services: self.services.answer.as_deref(),
            functions: functions.as_ref(),
            database: self.database.answer.as_ref(),
        })
    }

    /// The `data` of a reply: a group each, then what could not be had.
    pub(super) fn data(&self, asked: &Asked, now: Timestamp) -> Object {
        self.with_inputs(|inputs| {
            let mut data = Object::new();
            let mut unavailable = Vec::new();
            for group in &asked.groups {
                let told = self.group(*group, inputs, asked, now);
                for reason in self.missing(*group, &told, inputs, asked) {
                    unavailable.push(json!({"group": group.as_str(), "reason": reason}));
                }
                data.insert(group.as_str().to_owned(), Value::Object(told));
            }
            data.insert("unavailable".to_owned(), Value::Array(unavailable));
            data
        })
    }

    fn group(&self, group: Group, inputs: &Inputs<'_>, asked: &Asked, now: Timestamp) -> Object {
        let mut told = Object::new();
        for figure in figures::of(group) {
            let value = (figure.value)(inputs).map_or(Value::Null, figures::told);
            told.insert(figure.key.to_owned(), value);
        }
        // The source that is asked less often, where there are two.
        let at = match group {
            Group::Api => self.gateway.at.or(self.usage.at),
            Group::Functions => self.functions.at,
            Group::Database => self.scrape.at.or(self.database.at),
            _ => self.scrape.at,
        };
        if group == Group::Api {
            let mut buckets: Vec<&Object> = inputs.usage.into_iter().flatten().collect();
            buckets.sort_by_key(|row| {
                row.get("timestamp")
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            });
            let requests = buckets
                .iter()
                .map(|row| figures::told(figures::requests_in(row)));
            told.insert("requests_per_bucket".to_owned(), requests.collect());
        }
        if matches!(group, Group::Api | Group::Functions) {
            told.insert("period_s".to_owned(), json!(asked.period.as_secs()));
        }
        let rates = figures::of(group).any(|figure| figure.is_rate);
        if rates {
            let over = inputs.pair.and_then(|pair| pair.seconds());
            told.insert(
                "rates_over_s".to_owned(),
                over.map_or(Value::Null, figures::told),
            );
        }
        let age = at.map(|at| now.duration_since(at).as_secs().max(0));
        told.insert("age_s".to_owned(), json!(age));
        told
    }

    /// Why figures of a group are not known.
    fn missing(
        &self,
        group: Group,
        told: &Object,
        inputs: &Inputs<'_>,
        asked: &Asked,
    ) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        let mut say = |reason: String| {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        };
        let absent = |figure: &&Figure| told.get(figure.key).is_none_or(Value::is_null);
        for source in Source::ALL {
            let concerned = figures::of(group).any(|figure| figure.source == source);
            if let Some(error) = self
                .failed(source)
                .filter(|_| concerned && asked.needs(source))
            {
                say(error.to_string());
            }
        }
        let logs = figures::of(group)
            .any(|figure| matches!(figure.source, Source::Gateway | Source::Functions));
        if logs && !asked.logs_answer() {
            say("errors and latency come from the logs, which answer for a day at most".to_owned());
        }
        let rates = figures::of(group)
            .filter(|figure| figure.is_rate)
            .any(|figure| absent(&figure));
        if rates && inputs.pair.is_some() {
            if !self.has_pair() {
                say("rates take a second sample, which comes a minute after the first: run it again, or pass `--sample 60s`".to_owned());
            } else if self.scrapes.were_reset() {
                say("a counter was reset between the samples".to_owned());
            }
        }
        if reasons.is_empty() && figures::of(group).all(|figure| absent(&figure)) {
            reasons.push("the service has no such figures of this project".to_owned());
        }
        reasons
    }
}

/// The text of the Management API, else that of the project itself.
pub(super) async fn scrape(api: &Api, project: &ProjectRef) -> Result<String> {
    let first = match api.scrape(project).await {
        Ok(text) => return with_numbers(text),
        Err(error) => error,
    };
    // Where nobody can be reached, or not yet again, another address does not help.
    if matches!(
        first.code(),
        Code::Network | Code::Timeout | Code::CircuitOpen | Code::RateLimited | Code::Unauthorized
    ) {
        return Err(first);
    }
    match api.scrape_project(project).await {
        Ok(text) => with_numbers(text),
        Err(_) => Err(first),
    }
}

fn with_numbers(text: String) -> Result<String> {
    let scrape = Scrape::read(&text);
    if scrape.is_empty() {
        let message = match scrape.odd() {
            0 => "the answer has no metrics in it".to_owned(),
            lines => {
                format!("the answer has no metrics in it, but {lines} lines of something else")
            }
        };
        return Err(ApiError::new(Code::MalformedResponse, message).into());
    }
    Ok(text)
}

fn logs_window(asked: &Asked, now: Timestamp) -> Window {
    let back = SignedDuration::try_from(asked.period).unwrap_or(SignedDuration::ZERO);
    let range = Range {
        since: now.saturating_sub(back).unwrap_or(now),
        until: None,
        now,
    };
    window::last_piece(range.window(), window::LONGEST)
}

type Answers = Option<Result<Vec<Object>>>;

/// One after the other: the service takes ten questions a minute, and none at the same time.
fn of_logs<'a>(
    api: &'a Api,
    project: &'a ProjectRef,
    window: Window,
    due: [bool; 3],
) -> LocalBoxFuture<'a, (Answers, Answers, Answers)> {
    let ask = move |due: bool, what: Traffic| if_due(due, api.traffic(project, what, window));
    Box::pin(async move {
        (
            ask(due[0], Traffic::Gateway).await,
            ask(due[1], Traffic::GatewayByService).await,
            ask(due[2], Traffic::Functions).await,
        )
    })
}

/// On the heap: together they would make a large future of every command.
fn if_due<'a, T>(
    due: bool,
    asking: impl Future<Output = Result<T>> + 'a,
) -> LocalBoxFuture<'a, Option<Result<T>>> {
    Box::pin(async move { if due { Some(asking.await) } else { None } })
}
