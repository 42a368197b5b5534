//! Whether two expressions say the same, of which PostgreSQL wrote one down in its own words.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Array, BinaryOperator, CastKind, DataType, Expr, Ident, SelectItem, SetExpr, Value,
    visit_expressions_mut,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// Longer ones are compared letter by letter.
const LONGEST: usize = 4_000;

/// Whether two expressions are the same but for how they are written: parentheses, case, `::text` behind
/// a text, `in` for `= any`, `like` for `~~`. What cannot be read here is compared letter by letter.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    one == other
        || match (plain(one), plain(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
}

/// An expression in the words that all who say the same have in common, each part of it in parentheses.
fn plain(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(text).ok()?;
    let mut expression = parser.parse_expr().ok()?;
    if parser.peek_token().token != Token::EOF {
        return None;
    }
    // From the inside to the outside.
    let _ = visit_expressions_mut(&mut expression, |part| {
        simplify(part);
        ControlFlow::<()>::Continue(())
    });
    Some(expression.to_string())
}

/// A part whose own parts are plain already.
fn simplify(part: &mut Expr) {
    let nothing = || Expr::Value(Value::Null);
    let taken = std::mem::replace(part, nothing());
    *part = match taken {
        Expr::Nested(inner) => *inner,
        Expr::Cast {
            expr,
            data_type: DataType::Text,
            ..
        } if matches!(*expr, Expr::Value(Value::SingleQuotedString(_))) => *expr,
        Expr::Cast {
            expr,
            data_type,
            format,
            kind: CastKind::Cast,
        } => Expr::Cast {
            kind: CastKind::DoubleColon,
            expr,
            data_type,
            format,
        },
        Expr::BinaryOp { left, op, right } => matching(left, op, right),
        Expr::AnyOp {
            left,
            compare_op: BinaryOperator::Eq,
            right,
            is_some,
        } => match *right {
            Expr::Array(Array { elem, .. }) => one_of(left, elem, false),
            right => Expr::AnyOp {
                left,
                compare_op: BinaryOperator::Eq,
                right: Box::new(right),
                is_some,
            },
        },
        Expr::AllOp {
            left,
            compare_op: BinaryOperator::NotEq,
            right,
        } => match *right {
            Expr::Array(Array { elem, .. }) => one_of(left, elem, true),
            right => Expr::AllOp {
                left,
                compare_op: BinaryOperator::NotEq,
                right: Box::new(right),
            },
        },
        Expr::InList {
            expr,
            list,
            negated,
        } => one_of(expr, list, negated),
        Expr::Identifier(name) => Expr::Identifier(folded(name)),
        Expr::CompoundIdentifier(names) => {
            Expr::CompoundIdentifier(names.into_iter().map(folded).collect())
        }
        Expr::Function(mut function) => {
            function.name.0 = function.name.0.into_iter().map(folded).collect();
            Expr::Function(function)
        }
        Expr::Subquery(mut query) => {
            // The one column of it needs no name, and PostgreSQL gives it one.
            if let SetExpr::Select(select) = query.body.as_mut() {
                for item in &mut select.projection {
                    if let SelectItem::ExprWithAlias { expr, .. } = item {
                        *item = SelectItem::UnnamedExpr(std::mem::replace(expr, nothing()));
                    }
                }
            }
            Expr::Subquery(query)
        }
        other => other,
    };
    // As text, parts are told from each other by parentheses alone.
    let stands_alone = matches!(
        part,
        Expr::Nested(_)
            | Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Function(_)
            | Expr::Array(_)
            | Expr::Subquery(_)
    );
    if !stands_alone {
        let whole = std::mem::replace(part, nothing());
        *part = Expr::Nested(Box::new(whole));
    }
}

/// A value among others; a single one is compared.
fn one_of(value: Box<Expr>, mut list: Vec<Expr>, negated: bool) -> Expr {
    match (list.pop(), list.is_empty()) {
        (Some(only), true) => Expr::BinaryOp {
            left: value,
            op: if negated {
                BinaryOperator::NotEq
            } else {
                BinaryOperator::Eq
            },
            right: Box::new(only),
        },
        (last, _) => Expr::InList {
            expr: value,
            list: list.into_iter().chain(last).collect(),
            negated,
        },
    }
}

/// `like` and the others that PostgreSQL tells as operators.
fn matching(left: Box<Expr>, op: BinaryOperator, right: Box<Expr>) -> Expr {
    let (any, escape_char) = (false, None);
    match op {
        BinaryOperator::PGLikeMatch | BinaryOperator::PGNotLikeMatch => Expr::Like {
            negated: op == BinaryOperator::PGNotLikeMatch,
            any,
            expr: left,
            pattern: right,
            escape_char,
        },
        BinaryOperator::PGILikeMatch | BinaryOperator::PGNotILikeMatch => Expr::ILike {
            negated: op == BinaryOperator::PGNotILikeMatch,
            any,
            expr: left,
            pattern: right,
            escape_char,
        },
        op => Expr::BinaryOp { left, op, right },
    }
}

/// Words that are no names without quotes, but values.
const VALUES: &[&str] = &[
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
];

/// A name as PostgreSQL keeps it, without quotes where it needs none.
fn folded(mut name: Ident) -> Ident {
    let is_plain = |value: &str| {
        !VALUES.contains(&value)
            && value.starts_with(|one: char| one.is_ascii_lowercase() || one == '_')
            && value
                .bytes()
                .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'_')
    };
    match name.quote_style {
        None => name.value = name.value.to_ascii_lowercase(),
        Some('"') if is_plain(&name.value) => name.quote_style = None,
        Some(_) => {}
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_postgresql_makes_of_an_expression_is_the_same() {
        // Told by `pg_get_expr` of PostgreSQL 15.
        for (ours, theirs) in [
            ("bucket_id = 'avatars'", "(bucket_id = 'avatars'::text)"),
            ("BUCKET_ID = 'a''b'", "(bucket_id = 'a''b'::text)"),
            (
                "bucket_id = 'a' and (storage.foldername(name))[1] = (select auth.uid()::text)",
                "((bucket_id = 'a'::text) AND ((storage.foldername(name))[1] = ( SELECT (auth.uid())::text AS uid)))",
            ),
            (
                "bucket_id = 'a' and owner = auth.uid()",
                "((bucket_id = 'a'::text) AND (owner = auth.uid()))",
            ),
            (
                "not (bucket_id = 'a') or name like 'x/%'",
                "((NOT (bucket_id = 'a'::text)) OR (name ~~ 'x/%'::text))",
            ),
            (
                "bucket_id in ('a', 'b') and name not ilike 'x'",
                "((bucket_id = ANY (ARRAY['a'::text, 'b'::text])) AND (name !~~* 'x'::text))",
            ),
            (
                "name not in ('a') and \"name\" <> cast(owner as text)",
                "((name <> 'a'::text) AND (name <> (owner)::text))",
            ),
            (
                "name not in ('a', 'b')",
                "(name <> ALL (ARRAY['a'::text, 'b'::text]))",
            ),
        ] {
            assert!(same(ours, theirs), "{ours}\n{theirs}");
        }
    }

    #[test]
    fn quotes_stay_where_a_name_needs_them() {
        for (quoted, shown) in [
            ("name", "name"),
            ("_a1", "_a1"),
            ("Name", "\"Name\""),
            ("naMe", "\"naMe\""),
            ("1a", "\"1a\""),
            ("a b", "\"a b\""),
            ("user", "\"user\""),
            ("users", "users"),
        ] {
            assert_eq!(folded(Ident::with_quote('"', quoted)).to_string(), shown);
        }
        assert_eq!(folded(Ident::new("NaMe")).to_string(), "name");
    }

    #[test]
    fn what_says_something_else_is_not() {
        for (one, other) in [
            ("bucket_id = 'a'", "(bucket_id = 'A'::text)"),
            ("bucket_id = 'a'", "(bucket_id <> 'a'::text)"),
            ("a or b and c", "((a OR b) AND c)"),
            ("bucket_id = '1'", "(bucket_id = '1'::integer)"),
            ("\"Name\" = 'a'", "(name = 'a'::text)"),
            (
                "bucket_id in ('a')",
                "(bucket_id <> ALL (ARRAY['a'::text]))",
            ),
            ("name like 'a'", "(name !~~ 'a'::text)"),
            ("a = 'x'", "(a = 'x'::text) OR true"),
            ("a b", "a c"),
            ("owner::text = 'a'", "(owner = 'a'::text)"),
            ("user = 'a'", "(\"user\" = 'a'::text)"),
        ] {
            assert!(!same(one, other), "{one}\n{other}");
        }
        let sized = |length: usize, name: &str| format!("{name} = '{}'", "x".repeat(length - 6));
        assert!(same(&sized(LONGEST, "a"), &sized(LONGEST, "A")));
        assert!(!same(&sized(LONGEST + 1, "a"), &sized(LONGEST + 1, "A")));
        let long = format!("a = '{}'", "x".repeat(LONGEST));
        assert!(same(&long, &long) && !same(&long, &format!("({long})")));
    }

    proptest! {
        #[test]
        fn any_text_can_be_compared(one in "[a-c='\"().:\\[\\], ]{0,30}", other in "\\PC{0,20}") {
            prop_assert!(same(&one, &one));
            let _ = same(&one, &other);
        }
    }
}
