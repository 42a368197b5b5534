//! The settings of a project's Auth service (`/v1/projects/{ref}/config/auth`): one flat object.
//!
//! The service tells digests of secrets, which must never be sent back: it would store the digest.

mod providers;
mod settings;
mod table;
mod values;

use ring::hmac;
use serde_json::Value;

pub(crate) use providers::{PROVIDERS, Provider};
pub(crate) use settings::{Area, Kind, Setting};
pub(crate) use table::SETTINGS;
pub(crate) use values::{is_unset, same};

use super::Api;
use super::cache::Noun;
use super::ids::ProjectRef;
use super::record::Object;
use super::request::{Method, Request};
use crate::error::Result;

/// The path of the settings.
const PATH: &str = "/v1/projects/{}/config/auth";

impl Api {
    /// All settings, for showing them: secrets may be masked rather than digests.
    pub(crate) async fn auth_config(&self, project: &ProjectRef) -> Result<Object> {
        let request = Request::get(PATH, &[project.as_str()])
            .needs("auth_config_read")
            .cached(Noun::Auth);
        self.client.send(request).await?.json()
    }

    /// All settings as they are now, secrets as digests. Never kept.
    pub(crate) async fn auth_config_now(&self, project: &ProjectRef) -> Result<Object> {
        let request = Request::get(PATH, &[project.as_str()]).needs("auth_config_read");
        self.client.send(request).await?.json()
    }

    /// Changes the given settings and leaves the others.
    pub(crate) async fn change_auth_config(
        &self,
        project: &ProjectRef,
        settings: Object,
    ) -> Result<()> {
        let request = Request::new(Method::Patch, PATH, &[project.as_str()])
            .json(Value::Object(settings))
            .needs("auth_config_write")
            .forgets(Noun::Auth);
        self.client.send(request).await.map(drop)
    }
}

/// Whether what the service tells of a secret is the digest of this one. That it is not says little:
/// how the service makes its digests is known from its clients alone.
pub(crate) fn is_digest_of(told: &Value, project: &ProjectRef, secret: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, project.as_str().as_bytes());
    let digest = hmac::sign(&key, secret.as_bytes());
    let digest = digest
        .as_ref()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    told.as_str() == Some(digest.as_str())
}
