//! The file of a bucket's policies, as `export` writes it and `set --file` reads it.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{BucketName, NewPolicy, Object, Policy, PolicyCommand, PolicyTable, Record};
use crate::error::{Error, Result};
use crate::output::yaml_line;
use crate::terminal;

/// What a file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    bucket: String,
    #[serde(default)]
    policies: Vec<Entry>,
}

/// One policy of a file. What is left out is as it usually is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    table: Option<String>,
    command: String,
    roles: Vec<String>,
    kind: Option<String>,
    using: Option<String>,
    check: Option<String>,
}

/// The bucket and the policies of a file; `-` is standard input.
pub(super) fn read(file: &Path) -> Result<(BucketName, Vec<NewPolicy>)> {
    let what = || format!("--file {}", file.display());
    let text = if file.as_os_str() == "-" {
        terminal::read_stdin()
            .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other))
    } else {
        terminal::read_text(file)
    };
    let text = text.map_err(|error| Error::file(what(), error))?;
    let written: Written = serde_yaml::from_str(&text).map_err(|error| {
        Error::invalid_with_hint(
            format!("{}: {error}", what()),
            "`supactl storage policies export --bucket NAME` writes such a file",
        )
    })?;
    let bucket = written
        .bucket
        .parse()
        .map_err(|problem: String| Error::invalid(format!("{}: {problem}", what())))?;
    let mut policies: Vec<NewPolicy> = Vec::new();
    for entry in written.policies {
        let policy = entry
            .policy()
            .map_err(|problem| Error::invalid(format!("{}: {problem}", what())))?;
        if policies
            .iter()
            .any(|one| one.name == policy.name && one.table == policy.table)
        {
            return Err(Error::invalid(format!(
                "{}: policy `{}` is in it twice",
                what(),
                policy.name
            )));
        }
        policies.push(policy);
    }
    Ok((bucket, policies))
}

impl Entry {
    fn policy(self) -> Result<NewPolicy, String> {
        let name = &self.name;
        let restrictive = match self.kind.as_deref() {
            None | Some("permissive") => false,
            Some("restrictive") => true,
            Some(other) => {
                return Err(format!(
                    "policy `{name}`: `kind` is `permissive` or `restrictive`, not `{other}`"
                ));
            }
        };
        let table = match self.table.as_deref() {
            None | Some("objects") => PolicyTable::Objects,
            Some("buckets") => PolicyTable::Buckets,
            Some(other) => {
                return Err(format!(
                    "policy `{name}`: `table` is `objects` or `buckets`, not `{other}`"
                ));
            }
        };
        let command = PolicyCommand::ALL
            .iter()
            .find(|(_, word)| *word == self.command);
        let Some((command, _)) = command else {
            return Err(format!(
                "policy `{name}`: `command` is select, insert, update, delete or all, not `{}`",
                self.command
            ));
        };
        Ok(NewPolicy {
            name: self.name,
            table,
            command: *command,
            roles: self.roles,
            restrictive,
            using: self.using,
            check: self.check,
        })
    }
}

/// The text of a file.
pub(super) fn written(bucket: &BucketName, policies: &[Policy]) -> String {
    let entries: Vec<Value> = policies
        .iter()
        .map(|policy| Value::Object(entry(policy)))
        .collect();
    yaml_line("bucket", &json!(bucket.as_str())) + &yaml_line("policies", &json!(entries))
}

/// A policy without what is usual and what was found out about it.
fn entry(policy: &Policy) -> Object {
    let usual = |key: &str, value: &Value| {
        value.is_null()
            || (key == "kind" && value == "permissive")
            || (key == "table" && value == "objects")
    };
    [
        "name", "table", "command", "roles", "kind", "using", "check",
    ]
    .iter()
    .filter_map(|key| Some(((*key).to_owned(), policy.object().get(*key)?.clone())))
    .filter(|(key, value)| !usual(key, value))
    .collect()
}
