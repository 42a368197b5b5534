//! The wrapper that JSON and YAML share: `data`, `success`, `error`, `metadata`, always all of them.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::reply::{Body, Reply};
use super::yaml;
use crate::error::Error;

/// What is told about the run itself.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    /// The words of the command, such as `storage buckets list`.
    pub(crate) command: String,
    /// The project that it worked on.
    pub(crate) project: Option<String>,
    /// When it began.
    pub(crate) timestamp: Timestamp,
    pub(crate) duration_ms: u64,
    /// No request was sent for it.
    pub(crate) cached: bool,
    pub(crate) dry_run: bool,
}

impl Metadata {
    /// What is known of a command that goes on.
    pub(crate) fn begun(command: String, timestamp: Timestamp) -> Self {
        Self {
            command,
            project: None,
            timestamp,
            duration_ms: 0,
            cached: false,
            dry_run: false,
        }
    }
}

/// Writes the envelope as JSON, with line breaks for people and without for programs.
pub(super) fn json(
    out: &mut impl Write,
    reply: &Reply,
    error: Option<&Error>,
    metadata: &Metadata,
    pretty: bool,
) -> io::Result<()> {
    let envelope = Envelope {
        reply,
        error,
        metadata,
    };
    if pretty {
        serde_json::to_writer_pretty(out, &envelope)
    } else {
        serde_json::to_writer(out, &envelope)
    }
    .map_err(io::Error::from)
}

/// Writes the envelope as one YAML document.
pub(super) fn yaml(
    out: &mut impl Write,
    reply: &Reply,
    error: Option<&Error>,
    metadata: &Metadata,
) -> io::Result<()> {
    match &reply.body {
        // Row by row, as in JSON.
        Body::List { rows, .. } if !rows.is_empty() => {
            out.write_all(b"data:\n")?;
            for row in rows {
                yaml::row(out, 0, row)?;
            }
        }
        _ => yaml::entry(out, 0, "data", &reply.data())?,
    }
    yaml::entry(out, 0, "success", &json!(error.is_none()))?;
    yaml::entry(out, 0, "error", &json!(error.map(describe)))?;
    yaml::entry(out, 0, "metadata", &about(reply, error, metadata))
}

struct Envelope<'a> {
    reply: &'a Reply,
    error: Option<&'a Error>,
    metadata: &'a Metadata,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        match &self.reply.body {
            // Row by row: a large list is not copied to be printed.
            Body::List { rows, .. } => map.serialize_entry("data", rows)?,
            Body::Item { row, .. } => map.serialize_entry("data", row)?,
            Body::Drawn { data, .. } => map.serialize_entry("data", data)?,
            Body::Nothing | Body::Bytes(_) | Body::Value(_) => {
                map.serialize_entry("data", &self.reply.data())?;
            }
        }
        map.serialize_entry("success", &self.error.is_none())?;
        map.serialize_entry("error", &self.error.map(describe))?;
        map.serialize_entry("metadata", &about(self.reply, self.error, self.metadata))?;
        map.end()
    }
}

/// The `metadata` of the envelope.
fn about(reply: &Reply, error: Option<&Error>, metadata: &Metadata) -> Value {
    let count = if error.is_some() && matches!(reply.body, Body::Nothing) {
        None
    } else {
        reply.count()
    };
    json!({
        "command": metadata.command,
        "project": metadata.project,
        "timestamp": metadata.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "duration_ms": metadata.duration_ms,
        "cached": metadata.cached,
        "count": count,
        "dry_run": metadata.dry_run,
    })
}

/// The `error` of the envelope.
fn describe(error: &Error) -> Value {
    let api = match error {
        Error::Api(error) => Some(error),
        _ => None,
    };
    let mut map = Map::new();
    map.insert("code".to_owned(), json!(error.code().as_str()));
    map.insert("message".to_owned(), json!(error.to_string()));
    map.insert("hint".to_owned(), json!(error.hint()));
    map.insert(
        "status".to_owned(),
        json!(api.and_then(|error| error.status)),
    );
    map.insert(
        "request_id".to_owned(),
        json!(api.and_then(|error| error.request_id.as_deref())),
    );
    map.insert(
        "details".to_owned(),
        json!(api.and_then(|error| error.details.as_ref())),
    );
    Value::Object(map)
}
