//! How a batch is cut, committed and what it tolerates.

use std::num::NonZeroUsize;

/// The settings of a [`Batch`](crate::Batch). Every field has a type that cannot hold a bad value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BatchConfig {
    /// Upper bound on the rows of one statement. Default: the backend's
    /// [`default_rows`](crate::Limits::default_rows). The backend's own bounds hold as well.
    pub max_rows: Option<NonZeroUsize>,
    /// Upper bound on the bytes of one statement; a single larger row still goes, alone.
    /// Default 4 MiB.
    pub max_bytes: NonZeroUsize,
    /// What happens to rows of one call with the same key. Default [`Duplicates::Refuse`].
    pub duplicates: Duplicates,
    /// How much of a call is one transaction. Default [`Commit::Whole`].
    pub commit: Commit,
    /// What happens when the database refuses a row. Default [`Refusals::Abort`].
    pub refusals: Refusals,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            max_rows: None,
            max_bytes: NonZeroUsize::MIN.saturating_add(4 * 1024 * 1024 - 1),
            duplicates: Duplicates::Refuse,
            commit: Commit::Whole,
            refusals: Refusals::Abort,
        }
    }
}

impl BatchConfig {
    /// Sets [`max_rows`](Self::max_rows).
    #[must_use]
    pub fn max_rows(mut self, rows: NonZeroUsize) -> Self {
        self.max_rows = Some(rows);
        self
    }

    /// Sets [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub fn max_bytes(mut self, bytes: NonZeroUsize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets [`duplicates`](Self::duplicates).
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Sets [`commit`](Self::commit).
    #[must_use]
    pub fn commit(mut self, commit: Commit) -> Self {
        self.commit = commit;
        self
    }

    /// Sets [`refusals`](Self::refusals).
    #[must_use]
    pub fn refusals(mut self, refusals: Refusals) -> Self {
        self.refusals = refusals;
        self
    }
}

/// What happens to rows of one call that have the same key.
///
/// Applies to upsert, update and delete. A plain insert sends every row and leaves the judgement
/// to the table's own constraints. Keys are compared value by value, text byte by byte: a column
/// whose collation holds different bytes to be equal has to be normalised by the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duplicates {
    /// The call fails before anything is written, naming the rows.
    #[default]
    Refuse,
    /// The last row is written, as if the rows had been applied one by one.
    LastWins,
    /// The first row is written.
    FirstWins,
}

/// How much of a call is one transaction.
///
/// In a transaction of the caller's nothing is ever committed; the two then say what a failure
/// undoes: the whole call, or the failing chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Commit {
    /// All rows or none.
    #[default]
    Whole,
    /// Each chunk by itself. After a failure [`Error::resume_at`](crate::Error::resume_at) tells
    /// where to go on.
    EachChunk,
}

/// What happens when the database refuses a row (a constraint, a value it cannot take).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusals {
    /// The call fails.
    #[default]
    Abort,
    /// The failing chunk is halved until exactly the refused rows are left out; the others are
    /// written and the report names the refused ones. The call fails once more than `at_most`
    /// rows were refused.
    ///
    /// A refused row costs about twice the binary logarithm of the chunk's rows in statements:
    /// cheap while few rows are bad, dear from a few percent on.
    Isolate {
        /// Refused rows that are tolerated.
        at_most: usize,
    },
}
