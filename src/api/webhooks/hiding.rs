//! What may be shown of a webhook: header values never, parameters unless their names say more.

use serde_json::{Map, Value, json};

use crate::api::mask::{self, MASK};

/// What is found in the names of headers and parameters that carry secrets (those of the service, and our own).
const TELLING: [&str; 6] = ["secret", "token", "key", "pass", "auth", "sig"];

/// Whether a name says that the value is a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    mask::is_secret(&name) || TELLING.iter().any(|part| name.contains(part))
}

/// All values hidden.
pub(super) fn all(object: &Map<String, Value>) -> Map<String, Value> {
    object
        .keys()
        .map(|name| (name.clone(), json!(MASK)))
        .collect()
}

/// Values hidden whose names say that they are secrets.
pub(super) fn params(object: &Map<String, Value>) -> Map<String, Value> {
    object
        .iter()
        .map(|(name, value)| {
            let value = if is_secret(name) {
                json!(MASK)
            } else {
                value.clone()
            };
            (name.clone(), value)
        })
        .collect()
}

/// An address without its password and without the secrets in its query; all else as it was written.
pub(crate) fn url(text: &str) -> String {
    let (address, fragment) = match text.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (text, None),
    };
    let (base, query) = match address.split_once('?') {
        Some((base, query)) => (base, Some(query)),
        None => (address, None),
    };
    let mut shown = without_password(base);
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(pair).collect();
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    if let Some(fragment) = fragment {
        shown.push('#');
        shown.push_str(fragment);
    }
    shown
}

fn without_password(base: &str) -> String {
    let Some((scheme, rest)) = base.split_once("://") else {
        return base.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{MASK}@{host}{path}"),
        None => base.to_owned(),
    }
}

fn pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) if is_secret(name) && !value.is_empty() => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

/// A text of somebody else's without the secrets that they were sent.
pub(super) fn without(text: &str, secrets: &[String]) -> String {
    // The longest first: one may be the beginning of another.
    let mut secrets: Vec<&String> = secrets.iter().filter(|secret| !secret.is_empty()).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let mut text = text.to_owned();
    for secret in secrets {
        text = text.replace(secret.as_str(), MASK);
        // As a receiver that echoes JSON writes it.
        let escaped = json!(secret).to_string();
        text = text.replace(escaped.trim_matches('"'), MASK);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (text, shown) in [
            ("https://x.y/a?b=c#d", "https://x.y/a?b=c#d"),
            (
                "https://x.y/?apikey=1&b=c&access_token=2",
                "https://x.y/?apikey=********&b=c&access_token=********",
            ),
            ("https://me:pw@x.y/a@b", "https://********@x.y/a@b"),
            ("nonsense", "nonsense"),
            ("", ""),
        ] {
            assert_eq!(url(text), shown);
        }
    }

    #[test]
    fn what_a_receiver_echoes_is_hidden() {
        let secrets = ["abc".to_owned(), "abc\"d".to_owned(), String::new()];
        assert_eq!(
            without(r#"{"x":"abc\"d","y":"abc"} abc"d"#, &secrets),
            r#"{"x":"********","y":"********"} ********"#
        );
    }
}
