//! The keys of a project (`/v1/projects/{ref}/api-keys`).

use std::str::FromStr;

use serde_json::{Value, json};

use super::Api;
use super::error::ApiError;
use super::ids::ProjectRef;
use super::keys::REVEAL;
use super::mask::MASK;
use super::record::{Record, record};
use super::request::Request;
use crate::error::{Code, Error, Result};

/// Stands in the key of a project where its value was withheld. Masked keys have the length of real
/// ones, so that only this tells them apart.
const WITHHELD: char = '·';

record! {
    /// A key of a project. The value of a secret one is whole only where `reveal` was asked for.
    ApiKey {
        "id": Text,
        "name": Text,
        "type": Text,
        "api_key": Text,
        "prefix": Text,
        "description": Text,
        "secret_jwt_template": Object,
        "inserted_at": Text,
        "updated_at": Text,
    }
}

impl ApiKey {
    /// The value, if it came whole.
    pub(super) fn value(&self) -> Option<&str> {
        self.text("api_key")
            .filter(|key| !key.is_empty() && !key.contains(WITHHELD))
    }

    /// A new secret key that acts as `service_role`.
    pub(super) fn is_secret(&self) -> bool {
        let role = self
            .object()
            .get("secret_jwt_template")
            .and_then(|template| template.get("role"));
        self.text("type") == Some("secret")
            && role
                .and_then(Value::as_str)
                .is_some_and(|role| role.eq_ignore_ascii_case("service_role"))
    }

    /// The old kind of key, a JWT that names this role.
    pub(super) fn is_legacy(&self, role: &str) -> bool {
        // Its type is missing in older answers; its name is not.
        self.text("name") == Some(role) && matches!(self.text("type"), Some("legacy") | None)
    }

    /// One of the two old keys, which a project has and cannot lose.
    pub(crate) fn is_of_legacy(&self) -> bool {
        ["anon", "service_role"]
            .iter()
            .any(|role| self.is_legacy(role))
    }

    /// The same key without its value.
    pub(crate) fn masked(mut self) -> Self {
        if self.text("api_key").is_some() {
            self.0.insert("api_key".to_owned(), json!(MASK));
        }
        self
    }

    /// Notes whether it works, which for legacy keys is a setting of the project.
    pub(crate) fn with_enabled(mut self, legacy: Option<bool>) -> Self {
        let enabled = if self.is_of_legacy() {
            json!(legacy)
        } else {
            json!(true)
        };
        self.0.insert("enabled".to_owned(), enabled);
        self
    }
}

/// The name of a key that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct ApiKeyName(String);

impl ApiKeyName {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiKeyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = text.bytes();
        let starts = bytes
            .next()
            .is_some_and(|first| first.is_ascii_lowercase() || first == b'_');
        let rest =
            bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if starts && rest && (4..=64).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err("the name of a key has 4 to 64 lowercase letters, digits and _, and begins with no digit".to_owned())
    }
}

impl Api {
    /// Lists the keys of a project. Never cached.
    pub(crate) async fn api_keys(&self, project: &ProjectRef, reveal: bool) -> Result<Vec<ApiKey>> {
        let request = Request::get("/v1/projects/{}/api-keys", &[project.as_str()])
            .query("reveal", reveal.then_some(true))
            .needs(if reveal {
                REVEAL
            } else {
                "api_gateway_keys_read"
            });
        self.client.send(request).await?.list()
    }

    /// Whether the project's legacy keys work; unknown where the service no longer says.
    pub(crate) async fn legacy_keys_enabled(&self, project: &ProjectRef) -> Option<bool> {
        let request = Request::get("/v1/projects/{}/api-keys/legacy", &[project.as_str()])
            .needs("api_gateway_keys_read");
        let answer = self.client.send(request).await.ok()?;
        answer.json::<Value>().ok()?["enabled"].as_bool()
    }

    /// Makes a key. Its value comes whole in this one answer, if it is to be revealed.
    pub(crate) async fn create_api_key(
        &self,
        project: &ProjectRef,
        name: &ApiKeyName,
        kind: &str,
        description: Option<&str>,
        reveal: bool,
    ) -> Result<ApiKey> {
        let mut body = json!({"type": kind, "name": name.as_str()});
        if let Some(description) = description {
            body["description"] = json!(description);
        }
        if kind == "secret" {
            body["secret_jwt_template"] = json!({"role": "service_role"});
        }
        let request = Request::post("/v1/projects/{}/api-keys", &[project.as_str()])
            .query("reveal", reveal.then_some(true))
            .needs("api_gateway_keys_write")
            .json(body);
        self.client.send(request).await?.json()
    }

    /// Deletes a key: whoever uses it is turned away from now on.
    pub(crate) async fn delete_api_key(&self, project: &ProjectRef, id: &str) -> Result<()> {
        let request = Request::delete("/v1/projects/{}/api-keys/{}", &[project.as_str(), id])
            .needs("api_gateway_keys_write");
        self.client.send(request).await?;
        Ok(())
    }

    /// The key with this id, or the only one with this name.
    pub(crate) async fn find_api_key(
        &self,
        project: &ProjectRef,
        named: &str,
        reveal: bool,
    ) -> Result<ApiKey> {
        let keys = self.api_keys(project, reveal).await?;
        if keys.is_empty() {
            return Err(self.why_no_keys(project).await);
        }
        let is = |key: &ApiKey, what: &str| key.text(what) == Some(named);
        if let Some(key) = keys.iter().find(|key| is(key, "id")) {
            return Ok(key.clone());
        }
        let found: Vec<&ApiKey> = keys.iter().filter(|key| is(key, "name")).collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(
                ApiError::new(Code::NotFound, format!("there is no key `{named}`"))
                    .with_hint("`supactl api-keys list` shows the keys")
                    .into(),
            ),
            several => {
                let ids = several.iter().map(|key| {
                    let (id, kind) = (key.text("id"), key.text("type"));
                    format!("{} ({})", id.unwrap_or_default(), kind.unwrap_or("key"))
                });
                Err(Error::invalid_with_hint(
                    format!("{} keys are called `{named}`", several.len()),
                    format!("pass the id of one: {}", ids.collect::<Vec<_>>().join(", ")),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_keys_are_those_of_the_service() {
        for good in ["abcd", "ci_deploy", "_abc", "a1b2", "a___", &"a".repeat(64)] {
            assert!(good.parse::<ApiKeyName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "abc",
            "1abc",
            "Abcd",
            "abCd",
            "ab-cd",
            "abcé",
            "abc ",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<ApiKeyName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_secret_key_of_the_service_role_acts_as_one() {
        let key = |kind: &str, role: Value| -> ApiKey {
            serde_json::from_value(json!({"type": kind, "secret_jwt_template": role})).unwrap()
        };
        assert!(key("secret", json!({"role": "service_role"})).is_secret());
        assert!(key("secret", json!({"role": "SERVICE_ROLE"})).is_secret());
        assert!(!key("secret", json!({"role": "reader"})).is_secret());
        assert!(!key("secret", Value::Null).is_secret());
        assert!(!key("publishable", json!({"role": "service_role"})).is_secret());
    }
}
