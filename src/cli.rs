//! What may be typed on every command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueHint};

use crate::api::Method;
use crate::commands::Command;
use crate::completing;
use crate::output::Format;

/// Run hosted Supabase projects from the command line
///
/// Data goes to standard output, everything else to standard error. Each kind of failure has its own
/// exit status, the same in every release.
#[derive(Debug, Parser)]
#[command(
    name = "supactl",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Topics:\n  supactl help auth-settings  The settings of the Auth service, and what each takes\n  supactl help exit-codes     What each exit status and error code means\n  supactl help environment    The variables that are read\n  supactl help formats        What comes out, and how to pick from it"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Project reference or name [env: SUPABASE_PROJECT_ID]
    #[arg(short, long, global = true, value_name = "REF|NAME", add = completing::projects())]
    pub(crate) project: Option<String>,

    /// Shape of the output [env: SUPACTL_FORMAT] [default: table]
    #[arg(
        short = 'o',
        long,
        global = true,
        value_enum,
        visible_alias = "output",
        hide_possible_values = false
    )]
    pub(crate) format: Option<Format>,

    /// Print only these properties, in this order, such as `name,created_at`
    ///
    /// A dot leads into a property: `database.host`. `supactl help formats` tells more.
    // Not called `fields`: `api` has those, and the two would be one argument.
    #[arg(
        long = "fields",
        global = true,
        value_name = "KEYS",
        value_delimiter = ','
    )]
    pub(crate) picked: Vec<String>,

    /// Run a jq expression over the JSON output; text comes out raw
    ///
    /// It gets what `-o json` prints, or with `-o ndjson` each line: `--jq '.data[].name'`.
    /// `supactl help formats` tells more.
    #[arg(long, global = true, value_name = "EXPRESSION")]
    pub(crate) jq: Option<String>,

    /// Profile with address, token and defaults; `sandbox` is built in [env: SUPACTL_PROFILE]
    #[arg(long, global = true, value_name = "NAME", add = completing::profiles())]
    pub(crate) profile: Option<String>,

    /// Answer yes to the question that a command would ask
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,

    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Report each request: method, path, status, time; `-vv` adds headers and bodies, secrets masked
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// When to colour [default: auto]
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        hide_possible_values = false
    )]
    pub(crate) color: Option<Color>,

    /// Show times in UTC rather than local
    #[arg(long, global = true)]
    pub(crate) utc: bool,

    /// Secret key for the project's own APIs: `-`, `@FILE` or `env:NAME` [env: SUPABASE_AUTH_SERVICE_ROLE_KEY]
    #[arg(long, global = true, value_name = "KEY", hide_short_help = true)]
    pub(crate) service_key: Option<String>,

    /// Address of the Management API [env: SUPACTL_API_URL] [default: https://api.supabase.com]
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url, hide_short_help = true)]
    pub(crate) api_url: Option<String>,

    /// Address of a project's gateway, with `{ref}` where the project stands [env: SUPACTL_PROJECT_URL] [default: https://{ref}.supabase.co]
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url, hide_short_help = true)]
    pub(crate) project_url: Option<String>,

    /// Longest time for one try of a request, such as `30s` [env: SUPACTL_REQUEST_TIMEOUT] [default: 30s]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, hide_short_help = true)]
    pub(crate) request_timeout: Option<Duration>,

    /// How often a request is repeated where that is harmless [env: SUPACTL_RETRIES] [default: 3]
    #[arg(long, global = true, value_name = "COUNT", hide_short_help = true)]
    pub(crate) retries: Option<u32>,

    /// Neither use nor keep answers of earlier runs [env: SUPACTL_NO_CACHE]
    #[arg(
        long,
        global = true,
        conflicts_with = "refresh",
        hide_short_help = true
    )]
    pub(crate) no_cache: bool,

    /// Ask anew, and keep the answers for later runs
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) refresh: bool,

    /// Certificates to trust besides the system's, in PEM [env: SUPACTL_CA_FILE]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub(crate) ca_file: Option<PathBuf>,

    /// Accept `http://` addresses that are not on this machine
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) insecure_http: bool,
}

impl GlobalArgs {
    /// The flag that was typed to shape the output, if one was.
    pub(crate) fn shape(&self) -> Option<&'static str> {
        if self.format.is_some() {
            Some("--format")
        } else if self.jq.is_some() {
            Some("--jq")
        } else if self.picked.is_empty() {
            None
        } else {
            Some("--fields")
        }
    }

    /// The format of a failure before the output is settled. An expression is for data: with one,
    /// nothing of a failure goes to standard output.
    pub(crate) fn failure_format(&self) -> Option<Format> {
        if self.jq.is_some() {
            Some(Format::Table)
        } else {
            self.format
        }
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// Flags of every command that changes something.
#[derive(Debug, Args)]
pub(crate) struct WriteArgs {
    // `run` reads it from the matches, so that no command can forget to.
    /// Show the requests that would be sent, and send none that changes anything
    #[arg(long)]
    dry_run: bool,
}

/// Accepts one of some words that the service knows, each with what it means, for help and completions.
pub(crate) fn one_of(
    words: impl Iterator<Item = (&'static str, &'static str)>,
) -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(words.map(|(word, meaning)| {
        let value = clap::builder::PossibleValue::new(word);
        if meaning.is_empty() {
            value
        } else {
            value.help(meaning)
        }
    }))
}

/// Reads a length of time: `30s`, `2m`, `1h 30m`, or a number of seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let refusal = || format!("`{text}` is not a length of time: write `30s`, `5m` or `1h`");
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|time| !time.is_zero())
            .ok_or_else(refusal);
    }
    let span: jiff::SignedDuration = text.parse().map_err(|_| refusal())?;
    Duration::try_from(span)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(refusal)
}

/// Reads the method of a request.
pub(crate) fn method(text: &str) -> Result<Method, String> {
    let upper = text.to_ascii_uppercase();
    [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ]
    .into_iter()
    .find(|method| method.as_str() == upper)
    .ok_or_else(|| "one of GET, HEAD, POST, PUT, PATCH, DELETE".to_owned())
}

/// `Name: value`, as both parts may be on the wire.
pub(crate) fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `Name: value`")?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let is_value = value
        .bytes()
        .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
    if is_name && is_value {
        Ok((name.to_owned(), value.to_owned()))
    } else {
        Err("a header has a plain name and a value of one line".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("30", 30.0),
            ("30s", 30.0),
            ("5m", 300.0),
            ("1h 30m", 5400.0),
            ("500ms", 0.5),
            ("0.5", 0.5),
        ] {
            assert_eq!(
                duration(text),
                Ok(Duration::from_secs_f64(seconds)),
                "{text}"
            );
        }
        for text in ["", "0", "-5s", "soon", "5 parsecs", "NaN", "1e400"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    /// Every command below a group, with its words.
    fn leaves<'a>(
        at: &'a clap::Command,
        words: &str,
        found: &mut Vec<(String, &'a clap::Command)>,
    ) {
        for command in at.get_subcommands() {
            let words = format!("{words} {}", command.get_name());
            if command.has_subcommands() {
                leaves(command, &words, found);
            } else {
                found.push((words, command));
            }
        }
    }

    /// The words of a line as a shell would split it, up to where it goes on to something else.
    fn split(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        for character in line.chars() {
            match (quote, character) {
                (None, '|' | '<' | '>' | '#') => break,
                (None, ' ') => words.push(String::new()),
                (None, '\'' | '"') => quote = Some(character),
                (Some(open), close) if open == close => quote = None,
                (_, other) => words.last_mut().unwrap().push(other),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn a_command_is_made_only_when_it_is_typed() {
        let tree = Cli::command();
        let mut found = Vec::new();
        leaves(&tree, "supactl", &mut found);
        for (words, command) in found {
            assert_eq!(
                command.get_arguments().count(),
                0,
                "`{words}`: the enum it stands in lacks `#[command(defer = true)]`"
            );
        }
    }

    #[test]
    fn every_command_says_what_it_does_and_shows_how() {
        let tree = crate::command();
        Cli::command().debug_assert();
        let mut found = Vec::new();
        leaves(&tree, "supactl", &mut found);
        for (words, command) in found {
            let about = command.get_about().unwrap_or_default().to_string();
            assert!(
                about.starts_with(char::is_uppercase) && !about.ends_with('.'),
                "{words}: {about}"
            );
            let after = command.get_after_help().unwrap_or_default().to_string();
            let (_, examples) = after.split_once("Examples:\n").unwrap_or_default();
            assert!(examples.contains(&words), "{words} has no example");
            for line in examples.lines() {
                let line = line.trim();
                let parsed = Cli::command().try_get_matches_from(split(line));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
            for argument in command.get_arguments() {
                let help = argument
                    .get_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(
                    !help.is_empty() && !help.ends_with('.'),
                    "{words} {}",
                    argument.get_id()
                );
            }
        }
    }
}
