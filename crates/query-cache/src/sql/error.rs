//! Why a statement is not cached.

use crate::error::Error;

/// Why a read brought nothing. Everything but [`Cache`](Self::Cache) and [`NoThread`](Self::NoThread)
/// is a fault of the program that the first call shows: no statement is cached whose dependencies are
/// not known.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The parser does not know this SQL. Name the tables with
    /// [`Statement::tables`](crate::sql::Statement::tables).
    #[error("the statement cannot be parsed, so its tables have to be named: {reason}")]
    NotParsed {
        /// What the parser said.
        reason: String,
    },

    /// No thread could be started to parse the statement. The next call tries again.
    #[error("the statement could not be parsed just now: {reason}")]
    NoThread {
        /// What the system said.
        reason: String,
    },

    /// The statement is no single query, or it writes or locks.
    #[error("only a single query that neither writes nor locks can be cached: {reason}")]
    NotAQuery {
        /// What it is or has.
        reason: String,
    },

    /// The statement answers differently at different times though no table has changed. Bind the
    /// value instead (the day, not `now()`), or accept it with
    /// [`Statement::accept_volatile`](crate::sql::Statement::accept_volatile).
    #[error("the answer depends on more than tables: {what}")]
    Volatile {
        /// The function, the word or the view.
        what: String,
    },

    /// The statement calls a function of which is not known what it reads and writes. Declare it
    /// with [`Schema::function`](crate::sql::Schema::function).
    #[error("the function {name} is not known and has to be declared")]
    UnknownFunction {
        /// As the statement calls it.
        name: String,
    },

    /// A name given by the program is no name of a table in this dialect.
    #[error("{name:?} is no name of a table or function")]
    BadName {
        /// What was given.
        name: String,
    },

    /// The cache or the load failed.
    #[error(transparent)]
    Cache(#[from] Error),
}
