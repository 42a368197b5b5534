//! The text in which Prometheus is told numbers (`name{label="value"} 1.5`), as far as a scrape needs it.
//!
//! Read leniently: a line that is none is passed over, and NaN is no value. Nothing is copied: a
//! scrape is 300 KB, of which a few dozen lines are wanted.

use std::borrow::Cow;
use std::collections::HashMap;

/// One number of a scrape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample<'a> {
    /// What is between the braces, as it stands.
    labels: &'a str,
    /// May be infinite; never NaN.
    pub(crate) value: f64,
}

/// A whole scrape.
#[derive(Debug, Default)]
pub(crate) struct Scrape<'a> {
    families: HashMap<&'a str, Vec<Sample<'a>>>,
    /// Lines that could not be understood.
    odd: usize,
}

impl<'a> Scrape<'a> {
    /// Reads a scrape.
    pub(crate) fn read(text: &'a str) -> Self {
        let mut families: HashMap<&'a str, Vec<Sample<'a>>> = HashMap::with_capacity(512);
        let mut odd = 0;
        // Series of one name stand together, so that it is looked up once.
        let mut last: Option<(&'a str, Vec<Sample<'a>>)> = None;
        for line in text.split('\n') {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, sample)) = read_line(line) else {
                odd += 1;
                continue;
            };
            if sample.value.is_nan() {
                continue;
            }
            match &mut last {
                Some((known, samples)) if *known == name => samples.push(sample),
                _ => {
                    if let Some((name, samples)) = last.replace((name, vec![sample])) {
                        families.entry(name).or_default().extend(samples);
                    }
                }
            }
        }
        if let Some((name, samples)) = last {
            families.entry(name).or_default().extend(samples);
        }
        Self { families, odd }
    }

    /// The series of a name, in the order in which they came.
    pub(crate) fn series(&self, name: &str) -> &[Sample<'a>] {
        self.families.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether any series is lower than it was.
    pub(crate) fn fell_since(&self, before: &Scrape<'_>) -> bool {
        self.families.iter().any(|(name, samples)| {
            let earlier = before.series(name);
            samples.iter().any(|sample| {
                earlier
                    .iter()
                    .any(|one| one.labels == sample.labels && sample.value < one.value)
            })
        })
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    /// Lines that could not be understood.
    pub(crate) fn odd(&self) -> usize {
        self.odd
    }
}

impl<'a> Sample<'a> {
    /// The value of a label, if it has it.
    pub(crate) fn label(&self, wanted: &str) -> Option<Cow<'a, str>> {
        Labels(self.labels)
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| unescaped(value))
    }

    /// What tells it from other series of its name, as it stands.
    pub(crate) fn labels(&self) -> &'a str {
        self.labels
    }
}

/// `name{labels} value [timestamp]`
fn read_line(line: &str) -> Option<(&str, Sample<'_>)> {
    let bytes = line.as_bytes();
    let end = bytes
        .iter()
        .position(|byte| !is_of_name(*byte))
        .unwrap_or(bytes.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let rest = rest.trim_ascii_start();
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => {
            let close = closing(inside)?;
            (&inside[..close], &inside[close + 1..])
        }
        None if rest.len() == line.len() - end => return None,
        None => ("", rest),
    };
    let value = rest.split_ascii_whitespace().next()?;
    let value = value.parse().ok()?;
    Some((name, Sample { labels, value }))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// Where the labels end: a brace outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut quoted = false;
    while at < bytes.len() {
        match (bytes[at], quoted) {
            (b'"', _) => quoted = !quoted,
            (b'\\', true) => at += 1,
            (b'}', false) => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Labels one by one: the name, and the value between its quotes as it stands.
struct Labels<'a>(&'a str);

impl<'a> Iterator for Labels<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.trim_ascii_start();
        let (name, rest) = text.split_once('=')?;
        let rest = rest.trim_ascii_start().strip_prefix('"')?;
        let bytes = rest.as_bytes();
        let mut end = 0;
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let after = rest[end + 1..].trim_ascii_start();
        self.0 = after.strip_prefix(',').unwrap_or(after);
        Some((name.trim_ascii(), &rest[..end]))
    }
}

/// `\\`, `\"` and `\n` as what they stand for.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            (plain, false) => text.push(plain),
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, name: &str) -> Option<f64> {
        Scrape::read(text).series(name).first().map(|one| one.value)
    }

    #[test]
    fn every_kind_of_line_is_read() {
        let text = "# HELP a What it is.\n# TYPE a gauge\na 1\na{} 2 1793534400000\na{x=\"1\",} 3e2\n\r\n  b\t+Inf\nc{le=\"+Inf\"} 4 # {trace=\"x\"} 1\n";
        let scrape = Scrape::read(text);
        let values: Vec<_> = scrape.series("a").iter().map(|one| one.value).collect();
        assert_eq!(values, [1.0, 2.0, 300.0]);
        assert!(scrape.series("b")[0].value.is_infinite());
        assert_eq!(scrape.series("c")[0].label("le").as_deref(), Some("+Inf"));
        assert_eq!((scrape.odd(), scrape.series("d").len()), (0, 0));
    }

    #[test]
    fn what_is_not_a_number_is_not_there() {
        assert_eq!(value("a NaN\n", "a"), None);
        assert_eq!(value("a{b=\"c\"} NaN\na 2\n", "a"), Some(2.0));
        assert!(Scrape::read("# only talk\n").is_empty());
    }

    #[test]
    fn lines_that_are_none_are_passed_over() {
        let odd = "a\na one\n{x=\"y\"} 1\n1a 2\na{x=\"y} 3\n<html>\n\"quoted name\" 1\na-5\n";
        let scrape = Scrape::read(odd);
        assert_eq!((scrape.odd(), scrape.is_empty()), (8, true));
        assert_eq!(value(&format!("{odd}good 1"), "good"), Some(1.0));
    }

    #[test]
    fn series_of_a_name_need_not_stand_together() {
        let scrape = Scrape::read("a 1\nb 2\na{x=\"y\"} 3\n");
        assert_eq!(scrape.series("a").len(), 2);
    }

    fn escaped(text: &str) -> String {
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,12}",
            labels in prop::collection::vec(("[a-z]{1,6}", "(?s).{0,12}"), 0..4),
            value in prop::num::f64::NORMAL,
            comma in any::<bool>(),
        ) {
            let inside: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let line = format!("{name}{{{}{}}} {value:e}", inside.join(","), if comma && !inside.is_empty() { "," } else { "" });
            let scrape = Scrape::read(&line);
            prop_assert_eq!(scrape.series(&name).len(), 1, "{}", line);
            let sample = scrape.series(&name)[0];
            prop_assert_eq!(sample.value.to_bits(), value.to_bits());
            for (name, _) in &labels {
                let first = labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
                let read = sample.label(name);
                prop_assert_eq!(read.as_deref(), first);
            }
        }

        #[test]
        fn any_text_is_read_without_harm(text in "(?s).{0,200}") {
            let scrape = Scrape::read(&text);
            for samples in scrape.families.values() {
                for sample in samples {
                    prop_assert!(!sample.value.is_nan());
                    let _ = sample.label("x");
                }
            }
        }

        #[test]
        fn broken_labels_do_no_harm(labels in "[a-z=\",\\\\{} ]{0,30}") {
            let _ = Sample { labels: &labels, value: 0.0 }.label("a");
        }

        #[test]
        fn two_texts_are_read_as_one_after_the_other(first in "([a-c] [0-9]\n){0,6}", second in "([a-c] [0-9]\n){0,6}") {
            let whole = format!("{first}{second}");
            let (whole, first, second) = (Scrape::read(&whole), Scrape::read(&first), Scrape::read(&second));
            for name in ["a", "b", "c"] {
                let both: Vec<_> = first.series(name).iter().chain(second.series(name)).copied().collect();
                prop_assert_eq!(whole.series(name), both.as_slice());
            }
        }
    }
}
