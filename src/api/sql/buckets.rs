//! Which buckets an expression of a policy is about, as far as its text tells.
//!
//! The catalog has no such link: only the expression, as the database writes it. What is found is a
//! good guess, and is told as one.

use super::lex::{Kind, Token, tokens};

/// Words before a parenthesis that do not make it a call of a function.
const NO_FUNCTIONS: &[&str] = &[
    "and", "or", "not", "where", "on", "when", "then", "else", "select",
];

/// The texts that one of the columns is compared with by `=` or `= ANY (ARRAY[…])`, each once.
/// `None` where no such column is in the expression.
pub(crate) fn buckets_named(expression: &str, columns: &[&str]) -> Option<Vec<String>> {
    let mut pieces: Vec<Token<'_>> = tokens(expression)
        .unwrap_or_default()
        .into_iter()
        .filter(|token| token.kind != Kind::Blank)
        .collect();
    let is_column = |token: &Token<'_>| {
        columns
            .iter()
            .any(|column| token.is(column) || token.text == format!("\"{column}\""))
    };
    if !pieces.iter().any(is_column) {
        return None;
    }
    while simplify(&mut pieces) {}
    let text = |at: usize| pieces.get(at).map_or("", |token| token.text);
    let mut found: Vec<String> = Vec::new();
    for at in 0..pieces.len() {
        // Of `<=` and its like the neighbour is another sign, and neither a column nor a text.
        if text(at) != "=" {
            continue;
        }
        let before = at.checked_sub(1).map(|at| &pieces[at]);
        if before.is_some_and(is_column) {
            found.extend(pieces.get(at + 1).and_then(literal));
            let list = ["any", "(", "array", "["];
            let begins = list
                .iter()
                .zip(at + 1..)
                .all(|(word, at)| text(at).eq_ignore_ascii_case(word));
            if begins {
                let items = pieces
                    .iter()
                    .skip(at + 5)
                    .take_while(|token| token.text != "]");
                found.extend(items.filter_map(literal));
            }
        } else if pieces.get(at + 1).is_some_and(is_column) {
            found.extend(before.and_then(literal));
        }
    }
    let mut once: Vec<String> = Vec::new();
    for name in found {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    Some(once)
}

/// The text of a string.
fn literal(token: &Token<'_>) -> Option<String> {
    let inner = token.text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

/// Takes away one cast, one qualification, or one pair of parentheses around a single piece.
fn simplify(pieces: &mut Vec<Token<'_>>) -> bool {
    for at in 0..pieces.len() {
        let text = |offset: usize| pieces.get(at + offset).map_or("", |token| token.text);
        if text(0) == ":" && text(1) == ":" {
            let end = at + 2 + length_of_type(&pieces[at + 2..]);
            pieces.drain(at..end);
            return true;
        }
        if text(1) == "." && pieces[at].kind == Kind::Word {
            pieces.drain(at..at + 2);
            return true;
        }
        let call = at.checked_sub(1).is_some_and(|before| {
            let before = &pieces[before];
            before.kind == Kind::Word && !NO_FUNCTIONS.iter().any(|word| before.is(word))
        });
        if text(0) == "(" && text(2) == ")" && !call {
            pieces.remove(at + 2);
            pieces.remove(at);
            return true;
        }
    }
    false
}

/// How many pieces the name of a type has: `text`, `character varying(20)`, `text[]`.
fn length_of_type(pieces: &[Token<'_>]) -> usize {
    const PARTS: &[&str] = &["varying", "precision", "with", "without", "time", "zone"];
    let mut length = usize::from(!pieces.is_empty());
    while let Some(piece) = pieces.get(length) {
        let next = |offset: usize| pieces.get(length + offset).map_or("", |token| token.text);
        if PARTS.iter().any(|part| piece.is(part)) {
            length += 1;
        } else if piece.text == "." || (piece.text == "[" && next(1) == "]") {
            length += 2;
        } else if piece.kind == Kind::Open
            && pieces
                .get(length + 1)
                .is_some_and(|token| token.kind == Kind::Number)
            && next(2) == ")"
        {
            length += 3;
        } else {
            break;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_found_as_the_database_writes_them() {
        for (expression, buckets) in [
            ("(bucket_id = 'avatars'::text)", Some(&["avatars"][..])),
            (
                "(bucket_id = ANY (ARRAY['a'::text, 'b''c'::text]))",
                Some(&["a", "b'c"]),
            ),
            ("('rev'::text = bucket_id)", Some(&["rev"])),
            (
                "(((bucket_id)::character varying(20))::text = 'z'::text)",
                Some(&["z"]),
            ),
            (
                "((bucket_id = 'a'::text) AND (( SELECT (auth.uid())::text AS uid) = (storage.foldername(name))[1]))",
                Some(&["a"]),
            ),
            (
                "((objects.bucket_id = 'a'::text) OR (bucket_id = 'b'::text) OR (bucket_id = 'a'::text))",
                Some(&["a", "b"]),
            ),
            (
                "((NOT (bucket_id = 'a'::text)) OR (owner_id = 'x'::text))",
                Some(&["a"]),
            ),
            ("(bucket_id <> 'a'::text)", Some(&[])),
            ("(bucket_id ~~ 'a%'::text)", Some(&[])),
            ("(bucket_id <= 'a' or 'b' >= bucket_id)", Some(&[])),
            ("(bucket_id => 'a' or 'b' =~ bucket_id)", Some(&[])),
            ("(bucket_id == 'a' or 'b' != bucket_id)", Some(&[])),
            ("= 'a' or bucket_id is null", Some(&[])),
            ("('a' = storage.objects.bucket_id)", Some(&["a"])),
            (
                "(bucket_id = any (array['b'::interval day]) or name = 'q')",
                Some(&["b"]),
            ),
            ("bucket_id =", Some(&[])),
            (
                "(bucket_id = any (array['a', 'b'] || 'c'))",
                Some(&["a", "b"]),
            ),
            ("(bucket_id = any (other['a'::text]))", Some(&[])),
            (
                "(\"bucket_id\" = 'a' and pg_catalog.lower('x') = 'y')",
                Some(&["a"]),
            ),
            ("(bucket_id::pg_catalog.text = 'a')", Some(&["a"])),
            ("(bucket_id::text[] = 'a')", Some(&["a"])),
            ("(bucket_id::character varying(20) = 'a')", Some(&["a"])),
            ("(bucket_id::time(3) without time zone = 'a')", Some(&["a"])),
            ("(bucket_id::double precision = 'a')", Some(&["a"])),
            ("(bucket_id::text(x) = 'a')", Some(&[])),
            ("(lower(bucket_id) = 'a'::text)", Some(&[])),
            (
                "(bucket_id IN ( SELECT b.id FROM storage.buckets b))",
                Some(&[]),
            ),
            ("(name = 'bucket_id = ''evil'''::text)", None),
            ("(auth.uid() IS NOT NULL)", None),
            ("", None),
        ] {
            let buckets = buckets.map(|buckets| buckets.iter().map(ToString::to_string).collect());
            assert_eq!(
                buckets_named(expression, &["bucket_id"]),
                buckets,
                "{expression}"
            );
        }
    }
}
