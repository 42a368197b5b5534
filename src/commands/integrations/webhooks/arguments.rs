//! What several of the webhook commands take, checked before anything is sent.

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::api::webhooks::{self, DeliveryTimeout, HookUrl, TableName};
use crate::api::{ProjectRef, Record, Slug};
use crate::app::App;
use crate::cli;
use crate::error::{Error, Result};
use crate::settings;

/// Which webhook is meant.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Name of the webhook
    pub(super) name: String,

    /// Its table, where several have a webhook of this name
    #[arg(long, value_name = "SCHEMA.TABLE")]
    pub(super) table: Option<TableName>,
}

/// Reads `NAME: VALUE`, `NAME=-`, `NAME=@FILE` and `NAME=env:VARIABLE`.
///
/// No refusal repeats what was given: it may be a secret.
pub(super) fn headers(app: &App, given: &[String]) -> Result<Map<String, Value>> {
    if given.iter().filter(|header| header.ends_with("=-")).count() > 1 {
        return Err(Error::invalid(
            "standard input can be the value of one header only",
        ));
    }
    let mut headers = Map::new();
    for header in given {
        let (name, value) = header_of(app, header)?;
        webhooks::header_name(&name).map_err(Error::invalid)?;
        webhooks::header_value(&name, &value).map_err(Error::invalid)?;
        if headers.insert(name.clone(), json!(value)).is_some() {
            return Err(Error::invalid(format!("header `{name}` is given twice")));
        }
    }
    Ok(headers)
}

fn header_of(app: &App, header: &str) -> Result<(String, String)> {
    let Some(at) = header.find([':', '=']) else {
        return Err(Error::invalid_with_hint(
            "a header has a name and a value",
            "write `--header 'X-Env: prod'`, or `--header Authorization=env:NAME` for a secret (also `=-` and `=@FILE`)",
        ));
    };
    let (name, value) = (header[..at].trim().to_owned(), &header[at + 1..]);
    if header[at..].starts_with('=') {
        let value = app.secret("--header", value)?;
        return Ok((name, settings::exposed(&value).to_owned()));
    }
    if webhooks::is_secret(&name) {
        app.warn_of_typed("--header", value);
    }
    Ok((name, value.trim().to_owned()))
}

/// Reads `NAME=VALUE`.
pub(super) fn params(given: &[String]) -> Result<Map<String, Value>> {
    let mut params = Map::new();
    for param in given {
        let pair = param.split_once('=');
        let Some((name, value)) =
            pair.filter(|(name, value)| !name.is_empty() && !value.is_empty())
        else {
            return Err(Error::invalid_with_hint(
                "a parameter has a name and a value",
                "write `--param page=1`",
            ));
        };
        if param.contains('\0') {
            return Err(Error::invalid("PostgreSQL takes no NUL character"));
        }
        if params.insert(name.to_owned(), json!(value)).is_some() {
            return Err(Error::invalid(format!("parameter `{name}` is given twice")));
        }
    }
    Ok(params)
}

/// The address of a webhook: the one that was given, or that of a function of the project.
pub(super) async fn address(
    app: &App,
    project: &ProjectRef,
    url: Option<&HookUrl>,
    function: Option<&Slug>,
    headers: &Map<String, Value>,
) -> Result<Option<String>> {
    if let Some(url) = url {
        // The sandbox's database sends from this machine.
        if let Some(doubt) = url.doubt().filter(|_| !app.settings().sandbox) {
            app.say(&format!("The address is taken as it is, but {doubt}"));
        }
        return Ok(Some(url.as_str().to_owned()));
    }
    let Some(slug) = function else {
        return Ok(None);
    };
    let signed = headers
        .keys()
        .any(|name| name.eq_ignore_ascii_case("authorization"));
    let function = app.api()?.function(project, slug).await?;
    // The service's own default is to ask.
    let asks = function.object().get("verify_jwt") != Some(&json!(false));
    if asks && !signed {
        return Err(Error::invalid_with_hint(
            format!(
                "function `{slug}` requires a token, so it would refuse every delivery without one"
            ),
            "pass `--header Authorization=env:NAME` with `Bearer <KEY>`, or deploy the function with `--no-verify-jwt`",
        ));
    }
    let gateway = &app.settings().project_url;
    let gateway = if gateway.is_empty() {
        settings::PROJECT_URL
    } else {
        gateway
    };
    let gateway = gateway.replace("{ref}", project.as_str());
    Ok(Some(format!(
        "{}/functions/v1/{slug}",
        gateway.trim_end_matches('/')
    )))
}

/// Reads how long a receiver may take.
pub(super) fn delivery_timeout(text: &str) -> Result<DeliveryTimeout, String> {
    cli::duration(text).and_then(DeliveryTimeout::try_from)
}

/// Reads an age, which may be in days or weeks.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let days = |number: &str, days: u64| {
        number
            .parse()
            .ok()
            .and_then(|count: u64| count.checked_mul(days))
    };
    let days = match (text.strip_suffix('d'), text.strip_suffix('w')) {
        (Some(number), _) => days(number, 1),
        (_, Some(number)) => days(number, 7),
        (None, None) => None,
    };
    let refusal = |_| format!("`{text}` is not an age: write `30d`, `2w` or `12h`");
    // A thousand years are enough, and no sum overflows.
    match days.filter(|days| (1..=365_000).contains(days)) {
        Some(days) => Ok(Duration::from_secs(days * 24 * 60 * 60)),
        None => cli::duration(text).map_err(refusal),
    }
}

/// Reads a time, or how long ago it was.
pub(super) fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let ago = age(text).map_err(|_| {
        format!("`{text}` is not a time: write `30m`, `2d` or `2026-11-22T09:30:00Z`")
    })?;
    let ago = SignedDuration::try_from(ago).map_err(|error| error.to_string())?;
    Timestamp::now()
        .checked_sub(ago)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_as_people_write_them() {
        for (text, hours) in [("30d", 720), ("2w", 336), ("12h", 12), ("90m", 1)] {
            assert_eq!(age(text).unwrap().as_secs() / 3600, hours, "{text}");
        }
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "1y",
            "99999999999999999999d",
            "9999999d",
            "1.5d",
        ] {
            assert!(age(text).is_err(), "{text}");
        }
        assert!(since("2026-11-22T09:30:00Z").is_ok() && since("365000d").is_err_or_old());
        assert!(since("yesterday").is_err());
    }

    trait Old {
        fn is_err_or_old(&self) -> bool;
    }

    impl Old for Result<Timestamp, String> {
        fn is_err_or_old(&self) -> bool {
            self.as_ref()
                .map_or(true, |time| *time < Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn parameters_have_names_and_values() {
        let given =
            |text: &[&str]| params(&text.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            json!(given(&["a=b=c", "d=e"]).unwrap()),
            json!({"a": "b=c", "d": "e"})
        );
        for bad in [&["a"][..], &["=b"], &["a="], &["a=1", "a=2"], &["a=\0"]] {
            assert!(given(bad).is_err(), "{bad:?}");
        }
    }
}
