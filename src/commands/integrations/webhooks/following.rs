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
    loop {
        let found = match api.deliveries(project, &search).await {
            Ok(found) => found,
            Err(error) if passes(&error) && search.after.is_some() => {
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
            worker_told = api.webhook_worker(project).await? == Worker::Down;
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

/// Whether a failed look may be followed by one that does not fail.
fn passes(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::RateLimited | Code::Network | Code::Timeout | Code::CircuitOpen | Code::ApiError
    )
}
