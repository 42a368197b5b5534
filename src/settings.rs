//! What holds for this run: flag, then environment, then profile, then default, resolved once.
//!
//! The one place that reads the environment.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use etcetera::BaseStrategy;
use secrecy::{ExposeSecret, SecretString};

use crate::api::{ProjectRef, ServiceKey};
use crate::cli::{Color, GlobalArgs, duration};
use crate::error::{Error, Result};
use crate::output::{Format, Output};
use crate::terminal::{self, Terminal};

/// The Management API.
const API_URL: &str = "https://api.supabase.com";

/// The gateway of a project.
const PROJECT_URL: &str = "https://{ref}.supabase.co";

/// What one try of a request may take: the slowest ordinary answers take about 10 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a request is repeated.
const RETRIES: u32 = 3;

/// Where the official CLI keeps the reference of the project that a folder is linked to.
const LINK_FILE: &str = "supabase/.temp/project-ref";

/// The name of the profile that lives in the binary.
const SANDBOX: &str = "sandbox";

/// Reads one variable. Empty counts as not set, as scripts unset by emptying.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Which project a run works on, as it was typed, and where that came from.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) source: String,
}

/// Everything that was decided before the command began.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The sandbox answers instead of the service.
    pub(crate) sandbox: bool,
    pub(crate) api_url: String,
    pub(crate) project_url: String,
    pub(crate) request_timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) ca_file: Option<PathBuf>,
    /// How much to tell of each request.
    pub(crate) verbose: u8,
    pub(crate) dry_run: bool,
    project: Option<String>,
    service_key: Option<String>,
}

impl Settings {
    /// Decides. `dry_run` stands on the command, everything else in `global`.
    pub(crate) fn resolve(global: &GlobalArgs, dry_run: bool) -> Result<Self> {
        let profile = global
            .profile
            .clone()
            .or_else(|| variable("SUPACTL_PROFILE"));
        let sandbox = match profile.as_deref() {
            None => false,
            Some(SANDBOX) => true,
            Some(other) => {
                return Err(Error::invalid_with_hint(
                    format!("there is no profile `{other}`"),
                    "`sandbox` is built in",
                ));
            }
        };
        if sandbox && (global.api_url.is_some() || global.project_url.is_some()) {
            return Err(Error::invalid(
                "the sandbox has an address of its own: `--api-url` and `--project-url` do not go with it",
            ));
        }
        let api_url = if sandbox {
            String::new()
        } else {
            address(
                global.api_url.as_deref(),
                "SUPACTL_API_URL",
                API_URL,
                global.insecure_http,
            )?
        };
        let project_url = if sandbox {
            String::new()
        } else {
            address(
                global.project_url.as_deref(),
                "SUPACTL_PROJECT_URL",
                PROJECT_URL,
                global.insecure_http,
            )?
        };
        Ok(Self {
            sandbox,
            api_url,
            project_url,
            request_timeout: match global.request_timeout {
                Some(time) => time,
                None => parsed("SUPACTL_REQUEST_TIMEOUT", duration)?.unwrap_or(REQUEST_TIMEOUT),
            },
            retries: match global.retries {
                Some(count) => count,
                None => parsed("SUPACTL_RETRIES", |text| {
                    text.parse::<u32>().map_err(|error| error.to_string())
                })?
                .unwrap_or(RETRIES),
            },
            ca_file: global
                .ca_file
                .clone()
                .or_else(|| variable("SUPACTL_CA_FILE").map(PathBuf::from)),
            verbose: global.verbose,
            dry_run,
            project: global.project.clone(),
            service_key: global.service_key.clone(),
        })
    }

    /// Which project was meant, if any: the flag, the variable, the link file, the profile.
    pub(crate) fn target(&self) -> Option<Target> {
        let target = |name: String, source: &str| Target {
            name,
            source: source.to_owned(),
        };
        if let Some(name) = &self.project {
            return Some(target(name.clone(), "`--project`"));
        }
        if self.sandbox {
            return Some(target(
                crate::sandbox::DEFAULT_PROJECT.to_owned(),
                "the sandbox's default",
            ));
        }
        if let Some(name) = variable("SUPABASE_PROJECT_ID") {
            return Some(target(name, "SUPABASE_PROJECT_ID"));
        }
        let folder = std::env::current_dir().ok()?;
        let (name, file) = linked(&folder)?;
        Some(Target {
            name,
            source: format!("{}", file.display()),
        })
    }

    /// The person's token.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`] where there is none; [`Error::InvalidInput`] for a key of another kind.
    pub(crate) fn token() -> Result<SecretString> {
        if let Some(token) = variable("SUPABASE_ACCESS_TOKEN") {
            return checked_token(token.trim(), "SUPABASE_ACCESS_TOKEN");
        }
        let file = etcetera::home_dir()
            .ok()
            .map(|home| home.join(".supabase/access-token"));
        match file.and_then(|file| std::fs::read_to_string(&file).ok().map(|text| (text, file))) {
            Some((text, file)) if !text.trim().is_empty() => {
                checked_token(text.trim(), &file.display().to_string())
            }
            _ => Err(Error::NotLoggedIn),
        }
    }

    /// The secret key that was given by hand, which the sandbox does not take.
    pub(crate) fn service_key(&self) -> Result<Option<ServiceKey>> {
        let (text, source) = match &self.service_key {
            Some(given) => (secret("--service-key", given)?, "--service-key"),
            None if self.sandbox => return Ok(None),
            None => match variable("SUPABASE_AUTH_SERVICE_ROLE_KEY") {
                Some(value) => (SecretString::from(value), "SUPABASE_AUTH_SERVICE_ROLE_KEY"),
                None => return Ok(None),
            },
        };
        match ServiceKey::from_str(text.expose_secret()) {
            Ok(key) => Ok(Some(key)),
            Err(problem) => Err(Error::invalid(format!("{source}: {problem}"))),
        }
    }

    /// Whether the key itself stands on the command line, which every process can read.
    pub(crate) fn service_key_is_typed(&self) -> bool {
        self.service_key.as_deref().is_some_and(|given| {
            given != "-" && !given.starts_with('@') && !given.starts_with("env:")
        })
    }

    /// Where the sandbox keeps its state.
    pub(crate) fn state_folder() -> Result<PathBuf> {
        if let Some(folder) = variable("SUPACTL_STATE_DIR") {
            return Ok(PathBuf::from(folder));
        }
        let strategy = etcetera::choose_base_strategy()
            .map_err(|error| Error::Internal(format!("no home folder: {error}")))?;
        Ok(strategy
            .state_dir()
            .unwrap_or_else(|| strategy.data_dir())
            .join("supactl"))
    }
}

/// How output is to look, which must be known even where the settings are wrong.
pub(crate) fn output(global: &GlobalArgs) -> Result<Output> {
    let format = match global.format {
        Some(format) => Some(format),
        None => parsed("SUPACTL_FORMAT", |text| {
            Format::from_str(text, true)
                .map_err(|_| format!("`{text}` is none of table, json, yaml, csv, ndjson"))
        })?,
    };
    Ok(Output {
        format,
        quiet: global.quiet,
        utc: global.utc,
        ..plain_output(format, global.color)
    })
}

/// The same, as far as it can be known of a command line that could not be read.
pub(crate) fn plain_output(format: Option<Format>, color: Option<Color>) -> Output {
    let terminal = std::io::stdout().is_terminal();
    Output {
        format: format.or_else(|| {
            variable("SUPACTL_FORMAT").and_then(|text| Format::from_str(&text, true).ok())
        }),
        terminal,
        color: colors(color, terminal),
        color_talk: colors(color, std::io::stderr().is_terminal()),
        width: variable("COLUMNS")
            .and_then(|text| text.parse().ok())
            .or_else(|| terminal.then(console_width).flatten()),
        utc: false,
        quiet: false,
    }
}

/// The person at the other end.
pub(crate) fn terminal(global: &GlobalArgs, dry_run: bool) -> Terminal {
    let stderr = std::io::stderr().is_terminal();
    let ci = variable("CI").is_some_and(|value| value != "false" && value != "0");
    Terminal {
        can_ask: stderr && !ci && terminal::stdin_is_terminal(),
        yes: global.yes,
        dry_run,
        draws: stderr && !ci && !global.quiet && variable("TERM").is_none_or(|term| term != "dumb"),
    }
}

fn console_width() -> Option<u16> {
    let (_, columns) = console::Term::stdout().size_checked()?;
    Some(columns)
}

fn colors(asked: Option<Color>, terminal: bool) -> bool {
    match asked.unwrap_or(Color::Auto) {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if variable("NO_COLOR").is_some() => false,
        Color::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Color::Auto => {
            terminal
                && variable("TERM").is_none_or(|term| term != "dumb")
                && variable("CLICOLOR").is_none_or(|value| value != "0")
        }
    }
}

/// A variable that must parse where it is set.
fn parsed<T>(name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>> {
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    parse(text.trim())
        .map(Some)
        .map_err(|problem| Error::invalid(format!("{name}: {problem}")))
}

/// An address: flag, variable, default; plain HTTP only to this machine.
fn address(flag: Option<&str>, name: &str, default: &str, insecure: bool) -> Result<String> {
    let text = flag
        .map(str::to_owned)
        .or_else(|| variable(name))
        .unwrap_or_else(|| default.to_owned());
    // A reference in the place of `{ref}`, so that what is checked is what will be asked.
    let sample = text.replace("{ref}", "abcdefghijklmnopqrst");
    let refused = |why: &str| {
        Err(Error::invalid_with_hint(
            format!("`{text}` is not an address for {name}: {why}"),
            format!("write one like {default}"),
        ))
    };
    let Ok(url) = reqwest::Url::parse(&sample) else {
        return refused("it does not parse");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refused("it holds a name or a password, which would end up in messages");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refused("it has a query or a fragment");
    }
    match url.scheme() {
        "https" => Ok(text),
        "http" if insecure || crate::api::is_loopback(&url) => Ok(text),
        "http" => Err(Error::invalid_with_hint(
            format!("`{text}` would send secrets in the clear"),
            "use https://, or pass `--insecure-http` if that is what you want",
        )),
        _ => refused("only https:// and http:// are known"),
    }
}

/// The project that this folder, or one above it, is linked to.
fn linked(folder: &Path) -> Option<(String, PathBuf)> {
    folder.ancestors().find_map(|folder| {
        let file = folder.join(LINK_FILE);
        let text = std::fs::read_to_string(&file).ok()?;
        let name = text.trim();
        (!name.is_empty()).then(|| (name.to_owned(), file))
    })
}

/// Refuses what is plainly another kind of key; every other token is the service's to judge.
fn checked_token(token: &str, source: &str) -> Result<SecretString> {
    let wrong = if token.starts_with("sb_secret_") || token.starts_with("sb_publishable_") {
        Some("a key of a project")
    } else if token.starts_with("eyJ") {
        Some("a JWT, such as a project's anon or service_role key")
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("no token: it has blanks or other characters that a token never has")
    } else {
        None
    };
    match wrong {
        Some(kind) => Err(Error::invalid_with_hint(
            format!("{source} holds {kind}, and an access token is needed"),
            "https://supabase.com/dashboard/account/tokens makes one; it begins with `sbp_`",
        )),
        None => Ok(SecretString::from(token)),
    }
}

/// Reads a secret from where it is kept: `-` is standard input, `@file` a file, `env:NAME` a
/// variable, anything else the secret itself.
pub(crate) fn secret(flag: &str, given: &str) -> Result<SecretString> {
    let text = if given == "-" {
        let bytes = terminal::read_stdin()
            .map_err(|error| Error::file(format!("{flag}: standard input"), error))?;
        String::from_utf8(bytes)
            .map_err(|_| Error::invalid(format!("{flag}: standard input is not text")))?
    } else if let Some(file) = given.strip_prefix('@') {
        std::fs::read_to_string(file)
            .map_err(|error| Error::file(format!("{flag}: {file}"), error))?
    } else if let Some(name) = given.strip_prefix("env:") {
        variable(name)
            .ok_or_else(|| Error::invalid(format!("{flag}: the variable {name} is not set")))?
    } else {
        given.to_owned()
    };
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(Error::invalid(format!("{flag}: there is nothing in it")));
    }
    Ok(SecretString::from(text))
}

/// The reference in a project's name, if it is one.
pub(crate) fn as_ref(name: &str) -> Option<ProjectRef> {
    name.parse().ok()
}
