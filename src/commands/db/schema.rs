//! `db schema`

use clap::Args;
use serde_json::Value;

use crate::api::{ApiError, Object, ProjectRef, Record, Table, Where};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::{Column, Format, Reply, Show};

/// Show tables and views with their columns, keys, indexes, policies and sizes
///
/// A table shows a line for each of them, or with `--table` a line for each of its columns; `-o json` and
/// `-o yaml` show everything. `--sql` prints statements that recreate the schemas: types, sequences,
/// functions, tables, views, indexes, triggers, policies, comments and grants, and no rows.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl db schema\n  supactl db schema --table orders -o yaml\n  supactl db schema --schema public --schema private --sql > schema.sql"
)]
pub(crate) struct Schema {
    /// Schema to look at; may be given several times
    #[arg(long = "schema", value_name = "NAME", default_value = "public")]
    schemas: Vec<String>,

    /// Only this table or view
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    /// Print SQL that recreates it
    #[arg(long, group = "prints_bytes")]
    sql: bool,
}

impl Schema {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        if self.sql {
            return self.as_sql(app, &project).await;
        }
        let tables = app.api()?.tables(&project, &self.place()).await?;
        if tables.is_empty() && self.table.is_some() {
            return Err(self.not_found());
        }
        match tables.as_slice() {
            [table] if self.table.is_some() && app.output().format == Format::Table => {
                Ok(columns_of(table))
            }
            _ => Ok(Reply::list(tables, COLUMNS).with_message_if_empty(&self.nothing())),
        }
    }

    async fn as_sql(&self, app: &App, project: &ProjectRef) -> Result<Reply> {
        let statements = app.api()?.schema_ddl(project, &self.place()).await?;
        if statements.is_empty() && self.table.is_some() {
            return Err(self.not_found());
        }
        // Bodies of functions may name what comes later.
        let mut sql = "set check_function_bodies = off;\n".to_owned();
        for statement in &statements {
            sql.push('\n');
            sql.push_str(statement);
            sql.push('\n');
        }
        let reply = Reply::bytes(sql.into());
        Ok(if statements.is_empty() {
            reply.with_message(self.nothing())
        } else {
            reply
        })
    }

    fn place(&self) -> Where<'_> {
        Where {
            schemas: &self.schemas,
            table: self.table.as_deref(),
        }
    }

    fn nothing(&self) -> String {
        format!("Nothing in schema {}", self.schemas.join(", "))
    }

    fn not_found(&self) -> Error {
        let table = self.table.as_deref().unwrap_or_default();
        let message = format!(
            "no table or view `{table}` in schema {}",
            self.schemas.join(", ")
        );
        ApiError::new(Code::NotFound, message)
            .with_hint(
                "`supactl db schema` shows what there is; `--schema` looks in another schema",
            )
            .into()
    }
}

/// The columns of one table, and a word about the rest of it.
fn columns_of(table: &Table) -> Reply {
    let list = |key: &str| {
        table
            .object()
            .get(key)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
    };
    let columns: Vec<Object> = list("columns")
        .iter()
        .filter_map(Value::as_object)
        .cloned()
        .collect();
    let counted: Vec<String> = [
        ("indexes", "indexes"),
        ("foreign_keys", "foreign keys"),
        ("policies", "policies"),
    ]
    .iter()
    .map(|(key, name)| format!("{} {name}", list(key).len()))
    .collect();
    Reply::list(columns, COLUMN_COLUMNS).with_message(format!(
        "Row-level security: {}, {}; `-o yaml` shows them, `--sql` as SQL",
        rls(table.object()),
        counted.join(", ")
    ))
}

const COLUMNS: &[Column] = &[
    Column::new("schema", "Schema"),
    Column::new("name", "Name"),
    Column::new("kind", "Kind"),
    Column::shown(
        "columns",
        "Columns",
        Show::Made(|table| count(table, "columns")),
    ),
    Column::new("rows_estimate", "Rows (estimate)"),
    Column::shown("size_bytes", "Size", Show::Bytes),
    Column::shown("rls_enabled", "RLS", Show::Made(rls)),
    Column::shown(
        "policies",
        "Policies",
        Show::Made(|table| count(table, "policies")),
    ),
];

const COLUMN_COLUMNS: &[Column] = &[
    Column::new("name", "Column"),
    Column::new("type", "Type"),
    Column::new("nullable", "Nullable"),
    Column::new("default", "Default"),
    Column::new("identity", "Identity"),
    Column::new("generated", "Generated as"),
    Column::new("comment", "Comment"),
];

fn count(table: &Object, key: &str) -> String {
    table
        .get(key)
        .and_then(Value::as_array)
        .map_or_else(String::new, |list| list.len().to_string())
}

fn rls(table: &Object) -> String {
    let is = |key: &str| table.get(key).and_then(Value::as_bool);
    let word = match (is("rls_enabled"), is("rls_forced")) {
        (Some(true), Some(true)) => "on, for its owner too",
        (Some(true), _) => "on",
        (Some(false), _) => "off",
        (None, _) => "",
    };
    word.to_owned()
}
