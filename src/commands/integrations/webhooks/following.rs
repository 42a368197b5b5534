//! `deliveries --follow`: what becomes of requests, as it becomes known.

use std::collections::BTreeSet;
use std::time::Duration;

use super::DELIVERIES;
use super::sending::WORKER_DOWN;
use crate::api::webhooks::{Delivery, DeliverySearch, Status, Worker};
use crate::api::{Object, ProjectRef};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::{Output, Reader, Reply, Sink, Stream};

/// How long to wait between two looks: thirty a minute are a quarter of what the service allows.
const PAUSE: Duration = Duration::from_secs(2);

/// How often a look may fail in a row: the service is waited for as long as by `logs --follow`, a
/// quarter of an hour.
const OUTAGES: u32 = 450;

/// Most that one look finds.
const PAGE: u32 = 10_000;

/// Prints the last deliveries, and then each new one when it is no longer pending, until it is stopped.
pub(super) async fn follow(
    app: &App,
    project: &ProjectRef,
    mut search: DeliverySearch,
    output: &Output,
) -> Result<Reply> {
    let api = app.api()?;
    let mut stream = Stream::new(output, DELIVERIES, Sink::Stdout);
    // Whether one is wanted is known when it is no longer pending.
    let wanted = std::mem::take(&mut search.statuses);
    let mut pending = BTreeSet::new();
    let mut worker_told = false;
    let mut failures = 0;
    loop {
        let found = match api.deliveries(project, &search).await {
            Ok(found) => {
                failures = 0;
                found
            }
            Err(error) if search.after.is_some() => {
                failures += 1;
                let error = passed(error, failures)?;
                app.say(&format!("{error}; looking again in {} s", PAUSE.as_secs()));
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let newest = found.first().map(Delivery::id);
        let mut rows: Vec<Object> = Vec::new();
        for delivery in found.into_iter().rev() {
            if delivery.is(Status::Pending) {
                pending.insert(delivery.id());
                continue;
            }
            pending.remove(&delivery.id());
            if wanted.is_empty() || wanted.iter().any(|status| delivery.is(*status)) {
                rows.push(delivery.into());
            }
        }
        if stream.push(rows).await? == Reader::Gone {
            return Ok(Reply::nothing());
        }
        if !pending.is_empty() && !worker_told {
            worker_told = is_down(api.webhook_worker(project).await)?;
            if worker_told {
                app.say(&format!("Requests wait: {WORKER_DOWN}"));
            }
        }
        search.after = newest.max(search.after).or(Some(0));
        search.ids = pending.iter().copied().collect();
        search.limit = PAGE;
        // Receivers need real time, in the sandbox too.
        tokio::time::sleep(PAUSE).await;
    }
}

/// A failed look that may be followed by one that does not fail, the last of so many in a row.
fn passed(error: Error, failures: u32) -> Result<Error> {
    if passes(&error) && failures < OUTAGES {
        Ok(error)
    } else {
        Err(error)
    }
}

/// Whether the worker is known to be down: not knowing it ends nothing, the next look asks again.
fn is_down(worker: Result<Worker>) -> Result<bool> {
    match worker {
        Ok(worker) => Ok(worker == Worker::Down),
        Err(error) if passes(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn passes(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::RateLimited | Code::Network | Code::Timeout | Code::CircuitOpen | Code::ApiError
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ApiError;

    fn failed(code: Code) -> Error {
        ApiError::new(code, "it failed").into()
    }

    #[test]
    fn what_passes_is_waited_for_and_not_for_ever() {
        for code in [Code::Network, Code::ApiError, Code::RateLimited] {
            assert!(passed(failed(code), 1).is_ok() && passed(failed(code), OUTAGES - 1).is_ok());
            assert!(passed(failed(code), OUTAGES).is_err());
        }
        assert!(passed(failed(Code::Forbidden), 1).is_err());
    }

    #[test]
    fn a_worker_that_cannot_be_looked_at_ends_nothing() {
        assert!(is_down(Ok(Worker::Down)).unwrap());
        assert!(!is_down(Ok(Worker::Hidden)).unwrap());
        assert!(!is_down(Err(failed(Code::Network))).unwrap());
        assert!(is_down(Err(failed(Code::Forbidden))).is_err());
    }
}
