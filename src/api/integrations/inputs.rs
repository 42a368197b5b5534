//! What an integration wants to know before it is set up: rows of a table, and how a value of each is read.

use serde_json::{Value, json};

use crate::api::mask::MASK;
use crate::api::record::Object;

/// One thing that is wanted.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) key: &'static str,
    pub(crate) kind: InputKind,
    pub(crate) required: bool,
}

/// What it looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum InputKind {
    Text,
    Secret,
    Flag,
    /// A whole number, from and to.
    Whole(i64, i64),
    Choice(&'static [&'static str]),
    /// `https://…`
    Address,
    /// Letters, digits, `-`, `_` and `.`: a piece of an address.
    Word,
    /// The address of Clerk's frontend API, without `https://`.
    ClerkDomain,
    /// Headers with their values, which may be secret.
    Headers,
    /// JSON.
    Json,
}

/// One of several kinds that an integration has, and what each wants.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) word: &'static str,
    pub(crate) inputs: &'static [Input],
    /// The service takes more than is written down: anything goes.
    pub(crate) open: bool,
}

impl Variant {
    /// Reads what was given.
    ///
    /// # Errors
    /// All that is wrong, in words that never repeat a secret.
    pub(crate) fn read(&self, given: &Object) -> Result<Object, String> {
        let (mut read, mut wrong) = (Object::new(), Vec::new());
        for (key, value) in given {
            match self.inputs.iter().find(|input| input.key == key) {
                Some(input) => match input.kind.read(value) {
                    Some(value) => drop(read.insert(key.clone(), value)),
                    None => wrong.push(format!("`{key}` takes {}", input.kind.words())),
                },
                None if self.open => drop(read.insert(key.clone(), value.clone())),
                None => wrong.push(format!("`{}` has no `{key}`", self.word)),
            }
        }
        let missing = self
            .inputs
            .iter()
            .filter(|input| input.required && !given.contains_key(input.key));
        let missing: Vec<_> = missing.map(|input| format!("`{}`", input.key)).collect();
        if !missing.is_empty() {
            wrong.push(format!("`{}` needs {}", self.word, missing.join(", ")));
        }
        if wrong.is_empty() {
            Ok(read)
        } else {
            Err(wrong.join("; "))
        }
    }

    /// All that it takes, for people.
    pub(crate) fn takes(&self) -> String {
        let inputs = self.inputs.iter().map(|input| {
            if input.required {
                input.key.to_owned()
            } else {
                format!("[{}]", input.key)
            }
        });
        let more = self
            .open
            .then(|| "anything that the service takes".to_owned());
        inputs.chain(more).collect::<Vec<_>>().join(", ")
    }

    /// Whether the value under a key is a secret, to be read from where it is kept. Headers are, each.
    pub(crate) fn hides(&self, key: &str) -> bool {
        let key = key.split('.').next().unwrap_or_default();
        match self.inputs.iter().find(|input| input.key == key) {
            Some(input) => matches!(input.kind, InputKind::Secret | InputKind::Headers),
            None => crate::api::mask::is_secret(key),
        }
    }
}

impl InputKind {
    fn words(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Secret => "a secret: `-`, `@FILE` or `env:NAME`".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Whole(from, to) => format!("a whole number from {from} to {to}"),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Address => "an address that begins with `https://`".to_owned(),
            Self::Word => "letters, digits, `-`, `_` and `.`".to_owned(),
            Self::ClerkDomain => {
                "a domain such as `clerk.example.com` or `name.clerk.accounts.dev`".to_owned()
            }
            Self::Headers => "headers: `headers.NAME=VALUE`".to_owned(),
            Self::Json => "JSON".to_owned(),
        }
    }

    fn read(self, value: &Value) -> Option<Value> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => return None,
            other => other.to_string(),
        };
        let scalar = !value.is_object() && !value.is_array();
        let plain = |fits: bool| (fits && scalar).then(|| json!(text));
        match self {
            Self::Text => plain(!text.is_empty()),
            Self::Secret => plain(!text.is_empty() && text != MASK),
            Self::Flag => text.parse::<bool>().ok().map(|flag| json!(flag)),
            Self::Whole(from, to) => {
                let number = text.trim().parse::<i64>().ok()?;
                (from..=to).contains(&number).then(|| json!(number))
            }
            Self::Choice(words) => plain(words.contains(&text.as_str())),
            Self::Address => plain(is_address(&text)),
            Self::Word => plain(is_word(&text)),
            Self::ClerkDomain => plain(is_clerk_domain(&text)),
            Self::Headers => {
                let headers = value.as_object()?;
                headers
                    .values()
                    .all(Value::is_string)
                    .then(|| value.clone())
            }
            Self::Json => match value {
                Value::String(text) => serde_json::from_str(text).ok(),
                other => Some(other.clone()),
            },
        }
    }
}

/// An address that may be asked: `https://`, or this machine.
fn is_address(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| {
        let safe =
            url.scheme() == "https" || url.scheme() == "http" && crate::api::is_loopback(&url);
        safe && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !text.starts_with('.')
        && !text.contains("..")
}

/// `clerk.example.com`, or `name.clerk.accounts.dev` while one is trying things out.
fn is_clerk_domain(text: &str) -> bool {
    let label = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let labels: Vec<_> = text.split('.').collect();
    if !labels.iter().all(|part| label(part)) {
        return false;
    }
    match text.strip_suffix(".clerk.accounts.dev") {
        Some(name) => !name.is_empty(),
        None => labels.first() == Some(&"clerk") && labels.len() >= 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_variant_takes_what_it_does_not_know() {
        let variant = |open: bool| Variant {
            word: "x",
            inputs: &[],
            open,
        };
        let given = Object::from_iter([("odd".to_owned(), json!([1]))]);
        assert_eq!(variant(true).read(&given), Ok(given.clone()));
        assert_eq!(
            variant(false).read(&given),
            Err("`x` has no `odd`".to_owned())
        );
    }

    #[test]
    fn text_is_one_value_with_something_in_it() {
        for kind in [InputKind::Text, InputKind::Secret] {
            assert_eq!(kind.read(&json!("a")), Some(json!("a")));
            assert_eq!(kind.read(&json!(5)), Some(json!("5")));
            for nothing in [json!(""), json!(["a"]), json!({"a": 1}), Value::Null] {
                assert_eq!(kind.read(&nothing), None, "{nothing}");
            }
        }
        assert_eq!(InputKind::Text.read(&json!(MASK)), Some(json!(MASK)));
        assert_eq!(InputKind::Secret.read(&json!(MASK)), None);
    }

    #[test]
    fn domains_of_clerk_are_its_own_or_begin_with_its_name() {
        for good in ["clerk.example.com", "happy-fox-1.clerk.accounts.dev"] {
            assert!(is_clerk_domain(good), "{good}");
        }
        for bad in [
            "",
            "clerk",
            "clerk.com",
            "example.clerk.com",
            ".clerk.accounts.dev",
            "clerk..com",
            "clerk.exa_mple.com",
            "Clerk.example.com",
        ] {
            assert!(!is_clerk_domain(bad), "{bad}");
        }
    }
}
