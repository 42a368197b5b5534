//! Log drains (`/v2/projects/{ref}/analytics/log-drains`): what each kind wants, and the operations.
//!
//! Never kept: their configuration holds secrets, which the service may mask or not.

use serde_json::{Value, json};

use super::inputs::{Input, InputKind, Variant};
use crate::api::record::{Object, Record, record};
use crate::api::request::{Method, Request};
use crate::api::webhooks::flat;
use crate::api::{Api, ProjectRef};
use crate::error::Result;

record! {
    /// A log drain.
    LogDrain { "id": Text, "name": Text, "backend_type": Text, "description": Text, "config": Object }
}

const fn needs(key: &'static str, kind: InputKind) -> Input {
    Input {
        key,
        kind,
        required: true,
    }
}

const fn takes(key: &'static str, kind: InputKind) -> Input {
    Input {
        key,
        kind,
        required: false,
    }
}

const fn kind(word: &'static str, inputs: &'static [Input]) -> Variant {
    Variant {
        word,
        inputs,
        open: false,
    }
}

/// A kind whose configuration nobody has published.
const fn unknown(word: &'static str) -> Variant {
    Variant {
        word,
        inputs: &[],
        open: true,
    }
}

use InputKind::{Address, Choice, Flag, Headers, Secret, Text, Whole};

/// What every drain has beside its configuration.
pub(crate) const LABELS: &[Input] = &[takes("name", Text), takes("description", Text)];

/// The kinds (contract of the official CLI 3.1.0).
pub(crate) const DRAINS: &[Variant] = &[
    kind(
        "webhook",
        &[
            needs("url", Address),
            takes("http", Choice(&["http1", "http2"])),
            takes("gzip", Flag),
            takes("headers", Headers),
        ],
    ),
    kind(
        "datadog",
        &[needs("api_key", Secret), needs("region", Text)],
    ),
    kind(
        "loki",
        &[
            needs("url", Address),
            takes("username", Text),
            takes("password", Secret),
            takes("headers", Headers),
        ],
    ),
    kind("sentry", &[needs("dsn", Secret)]),
    kind(
        "axiom",
        &[
            takes("domain", Text),
            needs("api_token", Secret),
            needs("dataset_name", Text),
        ],
    ),
    kind(
        "syslog",
        &[
            needs("host", Text),
            needs("port", Whole(0, 65_535)),
            takes("tls", Flag),
            takes("structured_data", Text),
            takes("cipher_key", Secret),
            takes("ca_cert", Text),
            takes("client_cert", Text),
            takes("client_key", Secret),
        ],
    ),
    kind(
        "s3",
        &[
            needs("s3_bucket", Text),
            needs("storage_region", Text),
            needs("access_key_id", Text),
            needs("secret_access_key", Secret),
            takes("batch_timeout", Whole(0, 86_400_000)),
        ],
    ),
    kind(
        "last9",
        &[
            needs("region", Text),
            needs("username", Text),
            needs("password", Secret),
        ],
    ),
    kind(
        "otlp",
        &[
            needs("endpoint", Address),
            takes("protocol", Text),
            takes("gzip", Flag),
            takes("headers", Headers),
        ],
    ),
    unknown("postgres"),
    unknown("bigquery"),
    unknown("clickhouse"),
];

/// A drain that is to be there.
#[derive(Debug, Clone)]
pub(crate) struct NewDrain {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) config: Object,
}

const PATH: &str = "/v2/projects/{}/analytics/log-drains";

impl Api {
    /// Lists the log drains of a project.
    pub(crate) async fn log_drains(&self, project: &ProjectRef) -> Result<Vec<LogDrain>> {
        let request = Request::get(PATH, &[project.as_str()]).needs("analytics_config_read");
        let drains = self.client.send(request).await?.list_at("/data")?;
        let drains = drains.into_iter().map(flat).map(Value::Object);
        Ok(drains.map(LogDrain::read).collect())
    }

    /// Makes a log drain.
    pub(crate) async fn create_log_drain(
        &self,
        project: &ProjectRef,
        new: &NewDrain,
    ) -> Result<()> {
        let mut attributes =
            json!({"name": new.name, "backend_type": new.kind, "config": new.config});
        if let Some(description) = &new.description {
            attributes["description"] = json!(description);
        }
        let request = Request::post(PATH, &[project.as_str()])
            .json(json!({"data": {"type": "log_drain", "attributes": attributes}}))
            .needs("analytics_config_write");
        self.client.send(request).await.map(drop)
    }

    /// Takes a log drain away.
    pub(crate) async fn delete_log_drain(&self, project: &ProjectRef, id: &str) -> Result<()> {
        let path = format!("{PATH}/{{}}");
        let request = Request::new(Method::Delete, &path, &[project.as_str(), id]);
        self.client
            .send(request.needs("analytics_config_write"))
            .await
            .map(drop)
    }
}
