//! What stands in a migration: whether it can run in a transaction, and in which pieces otherwise.

use crate::api::sql::{self, Statement};
use crate::error::{Error, Result};

use super::folder::File;

/// Statements that PostgreSQL refuses in a transaction: how they begin, and a word that must be in them.
/// (PostgreSQL 17, `PreventInTransactionBlock`.)
const ALONE: &[(&[&str], &str)] = &[
    (&["create", "index"], "concurrently"),
    (&["create", "unique", "index"], "concurrently"),
    (&["drop", "index"], "concurrently"),
    (&["reindex"], "concurrently"),
    (&["reindex", "database"], ""),
    (&["reindex", "schema"], ""),
    (&["reindex", "system"], ""),
    (&["alter", "table"], "concurrently"),
    (&["vacuum"], ""),
    (&["create", "database"], ""),
    (&["drop", "database"], ""),
    (&["alter", "database"], "tablespace"),
    (&["create", "tablespace"], ""),
    (&["drop", "tablespace"], ""),
    (&["alter", "system"], ""),
    (&["create", "subscription"], ""),
    (&["drop", "subscription"], ""),
    (&["discard", "all"], ""),
    (&["commit", "prepared"], ""),
    (&["rollback", "prepared"], ""),
];

/// Why a file cannot run in a transaction of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) line: usize,
    pub(super) why: String,
}

/// A file with its statements.
pub(super) struct Script<'a> {
    pub(super) file: &'a File,
    pub(super) statements: Vec<Statement<'a>>,
}

/// Statements that are sent together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    /// The line of the file on which the text begins.
    pub(super) line: usize,
}

impl<'a> Script<'a> {
    /// Cuts a file into its statements.
    ///
    /// # Errors
    /// `invalid_input` for what nothing but psql understands, and for strings without an end.
    pub(super) fn read(file: &'a File) -> Result<Self> {
        let label = file.label();
        let statements = sql::statements(&file.text)
            .map_err(|error| Error::invalid(format!("`{label}`: {error}")))?;
        for statement in &statements {
            if is_for_psql(statement) {
                return Err(Error::invalid_with_hint(
                    format!(
                        "`{label}`, line {}: only psql understands this: {}",
                        statement.line,
                        first_line(statement)
                    ),
                    "write it as SQL: `insert` for rows, nothing for settings of psql",
                ));
            }
        }
        Ok(Self { file, statements })
    }

    /// The first statement that keeps the file from running in one transaction, if there is one.
    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        self.statements.iter().find_map(|statement| {
            let why = if ends_or_begins_transaction(statement) {
                format!("`{}` is a transaction of its own", first_line(statement))
            } else if runs_alone(statement) {
                format!("`{}` cannot run in a transaction", first_line(statement))
            } else {
                return None;
            };
            Some(Obstacle {
                line: statement.line,
                why,
            })
        })
    }

    /// The pieces to send where there is no transaction around all of it. A transaction of the file's own is
    /// one piece, a statement that runs alone is one, and what is between them is one each.
    pub(super) fn parts(&self) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        let mut open: Option<(usize, usize)> = None;
        let mut in_transaction = false;
        let mut close = |open: &mut Option<(usize, usize)>| {
            if let Some((start, end)) = open.take() {
                let text = &self.file.text[start..end];
                let line = self.file.text[..start].matches('\n').count() + 1;
                parts.push(Part { text, line });
            }
        };
        for statement in self
            .statements
            .iter()
            .filter(|statement| !statement.is_comment())
        {
            let begins =
                statement.begins(&["begin"]) || statement.begins(&["start", "transaction"]);
            let alone = !in_transaction && (runs_alone(statement) || adds_value(statement));
            if (begins && !in_transaction) || alone {
                close(&mut open);
            }
            in_transaction |= begins;
            open = Some((
                open.map_or(statement.at, |(start, _)| start),
                statement.end(),
            ));
            let ends = !begins && ends_or_begins_transaction(statement);
            if ends || alone {
                in_transaction = false;
                close(&mut open);
            }
        }
        close(&mut open);
        parts
    }

    /// A line on which something is set for a session that ends with its piece, if there is more than one.
    pub(super) fn setting_that_ends(&self) -> Option<usize> {
        if self.parts().len() < 2 {
            return None;
        }
        let sets = |statement: &&Statement<'_>| {
            (statement.begins(&["set"]) && !statement.begins(&["set", "local"]))
                || ["temp", "temporary"]
                    .iter()
                    .any(|word| statement.begins(&["create", word]))
                || statement.all_words.iter().any(|word| word == "set_config")
        };
        self.statements
            .iter()
            .find(sets)
            .map(|statement| statement.line)
    }

    /// The texts of its statements, as they are recorded.
    pub(super) fn texts(&self) -> Vec<&'a str> {
        self.statements
            .iter()
            .map(|statement| statement.text)
            .collect()
    }
}

/// `\connect` and the like, and rows that follow a `copy`.
fn is_for_psql(statement: &Statement<'_>) -> bool {
    let copies = statement.begins(&["copy"]) && statement.has("stdin");
    copies || statement.has_backslash
}

fn ends_or_begins_transaction(statement: &Statement<'_>) -> bool {
    match statement.words.first().map(String::as_str) {
        Some("begin" | "abort" | "end" | "commit") => !statement.has("prepared"),
        Some("rollback") => !statement.has("to") && !statement.has("prepared"),
        Some("start" | "prepare") => statement
            .words
            .get(1)
            .is_some_and(|word| word == "transaction"),
        _ => false,
    }
}

fn runs_alone(statement: &Statement<'_>) -> bool {
    // `reindex (concurrently)` and `reindex (verbose) schema` have words in parentheses.
    let words = if statement.begins(&["reindex"]) {
        &statement.all_words
    } else {
        &statement.words
    };
    ALONE.iter().any(|(begin, word)| {
        let begins = statement.begins(begin);
        begins && (word.is_empty() || words.iter().any(|one| one == word))
    }) || (statement.begins(&["cluster"])
        && !statement.words.iter().skip(1).any(|word| word != "verbose"))
}

/// A new value of an enum can only be used when it is committed.
fn adds_value(statement: &Statement<'_>) -> bool {
    statement.begins(&["alter", "type"]) && statement.has("add") && statement.has("value")
}

fn first_line(statement: &Statement<'_>) -> String {
    let line = statement.first_line;
    if line.chars().count() <= 60 {
        return line.to_owned();
    }
    let cut: String = line.chars().take(59).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(text: &str, look: impl FnOnce(&Script<'_>) -> T) -> T {
        let file = File {
            version: "1".to_owned(),
            name: "x".to_owned(),
            path: "1_x.sql".into(),
            text: text.to_owned(),
        };
        look(&Script::read(&file).unwrap_or_else(|error| panic!("{text}: {error}")))
    }

    fn obstacle(text: &str) -> Option<usize> {
        with(text, |script| {
            script.obstacle().map(|obstacle| obstacle.line)
        })
    }

    #[test]
    fn what_cannot_run_in_a_transaction_is_found() {
        for alone in [
            "create index concurrently on t (a)",
            "CREATE UNIQUE INDEX CONCURRENTLY if not exists i ON t (a)",
            "drop index concurrently i",
            "reindex table concurrently t",
            "reindex (verbose, concurrently) table t",
            "reindex schema public",
            "vacuum",
            "VACUUM (full) t",
            "create database x",
            "alter system set x = 1",
            "alter table p detach partition c concurrently",
            "cluster",
            "cluster verbose",
            "begin",
            "BEGIN ISOLATION LEVEL SERIALIZABLE",
            "start transaction",
            "commit",
            "end",
            "rollback",
            "abort",
            "prepare transaction 'x'",
            "commit prepared 'x'",
        ] {
            assert_eq!(
                obstacle(&format!("-- why\nselect 1;\n{alone};")),
                Some(3),
                "{alone}"
            );
        }
        for fine in [
            "create index on t (concurrently)",
            "create index \"concurrently\" on t (a)",
            "create table vacuum (a int)",
            "cluster t using i",
            "rollback to savepoint s",
            "savepoint s",
            "release s",
            "do $$ begin commit; end $$",
            "create function f() returns int language sql begin atomic select 1; end",
            "alter type t add value 'x'",
            "refresh materialized view concurrently v",
            "prepare p as select 1",
            "-- begin;",
            "select 'vacuum; begin;'",
            "reindex index i",
        ] {
            assert_eq!(obstacle(fine), None, "{fine}");
        }
    }

    #[test]
    fn pieces_keep_transactions_together_and_lone_statements_alone() {
        let text = "create table a ();\ncreate table b ();\n-- slow\ncreate index concurrently on a (x);\nbegin;\nvacuum_not();\n\
             commit;\nalter type t add value 'v';\nselect 1;\nselect 2;\n-- end";
        with(text, |script| {
            let parts: Vec<_> = script
                .parts()
                .iter()
                .map(|part| (part.line, part.text))
                .collect();
            assert_eq!(
                parts,
                [
                    (1, "create table a ();\ncreate table b ()"),
                    (3, "-- slow\ncreate index concurrently on a (x)"),
                    (5, "begin;\nvacuum_not();\ncommit"),
                    (8, "alter type t add value 'v'"),
                    (9, "select 1;\nselect 2"),
                ]
            );
        });
        with("-- nothing", |script| assert!(script.parts().is_empty()));
    }

    #[test]
    fn settings_hold_for_one_piece() {
        fn line(text: &str) -> Option<usize> {
            with(text, |script: &Script<'_>| -> Option<usize> {
                script.setting_that_ends()
            })
        }
        assert_eq!(
            line("set search_path = a;\ncreate index concurrently on t (x)"),
            Some(1)
        );
        assert_eq!(line("set search_path = a;\nselect 1"), None);
        assert_eq!(
            line("select 1;\nselect set_config('a', 'b', false);vacuum"),
            Some(2)
        );
    }

    #[test]
    fn what_only_psql_understands_is_refused() {
        for text in [
            "\\connect x\nselect 1;",
            "select 1;\n\\i other.sql",
            "copy t (a) from stdin;\n1\n\\.",
        ] {
            let file = File {
                version: "1".to_owned(),
                name: "x".to_owned(),
                path: "1_x.sql".into(),
                text: text.to_owned(),
            };
            assert!(Script::read(&file).is_err(), "{text}");
        }
        with("copy (select 1) to stdout; select E'\\\\'", |_| ());
    }
}
