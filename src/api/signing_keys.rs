//! The keys with which a project's Auth server signs tokens
//! (`/v1/projects/{ref}/config/auth/signing-keys`).
//!
//! States and refusals are as measured on hosted projects; what nobody has measured is left to the
//! service to allow or refuse. No answer is ever kept: what is known of keys decides about them.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Api;
use super::error::{ApiError, naming};
use super::ids::{ProjectRef, Uuid};
use super::jwk;
use super::record::{Record, record};
use super::request::{Method, Request};
use super::retry;
use crate::error::{Code, Error, Result};

/// How long a new key waits in standby before it may sign: the edge and the clients keep the list of
/// public keys for 10 minutes each.
pub(crate) const JWKS_CACHES: Duration = Duration::from_mins(20);

/// What is added to the life of a token before the key that signed it is revoked, for clocks that
/// differ and sessions that are refreshed late.
pub(crate) const TOKEN_MARGIN: Duration = Duration::from_mins(15);

/// The longest life that the service gives a token (`jwt_exp` of the Auth config), in seconds.
pub(crate) const LONGEST_TOKEN: u64 = 604_800;

/// The life of a token where the project has not chosen one, in seconds.
const USUAL_TOKEN: u64 = 3_600;

const READ: &str = "auth_signing_keys_read";
const WRITE: &str = "auth_signing_keys_write";

record! {
    /// A signing key. `public_jwk` is null for the shared secrets of HS256.
    SigningKey {
        "id": Text,
        "algorithm": Text,
        "status": Text,
        "public_jwk": Object,
        "created_at": Text,
        "updated_at": Text,
    }
}

impl SigningKey {
    /// Its id as it came, for messages and paths; empty where the service left it out.
    pub(crate) fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// Whether it has this status.
    pub(crate) fn is(&self, status: KeyStatus) -> bool {
        self.text("status") == Some(status.as_str())
    }

    /// A secret that both sides know, which no list of public keys has in it.
    pub(crate) fn is_shared(&self) -> bool {
        self.text("algorithm") == Some(Algorithm::Hs256.as_str())
    }

    /// When its status last changed, as far as the service says.
    pub(crate) fn changed_at(&self) -> Option<Timestamp> {
        ["updated_at", "created_at"]
            .iter()
            .find_map(|key| self.text(key)?.parse().ok())
    }
}

/// What a key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyStatus {
    /// Known to those who verify tokens, and signing nothing yet.
    Standby,
    /// It signs.
    InUse,
    /// It signs no more, and its tokens are still good.
    PreviouslyUsed,
    /// Its tokens are good no more.
    Revoked,
}

impl KeyStatus {
    /// The service's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Standby => "standby",
            Self::InUse => "in_use",
            Self::PreviouslyUsed => "previously_used",
            Self::Revoked => "revoked",
        }
    }
}

/// How a key signs. The service's list has EdDSA as well, and refuses to make such a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Elliptic curve P-256: short and quick, the usual choice.
    Es256,
    /// RSA: for verifiers that know nothing newer.
    Rs256,
    /// A secret that every verifier must know. The service takes one and makes none.
    Hs256,
}

impl Algorithm {
    /// The service's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}

impl Api {
    /// Lists the signing keys of a project: none where its JWT secret was never imported.
    pub(crate) async fn signing_keys(&self, project: &ProjectRef) -> Result<Vec<SigningKey>> {
        let request = Request::get(
            "/v1/projects/{}/config/auth/signing-keys",
            &[project.as_str()],
        )
        .needs(READ);
        let keys = self.client.send(request).await?.list_at("/keys")?;
        Ok(keys.into_iter().map(SigningKey::read).collect())
    }

    /// One signing key.
    pub(crate) async fn signing_key(&self, project: &ProjectRef, id: &Uuid) -> Result<SigningKey> {
        let request = Request::get(
            "/v1/projects/{}/config/auth/signing-keys/{}",
            &[project.as_str(), id.as_str()],
        )
        .needs(READ);
        let answer = self.client.send(request).await;
        answer.map_err(|error| about(id, error))?.json()
    }

    /// The key that the project's JWT secret became, if it is known to have become one.
    ///
    /// The operation is to be removed from the service: its 404 says nothing about the secret.
    pub(crate) async fn legacy_signing_key(
        &self,
        project: &ProjectRef,
    ) -> Result<Option<SigningKey>> {
        let request = Request::get(
            "/v1/projects/{}/config/auth/signing-keys/legacy",
            &[project.as_str()],
        )
        .needs(READ);
        match self.client.send(request).await {
            Ok(answer) => answer.json().map(Some),
            Err(Error::Api(error)) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a signing key of the project's JWT secret, which goes on signing.
    pub(crate) async fn import_jwt_secret(&self, project: &ProjectRef) -> Result<SigningKey> {
        let request = Request::post(
            "/v1/projects/{}/config/auth/signing-keys/legacy",
            &[project.as_str()],
        )
        .needs(WRITE);
        let answer = self.client.send(request).await;
        answer.map_err(throttled)?.json()
    }

    /// Makes a key in standby, or takes over one that was made elsewhere.
    pub(crate) async fn create_signing_key(
        &self,
        project: &ProjectRef,
        algorithm: Algorithm,
        private: Option<&SecretString>,
    ) -> Result<SigningKey> {
        let mut body =
            json!({"algorithm": algorithm.as_str(), "status": KeyStatus::Standby.as_str()});
        if let Some(private) = private {
            body["private_jwk"] = jwk::exposed(private);
        }
        let request = Request::post(
            "/v1/projects/{}/config/auth/signing-keys",
            &[project.as_str()],
        )
        .needs(WRITE)
        .json(body);
        match self.client.send(request).await.map_err(throttled) {
            // One may be in standby, and nobody knows the words for a second one.
            Err(Error::Api(error)) if error.code == Code::Conflict && error.hint.is_none() => Err(error
                .with_hint("`supactl auth jwt list` shows whether one is in standby already, or has this very key")
                .into()),
            answer => answer?.json(),
        }
    }

    /// Changes what a key is used for.
    pub(crate) async fn use_signing_key(
        &self,
        project: &ProjectRef,
        id: &Uuid,
        status: KeyStatus,
    ) -> Result<SigningKey> {
        let request = Request::new(
            Method::Patch,
            "/v1/projects/{}/config/auth/signing-keys/{}",
            &[project.as_str(), id.as_str()],
        )
        .needs(WRITE)
        .json(json!({"status": status.as_str()}));
        let answer = self.client.send(request).await;
        answer.map_err(|error| about(id, error))?.json()
    }

    /// Deletes a key that was revoked 30 days ago or earlier.
    pub(crate) async fn delete_signing_key(&self, project: &ProjectRef, id: &Uuid) -> Result<()> {
        let request = Request::delete(
            "/v1/projects/{}/config/auth/signing-keys/{}",
            &[project.as_str(), id.as_str()],
        )
        .needs(WRITE);
        let answer = self.client.send(request).await;
        answer.map(drop).map_err(|error| about(id, error))
    }

    /// How long a token of the project's Auth server lives (`jwt_exp` of its config).
    pub(crate) async fn token_life(&self, project: &ProjectRef) -> Result<Duration> {
        let config = self.auth_config_now(project).await?;
        let seconds = match config.get("jwt_exp") {
            Some(Value::String(text)) => text.parse().ok(),
            Some(number) => number.as_u64(),
            None => None,
        };
        Ok(Duration::from_secs(seconds.unwrap_or(USUAL_TOKEN)))
    }

    /// Whether the keys `anon` and `service_role`, which the JWT secret signed, open the project.
    ///
    /// The operation is to be removed from the service together with these keys: its 404 says no.
    pub(crate) async fn legacy_api_keys_work(&self, project: &ProjectRef) -> Result<bool> {
        let request = Request::get("/v1/projects/{}/api-keys/legacy", &[project.as_str()])
            .needs("api_gateway_keys_read");
        match self.client.send(request).await {
            // Whatever is not plainly off counts as on: the question is asked before they die.
            Ok(answer) => Ok(answer.json::<Value>()?.get("enabled") != Some(&json!(false))),
            Err(Error::Api(error)) if error.code == Code::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The service's refusals, with the key in them and what to do about them.
fn about(id: &Uuid, error: Error) -> Error {
    naming("signing key", id, "auth jwt list")(throttled(error))
}

/// Says from when on a change is taken, where the service says so: five minutes after a key began to
/// sign, and thirty days after one was revoked.
fn throttled(error: Error) -> Error {
    match error {
        Error::Api(error) => match not_before(&error) {
            Some(time) => {
                let why = if error.code == Code::RateLimited {
                    "changes of keys rest for 5 minutes after another key began to sign"
                } else {
                    "a revoked key is kept for 30 days, so that revoking can be undone"
                };
                let time = time.strftime("%Y-%m-%dT%H:%M:%SZ");
                error.with_hint(format!("earliest at {time}: {why}"))
            }
            None => error,
        }
        .into(),
        other => other,
    }
}

/// When the service says that a refused change will be taken.
pub(crate) fn not_before(error: &ApiError) -> Option<Timestamp> {
    matches!(error.code, Code::RateLimited | Code::Conflict)
        .then(|| retry::time_in(&error.message))
        .flatten()
        // Rounded up: a second early is refused again.
        .and_then(|time| {
            let second = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
            Timestamp::from_second(second).ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_refusal_is_read_and_rounded_up() {
        for (code, message, time) in [
            (
                Code::RateLimited,
                "Please wait until 2026-09-25T06:04:10.312Z before attempting this request again.",
                Some("2026-09-25T06:04:11Z"),
            ),
            (
                Code::Conflict,
                "This signing key cannot be removed at this time. Try again after 2026-10-25T06:04:10.000Z.",
                Some("2026-10-25T06:04:10Z"),
            ),
            (
                Code::RateLimited,
                "ThrottlerException: Too Many Requests",
                None,
            ),
            (Code::ApiError, "at 2026-09-25T06:04:10.312Z", None),
        ] {
            let found = not_before(&ApiError::new(code, message)).map(|time| time.to_string());
            assert_eq!(found.as_deref(), time, "{message}");
        }
    }

    #[test]
    fn a_key_with_fields_missing_is_a_key() {
        let key = SigningKey::read(
            json!({"status": "standby", "updated_at": "soon", "created_at": "2026-09-25T06:04:10Z"}),
        );
        assert_eq!((key.id(), key.is_shared()), ("", false));
        assert!(key.is(KeyStatus::Standby) && !key.is(KeyStatus::InUse));
        assert_eq!(
            key.changed_at().unwrap().to_string(),
            "2026-09-25T06:04:10Z"
        );
        assert_eq!(SigningKey::read(json!(7)).changed_at(), None);
    }
}
