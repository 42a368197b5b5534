//! Where strings and comments end, by the rules of PostgreSQL's own scanner.
//!
//! What a person writes goes into a statement of ours only after it was looked at here: nothing of it
//! may end early, and nothing of ours may be swallowed.

use super::Sql;
use crate::error::{Error, Result};

/// What a piece of SQL is, as far as cutting and checking need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Blanks and comments.
    Blank,
    /// A key word or a name without quotes.
    Word,
    Number,
    /// A string, a quoted name, a dollar-quoted body.
    Quoted,
    Open,
    Close,
    Semicolon,
    Other,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Where it begins, in bytes.
    pub(super) at: usize,
}

impl Token<'_> {
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// An expression that a person wrote, in parentheses: one that cannot leave its place.
pub(crate) fn expression(text: &str) -> Result<Sql> {
    let refuse =
        |why: &str| Error::invalid(format!("`{}` is not an expression: {why}", text.trim()));
    super::quote::no_nul(text)?;
    let tokens = tokens(text).map_err(|why| refuse(&why))?;
    let mut depth = 0_usize;
    for token in &tokens {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| refuse("a `)` comes before its `(`"))?;
            }
            Kind::Semicolon => return Err(refuse("a `;` ends a statement")),
            _ => {}
        }
    }
    if depth > 0 {
        return Err(refuse("a `(` is never closed"));
    }
    if tokens.iter().all(|token| token.kind == Kind::Blank) {
        return Err(refuse("there is nothing in it"));
    }
    // The line break keeps a comment at the end from swallowing the parenthesis.
    Ok(Sql::new(format!("({}\n)", text.trim())))
}

/// All pieces of a text, or why it does not end as it should.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let before = tokens.last().filter(|token| token.kind != Kind::Blank);
        let (kind, length) = next(&text[at..], before).map_err(|what| {
            let line = text[..at].matches('\n').count() + 1;
            format!("{what} (line {line})")
        })?;
        tokens.push(Token {
            kind,
            text: &text[at..at + length],
            at,
        });
        at += length;
    }
    Ok(tokens)
}

/// The next piece: what it is and how long. `before` is what it follows without a blank.
fn next(rest: &str, before: Option<&Token<'_>>) -> Result<(Kind, usize), &'static str> {
    let bytes = rest.as_bytes();
    let length_of = |fits: fn(u8) -> bool| bytes.iter().take_while(|byte| fits(**byte)).count();
    let found = match bytes {
        [b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c, ..] => (Kind::Blank, length_of(is_blank)),
        [b'-', b'-', ..] => (
            Kind::Blank,
            length_of(|byte| !matches!(byte, b'\n' | b'\r')),
        ),
        [b'/', b'*', ..] => (
            Kind::Blank,
            comment(bytes).ok_or("a comment that is never closed")?,
        ),
        [b'\'', ..] => {
            if before.is_some_and(|token| token.kind == Kind::Number) {
                // Old and new servers disagree about `1e'\''`.
                return Err("a number and a string without a blank between them");
            }
            let escapes = before.is_some_and(|token| token.is("e"));
            (
                Kind::Quoted,
                string(bytes, escapes).ok_or("a string that is never closed")?,
            )
        }
        [b'"', ..] => (
            Kind::Quoted,
            quoted(bytes, b'"', false).ok_or("a quoted name that is never closed")?,
        ),
        [b'$', ..] => match dollar_tag(rest) {
            Some(tag) => {
                let end = rest[tag.len()..].find(tag);
                let end = end.ok_or("a dollar-quoted string that is never closed")?;
                (Kind::Quoted, tag.len() * 2 + end)
            }
            None => (
                Kind::Other,
                1 + bytes[1..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count(),
            ),
        },
        [b'(', ..] => (Kind::Open, 1),
        [b')', ..] => (Kind::Close, 1),
        [b';', ..] => (Kind::Semicolon, 1),
        [byte, ..] if byte.is_ascii_digit() => (
            Kind::Number,
            length_of(|byte| is_name(byte) || byte == b'.'),
        ),
        [byte, ..] if is_name(*byte) => {
            (Kind::Word, length_of(|byte| is_name(byte) || byte == b'$'))
        }
        _ => (Kind::Other, 1),
    };
    Ok(found)
}

/// Letters, digits, `_` and everything outside ASCII.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Length of a comment; comments may hold comments.
fn comment(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match bytes.get(at..at + 2)? {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" if depth == 1 => return Some(at + 2),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
}

/// Length of a string. One with escapes goes on after a line break, and the escapes with it.
fn string(bytes: &[u8], escapes: bool) -> Option<usize> {
    let mut end = quoted(bytes, b'\'', escapes)?;
    if !escapes {
        return Some(end);
    }
    loop {
        let mut at = end;
        while let Some(byte) = bytes.get(at) {
            if is_blank(*byte) {
                at += 1;
            } else if bytes[at..].starts_with(b"--") {
                at += bytes[at..]
                    .iter()
                    .take_while(|byte| !matches!(byte, b'\n' | b'\r'))
                    .count();
            } else {
                break;
            }
        }
        if at == end || bytes.get(at) != Some(&b'\'') {
            return Some(end);
        }
        end = at + quoted(&bytes[at..], b'\'', true)?;
    }
}

/// Length up to the closing quote; a doubled one does not close.
fn quoted(bytes: &[u8], quote: u8, escapes: bool) -> Option<usize> {
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'\\' if escapes => at += 2,
            byte if *byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// `$$` or `$tag$`, where one begins here.
fn dollar_tag(rest: &str) -> Option<&str> {
    let end = rest[1..].find('$')? + 1;
    let tag = &rest.as_bytes()[1..end];
    let begins_well = tag.first().is_none_or(|byte| !byte.is_ascii_digit());
    (begins_well && tag.iter().all(|byte| is_name(*byte))).then(|| &rest[..=end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_dollar_begins_a_quote_only_with_a_whole_tag() {
        for (text, tag) in [
            ("$$ x", Some("$$")),
            ("$a_1$ x", Some("$a_1$")),
            ("$1$ x", None),
            ("$a b$ x", None),
            ("$a;$", None),
            ("$a", None),
            ("$", None),
        ] {
            assert_eq!(dollar_tag(text), tag, "{text}");
        }
    }

    #[test]
    fn an_expression_stays_in_its_place() {
        for good in [
            "true",
            "bucket_id = 'it''s; )'",
            "a = $$ ) ; $$ and b = $x$ $$ ) $x$",
            "owner = (select auth.uid()) -- mine )",
            "/* ( /* ; */ ) */ true",
            r"name ~ E'\'; )'",
            "E'a'\n  -- ;\n '\\' )' = name",
            r"name = 'C:\'",
            r#""odd ) name" = 'x'"#,
            "a$b$c = 1",
            "name = U&'\\0041'",
            "date'2026-01-01' < now()",
        ] {
            let quoted = expression(good).unwrap_or_else(|error| panic!("{good}: {error}"));
            assert!(quoted.text.ends_with("\n)"), "{good}");
        }
        for bad in [
            "",
            "  -- nothing",
            "true)",
            "true) or (true",
            "(true",
            "true; drop table x",
            "name = 'open",
            "name = E'open\\'",
            "$a$ never closed $b$",
            "/* /* */ true",
            "\"open",
            "1e'x' = name",
            "a\0b",
        ] {
            assert!(expression(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_without_loss(text in "[-a-eE'\"$;()/* \n\\\\1é]{0,40}") {
            if let Ok(tokens) = tokens(&text) {
                let back: String = tokens.iter().map(|token| token.text).collect();
                prop_assert_eq!(back, text);
            }
        }
    }
}
