//! What was typed, as far as it could be understood: for help, and for saying what is wrong with it.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, ValueEnum};

use crate::error::Error;
use crate::output::Format;

/// What can be read of a command line that is wrong.
pub(crate) struct Typed {
    /// The words of the command, as far as they are ones.
    pub(crate) words: String,
    /// The commands that could have followed.
    pub(crate) next: Vec<String>,
    pub(crate) format: Option<Format>,
}

impl Typed {
    /// Follows the words through the tree and picks up the format on the way.
    pub(crate) fn guess(root: &Command, args: &[OsString]) -> Self {
        let mut words = Vec::new();
        let mut at = root;
        let mut format = None;
        let mut args = args.iter().skip(1).map(|arg| arg.to_string_lossy());
        while let Some(arg) = args.next() {
            if arg == "--" {
                break;
            }
            if let Some((name, value)) = format_flag(&arg) {
                let value = value
                    .map(str::to_owned)
                    .or_else(|| args.next().map(std::borrow::Cow::into_owned));
                if name {
                    format = value
                        .and_then(|value| Format::from_str(&value, true).ok())
                        .or(format);
                }
            } else if !arg.starts_with('-')
                && let Some(command) = at.get_subcommands().find(|command| {
                    *command.get_name() == *arg
                        || command.get_all_aliases().any(|alias| *alias == *arg)
                })
            {
                words.push(command.get_name().to_owned());
                at = command;
            }
        }
        let next = at
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .map(|command| command.get_name().to_owned())
            .collect();
        Self {
            words: words.join(" "),
            next,
            format,
        }
    }
}

/// Whether an argument is a global flag that takes a value: `(is the format flag, the value in it)`.
fn format_flag(arg: &str) -> Option<(bool, Option<&str>)> {
    for flag in ["--format", "--output"] {
        if let Some(rest) = arg.strip_prefix(flag) {
            match rest.strip_prefix('=') {
                Some(value) => return Some((true, Some(value))),
                None if rest.is_empty() => return Some((true, None)),
                None => {}
            }
        }
    }
    if let Some(rest) = arg.strip_prefix("-o") {
        return Some((
            true,
            if rest.is_empty() {
                None
            } else {
                Some(rest.trim_start_matches('='))
            },
        ));
    }
    // A value of another flag that happens to be the name of a command is none.
    matches!(arg, "-p" | "--project" | "--profile").then_some((false, None))
}

/// The words of the command that was typed, and whether it is only to be tried.
pub(crate) fn leaf(matches: &ArgMatches) -> (String, bool) {
    let mut words = Vec::new();
    let mut at = matches;
    while let Some((name, below)) = at.subcommand() {
        words.push(name);
        at = below;
    }
    let dry_run = at
        .try_get_one::<bool>("dry_run")
        .ok()
        .flatten()
        .copied()
        .unwrap_or(false);
    (words.join(" "), dry_run)
}

/// Whether clap's "error" is what was asked for.
pub(crate) fn is_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    )
}

/// Shows help or the version.
pub(crate) fn show(error: &clap::Error) -> ExitCode {
    let mut out = std::io::stdout().lock();
    // A closed pipe is no failure.
    let _ = write!(out, "{}", error.render()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}

/// Shows the help of the whole program.
pub(crate) fn show_help() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let help = crate::command().render_help();
    let _ = write!(out, "{help}").and_then(|()| out.flush());
    ExitCode::SUCCESS
}

/// Says what is wrong with a command line, and what to type instead.
pub(crate) fn explain(error: &clap::Error, typed: &Typed) -> Error {
    let called = if typed.words.is_empty() {
        "supactl".to_owned()
    } else {
        format!("supactl {}", typed.words)
    };
    if matches!(
        error.kind(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return Error::Usage {
            message: format!("`{called}` needs a command: {}", typed.next.join(", ")),
            hint: Some(format!("`{called} --help` says what each does")),
        };
    }
    let rendered = error.render().to_string();
    let message = rendered
        .strip_prefix("error: ")
        .unwrap_or(&rendered)
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ");
    let suggested = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .find_map(|kind| match error.get(kind)? {
        ContextValue::String(one) => Some(one.clone()),
        ContextValue::Strings(several) => several.first().cloned(),
        _ => None,
    });
    let hint = match suggested {
        Some(word) => format!("did you mean `{word}`? `{called} --help` shows all that it takes"),
        None => format!("`{called} --help` shows what it takes"),
    };
    match error.kind() {
        // The flag is right and what it was given is not.
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            Error::invalid_with_hint(message, hint)
        }
        _ => Error::Usage {
            message,
            hint: Some(hint),
        },
    }
}
