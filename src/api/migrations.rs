//! The history of migrations, in the table that the official CLI makes and reads as well.
//!
//! Never by the migrations endpoint of the Management API: there the service picks the version, and the
//! file would have another one than the project.

use std::time::Duration;

use super::record::record;
use super::sql::{self, Sql, sqlstate};
use super::{Api, ApiError, Object, ProjectRef};
use crate::error::{Code, Error, Result};

record! {
    /// A migration as the project has it. `statements` is null where nobody recorded them.
    Migration { "version": Text, "name": Text, "statements": List }
}

/// What is asked of the history. Early tables have a version and nothing else, hence the way through JSON.
const HISTORY: &str = "select m.version as version, pg_catalog.to_jsonb(m) ->> 'name' as name, \
    pg_catalog.to_jsonb(m) -> 'statements' as statements \
    from supabase_migrations.schema_migrations m order by m.version collate \"C\"";

/// Whether somebody is applying a migration right now.
const BUSY: &str = "select not pg_catalog.pg_try_advisory_xact_lock(22070110170055) as busy";

/// Makes the table as the official CLI makes it, where it is not there, and leaves it alone where it is: an
/// `alter table` would lock it for as long as the migration takes.
const PREPARE: &str = "do $supactl$ begin \
    if to_regclass('supabase_migrations.schema_migrations') is null then \
    create schema if not exists supabase_migrations; \
    create table if not exists supabase_migrations.schema_migrations (version text not null primary key); end if; \
    if (select count(*) from pg_catalog.pg_attribute where attrelid = 'supabase_migrations.schema_migrations'::regclass \
    and attname in ('statements', 'name') and not attisdropped) < 2 then \
    alter table supabase_migrations.schema_migrations add column if not exists statements text[]; \
    alter table supabase_migrations.schema_migrations add column if not exists name text; end if; \
    if exists (select from supabase_migrations.schema_migrations where version = {version}) then \
    raise exception 'it is applied already' using errcode = 'SM001'; end if; end $supactl$;";

/// All of a migration. The first line is ours; the lock keeps two runs from applying the same file.
const APPLY: &str = "begin; {timeout}select pg_catalog.pg_advisory_xact_lock(22070110170055); {prepare}\n\
    {file}\n;\n{record};\ncommit;";

const RECORD: &str = "insert into supabase_migrations.schema_migrations (version, name, statements) \
    values ({version}, {name}, {statements})";

/// What a migration is recorded as.
pub(crate) struct Entry<'a> {
    pub(crate) version: &'a str,
    pub(crate) name: &'a str,
    pub(crate) statements: Vec<&'a str>,
}

impl Entry<'_> {
    fn prepared(&self) -> Result<Sql> {
        Ok(Sql::fill(
            PREPARE,
            &[("version", sql::literal(self.version)?)],
        ))
    }

    fn recorded(&self) -> Result<Sql> {
        let statements = if self.statements.is_empty() {
            // As the official CLI writes an empty file.
            Sql::constant("null")
        } else {
            sql::text_array(&self.statements)?
        };
        let parts = [
            ("version", sql::literal(self.version)?),
            ("name", sql::literal(self.name)?),
            ("statements", statements),
        ];
        Ok(Sql::fill(RECORD, &parts))
    }
}

impl Api {
    /// The migrations that were applied, in the order of their versions.
    pub(crate) async fn migrations(&self, project: &ProjectRef) -> Result<Vec<Migration>> {
        match self.catalog(project, &Sql::constant(HISTORY), &[]).await {
            // No table: nothing was ever applied.
            Err(error) if matches!(sqlstate(&error), Some("42P01" | "3F000")) => Ok(Vec::new()),
            other => other,
        }
    }

    /// Whether a migration is being applied at this moment, by this program.
    pub(crate) async fn migrating(&self, project: &ProjectRef) -> Result<bool> {
        let rows: Vec<Object> = self.catalog(project, &Sql::constant(BUSY), &[]).await?;
        Ok(rows
            .first()
            .is_some_and(|row| row.get("busy").and_then(serde_json::Value::as_bool) == Some(true)))
    }

    /// Applies and records a migration in one transaction: all of it happens, or nothing.
    pub(crate) async fn apply_migration(
        &self,
        project: &ProjectRef,
        entry: &Entry<'_>,
        file: &str,
        timeout: Option<Duration>,
    ) -> Result<()> {
        let parts = [
            (
                "timeout",
                timeout.map_or_else(|| Sql::constant(""), time_limit),
            ),
            ("prepare", entry.prepared()?),
            ("file", Sql::written(file)?),
            ("record", entry.recorded()?),
        ];
        let sql = Sql::fill(APPLY, &parts).counted_from(0);
        let done = self.execute::<Object>(project, &sql, &[]).await;
        done.map(drop).map_err(explained)
    }

    /// Runs a piece of a migration as it is, which begins on this line of its file.
    pub(crate) async fn run_migration_part(
        &self,
        project: &ProjectRef,
        part: &str,
        line: usize,
    ) -> Result<()> {
        let sql = Sql::written(part)?.counted_from(line);
        let done = self.execute::<Object>(project, &sql, &[]).await;
        done.map(drop).map_err(explained)
    }

    /// Records a migration that was run in pieces.
    pub(crate) async fn record_migration(
        &self,
        project: &ProjectRef,
        entry: &Entry<'_>,
    ) -> Result<()> {
        let sql = Sql::join(&[entry.prepared()?, entry.recorded()?], "\n");
        let done = self.execute::<Object>(project, &sql, &[]).await;
        done.map(drop).map_err(explained)
    }
}

fn time_limit(time: Duration) -> Sql {
    let milliseconds = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Sql::fill(
        "set local statement_timeout = {milliseconds}; ",
        &[("milliseconds", sql::number(milliseconds))],
    )
}

/// Refusals that have more to do with migrations than with the statement.
fn explained(error: Error) -> Error {
    let state = sqlstate(&error).map(str::to_owned);
    let Error::Api(api) = error else { return error };
    let hint = match state.as_deref() {
        Some("SM001") => return taken(api),
        Some("23505") if api.message.contains("schema_migrations_pkey") => return taken(api),
        Some("25001" | "2D000") => {
            "a statement of it cannot run in a transaction: `--no-transaction` sends them without one"
        }
        Some("55P04") => {
            "a new value of an enum can only be used once it is committed: use it in a migration of its own"
        }
        Some("57014") => "it took too long: `--statement-timeout` allows more time",
        _ => return Error::Api(api),
    };
    api.with_hint(hint).into()
}

fn taken(error: ApiError) -> Error {
    ApiError {
        code: Code::Conflict,
        message: "another run applied it in the meantime".to_owned(),
        ..error
    }
    .with_hint("`supactl migrations list` shows what is applied now")
    .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_migration_that_another_run_applied_is_told_from_rows_that_clash() {
        let refused = |state: &str, message: &str| {
            let error = ApiError {
                details: Some(json!({"sqlstate": state})),
                ..ApiError::new(Code::QueryFailed, message)
            };
            explained(error.into()).code()
        };
        let clash = "duplicate key value violates unique constraint";
        assert_eq!(
            refused("23505", &format!("{clash} \"schema_migrations_pkey\"")),
            Code::Conflict
        );
        assert_eq!(refused("SM001", "taken"), Code::Conflict);
        assert_eq!(
            refused("23505", &format!("{clash} \"orders_pkey\"")),
            Code::QueryFailed
        );
        assert_eq!(refused("42601", "a slip"), Code::QueryFailed);
    }
}
