//! supactl runs hosted Supabase projects.
//!
//! A command is a function: arguments and an `App` in, a `Reply` or an `Error` out.
//!
//! - `cli` and `commands`: what may be typed, and what each command does;
//! - `settings`, `app`, `terminal`: what holds for this run, and the person at the other end;
//! - `api`: what Supabase can do, over HTTP;
//! - `output`, `error`: the bytes on standard output, and every way to fail;
//! - `sandbox`: the service's side, for trying things without an account.
//!
//! `docs/architecture.md` follows one command from what was typed to the exit status.

mod api;
mod app;
mod cli;
mod commands;
mod error;
mod output;
mod sandbox;
mod settings;
mod terminal;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory, FromArgMatches};
use jiff::Timestamp;
use serde_json::json;

use app::App;
use cli::Cli;
use error::{Code, Error, Result};
use output::{Metadata, Output, Reply};

/// Runs the program with what was typed, its name included, and returns its exit status.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    report_panics();
    let started = (Instant::now(), Timestamp::now());
    let args: Vec<OsString> = args.into_iter().collect();
    let metadata = |command: String, project: Option<String>, dry_run: bool| Metadata {
        command,
        project,
        timestamp: started.1,
        duration_ms: u64::try_from(started.0.elapsed().as_millis()).unwrap_or(u64::MAX),
        cached: false,
        dry_run,
    };
    let matches = match command().try_get_matches_from(&args) {
        Ok(matches) => matches,
        Err(error) if usage::is_help(&error) => return usage::show(&error),
        // The name alone asks what there is.
        Err(_) if args.len() <= 1 => return usage::show_help(),
        Err(error) => {
            let typed = usage::Typed::guess(&command(), &args);
            let output = settings::plain_output(typed.format, None);
            return output.finish(
                Err(usage::explain(&error, &typed)),
                &metadata(typed.words, None, false),
            );
        }
    };
    let (words, dry_run) = usage::leaf(&matches);
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => {
            let output = settings::plain_output(None, None);
            return output.finish(
                Err(Error::Internal(error.to_string())),
                &metadata(words, None, dry_run),
            );
        }
    };
    let output = match settings::output(&cli.global) {
        Ok(output) => output,
        Err(error) => {
            let output = settings::plain_output(cli.global.format, cli.global.color);
            return output.finish(Err(error), &metadata(words, None, dry_run));
        }
    };
    let (result, project) = execute(cli, &output, dry_run);
    output.finish(result, &metadata(words, project, dry_run))
}

/// The whole command tree, for the reference and the completions.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Resolves the settings and runs the command on one thread.
fn execute(cli: Cli, output: &Output, dry_run: bool) -> (Result<Reply>, Option<String>) {
    let settings = match settings::Settings::resolve(&cli.global, dry_run) {
        Ok(settings) => settings,
        Err(error) => return (Err(error), None),
    };
    let app = App::new(
        settings,
        settings::terminal(&cli.global, dry_run),
        output.clone(),
    );
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return (Err(Error::Internal(format!("no runtime: {error}"))), None),
    };
    let result = runtime.block_on(async {
        // In this order: a question blocks, and Ctrl-C at it must find the handler in place.
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
            result = cli.command.run(&app) => result,
        }
    });
    let result = match result {
        // Whatever the command went on to do, a dry run's data is what it would have sent.
        Ok(_) | Err(Error::HeldBack) if dry_run => Ok(Reply::value(
            json!({"requests": app.held_back(), "sql": []}),
        )
        .with_message("Dry run: nothing was changed")),
        other => other,
    };
    let project = app.project_worked_on();
    // A name look-up of the system may still be under way on a thread: nobody waits for it.
    runtime.shutdown_background();
    (result, project)
}

/// Makes a panic look like every other failure. It never carries what was being worked on, which
/// may be secret: only the place in the source.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|place| format!(" at {}:{}", place.file(), place.line()))
            .unwrap_or_default();
        let output = settings::plain_output(None, None);
        output.say_always(&format!("error[{}]: supactl failed{place}\nhint: this is a bug worth reporting, with the command that was typed", Code::Internal));
        #[expect(
            clippy::exit,
            reason = "a panic has no way back to main, and must not end in a signal"
        )]
        std::process::exit(i32::from(Code::Internal.exit_status()));
    }));
}
