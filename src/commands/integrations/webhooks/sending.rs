//! Sends what a webhook would, and sees what becomes of it.

use std::time::{Duration, Instant};

use clap::Args;

use super::DELIVERIES;
use crate::api::webhooks::{Delivery, DeliverySearch, Event, Image, Status, Trigger, Worker};
use crate::api::{Api, ApiError, ProjectRef, Record};
use crate::app::App;
use crate::cli::duration;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// The first wait between two looks. Most receivers answer within it.
const LOOK: Duration = Duration::from_millis(250);

/// The longest: the service allows two looks a second for a minute.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// The first wait before something is sent once more; each further one is twice as long.
const BACK_OFF: Duration = Duration::from_secs(1);

/// The longest of these waits.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// Most times that something is sent once more: a quarter of an hour.
const RETRIES: i64 = 20;

/// Flags of what sends.
#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// Event that the request tells of; by default `update`, if the webhook has that
    #[arg(long, value_enum)]
    event: Option<Event>,

    /// Send once more, up to so many times, while it fails
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=RETRIES),
        conflicts_with = "no_wait"
    )]
    pub(super) retry: u32,

    /// Longest time to wait for an outcome
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    timeout: Duration,

    /// Do not wait for an outcome
    #[arg(long)]
    no_wait: bool,
}

impl SendArgs {
    /// Sends, waits, and sends again while it fails.
    pub(super) async fn send(
        &self,
        app: &App,
        project: &ProjectRef,
        hook: &Trigger,
        image: &Image,
    ) -> Result<Reply> {
        let api = app.api()?;
        let event = self.event.unwrap_or_else(|| hook.usual_event());
        let mut sent = Vec::new();
        let mut delay = BACK_OFF;
        for attempt in 0..=self.retry {
            let ids = api.send_webhook(project, hook, event, image).await?;
            if ids.is_empty() {
                let message = format!(
                    "webhook `{}` sent nothing: it or the row is gone",
                    hook.name
                );
                return Err(ApiError::new(Code::Conflict, message).into());
            }
            let wait = if self.no_wait {
                Duration::ZERO
            } else {
                self.timeout
            };
            let outcome = outcome(app, api, project, &ids, wait).await?;
            let failed = outcome.iter().any(|delivery| !delivery.is(Status::Success));
            sent.splice(0..0, outcome);
            if !failed || attempt == self.retry {
                break;
            }
            app.say(&format!(
                "{}; sending again in {} s, time {} of {}",
                told(&sent[0]),
                delay.as_secs(),
                attempt + 1,
                self.retry
            ));
            app.pause(delay)
                .await
                .map_err(|error| Error::file("the sandbox's clock", error))?;
            delay = longer(delay);
        }
        if self.no_wait {
            let reply = Reply::list(sent, DELIVERIES);
            return Ok(reply.with_message("Queued; `deliveries` shows what becomes of it"));
        }
        Ok(reply(sent, self.retry))
    }
}

/// The wait after one of this length.
fn longer(delay: Duration) -> Duration {
    (delay * 2).min(LONGEST_BACK_OFF)
}

/// Looks until nothing is pending any more.
async fn outcome(
    app: &App,
    api: &Api,
    project: &ProjectRef,
    ids: &[i64],
    limit: Duration,
) -> Result<Vec<Delivery>> {
    let search = DeliverySearch {
        ids: ids.to_vec(),
        limit: u32::try_from(ids.len()).unwrap_or(u32::MAX),
        ..DeliverySearch::default()
    };
    let spinner = app.terminal().spinner("Waiting for the answer");
    let started = Instant::now();
    let mut pause = LOOK;
    loop {
        let deliveries = api.deliveries(project, &search).await?;
        let pending = deliveries
            .iter()
            .any(|delivery| delivery.is(Status::Pending))
            || missing(ids, &deliveries);
        if !pending || limit.is_zero() {
            spinner.finish_and_clear();
            return Ok(deliveries);
        }
        if started.elapsed() + pause > limit {
            spinner.finish_and_clear();
            let message = format!("still not sent after {} s", limit.as_secs());
            let hint = match api.webhook_worker(project).await? {
                Worker::Down => WORKER_DOWN,
                Worker::Up | Worker::Hidden => {
                    "it stays queued: `supactl integrations webhooks deliveries` shows what becomes of it"
                }
            };
            return Err(ApiError::new(Code::Timeout, message).with_hint(hint).into());
        }
        // A receiver needs real time, in the sandbox too.
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_LOOK);
    }
}

/// Whether some of what was sent is not told of. A copy of the database may lag behind.
fn missing(ids: &[i64], deliveries: &[Delivery]) -> bool {
    ids.iter()
        .any(|id| !deliveries.iter().any(|delivery| delivery.id() == *id))
}

/// What to do where nobody sends.
pub(super) const WORKER_DOWN: &str = "pg_net's worker is not running: `supactl db query --write 'select net.worker_restart()'` starts it again";

/// What became of a delivery, in words.
fn told(delivery: &Delivery) -> String {
    let code = delivery
        .object()
        .get("status_code")
        .and_then(serde_json::Value::as_u64);
    match (delivery.text("status"), code) {
        (Some("failed"), Some(code)) => format!("The receiver answered {code}"),
        (Some("timeout"), _) => "The receiver did not answer in time".to_owned(),
        (Some("error"), _) => format!(
            "It could not be sent: {}",
            delivery.text("error").unwrap_or("for an unknown reason")
        ),
        (Some(status), _) => format!("The delivery is {status}"),
        (None, _) => "What became of the delivery is unknown".to_owned(),
    }
}

/// Deliveries, the newest first, and how to call what became of them.
fn reply(sent: Vec<Delivery>, retries: u32) -> Reply {
    // Whatever came before, the last try decides.
    let last = if retries > 0 {
        &sent[..sent.len().min(1)]
    } else {
        &sent
    };
    let failed: Vec<&Delivery> = last
        .iter()
        .filter(|delivery| !delivery.is(Status::Success))
        .collect();
    let verdict = match (failed.first(), last.len()) {
        (None, _) => None,
        (Some(one), 1) => {
            let told = told(one);
            let first = told
                .chars()
                .next()
                .map(|one| one.to_lowercase().to_string());
            let message = format!(
                "{}{}",
                first.unwrap_or_default(),
                told.get(1..).unwrap_or_default()
            );
            Some(Error::verdict(Code::CheckFailed, message))
        }
        (Some(_), all) if failed.len() == all => Some(Error::verdict(
            Code::CheckFailed,
            format!("all {all} deliveries failed"),
        )),
        (Some(_), all) => Some(Error::verdict(
            Code::PartialFailure,
            format!("{} of {all} deliveries failed", failed.len()),
        )),
    };
    let count = sent.len();
    let reply = Reply::list(sent, DELIVERIES);
    match verdict {
        Some(error) => reply.with_verdict(error),
        None if count == 1 => reply.with_message("Delivered"),
        None if retries > 0 => reply.with_message(format!("Delivered at try {count}")),
        None => reply.with_message(format!("Delivered all {count}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn waits_grow_to_a_minute() {
        let mut delay = BACK_OFF;
        for _ in 0..100 {
            delay = longer(delay);
        }
        assert_eq!(longer(BACK_OFF), Duration::from_secs(2));
        assert_eq!(delay, LONGEST_BACK_OFF);
    }

    #[test]
    fn what_is_not_told_of_is_not_delivered() {
        let told = [Delivery::read(json!({"id": 7, "status": "success"}))];
        assert!(!missing(&[7], &told));
        assert!(missing(&[7, 8], &told) && missing(&[7], &[]));
    }
}
