//! Secrets of edge functions (`/v1/projects/{ref}/secrets`).

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Api;
use super::ids::ProjectRef;
use super::record::record;
use super::request::Request;
use crate::error::Result;

/// Most secrets that one request may set (`maxItems` of the body).
const BATCH: usize = 100;

/// Longest name and longest value of a secret, in characters (the same body).
const NAME_LENGTH: usize = 256;
const VALUE_LENGTH: usize = 24_576;

/// Names that begin so are the platform's own.
const PLATFORM: &str = "SUPABASE_";

record! {
    /// A secret. Its `value` is a SHA-256 digest of the value: nobody is told the value itself.
    Secret { "name": Text, "value": Text, "updated_at": Text }
}

/// The name of a secret that may be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretName(String);

impl SecretName {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it belongs to the platform, which sets it itself.
    pub(crate) fn is_of_platform(name: &str) -> bool {
        name.starts_with(PLATFORM)
    }
}

impl FromStr for SecretName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if Self::is_of_platform(text) {
            return Err(format!(
                "`{text}`: names that begin with {PLATFORM} are set by the platform alone"
            ));
        }
        if text.is_empty() || text.chars().count() > NAME_LENGTH {
            return Err(format!("a name has 1 to {NAME_LENGTH} characters"));
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !text.bytes().all(is_plain) || text.as_bytes()[0].is_ascii_digit() {
            return Err(format!(
                "`{text}` cannot be the name of a variable: letters, digits and _ are allowed"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A value that the service takes.
pub(crate) fn check_value(name: &SecretName, value: &SecretString) -> Result<(), String> {
    let length = value.expose_secret().chars().count();
    if length > VALUE_LENGTH {
        return Err(format!(
            "the value of `{}` has {length} characters; {VALUE_LENGTH} are allowed",
            name.as_str()
        ));
    }
    Ok(())
}

impl Api {
    /// Lists secrets by their names. Never cached: what is told of them are digests of secrets.
    pub(crate) async fn secrets(&self, project: &ProjectRef) -> Result<Vec<Secret>> {
        let request = Request::get("/v1/projects/{}/secrets", &[project.as_str()])
            .needs("edge_functions_secrets_read");
        self.client.send(request).await?.list()
    }

    /// Sets secrets, over what they were before.
    pub(crate) async fn set_secrets(
        &self,
        project: &ProjectRef,
        secrets: &[(SecretName, SecretString)],
    ) -> Result<()> {
        for batch in secrets.chunks(BATCH) {
            let body: Value = batch
                .iter()
                .map(|(name, value)| json!({"name": name.as_str(), "value": value.expose_secret()}))
                .collect();
            let request = Request::post("/v1/projects/{}/secrets", &[project.as_str()])
                .forgets_nothing()
                .needs("edge_functions_secrets_write")
                .json(body);
            self.client.send(request).await?;
        }
        Ok(())
    }

    /// Removes secrets, all in one request.
    pub(crate) async fn unset_secrets(&self, project: &ProjectRef, names: &[String]) -> Result<()> {
        let request = Request::delete("/v1/projects/{}/secrets", &[project.as_str()])
            .forgets_nothing()
            .needs("edge_functions_secrets_write")
            .json(json!(names));
        self.client.send(request).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_those_of_variables() {
        let longest = "A".repeat(NAME_LENGTH);
        for good in ["A", "_A_1", "stripe_key", &longest] {
            assert!(good.parse::<SecretName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "1A",
            "A-B",
            "A B",
            "Ä",
            "SUPABASE_URL",
            &format!("{longest}A"),
            &format!("{longest}AA"),
        ] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_value_is_as_long_as_the_service_takes() {
        let name = "A".parse().unwrap();
        let value = |length: usize| SecretString::from("é".repeat(length));
        assert_eq!(check_value(&name, &value(VALUE_LENGTH)), Ok(()));
        assert!(check_value(&name, &value(VALUE_LENGTH + 1)).is_err());
    }
}
