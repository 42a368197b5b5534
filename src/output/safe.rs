//! Makes text of the service harmless to a terminal.

use std::borrow::Cow;

use super::format::Format;

/// The same text with everything that a terminal would act on written out as `\u{…}`: control
/// characters, escape sequences, and the marks that turn the direction of writing. Line breaks and
/// tabs stay, as the text of messages has them.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if !text
        .chars()
        .any(|character| is_harmful(character) && character != '\n' && character != '\t')
    {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_harmful(character) && character != '\n' && character != '\t' {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// The same text on one line that holds no tab: what a cell of a table may be.
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            other if is_harmful(other) => safe.extend(other.escape_unicode()),
            other => safe.push(other),
        }
    }
    Cow::Owned(safe)
}

/// As [`cell`], with the backslash escaped too, so that a program can undo it.
pub(super) fn piped(text: &str) -> Cow<'_, str> {
    if text.contains('\\') {
        Cow::Owned(cell(&text.replace('\\', "\\\\")).into_owned())
    } else {
        cell(text)
    }
}

/// JSON as it is, with the escapes that it has for what it does not have to escape and a terminal
/// would act on.
pub(super) fn json(text: &str) -> Cow<'_, str> {
    // What is blank between values stays.
    let steers = |one: char| is_harmful(one) && !matches!(one, '\n' | '\r' | '\t');
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if steers(character) {
            safe.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// A document, or a part of one, as a terminal may have it.
pub(super) fn document(format: Format, bytes: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&bytes);
    let safe = match format {
        Format::Csv => harmless(&text),
        _ => json(&text),
    };
    match safe {
        Cow::Borrowed(_) => bytes,
        Cow::Owned(safe) => safe.into_bytes(),
    }
}

/// Control characters of both kinds, and the marks for direction.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_written_out() {
        assert_eq!(
            cell("a\x1b[31mred\x07\u{9b}2J\u{202e}"),
            "a\\u{1b}[31mred\\u{7}\\u{9b}2J\\u{202e}"
        );
        assert_eq!(cell("zwei\nZeilen\t\r"), "zwei\\nZeilen\\t\\r");
        assert_eq!(piped("C:\\n\n"), "C:\\\\n\\n");
        assert_eq!(harmless("one\ntwo\x1b"), "one\ntwo\\u{1b}");
        assert!(matches!(harmless("übrig 日本"), Cow::Borrowed(_)));
        assert_eq!(
            json("[\n\t\"\u{9b}2J\u{7f}\u{202e}ü\"]"),
            "[\n\t\"\\u009b2J\\u007f\\u202eü\"]"
        );
    }

    #[test]
    fn a_document_is_escaped_in_its_own_way() {
        let shown = |format: Format, text: &str| {
            String::from_utf8(document(format, text.as_bytes().to_vec())).unwrap()
        };
        assert_eq!(shown(Format::Csv, "a,\u{202e}b\n"), "a,\\u{202e}b\n");
        assert_eq!(shown(Format::Json, "\"\u{202e}b\""), "\"\\u202eb\"");
        assert_eq!(shown(Format::Csv, "a,ü\n"), "a,ü\n");
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!cell(&text).chars().any(is_harmful));
            prop_assert!(!piped(&text).chars().any(is_harmful));
        }

        #[test]
        fn json_for_a_terminal_means_the_same(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            let safe = json(&written);
            prop_assert!(!safe.chars().any(is_harmful));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }

        #[test]
        fn a_piped_cell_can_be_read_back(text in "[a-z\\\\\n\t\r]{0,20}") {
            let mut back = String::new();
            let written = piped(&text);
            let mut characters = written.chars();
            while let Some(character) = characters.next() {
                back.push(match character {
                    '\\' => match characters.next() { Some('n') => '\n', Some('t') => '\t', Some('r') => '\r', Some(other) => other, None => '?' },
                    other => other,
                });
            }
            prop_assert_eq!(back, text);
        }
    }
}
