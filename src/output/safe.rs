//! Makes text of the service harmless to a terminal.

use std::borrow::Cow;

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
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!cell(&text).chars().any(is_harmful));
            prop_assert!(!piped(&text).chars().any(is_harmful));
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
