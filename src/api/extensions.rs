//! Extensions of a database: which there are, and switching them on and off.

use super::record::record;
use super::sql::{self, Sql, sqlstate};
use super::{Api, Object, ProjectRef};
use crate::error::{Error, Result};

record! {
    /// An extension that a database has or could have. `own_schema` is the one that it insists on.
    Extension {
        "name": Text, "installed": Flag, "installed_version": Text, "default_version": Text,
        "schema": Text, "own_schema": Text, "requires": List, "comment": Text
    }
}

const LIST: &str = "select coalesce(a.name, e.extname)::text as name, e.oid is not null as installed, \
    e.extversion as installed_version, a.default_version as default_version, \
    n.nspname::text as schema, v.schema::text as own_schema, \
    coalesce(pg_catalog.to_json(v.requires), '[]') as requires, a.comment as comment \
    from pg_catalog.pg_available_extensions a \
    full join pg_catalog.pg_extension e on e.extname = a.name \
    left join pg_catalog.pg_namespace n on n.oid = e.extnamespace \
    left join pg_catalog.pg_available_extension_versions v on v.name = a.name and v.version = a.default_version \
    order by 1";

/// Where an extension goes on the hosted service that names no schema itself; all others go to `extensions`.
const PLACES: &[(&str, &str)] = &[("pg_cron", "pg_catalog"), ("supabase_vault", "vault")];

/// What the dashboard grants after it.
const AFTER: &[(&str, &str)] = &[(
    "pg_cron",
    ";\ngrant usage on schema cron to postgres;\ngrant all privileges on all tables in schema cron to postgres",
)];

/// How an extension is to be switched on.
pub(crate) struct NewExtension<'a> {
    pub(crate) name: &'a str,
    /// Where its objects go, if not where they belong.
    pub(crate) schema: Option<&'a str>,
    /// What it requires is switched on as well.
    pub(crate) cascade: bool,
}

impl Api {
    /// All extensions, by name.
    pub(crate) async fn extensions(&self, project: &ProjectRef) -> Result<Vec<Extension>> {
        self.catalog(project, &Sql::constant(LIST), &[]).await
    }

    /// Switches an extension on that is not on yet: for one that is, never so much as `if not exists`. A
    /// hook of the service runs all the same then, and for `pg_cron` takes rights back that others depend on.
    /// `own_schema` is where the extension insists on going.
    pub(crate) async fn enable_extension(
        &self,
        project: &ProjectRef,
        new: &NewExtension<'_>,
        own_schema: Option<&str>,
    ) -> Result<()> {
        let place = PLACES
            .iter()
            .find(|(name, _)| *name == new.name)
            .map(|(_, schema)| *schema);
        let schema = match (new.schema, own_schema) {
            (Some(given), _) => Some(given),
            (None, Some(_)) => None,
            (None, None) => place.or(Some("extensions")),
        };
        let with_schema = match schema {
            Some(schema) => Sql::fill(
                " with schema {schema}",
                &[("schema", sql::identifier(schema)?)],
            ),
            None => Sql::constant(""),
        };
        let after = AFTER
            .iter()
            .find(|(name, _)| *name == new.name)
            .map_or("", |(_, grants)| grants);
        let parts = [
            ("name", sql::identifier(new.name)?),
            ("with_schema", with_schema),
            (
                "cascade",
                Sql::constant(if new.cascade { " cascade" } else { "" }),
            ),
            ("after", Sql::constant(after)),
        ];
        let sql = Sql::fill(
            "create extension {name}{with_schema}{cascade}{after}",
            &parts,
        );
        self.execute::<Object>(project, &sql, &[]).await.map(drop)
    }

    /// Switches an extension off, and deletes what it brought along.
    pub(crate) async fn disable_extension(
        &self,
        project: &ProjectRef,
        name: &str,
        cascade: bool,
    ) -> Result<()> {
        let parts = [
            ("name", sql::identifier(name)?),
            (
                "cascade",
                Sql::constant(if cascade { " cascade" } else { "" }),
            ),
        ];
        let sql = Sql::fill("drop extension {name}{cascade}", &parts);
        let done = self.execute::<Object>(project, &sql, &[]).await;
        done.map(drop).map_err(|error| match sqlstate(&error) {
            Some("2BP01") => match error {
                Error::Api(api) => api
                    .with_hint("`--cascade` deletes what depends on it too")
                    .into(),
                other => other,
            },
            _ => error,
        })
    }
}
