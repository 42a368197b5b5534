//! supactl runs hosted Supabase projects.
//!
//! A command is a function: arguments and an `App` in, a `Reply` or an `Error` out.
//!
//! - `cli` and `commands`: what may be typed, and what each command does;
//! - `settings` (from flags, variables and `config`), `credentials`, `app`, `terminal`: what holds
//!   for this run, and the person at the other end;
//! - `completing`: what Tab offers;
//! - `platform`: what differs between operating systems;
//! - `api`: what Supabase can do, over HTTP;
//! - `bundle`: the files that a function is made of;
//! - `output`, `error`: the bytes on standard output, and every way to fail;
//! - `sandbox`: the service's side, for trying things without an account.
//!
//! `docs/architecture.md` follows one command from what was typed to the exit status.

mod api;
mod app;
mod bundle;
mod cli;
mod commands;
mod completing;
mod config;
mod credentials;
mod environment;
mod error;
mod output;
mod platform;
mod sandbox;
mod settings;
mod terminal;
mod usage;
mod waiting;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory, FromArgMatches};
use jiff::Timestamp;
use serde_json::json;

use app::App;
use cli::Cli;
use error::{Code, Error, Result};
use output::{Format, Metadata, Output, Reply};
use settings::Settings;

/// Runs the program with what was typed, its name included, and returns its exit status.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    report_panics();
    let started = (Instant::now(), Timestamp::now());
    let args: Vec<OsString> = args.into_iter().collect();
    if completing::answered(&args) {
        return ExitCode::SUCCESS;
    }
    let metadata = |command: String, project: Option<String>, dry_run: bool| Metadata {
        command,
        project,
        timestamp: started.1,
        duration_ms: u64::try_from(started.0.elapsed().as_millis()).unwrap_or(u64::MAX),
        cached: false,
        dry_run,
    };
    let mut tree = usage::tree(&args);
    let matches = match tree.try_get_matches_from_mut(&args) {
        Ok(matches) => matches,
        Err(error) if usage::is_help(&error) => return usage::show(&error),
        // The name alone asks what there is.
        Err(_) if args.len() <= 1 => return usage::show_help(),
        Err(error) => {
            let words = usage::Typed::guess(&tree, &args).words;
            usage::make(&mut tree, &words);
            let typed = usage::Typed::guess(&tree, &args);
            let bytes = usage::prints_bytes_unasked(&tree, &typed.words);
            let output =
                settings::plain_output(typed.format.or(bytes.then_some(Format::Table)), None);
            return output.finish(
                Err(usage::explain(&error, &typed, &tree)),
                &metadata(typed.words.join(" "), None, false),
            );
        }
    };
    let usage::Leaf {
        words,
        changes,
        dry_run,
        bytes,
        bytes_unshaped,
    } = usage::leaf(&tree, &matches);
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
    let shape = cli.global.shape();
    let page = match shape {
        Some(flag) if bytes => Some(Err(usage::no_shape(&words, flag))),
        _ => cli.command.page(),
    };
    // Bytes as they are have no envelope, whatever a variable or a profile says, and neither has their
    // failure. What a dry run prints are no bytes.
    let unshaped = bytes_unshaped && shape.is_none() && !dry_run;
    let failure_format = if unshaped {
        Some(Format::Table)
    } else {
        cli.global.failure_format()
    };
    if let Some(page) = page {
        let output = settings::plain_output(failure_format, cli.global.color);
        return output.finish(page, &metadata(words, None, dry_run));
    }
    let resolved = Settings::resolve(&cli.global, dry_run).and_then(|settings| {
        let mut output = settings.output(&cli.global, changes)?;
        if unshaped {
            output.format = Format::Table;
        }
        Ok((settings, output))
    });
    let (settings, mut output) = match resolved {
        Ok(resolved) => resolved,
        Err(error) => {
            let output = settings::plain_output(failure_format, cli.global.color);
            return output.finish(Err(error), &metadata(words, None, dry_run));
        }
    };
    let done = execute(cli, &words, settings, &output);
    let metadata = Metadata {
        cached: done.cached_since.is_some(),
        ..metadata(words, done.project, dry_run)
    };
    if output.format == Format::Table && done.result.is_ok() {
        output.say_age(done.cached_since, started.1);
    }
    if done.has_printed {
        output.format = Format::Table;
    }
    output.finish(done.result, &metadata)
}

/// The whole command tree, with the flags that each command takes and inherits.
///
/// A run makes only the branch that was typed: each group of commands is declared with `defer`.
pub fn command() -> clap::Command {
    let mut tree = Cli::command();
    tree.build();
    tree
}

/// Turns a page of log rows, as the service sends it, into NDJSON, and counts them. For measuring.
#[doc(hidden)]
pub fn log_page_to_ndjson(page: &[u8], out: &mut Vec<u8>) -> usize {
    let keys = api::logs::Search::requests(false).keys();
    let Ok(rows) = api::logs::page_rows(page, &keys) else {
        return 0;
    };
    // A failure to write into memory is none.
    let _ = output::ndjson(out, &rows);
    rows.len()
}

/// How a command ended, and what is told of it in the envelope.
struct Done {
    result: Result<Reply>,
    project: Option<String>,
    cached_since: Option<Timestamp>,
    /// Its data is printed: no envelope comes after it.
    has_printed: bool,
}

impl Done {
    fn failed(error: Error) -> Self {
        Self {
            result: Err(error),
            project: None,
            cached_since: None,
            has_printed: false,
        }
    }
}

/// Runs the command on one thread.
fn execute(cli: Cli, words: &str, settings: Settings, output: &Output) -> Done {
    if !cli.command.makes_profile()
        && let Err(error) = settings.known_profile()
    {
        return Done::failed(error);
    }
    let dry_run = settings.dry_run;
    let app = App::new(
        settings,
        words.to_owned(),
        settings::terminal(&cli.global, dry_run),
        output.clone(),
    );
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return Done::failed(Error::Internal(format!("no runtime: {error}"))),
    };
    let result = runtime.block_on(async {
        // In this order: a question blocks, and Ctrl-C at it must find the handler in place.
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
            result = async {
                let result = cli.command.run(&app).await;
                app.settle().await;
                result
            } => result,
        }
    });
    let result = match result {
        // Whatever the command went on to do, a dry run's data is what it would have sent.
        Ok(_) | Err(Error::HeldBack) if dry_run => Ok(Reply::value(
            json!({"requests": app.held_back(), "sql": app.held_back_sql()}),
        )
        .with_message("Dry run: nothing was changed")),
        // What was done before Ctrl-C, and what only this run knows of it.
        Err(Error::Interrupted) => match app.take_kept() {
            Some(reply) => Ok(reply.with_verdict(Error::Interrupted)),
            None => Err(Error::Interrupted),
        },
        other => other,
    };
    let (project, cached_since) = (app.project_worked_on(), app.cached_since());
    // A name look-up of the system may still be under way on a thread: nobody waits for it.
    runtime.shutdown_background();
    Done {
        result,
        project,
        cached_since,
        has_printed: app.has_printed(),
    }
}

/// Makes a panic look like every other failure. It never carries what was being worked on, which
/// may be secret: only the place in the source.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|place| format!(" at {}:{}", place.file(), place.line()))
            .unwrap_or_default();
        // Whoever was watching gets to read it.
        output::give_back();
        let output = settings::plain_output(None, None);
        output.say_always(&format!("error[{}]: supactl failed{place}\nhint: this is a bug worth reporting, with the command that was typed", Code::Internal));
        #[expect(
            clippy::exit,
            reason = "a panic has no way back to main, and must not end in a signal"
        )]
        std::process::exit(i32::from(Code::Internal.exit_status()));
    }));
}
