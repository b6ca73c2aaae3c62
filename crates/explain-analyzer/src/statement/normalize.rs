//! One text for all statements that differ only in their values.

use super::lexer::{Lexer, Token};
use crate::plan::Backend;

const VALUE: &str = "?";
const VALUES: &str = "?, ...";

/// The statement with every value replaced by `?`, lists of values shortened, comments dropped and
/// space collapsed.
pub(crate) fn normalize(sql: &str) -> String {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    // Which database it is for is not known here. PostgreSQL's reading only differs for SQLite's
    // `[name]`, which then comes out as it went in.
    for lexeme in Lexer::new(sql, Backend::Postgres) {
        match lexeme.token {
            Token::Literal | Token::Parameter => value(&mut pieces, lexeme.spaced),
            Token::Symbol if lexeme.text == ")" => close(&mut pieces, lexeme.spaced),
            _ => pieces.push(Piece { spaced: lexeme.spaced, text: lexeme.text }),
        }
    }
    while pieces.last().is_some_and(|piece| piece.text == ";") {
        pieces.pop();
    }
    write(&pieces)
}

struct Piece<'a> {
    spaced: bool,
    text: &'a str,
}

fn value(pieces: &mut Vec<Piece<'_>>, mut spaced: bool) {
    if let Some(sign) = sign(pieces) {
        spaced = sign;
        pieces.pop();
    }
    match pieces.as_mut_slice() {
        [.., list, comma] if comma.text == "," && matches!(list.text, VALUE | VALUES) => {
            list.text = VALUES;
            pieces.pop();
        }
        _ => pieces.push(Piece { spaced, text: VALUE }),
    }
}

/// Whether a minus before a value is its sign, and the space before it: `= -1` is a value, `a -1` a
/// subtraction.
fn sign(pieces: &[Piece<'_>]) -> Option<bool> {
    match pieces {
        [.., before, minus]
            if minus.text == "-" && matches!(before.text, "=" | "<" | ">" | "(" | ",") =>
        {
            Some(minus.spaced)
        }
        _ => None,
    }
}

/// Closes a bracket: a list of values in brackets becomes one piece, and a list of such lists one
/// more.
fn close(pieces: &mut Vec<Piece<'_>>, spaced: bool) {
    let group = match pieces.as_slice() {
        [.., open, list] if open.text == "(" && list.text == VALUE => "(?)",
        [.., open, list] if open.text == "(" && list.text == VALUES => "(?, ...)",
        _ => return pieces.push(Piece { spaced, text: ")" }),
    };
    pieces.pop();
    let Some(open) = pieces.pop() else { return };
    match pieces.as_mut_slice() {
        [.., list, comma] if comma.text == "," && is_group(list.text) => {
            list.text = "(?, ...), ...";
            pieces.pop();
        }
        _ => pieces.push(Piece { spaced: open.spaced, text: group }),
    }
}

fn is_group(text: &str) -> bool {
    text.starts_with("(?")
}

fn write(pieces: &[Piece<'_>]) -> String {
    let mut out = String::new();
    for piece in pieces {
        if piece.spaced && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(piece.text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn values_and_space_make_no_difference() {
        let expected = "SELECT * FROM t WHERE a = ? AND b IN (?, ...)";
        for sql in [
            "SELECT * FROM t WHERE a = 1 AND b IN (1, 2)",
            "SELECT *\n  FROM t -- all\n WHERE a = 'it''s'\tAND b IN ($1,$2, $3);",
            "SELECT * FROM t WHERE a = -7.5e-3 AND b IN (?1, :name, @other, x'00')",
            "SELECT * FROM t WHERE a = $q$ ; $q$ AND b IN (E'\\'', 2)",
        ] {
            assert_eq!(normalize(sql), expected, "{sql}");
        }
    }

    #[test]
    fn rows_of_any_number_are_one_statement() {
        assert_eq!(
            normalize("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y'), (3, 'z')"),
            normalize("INSERT INTO t (a, b) VALUES (?, ?), (?, ?)")
        );
    }

    #[test]
    fn names_and_structure_do_make_a_difference() {
        assert_ne!(normalize("SELECT a FROM t"), normalize("SELECT b FROM t"));
        assert_ne!(normalize("SELECT \"a 1\" FROM t"), normalize("SELECT \"a 2\" FROM t"));
        assert_eq!(normalize("SELECT a -1 FROM t2"), "SELECT a -? FROM t2");
    }
}
