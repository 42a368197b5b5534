//! Settings of functions in `supabase/config.toml`, as the official CLI has them there.
//!
//! Source: <https://supabase.com/docs/guides/functions/function-configuration>.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};

/// What `[functions.<slug>]` says. Its paths start at the folder of the file.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Settings {
    pub(super) enabled: Option<bool>,
    pub(super) verify_jwt: Option<bool>,
    pub(super) import_map: Option<String>,
    pub(super) entrypoint: Option<String>,
    #[serde(default)]
    pub(super) static_files: Vec<String>,
}

/// The part of the file that is read here: all else is other commands' business.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    functions: BTreeMap<String, Settings>,
}

/// Reads the settings; a file that is not there has none.
pub(super) fn read(file: &Path) -> Result<BTreeMap<String, Settings>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(Error::file(file.display().to_string(), error)),
    };
    let mut read: File = toml::from_str(&text).map_err(|error| {
        Error::invalid(format!(
            "{}: {}",
            file.display(),
            error.to_string().trim_end()
        ))
    })?;
    // An empty path is how the official CLI writes that there is none.
    for settings in read.functions.values_mut() {
        for path in [&mut settings.import_map, &mut settings.entrypoint] {
            *path = path.take().filter(|path| !path.is_empty());
        }
    }
    Ok(read.functions)
}
