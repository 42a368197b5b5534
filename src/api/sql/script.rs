//! Files of SQL: where their statements end, and by which words they are known.

use super::lex::{self, Kind, Token};
use crate::error::{Error, Result};

/// One statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    /// Without its semicolon and the blanks around it, with the comments before it.
    pub(crate) text: &'a str,
    /// Where the text begins in the file, in bytes.
    pub(crate) at: usize,
    /// The line of the file on which its first word stands, from 1.
    pub(crate) line: usize,
    /// Its words in lower case, those in parentheses left out. Quoted names, strings, numbers and
    /// operators are empty, so that no name is taken for a key word.
    pub(crate) words: Vec<String>,
    /// The same, with the words in parentheses.
    pub(crate) all_words: Vec<String>,
    /// From its first word to the end of that line.
    pub(crate) first_line: &'a str,
    /// A backslash stands in it that is in no string: nothing but psql knows what that means.
    pub(crate) has_backslash: bool,
}

impl Statement<'_> {
    /// Whether it is nothing but comments.
    pub(crate) fn is_comment(&self) -> bool {
        self.all_words.is_empty()
    }

    /// Whether it begins with these words.
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len()
            && self.words.iter().zip(words).all(|(one, word)| one == word)
    }

    /// Whether this word stands in it, outside parentheses.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }

    /// Where the text ends in the file, in bytes.
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// Cuts a text at the semicolons between its statements, which are left out, and so are empty ones.
/// Comments after the last statement are one of their own, as they are for the official CLI.
///
/// Bodies of functions (`begin atomic … end`, or in dollar quotes) and rules in parentheses stay whole.
pub(crate) fn statements(text: &str) -> Result<Vec<Statement<'_>>> {
    let tokens = lex::tokens(text)
        .map_err(|why| Error::invalid(format!("this SQL cannot be cut: {why}")))?;
    let mut cut = Vec::new();
    let mut part = Part::from(0);
    for token in &tokens {
        if token.kind == Kind::Semicolon && part.depth == 0 && part.blocks == 0 {
            cut.extend(part.end(text, token.at));
            part = Part::from(token.at + 1);
        } else {
            part.take(token);
        }
    }
    cut.extend(part.end(text, text.len()));
    Ok(cut)
}

/// A statement whose end has not come yet.
#[derive(Default)]
struct Part {
    start: usize,
    /// Where its first word stands.
    first: Option<usize>,
    words: Vec<String>,
    all_words: Vec<String>,
    has_backslash: bool,
    /// Parentheses that are open.
    depth: usize,
    /// `begin atomic`, and every `case` in it, that have not met their `end`.
    blocks: usize,
}

impl Part {
    fn from(start: usize) -> Self {
        Self {
            start,
            ..Self::default()
        }
    }

    fn take(&mut self, token: &Token<'_>) {
        let word = match token.kind {
            Kind::Blank => return,
            Kind::Word => token.text.to_ascii_lowercase(),
            _ => String::new(),
        };
        self.first.get_or_insert(token.at);
        self.has_backslash |= token.kind == Kind::Other && token.text == "\\";
        match (token.kind, word.as_str()) {
            (Kind::Open, _) => self.depth += 1,
            (Kind::Close, _) => {
                self.depth = self.depth.saturating_sub(1);
                return;
            }
            (Kind::Word, "atomic")
                if self.all_words.last().is_some_and(|word| word == "begin")
                    && self.makes_function() =>
            {
                self.blocks += 1;
            }
            (Kind::Word, "case") if self.blocks > 0 => self.blocks += 1,
            (Kind::Word, "end") => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
        if self.depth == 0 {
            self.words.push(word.clone());
        }
        self.all_words.push(word);
    }

    /// Only functions and procedures have such bodies.
    fn makes_function(&self) -> bool {
        let mut words = self
            .words
            .iter()
            .map(String::as_str)
            .filter(|word| !matches!(*word, "or" | "replace"));
        words.next() == Some("create") && matches!(words.next(), Some("function" | "procedure"))
    }

    fn end(self, text: &str, end: usize) -> Option<Statement<'_>> {
        let whole = &text[self.start..end];
        let trimmed = whole.trim();
        if trimmed.is_empty() {
            return None;
        }
        let at = self.start + (whole.len() - whole.trim_start().len());
        let first = self.first.unwrap_or(at);
        Some(Statement {
            text: trimmed,
            at,
            line: text[..first].matches('\n').count() + 1,
            words: self.words,
            all_words: self.all_words,
            first_line: text[first..end]
                .lines()
                .next()
                .unwrap_or_default()
                .trim_end(),
            has_backslash: self.has_backslash,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        let cut = statements(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        cut.iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn only_a_body_of_a_function_holds_semicolons() {
        for whole in [
            "create table begin atomic (x int)",
            "function begin atomic x",
            "select case",
            "select begin atomic",
        ] {
            assert_eq!(cut(&format!("{whole}; select 2")), [whole, "select 2"]);
        }
    }

    #[test]
    fn semicolons_end_statements_only_where_they_stand_free() {
        for whole in [
            "select ';'",
            "select 'it''s; fine'",
            r"select E'a\';b'",
            r"select e'\\'",
            "select \"a;b\"\"c\"",
            "select $$a;b$$",
            "select $tag$a;$$;b$tag$",
            "select $ü$;$ü$",
            "select 1 -- not; here",
            "select /* ; /* ; */ ; */ 1",
            "select U&'d\\0061t;a'",
            "create rule r as on update to t do (notify t; select 1)",
            "create function f() returns int begin atomic select 1; select case when true then 2 end; end",
            "create or replace procedure p() BEGIN /* */ ATOMIC insert into t values (1); END",
            "do $$ begin perform 1; end $$",
        ] {
            assert_eq!(cut(whole), [whole]);
            assert_eq!(cut(&format!("{whole}\n;select 2;")), [whole, "select 2"]);
        }
        for (file, one, two) in [
            (r"select '\'; select 1 --'", r"select '\'", "select 1 --'"),
            (
                "select is_atomic from t; select 2",
                "select is_atomic from t",
                "select 2",
            ),
            ("begin; select 1", "begin", "select 1"),
            ("select begin atomic; end", "select begin atomic", "end"),
            ("select a$b$; select c$b$", "select a$b$", "select c$b$"),
            ("select $1; select 2", "select $1", "select 2"),
            ("-- '\nselect 1; select 2", "-- '\nselect 1", "select 2"),
        ] {
            assert_eq!(cut(file), [one, two]);
        }
        assert!(statements("select 1;\nselect 'open").is_err());
    }

    #[test]
    fn comments_stay_with_the_statement_after_them() {
        let file = "-- one\nselect 1;;\n ; -- two\n\nselect 2 ;\n-- the end\n";
        assert_eq!(
            cut(file),
            ["-- one\nselect 1", "-- two\n\nselect 2", "-- the end"]
        );
        let found = statements(file).unwrap();
        let lines: Vec<_> = found
            .iter()
            .map(|one| (one.line, one.is_comment()))
            .collect();
        assert_eq!(lines, [(2, false), (5, false), (6, true)]);
        for statement in &found {
            assert_eq!(&file[statement.at..statement.end()], statement.text);
        }
    }

    #[test]
    fn words_are_those_outside_of_quotes_and_parentheses() {
        let found =
            statements("ALTER \"TABLE\" t ADD check (Drop > 'all') /* x */ NOT valid").unwrap();
        assert_eq!(
            found[0].words,
            ["alter", "", "t", "add", "check", "not", "valid"]
        );
        assert!(found[0].all_words.contains(&"drop".to_owned()));
        assert!(found[0].begins(&["alter"]) && !found[0].begins(&["alter", "table"]));
        assert!(found[0].has("valid") && !found[0].has("drop"));
    }

    proptest! {
        #[test]
        fn nothing_but_semicolons_and_blanks_is_lost(text in "[-a-eE'\"$;()/* \n\\\\1é]{0,40}") {
            if let Ok(found) = statements(&text) {
                let mut rest = String::new();
                let mut at = 0;
                for statement in &found {
                    rest.push_str(&text[at..statement.at]);
                    at = statement.end();
                }
                rest.push_str(&text[at..]);
                prop_assert!(rest.chars().all(|character| character == ';' || character.is_whitespace()), "{rest}");
            }
        }
    }
}
