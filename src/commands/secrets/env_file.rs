//! Files with a line `NAME=value` for each secret, as every tool around functions reads them.
//!
//! Nothing is put in for `$NAME`: a secret may have a dollar in it.

use std::path::Path;

use secrecy::SecretString;

use crate::api::SecretName;
use crate::error::{Error, Result};

/// What was in a file.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) secrets: Vec<(SecretName, SecretString)>,
    /// Names that only the platform sets.
    pub(super) passed_over: Vec<String>,
}

/// Reads a file. No value of it is ever in an error.
pub(super) fn read(file: &Path) -> Result<Found> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::file(format!("--env-file {name}"), error))?;
    let pairs = parse(&text)
        .map_err(|(line, problem)| Error::invalid(format!("{name}, line {line}: {problem}")))?;
    let mut found = Found::default();
    for (key, value) in pairs {
        if SecretName::is_of_platform(&key) {
            found.passed_over.push(key);
            continue;
        }
        let key = key
            .parse()
            .map_err(|problem| Error::invalid(format!("{name}: {problem}")))?;
        found.secrets.push((key, SecretString::from(value)));
    }
    Ok(found)
}

/// Of each name the last one, in the order of the first ones.
pub(super) fn keep_last(secrets: &mut Vec<(SecretName, SecretString)>) {
    let mut kept: Vec<(SecretName, SecretString)> = Vec::with_capacity(secrets.len());
    for (name, value) in secrets.drain(..) {
        match kept.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => kept.push((name, value)),
        }
    }
    *secrets = kept;
}

/// Names and values, or the line that is wrong and why.
fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, &'static str)> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut pairs = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let line = text[..text.len() - rest.len()].matches('\n').count() + 1;
        let here = rest.trim_start_matches([' ', '\t']);
        if here.starts_with(['#', '\n']) || here.is_empty() {
            rest = after_line(here);
            continue;
        }
        let here = here.strip_prefix("export ").unwrap_or(here);
        let (end, equals) = here
            .char_indices()
            .find(|(_, one)| matches!(one, '=' | '\n'))
            .unwrap_or((here.len(), '\n'));
        if equals == '\n' {
            return Err((line, "write it as NAME=value"));
        }
        let (value, after) = value(&here[end + 1..]).map_err(|problem| (line, problem))?;
        pairs.push((here[..end].trim().to_owned(), value));
        rest = after;
    }
    Ok(pairs)
}

/// What is wrong with a quote that nothing ends.
const OPEN: &str = "a quote is not closed";

/// A value, and what comes after its line. Double quotes know `\n` and the like, single ones do not,
/// both may hold line breaks; without any, a value ends at its line or at ` #`.
fn value(text: &str) -> Result<(String, &str), &'static str> {
    let inside = text.trim_start_matches([' ', '\t']);
    if let Some(quoted) = inside.strip_prefix('\'') {
        let end = quoted.find('\'').ok_or(OPEN)?;
        return Ok((quoted[..end].to_owned(), after_quote(&quoted[end + 1..])?));
    }
    if let Some(quoted) = inside.strip_prefix('"') {
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => return Ok((value, after_quote(&quoted[at + 1..])?)),
                '\\' => match letters.next().ok_or(OPEN)?.1 {
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    't' => value.push('\t'),
                    other => value.push(other),
                },
                other => value.push(other),
            }
        }
        return Err(OPEN);
    }
    // With the blanks before it: a comment may be all that comes after the equals sign.
    let line = text.split('\n').next().unwrap_or_default();
    let value = [" #", "\t#"].iter().fold(line, |line, mark| {
        line.split(mark).next().unwrap_or_default()
    });
    Ok((value.trim().to_owned(), after_line(text)))
}

/// What comes after the line of a value in quotes, which nothing but a comment may follow.
fn after_quote(text: &str) -> Result<&str, &'static str> {
    let here = text.trim_start_matches([' ', '\t']);
    if here.is_empty() || here.starts_with(['#', '\n']) {
        return Ok(after_line(here));
    }
    Err("something follows the closing quote; write `\\\"` for a quote inside of double ones")
}

fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read_as_other_tools_read_them() {
        let text = "\u{feff}# a comment\r\nA=1\r\n\n export B = two words  # said\nC='$x # \\n'\nD=\"a\\n\\\"b\\\"\nc\" # more\nE=\nF=a#b=c\nG=\"\"";
        let pairs = parse(text).unwrap();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("A", "1"),
                ("B", "two words"),
                ("C", "$x # \\n"),
                ("D", "a\n\"b\"\nc"),
                ("E", ""),
                ("F", "a#b=c"),
                ("G", "")
            ]
        );
        let empty = |name: &str| Ok(vec![(name.to_owned(), String::new())]);
        assert_eq!(parse("A= # note"), empty("A"));
        assert_eq!(parse("A=\t# note\n"), empty("A"));
        for text in ["A=1\nB='it'x\nC=2", "A=1\nC=\"abc\"def", "A=1\nC=\"\" \"\""] {
            let (line, problem) = parse(text).unwrap_err();
            assert!(line == 2 && problem.starts_with("something follows"));
        }
        assert_eq!(parse("A=1\nB"), Err((2, "write it as NAME=value")));
        assert_eq!(parse("A=1\n\nB=\"x\n"), Err((3, "a quote is not closed")));
    }

    proptest! {
        #[test]
        fn a_quoted_value_comes_back(value in "\\PC{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let pairs = parse(&format!("A=\"{quoted}\"\nB=2")).unwrap();
            prop_assert_eq!(pairs, [("A".to_owned(), value), ("B".to_owned(), "2".to_owned())]);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[A-Z=\"'#\\\\ \n\r]{0,60}") {
            let _ = parse(&text);
        }
    }
}
