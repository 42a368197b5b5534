//! Tokens: where they come from, and where those are kept that `login` was given.
//!
//! A stored token belongs to the address that it was stored for, and is sent nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::config::{read_toml, write_toml};
use crate::error::{Error, Result};

/// The address for which the official CLI stores its token.
pub(crate) const OFFICIAL_API_URL: &str = "https://api.supabase.com";

/// A token, and where it came from.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) token: SecretString,
    pub(crate) source: String,
}

/// The tokens that `login` stored, by profile.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Stored {
    #[serde(default)]
    tokens: BTreeMap<String, StoredToken>,
}

#[derive(Deserialize, Serialize)]
struct StoredToken {
    api_url: String,
    token: String,
}

impl Stored {
    /// Reads the file; one that is not there is empty.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        read_toml(&Self::file(folder)).map(Option::unwrap_or_default)
    }

    /// Where the file is.
    pub(crate) fn file(folder: &Path) -> PathBuf {
        folder.join("credentials.toml")
    }

    /// Stores a token for a profile and an address.
    pub(crate) fn put(
        &mut self,
        folder: &Path,
        profile: &str,
        api_url: &str,
        token: &SecretString,
    ) -> Result<()> {
        let stored = StoredToken {
            api_url: api_url.to_owned(),
            token: token.expose_secret().to_owned(),
        };
        self.tokens.insert(profile.to_owned(), stored);
        write_toml(&Self::file(folder), self)
    }

    /// Forgets the token of a profile; says whether there was one.
    pub(crate) fn remove(&mut self, folder: &Path, profile: &str) -> Result<bool> {
        let found = self.tokens.remove(profile).is_some();
        if found {
            write_toml(&Self::file(folder), self)?;
        }
        Ok(found)
    }

    /// For which address a profile has a token.
    pub(crate) fn address(&self, profile: &str) -> Option<&str> {
        self.tokens
            .get(profile)
            .map(|stored| stored.api_url.as_str())
    }

    /// The token of a profile for an address.
    ///
    /// # Errors
    /// Where the token was stored for another address: it stays at home.
    pub(crate) fn get(&self, profile: &str, api_url: &str) -> Result<Option<SecretString>> {
        match self.tokens.get(profile) {
            None => Ok(None),
            Some(stored) if same_address(&stored.api_url, api_url) => {
                Ok(Some(SecretString::from(stored.token.as_str())))
            }
            Some(stored) => Err(Error::invalid_with_hint(
                format!(
                    "the token of profile `{profile}` was stored for {}, and is not sent to {api_url}",
                    stored.api_url
                ),
                "sign in there with `supactl login`, or set SUPABASE_ACCESS_TOKEN",
            )),
        }
    }
}

/// Whether two addresses are the same but for a slash at the end.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// Refuses what is plainly another kind of key; every other token is the service's to judge.
pub(crate) fn checked(token: &str, source: &str) -> Result<SecretString> {
    let wrong = if token.starts_with("sb_secret_") || token.starts_with("sb_publishable_") {
        Some("a key of a project")
    } else if token.starts_with("eyJ") {
        Some("a JWT, such as a project's anon or service_role key")
    } else if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("no token: one is a single word of plain characters")
    } else {
        None
    };
    match wrong {
        Some(kind) => Err(Error::invalid_with_hint(
            format!("{source} holds {kind}, and an access token is needed"),
            "https://supabase.com/dashboard/account/tokens makes one; it begins with `sbp_`",
        )),
        None => Ok(SecretString::from(token)),
    }
}

/// Whether a token looks like those that are known: worth a remark at login, never a refusal.
pub(crate) fn looks_familiar(token: &SecretString) -> bool {
    let token = token.expose_secret();
    let Some(rest) = token.strip_prefix("sbp_") else {
        return false;
    };
    let rest = rest
        .strip_prefix("oauth_")
        .or_else(|| rest.strip_prefix("v0_"))
        .unwrap_or(rest);
    rest.starts_with("fc") || rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_with_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let mut stored = Stored::default();
        let token = SecretString::from("sbp_1");
        stored
            .put(folder.path(), "work", "https://a.example/", &token)
            .unwrap();
        let stored = Stored::read(folder.path()).unwrap();
        assert!(stored.get("work", "https://a.example").unwrap().is_some());
        assert!(stored.get("other", "https://a.example").unwrap().is_none());
        assert!(stored.get("work", "https://b.example").is_err());
        assert!(!crate::platform::is_open_to_others(&Stored::file(
            folder.path()
        )));
    }

    #[test]
    fn only_other_kinds_of_key_are_refused() {
        for wrong in [
            "sb_secret_x",
            "sb_publishable_x",
            "eyJhbGciOi",
            "",
            "two words",
            "sbp_ü",
        ] {
            assert!(checked(wrong, "x").is_err(), "{wrong}");
        }
        for right in ["sbp_0123", "sbp_fc12", "anything-else"] {
            assert!(checked(right, "x").is_ok(), "{right}");
        }
    }
}
