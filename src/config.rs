//! Profiles: where each account is, and what holds there when nothing else was said.
//!
//! One TOML file, `config.toml`. Tokens are not in it: see `credentials`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::platform;

/// The profile that holds where none was named.
pub(crate) const DEFAULT: &str = "default";

/// The profile that lives in the binary.
pub(crate) const SANDBOX: &str = "sandbox";

/// The file of profiles.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Config {
    /// The profile to use where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) profiles: BTreeMap<String, Profile>,
    /// What a newer supactl may have written.
    #[serde(flatten)]
    rest: toml::Table,
}

/// What holds in one profile. Whatever is missing has its usual default.
#[derive(Debug, Default, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct Profile {
    /// Address of the Management API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_url: Option<String>,
    /// Address of a project's gateway, with `{ref}` in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project_url: Option<String>,
    /// Reference or name of the project to work on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    /// Shape of the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<String>,
    #[serde(flatten)]
    rest: toml::Table,
}

impl Profile {
    /// The keys that can be set, in the order in which they are shown.
    pub(crate) const KEYS: [&str; 4] = ["api_url", "project_url", "project", "format"];

    /// The place of a key, to read or to set.
    pub(crate) fn slot(&mut self, key: &str) -> Option<&mut Option<String>> {
        match key {
            "api_url" => Some(&mut self.api_url),
            "project_url" => Some(&mut self.project_url),
            "project" => Some(&mut self.project),
            "format" => Some(&mut self.format),
            _ => None,
        }
    }
}

impl Config {
    /// Reads the file of a folder. One that is not there is empty.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let file = Self::file(folder);
        read_toml(&file).map(Option::unwrap_or_default)
    }

    /// Writes the file.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        write_toml(&Self::file(folder), self)
    }

    /// Where the file is.
    pub(crate) fn file(folder: &Path) -> PathBuf {
        folder.join("config.toml")
    }
}

/// Reads a TOML file; `None` where there is none.
///
/// # Errors
/// Names the file, the line and what is wrong there, and quotes nothing of it.
pub(crate) fn read_toml<T: serde::de::DeserializeOwned>(file: &Path) -> Result<Option<T>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(file.display().to_string(), error)),
    };
    toml::from_str(&text).map(Some).map_err(|error| {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        let place = line.map_or_else(String::new, |line| format!(", line {line}"));
        let reason = without_values(error.message());
        Error::invalid(format!("{}{place}: {reason}", file.display()))
    })
}

/// What is wrong with a file, without what stands in it: that may be a token.
fn without_values(message: &str) -> String {
    match message.rsplit_once("expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if message.contains(['"', '`']) => "it is not what supactl writes there".to_owned(),
        None => message.to_owned(),
    }
}

/// Writes a TOML file for its owner alone.
pub(crate) fn write_toml(file: &Path, value: &impl Serialize) -> Result<()> {
    let text = toml::to_string(value)
        .map_err(|error| Error::Internal(format!("{}: {error}", file.display())))?;
    platform::write_private(file, text.as_bytes())
        .map_err(|error| Error::unwritten(file.display().to_string(), error))
}

/// A name that a profile may have: it becomes a key of a file, and is typed often.
pub(crate) fn checked_name(name: &str) -> Result<&str> {
    let fits = !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !fits {
        return Err(Error::invalid(format!(
            "`{name}` cannot be the name of a profile: use letters, digits, `-`, `_` and `.`"
        )));
    }
    if name == SANDBOX {
        return Err(Error::invalid(
            "the profile `sandbox` is built in, and cannot be changed",
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_with_what_others_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "profile = \"work\"\nnew_key = 1\n\n[profiles.work]\nproject = \"x\"\nfuture = true\n";
        std::fs::write(Config::file(folder.path()), text).unwrap();
        let mut config = Config::read(folder.path()).unwrap();
        let format = config
            .profiles
            .get_mut("work")
            .unwrap()
            .slot("format")
            .unwrap();
        *format = Some("json".to_owned());
        config.write(folder.path()).unwrap();
        let back = Config::read(folder.path()).unwrap();
        assert_eq!(back.profiles["work"].format.as_deref(), Some("json"));
        let written = std::fs::read_to_string(Config::file(folder.path())).unwrap();
        assert!(
            written.contains("new_key = 1") && written.contains("future = true"),
            "{written}"
        );
        assert!(!platform::is_open_to_others(&Config::file(folder.path())));
    }

    #[test]
    fn a_damaged_file_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(Config::file(folder.path()), "profile = \"a\"\n[profiles\n").unwrap();
        let error = Config::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("config.toml, line 2"), "{error}");
    }
}
