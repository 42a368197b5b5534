//! Text in log SQL: the only place where a word of a person becomes part of a statement.
//!
//! The service parses a statement, prints it and gives that to the database, which reads it once
//! more. What is printed has lost one level of backslashes, and two quotes in a row are taken for
//! one that was doubled already. So a backslash never stands in a literal, nor do two quotes side by
//! side: they are made by `char()`.

/// The longest query string that the service takes, in bytes as they are sent.
const LONGEST: usize = 7_500;

/// A text as an expression of log SQL.
pub(crate) fn text(value: &str) -> String {
    let mut pieces: Vec<String> = Vec::new();
    let mut plain = String::new();
    let mut codes: Vec<u8> = Vec::new();
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        let doubled =
            character == '\'' && (characters.peek() == Some(&'\'') || codes.last() == Some(&b'\''));
        if character == '\\' || character == '\0' || doubled {
            flush_text(&mut plain, &mut pieces);
            // One byte each: that is what is special about them.
            codes.push(u8::try_from(character).unwrap_or_default());
        } else {
            flush_codes(&mut codes, &mut pieces);
            plain.push(character);
        }
    }
    flush_codes(&mut codes, &mut pieces);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(quoted(&plain));
    }
    match pieces.as_slice() {
        [one] => one.clone(),
        several => format!("concat({})", several.join(", ")),
    }
}

/// Several texts, as they stand in a list.
pub(super) fn texts(values: &[impl AsRef<str>]) -> String {
    let texts: Vec<_> = values.iter().map(|value| text(value.as_ref())).collect();
    texts.join(", ")
}

fn quoted(plain: &str) -> String {
    format!("'{}'", plain.replace('\'', "''"))
}

fn flush_text(plain: &mut String, pieces: &mut Vec<String>) {
    if !plain.is_empty() {
        pieces.push(quoted(&std::mem::take(plain)));
    }
}

fn flush_codes(codes: &mut Vec<u8>, pieces: &mut Vec<String>) {
    if !codes.is_empty() {
        let codes: Vec<_> = std::mem::take(codes).iter().map(u8::to_string).collect();
        pieces.push(format!("char({})", codes.join(", ")));
    }
}

/// Whether a statement fits into the address of a request.
pub(super) fn fits(sql: &str) -> bool {
    let size = |byte: u8| match byte {
        b' ' | b'*' | b'-' | b'.' | b'_' => 1,
        byte if byte.is_ascii_alphanumeric() => 1,
        _ => 3,
    };
    sql.bytes().map(size).sum::<usize>() <= LONGEST
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value};
    use sqlparser::dialect::ClickHouseDialect;
    use sqlparser::parser::Parser;

    use super::*;

    #[test]
    fn what_the_service_garbles_is_made_of_numbers() {
        for (value, sql) in [
            ("", "''"),
            ("plain", "'plain'"),
            ("it's", "'it''s'"),
            ("a''b", "concat('a', char(39, 39), 'b')"),
            ("C:\\temp", "concat('C:', char(92), 'temp')"),
            ("\\'", "concat(char(92), '''')"),
            ("\0", "char(0)"),
            ("💥\n", "'💥\n'"),
        ] {
            assert_eq!(text(value), sql);
        }
    }

    #[test]
    fn long_statements_are_found_before_they_are_sent() {
        assert!(fits(&"a".repeat(7_500)) && !fits(&"a".repeat(7_501)));
        assert!(fits(&" *-._".repeat(1_500)) && !fits(&" *-._".repeat(1_501)));
        assert!(fits(&"'".repeat(2_500)) && !fits(&"'".repeat(2_501)));
    }

    /// What is left of a statement after the service printed it and the database read that.
    fn arrives(sql: &str) -> Option<String> {
        let read = |sql: &str| {
            let mut parser = Parser::new(&ClickHouseDialect {}).try_with_sql(sql).ok()?;
            let expression = parser.parse_expr().ok()?;
            (parser.peek_token().token == sqlparser::tokenizer::Token::EOF).then_some(expression)
        };
        value(&read(&read(sql)?.to_string())?)
    }

    fn value(expression: &Expr) -> Option<String> {
        match expression {
            Expr::Value(Value::SingleQuotedString(text)) => Some(text.clone()),
            Expr::Value(Value::Number(number, _)) => number
                .parse()
                .ok()
                .map(|byte: u8| char::from(byte).to_string()),
            Expr::Function(function) => match &function.args {
                FunctionArguments::List(list) => list
                    .args
                    .iter()
                    .map(|argument| match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => {
                            value(expression)
                        }
                        _ => None,
                    })
                    .collect(),
                _ => None,
            },
            _ => None,
        }
    }

    /// Through the very database, where the rig is at hand.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the environment says where the rig is"
    )]
    fn the_database_gets_every_text_as_it_was() {
        let (Some(rig), Some(venv)) = (
            std::env::var_os("SUPACTL_RIG"),
            std::env::var_os("RIG_VENV"),
        ) else {
            // Not by a macro: the test runner would swallow it.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                b"SKIPPED: SUPACTL_RIG and RIG_VENV do not name the rig\n",
            );
            return;
        };
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let odd = "(\\PC|[\\\\'\0\n\r\t\u{8}\u{1a}%_`\"?;-]){0,60}";
        let mut values: Vec<String> = (0..400)
            .map(|_| proptest::strategy::ValueTree::current(&odd.new_tree(&mut runner).unwrap()))
            .collect();
        values.push("\\'\0é💥".repeat(1_000));
        values.push("x".repeat(10_000));
        values.push("'; drop table logs; --".to_owned());
        let literals: Vec<String> = values.iter().map(|value| text(value)).collect();
        let given =
            serde_json::json!({"rig": rig.to_str(), "from": 0, "to": 60, "literals": literals});
        let script =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/clickhouse.py");
        let mut python = std::process::Command::new(std::path::Path::new(&venv).join("bin/python"))
            .arg(script)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(
            &mut python.stdin.take().unwrap(),
            given.to_string().as_bytes(),
        )
        .unwrap();
        let output = python.wait_with_output().unwrap();
        let answers: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answers.len(), values.len());
        for (value, answer) in values.iter().zip(answers) {
            let hex = value
                .bytes()
                .fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
            assert_eq!(answer, hex, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_arrives_as_it_was(value in "(\\PC|[\\\\'\0\n\r\t\u{8}\u{1a}%_`\"]){0,40}") {
            prop_assert_eq!(arrives(&text(&value)), Some(value));
        }
    }
}
