//! `--fields`: only some properties, in an order of one's own, the same in every format.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::format::Format;
use super::reply::{Body, Reply};
use super::table::{Column, Show, value};
use crate::api::Object;
use crate::error::{Error, Result};

/// The properties that were asked for.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    keys: Vec<String>,
    /// The run may have changed something: an unknown property cannot undo that, so it is told and
    /// shown as absent, where otherwise it is an error.
    changes: bool,
}

impl Fields {
    /// Reads what was typed; nothing typed is no choice.
    pub(crate) fn read(typed: &[String], changes: bool) -> Result<Option<Self>> {
        let mut keys: Vec<String> = Vec::with_capacity(typed.len());
        for key in typed.iter().map(|key| key.trim()) {
            if key.is_empty() || key.split('.').any(str::is_empty) {
                return Err(Error::invalid_with_hint(
                    format!("`--fields`: `{key}` is not the key of a property"),
                    "write keys with commas between them: `--fields name,created_at`",
                ));
            }
            if !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
        Ok((!keys.is_empty()).then_some(Self { keys, changes }))
    }

    /// Leaves only these properties.
    ///
    /// A property is known if it is a column, or if any element has it. Where there is no element
    /// nothing can be known of them, and nothing is refused.
    pub(super) fn pick(&self, mut reply: Reply, format: Format) -> Result<Reply> {
        let unknown = match &reply.body {
            Body::Nothing => Vec::new(),
            Body::Bytes(_) => {
                return Err(Error::Usage {
                    message: "`--fields` picks properties, and this prints bytes".to_owned(),
                    hint: None,
                });
            }
            Body::Item { row, columns } => self.unknown(std::iter::once(row), columns),
            Body::List { rows, columns } => self.unknown(rows.iter(), columns),
            Body::Value(Value::Array(items)) => {
                self.unknown(items.iter().filter_map(Value::as_object), &[])
            }
            Body::Value(Value::Object(row)) => self.unknown(std::iter::once(row), &[]),
            Body::Value(_) => self.keys.iter().map(String::as_str).collect(),
        };
        if !unknown.is_empty() {
            let message = format!("there is no property `{}` here", unknown.join("`, `"));
            let known = known(&reply.body);
            if !self.changes {
                return Err(Error::invalid_with_hint(message, known));
            }
            let message = format!("`--fields`: {message}. {known}");
            reply = reply.with_message(message);
        }
        // A table makes its cells of whole objects.
        let narrow = |row: &mut Object| {
            if format != Format::Table {
                self.narrow(row);
            }
        };
        match &mut reply.body {
            Body::Nothing | Body::Bytes(_) => {}
            Body::Item { row, columns } => {
                narrow(row);
                *columns = Cow::Owned(self.columns(columns));
            }
            Body::List { rows, columns } => {
                rows.iter_mut().for_each(narrow);
                *columns = Cow::Owned(self.columns(columns));
            }
            Body::Value(Value::Array(items)) => items
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(|row| self.narrow(row)),
            Body::Value(Value::Object(row)) => self.narrow(row),
            Body::Value(_) => {}
        }
        Ok(reply)
    }

    /// The keys that are neither a column nor in any of the rows, of which there are some.
    fn unknown<'a>(
        &self,
        rows: impl Iterator<Item = &'a Object> + Clone,
        columns: &[Column],
    ) -> Vec<&str> {
        let mut missing: Vec<&str> = self
            .keys
            .iter()
            .map(String::as_str)
            .filter(|key| columns.iter().all(|column| column.key != *key))
            .collect();
        if rows.clone().next().is_some() {
            missing.retain(|key| rows.clone().all(|row| value(row, key).is_none()));
        } else {
            missing.clear();
        }
        missing
    }

    fn narrow(&self, row: &mut Object) {
        *row = self
            .keys
            .iter()
            .map(|key| (key.clone(), value(row, key).cloned().unwrap_or(Value::Null)))
            .collect::<Map<_, _>>();
    }

    /// The columns in the order asked for; what is none becomes one.
    fn columns(&self, columns: &[Column]) -> Vec<Column> {
        let column = |key: &String| {
            let known = columns.iter().find(|column| column.key == *key);
            known.cloned().unwrap_or_else(|| Column {
                key: Cow::Owned(key.clone()),
                header: Cow::Owned(key.clone()),
                show: if key.ends_with("_at") {
                    Show::Time
                } else {
                    Show::Plain
                },
            })
        };
        self.keys.iter().map(column).collect()
    }
}

/// Names the properties that there are: the columns, then what else the elements have.
fn known(body: &Body) -> String {
    let (columns, rows): (&[Column], Vec<&Object>) = match body {
        Body::Item { row, columns } => (columns, vec![row]),
        Body::List { rows, columns } => (columns, rows.iter().collect()),
        Body::Value(Value::Object(row)) => (&[], vec![row]),
        Body::Value(Value::Array(items)) => {
            (&[], items.iter().filter_map(Value::as_object).collect())
        }
        Body::Nothing | Body::Value(_) | Body::Bytes(_) => (&[], Vec::new()),
    };
    let mut keys: Vec<&str> = Vec::new();
    let columns = columns.iter().map(|column| &*column.key);
    for key in columns.chain(rows.into_iter().flat_map(Map::keys).map(String::as_str)) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    match keys.as_slice() {
        [] => "It has no properties to pick from".to_owned(),
        keys => format!("There are: {}", keys.join(", ")),
    }
}
