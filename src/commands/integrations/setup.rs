//! `integrations setup`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::examine::{Known, examine};
use super::found::{COLUMNS, Check, Examined};
use super::steps::{Given, Step, is_called, is_of, open};
use super::{named, names};
use crate::api::integrations::{DRAINS, ISSUERS, Input, InputKind, Integration, Variant, Way};
use crate::api::{Object, ProjectRef};
use crate::app::App;
use crate::cli::{WriteArgs, duration};
use crate::error::{Code, Error, Result};
use crate::output::Reply;
use crate::waiting::{Look, until_done};

/// Set up an integration, and check that it works
///
/// Looks first at what there is, and asks; where all is there already nothing is changed. What it wants
/// to know is given with `--set`, secrets as `-`, `@FILE` or `env:NAME`.
///
/// Kinds of third-party-auth: firebase (project_id), auth0 (tenant, [region]), cognito (region,
/// user_pool_id), clerk (domain), workos (issuer), oidc (issuer), jwks (jwks_url), custom (custom_jwks).
/// Kinds of log-drain: webhook, datadog, loki, sentry, axiom, syslog, s3, last9, otlp, postgres, bigquery,
/// clickhouse; each also takes `name`. What a kind wants is told where it is missing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl integrations setup cron\n  supactl integrations setup queues --expose --yes\n  supactl integrations setup third-party-auth --kind auth0 --set tenant=acme --set region=eu\n  supactl integrations setup log-drain --kind datadog --set region=us1 --set api_key=env:DD_API_KEY"
)]
pub(crate) struct Setup {
    /// Name of the integration
    #[arg(value_parser = names(), hide_possible_values = true)]
    name: String,

    /// Kind of third-party-auth or log-drain
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,

    /// What the kind wants to know; may be given several times; `headers.NAME=VALUE` for a header
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// The same from a YAML or JSON file; `--set` wins over it
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// For queues: let the Data API reach them
    #[arg(long)]
    expose: bool,

    /// Longest time to wait until all checks come out well
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    timeout: Duration,

    #[command(flatten)]
    write: WriteArgs,
}

/// What the Data API wants to know.
const DATA_API: &[Variant] = &[Variant {
    word: "data-api",
    inputs: &[Input {
        key: "schemas",
        kind: InputKind::Text,
        required: false,
    }],
    open: false,
}];

impl Setup {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let integration = named(&self.name)?;
        let given = self.given(app, integration)?;
        let project = app.project_to_change().await?;
        elsewhere(integration, &project)?;
        let api = app.api()?;
        let known = Known::of(api, &project, &[integration], false).await?;
        let found = examine(api, &project, integration, &known, true, self.expose).await?;
        let schemas = known.schemas.unwrap_or_default();
        let steps = open(integration, &found, &schemas, &given, &project)?;
        if steps.is_empty() {
            let reply = Reply::item(found.data(integration), COLUMNS);
            return Ok(match verdict(integration, &found) {
                None => reply.with_message(format!(
                    "`{}` is set up already: nothing was changed",
                    self.name
                )),
                Some(verdict) => reply.with_verdict(verdict),
            });
        }
        for step in &steps {
            app.say(&format!("  {}", step.told()));
        }
        let question = format!("Set up `{}` in project {project}?", self.name);
        // An issuer is not asked for nothing.
        app.terminal().can_confirm(&question)?;
        let document = self.discovery(app, &given).await?;
        if let Some(check) = document.as_ref().filter(|check| check.ok == Some(false)) {
            let found = Examined {
                checks: vec![check.clone()],
                ..found
            };
            let reply = Reply::item(found.data(integration), COLUMNS);
            return Ok(reply.with_verdict(Error::Verdict {
                code: Code::CheckFailed,
                message: format!("nothing was changed: {}", check.detail),
                hint: Some(
                    "an issuer is the exact address that stands in its tokens as `iss`".to_owned(),
                ),
            }));
        }
        app.terminal().confirm(&question)?;
        take(&steps, app, &project).await?;
        let mut after = self.settled(app, &project, integration, &given).await?;
        after.checks.extend(document);
        let reply = Reply::item(after.data(integration), COLUMNS);
        let reply = match verdict(integration, &after) {
            None => reply.with_message(format!("Set up `{}`", self.name)),
            Some(verdict) => reply.with_verdict(verdict),
        };
        Ok(if self.expose {
            reply.with_message("Anybody can use a queue through the Data API unless row-level security is on for its table `pgmq.q_NAME`")
        } else {
            reply
        })
    }

    /// Reads all that was given, before anything is sent.
    fn given(&self, app: &App, integration: &Integration) -> Result<Given> {
        if self.expose && integration.name != "queues" {
            return Err(Error::invalid("`--expose` is for queues"));
        }
        let variants = match integration.way {
            Way::ThirdPartyAuth => ISSUERS,
            Way::LogDrain => DRAINS,
            Way::DataApi => DATA_API,
            _ => &[],
        };
        let chosen = |word: &str| variants.iter().find(|variant| variant.word == word);
        let words: Vec<_> = variants.iter().map(|variant| variant.word).collect();
        let variant = match (&self.kind, variants) {
            (Some(word), _) => chosen(word).ok_or_else(|| {
                Error::invalid_with_hint(
                    format!("`{}` has no kind `{word}`", integration.name),
                    if words.len() > 1 {
                        format!("it has {}", words.join(", "))
                    } else {
                        "leave `--kind` out".to_owned()
                    },
                )
            })?,
            (None, [only]) => only,
            (None, []) if self.set.is_empty() && self.file.is_none() => {
                return Ok(Given {
                    expose: self.expose,
                    ..Given::default()
                });
            }
            (None, []) => {
                return Err(Error::invalid(format!(
                    "`{}` takes no settings",
                    integration.name
                )));
            }
            (None, _) => {
                return Err(Error::invalid_with_hint(
                    format!("`{}` has several kinds", integration.name),
                    format!("choose one with `--kind`: {}", words.join(", ")),
                ));
            }
        };
        let mut given = match &self.file {
            Some(file) => super::inputs::in_file(file, variant)?,
            None => Object::new(),
        };
        super::inputs::on_command_line(app, &self.set, variant, &mut given)?;
        let read = Given::new(integration, variant, given).map_err(|problem| {
            let takes = format!("`{}` takes {}", variant.word, variant.takes());
            Error::invalid_with_hint(problem, takes)
        })?;
        Ok(Given {
            expose: self.expose,
            ..read
        })
    }

    /// Checks an issuer's own documents. The sandbox has no network, and asks nobody.
    async fn discovery(&self, app: &App, given: &Given) -> Result<Option<Check>> {
        let Some(address) = given.issuer.as_ref().and_then(|issuer| issuer.address()) else {
            return Ok(None);
        };
        let name = "discovery document";
        if app.settings().sandbox {
            return Ok(Some(Check::new(name, None, "the sandbox asks nobody")));
        }
        Ok(Some(match app.api()?.check_issuer(address).await {
            Ok(Ok(())) => Check::new(name, Some(true), ""),
            Ok(Err(problem)) => Check::new(name, Some(false), problem),
            // It may be reachable for the service all the same.
            Err(error) => Check::new(name, None, error.to_string()),
        }))
    }

    /// Looks until all checks come out well, or for as long as one may wait.
    async fn settled(
        &self,
        app: &App,
        project: &ProjectRef,
        integration: &'static Integration,
        given: &Given,
    ) -> Result<Examined> {
        let api = app.api()?;
        let mut last = None;
        let what = format!("Integration {}", integration.name);
        let looked = until_done(app, &what, self.timeout, async || {
            let known = Known::of(api, project, &[integration], false).await?;
            let mut found = examine(api, project, integration, &known, true, self.expose).await?;
            if let Some(issuer) = &given.issuer {
                let listed = found.items.iter().any(|item| is_of(issuer, item));
                found
                    .checks
                    .push(Check::new("listed", Some(listed), issuer.name()));
            }
            if let Some(drain) = &given.drain {
                let listed = found.items.iter().any(|item| is_called(item, &drain.name));
                found
                    .checks
                    .push(Check::new("listed", Some(listed), drain.name.clone()));
            }
            let waiting = verdict(integration, &found).map(|_| found.failed().join(", "));
            last = Some(found);
            Ok(match waiting {
                None => Look::Done(()),
                Some(waiting) => Look::Going(format!("waiting for {waiting}")),
            })
        });
        match (looked.await, last) {
            (Ok(()), Some(found)) => Ok(found),
            (Err(Error::Api(error)), Some(found)) if error.code == Code::Timeout => Ok(found),
            (Err(error), _) => Err(error.after("it was set up")),
            (Ok(()), None) => Err(Error::Internal("nothing was looked at".to_owned())),
        }
    }
}

/// Takes the steps in order. A dry run shows them all.
async fn take(steps: &[Step], app: &App, project: &ProjectRef) -> Result<()> {
    let mut held_back = false;
    for (taken, step) in steps.iter().enumerate() {
        match step.take(app.api()?, project).await {
            Ok(()) => {}
            Err(Error::HeldBack) => held_back = true,
            Err(error) if taken == 0 => return Err(error),
            Err(error) => {
                let told: Vec<_> = steps[..taken].iter().map(Step::told).collect();
                let all = steps.len();
                return Err(error.when(&format!(
                    "after {taken} of {all} steps ({})",
                    told.join("; ")
                )));
            }
        }
    }
    if held_back {
        Err(Error::HeldBack)
    } else {
        Ok(())
    }
}

/// The page of the dashboard that alone sets an integration up.
pub(super) fn page(integration: &Integration) -> Option<&'static str> {
    match integration.way {
        Way::Dashboard(page) => Some(page),
        Way::Github => Some("settings/integrations"),
        _ => None,
    }
}

/// What only the dashboard can do.
pub(super) fn elsewhere(integration: &Integration, project: &ProjectRef) -> Result<()> {
    let Some(page) = page(integration) else {
        return Ok(());
    };
    Err(Error::invalid_with_hint(
        format!(
            "`{}` can be set up and removed in the dashboard only",
            integration.name
        ),
        format!("https://supabase.com/dashboard/project/{project}/{page}"),
    ))
}

/// How a run ends whose checks did not all come out well.
fn verdict(integration: &Integration, found: &Examined) -> Option<Error> {
    let failed = found.failed();
    let first = found.checks.iter().find(|check| check.ok == Some(false))?;
    Some(Error::Verdict {
        code: Code::CheckFailed,
        message: format!(
            "`{}` does not work: {}",
            integration.name,
            failed.join(", ")
        ),
        hint: (!first.detail.is_empty()).then(|| format!("{}: {}", first.name, first.detail)),
    })
}
