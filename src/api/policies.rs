//! Policies of Storage: who may do what with the objects of which bucket. Made, read and dropped with SQL.
//!
//! Facts from PostgreSQL's own documentation and source, and tried on PostgreSQL 15 and 16.

use serde_json::{Value, json};

use super::Api;
use super::ids::{BucketName, ProjectRef};
use super::record::{Object, Record, record};
use super::sql::{self, Sql, buckets_named};
use crate::error::{Error, Result};

record! {
    /// A policy on one of Storage's two tables.
    ///
    /// `applies_to` is `named` where the expressions compare the bucket with the `buckets`, `all` where
    /// they do not look at it, and `conditional` where they look at it in another way.
    Policy {
        "name": Text,
        "table": Text,
        "command": Text,
        "kind": Text,
        "roles": List,
        "applies_to": Text,
        "buckets": List,
        "using": Text,
        "check": Text,
        "rls_enabled": Flag,
    }
}

const LIST: &str = "
select p.polname::text as name,
       c.relname::text as \"table\",
       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
       case when p.polpermissive then 'permissive' else 'restrictive' end as kind,
       coalesce((select pg_catalog.json_agg(r.rolname order by r.rolname) from pg_catalog.pg_roles r where r.oid = any (p.polroles)),
                '[\"public\"]'::json) as roles,
       pg_catalog.pg_get_expr(p.polqual, p.polrelid) as using,
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as \"check\",
       c.relrowsecurity as rls_enabled
  from pg_catalog.pg_policy p
  join pg_catalog.pg_class c on c.oid = p.polrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'storage' and c.relname in ('objects', 'buckets')
 order by c.relname desc, p.polname";

const UNGUARDED: &str = "
select c.relname::text as name
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'storage' and c.relname in ('objects', 'buckets') and not c.relrowsecurity
 order by c.relname";

const CREATE: &str =
    "create policy {name} on {table}\n  as {kind}\n  for {command}\n  to {roles}{using}{check};\n";
const USING: &str = "\n  using {expression}";
const CHECK: &str = "\n  with check {expression}";
const DROP: &str = "drop policy if exists {name} on {table};\n";
const TRANSACTION: &str = "begin;\n{statements}commit;";

/// One of the two tables that have policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PolicyTable {
    Objects,
    Buckets,
}

impl PolicyTable {
    /// The name in the schema `storage`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Buckets => "buckets",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Objects, Self::Buckets]
            .into_iter()
            .find(|table| table.word() == word)
    }

    /// The columns that say which bucket it is.
    fn bucket_columns(self) -> &'static [&'static str] {
        match self {
            Self::Objects => &["bucket_id"],
            Self::Buckets => &["id", "name"],
        }
    }
}

/// What a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PolicyCommand {
    Select,
    Insert,
    Update,
    Delete,
    All,
}

impl PolicyCommand {
    /// All of them, by their words.
    pub(crate) const ALL: &'static [(Self, &'static str)] = &[
        (Self::Select, "select"),
        (Self::Insert, "insert"),
        (Self::Update, "update"),
        (Self::Delete, "delete"),
        (Self::All, "all"),
    ];

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("", |(_, word)| word)
    }

    /// Whether existing rows are looked at: `using`.
    pub(crate) fn has_using(self) -> bool {
        self != Self::Insert
    }

    /// Whether new rows are looked at: `check`.
    pub(crate) fn has_check(self) -> bool {
        matches!(self, Self::Insert | Self::Update | Self::All)
    }
}

/// A policy that is to be.
#[derive(Debug, Clone)]
pub(crate) struct NewPolicy {
    pub(crate) name: String,
    pub(crate) table: PolicyTable,
    pub(crate) command: PolicyCommand,
    pub(crate) roles: Vec<String>,
    pub(crate) restrictive: bool,
    /// Whole expressions, the bucket included.
    pub(crate) using: Option<String>,
    pub(crate) check: Option<String>,
}

impl NewPolicy {
    /// The statement that makes it. Refuses what the database would.
    fn sql(&self) -> Result<Sql> {
        self.check_expressions()?;
        let part = |template, text: &Option<String>| match text {
            Some(text) => Ok(Sql::fill(
                template,
                &[("expression", sql::expression(text)?)],
            )),
            None => Ok::<_, Error>(Sql::constant("")),
        };
        let roles = self.roles.iter().map(|role| sql::role(role));
        let parts = [
            ("name", sql::identifier(&self.name)?),
            ("table", sql::qualified("storage", self.table.word())?),
            ("kind", Sql::constant(self.kind())),
            ("command", Sql::constant(self.command.word())),
            (
                "roles",
                Sql::join(&roles.collect::<Result<Vec<_>>>()?, ", "),
            ),
            ("using", part(USING, &self.using)?),
            ("check", part(CHECK, &self.check)?),
        ];
        Ok(Sql::fill(CREATE, &parts))
    }

    fn kind(&self) -> &'static str {
        if self.restrictive {
            "restrictive"
        } else {
            "permissive"
        }
    }

    fn check_expressions(&self) -> Result<()> {
        let command = self.command.word();
        if self.using.is_some() && !self.command.has_using() {
            return Err(Error::invalid_with_hint(
                format!(
                    "a policy for {command} has no rows to look at before: `using` does not go with it"
                ),
                "say what a new row must be like with `check`",
            ));
        }
        if self.check.is_some() && !self.command.has_check() {
            return Err(Error::invalid_with_hint(
                format!("a policy for {command} makes no new rows: `check` does not go with it"),
                "say which rows it is for with `using`",
            ));
        }
        if self.using.is_none() && self.check.is_none() {
            return Err(Error::invalid(format!(
                "policy `{}` has no expression",
                self.name
            )));
        }
        if self.roles.is_empty() {
            return Err(Error::invalid(format!(
                "policy `{}` is for no role",
                self.name
            )));
        }
        Ok(())
    }

    /// Whether a policy that is there says the same, of which PostgreSQL tells the expressions in its
    /// own words.
    pub(crate) fn is(&self, there: &Policy) -> bool {
        let text = |key: &str| there.text(key).map(str::trim);
        let mut roles = self.roles.clone();
        roles.sort();
        roles.dedup();
        text("table") == Some(self.table.word())
            && text("command") == Some(self.command.word())
            && text("kind") == Some(self.kind())
            && there.object()["roles"] == json!(roles)
            && same_expression(self.using.as_deref(), text("using"))
            && same_expression(self.check.as_deref(), text("check"))
    }
}

fn same_expression(wanted: Option<&str>, there: Option<&str>) -> bool {
    match (wanted, there) {
        (Some(wanted), Some(there)) => sql::same(wanted, there),
        (None, None) => true,
        _ => false,
    }
}

/// The expression that is about one bucket, and whatever else was asked for in it. A restrictive one
/// asks for something.
pub(crate) fn about_bucket(
    table: PolicyTable,
    bucket: &BucketName,
    restrictive: bool,
    more: Option<&str>,
) -> Result<String> {
    let column = Sql::constant(table.bucket_columns()[0]);
    let parts = |more| -> Result<_> {
        Ok([
            ("column", column.clone()),
            ("bucket", sql::literal(bucket.as_str())?),
            ("more", more),
        ])
    };
    let filled = match more {
        // A restrictive policy is asked about every row: it lets those of other buckets be.
        Some(more) if restrictive => Sql::fill(
            "not ({column} = {bucket}) or {more}",
            &parts(sql::expression(more)?)?,
        ),
        Some(more) => Sql::fill(
            "{column} = {bucket} and {more}",
            &parts(sql::expression(more)?)?,
        ),
        None => Sql::fill("{column} = {bucket}", &parts(Sql::constant(""))?),
    };
    Ok(filled.shown().to_owned())
}

impl Api {
    /// All policies of Storage's two tables, by table and name.
    pub(crate) async fn policies(&self, project: &ProjectRef) -> Result<Vec<Policy>> {
        let rows: Vec<Object> = self.catalog(project, &Sql::constant(LIST), &[]).await?;
        Ok(rows.into_iter().map(with_buckets).collect())
    }

    /// The tables on which no policy has any effect.
    pub(crate) async fn unguarded_tables(&self, project: &ProjectRef) -> Result<Vec<String>> {
        let rows: Vec<Object> = self
            .catalog(project, &Sql::constant(UNGUARDED), &[])
            .await?;
        let names = rows.iter().filter_map(|row| row.get("name")?.as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// Makes policies, in the place of those of the same names, and drops others: all of it or nothing.
    pub(crate) async fn set_policies(
        &self,
        project: &ProjectRef,
        make: &[NewPolicy],
        drop: &[(String, PolicyTable)],
    ) -> Result<()> {
        let mut statements = Vec::new();
        for (name, table) in drop {
            statements.push(drop_sql(name, *table)?);
        }
        for policy in make {
            statements.push(drop_sql(&policy.name, policy.table)?);
            statements.push(policy.sql()?);
        }
        let all = Sql::fill(TRANSACTION, &[("statements", Sql::join(&statements, ""))]);
        self.execute::<Object>(project, &all, &[])
            .await
            .map(drop_rows)
    }

    /// Looks at policies as the database would, without sending anything.
    pub(crate) fn check_policies(make: &[NewPolicy]) -> Result<()> {
        make.iter().try_for_each(|policy| policy.sql().map(|_| ()))
    }
}

fn drop_rows(_: Vec<Object>) {}

fn drop_sql(name: &str, table: PolicyTable) -> Result<Sql> {
    let parts = [
        ("name", sql::identifier(name)?),
        ("table", sql::qualified("storage", table.word())?),
    ];
    Ok(Sql::fill(DROP, &parts))
}

/// A row of the catalog with what its expressions say of buckets.
fn with_buckets(mut row: Object) -> Policy {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let columns = PolicyTable::of(text("table")).map_or(&[][..], PolicyTable::bucket_columns);
    let both = format!("{} {}", text("using"), text("check"));
    let (applies_to, buckets) = match buckets_named(&both, columns) {
        None => ("all", Vec::new()),
        Some(buckets) if buckets.is_empty() => ("conditional", buckets),
        Some(buckets) => ("named", buckets),
    };
    row.insert("applies_to".to_owned(), json!(applies_to));
    row.insert("buckets".to_owned(), json!(buckets));
    Policy::read(Value::Object(row))
}

impl Policy {
    /// Its table.
    pub(crate) fn table(&self) -> PolicyTable {
        self.text("table")
            .and_then(PolicyTable::of)
            .unwrap_or(PolicyTable::Objects)
    }

    /// The buckets that it names.
    pub(crate) fn buckets(&self) -> Vec<&str> {
        let buckets = self.object().get("buckets").and_then(Value::as_array);
        buckets
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Whether it has, or may have, to do with a bucket.
    pub(crate) fn concerns(&self, bucket: &str) -> bool {
        self.text("applies_to") != Some("named") || self.buckets().contains(&bucket)
    }

    /// Whether it names this bucket, and no other.
    pub(crate) fn is_of_alone(&self, bucket: &str) -> bool {
        self.text("applies_to") == Some("named") && self.buckets() == [bucket]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(key: &str, value: Value) -> Policy {
        let mut row = json!({"name": "readers", "table": "objects", "command": "select", "kind": "permissive", "roles": ["anon"],
            "using": "(bucket_id = 'drafts'::text)", "check": null});
        row[key] = value;
        Policy::read(row)
    }

    #[test]
    fn a_policy_is_the_same_only_where_all_of_it_is() {
        let new = NewPolicy {
            name: "readers".to_owned(),
            table: PolicyTable::Objects,
            command: PolicyCommand::Select,
            roles: vec!["anon".to_owned(), "anon".to_owned()],
            restrictive: false,
            using: Some("bucket_id = 'drafts'".to_owned()),
            check: None,
        };
        assert!(new.is(&there("name", json!("readers"))));
        for (key, value) in [
            ("table", json!("buckets")),
            ("command", json!("all")),
            ("kind", json!("restrictive")),
            ("roles", json!(["anon", "authenticated"])),
            ("using", json!("(bucket_id = 'other'::text)")),
            ("using", Value::Null),
            ("check", json!("true")),
        ] {
            assert!(!new.is(&there(key, value)), "{key}");
        }
    }

    #[test]
    fn a_policy_is_about_all_buckets_or_some_or_whatever_its_condition_finds() {
        let about = |using: &str| {
            let row = json!({"table": "objects", "using": using, "check": null});
            let Value::Object(row) = row else {
                unreachable!()
            };
            let policy = with_buckets(row);
            (
                policy.text("applies_to").map(str::to_owned),
                policy.buckets().join(" "),
            )
        };
        let told =
            |applies_to: &str, buckets: &str| (Some(applies_to.to_owned()), buckets.to_owned());
        assert_eq!(about("true"), told("all", ""));
        assert_eq!(
            about("bucket_id = 'a' or bucket_id = 'b'"),
            told("named", "a b")
        );
        assert_eq!(about("bucket_id <> 'a'"), told("conditional", ""));
    }
}
