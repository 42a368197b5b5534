//! What holds for this run: flag, then environment, then profile, then default, resolved once.
//!
//! The one place that reads the environment.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};

use crate::api::cache;
use crate::api::{ProjectRef, ServiceKey};
use crate::cli::{Color, GlobalArgs, duration};
use crate::config::{self, Config, Profile};
use crate::credentials::{self, Found, Stored};
use crate::error::{Error, Result};
use crate::output::{Fields, Format, Jq, Output};
use crate::platform;
use crate::terminal::{self, Terminal};

/// The gateway of a project.
pub(crate) const PROJECT_URL: &str = "https://{ref}.supabase.co";

/// What one try of a request may take: the slowest ordinary answers take about 10 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a request is repeated.
const RETRIES: u32 = 3;

/// Where the official CLI keeps the reference of the project that a folder is linked to.
const LINK_FILE: &str = "supabase/.temp/project-ref";

/// Variables that the sandbox does not heed: they speak of the service.
const NOT_IN_SANDBOX: [&str; 5] = [
    "SUPABASE_ACCESS_TOKEN",
    "SUPABASE_PROJECT_ID",
    "SUPABASE_AUTH_SERVICE_ROLE_KEY",
    "SUPACTL_API_URL",
    "SUPACTL_PROJECT_URL",
];

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

/// What may be cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Nothing.
    Off,
    /// In the process, and in the folder where there is one; `reads` is false for `--refresh`.
    On {
        folder: Option<PathBuf>,
        reads: bool,
    },
}

/// Everything that was decided before the command began.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The name of the profile in force, whether or not it has been written down.
    pub(crate) profile: String,
    /// It was named, and there is none of this name.
    unknown_profile: bool,
    values: Profile,
    pub(crate) config_folder: PathBuf,
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
    /// Whether cached answers are used, and where they are.
    pub(crate) caching: Caching,
    format: Format,
    project: Option<String>,
    service_key: Option<String>,
}

impl Settings {
    /// Decides. `dry_run` stands on the command, everything else in `global`.
    pub(crate) fn resolve(global: &GlobalArgs, dry_run: bool) -> Result<Self> {
        let config_folder = config_folder()?;
        let config = Config::read(&config_folder)?;
        let named = global
            .profile
            .clone()
            .or_else(|| variable("SUPACTL_PROFILE"));
        let named = named.or_else(|| config.profile.clone());
        let profile = named.unwrap_or_else(|| config::DEFAULT.to_owned());
        let sandbox = profile == config::SANDBOX;
        let values = config.profiles.get(&profile).cloned();
        let unknown_profile = values.is_none() && !sandbox && profile != config::DEFAULT;
        let values = values.unwrap_or_default();
        if sandbox && (global.api_url.is_some() || global.project_url.is_some()) {
            return Err(Error::Usage {
                message: "the sandbox has addresses of its own: `--api-url` and `--project-url` do not go with it".to_owned(),
                hint: None,
            });
        }
        let address = |flag: Option<&str>, name, stored: Option<&str>, default| {
            let text = flag
                .map(str::to_owned)
                .or_else(|| variable(name))
                .or_else(|| stored.map(str::to_owned));
            checked_address(
                text.as_deref().unwrap_or(default),
                name,
                default,
                global.insecure_http,
            )
        };
        let (api_url, project_url) = if sandbox {
            (String::new(), String::new())
        } else {
            (
                address(
                    global.api_url.as_deref(),
                    "SUPACTL_API_URL",
                    values.api_url.as_deref(),
                    credentials::OFFICIAL_API_URL,
                )?,
                address(
                    global.project_url.as_deref(),
                    "SUPACTL_PROJECT_URL",
                    values.project_url.as_deref(),
                    PROJECT_URL,
                )?,
            )
        };
        let format = match global.format {
            Some(format) => Some(format),
            None => parsed("SUPACTL_FORMAT", format_named)?,
        };
        let format = match (format, values.format.as_deref()) {
            (Some(format), _) => format,
            (None, Some(text)) => format_named(text).map_err(|problem| {
                Error::invalid(format!("profile `{profile}`, format: {problem}"))
            })?,
            (None, None) => Format::default(),
        };
        Ok(Self {
            profile,
            unknown_profile,
            values,
            config_folder,
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
            caching: caching(global)?,
            format,
            project: global.project.clone(),
            service_key: global.service_key.clone(),
        })
    }

    /// Refuses a profile that does not exist: falling back to another one would ask the wrong account.
    pub(crate) fn known_profile(&self) -> Result<()> {
        if !self.unknown_profile {
            return Ok(());
        }
        Err(Error::invalid_with_hint(
            format!("there is no profile `{}`", self.profile),
            format!(
                "`supactl profiles list` shows yours; `supactl login --profile {}` makes it",
                self.profile
            ),
        ))
    }

    /// How output is to look. `changes` tells whether the command may change something.
    ///
    /// # Errors
    /// [`Error::Usage`] for a `--jq` that cannot be right, before anything is sent.
    pub(crate) fn output(&self, global: &GlobalArgs, changes: bool) -> Result<Output> {
        let format = match (global.format, &global.jq) {
            (_, None) => self.format,
            // An expression is written for one shape, so neither variable nor profile chooses it.
            (None | Some(Format::Json), Some(_)) => Format::Json,
            (Some(Format::Ndjson), Some(_)) => Format::Ndjson,
            (Some(Format::Table | Format::Yaml | Format::Csv), Some(_)) => {
                return Err(Error::Usage {
                    message: "`--jq` works on JSON: of the formats only json and ndjson go with it"
                        .to_owned(),
                    hint: None,
                });
            }
        };
        let jq = global.jq.as_deref().map(Jq::compile).transpose()?;
        Ok(Output {
            format_typed: global.shape().is_some(),
            fields: Fields::read(&global.picked, changes)?,
            jq: jq.map(Arc::new),
            quiet: global.quiet,
            utc: global.utc,
            ..plain_output(Some(format), global.color)
        })
    }

    /// Which project was meant, if any: the flag, the variable, the link file, the profile.
    pub(crate) fn target(&self) -> Option<Target> {
        let target = |name: String, source: String| Target { name, source };
        if let Some(name) = &self.project {
            return Some(target(name.clone(), "`--project`".to_owned()));
        }
        if self.sandbox {
            return Some(target(
                crate::sandbox::DEFAULT_PROJECT.to_owned(),
                "the sandbox's default".to_owned(),
            ));
        }
        if let Some(name) = variable("SUPABASE_PROJECT_ID") {
            return Some(target(name, "SUPABASE_PROJECT_ID".to_owned()));
        }
        if let Some((name, file)) = linked_project() {
            return Some(target(name, file.display().to_string()));
        }
        let name = self.values.project.clone()?;
        Some(target(name, format!("profile `{}`", self.profile)))
    }

    /// The person's token: the variable, what `login` stored, the official CLI's file.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`] where there is none; [`Error::InvalidInput`] for a key of another kind,
    /// and for a token that was stored for another address.
    pub(crate) fn token(&self) -> Result<Found> {
        let found = |token: &str, source: String| {
            let token = credentials::checked(token.trim(), &source)?;
            Ok(Found { token, source })
        };
        if let Some(token) = variable("SUPABASE_ACCESS_TOKEN") {
            return found(&token, "SUPABASE_ACCESS_TOKEN".to_owned());
        }
        if let Some(token) = Stored::read(&self.config_folder)?.get(&self.profile, &self.api_url)? {
            return Ok(Found {
                token,
                source: format!("profile `{}`", self.profile),
            });
        }
        match official_token() {
            Some((token, file))
                if credentials::same_address(&self.api_url, credentials::OFFICIAL_API_URL) =>
            {
                found(&token, file.display().to_string())
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

    /// The key as it was typed, if it was: it may be one, or say where one is.
    pub(crate) fn typed_service_key(&self) -> Option<&str> {
        self.service_key.as_deref()
    }

    /// What is set in the surroundings and does not hold in the sandbox.
    pub(crate) fn not_heeded(&self) -> Vec<&'static str> {
        NOT_IN_SANDBOX
            .into_iter()
            .filter(|name| self.sandbox && variable(name).is_some())
            .collect()
    }
}

/// Whether answers are cached. A CI run starts from nothing and should find the world as it is, so it
/// keeps no files unless it asks for them.
fn caching(global: &GlobalArgs) -> Result<Caching> {
    let off = global.no_cache || variable("SUPACTL_NO_CACHE").is_some_and(|value| value != "0");
    if off {
        return Ok(Caching::Off);
    }
    let files = !in_ci() || variable("SUPACTL_CACHE").is_some_and(|value| value == "1");
    let folder = if files {
        Some(cache_folder()?.join(crate::api::cache::FOLDER))
    } else {
        None
    };
    Ok(Caching::On {
        folder,
        reads: !global.refresh,
    })
}

/// Where answers are cached.
pub(crate) fn cache_folder() -> Result<PathBuf> {
    folder("SUPACTL_CACHE_DIR", platform::cache_folder)
}

/// Nobody watches: a machine runs this.
fn in_ci() -> bool {
    variable("CI").is_some_and(|value| value != "false" && value != "0")
}

/// Where profiles and tokens are kept.
pub(crate) fn config_folder() -> Result<PathBuf> {
    folder("SUPACTL_CONFIG_DIR", platform::config_folder)
}

/// Where the sandbox keeps its state.
fn state_folder() -> Result<PathBuf> {
    folder("SUPACTL_STATE_DIR", platform::state_folder)
}

fn folder(name: &str, usual: fn() -> std::io::Result<PathBuf>) -> Result<PathBuf> {
    match variable(name) {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => usual().map_err(|error| {
            Error::file(
                format!("no folder for it was found; {name} can name one"),
                error,
            )
        }),
    }
}

/// Where the sandbox lives.
pub(crate) fn sandbox_folder() -> Result<PathBuf> {
    Ok(state_folder()?.join("sandbox"))
}

/// The folder with the socket of a PostgreSQL that the sandbox is to use.
pub(crate) fn sandbox_postgres() -> Option<PathBuf> {
    variable("SUPACTL_SANDBOX_POSTGRES").map(PathBuf::from)
}

/// Where answers of a sandbox are cached for later runs. They are of no use once its clock was moved.
pub(crate) fn sandbox_answers(folder: &Path) -> Result<PathBuf> {
    let answers = cache_folder()?.join(cache::FOLDER);
    Ok(cache::of_host(&answers, &sandbox_name(folder)))
}

/// What answers of the sandbox are filed under, whose address is new each time.
pub(crate) fn sandbox_name(folder: &Path) -> String {
    format!("sandbox {}", folder.display())
}

/// The token that the official CLI stored, which is only read.
pub(crate) fn official_token() -> Option<(String, PathBuf)> {
    let file = platform::home().ok()?.join(".supabase/access-token");
    let text = std::fs::read_to_string(&file).ok()?;
    (!text.trim().is_empty()).then(|| (text.trim().to_owned(), file))
}

/// Reads the name of a format.
fn format_named(text: &str) -> Result<Format, String> {
    Format::from_str(text, true)
        .map_err(|_| format!("`{text}` is none of table, json, yaml, csv, ndjson"))
}

/// How output is to look as far as it can be known of a command line that could not be read.
pub(crate) fn plain_output(format: Option<Format>, color: Option<Color>) -> Output {
    let terminal = std::io::stdout().is_terminal();
    Output {
        format: format
            .or_else(|| Format::from_str(&variable("SUPACTL_FORMAT")?, true).ok())
            .unwrap_or_default(),
        format_typed: format.is_some(),
        fields: None,
        jq: None,
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
    let ci = in_ci();
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

/// An address as it may be: plain HTTP goes to this machine only.
pub(crate) fn checked_address(
    text: &str,
    name: &str,
    example: &str,
    insecure: bool,
) -> Result<String> {
    // A reference in the place of `{ref}`, so that what is checked is what will be asked.
    let sample = text.replace("{ref}", "abcdefghijklmnopqrst");
    let refused = |why: &str| {
        Err(Error::invalid_with_hint(
            format!("`{text}` is not an address for {name}: {why}"),
            format!("write one like {example}"),
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
        "https" => Ok(text.trim_end_matches('/').to_owned()),
        "http" if insecure || crate::api::is_loopback(&url) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        "http" => Err(Error::invalid_with_hint(
            format!("`{text}` would send secrets in the clear"),
            "use https://, or pass `--insecure-http` if that is what you want",
        )),
        _ => refused("only https:// and http:// are known"),
    }
}

/// The folder that one is in.
pub(crate) fn current_folder() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| Error::file("this folder", error))
}

/// The project that this folder, or one above it, is linked to, and the file that says so.
pub(crate) fn linked_project() -> Option<(String, PathBuf)> {
    let folder = std::env::current_dir().ok()?;
    folder.ancestors().find_map(|folder| {
        let file = link_file(folder);
        let text = std::fs::read_to_string(&file).ok()?;
        let name = text.trim();
        (!name.is_empty()).then(|| (name.to_owned(), file))
    })
}

/// Where a folder says to which project it is linked.
pub(crate) fn link_file(folder: &Path) -> PathBuf {
    folder.join(LINK_FILE)
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
        terminal::read_text(file).map_err(|error| Error::file(format!("{flag}: {file}"), error))?
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

/// Whether a secret itself was typed rather than where to find it: on the command line every process
/// can read it.
pub(crate) fn is_typed(given: &str) -> bool {
    given != "-" && !given.starts_with('@') && !given.starts_with("env:")
}

/// The text of a secret, for checking it. Nobody keeps or prints it.
pub(crate) fn exposed(secret: &SecretString) -> &str {
    secret.expose_secret()
}

/// The reference in a project's name, if it is one.
pub(crate) fn as_ref(name: &str) -> Option<ProjectRef> {
    name.parse().ok()
}
