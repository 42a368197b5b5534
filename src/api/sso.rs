//! SAML single sign-on (`/v1/projects/{ref}/config/auth/sso/providers`, and the Auth server's own
//! admin API for what the Management API cannot do).

use serde_json::{Value, json};

use super::Api;
use super::cache::Noun;
use super::error::{ApiError, naming};
use super::ids::{ProjectRef, Uuid};
use super::record::{Object, Record, record};
use super::request::{Host, Request};
use super::saml::{AttributeMapping, Domain, Metadata, MetadataUrl, NameIdFormat};
use crate::error::{Code, Error, Result};

const READ: &str = "auth_config_read";
const WRITE: &str = "auth_config_write";

record! {
    /// An identity provider. `disabled` is null where it was never disabled; lists leave its
    /// `saml.metadata_xml` out.
    SsoProvider {
        "id": Text,
        "disabled": Flag,
        "saml": Object,
        "domains": List,
        "created_at": Text,
        "updated_at": Text,
    }
}

impl SsoProvider {
    /// Its id as it came; empty where the service left it out.
    pub(crate) fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// Whether nobody can sign in with it.
    pub(crate) fn is_disabled(&self) -> bool {
        self.object().get("disabled") == Some(&json!(true))
    }

    /// A part of what is known of it as a SAML provider.
    pub(crate) fn saml(&self, key: &str) -> Option<&Value> {
        self.object()
            .get("saml")?
            .get(key)
            .filter(|value| !value.is_null())
    }

    /// The domains whose people sign in with it.
    pub(crate) fn domains(&self) -> Vec<String> {
        let domains = self.object().get("domains").and_then(Value::as_array);
        domains
            .into_iter()
            .flatten()
            .filter_map(|entry| entry["domain"].as_str().map(str::to_owned))
            .collect()
    }
}

/// What to set on a provider: only what was given is sent.
#[derive(Debug, Default)]
pub(crate) struct ProviderChange {
    pub(crate) metadata_url: Option<MetadataUrl>,
    pub(crate) metadata: Option<Metadata>,
    /// All domains of the provider from now on.
    pub(crate) domains: Option<Vec<Domain>>,
    pub(crate) attribute_mapping: Option<AttributeMapping>,
    pub(crate) name_id_format: Option<NameIdFormat>,
}

impl ProviderChange {
    fn body(&self) -> Object {
        let mut body = Object::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        };
        put(
            "metadata_url",
            self.metadata_url.as_ref().map(|url| json!(url.as_str())),
        );
        put(
            "metadata_xml",
            self.metadata
                .as_ref()
                .map(|metadata| json!(metadata.text())),
        );
        let domains = self.domains.as_ref().map(|domains| {
            let domains: Vec<_> = domains.iter().map(Domain::as_str).collect();
            json!(domains)
        });
        put("domains", domains);
        put(
            "attribute_mapping",
            self.attribute_mapping.as_ref().map(AttributeMapping::json),
        );
        put(
            "name_id_format",
            self.name_id_format.map(|format| json!(format.urn())),
        );
        body
    }
}

impl Api {
    /// Lists the SSO providers of a project.
    pub(crate) async fn sso_providers(&self, project: &ProjectRef) -> Result<Vec<SsoProvider>> {
        let request = Request::get(
            "/v1/projects/{}/config/auth/sso/providers",
            &[project.as_str()],
        )
        .needs(READ)
        .cached(Noun::Auth);
        let answer = self.client.send(request).await;
        let providers = answer.map_err(told)?.list_at("/items")?;
        Ok(providers.into_iter().map(SsoProvider::read).collect())
    }

    /// One identity provider.
    pub(crate) async fn sso_provider(
        &self,
        project: &ProjectRef,
        id: &Uuid,
    ) -> Result<SsoProvider> {
        let request = Request::get(
            "/v1/projects/{}/config/auth/sso/providers/{}",
            &[project.as_str(), id.as_str()],
        )
        .needs(READ)
        .cached(Noun::Auth);
        let answer = self.client.send(request).await;
        answer.map_err(|error| about(id, error))?.json()
    }

    /// Makes an SSO provider known.
    pub(crate) async fn create_sso_provider(
        &self,
        project: &ProjectRef,
        new: &ProviderChange,
    ) -> Result<SsoProvider> {
        let mut body = Object::from_iter([("type".to_owned(), json!("saml"))]);
        body.extend(new.body());
        let request = Request::post(
            "/v1/projects/{}/config/auth/sso/providers",
            &[project.as_str()],
        )
        .needs(WRITE)
        .json(Value::Object(body))
        .forgets(Noun::Auth);
        let answer = self.client.send(request).await;
        answer.map_err(told)?.json()
    }

    /// Changes an SSO provider, which was read just before: the service forgets its format of names
    /// unless it is sent again with every change.
    pub(crate) async fn update_sso_provider(
        &self,
        project: &ProjectRef,
        id: &Uuid,
        before: &SsoProvider,
        change: &ProviderChange,
    ) -> Result<()> {
        let mut body = change.body();
        if !body.contains_key("name_id_format")
            && let Some(format) = before.saml("name_id_format")
        {
            body.insert("name_id_format".to_owned(), format.clone());
        }
        let request = Request::put(
            "/v1/projects/{}/config/auth/sso/providers/{}",
            &[project.as_str(), id.as_str()],
        )
        .needs(WRITE)
        .json(Value::Object(body))
        .forgets(Noun::Auth);
        let answer = self.client.send(request).await;
        answer.map(drop).map_err(|error| about(id, error))
    }

    /// Removes an SSO provider for good.
    pub(crate) async fn delete_sso_provider(&self, project: &ProjectRef, id: &Uuid) -> Result<()> {
        let request = Request::delete(
            "/v1/projects/{}/config/auth/sso/providers/{}",
            &[project.as_str(), id.as_str()],
        )
        .needs(WRITE)
        .forgets(Noun::Auth);
        let answer = self.client.send(request).await;
        answer.map(drop).map_err(|error| about(id, error))
    }

    /// Lets nobody sign in with an SSO provider, or lets them again. Only the Auth server itself can
    /// do that, with a secret key; like the Management API it forgets a format of names that is not sent.
    pub(crate) async fn disable_sso_provider(
        &self,
        project: &ProjectRef,
        id: &Uuid,
        before: &SsoProvider,
        disabled: bool,
    ) -> Result<()> {
        let mut body = json!({"disabled": disabled});
        if let Some(format) = before.saml("name_id_format") {
            body["name_id_format"] = format.clone();
        }
        let mut request = Request::put("/auth/v1/admin/sso/providers/{}", &[id.as_str()])
            .on_gateway(project)
            .json(body)
            .forgets(Noun::Auth);
        let key = self.service_key(project).await?;
        request.host = Host::Gateway {
            project: project.clone(),
            key: Some(key),
        };
        let answer = self.client.send(request).await;
        answer.map(drop).map_err(|error| about(id, error))
    }

    /// Whether the project takes SAML at all (`saml_enabled` of its Auth config).
    pub(crate) async fn saml_is_on(&self, project: &ProjectRef) -> Result<bool> {
        let config = self.auth_config_now(project).await?;
        Ok(
            matches!(config.get("saml_enabled"), Some(on) if *on == json!(true) || *on == json!("true")),
        )
    }

    /// Lets the project take SAML. Its Auth server needs up to a minute to hear of it.
    pub(crate) async fn switch_saml_on(&self, project: &ProjectRef) -> Result<()> {
        let on = Object::from_iter([("saml_enabled".to_owned(), json!(true))]);
        self.change_auth_config(project, on).await
    }
}

/// The service's refusals, with the provider in them and what to do about them.
fn about(id: &Uuid, error: Error) -> Error {
    naming("SSO provider", id, "auth sso list")(told(error))
}

fn told(error: Error) -> Error {
    match error {
        Error::Api(error) if error.code == Code::FeatureDisabled => error
            .with_hint("`supactl auth sso enable` switches it on with the first provider")
            .into(),
        // A domain is refused with 400, an entity id with 422.
        Error::Api(error)
            if ["already assigned", "already exists"]
                .iter()
                .any(|words| error.message.contains(words)) =>
        {
            ApiError {
                code: Code::AlreadyExists,
                ..error
            }
            .with_hint("`supactl auth sso list` shows which provider has it, and `supactl auth sso update` changes that one")
            .into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_with_fields_missing_is_a_provider() {
        for odd in [
            json!({}),
            json!({"saml": null, "domains": null}),
            json!({"saml": "x", "domains": [{}, null, 7]}),
            json!("odd"),
        ] {
            let provider = SsoProvider::read(odd.clone());
            assert_eq!(
                (provider.id(), provider.is_disabled()),
                ("", false),
                "{odd}"
            );
            assert_eq!(provider.saml("entity_id"), None, "{odd}");
            assert!(provider.domains().is_empty(), "{odd}");
        }
    }

    #[test]
    fn only_what_was_given_is_sent() {
        assert_eq!(Value::Object(ProviderChange::default().body()), json!({}));
        let change = ProviderChange {
            domains: Some(Vec::new()),
            name_id_format: Some(NameIdFormat::EmailAddress),
            ..ProviderChange::default()
        };
        assert_eq!(
            Value::Object(change.body()),
            json!({"domains": [], "name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"})
        );
    }
}
