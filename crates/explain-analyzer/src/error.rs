//! What can go wrong, and what the caller can do about it.

use crate::statement::StatementError;

/// Why a plan could not be read or obtained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not JSON, or ends too early. Paste the whole output of `EXPLAIN (FORMAT JSON)`.
    #[error("not a JSON plan: expected {expected} at byte {offset}")]
    Syntax {
        /// Where reading stopped, in bytes from the start of the text.
        offset: usize,
        /// What would have been accepted there.
        expected: &'static str,
    },

    /// The text is JSON, but holds no object under a key `Plan`.
    #[error("the JSON holds no plan: an object with the key \"Plan\" is needed")]
    NoPlan,

    /// The statement was refused before it reached the database. Send one statement alone.
    #[error("the statement cannot be explained")]
    Statement(#[from] StatementError),

    /// The statement has parameters and another number of values was given.
    #[error("the statement takes {expected} values, {given} were given")]
    Values {
        /// Parameters in the statement.
        expected: usize,
        /// Values given by the caller.
        given: usize,
    },

    /// The statement would have written while it was being measured, and writing was not allowed.
    /// Nothing was changed. Ask for the plan alone, or allow writes (they are rolled back).
    #[error("the statement writes, and writing was not allowed")]
    WriteRefused {
        /// What the database said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The database cancelled the statement at the time limit. Nothing was changed.
    #[error("the statement ran longer than the limit of {limit_ms} ms")]
    TimedOut {
        /// The limit that was set, in milliseconds.
        limit_ms: u64,
        /// What the database said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The database refused or failed; the cause says which of the two, and whether to try again.
    #[error("the database failed while {doing}")]
    Database {
        /// The step that failed.
        doing: &'static str,
        /// What the driver reported.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}
