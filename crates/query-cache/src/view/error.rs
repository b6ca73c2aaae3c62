//! What can go wrong with a view.

use crate::sql::SqlError;

/// Why a view was not made or refreshed. It is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The definition depends on more than tables, or cannot be checked for it. See
    /// [`View::accept_volatile`](super::View::accept_volatile).
    #[error("the definition of {view} is not one that only changes with its tables")]
    Volatile {
        /// The view.
        view: String,
        /// What was found.
        #[source]
        cause: SqlError,
    },

    /// A view by groups lacks a key, or a source has another number of columns.
    #[error("the key of {view} has {key} columns, and {table} gives {columns}")]
    Key {
        /// The view.
        view: String,
        /// Columns of the key.
        key: usize,
        /// The source.
        table: String,
        /// Columns of the source.
        columns: usize,
    },

    /// A view by groups reads a table that is not declared as a source.
    #[error("{view} reads {table}, which has to be declared by source or rebuilt_by")]
    Undeclared {
        /// The view.
        view: String,
        /// The table, quoted.
        table: String,
    },

    /// Something else has this name. It is left alone.
    #[error("{view} exists and was not made here")]
    Taken {
        /// The view.
        view: String,
    },

    /// There is no such view: [`ensure`](super::Views::ensure) it first. It may have been dropped.
    #[error("there is no view {view}")]
    Unknown {
        /// The view.
        view: String,
    },

    /// Another process has given it another definition. [`ensure`](super::Views::ensure) gives it this
    /// one again.
    #[error("{view} has another definition by now")]
    Changed {
        /// The view.
        view: String,
    },

    /// The unique index is gone that a refresh without making readers wait needs. Run the statement, or
    /// [`ensure`](super::Views::ensure) it again.
    #[error("{view} has no unique index on its key: {statement}")]
    NoUniqueIndex {
        /// The view.
        view: String,
        /// What makes it.
        statement: String,
    },

    /// Somebody has called [`stop`](super::Views::stop), or the server was shut down.
    #[error("the refresh of {view} was stopped")]
    Stopped {
        /// The view.
        view: String,
    },

    /// The database refused or went away.
    #[error("{doing} failed")]
    Database {
        /// What was being done.
        doing: String,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
}

impl ViewError {
    /// To be given to `map_err`.
    pub(super) fn doing(doing: &str, view: &str) -> impl FnOnce(sqlx::Error) -> Self {
        let (doing, view) = (format!("{doing} {view}"), view.to_owned());
        move |source| match source.as_database_error().and_then(|error| error.code()) {
            // Cancelled, or ended by an administrator.
            Some(code) if ["57014", "57P01"].contains(&&*code) => Self::Stopped { view },
            _ => Self::Database { doing, source },
        }
    }
}
