//! What a command hands back: data, how to show it, and what to say beside it.

use std::borrow::Cow;

use serde_json::Value;

use super::canvas::{Canvas, Line};
use super::table::{Column, Show};
use crate::api::Object;
use crate::error::Error;

/// The end of a command that did its work.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(super) body: Body,
    pub(super) messages: Vec<String>,
    /// Data came, and still the run ends badly: a check was negative, or some targets failed.
    pub(super) verdict: Option<Error>,
}

/// The data of a reply.
#[derive(Debug)]
pub(crate) enum Body {
    Nothing,
    Item {
        row: Object,
        columns: Cow<'static, [Column]>,
    },
    List {
        rows: Vec<Object>,
        columns: Cow<'static, [Column]>,
    },
    /// One object that is more than a line for each property.
    Drawn {
        data: Object,
        drawing: &'static Drawing,
    },
    /// JSON of no particular noun.
    Value(Value),
    /// Bytes that are printed as they are, whatever the format.
    Bytes(bytes::Bytes),
}

/// How an object is shown that has lists and groups in it: a picture on a terminal, rows elsewhere.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// The picture.
    pub(crate) draw: fn(&Object, &Canvas) -> Vec<Line>,
    /// The rows of a piped table.
    pub(crate) rows: fn(&Object) -> Vec<Object>,
    /// The columns of those rows.
    pub(crate) columns: &'static [Column],
}

impl Reply {
    fn new(body: Body) -> Self {
        Self {
            body,
            messages: Vec::new(),
            verdict: None,
        }
    }

    /// Nothing to show.
    pub(crate) fn nothing() -> Self {
        Self::new(Body::Nothing)
    }

    /// One object.
    pub(crate) fn item(row: impl Into<Object>, columns: &'static [Column]) -> Self {
        Self::new(Body::Item {
            row: row.into(),
            columns: Cow::Borrowed(columns),
        })
    }

    /// Any number of objects of one noun.
    pub(crate) fn list<T: Into<Object>>(rows: Vec<T>, columns: &'static [Column]) -> Self {
        Self::new(Body::List {
            rows: rows.into_iter().map(Into::into).collect(),
            columns: Cow::Borrowed(columns),
        })
    }

    /// One object that is drawn.
    pub(crate) fn drawn(data: Object, drawing: &'static Drawing) -> Self {
        Self::new(Body::Drawn { data, drawing })
    }

    /// Any number of objects by columns that are made for them.
    pub(crate) fn rows(rows: Vec<Object>, columns: Cow<'static, [Column]>) -> Self {
        Self::new(Body::List { rows, columns })
    }

    /// Objects of which nothing is known: each of their keys is a column.
    pub(crate) fn unknown_rows(rows: Vec<Object>) -> Self {
        let columns = Column::of_rows(&rows);
        Self::rows(rows, Cow::Owned(columns))
    }

    /// What a statement found: the same, with values as they came and null told from nothing.
    pub(crate) fn found_rows(rows: Vec<Object>) -> Self {
        let columns = Column::of_rows(&rows).into_iter();
        let columns = columns.map(|column| column.showing(Show::Null)).collect();
        Self::rows(rows, Cow::Owned(columns))
    }

    /// JSON of no particular noun; a table shows it as JSON.
    pub(crate) fn value(value: Value) -> Self {
        Self::new(Body::Value(value))
    }

    /// Bytes for standard output as they are.
    pub(crate) fn bytes(bytes: bytes::Bytes) -> Self {
        Self::new(Body::Bytes(bytes))
    }

    /// Says something on standard error, after the data.
    pub(crate) fn with_message(mut self, message: impl Into<String>) -> Self {
        self.messages.push(message.into());
        self
    }

    /// Shows these properties too, under their own keys, which are known only now.
    pub(crate) fn also(mut self, keys: &[String]) -> Self {
        if let Body::Item { columns, .. } | Body::List { columns, .. } = &mut self.body {
            columns
                .to_mut()
                .extend(keys.iter().map(|key| Column::of_key(key)));
        }
        self
    }

    /// Ends the run badly although there is data.
    pub(crate) fn with_verdict(mut self, error: Error) -> Self {
        self.verdict = Some(error);
        self
    }

    /// Says something where the list has nothing in it.
    pub(crate) fn with_message_if_empty(self, message: &str) -> Self {
        if self.count() == Some(0) {
            self.with_message(message)
        } else {
            self
        }
    }

    /// The bytes, as text.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        match &self.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        }
    }

    /// The `data` of the envelope.
    pub(super) fn data(&self) -> Cow<'_, Value> {
        match &self.body {
            Body::Nothing | Body::Bytes(_) => Cow::Owned(Value::Null),
            Body::Value(value) => Cow::Borrowed(value),
            Body::Item { row: data, .. } | Body::Drawn { data, .. } => {
                Cow::Owned(Value::Object(data.clone()))
            }
            Body::List { rows, .. } => {
                Cow::Owned(rows.iter().cloned().map(Value::Object).collect())
            }
        }
    }

    /// The elements of the data, one by one: those of a list, or the one thing that there is.
    pub(super) fn elements(&self) -> Box<dyn Iterator<Item = Cow<'_, Value>> + '_> {
        match &self.body {
            Body::Nothing | Body::Bytes(_) => Box::new(std::iter::empty()),
            Body::List { rows, .. } => Box::new(
                rows.iter()
                    .map(|row| Cow::Owned(Value::Object(row.clone()))),
            ),
            Body::Value(Value::Array(items)) => Box::new(items.iter().map(Cow::Borrowed)),
            Body::Value(value) => Box::new(std::iter::once(Cow::Borrowed(value))),
            Body::Item { row: data, .. } | Body::Drawn { data, .. } => {
                Box::new(std::iter::once(Cow::Owned(Value::Object(data.clone()))))
            }
        }
    }

    /// How many elements a list has; nothing else is counted.
    pub(super) fn count(&self) -> Option<usize> {
        match &self.body {
            Body::List { rows, .. } => Some(rows.len()),
            Body::Value(Value::Array(items)) => Some(items.len()),
            Body::Nothing
            | Body::Item { .. }
            | Body::Drawn { .. }
            | Body::Value(_)
            | Body::Bytes(_) => None,
        }
    }
}
