//! Strings that have been checked: whoever holds one need not ask again.

use std::fmt;
use std::str::FromStr;

/// Length of a project reference, in letters.
const REF_LENGTH: usize = 20;

/// Longest name of a bucket, in characters (Storage API, `POST /bucket`).
const BUCKET_NAME_LENGTH: usize = 100;

/// The reference of a project: 20 lowercase letters, part of its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProjectRef(String);

impl ProjectRef {
    /// The reference as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for ProjectRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == REF_LENGTH && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Ok(Self(text.to_owned()));
        }
        Err(
            "a project reference is 20 lowercase letters; `supactl projects list` shows yours"
                .to_owned(),
        )
    }
}

/// The id of a signing key, of an SSO provider, of whatever the service numbers with UUIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uuid(String);

impl Uuid {
    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Uuid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split('-').collect();
        let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
        let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
        if lengths == [8, 4, 4, 4, 12] && parts.iter().all(hex) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(
            "an id looks like `0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901`; the list shows them"
                .to_owned(),
        )
    }
}

/// The name of a bucket, which is also its id.
///
/// The rules are those of the Storage API. Two more names are refused: `.` and `..` can be created
/// there but not addressed, because every HTTP client takes them for steps in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketName(String);

impl BucketName {
    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for BucketName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refusal = if text.is_empty() {
            "a bucket needs a name".to_owned()
        } else if text.chars().count() > BUCKET_NAME_LENGTH {
            format!(
                "a bucket's name has at most {BUCKET_NAME_LENGTH} characters, this one has {}",
                text.chars().count()
            )
        } else if text.trim() != text {
            "a bucket's name cannot begin or end with a space".to_owned()
        } else if let Some(bad) = text
            .chars()
            .find(|&character| !is_bucket_character(character))
        {
            format!(
                "a bucket's name cannot contain {bad:?}: letters without accents, digits, spaces and _ ! . * ' ( ) & $ @ = ; : + , ? - are allowed"
            )
        } else if matches!(text, "." | "..") {
            "a bucket of this name could not be addressed".to_owned()
        } else if text.ends_with("--table-s3") {
            "a bucket's name cannot end in `--table-s3`".to_owned()
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(refusal)
    }
}

fn is_bucket_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_!.*'() &$=@;:+,?-".contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_what_they_look_like() {
        for text in [
            "abcdefghijklmnopqrst",
            "0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d901",
        ] {
            let (reference, uuid) = (text.parse::<ProjectRef>(), text.parse::<Uuid>());
            assert_ne!(reference.is_ok(), uuid.is_ok(), "{text}");
            let shown = reference.map(|one| [one.to_string(), one.as_str().to_owned()]);
            let shown = shown.or(uuid.map(|one| [one.to_string(), one.as_str().to_owned()]));
            assert_eq!(shown.unwrap(), [text, text]);
        }
        for bad in [
            "abcdefghijklmnopqrs",
            "Abcdefghijklmnopqrst",
            "0b6f5c1e-8f0a-4a53-9f65-33b1f2a7d90g",
            "0b6f5c1e-8f0a-4a53-9f6-533b1f2a7d901",
            "abc",
        ] {
            assert!(bad.parse::<ProjectRef>().is_err(), "{bad}");
            assert!(bad.parse::<Uuid>().is_err(), "{bad}");
        }
        assert_eq!("a b".parse::<BucketName>().unwrap().to_string(), "a b");
    }

    #[test]
    fn bucket_names_follow_the_rules_of_the_service() {
        for good in [
            "a",
            "My Bucket.v1",
            "a?b",
            "a*b",
            "_!.*'() &$=@;:+,?-x",
            "...",
            &"x".repeat(100),
        ] {
            assert!(good.parse::<BucketName>().is_ok(), "{good:?}");
        }
        for bad in [
            "",
            " x",
            "x ",
            "a/b",
            "büro",
            "a%b",
            "a\nb",
            "a\0b",
            ".",
            "..",
            "x--table-s3",
            &"x".repeat(101),
        ] {
            assert!(bad.parse::<BucketName>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_that_passes_is_kept_as_it_is(name in "\\PC{0,30}") {
            if let Ok(bucket) = name.parse::<BucketName>() {
                prop_assert_eq!(bucket.as_str(), &name);
                prop_assert!(name.is_ascii());
            }
        }
    }
}
