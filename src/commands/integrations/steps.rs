//! What has to be done for an integration to be there, step by step.

use serde_json::Value;

use super::found::{Examined, Status};
use crate::api::integrations::{
    EXPOSE_QUEUES, Integration, Issuer, LABELS, NewDrain, QUEUES_SCHEMA, ThirdPartyAuth, Variant,
    Way, exposed, schemas_with,
};
use crate::api::sql::sqlstate;
use crate::api::{Api, ApiError, Object, ProjectRef, Record};
use crate::error::{Code, Error, Result};

/// One thing that is done.
#[derive(Debug)]
pub(super) enum Step {
    Sql { what: String, sql: &'static str },
    ExposeSchemas(String),
    EnableWebhooks,
    AcceptTokens(Issuer),
    CreateDrain(NewDrain),
}

impl Step {
    /// The line that a person is asked about.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Sql { what, .. } => what.clone(),
            Self::ExposeSchemas(schemas) => {
                format!("expose these schemas in the Data API: {schemas}")
            }
            Self::EnableWebhooks => "switch Database Webhooks on".to_owned(),
            Self::AcceptTokens(issuer) => {
                format!(
                    "accept tokens of {}, whose users count as monthly active users",
                    issuer.name()
                )
            }
            Self::CreateDrain(drain) => {
                format!(
                    "send all logs to `{}` ({}), which is billed by hours and events",
                    drain.name, drain.kind
                )
            }
        }
    }

    /// Does it.
    pub(super) async fn take(&self, api: &Api, project: &ProjectRef) -> Result<()> {
        match self {
            Self::Sql { sql, .. } => api
                .change_integration(project, sql)
                .await
                .map_err(explained),
            Self::ExposeSchemas(schemas) => api.expose_schemas(project, schemas).await,
            Self::EnableWebhooks => api.switch_webhooks_on(project).await,
            Self::AcceptTokens(issuer) => api.accept_tokens(project, issuer).await,
            Self::CreateDrain(drain) => api.create_log_drain(project, drain).await.map_err(paid),
        }
    }
}

/// A refusal of the database, by what kind it is.
pub(super) fn explained(error: Error) -> Error {
    let code = match sqlstate(&error) {
        Some("42501") => Code::Forbidden,
        // The image does not have the extension, or another one that it needs.
        Some("0A000" | "58P01" | "2BP01" | "55000") => Code::Conflict,
        _ => return error,
    };
    match error {
        // The token had what it needs: it is the role in the database that lacks something.
        Error::Api(error) if code == Code::Forbidden => ApiError { code, ..error }
            .with_hint("the database does not let its role `postgres` do this")
            .into(),
        Error::Api(error) => Error::Api(ApiError { code, ..error }),
        other => other,
    }
}

/// A refusal of the service, with the reason that it mostly has.
fn paid(error: Error) -> Error {
    match error {
        Error::Api(error) if matches!(error.code, Code::PlanRequired) => error
            .with_hint("log drains are a paid feature: see the plan under https://supabase.com/dashboard/org/_/billing")
            .into(),
        other => other,
    }
}

/// What was given beside the name.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) issuer: Option<Issuer>,
    pub(super) drain: Option<NewDrain>,
    /// Schemas for the Data API.
    pub(super) schemas: Option<String>,
    pub(super) expose: bool,
}

impl Given {
    /// Makes what the integration is set up with out of the inputs of a kind.
    pub(super) fn new(
        integration: &Integration,
        variant: &Variant,
        mut given: Object,
    ) -> Result<Self, String> {
        let mut labels = Object::new();
        if matches!(integration.way, Way::LogDrain) {
            for label in LABELS {
                let value = given.shift_remove(label.key);
                labels.extend(value.map(|value| (label.key.to_owned(), value)));
            }
        }
        let config = variant.read(&given)?;
        let text =
            |object: &Object, key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        Ok(match integration.way {
            Way::ThirdPartyAuth => Self {
                issuer: Some(Issuer::new(variant.word, &config)),
                ..Self::default()
            },
            Way::LogDrain => {
                let drain = NewDrain {
                    name: text(&labels, "name").unwrap_or_else(|| variant.word.to_owned()),
                    description: text(&labels, "description"),
                    kind: variant.word,
                    config,
                };
                Self {
                    drain: Some(drain),
                    ..Self::default()
                }
            }
            _ => Self {
                schemas: text(&config, "schemas"),
                ..Self::default()
            },
        })
    }
}

/// What is left to do.
///
/// # Errors
/// Where nothing that can be done from here would help.
pub(super) fn open(
    integration: &Integration,
    found: &Examined,
    schemas: &str,
    given: &Given,
    project: &ProjectRef,
) -> Result<Vec<Step>> {
    if found.status == Status::Unavailable {
        let lacking = found
            .checks
            .iter()
            .filter(|check| check.detail.starts_with("not on"));
        let lacking: Vec<_> = lacking.map(|check| check.name.as_str()).collect();
        let message = format!(
            "the database image of project {project} does not have {}",
            lacking.join(", ")
        );
        return Err(ApiError::new(Code::Conflict, message)
            .with_hint(format!("a database upgrade may bring it: https://supabase.com/dashboard/project/{project}/settings/infrastructure"))
            .into());
    }
    let mut steps = Vec::new();
    match &integration.way {
        Way::Extension(extension) => {
            for (name, sql) in extension.parts {
                let check = format!("extension {name}");
                if found.failed().contains(&check.as_str()) {
                    steps.push(Step::Sql {
                        what: format!("install extension {name}"),
                        sql,
                    });
                }
            }
            let mut wanted = schemas.to_owned();
            if let Some(schema) = extension.exposes
                && !exposed(schemas).any(|other| other == schema)
            {
                wanted = schemas_with(&wanted, schema);
            }
            if given.expose {
                if found.failed().contains(&"functions for the Data API") {
                    let what = format!("make functions for the Data API in schema {QUEUES_SCHEMA}");
                    steps.push(Step::Sql {
                        what,
                        sql: EXPOSE_QUEUES,
                    });
                }
                if !exposed(schemas).any(|other| other == QUEUES_SCHEMA) {
                    wanted = schemas_with(&wanted, QUEUES_SCHEMA);
                }
            }
            if wanted != schemas {
                steps.push(Step::ExposeSchemas(wanted));
            }
        }
        Way::Webhooks if found.status != Status::Installed => steps.push(Step::EnableWebhooks),
        Way::DataApi => {
            let asked = given.schemas.as_deref();
            let usual = exposed(schemas)
                .next()
                .is_none()
                .then_some("public,graphql_public");
            let wanted = asked
                .or(usual)
                .map(|list| exposed(list).collect::<Vec<_>>());
            if let Some(wanted) = wanted
                && !exposed(schemas).eq(wanted.iter().copied())
            {
                steps.push(Step::ExposeSchemas(wanted.join(",")));
            }
        }
        Way::ThirdPartyAuth => {
            if let Some(issuer) = &given.issuer
                && !found.items.iter().any(|item| is_of(issuer, item))
            {
                steps.push(Step::AcceptTokens(issuer.clone()));
            }
        }
        Way::LogDrain => {
            if let Some(drain) = &given.drain
                && !found.items.iter().any(|item| is_called(item, &drain.name))
            {
                steps.push(Step::CreateDrain(drain.clone()));
            }
        }
        Way::Webhooks | Way::Github | Way::Dashboard(_) => {}
    }
    Ok(steps)
}

/// Whether an item of the list is this issuer.
pub(super) fn is_of(issuer: &Issuer, item: &Object) -> bool {
    issuer.is(&ThirdPartyAuth::read(Value::Object(item.clone())))
}

/// Whether an item of the list has this name.
pub(super) fn is_called(item: &Object, name: &str) -> bool {
    item.get("name").and_then(Value::as_str) == Some(name)
}
