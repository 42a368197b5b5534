//! What a command works with: settings, the person, and a client that is made when first asked for.

use std::cell::{OnceCell, RefCell};
use std::time::Duration;

use secrecy::SecretString;

use crate::api::{Api, Connection, Notice, Project, ProjectRef, Record};
use crate::error::{Error, Result};
use crate::output::Output;
use crate::sandbox;
use crate::settings::{self, Settings};
use crate::terminal::Terminal;

/// The context of one run.
pub(crate) struct App {
    settings: Settings,
    terminal: Terminal,
    output: Output,
    api: OnceCell<Api>,
    /// The project that the run turned out to work on, for the envelope.
    project: RefCell<Option<ProjectRef>>,
}

impl App {
    /// Puts the context together: no file, no network, no certificate, no thread.
    pub(crate) fn new(settings: Settings, terminal: Terminal, output: Output) -> Self {
        Self {
            settings,
            terminal,
            output,
            api: OnceCell::new(),
            project: RefCell::new(None),
        }
    }

    /// The person at the other end.
    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// How this run's output looks.
    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// Says something on standard error at once, before the reply.
    pub(crate) fn say(&self, message: &str) {
        self.output.say(message);
    }

    /// The API, as this person sees it. Made at the first call; connects at its first request.
    pub(crate) fn api(&self) -> Result<&Api> {
        if let Some(api) = self.api.get() {
            return Ok(api);
        }
        let (api_url, project_url, token) = if self.settings.sandbox {
            let folder = Settings::state_folder()?.join("sandbox");
            let running = sandbox::start(&folder, 0)
                .map_err(|error| Error::file("the sandbox did not start", error))?;
            (
                running.api_url,
                running.project_url,
                SecretString::from(running.token),
            )
        } else {
            let token = Settings::token()?;
            (
                self.settings.api_url.clone(),
                self.settings.project_url.clone(),
                token,
            )
        };
        let extra_certificates = match &self.settings.ca_file {
            Some(file) => Some(
                std::fs::read(file)
                    .map_err(|error| Error::file(format!("--ca-file {}", file.display()), error))?,
            ),
            None => None,
        };
        let connection = Connection {
            api_url,
            project_url,
            token,
            request_timeout: self.settings.request_timeout,
            retries: self.settings.retries,
            extra_certificates,
            dry_run: self.settings.dry_run,
            notice: tell(self.output.clone(), self.settings.verbose),
        };
        if self.settings.service_key_is_typed() {
            self.say(
                "A key typed as an argument can be seen by others on this machine: \
                 `--service-key` also takes `-`, `@FILE` and `env:NAME`",
            );
        }
        let api = Api::new(connection, self.settings.service_key()?);
        Ok(self.api.get_or_init(|| api))
    }

    /// The project to read from.
    pub(crate) async fn project(&self) -> Result<ProjectRef> {
        let target = self.settings.target().ok_or(Error::NoProject)?;
        self.resolve(&target).await
    }

    /// A project that was named as an argument of the command.
    pub(crate) async fn project_named(&self, name: String) -> Result<ProjectRef> {
        self.resolve(&settings::Target {
            name,
            source: "the command line".to_owned(),
        })
        .await
    }

    /// The project to change: says which one it is, and how it came to be meant.
    pub(crate) async fn project_to_change(&self) -> Result<ProjectRef> {
        let target = self.settings.target().ok_or(Error::NoProject)?;
        let project = self.resolve(&target).await?;
        let named = if target.name == project.as_str() {
            String::new()
        } else {
            format!(" `{}`", target.name)
        };
        self.say(&format!("Project {project}{named}, from {}", target.source));
        Ok(project)
    }

    /// How the project is called in a question that comes before any request.
    pub(crate) fn project_in_question(&self) -> Result<String> {
        let target = self.settings.target().ok_or(Error::NoProject)?;
        if let Some(project) = settings::as_ref(&target.name) {
            self.remember(&project);
        }
        Ok(target.name)
    }

    /// A reference is used as it is, since a token may not be allowed to list; a name is looked up.
    async fn resolve(&self, target: &settings::Target) -> Result<ProjectRef> {
        let project = match settings::as_ref(&target.name) {
            Some(project) => project,
            None => self.look_up(target).await?,
        };
        self.remember(&project);
        Ok(project)
    }

    /// Notes which project the run works on, for the envelope.
    pub(crate) fn remember(&self, project: &ProjectRef) {
        *self.project.borrow_mut() = Some(project.clone());
    }

    async fn look_up(&self, target: &settings::Target) -> Result<ProjectRef> {
        let name = target.name.as_str();
        if name.is_empty() {
            return Err(Error::invalid_with_hint(
                format!("the project named by {} is empty", target.source),
                "a variable in the command may not be set",
            ));
        }
        let projects = self.api()?.projects().await?;
        let found: Vec<&Project> = projects
            .iter()
            .filter(|project| project.text("name") == Some(name))
            .collect();
        let reference = |project: &Project| project.text("ref").and_then(settings::as_ref);
        match found.as_slice() {
            [one] => reference(one).ok_or_else(|| {
                Error::Internal(format!("project `{name}` has no usable reference"))
            }),
            [] => Err(Error::invalid_with_hint(
                format!(
                    "`{name}` (from {}) is neither the reference nor the name of a project of yours",
                    target.source
                ),
                "a reference is 20 lowercase letters; `supactl projects list` shows yours",
            )),
            several => {
                let references: Vec<_> = several
                    .iter()
                    .filter_map(|project| project.text("ref"))
                    .collect();
                Err(Error::invalid_with_hint(
                    format!("{} projects are called `{name}`", several.len()),
                    format!("pass one of their references: {}", references.join(", ")),
                ))
            }
        }
    }

    /// The project that the run worked on, once it is known.
    pub(crate) fn project_worked_on(&self) -> Option<String> {
        self.project.borrow().as_ref().map(ToString::to_string)
    }

    /// The writes that a dry run held back.
    pub(crate) fn held_back(&self) -> Vec<serde_json::Value> {
        self.api.get().map(Api::held_back).unwrap_or_default()
    }
}

/// What is told on standard error while requests are under way.
fn tell(output: Output, verbose: u8) -> Box<dyn Fn(&Notice<'_>)> {
    Box::new(move |notice| match notice {
        Notice::Waiting {
            reason,
            delay,
            attempt,
            attempts,
        } => {
            output.say(&format!(
                "{reason}; waiting {}, then try {attempt} of {attempts}",
                seconds(*delay)
            ));
        }
        Notice::Tried {
            request,
            outcome,
            took,
            attempt,
        } => {
            if verbose > 0 {
                let again = if *attempt > 1 {
                    format!(" (try {attempt})")
                } else {
                    String::new()
                };
                output.say(&format!(
                    "{} {} → {outcome} in {} ms{again}",
                    request.method.as_str(),
                    request.path,
                    took.as_millis()
                ));
            }
        }
    })
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64().ceil())
}
