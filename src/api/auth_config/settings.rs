//! What a setting of the Auth service may be, what it takes, and when a change of it protects less.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::table::SETTINGS;
use super::values::{
    is_email, is_hook_secret, is_hook_uri, is_tag, is_test_code, is_unset, number, number_of,
    plain, same, truth, wildcards,
};
use crate::api::mask::{self, MASK};

/// What a setting is about: the groups in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    General,
    Sessions,
    Password,
    Captcha,
    RateLimits,
    Mailer,
    Smtp,
    Sms,
    Mfa,
    OauthServer,
    Hooks,
    Templates,
    Notifications,
    Providers,
    /// The service's own: shown, and of no use to anybody else.
    Internal,
}

impl Area {
    /// Every area, with its word and what is in it.
    pub(crate) const ALL: &[(Self, &str, &str)] = &[
        (
            Self::General,
            "general",
            "Addresses, tokens and the server itself",
        ),
        (Self::Sessions, "sessions", "How long people stay signed in"),
        (Self::Password, "password", "What a password must be like"),
        (Self::Captcha, "captcha", "Captchas at sign-up and sign-in"),
        (
            Self::RateLimits,
            "rate-limits",
            "How often things may be asked for",
        ),
        (Self::Mailer, "mailer", "How mails and their codes work"),
        (Self::Smtp, "smtp", "Where mails are sent from"),
        (Self::Sms, "sms", "Text messages and who sends them"),
        (Self::Mfa, "mfa", "Second factors and passkeys"),
        (
            Self::OauthServer,
            "oauth-server",
            "The project as a provider, SAML, and providers of one's own",
        ),
        (
            Self::Hooks,
            "hooks",
            "What is called when something happens",
        ),
        (Self::Templates, "templates", "Subjects and texts of mails"),
        (
            Self::Notifications,
            "notifications",
            "Mails that tell of changes to an account",
        ),
        (Self::Providers, "providers", "Ways to sign in"),
        (Self::Internal, "internal", "Of the service itself"),
    ];

    /// The word that is typed for it.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.1)
    }
}

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Flag,
    /// A whole number, from and to.
    Whole(i64, i64),
    /// Any number, from and to.
    Number(f64, f64),
    Text,
    /// Text of several lines, which is best kept in a file.
    Template,
    NoComma,
    Email,
    Time,
    Choice(&'static [&'static str]),
    /// Which kinds of characters a password needs: the service has four long words for it.
    Characters,
    Tags,
    TestCodes,
    HookUri,
    Secret,
    HookSecrets,
    /// The service tells it and lets nobody change it.
    ReadOnly,
}

/// Which change of a setting leaves a project less protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weaker {
    Never,
    On,
    Off,
    Higher,
    Lower,
    /// Higher, or no limit at all, which 0 and null mean.
    Unlimited,
    /// A `*` that was not there.
    Wildcard,
    /// Anything where there was nothing.
    Given,
}

impl Weaker {
    /// When a change protects less, in words.
    pub(crate) fn words(self) -> Option<&'static str> {
        match self {
            Self::Never => None,
            Self::On => Some("when it is switched on"),
            Self::Off => Some("when it is switched off"),
            Self::Higher => Some("when it is higher"),
            Self::Lower => Some("when it is lower"),
            Self::Unlimited => Some("when it is higher, or without a limit"),
            Self::Wildcard => Some("when a `*` is added"),
            Self::Given => Some("when it is given"),
        }
    }
}

/// Settings that the service takes no null for.
pub(super) const NEVER_NULL: [&str; 4] = [
    "mailer_otp_exp",
    "sms_otp_length",
    "passkey_enabled",
    "custom_oauth_enabled",
];

/// Our words for the kinds of characters, from the weakest on, and the service's. The last one holds
/// two backslashes in a row.
pub(super) const CHARACTERS: [(&str, &str); 4] = [
    ("none", ""),
    (
        "letters_digits",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:0123456789",
    ),
    (
        "lower_upper_digits",
        "abcdefghijklmnopqrstuvwxyz:ABCDEFGHIJKLMNOPQRSTUVWXYZ:0123456789",
    ),
    (
        "lower_upper_digits_symbols",
        r#"abcdefghijklmnopqrstuvwxyz:ABCDEFGHIJKLMNOPQRSTUVWXYZ:0123456789:!@#$%^&*()_+-=[]{};'\\:"|<>?,./`~"#,
    ),
];

/// One setting of the Auth service.
#[derive(Debug, PartialEq)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    pub(crate) area: Area,
    pub(crate) kind: Kind,
    pub(crate) about: &'static str,
    pub(crate) weaker: Weaker,
}

impl Setting {
    /// The setting of this name.
    pub(crate) fn find(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// Its value is never shown: the service tells a digest of it.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret | Kind::HookSecrets)
    }

    /// Whether a value of this name is never shown. Of a setting that is newer than this program only
    /// its name can tell.
    pub(crate) fn hides(key: &str, value: &Value) -> bool {
        match Self::find(key) {
            Some(setting) => setting.is_secret(),
            None => mask::is_secret(key) && !value.is_boolean(),
        }
    }

    /// The value of this name as people may see it, be it known here or not.
    pub(crate) fn shown_by_name(key: &str, value: &Value) -> Value {
        match Self::find(key) {
            Some(setting) => setting.shown(value),
            None if Self::hides(key, value) => set_or_unset(value),
            None => mask::json(value),
        }
    }

    /// It may be cleared.
    pub(crate) fn is_nullable(&self) -> bool {
        !NEVER_NULL.contains(&self.key)
    }

    /// A value as people may see it.
    pub(crate) fn shown(&self, value: &Value) -> Value {
        if !self.is_secret() {
            return value.clone();
        }
        set_or_unset(value)
    }

    /// What it takes, in words.
    pub(crate) fn takes(&self) -> String {
        match self.kind {
            Kind::Flag => "true or false".to_owned(),
            Kind::Whole(from, to) if to >= i64::from(i16::MAX) && to != 604_800 => {
                format!("a whole number from {from} on")
            }
            Kind::Whole(from, to) => format!("a whole number from {from} to {to}"),
            Kind::Number(from, to) => format!("a number from {from} to {to}"),
            Kind::Text | Kind::Tags => "text".to_owned(),
            Kind::Template => "text, or `@FILE`".to_owned(),
            Kind::NoComma => "text without a comma".to_owned(),
            Kind::Email => "an e-mail address".to_owned(),
            Kind::Time => "a time such as `2026-12-31T00:00:00Z`".to_owned(),
            Kind::Choice(words) => one_of(words),
            Kind::Characters => one_of(&CHARACTERS.map(|row| row.0)),
            Kind::TestCodes => "`NUMBER=CODE` pairs with commas between".to_owned(),
            Kind::HookUri => "`https://…` or `pg-functions://postgres/SCHEMA/FUNCTION`".to_owned(),
            Kind::Secret => "a secret: `-`, `@FILE` or `env:NAME`".to_owned(),
            Kind::HookSecrets => {
                "secrets `v1,whsec_…` with `|` between: `-`, `@FILE` or `env:NAME`".to_owned()
            }
            Kind::ReadOnly => "nothing: it can only be read".to_owned(),
        }
    }

    /// A value as the service takes it.
    ///
    /// # Errors
    /// Why it cannot be one, in words that never repeat a secret.
    pub(crate) fn read(&self, value: &Value) -> Result<Value, String> {
        let refusal = || {
            let given = if self.is_secret() {
                "what was given".to_owned()
            } else {
                format!("`{}`", plain(value))
            };
            format!("`{}` takes {}, not {given}", self.key, self.takes())
        };
        if self.kind == Kind::ReadOnly {
            return Err(format!("`{}` can only be read", self.key));
        }
        if value.is_null() {
            return if self.is_nullable() {
                Ok(Value::Null)
            } else {
                Err(format!(
                    "`{}` cannot be null: it takes {}",
                    self.key,
                    self.takes()
                ))
            };
        }
        if value.is_array() || value.is_object() {
            return Err(refusal());
        }
        let text = plain(value);
        let checked = |fits: bool| fits.then(|| json!(text)).ok_or_else(refusal);
        match self.kind {
            Kind::Flag => match text.as_str() {
                "true" => Ok(json!(true)),
                "false" => Ok(json!(false)),
                _ => Err(refusal()),
            },
            Kind::Whole(from, to) => match text.trim().parse::<i64>() {
                Ok(number) if (from..=to).contains(&number) => Ok(json!(number)),
                _ => Err(refusal()),
            },
            Kind::Number(from, to) => match text.trim().parse::<f64>() {
                Ok(number) if (from..=to).contains(&number) => Ok(number_of(number)),
                _ => Err(refusal()),
            },
            Kind::Secret if text == MASK => Err(refusal()),
            Kind::Text | Kind::Template | Kind::Secret | Kind::ReadOnly => Ok(json!(text)),
            Kind::NoComma => checked(!text.is_empty() && !text.contains(',')),
            Kind::Email => checked(is_email(&text)),
            Kind::Time => checked(text.parse::<Timestamp>().is_ok()),
            Kind::Choice(words) => checked(words.contains(&text.as_str())),
            Kind::Characters => CHARACTERS
                .iter()
                .find(|(word, literal)| text == *word || text == *literal)
                .map(|(_, literal)| json!(literal))
                .ok_or_else(refusal),
            Kind::Tags => {
                checked(text.split(',').map(str::trim).all(is_tag) || text.trim().is_empty())
            }
            Kind::TestCodes => {
                checked(text.is_empty() || text.trim_end_matches(',').split(',').all(is_test_code))
            }
            Kind::HookUri => checked(is_hook_uri(&text)),
            Kind::HookSecrets => checked(text.split('|').all(is_hook_secret)),
        }
    }

    /// Whether this change leaves a project less protected. Where that cannot be told, because one of
    /// the two is not known, it counts as if it did.
    pub(crate) fn weakens(&self, old: &Value, new: &Value) -> bool {
        if same(old, new) {
            return false;
        }
        let rank = |value: &Value| match self.kind {
            Kind::Characters => {
                let text = value.as_str().unwrap_or_default();
                #[expect(clippy::cast_precision_loss, reason = "there are four")]
                CHARACTERS
                    .iter()
                    .position(|row| row.1 == text)
                    .map(|at| at as f64)
            }
            _ => number(value),
        };
        let less = |one: Option<f64>, other: Option<f64>| {
            one.zip(other).is_none_or(|(one, other)| one < other)
        };
        match self.weaker {
            Weaker::Never => false,
            Weaker::On => truth(new),
            Weaker::Off => !truth(new),
            Weaker::Higher => less(rank(old), rank(new)),
            Weaker::Lower => less(rank(new), rank(old)),
            Weaker::Unlimited => {
                let limit = |value| number(value).filter(|limit| *limit > 0.0);
                match (limit(old), limit(new)) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    (Some(old), Some(new)) => new > old,
                }
            }
            Weaker::Wildcard => wildcards(new).any(|new| !wildcards(old).any(|old| old == new)),
            Weaker::Given => !is_unset(new),
        }
    }
}

/// All that is told of a secret.
fn set_or_unset(value: &Value) -> Value {
    json!(if is_unset(value) { "unset" } else { "set" })
}

fn one_of(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("one of {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_typed_and_bounded() {
        let read = |key: &str, value: Value| Setting::find(key).unwrap().read(&value);
        for (key, given, taken) in [
            ("jwt_exp", json!("7200"), json!(7200)),
            ("jwt_exp", Value::Null, Value::Null),
            ("disable_signup", json!("true"), json!(true)),
            ("smtp_port", json!(587), json!("587")),
            ("sessions_timebox", json!("1.5"), json!(1.5)),
            ("sessions_timebox", json!("24"), json!(24)),
            ("password_required_characters", json!("none"), json!("")),
            (
                "password_required_characters",
                json!("letters_digits"),
                json!(CHARACTERS[1].1),
            ),
            (
                "password_required_characters",
                json!(CHARACTERS[3].1),
                json!(CHARACTERS[3].1),
            ),
            (
                "sms_test_otp",
                json!("15551234567=123456,15557654321=1"),
                json!("15551234567=123456,15557654321=1"),
            ),
            (
                "hook_send_sms_uri",
                json!("pg-functions://postgres/public/send"),
                json!("pg-functions://postgres/public/send"),
            ),
            (
                "smtp_admin_email",
                json!("ada@mail.acme.example"),
                json!("ada@mail.acme.example"),
            ),
            (
                "sms_test_otp_valid_until",
                json!("2026-12-31T00:00:00Z"),
                json!("2026-12-31T00:00:00Z"),
            ),
            ("sessions_tags", json!("web, app_1"), json!("web, app_1")),
        ] {
            assert_eq!(read(key, given), Ok(taken), "{key}");
        }
        for (key, wrong) in [
            ("jwt_exp", json!(604_801)),
            ("jwt_exp", json!(-1)),
            ("jwt_exp", json!(7200.5)),
            ("jwt_exp", json!("soon")),
            ("jwt_exp", json!([1])),
            ("sms_template", json!(["a"])),
            ("sms_template", json!({})),
            ("password_min_length", json!(5)),
            ("mailer_otp_exp", Value::Null),
            ("passkey_enabled", Value::Null),
            ("disable_signup", json!("yes")),
            ("site_url", json!("https://a,https://b")),
            ("site_url", json!("")),
            ("sms_provider", json!("pigeon")),
            ("password_required_characters", json!("abc")),
            ("hook_send_sms_uri", json!("pg-functions://postgres/send")),
            ("hook_send_sms_uri", json!("send")),
            ("hook_send_sms_secrets", json!("whsec_short")),
            ("smtp_admin_email", json!("ada@acme")),
            ("smtp_admin_email", json!(".ada@acme.example")),
            ("sms_test_otp", json!("+1555=1")),
            ("sms_test_otp_valid_until", json!("tomorrow")),
            ("sessions_timebox", json!(8761)),
            ("custom_oauth_max_providers", json!(5)),
            ("smtp_pass", json!("********")),
        ] {
            let problem = read(key, wrong).unwrap_err();
            assert!(problem.starts_with(&format!("`{key}` ")), "{problem}");
        }
        let told = read("hook_send_sms_secrets", json!("v1,hush-hush")).unwrap_err();
        assert!(!told.contains("hush"), "{told}");
    }

    #[test]
    fn what_a_setting_takes_is_told_in_words() {
        for (key, words) in [
            ("jwt_exp", "a whole number from 0 to 604800"),
            ("password_min_length", "a whole number from 6 on"),
            ("rate_limit_otp", "a whole number from 1 on"),
            ("mailer_otp_length", "a whole number from 6 to 10"),
            (
                "security_captcha_provider",
                "one of `turnstile`, `hcaptcha`",
            ),
        ] {
            assert_eq!(Setting::find(key).unwrap().takes(), words);
        }
        let words = |key: &str| Setting::find(key).unwrap().weaker.words();
        assert_eq!(words("jwt_exp"), Some("when it is higher"));
        assert_eq!(words("password_min_length"), Some("when it is lower"));
        assert_eq!(words("api_max_request_duration"), None);
    }

    #[test]
    fn less_protection_is_known() {
        let weakens =
            |key: &str, old: Value, new: Value| Setting::find(key).unwrap().weakens(&old, &new);
        for (key, strong, weak) in [
            ("password_min_length", json!(12), json!(8)),
            ("password_min_length", json!(12), Value::Null),
            ("jwt_exp", json!(3600), json!(7200)),
            ("mfa_totp_verify_enabled", json!(true), json!(false)),
            ("mfa_totp_verify_enabled", json!("true"), Value::Null),
            ("security_captcha_enabled", json!(true), json!(false)),
            ("mailer_autoconfirm", json!(false), json!(true)),
            ("mailer_autoconfirm", Value::Null, json!(true)),
            (
                "uri_allow_list",
                json!("https://a.example"),
                json!("https://a.example,https://*.example"),
            ),
            ("sessions_timebox", json!(24), json!(0)),
            ("sessions_timebox", json!(24), json!(48)),
            ("sms_test_otp", Value::Null, json!("1=2")),
            (
                "password_required_characters",
                json!(CHARACTERS[2].1),
                json!(CHARACTERS[1].1),
            ),
            (
                "password_required_characters",
                json!(CHARACTERS[2].1),
                Value::Null,
            ),
            ("rate_limit_otp", json!(30), json!(300)),
            ("disable_signup", json!(true), json!(false)),
        ] {
            assert!(
                weakens(key, strong.clone(), weak.clone()),
                "{key}: {strong} → {weak}"
            );
            // Back again is more, or, where nothing was said before, cannot be told.
            assert!(
                weak.is_null() || !weakens(key, weak.clone(), strong.clone()),
                "{key}: {weak} → {strong}"
            );
        }
        assert!(!weakens("sessions_timebox", json!(0), json!(24)));
        // The same, written in a way that nobody else does.
        assert!(!weakens("sessions_timebox", json!("24 "), json!(24)));
        assert!(!weakens("password_min_length", json!("8 "), json!(8)));
        assert!(!weakens(
            "uri_allow_list",
            json!("https://*.a"),
            json!("https://*.a,https://b")
        ));
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_is_refused(at in 0..SETTINGS.len(), text in "\\PC{0,20}") {
            if let Ok(value) = SETTINGS[at].read(&json!(text)) {
                // What is taken is taken again as it is.
                prop_assert_eq!(SETTINGS[at].read(&value), Ok(value));
            }
        }

        #[test]
        fn no_change_protects_less(at in 0..SETTINGS.len(), value in prop_oneof![Just(json!(null)), any::<i64>().prop_map(|number| json!(number)), any::<bool>().prop_map(|flag| json!(flag)), "[a*]{0,3}".prop_map(|text| json!(text))]) {
            prop_assert!(!SETTINGS[at].weakens(&value, &value));
            prop_assert!(same(&value, &value));
        }
    }
}
