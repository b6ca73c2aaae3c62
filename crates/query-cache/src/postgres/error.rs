//! Why triggers were not installed.

use sqlx::Error as DatabaseError;

/// Why a [`Watch`](super::Watch) was not installed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no such table, or this role's `search_path` does not reach it.
    #[error("there is no table {name}")]
    NoTable {
        /// As it was given.
        name: String,
    },

    /// It is a view or the like, which has no rows of its own to watch. Watch its tables.
    #[error("{name} is not a table")]
    NotATable {
        /// As it was given.
        name: String,
    },

    /// The table lacks a column that was to be told.
    #[error("the table {name} has no column {column}")]
    NoColumn {
        /// The table, as it was given.
        name: String,
        /// The column.
        column: String,
    },

    /// Two entries of the [`Watch`](super::Watch) name one table, or a table and a part of it.
    #[error("{name} and {other} have {table} in common")]
    Twice {
        /// One entry.
        name: String,
        /// The other.
        other: String,
        /// The table that both mean.
        table: String,
    },

    /// The database refused. Tables before the one that is named are done, later ones are not.
    #[error("{doing} failed")]
    Database {
        /// What was being done.
        doing: String,
        /// What the database said.
        #[source]
        source: DatabaseError,
    },
}

impl InstallError {
    /// To be given to `map_err`.
    pub(super) fn doing(doing: impl Into<String>) -> impl FnOnce(DatabaseError) -> Self {
        let doing = doing.into();
        |source| Self::Database { doing, source }
    }
}
