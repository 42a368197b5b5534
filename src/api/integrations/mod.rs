//! What a project can be connected with: a table, and what the database says of each row.
//!
//! A new integration that is an extension is one entry of [`INTEGRATIONS`]; everything that is done with
//! one reads its row. (The detection was tried on PostgreSQL 15.)

mod data_api;
mod inputs;
mod log_drains;
mod queues;
mod third_party;

use serde_json::Value;

pub(crate) use data_api::{exposed, schemas_with, schemas_without};
pub(crate) use inputs::{Input, InputKind, Variant};
pub(crate) use log_drains::{DRAINS, LABELS, NewDrain};
pub(crate) use queues::{EXPOSE as EXPOSE_QUEUES, HIDE as HIDE_QUEUES, SCHEMA as QUEUES_SCHEMA};
pub(crate) use third_party::{ISSUERS, Issuer, ThirdPartyAuth};

use super::record::Object;
use super::sql::Sql;
use super::{Api, ProjectRef};
use crate::error::Result;

/// What an integration is, for choosing among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Extension,
    BuiltIn,
    Wrapper,
    Auth,
    Logs,
    Source,
    Marketplace,
}

impl Kind {
    /// Every kind with its word.
    pub(crate) const ALL: &[(Self, &str)] = &[
        (Self::Extension, "extension"),
        (Self::BuiltIn, "built_in"),
        (Self::Wrapper, "wrapper"),
        (Self::Auth, "auth"),
        (Self::Logs, "logs"),
        (Self::Source, "source"),
        (Self::Marketplace, "marketplace"),
    ];

    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.1)
    }
}

/// How an integration is looked at, set up and removed.
#[derive(Debug)]
pub(crate) enum Way {
    /// By extensions of the database.
    Extension(Extension),
    Webhooks,
    DataApi,
    ThirdPartyAuth,
    LogDrain,
    Github,
    /// Only the dashboard can: where to.
    Dashboard(&'static str),
}

/// An integration that is made of extensions.
#[derive(Debug)]
pub(crate) struct Extension {
    /// The extensions, the one that matters first, and what makes each.
    pub(crate) parts: &'static [(&'static str, &'static str)],
    /// The schema that the first one must be in.
    pub(crate) schema: Option<&'static str>,
    /// What must be there afterwards: a name for people, and the column of [`DETECT`] that tells.
    pub(crate) objects: &'static [(&'static str, &'static str)],
    /// A statement that must run, and return true in a column `ok` if it has one.
    pub(crate) probe: Option<(&'static str, &'static str)>,
    /// A schema that the Data API must expose.
    pub(crate) exposes: Option<&'static str>,
    /// What takes it away again.
    pub(crate) remove: &'static str,
    /// What is lost with it.
    pub(crate) loses: &'static str,
}

/// One integration.
#[derive(Debug)]
pub(crate) struct Integration {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) about: &'static str,
    pub(crate) way: Way,
}

const VAULT: &str = "create extension if not exists supabase_vault with schema vault cascade";

/// Every integration.
pub(crate) const INTEGRATIONS: &[Integration] = &[
    Integration {
        name: "cron",
        kind: Kind::Extension,
        about: "Run statements at set times",
        way: Way::Extension(Extension {
            // Never where it is there already: a hook of the service runs its grants again then, even
            // with `if not exists`, and fails (2BP01).
            parts: &[(
                "pg_cron",
                "create extension pg_cron with schema pg_catalog;
grant usage on schema cron to postgres;
grant all privileges on all tables in schema cron to postgres",
            )],
            schema: Some("pg_catalog"),
            objects: &[("jobs table", "cron_tables"), ("worker", "pg_cron_worker")],
            probe: Some((
                "jobs readable",
                "select pg_catalog.count(*)::int as jobs from cron.job",
            )),
            exposes: None,
            remove: "drop extension pg_cron",
            loses: "all jobs",
        }),
    },
    Integration {
        name: "queues",
        kind: Kind::Extension,
        about: "Queues of messages in the database",
        way: Way::Extension(Extension {
            parts: &[("pgmq", "create extension if not exists pgmq")],
            schema: None,
            objects: &[("queues table", "queues_tables")],
            probe: Some((
                "queues listed",
                "select pg_catalog.count(*)::int as queues from pgmq.list_queues()",
            )),
            exposes: None,
            remove: "drop extension pgmq cascade",
            loses: "all queues and their messages",
        }),
    },
    Integration {
        name: "vault",
        kind: Kind::Extension,
        about: "Secrets, encrypted in the database",
        way: Way::Extension(Extension {
            parts: &[("supabase_vault", VAULT)],
            schema: None,
            objects: &[("secrets view", "vault_view")],
            // Without a row, so that nothing is decrypted.
            probe: Some((
                "secrets readable",
                "select id from vault.decrypted_secrets limit 0",
            )),
            exposes: None,
            remove: "drop extension supabase_vault",
            loses: "all secrets",
        }),
    },
    Integration {
        name: "graphql",
        kind: Kind::Extension,
        about: "The tables as a GraphQL API",
        way: Way::Extension(Extension {
            parts: &[("pg_graphql", "create extension if not exists pg_graphql")],
            schema: None,
            // Not its function: that is there as a placeholder without the extension too.
            objects: &[],
            probe: Some((
                "queries answered",
                "select not pg_catalog.jsonb_exists(graphql.resolve('{ __typename }')::jsonb, 'errors') as ok",
            )),
            exposes: Some("graphql_public"),
            remove: "drop extension pg_graphql",
            loses: "the GraphQL API",
        }),
    },
    Integration {
        name: "webhooks",
        kind: Kind::Extension,
        about: "Requests for rows that change",
        way: Way::Webhooks,
    },
    Integration {
        name: "data-api",
        kind: Kind::BuiltIn,
        about: "The tables as a REST API",
        way: Way::DataApi,
    },
    Integration {
        name: "wrappers",
        kind: Kind::Wrapper,
        about: "Tables that live in other services",
        way: Way::Extension(Extension {
            parts: &[
                (
                    "wrappers",
                    "create extension if not exists wrappers with schema extensions",
                ),
                ("supabase_vault", VAULT),
            ],
            schema: None,
            objects: &[],
            probe: None,
            exposes: None,
            remove: "drop extension wrappers",
            loses: "all foreign data wrappers of it",
        }),
    },
    Integration {
        name: "third-party-auth",
        kind: Kind::Auth,
        about: "Tokens of Firebase, Auth0, Cognito, Clerk, WorkOS and others are accepted",
        way: Way::ThirdPartyAuth,
    },
    Integration {
        name: "log-drain",
        kind: Kind::Logs,
        about: "Logs are sent to another service too",
        way: Way::LogDrain,
    },
    Integration {
        name: "github",
        kind: Kind::Source,
        about: "A repository that branches follow",
        way: Way::Github,
    },
    Integration {
        name: "stripe-sync",
        kind: Kind::Marketplace,
        about: "Stripe's objects as tables",
        way: Way::Dashboard("integrations/stripe_sync_engine/overview"),
    },
    Integration {
        name: "vercel",
        kind: Kind::Marketplace,
        about: "A Vercel project and its variables",
        way: Way::Dashboard("settings/integrations"),
    },
    Integration {
        name: "marketplace",
        kind: Kind::Marketplace,
        about: "Grafana, Resend, Doppler and other partners",
        way: Way::Dashboard("integrations"),
    },
];

impl Integration {
    /// The integration of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        INTEGRATIONS
            .iter()
            .find(|integration| integration.name == name)
    }

    /// The extension that it mostly is.
    pub(crate) fn extension(&self) -> Option<&Extension> {
        match &self.way {
            Way::Extension(extension) => Some(extension),
            _ => None,
        }
    }
}

/// Everything that the catalog tells, in one row. Options of foreign servers may hold credentials and are
/// never asked for. Other processes are hidden from some roles: then nothing can be said of a worker.
const DETECT: &str = "select
  (select pg_catalog.json_agg(pg_catalog.json_build_object('name', a.name, 'installed', a.installed_version, 'offered', a.default_version, 'schema', n.nspname) order by a.name)
     from pg_catalog.pg_available_extensions a
     left join pg_catalog.pg_extension e on e.extname = a.name
     left join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where a.name in ('pg_cron', 'pgmq', 'supabase_vault', 'pg_graphql', 'pg_net', 'wrappers')) as extensions,
  pg_catalog.to_regnamespace('supabase_functions') is not null                as webhooks_schema,
  pg_catalog.to_regprocedure('supabase_functions.http_request()') is not null as webhooks_function,
  pg_catalog.to_regclass('net._http_response') is not null                    as pg_net_tables,
  pg_catalog.to_regclass('cron.job') is not null                              as cron_tables,
  pg_catalog.to_regclass('pgmq.meta') is not null                             as queues_tables,
  pg_catalog.to_regnamespace('pgmq_public') is not null                       as queues_exposed_schema,
  (select pg_catalog.count(*) from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = 'pgmq_public')::int as queues_exposed_functions,
  pg_catalog.to_regclass('vault.decrypted_secrets') is not null               as vault_view,
  case when exists (select from pg_catalog.pg_stat_activity where backend_type ilike '%pg_net%' or application_name ilike '%pg_net%') then true
       when not exists (select from pg_catalog.pg_stat_activity where backend_type is null) then false end as pg_net_worker,
  case when exists (select from pg_catalog.pg_stat_activity where backend_type ilike '%pg_cron%' or application_name ilike '%pg_cron%') then true
       when not exists (select from pg_catalog.pg_stat_activity where backend_type is null) then false end as pg_cron_worker,
  (select pg_catalog.json_agg(pg_catalog.json_build_object('wrapper', w.fdwname, 'handler', h.proname, 'server', s.srvname) order by w.fdwname, s.srvname)
     from pg_catalog.pg_foreign_data_wrapper w
     left join pg_catalog.pg_proc h on h.oid = w.fdwhandler
     left join pg_catalog.pg_foreign_server s on s.srvfdw = w.oid) as wrappers";

/// What the database says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts(Object);

impl Facts {
    #[cfg(test)]
    pub(crate) fn of(row: &Value) -> Self {
        Self(row.as_object().cloned().unwrap_or_default())
    }

    /// What is known of an extension; nothing where the database has never heard of it.
    pub(crate) fn extension(&self, name: &str) -> Option<&Value> {
        let extensions = self.0.get("extensions")?.as_array()?;
        extensions
            .iter()
            .find(|extension| extension["name"] == name)
    }

    /// The version that is installed.
    pub(crate) fn installed(&self, name: &str) -> Option<&str> {
        self.extension(name)?["installed"].as_str()
    }

    /// Yes, no, or not known.
    pub(crate) fn is(&self, column: &str) -> Option<bool> {
        self.0.get(column)?.as_bool()
    }

    /// A number.
    pub(crate) fn count(&self, column: &str) -> i64 {
        self.0.get(column).and_then(Value::as_i64).unwrap_or(0)
    }

    /// Wrappers with their handlers and servers.
    pub(crate) fn wrappers(&self) -> &[Value] {
        let wrappers = self.0.get("wrappers").and_then(Value::as_array);
        wrappers.map_or(&[], Vec::as_slice)
    }
}

impl Api {
    /// Asks the database what there is.
    pub(crate) async fn integration_facts(&self, project: &ProjectRef) -> Result<Facts> {
        let rows: Vec<Object> = self.catalog(project, &Sql::constant(DETECT), &[]).await?;
        Ok(Facts(rows.into_iter().next().unwrap_or_default()))
    }

    /// Runs a statement of an integration that only reads, as it is used: what it may do, the person may.
    pub(crate) async fn probe_integration(
        &self,
        project: &ProjectRef,
        sql: &'static str,
    ) -> Result<Option<Object>> {
        let rows: Vec<Object> = self
            .catalog_as_postgres(project, &Sql::constant(sql))
            .await?;
        Ok(rows.into_iter().next())
    }

    /// Runs statements that set an integration up, or take it away.
    pub(crate) async fn change_integration(
        &self,
        project: &ProjectRef,
        sql: &'static str,
    ) -> Result<()> {
        self.execute::<Value>(project, &Sql::constant(sql), &[])
            .await
            .map(drop)
    }
}
