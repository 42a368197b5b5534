//! The secret key that opens a project's own APIs.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::Api;
use super::api_keys::ApiKey;
use super::error::ApiError;
use super::ids::ProjectRef;
use super::record::Record;
use crate::error::{Code, Error, Result};

/// The permission without which `reveal=true` is refused.
pub(super) const REVEAL: &str = "api_gateway_keys_secret_read";

/// A key with all rights in one project. It never shows itself.
#[derive(Clone)]
pub(crate) struct ServiceKey(SecretString);

impl ServiceKey {
    /// The key itself, for hashing.
    pub(super) fn exposed(&self) -> &str {
        self.0.expose_secret()
    }

    /// A key to call functions with, which may be a public one.
    pub(super) fn of_caller(key: &str) -> Self {
        Self(SecretString::from(key))
    }

    /// The header that carries it where the gateway wants a name and a password, as it does for the
    /// project's metrics.
    pub(crate) fn basic(&self) -> String {
        let pair = format!("service_role:{}", self.0.expose_secret());
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    /// The headers that carry it. A new secret key is not a JWT, and a gateway that sees it as a
    /// bearer token refuses it; an old one must be in both places.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let key = self.0.expose_secret();
        let mut headers = vec![("apikey", key.to_owned())];
        if !key.starts_with("sb_") {
            headers.push(("authorization", format!("Bearer {key}")));
        }
        headers
    }
}

impl std::fmt::Debug for ServiceKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ServiceKey")
    }
}

impl FromStr for ServiceKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.starts_with("sbp_") {
            return Err(
                "this is an access token of a person, not a secret key of a project".to_owned(),
            );
        }
        if text.starts_with("sb_publishable_") {
            return Err("this is a publishable key: it cannot manage anything; a secret key begins with `sb_secret_`".to_owned());
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a key is one word of plain characters".to_owned());
        }
        Ok(Self(SecretString::from(text)))
    }
}

impl Api {
    /// The key for the project's own APIs: the one given by hand, else one that the Management API
    /// reveals to this token.
    pub(crate) async fn service_key(&self, project: &ProjectRef) -> Result<ServiceKey> {
        if let Some(key) = &self.given_key {
            return Ok(key.clone());
        }
        if let Some((known, key)) = self.found_key.get()
            && known == project
        {
            return Ok(key.clone());
        }
        let key = self.reveal_service_key(project).await?;
        // A second project in one run asks again; the first one's key stays.
        let _ = self.found_key.set((project.clone(), key.clone()));
        Ok(key)
    }

    async fn reveal_service_key(&self, project: &ProjectRef) -> Result<ServiceKey> {
        let keys = match self.api_keys(project, true).await {
            Err(Error::Api(error)) if error.code == Code::Forbidden => {
                return Err(withheld(error).into());
            }
            keys => keys?,
        };
        if keys.is_empty() {
            return Err(self.why_no_keys(project).await);
        }
        let secret = keys
            .iter()
            .filter(|key| key.is_secret())
            .find_map(ApiKey::value);
        let legacy = || {
            keys.iter()
                .find(|key| key.is_legacy("service_role"))
                .and_then(ApiKey::value)
        };
        let value = secret.or_else(legacy).ok_or_else(|| {
            ApiError::new(Code::NotFound, format!("project `{project}` has no secret key that this token may see"))
                .with_hint("make one in the dashboard under API Keys, or pass a key with `--service-key env:NAME`")
        })?;
        value.parse().map_err(|problem: String| {
            ApiError::new(
                Code::MalformedResponse,
                format!("the project's secret key is not usable: {problem}"),
            )
            .into()
        })
    }

    /// Says so where a project that showed nothing is paused.
    pub(crate) async fn paused_perhaps(&self, project: &ProjectRef) -> Result<()> {
        match self.why_no_keys(project).await {
            Error::Api(error) if error.code == Code::Conflict => Ok(()),
            error => Err(error),
        }
    }

    /// No keys at all is how a paused project answers, and one that is still starting.
    pub(super) async fn why_no_keys(&self, project: &ProjectRef) -> Error {
        self.read_fresh();
        match self.project(project).await {
            Ok(found) => {
                let status = found.text("status").unwrap_or("UNKNOWN");
                let code = if matches!(status, "INACTIVE" | "PAUSING") {
                    Code::ProjectPaused
                } else {
                    Code::Conflict
                };
                let state = if code == Code::ProjectPaused {
                    "is paused".to_owned()
                } else {
                    format!("has no keys yet: its status is {status}")
                };
                ApiError::new(code, format!("project `{project}` {state}")).into()
            }
            Err(error) => error,
        }
    }
}

/// The owner of the token kept the secret keys from it: that is respected, not worked around.
fn withheld(error: ApiError) -> ApiError {
    let message = format!(
        "this token may not see the project's secret keys, which its own APIs ask for: {}",
        error.message
    );
    ApiError { message, ..error }.with_hint(
        "give the token the permission `api_gateway_keys_secret_read` (\"API Key Secrets\" in the dashboard), \
         or pass a key with `--service-key env:NAME` or SUPABASE_AUTH_SERVICE_ROLE_KEY",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_key_has_its_headers() {
        let secret: ServiceKey = "sb_secret_abc".parse().unwrap();
        assert_eq!(secret.headers(), [("apikey", "sb_secret_abc".to_owned())]);
        let legacy: ServiceKey = "eyJhbGciOi.x.y\n".parse().unwrap();
        assert_eq!(
            legacy.headers(),
            [
                ("apikey", "eyJhbGciOi.x.y".to_owned()),
                ("authorization", "Bearer eyJhbGciOi.x.y".to_owned())
            ]
        );
        assert_eq!(format!("{secret:?}"), "ServiceKey");
    }

    #[test]
    fn other_kinds_of_key_are_named() {
        for (wrong, word) in [
            ("sbp_0123", "access token"),
            ("sb_publishable_x", "publishable"),
            ("", "one word"),
            ("a b", "one word"),
            ("ä", "one word"),
        ] {
            let problem = wrong.parse::<ServiceKey>().unwrap_err();
            assert!(problem.contains(word), "{wrong}: {problem}");
        }
    }
}
