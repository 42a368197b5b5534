//! The ways to sign in, and what each of them needs before it works.
//!
//! The service takes a provider without its credentials, and nobody can sign in by it then; what is
//! needed is what the dashboard asks for.

use serde_json::Value;

use super::settings::Setting;
use super::values::is_unset;
use crate::api::record::Object;

/// One way to sign in. Its settings are those named `external_NAME_…`.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    /// Endings of the settings without which it does not work.
    needs: &'static [&'static str],
    /// What is worth knowing before it is switched on.
    pub(crate) note: Option<&'static str>,
}

/// Client id and secret, as nearly all of them need.
const CREDENTIALS: &[&str] = &["client_id", "secret"];
/// The same, and where the provider is.
const WITH_URL: &[&str] = &["client_id", "secret", "url"];
/// Apps that sign people in on the device need no secret.
const CLIENT_ID: &[&str] = &["client_id"];
const NOTHING: &[&str] = &[];

const CAPTCHA: Option<&str> =
    Some("a captcha keeps robots out: see `supactl auth service get captcha`");

const fn row(
    name: &'static str,
    needs: &'static [&'static str],
    note: Option<&'static str>,
) -> Provider {
    Provider { name, needs, note }
}

/// Every provider of the contract.
pub(crate) const PROVIDERS: &[Provider] = &[
    row(
        "apple",
        CLIENT_ID,
        Some("its secret is a token that ends after six months at the latest"),
    ),
    row("azure", CREDENTIALS, None),
    row("bitbucket", CREDENTIALS, None),
    row("discord", CREDENTIALS, None),
    row("facebook", CREDENTIALS, None),
    row("figma", CREDENTIALS, None),
    row("github", CREDENTIALS, None),
    row("gitlab", CREDENTIALS, None),
    row("google", CLIENT_ID, None),
    row("kakao", CREDENTIALS, None),
    row("keycloak", WITH_URL, None),
    row("linkedin_oidc", CREDENTIALS, None),
    row("notion", CREDENTIALS, None),
    row(
        "slack",
        CREDENTIALS,
        Some("it is on its way out: `slack_oidc` takes its place"),
    ),
    row("slack_oidc", CREDENTIALS, None),
    row("spotify", CREDENTIALS, None),
    row("twitch", CREDENTIALS, None),
    row(
        "twitter",
        CREDENTIALS,
        Some("it speaks OAuth 1.0a: `x` is the newer one"),
    ),
    row("workos", WITH_URL, None),
    row("x", CREDENTIALS, None),
    row("zoom", CREDENTIALS, None),
    row("email", NOTHING, None),
    row("phone", NOTHING, None),
    row("anonymous_users", NOTHING, CAPTCHA),
    row("web3_solana", NOTHING, CAPTCHA),
    row("web3_ethereum", NOTHING, CAPTCHA),
];

/// Who may send text messages, and what each needs.
const SMS: &[(&str, &[&str])] = &[
    (
        "twilio",
        &[
            "sms_twilio_account_sid",
            "sms_twilio_auth_token",
            "sms_twilio_message_service_sid",
        ],
    ),
    (
        "twilio_verify",
        &[
            "sms_twilio_verify_account_sid",
            "sms_twilio_verify_auth_token",
            "sms_twilio_verify_message_service_sid",
        ],
    ),
    (
        "messagebird",
        &["sms_messagebird_access_key", "sms_messagebird_originator"],
    ),
    (
        "textlocal",
        &["sms_textlocal_api_key", "sms_textlocal_sender"],
    ),
    (
        "vonage",
        &[
            "sms_vonage_api_key",
            "sms_vonage_api_secret",
            "sms_vonage_from",
        ],
    ),
];

impl Provider {
    /// The provider of this name; `linkedin` is what people call one of them.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        let name = if name == "linkedin" {
            "linkedin_oidc"
        } else {
            name
        };
        PROVIDERS.iter().find(|provider| provider.name == name)
    }

    /// Its setting with this ending, if it has one.
    pub(crate) fn setting(&self, ending: &str) -> Option<&'static Setting> {
        Setting::find(&format!("external_{}_{ending}", self.name))
    }

    /// All its settings.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &'static Setting> {
        [
            "enabled",
            "client_id",
            "secret",
            "url",
            "additional_client_ids",
            "email_optional",
            "skip_nonce_check",
        ]
        .into_iter()
        .filter_map(|ending| self.setting(ending))
    }

    /// Whether people come back from somewhere else, to an address that must be registered there.
    pub(crate) fn redirects(&self) -> bool {
        self.setting("client_id").is_some()
    }

    /// The settings without which it does not work, and which are not set.
    pub(crate) fn missing(&self, config: &Object) -> Vec<&'static str> {
        let unset = |key: &str| config.get(key).is_none_or(is_unset);
        if self.name == "phone" {
            // A hook may send the messages instead.
            if config.get("hook_send_sms_enabled") == Some(&Value::Bool(true)) {
                return Vec::new();
            }
            let sender = config.get("sms_provider").and_then(Value::as_str);
            let Some((_, needs)) = SMS.iter().find(|(name, _)| Some(*name) == sender) else {
                // One that is not known here may well work.
                return if sender.is_none_or(str::is_empty) {
                    vec!["sms_provider"]
                } else {
                    Vec::new()
                };
            };
            return needs.iter().copied().filter(|key| unset(key)).collect();
        }
        self.needs
            .iter()
            .filter_map(|ending| self.setting(ending))
            .map(|setting| setting.key)
            .filter(|key| unset(key))
            .collect()
    }
}
