//! `--jq`: an expression that is run over what would have been printed, and sees nothing else.
//!
//! It reads no environment and no files, and cannot end the program. Without the flag nothing here
//! is touched: the standard library of jq takes longer to compile than most commands to run.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use jaq_core::data::JustLut;
use jaq_core::load::{self, Arena, File, Loader, lex, parse};
use jaq_core::{Compiler, Ctx, Exn, Filter, Vars};
use jaq_json::write::Pp;
use jaq_json::{Val, read};

use super::format::Format;
use super::safe::{self, harmless};
use crate::error::{Error, Result};

/// What jq knows and is kept away here, and what to say where somebody asks for it.
const WITHHELD: &[(&str, &str)] = &[
    (
        "env",
        "an expression cannot read the environment, which holds secrets",
    ),
    (
        "$ENV",
        "an expression cannot read the environment, which holds secrets",
    ),
    ("input", "there is one input, and it is `.`"),
    ("inputs", "there is one input, and it is `.`"),
    (
        "halt",
        "an expression cannot end the program; `empty` prints nothing, `error(\"…\")` fails",
    ),
    (
        "halt_error",
        "an expression cannot end the program; `error(\"…\")` fails",
    ),
];

/// What people know from jq and jaq leaves to its own command line.
const OURS: &str = r#"
def @csv: [.[] | if . == null then "" elif isstring then "\"" + (split("\"") | join("\"\"")) + "\""
  elif . >= [] then error("an array or object is no cell of CSV") else tostring end] | join(",");
def @tsv: [.[] | if . == null then "" elif isstring then
    (split("\\") | join("\\\\")) | (split("\t") | join("\\t")) | (split("\n") | join("\\n")) | (split("\r") | join("\\r"))
  elif . >= [] then error("an array or object is no cell of TSV") else tostring end] | join("\t");
def IN(s): . as $x | any(s; . == $x);
def IN(source; s): any(source; IN(s));
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] |= $row);
def INDEX(f): INDEX(.[]; f);
"#;

/// Room for expressions that call themselves: it is only used as far as they go.
const STACK: usize = 64 * 1024 * 1024;

/// An expression that is ready to run.
pub(crate) struct Jq {
    filter: Filter<JustLut<Val>>,
}

impl fmt::Debug for Jq {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jq").finish_non_exhaustive()
    }
}

/// Why an expression did not run to its end.
enum Stop {
    /// Its output could not be written.
    Written(io::Error),
    /// It failed.
    Failed(Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Written(error)
    }
}

impl Jq {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`Error::Usage`] says where it stops making sense, or which name it should not have used.
    pub(crate) fn compile(expression: &str) -> Result<Self> {
        let withheld = |name: &str| WITHHELD.iter().any(|(known, _)| *known == name);
        let ours = load::parse(OURS, |parser| parser.defs())
            .ok_or_else(|| Error::Internal("the definitions for `--jq` do not parse".to_owned()))?;
        let definitions = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .filter(|definition| !withheld(definition.name))
            .chain(ours);
        let functions = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs())
            .filter(|(name, ..)| !withheld(name));
        let arena = Arena::default();
        let file = File {
            code: expression,
            path: (),
        };
        let modules = Loader::new(definitions)
            .load(&arena, file)
            .map_err(|errors| unreadable(expression, &errors))?;
        // What `import "file" as $name` would read.
        load::import(&modules, |_| Err("no files".to_owned()))
            .map_err(|errors| unreadable(expression, &errors))?;
        let filter = Compiler::default()
            .with_funs(functions)
            .compile(modules)
            .map_err(
                |errors| match errors.iter().find_map(|(_, undefined)| undefined.first()) {
                    Some((name, undefined)) => unknown(name, undefined),
                    None => bad("it does not compile", None),
                },
            )?;
        Ok(Self { filter })
    }

    /// Runs over one JSON document after the other and prints what comes out.
    ///
    /// An expression may go on for ever, so it has a thread of its own, with a stack that is large
    /// enough for the deepest ones, while this one listens for Ctrl-C.
    pub(super) fn print(
        self: &Arc<Self>,
        input: Vec<u8>,
        terminal: bool,
    ) -> io::Result<Option<Error>> {
        let end = match self.begin(input, terminal) {
            Ok(end) => end,
            Err(error) => return Ok(Some(error)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let ended = runtime.block_on(async {
            tokio::select! {
                ended = end => ended.unwrap_or_else(|_| Err(without_a_word())),
                _ = tokio::signal::ctrl_c() => Err(Stop::Failed(Error::Interrupted)),
            }
        });
        told(ended)
    }

    /// The same from within a run: Ctrl-C is listened for there.
    pub(super) async fn print_page(
        self: &Arc<Self>,
        input: Vec<u8>,
        terminal: bool,
    ) -> io::Result<Option<Error>> {
        match self.begin(input, terminal) {
            Ok(end) => told(end.await.unwrap_or_else(|_| Err(without_a_word()))),
            Err(error) => Ok(Some(error)),
        }
    }

    /// Starts the thread, and hands out what tells of its end.
    fn begin(
        self: &Arc<Self>,
        input: Vec<u8>,
        terminal: bool,
    ) -> Result<tokio::sync::oneshot::Receiver<Result<(), Stop>>> {
        let (done, end) = tokio::sync::oneshot::channel();
        let filter = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name("jq".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
                let mut ended = filter.run(&input, terminal, &mut out);
                // What came before a failure is data.
                if let Err(error) = out.flush()
                    && !matches!(ended, Err(Stop::Written(_)))
                {
                    ended = Err(Stop::Written(error));
                }
                // Nobody listens any more after Ctrl-C.
                let _ = done.send(ended);
            });
        match thread {
            Ok(_) => Ok(end),
            Err(error) => Err(Error::Internal(format!("no thread: {error}"))),
        }
    }

    fn run(&self, input: &[u8], terminal: bool, out: &mut impl Write) -> Result<(), Stop> {
        let layout = Pp {
            indent: terminal.then(|| "  ".to_owned()),
            sep_space: terminal,
            ..Pp::default()
        };
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        for document in read::parse_many(input) {
            let document = document.map_err(|error| {
                Stop::Failed(Error::Internal(format!("the reply is no JSON: {error}")))
            })?;
            for output in self.filter.id.run((context.clone(), document)) {
                match output.map_err(failure).map_err(Stop::Failed)? {
                    Val::TStr(text) | Val::BStr(text) if terminal => {
                        out.write_all(harmless(&String::from_utf8_lossy(&text)).as_bytes())?;
                    }
                    Val::TStr(text) | Val::BStr(text) => out.write_all(&text)?,
                    other if terminal => {
                        let mut json = Vec::new();
                        jaq_json::write::write(&mut json, &layout, 0, &other)?;
                        out.write_all(&safe::document(Format::Json, json))?;
                    }
                    other => jaq_json::write::write(out, &layout, 0, &other)?,
                }
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

fn without_a_word() -> Stop {
    Stop::Failed(Error::Internal("`--jq` ended without a word".to_owned()))
}

/// How it ended: with a failure of its own, or of the writing.
fn told(ended: Result<(), Stop>) -> io::Result<Option<Error>> {
    match ended {
        Ok(()) => Ok(None),
        Err(Stop::Failed(error)) => Ok(Some(error)),
        Err(Stop::Written(error)) => Err(error),
    }
}

/// An expression that cannot be right.
fn bad(problem: &str, hint: Option<&str>) -> Error {
    Error::Usage {
        message: format!("`--jq`: {problem}"),
        hint: Some(
            hint.unwrap_or("`supactl help formats` tells what an expression gets and may use")
                .to_owned(),
        ),
    }
}

/// Says where an expression stops making sense.
fn unreadable(code: &str, errors: &load::Errors<&str, ()>) -> Error {
    let place = |found: &str| {
        let start = load::span(code, found).start;
        match code.get(start..).map(str::trim).unwrap_or_default() {
            "" => "at its end".to_owned(),
            rest => {
                let shown: String = rest.chars().take(30).collect();
                let more = if shown.len() < rest.len() { "…" } else { "" };
                format!("at `{shown}{more}`")
            }
        }
    };
    let problem = errors.iter().find_map(|(_, error)| match error {
        load::Error::Io(_) => Some("it cannot load files".to_owned()),
        load::Error::Lex(errors) => errors.first().map(|(expected, found): &lex::Error<&str>| {
            format!("expected {} {}", expected.as_str(), place(found))
        }),
        load::Error::Parse(errors) => {
            errors
                .first()
                .map(|(expected, found): &parse::Error<&str>| {
                    format!("expected {} {}", expected.as_str(), place(found))
                })
        }
    });
    bad(problem.as_deref().unwrap_or("it does not parse"), None)
}

/// Says which name means nothing here, and why, if that was meant.
fn unknown(name: &str, undefined: &jaq_core::compile::Undefined) -> Error {
    let hint = WITHHELD
        .iter()
        .find(|(withheld, _)| *withheld == name)
        .map(|(_, reason)| *reason);
    bad(
        &format!("there is no {} `{name}`", undefined.as_str()),
        hint,
    )
}

/// What went wrong while an expression ran. The data may be secret and standard error may be a log,
/// so of the values that jaq would show only the kind is told.
fn failure(exception: Exn<'_, Val>) -> Error {
    let Ok(error) = exception.get_err() else {
        return Error::JqFailed("it ended itself".to_owned());
    };
    let text = match error.into_val() {
        Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
        other => other.to_string(),
    };
    let told = [
        ("cannot index ", " with "),
        ("cannot use ", " as "),
        ("cannot parse ", " as "),
    ]
    .into_iter()
    .find_map(|(start, middle)| {
        let (value, rest) = text.strip_prefix(start)?.rsplit_once(middle)?;
        Some(format!("{start}{}{middle}{rest}", kind(value)))
    })
    .or_else(|| {
        text.starts_with("cannot calculate ")
            .then(|| "cannot calculate with values of these kinds".to_owned())
    })
    .unwrap_or(text);
    Error::JqFailed(match told.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &told[..end]),
        None => told,
    })
}

/// The kind of a value, from how it is written.
fn kind(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"' | b'b') => "a string",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn run(expression: &str, input: &str, terminal: bool) -> Result<String> {
        let mut out = Vec::new();
        match Jq::compile(expression)?.run(input.as_bytes(), terminal, &mut out) {
            Ok(()) => Ok(String::from_utf8(out).unwrap()),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Written(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn text_is_raw_and_the_rest_is_json() {
        let input = r#"{"data":[{"name":"a \"b\"\n","size":1.50},null]}"#;
        assert_eq!(
            run(".data[]|.name,.", input, false).unwrap(),
            "a \"b\"\n\n{\"name\":\"a \\\"b\\\"\\n\",\"size\":1.50}\nnull\nnull\n"
        );
        assert_eq!(
            run("{a:[1]}", "null", true).unwrap(),
            "{\n  \"a\": [\n    1\n  ]\n}\n"
        );
        assert_eq!(run(".", "\"\\u001b[2Jx\"", true).unwrap(), "\\u{1b}[2Jx\n");
        assert_eq!(run(".", "\"\\u001b[2Jx\"", false).unwrap(), "\u{1b}[2Jx\n");
        let turned = "[\"\u{202e}x\"]";
        assert_eq!(run(".[0:1]", turned, false).unwrap(), format!("{turned}\n"));
        assert_eq!(
            run(".[0:1]", turned, true).unwrap(),
            "[\n  \"\\u202ex\"\n]\n"
        );
        // Nothing of an expression is in what is said of a run's settings.
        let expression = Jq::compile("\"hunter2\"").unwrap();
        assert_eq!(format!("{expression:?}"), "Jq { .. }");
    }

    #[test]
    fn kinds_are_known_from_how_values_are_written() {
        for (json, name) in [
            ("{\"a\":1}", "an object"),
            ("[]", "an array"),
            ("\"a\"", "a string"),
            ("null", "null"),
            ("true", "a boolean"),
            ("false", "a boolean"),
            ("-1", "a number"),
        ] {
            assert_eq!(kind(json), name);
        }
    }

    #[test]
    fn only_the_beginning_of_what_is_unreadable_is_quoted() {
        let problem = |code: &str| Jq::compile(code).unwrap_err().to_string();
        let long = ". ) abcdefghijklmnopqrstuvwxyz0123456789";
        assert!(
            problem(long).ends_with("at `) abcdefghijklmnopqrstuvwxyz01…`"),
            "{}",
            problem(long)
        );
        assert!(
            problem(". ) abc").ends_with("at `) abc`"),
            "{}",
            problem(". ) abc")
        );
    }

    #[test]
    fn each_document_is_an_input() {
        assert_eq!(
            run(".a", "{\"a\":1}\n{\"a\":\"x\"}\n", false).unwrap(),
            "1\nx\n"
        );
        assert_eq!(run(".a", "", false).unwrap(), "");
    }

    #[test]
    fn what_cannot_be_right_is_known_before_there_is_data() {
        for (expression, part) in [
            (".data|", "at its end"),
            (".data[] | select(.a == ) | .name", "at `) | .name`"),
            ("\"open", "closing quote"),
            ("", "at its end"),
            ("nonsense", "no filter `nonsense`"),
            ("$nothing", "no variable `$nothing`"),
            ("import \"a\" as $a; $a", "load files"),
            ("import \"a\" as a; .", "load files"),
            ("include \"a\"; .", "load files"),
        ] {
            let error = Jq::compile(expression).unwrap_err();
            assert_eq!(error.code(), crate::error::Code::Usage, "{expression}");
            assert!(error.to_string().contains(part), "{expression}: {error}");
        }
    }

    #[test]
    fn there_is_no_way_out_of_an_expression() {
        for (name, reason) in WITHHELD {
            let error = Jq::compile(name).unwrap_err();
            assert_eq!(error.hint().as_deref(), Some(*reason), "{name}");
        }
        for expression in [
            "env.PATH",
            "$ENV.PATH",
            "halt(0)",
            "halt_error(1)",
            "[inputs]",
        ] {
            assert!(Jq::compile(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn what_the_help_says_of_jaq_is_so() {
        for missing in [
            "tostream",
            "fromstream(.)",
            "truncate_stream(.)",
            "leaf_paths",
            "@base32",
            "input_line_number",
            "$__loc__",
            "builtins",
            "format(\"text\")",
        ] {
            assert!(Jq::compile(missing).is_err(), "{missing}");
        }
        for (expression, printed) in [
            ("1.50", "1.50"),
            ("100000000000000000001", "100000000000000000001"),
            ("4 / 2", "2.0"),
            ("4 / 2 | floor", "2"),
            ("1 / 0", "Infinity"),
            ("nan", "NaN"),
            ("[1, null] | join(\"-\")", "1-null"),
            ("debug, stderr | not", "true\ntrue"),
            ("[\"a\\\"b\", null, 1] | @csv", "\"a\"\"b\",,1"),
            ("[\"a\\tb\\\\\", null, 1] | @tsv", "a\\tb\\\\\t\t1"),
            ("2 | IN(1, 2)", "true"),
            ("[{a: 1}] | INDEX(.a) | keys[]", "1"),
            ("\"2026-01-01T00:00:00Z\" | fromdate", "1767225600"),
        ] {
            let out = run(expression, "null", false);
            assert_eq!(out.unwrap().trim_end(), printed, "{expression}");
        }
        for failing in ["null | ltrimstr(\"a\")", "error(null)", "[{}] | @csv"] {
            assert!(run(failing, "null", false).is_err(), "{failing}");
        }
    }

    #[test]
    fn a_failure_does_not_show_the_data() {
        let input = r#"{"key":"secret-1","list":["secret-2"]}"#;
        for (expression, message) in [
            (".list.name", "cannot index an array with \"name\""),
            (
                ".key[]",
                "cannot use a string as iterable (array or object)",
            ),
            (". - 1", "cannot calculate with values of these kinds"),
            (".key | tonumber", "cannot parse a string as JSON"),
            ("error(\"too few\")", "too few"),
        ] {
            let error = run(expression, input, false).unwrap_err();
            assert_eq!(error.code(), crate::error::Code::JqFailed);
            assert!(error.to_string().contains(message), "{expression}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let long = format!("error(\"{}\")", "ü".repeat(1000));
        assert!(run(&long, "null", false).unwrap_err().to_string().len() < 500);
    }

    #[test]
    fn an_endless_one_ends_with_its_reader() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let endless = Jq::compile("repeat(1)").unwrap();
        assert!(matches!(
            endless.run(b"null", false, &mut Closed),
            Err(Stop::Written(error)) if error.kind() == io::ErrorKind::BrokenPipe
        ));
    }

    proptest! {
        #[test]
        fn any_text_comes_out_as_it_is(text in any::<String>()) {
            let input = json!({ "data": text }).to_string();
            let filter = Jq::compile(".data").unwrap();
            let mut out = Vec::new();
            prop_assert!(filter.run(input.as_bytes(), false, &mut out).is_ok());
            prop_assert_eq!(out, format!("{text}\n").into_bytes());
        }

        #[test]
        fn any_expression_is_answered(expression in "[ -~]{0,20}") {
            let _ = Jq::compile(&expression);
        }
    }
}
