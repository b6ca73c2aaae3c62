//! A statement to explain, and what can be told from its text alone.

mod lexer;
mod normalize;

pub(crate) use normalize::normalize;

use crate::plan::Backend;
use lexer::{Lexer, Token};

/// A statement to explain, with the values of its parameters where they are known.
///
/// Without values the plan is the generic one: what the database would do not knowing them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    sql: String,
    values: Option<Vec<Option<String>>>,
}

impl Statement {
    /// The statement, parameters left open.
    pub fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: None }
    }

    /// Gives the next parameter its value, as text in the database's own notation; `None` is NULL.
    ///
    /// The type is the one the database infers for the parameter.
    #[must_use]
    pub fn bind(mut self, value: Option<&str>) -> Self {
        self.values.get_or_insert_default().push(value.map(str::to_owned));
        self
    }

    /// The text.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values given, or nothing when none were.
    #[must_use]
    pub fn values(&self) -> Option<&[Option<String>]> {
        self.values.as_deref()
    }

    /// The text without its final semicolon, if it is exactly one statement and of a kind that has
    /// a plan.
    ///
    /// SQLite runs every statement of a text, and runs some PRAGMAs while it only prepares them, so
    /// a source that sends text to a database has to check it first. It is split as the database's
    /// own tokenizer does.
    ///
    /// # Errors
    ///
    /// What else the text is.
    pub fn single(&self, backend: Backend) -> Result<&str, StatementError> {
        single(&self.sql, backend)
    }
}

impl From<&str> for Statement {
    fn from(sql: &str) -> Self {
        Self::new(sql)
    }
}

impl From<String> for Statement {
    fn from(sql: String) -> Self {
        Self::new(sql)
    }
}

/// Why a text is not one statement that has a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// There is nothing but space and comments.
    #[error("there is no statement in the text")]
    Empty,
    /// Something follows the first semicolon.
    #[error("there is more than one statement in the text")]
    Several,
    /// Only SELECT, VALUES, INSERT, REPLACE, UPDATE, DELETE, MERGE and WITH have a plan.
    #[error("this kind of statement has no plan")]
    NoPlan,
    /// A NUL character ends the text for some databases and not for others.
    #[error("the text holds a NUL character")]
    Nul,
}

fn single(sql: &str, backend: Backend) -> Result<&str, StatementError> {
    if sql.contains('\0') {
        return Err(StatementError::Nul);
    }
    let mut end = None;
    let mut first = None;
    for lexeme in Lexer::new(sql, backend) {
        match lexeme.token {
            Token::Symbol if lexeme.text == ";" && first.is_some() => {
                end.get_or_insert(lexeme.start);
            }
            _ if end.is_some() => return Err(StatementError::Several),
            _ => {
                first.get_or_insert(lexeme.text);
            }
        }
    }
    let first = first.ok_or(StatementError::Empty)?;
    let known = ["SELECT", "VALUES", "INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE", "WITH"];
    if !first.starts_with('(') && !known.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return Err(if first == ";" { StatementError::Empty } else { StatementError::NoPlan });
    }
    Ok(end.and_then(|end| sql.get(..end)).unwrap_or(sql))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_passes_with_or_without_its_semicolon() {
        for sql in ["SELECT 1", "SELECT 1;", "SELECT 1 ; -- done\n ;; /* really */"] {
            assert_eq!(single(sql, Backend::Sqlite).unwrap().trim_end(), "SELECT 1");
        }
    }

    #[test]
    fn a_second_statement_is_found_behind_quotes_and_comments() {
        for sql in [
            "SELECT ';' ; DELETE FROM t",
            "SELECT 'it''s' ; DELETE FROM t",
            "SELECT [;] ; DELETE FROM t",
            "SELECT `a``;` ; DELETE FROM t",
            "SELECT 1 /* /* */ ; DELETE FROM t",
            "SELECT 1 -- ;\n; DELETE FROM t",
            "SELECT '\\' ; DELETE FROM t --'",
            "SELECT $$ ; DELETE FROM t; --$$",
        ] {
            assert_eq!(single(sql, Backend::Sqlite), Err(StatementError::Several), "{sql}");
        }
    }

    #[test]
    fn a_semicolon_inside_a_literal_ends_nothing() {
        for sql in ["SELECT ';'", "SELECT \";\" FROM t", "SELECT [;] FROM t", "SELECT 1 /* ; */"] {
            assert_eq!(single(sql, Backend::Sqlite), Ok(sql));
        }
        assert!(single("SELECT $x$ ; $x$", Backend::Postgres).is_ok());
        assert!(single("SELECT E'\\';'", Backend::Postgres).is_ok());
    }

    #[test]
    fn statements_without_a_plan_are_refused() {
        for sql in ["PRAGMA journal_mode = delete", "ATTACH 'x' AS y", "EXPLAIN SELECT 1", "COMMIT"]
        {
            assert_eq!(single(sql, Backend::Sqlite), Err(StatementError::NoPlan), "{sql}");
        }
        assert_eq!(single(" -- nothing\n", Backend::Sqlite), Err(StatementError::Empty));
        assert_eq!(single(" ; ", Backend::Sqlite), Err(StatementError::Empty));
        assert_eq!(single("SELECT 1\0; DELETE FROM t", Backend::Sqlite), Err(StatementError::Nul));
    }
}
