//! What an identity provider tells of itself, and what is said of its users: checked before it is sent.
//!
//! Facts from the Auth service's source, which reads the same things once more.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use roxmltree::{Document, Node};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The namespace of SAML metadata.
const NAMESPACE: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// The metadata of an identity provider, out of a file.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    text: String,
    entity_id: String,
}

impl Metadata {
    /// Reads it: one identity provider with an entity id, in UTF-8. A document type is refused, and with
    /// it every entity that could grow or look at other files.
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self, String> {
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let entity_id = match Document::parse(&text) {
            Ok(document) => entity_id(&document)?,
            Err(roxmltree::Error::DtdDetected) => {
                return Err("it has a document type, which metadata has no need of".to_owned());
            }
            Err(error) => return Err(format!("it is not XML: {error}")),
        };
        Ok(Self { text, entity_id })
    }

    /// The XML as it was read.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How the identity provider calls itself.
    pub(crate) fn entity_id(&self) -> &str {
        &self.entity_id
    }
}

fn entity_id(document: &Document<'_>) -> Result<String, String> {
    let providers: Vec<Node<'_, '_>> = document
        .descendants()
        .filter(|node| node.has_tag_name((NAMESPACE, "IDPSSODescriptor")))
        .collect();
    let [provider] = providers.as_slice() else {
        return Err(match providers.len() {
            0 => "there is no identity provider in it (`IDPSSODescriptor`): is it SAML metadata, and not that of the service provider?".to_owned(),
            several => format!("there are {several} identity providers in it (`IDPSSODescriptor`), and one is taken"),
        });
    };
    provider
        .parent()
        .filter(|parent| parent.has_tag_name((NAMESPACE, "EntityDescriptor")))
        .and_then(|parent| parent.attribute("entityID"))
        .filter(|id| !id.trim().is_empty())
        .map(str::to_owned)
        .ok_or_else(|| "its identity provider has no `entityID`".to_owned())
}

/// Where the Auth service finds the metadata.
#[derive(Debug, Clone)]
pub(crate) struct MetadataUrl(String);

impl MetadataUrl {
    /// The address as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MetadataUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match reqwest::Url::parse(text) {
            Ok(url) if url.scheme() == "https" && url.has_host() => Ok(Self(text.to_owned())),
            _ => Err("the address of metadata begins with `https://`: the Auth service fetches it; a file goes with `--metadata-file`".to_owned()),
        }
    }
}

/// The domain of the e-mail addresses whose owners sign in with a provider, in lower case as the Auth
/// server compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain(String);

impl Domain {
    /// One that the service has already taken.
    pub(crate) fn known(domain: String) -> Self {
        Self(domain)
    }

    /// The domain as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Domain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|one| one.is_alphanumeric() || matches!(one, '-' | '_'))
        };
        if text.contains('.') && text.split('.').all(label) {
            return Ok(Self(text.to_lowercase()));
        }
        Err(
            "a domain is what stands behind the @ of e-mail addresses, such as `acme.com`"
                .to_owned(),
        )
    }
}

/// How a provider names a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameIdFormat {
    Persistent,
    Transient,
    EmailAddress,
    Unspecified,
}

impl NameIdFormat {
    /// Each with its short name and the service's.
    const ALL: [(Self, &str, &str); 4] = [
        (
            Self::Persistent,
            "persistent",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        ),
        (
            Self::Transient,
            "transient",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        ),
        (
            Self::EmailAddress,
            "email",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        ),
        (
            Self::Unspecified,
            "unspecified",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        ),
    ];

    /// The service's name.
    pub(crate) fn urn(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(format, ..)| *format == self)
            .map_or("", |(.., urn)| urn)
    }
}

impl FromStr for NameIdFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .find(|(_, short, urn)| text.eq_ignore_ascii_case(short) || text == *urn)
            .map(|(format, ..)| *format)
            .ok_or_else(|| "one of `persistent`, `transient`, `email` and `unspecified`, or the whole URN of one".to_owned())
    }
}

/// What becomes of the claims of a provider, out of a file.
#[derive(Debug, Clone)]
pub(crate) struct AttributeMapping(Value);

/// One claim. The service takes nothing else.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    array: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    keys: BTreeMap<String, Claim>,
}

impl AttributeMapping {
    /// Reads it: `{"keys": {"email": {"name": "mail"}}}`. No keys at all take the mapping away.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mapping: Mapping = serde_json::from_slice(bytes).map_err(|error| {
            format!("it is not a mapping of attributes ({error}): write `{{\"keys\": {{\"email\": {{\"name\": \"mail\"}}}}}}`")
        })?;
        Ok(Self(json!(mapping)))
    }

    /// The mapping for the body of a request.
    pub(super) fn json(&self) -> Value {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Metadata with something before and something within its one entity.
    fn xml(before: &str, within: &str) -> String {
        format!(
            "{before}<md:EntityDescriptor xmlns:md=\"{NAMESPACE}\" entityID=\"https://idp.example/x\">{within}</md:EntityDescriptor>"
        )
    }

    const PROVIDER: &str = "<md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>";

    fn read(text: &str) -> Result<String, String> {
        Metadata::read(text.as_bytes().to_vec()).map(|metadata| metadata.entity_id().to_owned())
    }

    #[test]
    fn metadata_of_one_identity_provider_is_read() {
        let declared = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- from the portal -->";
        for before in ["", declared, "\u{feff}"] {
            assert_eq!(
                read(&xml(before, PROVIDER)).as_deref(),
                Ok("https://idp.example/x"),
                "{before:?}"
            );
        }
        let one = xml("", PROVIDER);
        let group = format!(
            "<md:EntitiesDescriptor xmlns:md=\"{NAMESPACE}\">{one}</md:EntitiesDescriptor>"
        );
        assert_eq!(read(&group).as_deref(), Ok("https://idp.example/x"));
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let two = format!("{PROVIDER}{PROVIDER}");
        let unnamed = xml("", PROVIDER).replace(" entityID=\"https://idp.example/x\"", "");
        for (text, word) in [
            ("", "not XML"),
            ("<html><body>Sign in</body>", "not XML"),
            ("<html/>", "no identity provider"),
            (&xml("", "<md:SPSSODescriptor/>"), "no identity provider"),
            (&xml("", "<IDPSSODescriptor/>"), "no identity provider"),
            (&xml("", &two), "2 identity providers"),
            (&unnamed, "`entityID`"),
            (
                &xml("", PROVIDER).replace("https://idp.example/x", " "),
                "`entityID`",
            ),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(word), "{text}: {problem}");
        }
        assert!(
            Metadata::read(vec![0xff, 0xfe, b'<', 0])
                .unwrap_err()
                .contains("UTF-8")
        );
    }

    #[test]
    fn no_entity_is_ever_followed() {
        let laughs = (1..10).fold(String::new(), |text, level| {
            let ten = format!("&l{};", level - 1).repeat(10);
            format!("{text}<!ENTITY l{level} \"{ten}\">")
        });
        let attacks = [
            "<!DOCTYPE x [<!ENTITY file SYSTEM \"file:///etc/passwd\">]>".to_owned(),
            "<!DOCTYPE x SYSTEM \"https://evil.example/x.dtd\">".to_owned(),
            format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]>"),
            "<!DOCTYPE x [<!ENTITY % p SYSTEM \"https://evil.example/x\"> %p;]>".to_owned(),
            "<!DOCTYPE x>".to_owned(),
        ];
        for attack in attacks {
            let text = xml(
                &attack,
                &format!("{PROVIDER}<md:Extensions>&file;&l9;</md:Extensions>"),
            );
            let problem = read(&text).unwrap_err();
            assert!(problem.contains("document type"), "{attack}: {problem}");
        }
        // Without a document type there is nothing that an entity could stand for.
        assert!(
            read(&xml("", &format!("{PROVIDER}&file;")))
                .unwrap_err()
                .contains("not XML")
        );
    }

    #[test]
    fn a_tower_of_elements_does_not_fall() {
        let (open, close) = ("<md:a>".repeat(200_000), "</md:a>".repeat(200_000));
        assert!(read(&xml("", &format!("{open}{close}"))).is_err());
    }

    #[test]
    fn addresses_domains_and_formats_are_checked() {
        for good in [
            "https://idp.example/metadata",
            "https://idp.example:8443/?a=b",
        ] {
            assert!(good.parse::<MetadataUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://idp.example",
            "idp.example/metadata",
            "https://",
            "file:///etc/passwd",
            "./x.xml",
        ] {
            assert!(bad.parse::<MetadataUrl>().is_err(), "{bad}");
        }
        assert_eq!(
            "ACME.Example".parse::<Domain>().unwrap().as_str(),
            "acme.example"
        );
        for bad in [
            "",
            "acme",
            "ada@acme.com",
            "https://acme.com",
            "acme.com/x",
            ".com",
            "a..b",
            "-a.com",
            "a b.com",
        ] {
            assert!(bad.parse::<Domain>().is_err(), "{bad}");
        }
        for (format, short, urn) in NameIdFormat::ALL {
            assert_eq!((short.parse(), urn.parse()), (Ok(format), Ok(format)));
            assert_eq!(format.urn(), urn);
        }
        assert!("windows".parse::<NameIdFormat>().is_err());
    }

    #[test]
    fn a_mapping_is_what_the_service_takes() {
        let mapping =
            |text: &str| AttributeMapping::read(text.as_bytes()).map(|mapping| mapping.json());
        for good in [
            r#"{"keys":{}}"#,
            r#"{"keys":{"email":{"name":"mail"},"groups":{"names":["a","b"],"array":true},"role":{"default":"user"}}}"#,
        ] {
            assert_eq!(
                mapping(good).unwrap(),
                serde_json::from_str::<Value>(good).unwrap()
            );
        }
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"email":{"name":"mail"}}"#,
            r#"{"keys":{"email":"mail"}}"#,
            r#"{"keys":{"email":{"nmae":"x"}}}"#,
        ] {
            assert!(mapping(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reading(text in "(<|>|/|&|;|!|\\[|md:|IDPSSODescriptor|EntityDescriptor|[a-z \"'=]){0,40}") {
            let _ = read(&text);
            let _ = read(&xml("", &text));
        }
    }
}
