//! Waits for something that the service does in its own time, and shows how it goes.

use std::time::{Duration, Instant};

use clap::Args;

use crate::api::ApiError;
use crate::app::App;
use crate::cli::duration;
use crate::error::{Code, Error, Result};
use crate::output::harmless;

/// How long to wait between two looks. The service allows two a second; people do not see less.
const PAUSE: Duration = Duration::from_secs(5);

/// Flags of commands that can wait for what they set in motion.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// Wait until it is done
    #[arg(long)]
    wait: bool,

    /// Longest time to wait
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15m", requires = "wait")]
    timeout: Duration,
}

impl WaitArgs {
    /// How long to wait, if at all.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.wait.then_some(self.timeout)
    }
}

/// What a look found.
pub(crate) enum Look<T> {
    /// It is done.
    Done(T),
    /// It goes on, in this state.
    Going(String),
}

/// Looks again and again until it is done: a spinner on a terminal, a line for each new state elsewhere.
///
/// # Errors
/// `timeout` when `limit` is over, with the last state. What is being waited for goes on all the same.
pub(crate) async fn until_done<T>(
    app: &App,
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>>,
) -> Result<T> {
    app.api()?.read_fresh();
    let spinner = app.terminal().spinner(what);
    let started = Instant::now();
    // In the sandbox time passes by being moved, so it is counted rather than measured.
    let mut paused = Duration::ZERO;
    let mut shown = String::new();
    loop {
        let state = match look().await {
            Ok(Look::Done(done)) => {
                spinner.finish_and_clear();
                return Ok(done);
            }
            Ok(Look::Going(state)) => state,
            Err(error) => {
                spinner.finish_and_clear();
                return Err(error);
            }
        };
        if state != shown {
            if app.terminal().draws {
                spinner.set_message(harmless(&format!("{what}: {state}")).into_owned());
            } else {
                app.say(&format!("{what}: {state}"));
            }
            shown.clone_from(&state);
        }
        let waited = started.elapsed().max(paused);
        let pause = PAUSE.min(limit.saturating_sub(waited));
        if pause.is_zero() {
            spinner.finish_and_clear();
            let message = format!("{what}: still {state} after {} s", waited.as_secs());
            return Err(ApiError::new(Code::Timeout, message)
                .with_hint("it goes on all the same; wait longer with `--timeout`")
                .into());
        }
        app.pause(pause)
            .await
            .map_err(|error| Error::file("the sandbox's clock", error))?;
        paused += pause;
    }
}
