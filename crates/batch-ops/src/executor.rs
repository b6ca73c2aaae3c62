//! What a backend does for a batch: open, begin, write, commit.

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sqlx_cause;

use std::fmt;
use std::future::Future;

use crate::cause::Cause;
use crate::limits::Limits;
use crate::record::{Column, Table};
use crate::report::Outcome;
use crate::value::Value;

/// Where a batch may run: a pool, or a connection of the caller's.
pub trait Target: Send {
    /// What writes inside one transaction.
    type Executor<'s>: Executor
    where
        Self: 's;

    /// What the backend takes, and whose transaction this is. Does not change during a call.
    fn terms(&self) -> Terms;

    /// Begins a transaction, or sets a savepoint inside the caller's.
    fn begin(&mut self) -> impl Future<Output = Result<Self::Executor<'_>, Cause>> + Send;
}

/// One transaction that writes chunks. Dropping it before its end (a cancelled call) rolls it
/// back.
pub trait Executor: Send {
    /// Writes one chunk and tells what became of each row, in the order of the chunk. After an
    /// error nothing but a rollback follows: of the savepoint where one is set, else of the whole.
    fn write(&mut self, chunk: &Chunk<'_>) -> impl Future<Output = Result<Written, Cause>> + Send;

    /// Sets or ends a savepoint. At most one is open at a time.
    fn savepoint(&mut self, step: Savepoint) -> impl Future<Output = Result<(), Cause>> + Send;

    /// Ends the transaction.
    fn finish(self, end: End) -> impl Future<Output = Result<(), Cause>> + Send;
}

/// The conditions under which an [`Executor`] works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What one statement may carry.
    pub limits: Limits,
    /// Whether the call runs inside a transaction of the caller's. Then nothing is committed and
    /// nothing is retried: only the caller can run the whole transaction again.
    pub joined: bool,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// What was written stays (inside a transaction of the caller's: until that one ends).
    Commit,
    /// What was written is undone.
    Rollback,
}

/// What to do with the savepoint inside a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Savepoint {
    /// Marks the place to which a rollback returns.
    Set,
    /// Forgets the mark and keeps what was written since.
    Release,
    /// Undoes what was written since the mark, and forgets it.
    Rollback,
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl Savepoint {
    /// The SQL, alike in SQLite and PostgreSQL. The name is apart from those that sqlx gives.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Set => "SAVEPOINT batch_ops",
            Self::Release => "RELEASE SAVEPOINT batch_ops",
            Self::Rollback => "ROLLBACK TO SAVEPOINT batch_ops; RELEASE SAVEPOINT batch_ops",
        }
    }
}

/// A step of a transaction that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Connecting and beginning.
    Begin,
    /// Setting or ending a savepoint.
    Savepoint,
    /// Committing.
    Commit,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin => "begin",
            Self::Savepoint => "savepoint",
            Self::Commit => "commit",
        })
    }
}

/// What is done with the rows of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Every row is new.
    Insert,
    /// Rows with a new key are inserted, the others left as they are.
    InsertMissing,
    /// Rows with a new key are inserted, the others overwritten where they differ.
    Upsert,
    /// Rows with a known key are overwritten where they differ.
    Update,
    /// Rows with the key are deleted.
    Delete,
}

impl Operation {
    /// Whether the operation finds rows by their key.
    #[must_use]
    pub fn uses_key(self) -> bool {
        self != Self::Insert
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insert => "insert",
            Self::InsertMissing => "insert if missing",
            Self::Upsert => "upsert",
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

/// The rows of one statement, all checked: as many values as columns, of their kinds, no key
/// part null, no key twice, in the order in which every writer takes them.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'c> {
    pub(crate) operation: Operation,
    pub(crate) table: &'c Table,
    pub(crate) columns: &'c [Column],
    pub(crate) values: &'c [Value<'c>],
    pub(crate) full: bool,
}

impl<'c> Chunk<'c> {
    /// What to do with the rows.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &'c Table {
        self.table
    }

    /// The columns that the values are for: all of the table's, for a delete the key's only.
    #[must_use]
    pub fn columns(&self) -> &'c [Column] {
        self.columns
    }

    /// The number of rows, at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.columns.len()
    }

    /// Whether there are no rows. A writer never makes such a chunk.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows, one slice of values each.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'c [Value<'c>]> + use<'c> {
        self.values.chunks_exact(self.columns.len())
    }

    /// Whether the chunk has as many rows as fit. The text of its statement then comes again, so
    /// it is worth preparing; the texts of other lengths would only fill the statement cache.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// The rows of `range` as a chunk of their own.
    pub(crate) fn part(&self, range: std::ops::Range<usize>) -> Self {
        let width = self.columns.len();
        let full = self.full && range.len() == self.len();
        Self { values: &self.values[range.start * width..range.end * width], full, ..*self }
    }
}

/// What became of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// One outcome for each row, in the order of the chunk.
    pub outcomes: Vec<Outcome>,
    /// Statements that it took.
    pub statements: u64,
}
