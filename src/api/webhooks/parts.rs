//! The parts of a webhook, checked before a trigger is made of them: a bad argument raises inside
//! the transaction of whoever writes to the table, so that every such write fails.
//!
//! Rules of Studio's form and of pg_net's source.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value};

/// Longest name in PostgreSQL, in bytes: it cuts longer ones without a word.
const NAME_BYTES: usize = 63;

/// The name of a new webhook, which is the name of its trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookName(String);

impl WebhookName {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebhookName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err("a webhook needs a name".to_owned());
        }
        if text.contains(|one: char| one.is_whitespace() || one.is_control()) {
            return Err("a webhook's name cannot contain white space".to_owned());
        }
        if text.len() > NAME_BYTES {
            let length = text.len();
            return Err(format!(
                "a webhook's name has at most {NAME_BYTES} bytes, this one has {length}"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A table with its schema, named exactly: nothing is folded to lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName {
    pub(crate) schema: String,
    pub(crate) name: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |name: &str| {
            if name.contains(['.', '"']) || name.is_empty() {
                format!("\"{}\"", name.replace('"', "\"\""))
            } else {
                name.to_owned()
            }
        };
        write!(formatter, "{}.{}", part(&self.schema), part(&self.name))
    }
}

impl FromStr for TableName {
    type Err = String;

    /// `schema.table`, or the table alone for one of `public`; a part with a dot stands in quotes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refusal = || {
            format!(
                "`{text}` is not a table: write `public.orders`, with quotes around a part that has a dot"
            )
        };
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (part, after) = first_part(rest).ok_or_else(refusal)?;
            parts.push(part);
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => break,
                None => return Err(refusal()),
            }
        }
        let fits =
            |part: &String| !part.is_empty() && part.len() <= NAME_BYTES && !part.contains('\0');
        if !parts.iter().all(fits) {
            return Err(refusal());
        }
        let named = |schema, name| Ok(Self { schema, name });
        match <[String; 2]>::try_from(parts) {
            Ok([schema, name]) => named(schema, name),
            Err(mut parts) if parts.len() == 1 => {
                named("public".to_owned(), parts.pop().unwrap_or_default())
            }
            Err(_) => Err(refusal()),
        }
    }
}

/// The first part of a dotted name, and what follows it.
fn first_part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        let (part, rest) = text.split_at(end);
        return (!part.contains('"')).then(|| (part.to_owned(), rest));
    };
    let mut part = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            // Two quotes are one that belongs to the name.
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Event {
    Insert,
    Update,
    Delete,
}

impl Event {
    pub(crate) const ALL: [Self; 3] = [Self::Insert, Self::Update, Self::Delete];

    /// The service's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// How the request is made. The trigger takes exactly these two words, in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum HookMethod {
    /// With the row as JSON
    #[value(name = "POST")]
    Post,
    /// Without a body
    #[value(name = "GET")]
    Get,
}

impl HookMethod {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Get => "GET",
        }
    }
}

/// Where deliveries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookUrl(String);

impl HookUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a domain, and one that is not of some network alone.
    pub(crate) fn is_public_domain(&self) -> bool {
        let url = reqwest::Url::parse(&self.0).ok();
        let host = url.as_ref().and_then(reqwest::Url::domain);
        host.is_some_and(|host| !is_private(host))
    }

    /// Why deliveries to it may not arrive, or not unseen.
    pub(crate) fn doubt(&self) -> Option<&'static str> {
        let url = reqwest::Url::parse(&self.0).ok()?;
        if is_private(url.host_str()?) {
            return Some(
                "the database sends from its own network, where this address leads to another machine or nowhere",
            );
        }
        (url.scheme() == "http")
            .then_some("without TLS anybody on the way can read rows and header values")
    }
}

impl FromStr for HookUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains(|one: char| one.is_whitespace() || one.is_control()) {
            return Err("an address cannot contain white space".to_owned());
        }
        let url = reqwest::Url::parse(text).map_err(|error| {
            format!("this is not an address ({error}): write `https://example.com/hook`")
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("an address starts with `https://` or `http://`".to_owned());
        }
        // Browsers, whose rules these are, mend what curl would take for another host or none.
        let rest = text.get(url.scheme().len()..).unwrap_or_default();
        let host = rest.strip_prefix("://").unwrap_or("/");
        if host.is_empty() || host.starts_with('/') || text.contains('\\') {
            return Err("the address names no host: write `https://example.com/hook`".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            // It would stand in the catalog and in every list; a header is at least masked.
            return Err(
                "an address with a name or password in it would be shown to all: pass `--header Authorization=env:NAME` instead"
                    .to_owned(),
            );
        }
        // What is no ASCII is not for curl, which sends the request: it gets the encoded form.
        let ascii = text.is_ascii() && text.to_ascii_lowercase().starts_with("http");
        Ok(Self(if ascii { text.to_owned() } else { url.into() }))
    }
}

/// Whether a host is one that means something else to the database than to whoever typed it.
fn is_private(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let [first, second, ..] = address.octets();
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
                || (first == 100 && (64..128).contains(&second))
        }
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => is_private(&address.to_string()),
            None => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            }
        },
        Err(_) => {
            let host = host.trim_end_matches('.');
            !host.contains('.')
                || [".localhost", ".local", ".internal"]
                    .iter()
                    .any(|end| host.to_ascii_lowercase().ends_with(end))
        }
    }
}

/// How long the receiver may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeliveryTimeout(u16);

impl DeliveryTimeout {
    /// What Studio fills in.
    pub(crate) const USUAL: Self = Self(5_000);

    pub(crate) fn milliseconds(self) -> u16 {
        self.0
    }
}

impl TryFrom<Duration> for DeliveryTimeout {
    type Error = String;

    fn try_from(time: Duration) -> Result<Self, Self::Error> {
        u16::try_from(time.as_millis())
            .ok()
            .filter(|time| (1_000..=10_000).contains(time))
            .map(Self)
            .ok_or_else(|| "a delivery may take from 1 s to 10 s".to_owned())
    }
}

/// A name of an HTTP header (RFC 9110, `token`).
pub(crate) fn header_name(name: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.is_empty() && name.bytes().all(fits) {
        return Ok(());
    }
    Err(format!("`{name}` is not the name of a header"))
}

/// The value of a header: never named in the refusal, since it may be a secret.
pub(crate) fn header_value(name: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("header `{name}` has no value"));
    }
    // A line break would begin a header of its own; PostgreSQL takes no NUL.
    if value.contains(|one: char| one.is_control() && one != '\t') {
        return Err(format!(
            "the value of header `{name}` has a control character in it"
        ));
    }
    Ok(())
}

/// Checks the headers of a request as a whole.
///
/// pg_net raises for a POST whose content type is anything else, in the transaction of the writer.
pub(crate) fn headers(headers: &Map<String, Value>, method: HookMethod) -> Result<(), String> {
    let mut seen = Vec::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        if seen.contains(&lower) {
            return Err(format!("header `{name}` is given twice"));
        }
        if lower == "content-type"
            && method == HookMethod::Post
            && value.as_str() != Some("application/json")
        {
            return Err(
                "the content type of a POST must be exactly `application/json`: with any other one every write to the table would fail"
                    .to_owned(),
            );
        }
        seen.push(lower);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_has_as_many_bytes_as_the_database_keeps() {
        let longest = "a".repeat(NAME_BYTES);
        assert!(longest.parse::<WebhookName>().is_ok());
        assert!("é".parse::<WebhookName>().is_ok());
        for bad in ["", "a b", "a\tb", &format!("{longest}a")] {
            assert!(bad.parse::<WebhookName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_are_checked_for_what_pg_net_would_make_of_them() {
        for (text, kept) in [
            ("https://example.com/hook", "https://example.com/hook"),
            ("https://example.com", "https://example.com"),
            (
                "HTTPS://Example.com/Hook?a=b%20c",
                "HTTPS://Example.com/Hook?a=b%20c",
            ),
            (
                "https://bücher.example/ü",
                "https://xn--bcher-kva.example/%C3%BC",
            ),
        ] {
            assert_eq!(text.parse::<HookUrl>().unwrap().as_str(), kept);
        }
        for bad in [
            "",
            "example.com/hook",
            "ftp://example.com",
            "https://",
            "https:///hook",
            "https:example.com",
            "https:/example.com",
            "https://example.com\\@evil.example",
            "javascript:alert(1)",
            "https://name:secret@example.com/",
            "https://name@example.com/",
            "https://example.com/a b",
            "https://example.com/\n",
            " https://example.com",
        ] {
            let refused = bad.parse::<HookUrl>();
            assert!(
                refused.is_err_and(|message| !message.contains("secret")),
                "{bad}"
            );
        }
    }

    #[test]
    fn addresses_that_mean_another_machine_there_are_doubted() {
        for host in [
            "localhost:3000",
            "127.0.0.1",
            "[::1]",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:127.0.0.1]",
            "nas",
            "printer.local",
            "db.internal",
            "x.localhost.",
        ] {
            let url: HookUrl = format!("https://{host}/").parse().unwrap();
            assert!(
                url.doubt().is_some_and(|why| why.contains("network")),
                "{host}"
            );
        }
        for host in ["example.com", "8.8.8.8", "100.128.0.1", "[2001:db8::1]"] {
            let url: HookUrl = format!("https://{host}/").parse().unwrap();
            assert_eq!(url.doubt(), None, "{host}");
        }
        let plain: HookUrl = "http://example.com/".parse().unwrap();
        assert!(plain.doubt().unwrap().contains("TLS"));
    }

    #[test]
    fn tables_are_read_with_and_without_quotes() {
        for (text, schema, name) in [
            ("orders", "public", "orders"),
            ("shop.Orders", "shop", "Orders"),
            (r#"public."a.b""#, "public", "a.b"),
            (r#""we""ird"."x""#, r#"we"ird"#, "x"),
            ("public.order items", "public", "order items"),
        ] {
            let table: TableName = text.parse().unwrap();
            assert_eq!((table.schema.as_str(), table.name.as_str()), (schema, name));
        }
        for bad in [
            "",
            ".",
            "a.",
            ".b",
            "a.b.c",
            "\"a",
            "\"a\"b",
            "a\"b",
            &"x".repeat(64),
        ] {
            assert!(bad.parse::<TableName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_and_content_types_have_their_limits() {
        for (time, fits) in [
            (999, false),
            (1_000, true),
            (10_000, true),
            (10_001, false),
            (70_000, false),
        ] {
            assert_eq!(
                DeliveryTimeout::try_from(Duration::from_millis(time)).is_ok(),
                fits,
                "{time}"
            );
        }
        let check = |text: &Value, method| headers(text.as_object().unwrap(), method);
        assert!(
            check(
                &json!({"content-type": "application/json"}),
                HookMethod::Post
            )
            .is_ok()
        );
        for kind in [
            "application/json; charset=utf-8",
            "Application/json",
            "text/plain",
        ] {
            let given = json!({"Content-Type": kind});
            assert!(check(&given, HookMethod::Post).is_err(), "{kind}");
            assert!(check(&given, HookMethod::Get).is_ok(), "{kind}");
        }
        assert!(check(&json!({"X-A": "1", "x-a": "2"}), HookMethod::Get).is_err());
        for bad in ["", "a b", "a:b", "ü", "a\n"] {
            assert!(header_name(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "a\r\nX-Other: b", "a\0"] {
            let message = header_value("X", bad).unwrap_err();
            assert!(!message.contains("Other"), "{message}");
        }
        assert!(header_value("X", "quo\"te \\ ü\t'").is_ok());
    }

    proptest! {
        #[test]
        fn every_table_can_be_named(schema in "[^\0]{1,15}", name in "[^\0]{1,15}") {
            let table = TableName { schema, name };
            let text = format!("\"{}\".\"{}\"", table.schema.replace('"', "\"\""), table.name.replace('"', "\"\""));
            prop_assert_eq!(text.parse::<TableName>(), Ok(table.clone()));
            // As it is shown it can be typed again.
            prop_assert_eq!(table.to_string().parse::<TableName>(), Ok(table));
        }

        #[test]
        fn no_name_is_changed(text in "\\PC{0,70}") {
            if let Ok(name) = text.parse::<WebhookName>() {
                prop_assert_eq!(name.as_str(), &text);
                prop_assert!(text.len() <= 63);
            }
        }
    }
}
