//! What a database has in its schemas, and SQL that recreates it.
//!
//! Asked of the catalog itself, whose own functions write definitions back as SQL: an expression or a name
//! is quoted by the server that knows its rules. (Tried on PostgreSQL 15; the catalogs are those of 14 to 17.)

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::record::record;
use super::sql::{self, Sql, sqlstate};
use super::{Api, ProjectRef, Record};
use crate::error::Result;

record! {
    /// A table, a view or a foreign table, with all that hangs on it.
    Table {
        "schema": Text, "name": Text, "kind": Text, "comment": Text, "rows_estimate": Integer,
        "size_bytes": Integer, "rls_enabled": Flag, "rls_forced": Flag, "primary_key": List,
        "columns": List, "foreign_keys": List, "constraints": List, "indexes": List,
        "policies": List, "triggers": List
    }
}

record! {
    /// One statement of the many that recreate a schema.
    Ddl { "id": Text, "phase": Integer, "name": Text, "schema": Text, "table": Text, "ddl": Text, "needs": List }
}

const TABLES: &str = include_str!("tables.sql");
const DDL: &str = include_str!("ddl.sql");

/// Names come out qualified whatever the search path of the connection is. Compiling the query would take
/// longer than running it.
const BEFORE: &str = "set local search_path = ''; set local jit = off;\n";

/// Which schemas, and which table of them.
pub(crate) struct Where<'a> {
    pub(crate) schemas: &'a [String],
    pub(crate) table: Option<&'a str>,
}

impl Api {
    /// The tables of some schemas, by name.
    pub(crate) async fn tables(
        &self,
        project: &ProjectRef,
        place: &Where<'_>,
    ) -> Result<Vec<Table>> {
        let schemas = ("schemas", sql::text_array(place.schemas)?);
        let filter = match place.table {
            Some(table) => Sql::fill(
                "n.nspname = any ({schemas}) and c.relname = {table}",
                &[schemas, ("table", sql::literal(table)?)],
            ),
            None => Sql::fill("n.nspname = any ({schemas})", &[schemas]),
        };
        self.ask_catalog(project, Sql::fill(TABLES, &[("filter", filter)]))
            .await
    }

    /// Statements that recreate some schemas, in an order in which they run; with a table, only those of it.
    pub(crate) async fn schema_ddl(
        &self,
        project: &ProjectRef,
        place: &Where<'_>,
    ) -> Result<Vec<String>> {
        let filter = Sql::fill(
            "nspname = any ({schemas})",
            &[("schemas", sql::text_array(place.schemas)?)],
        );
        let query = Sql::fill(DDL, &[("filter", filter)]);
        let mut rows: Vec<Ddl> = self.ask_catalog(project, query).await?;
        if let Some(table) = place.table {
            rows.retain(|row| row.text("table") == Some(table));
        }
        Ok(in_order(&rows))
    }

    /// Asks with the settings before the query, and without them where only one statement is taken.
    async fn ask_catalog<T: DeserializeOwned>(
        &self,
        project: &ProjectRef,
        query: Sql,
    ) -> Result<Vec<T>> {
        let both = Sql::join(&[Sql::constant(BEFORE), query.clone()], "");
        match self.catalog(project, &both, &[]).await {
            Err(error) if sqlstate(&error) == Some("42601") => {
                self.catalog(project, &query, &[]).await
            }
            other => other,
        }
    }
}

/// Sorts statements so that each comes after what it needs, and otherwise by kind and name. What needs
/// itself in a circle comes in the order of kinds.
fn in_order(rows: &[Ddl]) -> Vec<String> {
    let ids: HashMap<&str, usize> = rows
        .iter()
        .enumerate()
        .filter_map(|(index, row)| Some((row.text("id")?, index)))
        .collect();
    let mut needs: Vec<HashSet<usize>> = rows
        .iter()
        .map(|row| match row.object().get("needs") {
            Some(Value::Array(needs)) => needs
                .iter()
                .filter_map(|need| ids.get(need.as_str()?).copied())
                .collect(),
            _ => HashSet::new(),
        })
        .collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    for (index, needs) in needs.iter_mut().enumerate() {
        needs.remove(&index);
        for need in needs.iter() {
            needed_by[*need].push(index);
        }
    }
    let rank = |index: usize| {
        let row = &rows[index];
        let phase = row
            .object()
            .get("phase")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        (
            phase,
            row.text("schema"),
            row.text("table"),
            row.text("name"),
            index,
        )
    };
    let mut waiting: BTreeSet<_> = (0..rows.len()).map(rank).collect();
    let mut ready: BTreeSet<_> = waiting
        .iter()
        .filter(|rank| needs[rank.4].is_empty())
        .copied()
        .collect();
    let mut sorted = Vec::with_capacity(rows.len());
    while let Some(next) = ready.pop_first().or_else(|| waiting.first().copied()) {
        waiting.remove(&next);
        sorted.extend(rows[next.4].text("ddl").map(str::to_owned));
        for other in std::mem::take(&mut needed_by[next.4]) {
            needs[other].remove(&next.4);
            let rank = rank(other);
            if needs[other].is_empty() && waiting.contains(&rank) {
                ready.insert(rank);
            }
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn row(id: usize, phase: i64, needs: &[usize]) -> Ddl {
        let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
        Ddl::read(
            json!({"id": id.to_string(), "phase": phase, "name": format!("n{id:02}"), "ddl": id.to_string(), "needs": needs}),
        )
    }

    #[test]
    fn what_is_needed_comes_first_and_circles_end() {
        assert_eq!(
            in_order(&[row(0, 5, &[]), row(1, 2, &[0]), row(2, 2, &[])]),
            ["2", "0", "1"]
        );
        assert_eq!(
            in_order(&[row(0, 5, &[1]), row(1, 2, &[0]), row(2, 9, &[0, 7])]),
            ["1", "0", "2"]
        );
        assert!(in_order(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_needs_are_kept(edges in proptest::collection::vec((0..12usize, 0..12usize), 0..30)) {
            // Only downwards: no circles.
            let rows: Vec<Ddl> = (0..12)
                .map(|id| {
                    let needs: Vec<usize> = edges.iter().filter(|(from, to)| *from == id && to < from).map(|(_, to)| *to).collect();
                    row(id, i64::try_from(12 - id).unwrap(), &needs)
                })
                .collect();
            let sorted = in_order(&rows);
            prop_assert_eq!(sorted.len(), 12);
            let place = |id: usize| sorted.iter().position(|one| *one == id.to_string()).unwrap();
            for (from, to) in edges.iter().filter(|(from, to)| to < from) {
                prop_assert!(place(*to) < place(*from));
            }
        }
    }
}
