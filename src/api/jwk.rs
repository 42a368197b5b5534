//! Private keys that somebody brings along, as JSON Web Keys: checked before they are sent, and never
//! shown.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::signing_keys::Algorithm;

/// A `kty`, how such a key signs, and the members that it must have, with their value where there is
/// one only.
type Kind = (
    &'static str,
    Algorithm,
    &'static [(&'static str, Option<&'static str>)],
);

/// What each kind of key must have besides `kty`, with the values that the service fixes (Management
/// API, create body of the signing keys).
const KINDS: &[Kind] = &[
    (
        "EC",
        Algorithm::Es256,
        &[
            ("crv", Some("P-256")),
            ("x", None),
            ("y", None),
            ("d", None),
        ],
    ),
    (
        "RSA",
        Algorithm::Rs256,
        &[
            ("n", None),
            ("e", Some("AQAB")),
            ("d", None),
            ("p", None),
            ("q", None),
            ("dp", None),
            ("dq", None),
            ("qi", None),
        ],
    ),
    ("oct", Algorithm::Hs256, &[("k", None)]),
];

/// What any key may have besides: the service takes nothing else.
const COMMON: &[&str] = &["kid", "use", "key_ops", "ext", "alg"];

/// The shortest secret that the service takes for HS256, in characters.
const SHORTEST_SECRET: usize = 16;

/// Reads a private key and tells how it signs. No part of the key is in what a refusal says.
pub(crate) fn check(text: &SecretString) -> Result<Algorithm, String> {
    let key: Map<String, Value> = serde_json::from_str(text.expose_secret())
        .map_err(|_| "it is not a JSON Web Key: a JSON object with `kty` is expected; `openssl` files must be converted first".to_owned())?;
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = text("kty");
    let Some((_, algorithm, members)) = KINDS.iter().find(|(name, ..)| *name == kind) else {
        let known: Vec<_> = KINDS.iter().map(|(name, ..)| format!("`{name}`")).collect();
        return Err(format!("its `kty` must be one of {}", known.join(", ")));
    };
    for (name, fixed) in *members {
        match (text(name), fixed) {
            ("", _) => {
                let public = *name == "d" && *algorithm != Algorithm::Hs256;
                let reason = if public { ": this is a public key" } else { "" };
                return Err(format!("its `{name}` is missing{reason}"));
            }
            (given, Some(fixed)) if given != *fixed => {
                return Err(format!("its `{name}` must be `{fixed}`"));
            }
            (given, None) if !is_base64url(given) => {
                return Err(format!("its `{name}` is not base64url"));
            }
            _ => {}
        }
    }
    if *algorithm == Algorithm::Hs256 && text("k").len() < SHORTEST_SECRET {
        return Err(format!(
            "its `k` is shorter than {SHORTEST_SECRET} characters"
        ));
    }
    let odd = key.keys().find(|name| {
        let name = name.as_str();
        name != "kty" && !COMMON.contains(&name) && !members.iter().any(|(known, _)| *known == name)
    });
    if let Some(odd) = odd {
        return Err(format!("the service does not take its `{odd}`"));
    }
    check_common(&key, *algorithm)?;
    Ok(*algorithm)
}

/// What the service fixes of the members that any key may have.
fn check_common(key: &Map<String, Value>, algorithm: Algorithm) -> Result<(), String> {
    if key.get("alg").is_some_and(|alg| alg != algorithm.as_str()) {
        return Err(format!("its `alg` must be `{}`", algorithm.as_str()));
    }
    if key.get("use").is_some_and(|usage| usage != "sig") {
        return Err("its `use` must be `sig`".to_owned());
    }
    if key.get("ext").is_some_and(|ext| ext != true) {
        return Err("its `ext` must be true".to_owned());
    }
    let uuid = |id: &Value| {
        id.as_str()
            .is_some_and(|id| id.parse::<super::Uuid>().is_ok())
    };
    if key.get("kid").is_some_and(|id| !uuid(id)) {
        return Err("its `kid` must be a UUID; without one the service makes it up".to_owned());
    }
    let both = |uses: &Value| {
        uses.as_array().is_some_and(|uses| {
            uses.len() == 2 && uses.contains(&"sign".into()) && uses.contains(&"verify".into())
        })
    };
    if key.get("key_ops").is_some_and(|uses| !both(uses)) {
        return Err("its `key_ops` must be `sign` and `verify`".to_owned());
    }
    Ok(())
}

fn is_base64url(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The key for the body of a request.
pub(super) fn exposed(text: &SecretString) -> Value {
    serde_json::from_str(text.expose_secret()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn checked(key: &Value) -> Result<Algorithm, String> {
        check(&SecretString::from(key.to_string()))
    }

    #[test]
    fn each_kind_of_key_is_known() {
        let ec = json!({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ", "d": "ZA", "alg": "ES256", "use": "sig",
            "key_ops": ["sign", "verify"], "ext": true, "kid": "0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901"});
        assert_eq!(checked(&ec), Ok(Algorithm::Es256));
        let rsa = json!({"kty": "RSA", "n": "bg", "e": "AQAB", "d": "ZA", "p": "cA", "q": "cQ", "dp": "ZHA", "dq": "ZHE", "qi": "cWk"});
        assert_eq!(checked(&rsa), Ok(Algorithm::Rs256));
        assert_eq!(
            checked(&json!({"kty": "oct", "k": "0123456789abcdef"})),
            Ok(Algorithm::Hs256)
        );
    }

    #[test]
    fn a_key_without_its_private_part_is_called_public() {
        let missing = |key: Value| checked(&key).unwrap_err();
        let ec = json!({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"});
        assert_eq!(missing(ec), "its `d` is missing: this is a public key");
        let ec = json!({"kty": "EC", "crv": "P-256", "y": "eQ", "d": "ZA"});
        assert_eq!(missing(ec), "its `x` is missing");
        assert_eq!(missing(json!({"kty": "oct"})), "its `k` is missing");
    }

    #[test]
    fn what_is_wrong_is_named_and_nothing_is_quoted() {
        let ec = |key: &str, value: Value| {
            let mut ec =
                json!({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ", "d": "c2VjcmV0"});
            ec[key] = value;
            checked(&ec).unwrap_err()
        };
        for (key, value, word) in [
            ("kty", json!("OKP"), "`kty`"),
            ("crv", json!("P-384"), "`P-256`"),
            ("d", json!(""), "public key"),
            ("d", json!("c2Vj cmV0"), "base64url"),
            ("d", json!(["c2VjcmV0"]), "missing"),
            ("alg", json!("RS256"), "`ES256`"),
            ("use", json!("enc"), "`sig`"),
            ("ext", json!(false), "true"),
            ("kid", json!("mine"), "UUID"),
            ("key_ops", json!(["sign"]), "`verify`"),
            ("key_ops", json!(["verify"]), "`verify`"),
            ("key_ops", json!(["verify", "verify"]), "`verify`"),
            ("key_ops", json!(["sign", "verify", "wrapKey"]), "`verify`"),
            ("x", json!(""), "`x` is missing"),
            ("x5c", json!(["c2VjcmV0"]), "`x5c`"),
        ] {
            let problem = ec(key, value);
            assert!(problem.contains(word), "{problem}");
            assert!(!problem.contains("c2Vj"), "{problem}");
        }
        assert!(
            checked(&json!({"kty": "oct", "k": "short"}))
                .unwrap_err()
                .contains("16")
        );
        for text in ["", "null", "[]", "-----BEGIN PRIVATE KEY-----"] {
            assert!(
                check(&SecretString::from(text))
                    .unwrap_err()
                    .contains("JSON Web Key")
            );
        }
    }

    proptest! {
        #[test]
        fn no_refusal_quotes_a_value(secret in "[A-Za-z0-9]{24}", member in "[a-z]{1,3}") {
            for key in [json!({"kty": "EC", member.as_str(): secret}), json!({"kty": secret}), json!({"kty": "oct", "k": "x", "alg": secret})] {
                if let Err(problem) = checked(&key) {
                    prop_assert!(!problem.contains(&secret), "{}", problem);
                }
            }
        }
    }
}
