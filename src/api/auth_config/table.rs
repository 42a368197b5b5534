//! Every setting of a project's Auth service, a row each.
//!
//! From the contract of `PATCH /v1/projects/{ref}/config/auth`, and three that only `GET` has. What is
//! weaker (less protection) when it changes, and which way, stands in the row.

use super::settings::Kind::{
    Characters, Choice, Email, Flag, HookSecrets, HookUri, NoComma, Number, ReadOnly, Secret, Tags,
    Template, TestCodes, Text, Time, Whole,
};
use super::settings::{Area, Setting, Weaker};

/// The largest numbers of the columns that the service keeps its settings in.
const I32: i64 = i32::MAX as i64;
const I16: i64 = i16::MAX as i64;

macro_rules! settings {
    ($($area:ident { $($key:literal: $kind:expr, $about:literal $(, weaker $weaker:ident)?;)* })*) => {
        /// The settings, in the order in which they are shown.
        pub(crate) const SETTINGS: &[Setting] = &[$($(Setting {
            key: $key,
            area: Area::$area,
            kind: $kind,
            about: $about,
            weaker: settings!(@weaker $($weaker)?),
        },)*)*];
    };
    (@weaker) => { Weaker::Never };
    (@weaker $weaker:ident) => { Weaker::$weaker };
}

settings! {
    General {
        "site_url": NoComma, "Where people land after signing in, unless they asked for another place";
        "uri_allow_list": Text, "Addresses that a sign-in may lead back to, commas between; `*` stands for any text", weaker Wildcard;
        "jwt_exp": Whole(0, 604_800), "Lifetime of an access token, in seconds", weaker Higher;
        "disable_signup": Flag, "No new users, by any provider", weaker Off;
        "refresh_token_rotation_enabled": Flag, "Refresh tokens are used once, and a reused one is revoked", weaker Off;
        "security_refresh_token_reuse_interval": Whole(0, 300), "How long a used refresh token is still taken, in seconds", weaker Higher;
        "security_manual_linking_enabled": Flag, "Users may link identities to their account";
        "security_sb_forwarded_for_enabled": Flag, "Trust `Sb-Forwarded-For` from callers with a secret key", weaker On;
        "api_max_request_duration": Whole(0, I32), "Longest time for a request of the Auth service, in seconds";
        "db_max_pool_size": Whole(0, I32), "Connections of the Auth service to the database; null for the default";
        "db_max_pool_size_unit": Choice(&["connections", "percent"]), "Unit of `db_max_pool_size`";
    }
    Sessions {
        "sessions_timebox": Number(0.0, 8760.0), "Longest life of a session, in hours; 0 for no limit", weaker Unlimited;
        "sessions_inactivity_timeout": Number(0.0, 8760.0), "How long a session lives without being used, in hours; 0 for no limit", weaker Unlimited;
        "sessions_single_per_user": Flag, "One session for each user", weaker Off;
        "sessions_tags": Tags, "Tags for the rule of the single session, with commas between";
    }
    Password {
        "password_min_length": Whole(6, I16), "Fewest characters of a password", weaker Lower;
        "password_required_characters": Characters, "Kinds of characters that a password must have", weaker Lower;
        "password_hibp_enabled": Flag, "Refuse passwords that have leaked", weaker Off;
        "security_update_password_require_reauthentication": Flag, "A new password needs a recent sign-in or a code", weaker Off;
        "security_update_password_require_current_password": Flag, "A new password needs the present one", weaker Off;
    }
    Captcha {
        "security_captcha_enabled": Flag, "Ask for a captcha at sign-up and sign-in", weaker Off;
        "security_captcha_provider": Choice(&["turnstile", "hcaptcha"]), "Who makes the captcha";
        "security_captcha_secret": Secret, "Secret of the captcha provider";
    }
    RateLimits {
        "rate_limit_anonymous_users": Whole(1, I32), "Anonymous sign-ins in an hour, for each IP address", weaker Higher;
        "rate_limit_email_sent": Whole(1, I32), "E-mails in an hour; only with an SMTP server of your own", weaker Higher;
        "rate_limit_sms_sent": Whole(1, I32), "Text messages in an hour", weaker Higher;
        "rate_limit_verify": Whole(1, I32), "Verifications in 5 minutes, for each IP address", weaker Higher;
        "rate_limit_token_refresh": Whole(1, I32), "Refreshed tokens in 5 minutes, for each IP address", weaker Higher;
        "rate_limit_otp": Whole(1, I32), "Codes and magic links in 5 minutes, for each IP address", weaker Higher;
        "rate_limit_web3": Whole(1, I32), "Wallet sign-ins in 5 minutes, for each IP address", weaker Higher;
    }
    Mailer {
        "mailer_autoconfirm": Flag, "Addresses count as confirmed without a confirmation mail", weaker On;
        "mailer_allow_unverified_email_sign_ins": Flag, "Users may sign in before their address is confirmed", weaker On;
        "mailer_secure_email_change_enabled": Flag, "A new address is confirmed on both, the old and the new", weaker Off;
        "mailer_otp_exp": Whole(0, I32), "How long codes and links in mails are good, in seconds", weaker Higher;
        "mailer_otp_length": Whole(6, 10), "Digits of the codes in mails", weaker Lower;
    }
    Smtp {
        "smtp_admin_email": Email, "Address that mails come from";
        "smtp_host": Text, "Host of the SMTP server; null for the built-in one";
        "smtp_port": Text, "Port of the SMTP server, as text";
        "smtp_user": Text, "User of the SMTP server";
        "smtp_pass": Secret, "Password of the SMTP server";
        "smtp_max_frequency": Whole(0, I16), "Least time between two mails to one user, in seconds", weaker Lower;
        "smtp_sender_name": Text, "Name that mails come from";
    }
    Sms {
        "sms_autoconfirm": Flag, "Phone numbers count as confirmed without a message", weaker On;
        "sms_max_frequency": Whole(0, I16), "Least time between two messages to one user, in seconds", weaker Lower;
        "sms_otp_exp": Whole(0, I32), "How long codes in messages are good, in seconds", weaker Higher;
        "sms_otp_length": Whole(0, I16), "Digits of the codes in messages", weaker Lower;
        "sms_provider": Choice(&["messagebird", "textlocal", "twilio", "twilio_verify", "vonage"]), "Who sends the messages";
        "sms_template": Text, "Text of the message, with `{{ .Code }}` in it";
        "sms_test_otp": TestCodes, "Fixed codes for numbers of testers: `15551234567=123456`, with commas between", weaker Given;
        "sms_test_otp_valid_until": Time, "When the fixed codes end";
        "sms_messagebird_access_key": Secret, "Access key of MessageBird";
        "sms_messagebird_originator": Text, "Sender at MessageBird";
        "sms_textlocal_api_key": Secret, "API key of Textlocal";
        "sms_textlocal_sender": Text, "Sender at Textlocal";
        "sms_twilio_account_sid": Text, "Account SID of Twilio";
        "sms_twilio_auth_token": Secret, "Auth token of Twilio";
        "sms_twilio_content_sid": Text, "Content SID of Twilio, for WhatsApp";
        "sms_twilio_message_service_sid": Text, "Message service SID of Twilio";
        "sms_twilio_verify_account_sid": Text, "Account SID of Twilio Verify";
        "sms_twilio_verify_auth_token": Secret, "Auth token of Twilio Verify";
        "sms_twilio_verify_message_service_sid": Text, "Service SID of Twilio Verify";
        "sms_vonage_api_key": Text, "API key of Vonage";
        "sms_vonage_api_secret": Secret, "API secret of Vonage";
        "sms_vonage_from": Text, "Sender at Vonage";
    }
    Mfa {
        "mfa_max_enrolled_factors": Whole(0, I32), "Factors that a user may have";
        "mfa_totp_enroll_enabled": Flag, "Users may add an authenticator app", weaker Off;
        "mfa_totp_verify_enabled": Flag, "Authenticator apps are asked for their code", weaker Off;
        "mfa_phone_enroll_enabled": Flag, "Users may add a phone as a factor; an add-on", weaker Off;
        "mfa_phone_verify_enabled": Flag, "Phones are asked for their code; an add-on", weaker Off;
        "mfa_phone_max_frequency": Whole(0, I16), "Least time between two codes to one phone, in seconds", weaker Lower;
        "mfa_phone_otp_length": Whole(0, I16), "Digits of the codes to phones", weaker Lower;
        "mfa_phone_template": Text, "Text of the message to a phone, with `{{ .Code }}` in it";
        "mfa_web_authn_enroll_enabled": Flag, "Users may add a security key; an add-on", weaker Off;
        "mfa_web_authn_verify_enabled": Flag, "Security keys are asked for; an add-on", weaker Off;
        "passkey_enabled": Flag, "Users may sign in with a passkey";
        "webauthn_rp_display_name": Text, "Name that a passkey shows";
        "webauthn_rp_id": Text, "Domain that passkeys belong to";
        "webauthn_rp_origins": Text, "Origins that passkeys are used from, with commas between";
    }
    OauthServer {
        "oauth_server_enabled": Flag, "The project signs people in to other applications; sent with the path only";
        "oauth_server_allow_dynamic_registration": Flag, "Applications may register themselves", weaker On;
        "oauth_server_authorization_path": Text, "Path on `site_url` of the page that asks for consent";
        "custom_oauth_enabled": Flag, "Providers that the project defines itself";
        "custom_oauth_max_providers": ReadOnly, "How many providers the project may define";
        "saml_enabled": Flag, "Single sign-on by SAML";
        "saml_external_url": NoComma, "Address of the project that SAML providers know";
        "saml_allow_encrypted_assertions": ReadOnly, "SAML providers may encrypt what they assert";
    }
    Hooks {
        "hook_after_user_created_enabled": Flag, "Call a hook after a user was created";
        "hook_after_user_created_uri": HookUri, "What is called after a user was created";
        "hook_after_user_created_secrets": HookSecrets, "Secrets of the hook, for `https://` only: `v1,whsec_…`, with `|` between";
        "hook_before_user_created_enabled": Flag, "Call a hook before a user is created", weaker Off;
        "hook_before_user_created_uri": HookUri, "What is called before a user is created";
        "hook_before_user_created_secrets": HookSecrets, "Secrets of the hook, for `https://` only: `v1,whsec_…`, with `|` between";
        "hook_custom_access_token_enabled": Flag, "Call a hook when an access token is made";
        "hook_custom_access_token_uri": HookUri, "What is called when an access token is made";
        "hook_custom_access_token_secrets": HookSecrets, "Secrets of the hook, for `https://` only: `v1,whsec_…`, with `|` between";
        "hook_mfa_verification_attempt_enabled": Flag, "Call a hook when a second factor is tried", weaker Off;
        "hook_mfa_verification_attempt_uri": HookUri, "What is called when a second factor is tried";
        "hook_mfa_verification_attempt_secrets": HookSecrets, "Secrets of the hook, for `https://` only: `v1,whsec_…`, with `|` between";
        "hook_password_verification_attempt_enabled": Flag, "Call a hook when a password is tried", weaker Off;
        "hook_password_verification_attempt_uri": HookUri, "What is called when a password is tried";
        "hook_password_verification_attempt_secrets": HookSecrets, "Secrets of the hook, for `https://` only: `v1,whsec_…`, with `|` between";
        "hook_send_email_enabled": Flag, "Call a hook when a mail is sent";
        "hook_send_email_uri": HookUri, "What is called when a mail is sent";
        "hook_send_email_secrets": HookSecrets, "Secrets of the hook, for `https://` only: `v1,whsec_…`, with `|` between";
        "hook_send_sms_enabled": Flag, "Call a hook when a message is sent";
        "hook_send_sms_uri": HookUri, "What is called when a message is sent";
        "hook_send_sms_secrets": HookSecrets, "Secrets of the hook, for `https://` only: `v1,whsec_…`, with `|` between";
    }
    Templates {
        "mailer_subjects_invite": Text, "Subject of an invitation";
        "mailer_templates_invite_content": Template, "HTML of an invitation";
        "mailer_subjects_confirmation": Text, "Subject of a confirmation of sign-up";
        "mailer_templates_confirmation_content": Template, "HTML of a confirmation of sign-up";
        "mailer_subjects_recovery": Text, "Subject of a reset of the password";
        "mailer_templates_recovery_content": Template, "HTML of a reset of the password";
        "mailer_subjects_email_change": Text, "Subject of a change of address";
        "mailer_templates_email_change_content": Template, "HTML of a change of address";
        "mailer_subjects_magic_link": Text, "Subject of a magic link";
        "mailer_templates_magic_link_content": Template, "HTML of a magic link";
        "mailer_subjects_reauthentication": Text, "Subject of a code before something sensitive";
        "mailer_templates_reauthentication_content": Template, "HTML of a code before something sensitive";
        "mailer_subjects_password_changed_notification": Text, "Subject of a note that the password was changed";
        "mailer_templates_password_changed_notification_content": Template, "HTML of a note that the password was changed";
        "mailer_subjects_email_changed_notification": Text, "Subject of a note that the address was changed";
        "mailer_templates_email_changed_notification_content": Template, "HTML of a note that the address was changed";
        "mailer_subjects_phone_changed_notification": Text, "Subject of a note that the phone was changed";
        "mailer_templates_phone_changed_notification_content": Template, "HTML of a note that the phone was changed";
        "mailer_subjects_mfa_factor_enrolled_notification": Text, "Subject of a note that a factor was added";
        "mailer_templates_mfa_factor_enrolled_notification_content": Template, "HTML of a note that a factor was added";
        "mailer_subjects_mfa_factor_unenrolled_notification": Text, "Subject of a note that a factor was removed";
        "mailer_templates_mfa_factor_unenrolled_notification_content": Template, "HTML of a note that a factor was removed";
        "mailer_subjects_identity_linked_notification": Text, "Subject of a note that an identity was linked";
        "mailer_templates_identity_linked_notification_content": Template, "HTML of a note that an identity was linked";
        "mailer_subjects_identity_unlinked_notification": Text, "Subject of a note that an identity was unlinked";
        "mailer_templates_identity_unlinked_notification_content": Template, "HTML of a note that an identity was unlinked";
    }
    Notifications {
        "mailer_notifications_password_changed_enabled": Flag, "Send a note that the password was changed", weaker Off;
        "mailer_notifications_email_changed_enabled": Flag, "Send a note that the address was changed", weaker Off;
        "mailer_notifications_phone_changed_enabled": Flag, "Send a note that the phone was changed", weaker Off;
        "mailer_notifications_mfa_factor_enrolled_enabled": Flag, "Send a note that a factor was added", weaker Off;
        "mailer_notifications_mfa_factor_unenrolled_enabled": Flag, "Send a note that a factor was removed", weaker Off;
        "mailer_notifications_identity_linked_enabled": Flag, "Send a note that an identity was linked", weaker Off;
        "mailer_notifications_identity_unlinked_enabled": Flag, "Send a note that an identity was unlinked", weaker Off;
    }
    Providers {
        "external_apple_enabled": Flag, "Sign in with Apple";
        "external_apple_client_id": Text, "Client id at Apple";
        "external_apple_secret": Secret, "Client secret at Apple";
        "external_apple_additional_client_ids": Text, "More client ids at Apple, with commas between";
        "external_apple_email_optional": Flag, "Accounts of Apple need no e-mail address";
        "external_azure_enabled": Flag, "Sign in with Azure";
        "external_azure_client_id": Text, "Client id at Azure";
        "external_azure_secret": Secret, "Client secret at Azure";
        "external_azure_url": Text, "Address of Azure, such as a tenant or a server of your own";
        "external_azure_email_optional": Flag, "Accounts of Azure need no e-mail address";
        "external_bitbucket_enabled": Flag, "Sign in with Bitbucket";
        "external_bitbucket_client_id": Text, "Client id at Bitbucket";
        "external_bitbucket_secret": Secret, "Client secret at Bitbucket";
        "external_bitbucket_email_optional": Flag, "Accounts of Bitbucket need no e-mail address";
        "external_discord_enabled": Flag, "Sign in with Discord";
        "external_discord_client_id": Text, "Client id at Discord";
        "external_discord_secret": Secret, "Client secret at Discord";
        "external_discord_email_optional": Flag, "Accounts of Discord need no e-mail address";
        "external_facebook_enabled": Flag, "Sign in with Facebook";
        "external_facebook_client_id": Text, "Client id at Facebook";
        "external_facebook_secret": Secret, "Client secret at Facebook";
        "external_facebook_email_optional": Flag, "Accounts of Facebook need no e-mail address";
        "external_figma_enabled": Flag, "Sign in with Figma";
        "external_figma_client_id": Text, "Client id at Figma";
        "external_figma_secret": Secret, "Client secret at Figma";
        "external_figma_email_optional": Flag, "Accounts of Figma need no e-mail address";
        "external_github_enabled": Flag, "Sign in with GitHub";
        "external_github_client_id": Text, "Client id at GitHub";
        "external_github_secret": Secret, "Client secret at GitHub";
        "external_github_email_optional": Flag, "Accounts of GitHub need no e-mail address";
        "external_gitlab_enabled": Flag, "Sign in with GitLab";
        "external_gitlab_client_id": Text, "Client id at GitLab";
        "external_gitlab_secret": Secret, "Client secret at GitLab";
        "external_gitlab_url": Text, "Address of GitLab, such as a tenant or a server of your own";
        "external_gitlab_email_optional": Flag, "Accounts of GitLab need no e-mail address";
        "external_google_enabled": Flag, "Sign in with Google";
        "external_google_client_id": Text, "Client id at Google";
        "external_google_secret": Secret, "Client secret at Google";
        "external_google_additional_client_ids": Text, "More client ids at Google, with commas between";
        "external_google_email_optional": Flag, "Accounts of Google need no e-mail address";
        "external_google_skip_nonce_check": Flag, "Take ID tokens of Google without their nonce", weaker On;
        "external_kakao_enabled": Flag, "Sign in with Kakao";
        "external_kakao_client_id": Text, "Client id at Kakao";
        "external_kakao_secret": Secret, "Client secret at Kakao";
        "external_kakao_email_optional": Flag, "Accounts of Kakao need no e-mail address";
        "external_keycloak_enabled": Flag, "Sign in with Keycloak";
        "external_keycloak_client_id": Text, "Client id at Keycloak";
        "external_keycloak_secret": Secret, "Client secret at Keycloak";
        "external_keycloak_url": Text, "Address of Keycloak, such as a tenant or a server of your own";
        "external_keycloak_email_optional": Flag, "Accounts of Keycloak need no e-mail address";
        "external_linkedin_oidc_enabled": Flag, "Sign in with LinkedIn";
        "external_linkedin_oidc_client_id": Text, "Client id at LinkedIn";
        "external_linkedin_oidc_secret": Secret, "Client secret at LinkedIn";
        "external_linkedin_oidc_email_optional": Flag, "Accounts of LinkedIn need no e-mail address";
        "external_notion_enabled": Flag, "Sign in with Notion";
        "external_notion_client_id": Text, "Client id at Notion";
        "external_notion_secret": Secret, "Client secret at Notion";
        "external_notion_email_optional": Flag, "Accounts of Notion need no e-mail address";
        "external_slack_enabled": Flag, "Sign in with Slack (old)";
        "external_slack_client_id": Text, "Client id at Slack (old)";
        "external_slack_secret": Secret, "Client secret at Slack (old)";
        "external_slack_email_optional": Flag, "Accounts of Slack (old) need no e-mail address";
        "external_slack_oidc_enabled": Flag, "Sign in with Slack";
        "external_slack_oidc_client_id": Text, "Client id at Slack";
        "external_slack_oidc_secret": Secret, "Client secret at Slack";
        "external_slack_oidc_email_optional": Flag, "Accounts of Slack need no e-mail address";
        "external_spotify_enabled": Flag, "Sign in with Spotify";
        "external_spotify_client_id": Text, "Client id at Spotify";
        "external_spotify_secret": Secret, "Client secret at Spotify";
        "external_spotify_email_optional": Flag, "Accounts of Spotify need no e-mail address";
        "external_twitch_enabled": Flag, "Sign in with Twitch";
        "external_twitch_client_id": Text, "Client id at Twitch";
        "external_twitch_secret": Secret, "Client secret at Twitch";
        "external_twitch_email_optional": Flag, "Accounts of Twitch need no e-mail address";
        "external_twitter_enabled": Flag, "Sign in with Twitter (OAuth 1.0a)";
        "external_twitter_client_id": Text, "Client id at Twitter (OAuth 1.0a)";
        "external_twitter_secret": Secret, "Client secret at Twitter (OAuth 1.0a)";
        "external_twitter_email_optional": Flag, "Accounts of Twitter (OAuth 1.0a) need no e-mail address";
        "external_workos_enabled": Flag, "Sign in with WorkOS";
        "external_workos_client_id": Text, "Client id at WorkOS";
        "external_workos_secret": Secret, "Client secret at WorkOS";
        "external_workos_url": Text, "Address of WorkOS, such as a tenant or a server of your own";
        "external_x_enabled": Flag, "Sign in with X";
        "external_x_client_id": Text, "Client id at X";
        "external_x_secret": Secret, "Client secret at X";
        "external_x_email_optional": Flag, "Accounts of X need no e-mail address";
        "external_zoom_enabled": Flag, "Sign in with Zoom";
        "external_zoom_client_id": Text, "Client id at Zoom";
        "external_zoom_secret": Secret, "Client secret at Zoom";
        "external_zoom_email_optional": Flag, "Accounts of Zoom need no e-mail address";
        "external_email_enabled": Flag, "Sign in with an e-mail address";
        "external_phone_enabled": Flag, "Sign in with a phone number";
        "external_anonymous_users_enabled": Flag, "Sign in with no identity at all";
        "external_web3_solana_enabled": Flag, "Sign in with a Solana wallet";
        "external_web3_ethereum_enabled": Flag, "Sign in with an Ethereum wallet";
    }
    Internal {
        "nimbus_oauth_client_id": Text, "Of the service itself";
        "nimbus_oauth_client_secret": Secret, "Of the service itself";
        "nimbus_oauth_email_optional": ReadOnly, "Of the service itself";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use serde_json::{Value, json};

    use super::super::settings::{CHARACTERS, Kind, NEVER_NULL};
    use super::*;
    use crate::api::PROVIDERS;

    #[test]
    fn every_setting_is_there_once() {
        let keys: std::collections::BTreeSet<_> =
            SETTINGS.iter().map(|setting| setting.key).collect();
        assert_eq!(keys.len(), SETTINGS.len());
        for key in NEVER_NULL {
            assert!(keys.contains(key), "{key}");
        }
        // A way to sign in is a provider, and the other way round.
        let switches = keys
            .iter()
            .filter_map(|key| key.strip_prefix("external_")?.strip_suffix("_enabled"));
        let providers: std::collections::BTreeSet<_> =
            PROVIDERS.iter().map(|provider| provider.name).collect();
        assert_eq!(
            switches.collect::<std::collections::BTreeSet<_>>(),
            providers
        );
        for provider in PROVIDERS {
            let keys: Vec<_> = provider.settings().map(|setting| setting.key).collect();
            let start = format!("external_{}_", provider.name);
            let owned = SETTINGS
                .iter()
                .filter(|setting| setting.key.starts_with(&start));
            // `slack` is also how `slack_oidc` begins.
            let owned = owned
                .filter(|setting| provider.name != "slack" || !setting.key.contains("slack_oidc"));
            assert_eq!(keys.len(), owned.count(), "{}", provider.name);
        }
    }

    #[test]
    fn what_is_hidden_by_its_name_is_a_secret_here_too() {
        for setting in SETTINGS {
            let hidden = crate::api::mask::is_secret(setting.key) && setting.kind != Kind::Flag;
            assert_eq!(hidden, setting.is_secret(), "{}", setting.key);
        }
    }

    /// The contract, where the rig is at hand.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the rig is named by the environment"
    )]
    fn the_table_is_that_of_the_contract() {
        let Some(folder) = std::env::var_os("SUPACTL_RIG") else {
            return;
        };
        let text = std::fs::read_to_string(Path::new(&folder).join("openapi.json")).unwrap();
        let contract: Value = serde_json::from_str(&text).unwrap();
        let operations = &contract["paths"]["/v1/projects/{ref}/config/auth"];
        let schema =
            |body: &Value| body["content"]["application/json"]["schema"]["properties"].clone();
        let taken = schema(&operations["patch"]["requestBody"]);
        let told = schema(&operations["get"]["responses"]["200"]);
        let names = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let ours: BTreeMap<_, _> = SETTINGS
            .iter()
            .map(|setting| (setting.key, setting))
            .collect();
        let mut differences = Vec::new();
        for name in names(&told).iter().chain(&names(&taken)) {
            if !ours.contains_key(name.as_str()) {
                differences.push(format!("{name}: the contract has it, the table lacks it"));
            }
        }
        for (key, setting) in ours {
            let writable = taken.get(key);
            if told.get(key).is_none() || writable.is_none() != (setting.kind == Kind::ReadOnly) {
                differences.push(format!("{key}: the table has it, the contract lacks it"));
            }
            let Some(theirs) = writable else { continue };
            let nullable = theirs["type"].is_array();
            let kind = if nullable {
                &theirs["type"][0]
            } else {
                &theirs["type"]
            };
            let right = match setting.kind {
                Kind::Flag => kind == "boolean",
                Kind::Whole(from, to) => {
                    kind == "integer"
                        && theirs["minimum"]
                            .as_i64()
                            .is_none_or(|minimum| minimum <= from)
                        && theirs["maximum"]
                            .as_i64()
                            .is_none_or(|maximum| to <= maximum)
                }
                Kind::Number(..) => kind == "number",
                Kind::Choice(words) => words
                    .iter()
                    .all(|word| theirs["enum"].as_array().unwrap().contains(&json!(word))),
                Kind::Characters => CHARACTERS
                    .iter()
                    .all(|row| theirs["enum"].as_array().unwrap().contains(&json!(row.1))),
                _ => kind == "string",
            };
            if !right || nullable != setting.is_nullable() {
                differences.push(format!(
                    "{key}: {:?} in the table, {theirs} in the contract",
                    setting.kind
                ));
            }
        }
        assert!(differences.is_empty(), "{differences:#?}");
    }
}
