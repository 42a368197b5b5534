//! What an integration wants to know, as it is given.

use std::path::Path;

use serde_json::Value;

use crate::api::Object;
use crate::api::integrations::Variant;
use crate::app::App;
use crate::error::{Error, Result};
use crate::settings;
use crate::terminal;

/// Reads a YAML or JSON file; `-` is standard input. Secrets in it may say where they are kept.
pub(super) fn in_file(file: &Path, variant: &Variant) -> Result<Object> {
    let name = file.display();
    let bytes = if file == Path::new("-") {
        terminal::read_stdin()
    } else {
        terminal::read_file(file)
    };
    let bytes = bytes.map_err(|error| Error::file(format!("`--file {name}`"), error))?;
    // Not with the reader's own words, which may quote a secret.
    let read: Result<Option<Object>, _> = serde_yaml::from_slice(&bytes);
    let Ok(object) = read else {
        return Err(Error::invalid(format!(
            "`--file {name}` is not a list of `key: value` lines"
        )));
    };
    let mut object = object.unwrap_or_default();
    for (key, value) in &mut object {
        if !variant.hides(key) {
            continue;
        }
        match value {
            Value::String(text) => *text = kept(key, text)?,
            Value::Object(values) => {
                for (name, value) in values {
                    if let Value::String(text) = value {
                        *text = kept(name, text)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(object)
}

fn kept(key: &str, text: &str) -> Result<String> {
    let secret = settings::secret(&format!("`{key}`"), text)?;
    Ok(settings::exposed(&secret).to_owned())
}

/// Reads `KEY=VALUE`s into what there is already. A key with a dot leads into an object. A value that is
/// no secret may also be in a file, as long ones are.
pub(super) fn on_command_line(
    app: &App,
    pairs: &[String],
    variant: &Variant,
    given: &mut Object,
) -> Result<()> {
    for pair in pairs {
        let Some((key, text)) = pair.split_once('=') else {
            return Err(Error::invalid_with_hint(
                format!("`--set {pair}` gives no value"),
                "write `--set KEY=VALUE`",
            ));
        };
        let flag = format!("--set {key}");
        let text = if variant.hides(key) {
            settings::exposed(&app.secret(&flag, text)?).to_owned()
        } else if text.starts_with('@') {
            settings::exposed(&settings::secret(&flag, text)?).to_owned()
        } else {
            text.to_owned()
        };
        match key.split_once('.') {
            Some((outer, inner)) => {
                let object = given
                    .entry(outer)
                    .or_insert_with(|| Value::Object(Object::new()));
                match object {
                    Value::Object(object) => drop(object.insert(inner.to_owned(), text.into())),
                    other => *other = text.into(),
                }
            }
            None => drop(given.insert(key.to_owned(), text.into())),
        }
    }
    Ok(())
}
