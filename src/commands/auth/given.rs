//! Settings as they are given: `KEY=VALUE` on the command line, or a file of them.

use std::path::Path;

use serde_json::Value;

use crate::api::{Kind, Object, SETTINGS, Setting};
use crate::app::App;
use crate::error::{Error, Result};
use crate::settings;
use crate::terminal;
use crate::usage;

/// What is wanted: keys and values as the service takes them, secrets in the clear.
pub(super) type Wanted = Vec<(String, Value)>;

/// Reads `KEY=VALUE`s. `null` clears a setting.
pub(super) fn on_command_line(app: &App, pairs: &[String], force: bool) -> Result<Wanted> {
    let mut wanted = Vec::new();
    for pair in pairs {
        let Some((key, text)) = pair.split_once('=') else {
            return Err(Error::invalid_with_hint(
                format!("`--set {pair}` gives no value"),
                "write `--set KEY=VALUE`",
            ));
        };
        let value = match text {
            "null" => Value::Null,
            text if Setting::hides(key, &serde_json::from_str(text).unwrap_or_default()) => {
                exposed(&app.secret(&format!("--set {key}"), text)?)
            }
            text => Value::String(text.to_owned()),
        };
        wanted.push((key.to_owned(), value));
    }
    checked(wanted, force)
}

/// Reads a YAML or JSON file of settings; `-` is standard input.
pub(super) fn in_file(file: &Path, force: bool) -> Result<Wanted> {
    let name = file.display();
    let failed = |error| Error::file(format!("`--file {name}`"), error);
    let bytes = if file == Path::new("-") {
        terminal::read_stdin()
    } else {
        terminal::read_file(file)
    };
    // Not with the reader's own words, which may quote a secret.
    let read: Result<Option<Object>, _> = serde_yaml::from_slice(&bytes.map_err(failed)?);
    let Ok(object) = read else {
        return Err(Error::invalid_with_hint(
            format!("`--file {name}` is not a list of `key: value` lines"),
            "`supactl auth service export` writes one",
        ));
    };
    let mut wanted = Vec::new();
    for (key, value) in object.unwrap_or_default() {
        let value = match value {
            Value::String(text) if Setting::hides(&key, &Value::Null) => {
                exposed(&settings::secret(&format!("`{key}`"), &text)?)
            }
            other => other,
        };
        wanted.push((key, value));
    }
    checked(wanted, force)
}

fn exposed(secret: &secrecy::SecretString) -> Value {
    Value::String(settings::exposed(secret).to_owned())
}

/// The same with each value as the service takes it; tells of all that cannot be right at once.
pub(super) fn checked(given: Wanted, force: bool) -> Result<Wanted> {
    let (mut wanted, mut wrong, mut unknown) = (Wanted::new(), Vec::new(), Vec::new());
    let mut keys = std::collections::HashSet::new();
    for (key, value) in given {
        if !keys.insert(key.clone()) {
            wrong.push(format!("`{key}` is given twice"));
            continue;
        }
        match Setting::find(&key) {
            Some(setting) => {
                match template(setting, value).and_then(|value| setting.read(&value)) {
                    Ok(value) => wanted.push((key, value)),
                    Err(problem) => wrong.push(problem),
                }
            }
            None if force => {
                let value = of_unknown_type(&key, value);
                wanted.push((key, value));
            }
            None => {
                wrong.push(format!("there is no setting `{key}`"));
                unknown.push(key);
            }
        }
    }
    if wrong.is_empty() {
        return Ok(wanted);
    }
    let meant: Vec<_> = unknown.iter().filter_map(|key| nearest(key)).collect();
    let hint = match (meant.as_slice(), unknown.is_empty()) {
        (_, true) => "`supactl help auth-settings` tells what each setting takes".to_owned(),
        ([], false) => {
            "`supactl help auth-settings` lists them; `--force` sends what is not known here"
                .to_owned()
        }
        (meant, false) => format!(
            "did you mean `{}`? `supactl help auth-settings` lists them; `--force` sends what is not known here",
            meant.join("`, `")
        ),
    };
    Err(Error::invalid_with_hint(wrong.join("; "), hint))
}

/// The text of a mail, which may be in a file.
fn template(setting: &Setting, value: Value) -> Result<Value, String> {
    let Value::String(text) = &value else {
        return Ok(value);
    };
    match text
        .strip_prefix('@')
        .filter(|_| setting.kind == Kind::Template)
    {
        Some(file) => std::fs::read_to_string(file)
            .map(Value::String)
            .map_err(|error| format!("`{}`: {file}: {error}", setting.key)),
        None => Ok(value),
    }
}

/// What a setting takes that is not known here can only be guessed; a secret of digits is a text.
fn of_unknown_type(key: &str, value: Value) -> Value {
    match &value {
        Value::String(text) => serde_json::from_str(text)
            .ok()
            .filter(|guess: &Value| !guess.is_array() && !guess.is_object())
            .filter(|guess| !Setting::hides(key, guess))
            .unwrap_or(value),
        _ => value,
    }
}

/// The setting that was perhaps meant.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let near = SETTINGS
        .iter()
        .filter_map(|setting| Some((usage::distance(key, setting.key)?, setting.key)));
    near.min().map(|(_, key)| key)
}
