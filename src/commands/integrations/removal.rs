//! What taking an integration away means for each of them.

use serde_json::Value;

use super::examine::Known;
use super::found::{Examined, Status};
use super::steps::explained;
use crate::api::integrations::{
    Extension, Facts, HIDE_QUEUES, Integration, QUEUES_SCHEMA, Way, exposed, schemas_without,
};
use crate::api::webhooks::Trigger;
use crate::api::{Api, ApiError, Object, ProjectRef};
use crate::error::{Code, Error, Result};

/// What is to be taken away.
pub(super) enum Removal {
    Extension {
        name: &'static str,
        extension: &'static Extension,
        /// The schemas of the Data API without that of the queues, where it is among them.
        schemas: Option<String>,
        hides: bool,
    },
    Webhooks(Vec<Trigger>),
    DataApi,
    Issuer(Object),
    Drain(Object),
}

impl Removal {
    /// Finds out what there is to take away.
    ///
    /// # Errors
    /// `not_found` where there is nothing, and `conflict` where something else stands on it.
    pub(super) async fn of(
        api: &Api,
        project: &ProjectRef,
        integration: &'static Integration,
        found: &Examined,
        known: &Known,
        which: Option<&str>,
    ) -> Result<Self> {
        let name = integration.name;
        let there = matches!(found.status, Status::Installed | Status::Incomplete);
        if !there {
            return Err(ApiError::new(
                Code::NotFound,
                format!("`{name}` is not set up in project {project}"),
            )
            .into());
        }
        if which.is_some() && !matches!(integration.way, Way::ThirdPartyAuth | Way::LogDrain) {
            return Err(Error::invalid(format!(
                "there is one `{name}` only: leave its id out"
            )));
        }
        Ok(match &integration.way {
            Way::Extension(extension) => {
                if name == "wrappers"
                    && let Ok(facts) = &known.facts
                {
                    without_servers(facts)?;
                }
                let queues = name == "queues";
                let schemas = known.schemas.as_deref().unwrap_or_default();
                let listed = queues && exposed(schemas).any(|other| other == QUEUES_SCHEMA);
                Self::Extension {
                    name,
                    extension,
                    schemas: listed.then(|| schemas_without(schemas, QUEUES_SCHEMA)),
                    hides: queues,
                }
            }
            Way::Webhooks => {
                let hooks = api.webhooks(project).await?.unwrap_or_default();
                if hooks.is_empty() {
                    let message = "there is no webhook to remove, and what they need stays";
                    return Err(ApiError::new(Code::NotFound, message).into());
                }
                Self::Webhooks(hooks)
            }
            Way::DataApi => Self::DataApi,
            Way::ThirdPartyAuth => Self::Issuer(one_of(name, &found.items, which)?),
            Way::LogDrain => Self::Drain(one_of(name, &found.items, which)?),
            Way::Github | Way::Dashboard(_) => {
                return Err(Error::invalid(format!(
                    "`{name}` can be removed in the dashboard only"
                )));
            }
        })
    }

    /// What it is, in a question.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Extension { name, .. } => format!("`{name}`"),
            Self::Webhooks(hooks) => format!("`webhooks` ({} of them)", hooks.len()),
            Self::DataApi => "`data-api`".to_owned(),
            Self::Issuer(item) => format!("third-party auth of {}", label(item)),
            Self::Drain(item) => format!("log drain `{}`", label(item)),
        }
    }

    /// What is lost for good.
    pub(super) fn loses(&self) -> Option<String> {
        match self {
            Self::Extension { extension, .. } => Some(extension.loses.to_owned()),
            Self::Webhooks(hooks) => {
                let names: Vec<_> = hooks
                    .iter()
                    .map(|hook| format!("`{}` on {}", hook.name, hook.table))
                    .collect();
                Some(format!("the webhooks {}", names.join(", ")))
            }
            Self::DataApi | Self::Issuer(_) | Self::Drain(_) => None,
        }
    }

    /// The one among several.
    pub(super) fn item(&self) -> Option<&Object> {
        match self {
            Self::Issuer(item) | Self::Drain(item) => Some(item),
            _ => None,
        }
    }

    /// Takes it away. A dry run shows all that would be sent.
    pub(super) async fn carry_out(&self, api: &Api, project: &ProjectRef) -> Result<()> {
        let mut held_back = false;
        let mut gone: Vec<String> = Vec::new();
        let mut done = |result: Result<()>, what: String| match result {
            Ok(()) => {
                gone.push(what);
                Ok(())
            }
            Err(Error::HeldBack) => {
                held_back = true;
                Ok(())
            }
            Err(error) if gone.is_empty() => Err(error),
            Err(error) => Err(error.when(&format!("{}, and no more", gone.join(", ")))),
        };
        match self {
            Self::Extension {
                extension,
                schemas,
                hides,
                ..
            } => {
                if let Some(schemas) = schemas {
                    let hidden = "it was hidden from the Data API".to_owned();
                    done(api.expose_schemas(project, schemas).await, hidden)?;
                }
                if *hides {
                    done(
                        api.change_integration(project, HIDE_QUEUES)
                            .await
                            .map_err(explained),
                        "its queues were hidden".to_owned(),
                    )?;
                }
                done(
                    api.change_integration(project, extension.remove)
                        .await
                        .map_err(explained),
                    String::new(),
                )?;
            }
            Self::Webhooks(hooks) => {
                for hook in hooks {
                    let deleted = format!("webhook `{}` was deleted", hook.name);
                    done(api.delete_webhook(project, hook).await, deleted)?;
                }
            }
            Self::DataApi => api.expose_schemas(project, "").await?,
            Self::Issuer(item) => api.refuse_tokens(project, id(item)).await?,
            Self::Drain(item) => api.delete_log_drain(project, id(item)).await?,
        }
        if held_back {
            Err(Error::HeldBack)
        } else {
            Ok(())
        }
    }

    /// Whether it is to be seen no more. What webhooks need stays.
    pub(super) fn is_gone(&self, after: &Examined) -> bool {
        match self {
            Self::Webhooks(_) => true,
            Self::Issuer(item) | Self::Drain(item) => {
                !after.items.iter().any(|other| id(other) == id(item))
            }
            Self::Extension { .. } | Self::DataApi => {
                matches!(after.status, Status::Available | Status::Unavailable)
            }
        }
    }
}

fn id(item: &Object) -> &str {
    item.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// How people call one of several.
fn label(item: &Object) -> String {
    let names = ["name", "oidc_issuer_url", "jwks_url", "id"];
    let name = names.iter().find_map(|key| item.get(*key)?.as_str());
    name.unwrap_or_default().to_owned()
}

/// The one that is meant.
fn one_of(name: &str, items: &[Object], which: Option<&str>) -> Result<Object> {
    let is = |item: &&Object| {
        let keys = ["id", "name", "oidc_issuer_url", "jwks_url"];
        let texts = keys.iter().filter_map(|key| item.get(*key)?.as_str());
        which.is_none_or(|which| {
            texts
                .into_iter()
                .any(|text| text.trim_end_matches('/') == which.trim_end_matches('/'))
        })
    };
    let found: Vec<&Object> = items.iter().filter(is).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(ApiError::new(
            Code::NotFound,
            format!("no {name} is called `{}`", which.unwrap_or_default()),
        )
        .with_hint(format!(
            "`supactl integrations status {name}` shows what there is"
        ))
        .into()),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|item| format!("{} ({})", label(item), id(item)))
                .collect();
            Err(Error::invalid_with_hint(
                format!("there are {} of {name}", several.len()),
                format!("say which one, by its id: {}", names.join(", ")),
            ))
        }
    }
}

/// Foreign servers stand on the wrappers: their tables would go with them.
fn without_servers(facts: &Facts) -> Result<()> {
    let servers: Vec<_> = facts
        .wrappers()
        .iter()
        .filter_map(|row| row["server"].as_str())
        .collect();
    if servers.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(
        Code::Conflict,
        format!("foreign servers use the wrappers: {}", servers.join(", ")),
    )
    .with_hint("drop each that is not needed first: `drop server NAME cascade`")
    .into())
}
