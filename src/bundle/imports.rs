//! What a file of JavaScript or TypeScript imports, and which file that is.
//!
//! Reads as much of the language as tells an import from a text or a comment that looks like one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::plain;
use crate::error::{Error, Result};

/// Files that may import others.
pub(super) fn is_code(file: &Path) -> bool {
    let ending = file
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    matches!(
        ending,
        "ts" | "tsx" | "mts" | "cts" | "js" | "jsx" | "mjs" | "cjs"
    )
}

/// What an import map says of names, and where it lies.
#[derive(Debug, Default)]
pub(super) struct ImportMap {
    folder: PathBuf,
    names: BTreeMap<String, String>,
    /// A `deno.json` may say that the map is in another file.
    pub(super) elsewhere: Option<PathBuf>,
}

impl ImportMap {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Error::file(file.display().to_string(), error))?;
        let json: Value = serde_json::from_str(&without_comments(&text))
            .map_err(|error| Error::invalid(format!("{} is not JSON: {error}", file.display())))?;
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let scopes = json["scopes"]
            .as_object()
            .into_iter()
            .flat_map(|scopes| scopes.values());
        let tables = std::iter::once(&json["imports"]).chain(scopes);
        let names = tables.filter_map(Value::as_object).flatten();
        Ok(Self {
            names: names
                .filter_map(|(name, target)| Some((name.clone(), target.as_str()?.to_owned())))
                .collect(),
            elsewhere: json["importMap"]
                .as_str()
                .filter(|_| json["imports"].is_null())
                .map(|other| plain(&folder.join(other))),
            folder,
        })
    }

    /// The local file that a specifier in a file stands for, if it is a local one.
    pub(super) fn resolve(&self, specifier: &str, file: &Path) -> Option<PathBuf> {
        let mapped = match self.names.get(specifier) {
            Some(target) => Some(target.clone()),
            None => self
                .names
                .iter()
                .filter(|(name, _)| name.ends_with('/') && specifier.starts_with(name.as_str()))
                // The longest name says most.
                .max_by_key(|(name, _)| name.len())
                .map(|(name, target)| format!("{target}{}", &specifier[name.len()..])),
        };
        let (folder, path) = match &mapped {
            Some(target) => (self.folder.as_path(), target.as_str()),
            None => (file.parent()?, specifier),
        };
        if !path.starts_with("./") && !path.starts_with("../") {
            return None;
        }
        let path = path.split(['?', '#']).next()?;
        let path = percent_encoding::percent_decode_str(path)
            .decode_utf8()
            .ok()?;
        Some(plain(&folder.join(&*path)))
    }
}

/// JSON without the comments and the last commas that `deno.json` may have.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(letter) = rest.chars().next() {
        let taken = match letter {
            '"' => string_end(rest, '"').unwrap_or(rest.len()),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment_end(rest),
            other => other.len_utf8(),
        };
        if !(letter == '/' && taken > 1) {
            if matches!(letter, '}' | ']') {
                let kept = plain.trim_end();
                if kept.ends_with(',') {
                    plain.truncate(kept.len() - 1);
                }
            }
            plain.push_str(&rest[..taken]);
        }
        rest = &rest[taken..];
    }
    plain
}

/// Where a comment ends that begins here with `/*`, whose star is not the one that ends it.
fn comment_end(text: &str) -> usize {
    let end = text.get(2..).and_then(|inside| inside.find("*/"));
    end.map_or(text.len(), |end| end + 4)
}

/// Where a string ends that begins here, behind its second quote. One of these quotes ends on its line.
fn string_end(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\n' => return None,
            _ if letter == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// What came before, as far as it matters for what comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A string here is what is imported.
    Import,
    /// `import`, which a bracket may follow.
    Word,
    /// A dot: the next word is a property.
    Dot,
    /// The end of a value: a slash divides.
    Value,
    /// Anything else: a slash begins a regular expression.
    Other,
}

/// The specifiers of all imports and re-exports: `from "x"`, `import "x"`, `import("x")`.
pub(super) fn specifiers(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = Before::Other;
    // How many braces are open in each `${…}` of the templates that one is in.
    let mut templates: Vec<usize> = Vec::new();
    let mut rest = source;
    while let Some(letter) = rest.chars().next() {
        let (taken, after) = match letter {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), before),
            '/' if rest.starts_with("/*") => (comment_end(rest), before),
            '/' if before != Before::Value => (regular_expression(rest), Before::Value),
            '"' | '\'' => match string_end(rest, letter) {
                Some(end) => {
                    if matches!(before, Before::Import | Before::Word) {
                        found.push(rest[1..end - 1].to_owned());
                    }
                    (end, Before::Value)
                }
                // An apostrophe in text between tags.
                None => (1, Before::Other),
            },
            '`' => {
                let (end, template) = template(&rest[1..]);
                match template {
                    Template::Ended if before == Before::Import => {
                        found.extend(rest.get(1..end).map(str::to_owned));
                    }
                    Template::Opened => templates.push(0),
                    Template::Ended | Template::Endless => {}
                }
                (end + 1, template.before())
            }
            '{' => {
                if let Some(open) = templates.last_mut() {
                    *open += 1;
                }
                (1, Before::Other)
            }
            '}' => match templates.last_mut() {
                Some(0) => {
                    let (end, template) = template(&rest[1..]);
                    if template != Template::Opened {
                        templates.pop();
                    }
                    (end + 1, template.before())
                }
                Some(open) => {
                    *open -= 1;
                    (1, Before::Other)
                }
                None => (1, Before::Other),
            },
            '(' if before == Before::Word => (1, Before::Import),
            '.' => (1, Before::Dot),
            ')' | ']' => (1, Before::Value),
            letter if letter.is_whitespace() => (letter.len_utf8(), before),
            letter if is_word(letter) => {
                let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
                let after = match &rest[..end] {
                    _ if before == Before::Dot => Before::Value,
                    "from" => Before::Import,
                    "import" => Before::Word,
                    "return" | "typeof" | "case" | "in" | "of" | "await" | "yield" | "else"
                    | "do" => Before::Other,
                    _ => Before::Value,
                };
                (end, after)
            }
            other => (other.len_utf8(), Before::Other),
        };
        rest = &rest[taken..];
        before = after;
    }
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$')
}

/// How far a template goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Template {
    /// Up to its end.
    Ended,
    /// Up to `${`, which opens code.
    Opened,
    /// It has no end.
    Endless,
}

impl Template {
    /// What it is for that which comes next.
    fn before(self) -> Before {
        match self {
            Self::Opened => Before::Other,
            Self::Ended | Self::Endless => Before::Value,
        }
    }
}

/// How much of a text is a template up to its end, or up to `${`, both included; and which it was.
fn template(text: &str) -> (usize, Template) {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '`' => return (at + 1, Template::Ended),
            '$' if text[at..].starts_with("${") => return (at + 2, Template::Opened),
            _ => {}
        }
    }
    (text.len(), Template::Endless)
}

/// How long a regular expression is; one that does not end on its line is only a slash.
fn regular_expression(text: &str) -> usize {
    let mut in_class = false;
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\n' => break,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return at + 1,
            _ => {}
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn imports_are_told_from_what_looks_like_them() {
        let source = r#"
            import "./effect.ts";
            import one, { two as from } from './one.ts'
            import type { Three } from "./three.d.ts";
            import data from "./data.json" with { type: "json" };
            export * from "../shared/all.ts"; export { x } from "@shared/x.ts";
            const lazy = await import("./lazy.ts"), other = import(/* why */ `./template.ts`);
            import(`./${"not"}.ts`); import(name); obj.import("./no1.ts"); Array.from("./no2.ts");
            // import "./no3.ts"
            /* import "./no4.ts" */
            const text = "import './no5.ts'", template = `import "./no6.ts" ${await import("./in-template.ts")} from "./no7.ts"`;
            const regex = /from "\/.no8.ts"/g, divided = a / b; const more = x.from / 2 / 3;
            const shape = { from: "./no9.ts", import: "./no10.ts" };
            const page = <p>Don't stop</p>;
            import wasm from "./module.wasm";
        "#;
        assert_eq!(
            specifiers(source),
            [
                "./effect.ts",
                "./one.ts",
                "./three.d.ts",
                "./data.json",
                "../shared/all.ts",
                "@shared/x.ts",
                "./lazy.ts",
                "./template.ts",
                "./in-template.ts",
                "./module.wasm"
            ]
        );
        assert_eq!(
            specifiers(&source.replace('\n', "\r\n")),
            specifiers(source)
        );
    }

    #[test]
    fn what_never_ends_imports_nothing() {
        for source in ["import(`é", "import(`./x", "import(`", "import(`${`é"] {
            assert_eq!(specifiers(source), [""; 0], "{source}");
        }
        let source = "/*/ import './no.ts' /*/ import './yes.ts'; /**/ import './too.ts'";
        assert_eq!(specifiers(source), ["./yes.ts", "./too.ts"]);
        assert_eq!(without_comments("[1/*/,2/*/,3]"), "[1,3]");
    }

    #[test]
    fn names_are_looked_up_in_the_import_map() {
        let map = ImportMap {
            folder: PathBuf::from("/p/maps"),
            names: [
                ("@shared/", "../shared/"),
                ("@shared/deep/", "./deep/"),
                ("exact", "./exact.ts"),
                ("zod", "npm:zod@3"),
            ]
            .map(|(name, target)| (name.to_owned(), target.to_owned()))
            .into(),
            elsewhere: None,
        };
        let file = Path::new("/p/functions/a/index.ts");
        for (specifier, expected) in [
            ("./b.ts", Some("/p/functions/a/b.ts")),
            ("../../x%20y.ts?v=1#z", Some("/p/x y.ts")),
            ("@shared/c.ts", Some("/p/shared/c.ts")),
            ("@shared/deep/d.ts", Some("/p/maps/deep/d.ts")),
            ("exact", Some("/p/maps/exact.ts")),
            ("zod", None),
            ("npm:hono", None),
            ("https://deno.land/x.ts", None),
            ("node:fs", None),
        ] {
            assert_eq!(
                map.resolve(specifier, file),
                expected.map(PathBuf::from),
                "{specifier}"
            );
        }
    }

    #[test]
    fn comments_and_last_commas_are_no_json() {
        let text = "\u{feff}{ // why\n \"imports\": { \"a\": \"./a//b.ts\", /* and */ },\n \"list\": [1, 2, ], }";
        let json: Value = serde_json::from_str(&without_comments(text)).unwrap();
        assert_eq!(json["imports"]["a"], "./a//b.ts");
        assert_eq!(json["list"].as_array().unwrap().len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(source in "(import[(])?[a-z\"'`/*\\\\\\[\\]${}().;\n äß]{0,80}") {
            let _ = specifiers(&source);
            let _ = without_comments(&source);
        }

        #[test]
        fn an_import_is_found_behind_anything_that_ends(name in "[a-z]{1,8}", junk in "[a-z =+(){};\n]{0,40}") {
            let source = format!("{junk};\nimport \"./{name}.ts\";");
            let wanted = format!("./{name}.ts");
            prop_assert!(specifiers(&source).contains(&wanted));
        }
    }
}
