//! Third-party auth (`/v1/projects/{ref}/config/auth/third-party-auth`): whose tokens a project accepts.
//!
//! The service knows no providers, only issuers: which one each provider's is, is told here. An issuer
//! publishes a discovery document (OpenID Connect Discovery 1.0), which is checked without trusting it.

use serde_json::{Value, json};

use super::inputs::{Input, InputKind, Variant};
use crate::api::cache::Noun;
use crate::api::record::{Object, Record, record};
use crate::api::request::Request;
use crate::api::{Api, ApiError, ProjectRef};
use crate::error::Result;

record! {
    /// An issuer whose tokens a project accepts.
    ThirdPartyAuth {
        "id": Text, "type": Text, "oidc_issuer_url": Text, "jwks_url": Text,
        "resolved_at": Text, "inserted_at": Text, "updated_at": Text,
    }
}

/// Most bytes of a discovery document or of keys. Real ones have a few thousand.
const LIMIT: usize = 1 << 20;

const fn needs(key: &'static str, kind: InputKind) -> Input {
    Input {
        key,
        kind,
        required: true,
    }
}

const fn kind(word: &'static str, inputs: &'static [Input]) -> Variant {
    Variant {
        word,
        inputs,
        open: false,
    }
}

use InputKind::{Address, ClerkDomain, Json, Word};

/// Who makes tokens, and what must be known to find their keys.
pub(crate) const ISSUERS: &[Variant] = &[
    kind("firebase", &[needs("project_id", Word)]),
    kind(
        "auth0",
        &[
            needs("tenant", Word),
            Input {
                key: "region",
                kind: Word,
                required: false,
            },
        ],
    ),
    kind(
        "cognito",
        &[needs("region", Word), needs("user_pool_id", Word)],
    ),
    kind("clerk", &[needs("domain", ClerkDomain)]),
    kind("workos", &[needs("issuer", Address)]),
    kind("oidc", &[needs("issuer", Address)]),
    kind("jwks", &[needs("jwks_url", Address)]),
    kind("custom", &[needs("custom_jwks", Json)]),
];

/// Whose tokens are to be accepted: exactly one of the three ways in which the service is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Issuer {
    key: &'static str,
    value: Value,
}

impl Issuer {
    /// Makes it out of the inputs of a kind.
    pub(crate) fn new(kind: &str, inputs: &Object) -> Self {
        let text = |key: &str| inputs.get(key).and_then(Value::as_str).unwrap_or_default();
        let address = match kind {
            "firebase" => format!("https://securetoken.google.com/{}", text("project_id")),
            "auth0" => match text("region") {
                "" => format!("https://{}.auth0.com", text("tenant")),
                region => format!("https://{}.{region}.auth0.com", text("tenant")),
            },
            "cognito" => format!(
                "https://cognito-idp.{}.amazonaws.com/{}",
                text("region"),
                text("user_pool_id")
            ),
            "clerk" => format!("https://{}", text("domain")),
            "jwks" => {
                return Self {
                    key: "jwks_url",
                    value: json!(text("jwks_url")),
                };
            }
            "custom" => {
                let keys = inputs.get("custom_jwks").cloned().unwrap_or_default();
                return Self {
                    key: "custom_jwks",
                    value: keys,
                };
            }
            _ => text("issuer").to_owned(),
        };
        Self {
            key: "oidc_issuer_url",
            value: json!(address.trim_end_matches('/')),
        }
    }

    /// Its address, where it has one that documents can be asked of.
    pub(crate) fn address(&self) -> Option<&str> {
        self.value
            .as_str()
            .filter(|_| self.key == "oidc_issuer_url")
    }

    /// How it is called.
    pub(crate) fn name(&self) -> String {
        self.value
            .as_str()
            .map_or_else(|| "keys of its own".to_owned(), str::to_owned)
    }

    /// Whether one that a project accepts is this one.
    pub(crate) fn is(&self, other: &ThirdPartyAuth) -> bool {
        let other = other.object().get(self.key).unwrap_or(&Value::Null);
        match (self.value.as_str(), other.as_str()) {
            (Some(one), Some(other)) => one.trim_end_matches('/') == other.trim_end_matches('/'),
            _ => self.value == *other,
        }
    }
}

const PATH: &str = "/v1/projects/{}/config/auth/third-party-auth";

impl Api {
    /// Lists whose tokens a project accepts.
    pub(crate) async fn third_party_auth(
        &self,
        project: &ProjectRef,
    ) -> Result<Vec<ThirdPartyAuth>> {
        let request = Request::get(PATH, &[project.as_str()])
            .needs("auth_config_read")
            .cached(Noun::Integrations);
        self.client.send(request).await?.list()
    }

    /// Accepts the tokens of an issuer.
    pub(crate) async fn accept_tokens(&self, project: &ProjectRef, issuer: &Issuer) -> Result<()> {
        let request = Request::post(PATH, &[project.as_str()])
            .json(json!({issuer.key: issuer.value}))
            .needs("auth_config_write")
            .forgets(Noun::Integrations);
        self.client.send(request).await.map(drop)
    }

    /// Accepts the tokens of an issuer no more.
    pub(crate) async fn refuse_tokens(&self, project: &ProjectRef, id: &str) -> Result<()> {
        let path = format!("{PATH}/{{}}");
        let request = Request::delete(&path, &[project.as_str(), id])
            .needs("auth_config_write")
            .forgets(Noun::Integrations);
        self.client.send(request).await.map(drop)
    }

    /// Checks what an issuer says of itself, and that its keys are there.
    ///
    /// # Errors
    /// Where it could not be asked from here, which says nothing of it.
    pub(crate) async fn check_issuer(&self, issuer: &str) -> Result<Result<(), String>, ApiError> {
        let address = format!("{issuer}/.well-known/openid-configuration");
        let document = match self.document(&address).await? {
            Ok(document) => document,
            Err(problem) => return Ok(Err(format!("its discovery document {problem}"))),
        };
        let keys = match keys_of(issuer, &document) {
            Ok(keys) => keys,
            Err(problem) => return Ok(Err(problem)),
        };
        Ok(match self.document(&keys).await? {
            Ok(document)
                if document["keys"]
                    .as_array()
                    .is_some_and(|keys| !keys.is_empty()) =>
            {
                Ok(())
            }
            Ok(_) => Err(format!("there are no keys at {keys}")),
            Err(problem) => Err(format!("{keys} {problem}")),
        })
    }

    /// A public JSON document: without a secret, without a redirect, and not without end.
    async fn document(&self, address: &str) -> Result<Result<Value, String>, ApiError> {
        let Ok(url) = reqwest::Url::parse(address) else {
            return Ok(Err("is at an address that is none".to_owned()));
        };
        let looked = self.client.look_at(&url, LIMIT).await?;
        Ok(match looked {
            (200, Some(body)) => match serde_json::from_slice(&body) {
                Ok(document @ Value::Object(_)) => Ok(document),
                _ => Err("is not JSON".to_owned()),
            },
            (200, None) => Err(format!("is larger than {LIMIT} bytes")),
            (status @ 300..=399, _) => Err(format!("redirects ({status}), which is not followed")),
            (status, _) => Err(format!("was answered with {status}")),
        })
    }
}

/// Where the keys are, if the document is about this issuer.
fn keys_of(issuer: &str, document: &Value) -> Result<String, String> {
    let told = document["issuer"].as_str().unwrap_or_default();
    // Auth0 writes its own name with a slash at the end.
    if told.trim_end_matches('/') != issuer.trim_end_matches('/') {
        return Err(format!(
            "its discovery document is about another issuer: `{told}`"
        ));
    }
    let keys = document["jwks_uri"].as_str().unwrap_or_default();
    let safe = reqwest::Url::parse(keys).is_ok_and(|url| {
        url.scheme() == "https" || url.scheme() == "http" && crate::api::is_loopback(&url)
    });
    if safe {
        Ok(keys.to_owned())
    } else {
        Err("its discovery document does not say where its keys are (`jwks_uri`)".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn issuer(kind: &str, inputs: &Value) -> Result<String, String> {
        let variant = ISSUERS.iter().find(|variant| variant.word == kind).unwrap();
        let inputs = variant.read(inputs.as_object().unwrap())?;
        Ok(Issuer::new(kind, &inputs).name())
    }

    #[test]
    fn an_issuer_is_known_again() {
        let of = |kind: &str, inputs: Value| Issuer::new(kind, inputs.as_object().unwrap());
        let oidc = of("oidc", json!({"issuer": "https://a.example/"}));
        let there = |key: &str, value: Value| ThirdPartyAuth::read(json!({key: value}));
        assert!(oidc.is(&there("oidc_issuer_url", json!("https://a.example"))));
        assert!(oidc.is(&there("oidc_issuer_url", json!("https://a.example/"))));
        assert!(!oidc.is(&there("oidc_issuer_url", json!("https://b.example"))));
        assert!(!oidc.is(&there("jwks_url", json!("https://a.example"))));
        let custom = of("custom", json!({"custom_jwks": {"keys": [1]}}));
        assert!(custom.is(&there("custom_jwks", json!({"keys": [1]}))));
        assert!(!custom.is(&there("custom_jwks", json!({"keys": [2]}))));
        assert!(!custom.is(&there("custom_jwks", Value::Null)));
    }

    #[test]
    fn each_provider_has_its_issuer() {
        for (kind, inputs, address) in [
            (
                "firebase",
                json!({"project_id": "acme-1"}),
                "https://securetoken.google.com/acme-1",
            ),
            ("auth0", json!({"tenant": "acme"}), "https://acme.auth0.com"),
            (
                "auth0",
                json!({"tenant": "acme", "region": "eu"}),
                "https://acme.eu.auth0.com",
            ),
            (
                "cognito",
                json!({"region": "eu-west-1", "user_pool_id": "eu-west-1_AbC"}),
                "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC",
            ),
            (
                "clerk",
                json!({"domain": "clerk.acme.example"}),
                "https://clerk.acme.example",
            ),
            (
                "clerk",
                json!({"domain": "acme-1.clerk.accounts.dev"}),
                "https://acme-1.clerk.accounts.dev",
            ),
            (
                "workos",
                json!({"issuer": "https://api.workos.example/x/"}),
                "https://api.workos.example/x",
            ),
            (
                "jwks",
                json!({"jwks_url": "https://a.example/keys"}),
                "https://a.example/keys",
            ),
        ] {
            assert_eq!(issuer(kind, &inputs).as_deref(), Ok(address), "{kind}");
        }
        for (kind, inputs) in [
            ("firebase", json!({"project_id": "a/../b"})),
            ("firebase", json!({})),
            ("cognito", json!({"region": "eu-west-1"})),
            ("clerk", json!({"domain": "acme.example"})),
            ("clerk", json!({"domain": "clerk.example"})),
            ("clerk", json!({"domain": "https://clerk.acme.example"})),
            ("workos", json!({"issuer": "http://api.workos.example"})),
            ("oidc", json!({"issuer": "https://user:word@a.example"})),
            ("custom", json!({"custom_jwks": "{not json"})),
            ("auth0", json!({"tenant": "acme", "domain": "x"})),
        ] {
            assert!(issuer(kind, &inputs).is_err(), "{kind} {inputs}");
        }
    }

    #[test]
    fn a_document_must_be_about_its_issuer() {
        let issuer = "https://acme.auth0.com";
        let keys = |document: Value| keys_of(issuer, &document);
        let uri = "https://acme.auth0.com/keys";
        assert_eq!(
            keys(json!({"issuer": issuer, "jwks_uri": uri})).as_deref(),
            Ok(uri)
        );
        assert_eq!(
            keys(json!({"issuer": format!("{issuer}/"), "jwks_uri": uri})).as_deref(),
            Ok(uri)
        );
        for lie in [
            json!({"issuer": "https://evil.example", "jwks_uri": uri}),
            json!({"issuer": issuer}),
            json!({"issuer": issuer, "jwks_uri": "http://acme.auth0.com/keys"}),
            json!({"issuer": issuer, "jwks_uri": 7}),
            json!({"jwks_uri": uri}),
            json!({}),
        ] {
            assert!(keys(lie.clone()).is_err(), "{lie}");
        }
    }

    proptest! {
        #[test]
        fn no_input_leaves_its_place_in_the_address(word in "\\PC{1,12}") {
            if let Ok(address) = issuer("firebase", &json!({"project_id": word})) {
                let url = reqwest::Url::parse(&address).unwrap();
                prop_assert_eq!(url.host_str(), Some("securetoken.google.com"));
                prop_assert_eq!(url.path_segments().unwrap().count(), 1);
                prop_assert_eq!(url.query(), None);
            }
            if let Ok(address) = issuer("clerk", &json!({"domain": word})) {
                let url = reqwest::Url::parse(&address).unwrap();
                prop_assert_eq!(url.host_str(), Some(word.as_str()));
            }
        }
    }
}
