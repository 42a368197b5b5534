//! How an integration is: what there is of it, check by check.

use serde_json::{Value, json};

use super::found::{Check, Examined, Reason, Status, tolerated};
use crate::api::integrations::{Extension, Facts, Integration, QUEUES_SCHEMA, Way, exposed};
use crate::api::webhooks::{Worker, url_without_secrets};
use crate::api::{Api, Object, ProjectRef, Record, mask};
use crate::error::Result;

/// What several integrations are judged by.
pub(super) struct Known {
    pub(super) facts: Result<Facts, Reason>,
    pub(super) schemas: Result<String, Reason>,
}

impl Known {
    /// Asks for what these need; `tolerant` of what fails.
    pub(super) async fn of(
        api: &Api,
        project: &ProjectRef,
        integrations: &[&Integration],
        tolerant: bool,
    ) -> Result<Self> {
        let by_facts = |integration: &&&Integration| {
            matches!(integration.way, Way::Extension(_) | Way::Webhooks)
        };
        let by_schemas = |integration: &&&Integration| {
            matches!(integration.way, Way::DataApi)
                || integration.name == "queues"
                || integration
                    .extension()
                    .is_some_and(|extension| extension.exposes.is_some())
        };
        let facts = async {
            if integrations.iter().any(|one| by_facts(&one)) {
                api.integration_facts(project).await
            } else {
                Ok(Facts::default())
            }
        };
        let schemas = async {
            if integrations.iter().any(|one| by_schemas(&one)) {
                api.exposed_schemas(project).await
            } else {
                Ok(String::new())
            }
        };
        let (facts, schemas) = futures_util::join!(facts, schemas);
        Ok(Self {
            facts: settled(facts, tolerant)?,
            schemas: settled(schemas, tolerant)?,
        })
    }
}

fn settled<T>(result: Result<T>, tolerant: bool) -> Result<Result<T, Reason>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) if tolerant => tolerated(error).map(Err),
        Err(error) => Err(error),
    }
}

/// Finds out how an integration is. `whole` also tries it out; `expose` is about queues, and wants their
/// functions to be there.
pub(super) async fn examine(
    api: &Api,
    project: &ProjectRef,
    integration: &Integration,
    known: &Known,
    whole: bool,
    expose: bool,
) -> Result<Examined> {
    let facts = match &known.facts {
        Ok(facts) => facts,
        Err(reason) if matches!(integration.way, Way::Extension(_) | Way::Webhooks) => {
            return Ok(Examined::unknown(reason));
        }
        Err(_) => &Facts::default(),
    };
    match &integration.way {
        Way::Extension(extension) => {
            let schemas = known.schemas.as_ref().ok().map(String::as_str);
            let mut found = look_at_extension(extension, facts, schemas);
            if integration.name == "queues" && found.status != Status::Unavailable {
                found.checks.extend(exposed_queues(facts, schemas, expose));
            }
            if integration.name == "wrappers" {
                found.items = facts
                    .wrappers()
                    .iter()
                    .filter_map(Value::as_object)
                    .cloned()
                    .collect();
            }
            let installed = facts.installed(extension.parts[0].0).is_some();
            if let Some((name, sql)) = extension.probe
                && whole
                && installed
            {
                found
                    .checks
                    .push(tried(name, api.probe_integration(project, sql).await)?);
            }
            if found.status == Status::Installed && !found.failed().is_empty() {
                found.status = Status::Incomplete;
            }
            Ok(found)
        }
        Way::Webhooks => {
            let worker = match facts.is("pg_net_worker") {
                None if whole => match api.webhook_worker(project).await? {
                    Worker::Up => Some(true),
                    Worker::Down => Some(false),
                    Worker::Hidden => None,
                },
                seen => seen,
            };
            Ok(look_at_webhooks(facts, worker))
        }
        Way::DataApi => {
            let schemas = match &known.schemas {
                Ok(schemas) => schemas,
                Err(reason) => return Ok(Examined::unknown(reason)),
            };
            let some = exposed(schemas).next().is_some();
            let mut checks = vec![Check::new("schemas exposed", Some(some), schemas.clone())];
            if some && whole {
                checks.push(healthy(api, project).await?);
            }
            let complete = checks.iter().all(|check| check.ok != Some(false));
            let status = match (some, complete) {
                (false, _) => Status::Available,
                (true, true) => Status::Installed,
                (true, false) => Status::Incomplete,
            };
            Ok(Examined::new(status, checks))
        }
        Way::ThirdPartyAuth => {
            let issuers = api.third_party_auth(project).await?;
            let checks = issuers.iter().map(|issuer| {
                let known = issuer
                    .object()
                    .get("resolved_jwks")
                    .is_some_and(|keys| !keys.is_null());
                let name = issuer.text("oidc_issuer_url").or(issuer.text("jwks_url"));
                let at = issuer
                    .text("resolved_at")
                    .map_or("not fetched yet".to_owned(), |at| format!("fetched {at}"));
                let own = name.is_none()
                    && !known
                    && issuer
                        .object()
                        .get("custom_jwks")
                        .is_some_and(|keys| !keys.is_null());
                Check::new(
                    format!("keys of {}", name.unwrap_or("custom_jwks")),
                    Some(known || own),
                    at,
                )
            });
            let found = Examined::new(Status::Available, checks.collect());
            Ok(counted(found, issuers.into_iter().map(Record::into_object)))
        }
        Way::LogDrain => {
            let drains = api.log_drains(project).await?;
            let found = Examined::new(Status::Available, Vec::new());
            Ok(counted(
                found,
                drains.into_iter().map(|drain| hidden(drain.into_object())),
            ))
        }
        Way::Github => {
            let connections = api.github_connections(project).await?;
            // Only the dashboard can make the first one.
            let found = Examined::new(Status::DashboardOnly, Vec::new());
            Ok(counted(found, connections.into_iter()))
        }
        Way::Dashboard(_) => Ok(Examined::new(Status::DashboardOnly, Vec::new())),
    }
}

/// Installed where there is one, and incomplete where a check failed.
fn counted(mut found: Examined, items: impl Iterator<Item = Object>) -> Examined {
    found.items = items.collect();
    if !found.items.is_empty() {
        let complete = found.failed().is_empty();
        found.status = if complete {
            Status::Installed
        } else {
            Status::Incomplete
        };
    }
    found
}

/// A log drain without the secrets that its configuration may hold.
fn hidden(drain: Object) -> Object {
    let Value::Object(mut drain) = mask::json(&Value::Object(drain)) else {
        return Object::new();
    };
    for key in ["url", "endpoint"] {
        if let Some(Value::String(url)) = drain
            .get_mut("config")
            .and_then(|config| config.get_mut(key))
        {
            *url = url_without_secrets(url);
        }
    }
    drain
}

/// What the catalog says of the extensions of an integration.
fn look_at_extension(extension: &Extension, facts: &Facts, schemas: Option<&str>) -> Examined {
    let main = extension.parts[0].0;
    let mut checks: Vec<Check> = extension
        .parts
        .iter()
        .map(|(name, _)| part(name, facts))
        .collect();
    let missing = extension
        .parts
        .iter()
        .any(|(name, _)| facts.extension(name).is_none());
    let installed = facts.installed(main).is_some();
    // A worker that runs is no part of the database: it may be there without the extension.
    let tables = extension
        .objects
        .iter()
        .filter(|(name, _)| *name != "worker");
    let remains = tables
        .clone()
        .any(|(_, column)| facts.is(column) == Some(true));
    if !installed && !remains {
        let status = if missing {
            Status::Unavailable
        } else {
            Status::Available
        };
        return Examined::new(status, checks);
    }
    if let Some(schema) = extension.schema
        && installed
    {
        let found = facts
            .extension(main)
            .and_then(|row| row["schema"].as_str())
            .unwrap_or_default();
        let detail = if found == schema {
            found.to_owned()
        } else {
            format!("{found}, not {schema}")
        };
        checks.push(Check::new("schema", Some(found == schema), detail));
    }
    for (name, column) in extension.objects {
        checks.push(Check::new(*name, facts.is(column), ""));
    }
    if let Some(schema) = extension.exposes {
        let ok = schemas.map(|schemas| exposed(schemas).any(|other| other == schema));
        checks.push(Check::new(
            format!("{schema} exposed"),
            ok,
            schemas.unwrap_or_default(),
        ));
    }
    let complete = checks.iter().all(|check| check.ok != Some(false));
    let status = if complete {
        Status::Installed
    } else {
        Status::Incomplete
    };
    Examined::new(status, checks)
}

fn part(name: &str, facts: &Facts) -> Check {
    let (ok, detail) = match (facts.extension(name), facts.installed(name)) {
        (_, Some(version)) => (true, version.to_owned()),
        (Some(_), None) => (false, "not installed".to_owned()),
        (None, _) => (false, "not on this database image".to_owned()),
    };
    Check::new(format!("extension {name}"), Some(ok), detail)
}

/// Whether queues are open to the Data API, where they are meant to be.
fn exposed_queues(facts: &Facts, schemas: Option<&str>, wanted: bool) -> Vec<Check> {
    let functions = facts.count("queues_exposed_functions");
    let listed = schemas.map(|schemas| exposed(schemas).any(|other| other == QUEUES_SCHEMA));
    if !wanted && facts.is("queues_exposed_schema") != Some(true) && listed != Some(true) {
        return Vec::new();
    }
    vec![
        Check::new(
            "functions for the Data API",
            Some(functions >= 6),
            format!("{functions} of 6"),
        ),
        Check::new(
            format!("{QUEUES_SCHEMA} exposed"),
            listed,
            schemas.unwrap_or_default(),
        ),
    ]
}

fn look_at_webhooks(facts: &Facts, worker: Option<bool>) -> Examined {
    let function = facts.is("webhooks_function") == Some(true);
    if !function && facts.is("webhooks_schema") != Some(true) {
        return Examined::new(Status::Available, Vec::new());
    }
    // Where pg_net stands in another way than as an extension, its tables tell.
    let net = facts.installed("pg_net").is_some() || facts.is("pg_net_tables") == Some(true);
    let checks = vec![
        Check::new("function", Some(function), ""),
        Check::new(
            "pg_net",
            Some(net),
            facts.installed("pg_net").unwrap_or_default(),
        ),
        Check::new("worker", worker, ""),
    ];
    let complete = checks.iter().all(|check| check.ok != Some(false));
    let status = if complete {
        Status::Installed
    } else {
        Status::Incomplete
    };
    Examined::new(status, checks)
}

/// What came of trying an integration out.
fn tried(name: &str, answer: Result<Option<Object>>) -> Result<Check> {
    match answer {
        Ok(row) => {
            let row = row.unwrap_or_default();
            let told = row
                .iter()
                .filter(|(key, _)| *key != "ok")
                .map(|(key, value)| format!("{key}: {value}"));
            let ok = row.get("ok") != Some(&json!(false));
            Ok(Check::new(
                name,
                Some(ok),
                told.collect::<Vec<_>>().join(", "),
            ))
        }
        Err(error) => {
            let reason = tolerated(error)?;
            let ok = (reason.status == Status::Unknown).then_some(false);
            Ok(Check::new(name, ok, reason.text))
        }
    }
}

async fn healthy(api: &Api, project: &ProjectRef) -> Result<Check> {
    Ok(match api.services_health(project, &["rest"]).await {
        Ok(services) => {
            let rest = services.first();
            let status = rest
                .and_then(|rest| rest.text("status"))
                .unwrap_or_default();
            let ok = (!status.is_empty()).then_some(status == "ACTIVE_HEALTHY");
            Check::new("health", ok, status)
        }
        Err(error) => Check::new("health", None, tolerated(error)?.text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::integrations::INTEGRATIONS;
    use crate::error::Code;

    fn extension(name: &str) -> &'static Extension {
        Integration::find(name).unwrap().extension().unwrap()
    }

    /// What the catalog says with these extensions: name, version, schema.
    fn facts(extensions: &[(&str, Option<&str>, &str)], more: &Value) -> Facts {
        let rows: Vec<_> = extensions
            .iter()
            .map(|(name, installed, schema)| json!({"name": name, "installed": installed, "offered": "1.0", "schema": schema}))
            .collect();
        let mut row = json!({"extensions": rows});
        for (key, value) in more.as_object().unwrap() {
            row[key] = value.clone();
        }
        Facts::of(&row)
    }

    #[test]
    fn each_state_of_an_extension_is_told() {
        let schemas = Some("public,graphql_public");
        for (name, extensions, more, schemas, status) in [
            // Not on the image.
            ("cron", vec![], json!({}), schemas, Status::Unavailable),
            (
                "wrappers",
                vec![("wrappers", None, "")],
                json!({}),
                schemas,
                Status::Unavailable,
            ),
            // There to be had; a worker that runs already says nothing.
            (
                "cron",
                vec![("pg_cron", None, "")],
                json!({"pg_cron_worker": true, "cron_tables": false}),
                schemas,
                Status::Available,
            ),
            (
                "wrappers",
                vec![
                    ("wrappers", None, ""),
                    ("supabase_vault", Some("0.3"), "vault"),
                ],
                json!({}),
                schemas,
                Status::Available,
            ),
            // All of it.
            (
                "cron",
                vec![("pg_cron", Some("1.6"), "pg_catalog")],
                json!({"pg_cron_worker": true, "cron_tables": true}),
                schemas,
                Status::Installed,
            ),
            (
                "vault",
                vec![("supabase_vault", Some("0.3"), "vault")],
                json!({"vault_view": true}),
                schemas,
                Status::Installed,
            ),
            (
                "graphql",
                vec![("pg_graphql", Some("1.5"), "graphql")],
                json!({}),
                schemas,
                Status::Installed,
            ),
            // Who may not see the worker does not call it broken.
            (
                "cron",
                vec![("pg_cron", Some("1.6"), "pg_catalog")],
                json!({"pg_cron_worker": null, "cron_tables": true}),
                schemas,
                Status::Installed,
            ),
            (
                "graphql",
                vec![("pg_graphql", Some("1.5"), "graphql")],
                json!({}),
                None,
                Status::Installed,
            ),
            // Half of it.
            (
                "cron",
                vec![("pg_cron", Some("1.6"), "pg_catalog")],
                json!({"pg_cron_worker": false, "cron_tables": true}),
                schemas,
                Status::Incomplete,
            ),
            (
                "cron",
                vec![("pg_cron", Some("1.6"), "extensions")],
                json!({"pg_cron_worker": true, "cron_tables": true}),
                schemas,
                Status::Incomplete,
            ),
            (
                "queues",
                vec![("pgmq", None, "")],
                json!({"queues_tables": true}),
                schemas,
                Status::Incomplete,
            ),
            (
                "queues",
                vec![("pgmq", Some("1.4"), "pgmq")],
                json!({"queues_tables": false}),
                schemas,
                Status::Incomplete,
            ),
            (
                "wrappers",
                vec![
                    ("wrappers", Some("0.5"), "extensions"),
                    ("supabase_vault", None, ""),
                ],
                json!({}),
                schemas,
                Status::Incomplete,
            ),
            (
                "graphql",
                vec![("pg_graphql", Some("1.5"), "graphql")],
                json!({}),
                Some("public"),
                Status::Incomplete,
            ),
            // Nothing of what was asked for came.
            (
                "vault",
                vec![("supabase_vault", Some("0.3"), "vault")],
                json!({"vault_view": null}),
                schemas,
                Status::Installed,
            ),
        ] {
            let found = look_at_extension(extension(name), &facts(&extensions, &more), schemas);
            assert_eq!(
                found.status, status,
                "{name} {extensions:?} {more} {:?}",
                found.checks
            );
        }
    }

    #[test]
    fn webhooks_are_half_there_without_their_worker() {
        let there =
            json!({"webhooks_schema": true, "webhooks_function": true, "pg_net_tables": true});
        let facts = facts(&[], &there);
        assert_eq!(
            look_at_webhooks(&facts, Some(true)).status,
            Status::Installed
        );
        assert_eq!(look_at_webhooks(&facts, None).status, Status::Installed);
        assert_eq!(look_at_webhooks(&facts, Some(false)).failed(), ["worker"]);
        assert_eq!(
            look_at_webhooks(&Facts::default(), None).status,
            Status::Available
        );
    }

    #[test]
    fn exposed_queues_are_looked_at_where_they_are_meant_to_be() {
        let all = facts(
            &[],
            &json!({"queues_exposed_schema": true, "queues_exposed_functions": 6}),
        );
        let none = facts(&[], &json!({"queues_exposed_schema": false}));
        assert!(exposed_queues(&none, Some("public"), false).is_empty());
        let failed = |checks: Vec<Check>| {
            checks
                .iter()
                .filter(|check| check.ok == Some(false))
                .count()
        };
        assert_eq!(failed(exposed_queues(&none, Some("public"), true)), 2);
        assert_eq!(
            failed(exposed_queues(&all, Some("public,pgmq_public"), false)),
            0
        );
        assert_eq!(failed(exposed_queues(&all, Some("public"), false)), 1);
    }

    #[test]
    fn every_integration_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> =
            INTEGRATIONS.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), INTEGRATIONS.len());
    }

    #[test]
    fn what_concerns_one_integration_is_told_apart() {
        let told = |code| {
            tolerated(crate::api::ApiError::new(code, "no").into()).map(|reason| reason.status)
        };
        assert_eq!(told(Code::PlanRequired).unwrap(), Status::NotInPlan);
        assert_eq!(told(Code::Forbidden).unwrap(), Status::Forbidden);
        assert_eq!(told(Code::QueryFailed).unwrap(), Status::Unknown);
        assert!(told(Code::Network).is_err() && told(Code::Unauthorized).is_err());
    }
}
