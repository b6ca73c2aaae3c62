//! Conditions as trees, read by a SQL parser.
//!
//! What a plan or a statement says about columns is never matched as text: a cast, a quoted name or
//! a negation would be misread.

pub(crate) mod convert;

use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::plan::Backend;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Predicate {
    /// All of them hold.
    All(Vec<Self>),
    /// At least one of them holds.
    Any(Vec<Self>),
    /// One column is compared.
    Term(Term),
    /// Something an index on columns cannot serve, or that could not be read.
    Opaque,
}

/// A comparison of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Term {
    /// The column.
    pub column: ColumnRef,
    /// What is done to the column before it is compared.
    pub wrapper: Option<Wrapper>,
    /// How it is compared.
    pub comparison: Comparison,
    /// What it is compared with.
    pub operand: Operand,
}

/// A column as a condition names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnRef {
    /// The table or alias in front of it.
    pub qualifier: Option<String>,
    /// Its name, unquoted.
    pub name: String,
}

/// What is done to a column before it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrapper {
    /// Cast to this type.
    Cast(String),
    /// Passed to this function.
    Function(String),
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comparison {
    /// Equal to one value, or to one of a list, or NULL.
    Equal,
    /// Before, after or between values.
    Range,
    /// Like a pattern.
    Pattern,
    /// Different from a value, or not NULL.
    Different,
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operand {
    /// Something known before the table is read: a literal, a parameter, a function of such.
    Value,
    /// A column.
    Column(ColumnRef),
    /// Anything else.
    Other,
}

impl Predicate {
    /// Reads a condition as a plan of `backend` prints it. What cannot be read is
    /// [`Predicate::Opaque`].
    #[must_use]
    pub fn parse(text: &str, backend: Backend) -> Self {
        let read = with_parser(text, backend, |parser| {
            let expr = parser.parse_expr().ok()?;
            (parser.peek_token().token == Token::EOF).then(|| convert::predicate(&expr))
        });
        read.unwrap_or(Self::Opaque)
    }

    pub(crate) fn equal(column: ColumnRef, operand: Operand) -> Self {
        Self::Term(Term { column, wrapper: None, comparison: Comparison::Equal, operand })
    }

    /// The conditions that all have to hold.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        match self {
            Self::All(parts) => parts.iter(),
            other => std::slice::from_ref(other).iter(),
        }
    }
}

/// Operators and names a text may have and still be parsed. Chains of operators become trees as
/// deep as they are long, and the parser's trees are dropped by recursion.
const MAX_DEPTH: usize = 2_000;

/// From so many of them on a text is read on a stack of its own: the parser may need far more than a
/// thread of a runtime has, and checks too late.
const SHALLOW: usize = 24;

const STACK: usize = 64 << 20;

/// What `read` makes of a parser over `text`; nothing if that cannot be cut into tokens or could nest
/// too deeply. Trees must not leave `read`: they are dropped by recursion.
pub(crate) fn with_parser<T>(
    text: &str,
    backend: Backend,
    read: impl FnOnce(&mut Parser<'static>) -> Option<T>,
) -> Option<T> {
    let dialect: &'static dyn Dialect = match backend {
        Backend::Postgres => &PostgreSqlDialect {},
        Backend::Sqlite => &SQLiteDialect {},
    };
    let tokens = Tokenizer::new(dialect, text).tokenize().ok()?;
    let nesting = tokens.iter().filter(|token| may_nest(token)).count();
    let read = move || read(&mut Parser::new(dialect).with_tokens(tokens));
    if nesting <= SHALLOW {
        read()
    } else if nesting <= MAX_DEPTH {
        stacker::grow(STACK, read)
    } else {
        None
    }
}

/// Everything but the parts of a plain list of values.
fn may_nest(token: &Token) -> bool {
    !matches!(
        token,
        Token::Comma
            | Token::Whitespace(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Placeholder(_)
    )
}
