//! What a command works with: settings, the person, and a client that is made when first asked for.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::api::cache;
use crate::api::logs::Budget;
use crate::api::{
    Api, Cache, Connection, Notice, Project, ProjectRef, Record, ServiceKey, Transport,
};
use crate::config;
use crate::error::{Error, Result};
use crate::output::{Metadata, Output, Reply};
use crate::sandbox::{self, Sandbox};
use crate::settings::{self, Caching, Settings};
use crate::terminal::Terminal;

/// How long the sandbox may settle without a word.
const PATIENCE: Duration = Duration::from_millis(500);

/// The context of one run.
pub(crate) struct App {
    settings: Settings,
    /// The words of the command.
    command: String,
    terminal: Terminal,
    output: Output,
    api: OnceCell<Api>,
    /// The sandbox that answers, where it is one.
    sandbox: OnceCell<Sandbox>,
    /// The project that the run turned out to work on, for the envelope.
    project: RefCell<Option<ProjectRef>>,
    /// The command has printed its data and goes on.
    has_printed: Cell<bool>,
    /// What must be printed even where Ctrl-C ends the run.
    kept: RefCell<Option<Reply>>,
}

impl App {
    /// Puts the context together: no file, no network, no certificate, no thread.
    pub(crate) fn new(
        settings: Settings,
        command: String,
        terminal: Terminal,
        output: Output,
    ) -> Self {
        Self {
            settings,
            command,
            terminal,
            output,
            api: OnceCell::new(),
            sandbox: OnceCell::new(),
            project: RefCell::new(None),
            has_printed: Cell::new(false),
            kept: RefCell::new(None),
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

    /// Prints a reply now, where the command goes on after it.
    pub(crate) async fn print_now(&self, reply: Reply) -> Result<()> {
        let metadata = Metadata::begun(self.command.clone(), Timestamp::now());
        self.output.print_now(reply, &metadata).await?;
        self.has_printed.set(true);
        Ok(())
    }

    /// Whether the data of this run is printed, so that nothing may come after it.
    pub(crate) fn has_printed(&self) -> bool {
        self.has_printed.get()
    }

    /// Keeps what must not be lost where Ctrl-C ends the run: it is printed then.
    pub(crate) fn keep(&self, reply: Reply) {
        *self.kept.borrow_mut() = Some(reply);
    }

    /// What was kept, once.
    pub(crate) fn take_kept(&self) -> Option<Reply> {
        self.kept.take()
    }

    /// What holds for this run.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the token of this run comes from.
    pub(crate) fn token_source(&self) -> Result<String> {
        if self.settings.sandbox {
            return Ok("the sandbox".to_owned());
        }
        self.settings.token().map(|found| found.source)
    }

    /// The API, as this person sees it. Made at the first call; connects at its first request.
    pub(crate) fn api(&self) -> Result<&Api> {
        if let Some(api) = self.api.get() {
            return Ok(api);
        }
        let service = if self.settings.sandbox {
            self.sandbox()?
        } else {
            self.hosted(self.settings.token()?.token)?
        };
        let api = self.connect(service)?;
        Ok(self.api.get_or_init(|| api))
    }

    /// The API for looking at cached answers alone: nothing answers a request.
    pub(crate) fn cached_only(&self) -> Result<Api> {
        let service = if self.settings.sandbox {
            self.sandbox_at(String::new(), String::new(), String::new())?
        } else {
            self.hosted(self.settings.token()?.token)?
        };
        self.connect(service)
    }

    /// The API as the owner of another token sees it, for trying that token.
    pub(crate) fn api_with(&self, token: SecretString) -> Result<Api> {
        self.connect(self.hosted(token)?)
    }

    fn hosted(&self, token: SecretString) -> Result<Service> {
        let (api_url, project_url) = (
            self.settings.api_url.clone(),
            self.settings.project_url.clone(),
        );
        let key = self.settings.service_key()?;
        Ok(Service {
            cache_name: format!("{api_url} {project_url}"),
            asker: Api::asker(&token, key.as_ref()),
            api_url,
            project_url,
            token,
            key,
        })
    }

    fn sandbox(&self) -> Result<Service> {
        let folder = settings::sandbox_folder()?;
        let running = sandbox::start(&folder, 0, settings::sandbox_postgres())
            .map_err(|error| Error::file("the sandbox did not start", error))?;
        // One for each run.
        let running = self.sandbox.get_or_init(|| running);
        for name in self.settings.not_heeded() {
            self.say_if_verbose(&format!("The sandbox does not heed {name}"));
        }
        self.sandbox_at(
            running.api_url.clone(),
            running.project_url.clone(),
            running.token.clone(),
        )
    }

    fn sandbox_at(&self, api_url: String, project_url: String, token: String) -> Result<Service> {
        Ok(Service {
            // Its port and its token are new each time, and what it holds is not.
            cache_name: settings::sandbox_name(&settings::sandbox_folder()?),
            asker: "sandbox".to_owned(),
            api_url,
            project_url,
            token: SecretString::from(token),
            key: self.settings.service_key()?,
        })
    }

    fn connect(&self, service: Service) -> Result<Api> {
        let extra_certificates = match &self.settings.ca_file {
            Some(file) => Some(
                std::fs::read(file)
                    .map_err(|error| Error::file(format!("--ca-file {}", file.display()), error))?,
            ),
            None => None,
        };
        let cache = match &self.settings.caching {
            Caching::Off => None,
            Caching::On { folder, reads } => {
                Some(Cache::new(folder.clone(), *reads, Rc::new(SystemTime::now)))
            }
        };
        let connection = Connection {
            api_url: service.api_url,
            project_url: service.project_url,
            retries: self.settings.retries,
            dry_run: self.settings.dry_run,
            cache,
            // The sandbox answers as often as it is asked.
            log_budget: if self.settings.sandbox {
                None
            } else {
                let folder = settings::cache_folder().ok();
                folder.map(|folder| Budget::new(folder.join("limits")))
            },
            cache_name: service.cache_name,
            asker: service.asker,
            transport: Transport::new(
                service.token,
                self.settings.request_timeout,
                tell(self.output.clone(), self.settings.verbose),
            )
            .trusting(extra_certificates)
            .telling_details(self.settings.verbose > 1),
        };
        if let Some(given) = self.settings.typed_service_key() {
            self.warn_of_typed("--service-key", given);
        }
        Ok(Api::new(connection, service.key))
    }

    /// Reads a secret that an argument gives: `-`, `@FILE`, `env:NAME`, or the secret itself, which draws
    /// a warning.
    pub(crate) fn secret(&self, flag: &str, given: &str) -> Result<SecretString> {
        self.warn_of_typed(flag, given);
        settings::secret(flag, given)
    }

    /// Warns of a secret that was typed rather than the place where it is.
    pub(crate) fn warn_of_typed(&self, flag: &str, given: &str) {
        if settings::is_typed(given) {
            self.say(&format!(
                "A secret typed as an argument can be seen by others on this machine: \
                 `{flag}` also takes `-`, `@FILE` and `env:NAME`"
            ));
        }
    }

    fn say_if_verbose(&self, message: &str) {
        if self.settings.verbose > 0 {
            self.say(message);
        }
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
        // What is read from here on decides about a write, or shows what became of it.
        self.api()?.read_fresh();
        let project = self.resolve(&target).await?;
        let named = if target.name == project.as_str() {
            String::new()
        } else {
            format!(" `{}`", target.name)
        };
        self.say(&format!("Project {project}{named}, from {}", target.source));
        Ok(project)
    }

    /// The same for a project that was named as an argument, as what ends its life or stops it asks for.
    pub(crate) fn project_given(&self, project: &ProjectRef) -> Result<&Api> {
        let api = self.api()?;
        api.read_fresh();
        self.remember(project);
        self.say(&format!("Project {project}, from the command line"));
        Ok(api)
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

    /// Lets the sandbox finish what would go on by itself on the hosted service: requests of webhooks.
    pub(crate) async fn settle(&self) {
        let Some(sandbox) = self.sandbox.get() else {
            return;
        };
        let settled = sandbox.settle();
        tokio::pin!(settled);
        if tokio::time::timeout(PATIENCE, &mut settled).await.is_err() {
            self.say("Waiting for the receiver of a webhook to answer");
            settled.await;
        }
    }

    /// When the oldest cached answer was asked for, in a run that sent nothing.
    pub(crate) fn cached_since(&self) -> Option<Timestamp> {
        self.api.get()?.cached_since()
    }

    /// The time by which the service goes: in the sandbox its clock is ahead by whatever it was moved.
    pub(crate) fn now(&self) -> Result<Timestamp> {
        if !self.settings.sandbox {
            return Ok(Timestamp::now());
        }
        sandbox::now(&settings::sandbox_folder()?)
            .map_err(|error| Error::file("the sandbox's clock", error))
    }

    /// The public address of a project, for showing it. The sandbox's own is another one at each start,
    /// so what is shown there is the one that the project would have.
    pub(crate) fn project_address(&self, project: &ProjectRef) -> String {
        let template = match self.settings.project_url.as_str() {
            "" => settings::PROJECT_URL,
            known => known,
        };
        template
            .trim_end_matches('/')
            .replace("{ref}", project.as_str())
    }

    /// A command line that works on the same project as this run, for typing it next.
    pub(crate) fn next_command(&self, words: &str, project: &ProjectRef) -> String {
        let profile = match self.settings.profile.as_str() {
            config::DEFAULT => String::new(),
            named => format!(" --profile {named}"),
        };
        format!("supactl {words} --project {project}{profile}")
    }

    /// Lets time pass. In the sandbox it is moved on, so that nobody has to wait.
    pub(crate) async fn pause(&self, time: Duration) -> std::io::Result<()> {
        if self.settings.sandbox {
            let folder = settings::sandbox_folder().map_err(std::io::Error::other)?;
            sandbox::advance(&folder, time)?;
            let answers = settings::sandbox_answers(&folder).map_err(std::io::Error::other)?;
            return cache::clear(&answers).map(|_| ());
        }
        tokio::time::sleep(time).await;
        Ok(())
    }

    /// The writes that a dry run held back.
    pub(crate) fn held_back(&self) -> Vec<serde_json::Value> {
        self.api.get().map(Api::held_back).unwrap_or_default()
    }

    /// The statements among them.
    pub(crate) fn held_back_sql(&self) -> Vec<serde_json::Value> {
        self.api.get().map(Api::held_back_sql).unwrap_or_default()
    }
}

/// Who answers, and as whom it is asked.
struct Service {
    api_url: String,
    project_url: String,
    token: SecretString,
    key: Option<ServiceKey>,
    cache_name: String,
    asker: String,
}

/// What is told on standard error while requests are under way.
fn tell(output: Output, verbose: u8) -> Box<dyn Fn(&Notice<'_>)> {
    Box::new(move |notice| {
        match notice {
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
        Notice::Resting { reason, delay } => {
            output.say(&format!("{reason}; waiting {}", seconds(*delay)));
        }
        Notice::Cached { request } => {
            if verbose > 0 {
                output.say(&format!("{} {} → cached answer", request.method.as_str(), request.path));
            }
        }
        Notice::NotForgotten { reason } => output.say(&format!(
            "Cached answers may be stale, since they could not be removed ({reason}): use `--no-cache`"
        )),
        Notice::Sending { method, url, headers, body } => {
            output.say(&detail(">", &format!("{method} {url}"), headers, body));
        }
        Notice::Answered { status, headers, body } => {
            output.say(&detail("<", &status.to_string(), headers, body));
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
    }
    })
}

/// One half of an exchange, a line each for what it is, its headers and its body.
fn detail(mark: &str, what: &str, headers: &[(String, String)], body: &str) -> String {
    let mut text = format!("{mark} {what}");
    for (name, value) in headers {
        text.push_str(&format!("\n{mark} {name}: {value}"));
    }
    if !body.is_empty() {
        text.push_str(&format!("\n{mark} {body}"));
    }
    text
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64().ceil())
}
