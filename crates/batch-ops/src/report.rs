//! What became of each row.

use crate::cause::Cause;

/// What became of one row of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The row is new in the table.
    Inserted,
    /// A row with this key existed with other values, which were overwritten.
    Updated,
    /// A row with this key existed with the same values. Nothing was written.
    Unchanged,
    /// A row with this key existed and was left as it is, whatever its values.
    Kept,
    /// The row with this key was deleted.
    Deleted,
    /// No row has this key. Nothing was written.
    Missing,
    /// Another row of the call has the same key and was written in its place.
    Skipped {
        /// The place in the input of the row that was written.
        in_favour_of: usize,
    },
    /// The database refused the row; [`Report::refused`] tells why.
    Refused,
}

/// A row that the database refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused {
    /// The row's place in the input, from 0.
    pub row: usize,
    /// What the backend said: code, constraint, column.
    pub cause: Cause,
}

/// What a call did, by row of the input.
#[derive(Debug, Default)]
pub struct Report {
    outcomes: Vec<Outcome>,
    refused: Vec<Refused>,
    stats: Stats,
}

/// What a call cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Chunks that the input was cut into.
    pub chunks: usize,
    /// Statements that read or wrote rows, those undone by a rollback included.
    pub statements: u64,
    /// Bytes of the values that were sent, without the protocol's framing, each row once.
    pub bytes: u64,
    /// Transactions that were run again after a conflict.
    pub retries: u64,
}

impl Report {
    pub(crate) fn new(outcomes: Vec<Outcome>, refused: Vec<Refused>, stats: Stats) -> Self {
        Self { outcomes, refused, stats }
    }

    /// What became of each row, in the order of the input.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The rows that the database refused, in the order of the input. Empty unless
    /// [`Refusals::Isolate`](crate::Refusals::Isolate) is set.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// What the call cost.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Rows of the input.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.outcomes.len()
    }

    /// Rows that are new in the table.
    #[must_use]
    pub fn inserted(&self) -> usize {
        self.count(|outcome| outcome == Outcome::Inserted)
    }

    /// Rows whose values were overwritten.
    #[must_use]
    pub fn updated(&self) -> usize {
        self.count(|outcome| outcome == Outcome::Updated)
    }

    /// Rows that existed with the same values.
    #[must_use]
    pub fn unchanged(&self) -> usize {
        self.count(|outcome| outcome == Outcome::Unchanged)
    }

    /// Rows that existed and were left as they are.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.count(|outcome| outcome == Outcome::Kept)
    }

    /// Rows that were deleted.
    #[must_use]
    pub fn deleted(&self) -> usize {
        self.count(|outcome| outcome == Outcome::Deleted)
    }

    /// Rows whose key no row of the table has.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.count(|outcome| outcome == Outcome::Missing)
    }

    /// Rows that gave way to another row of the call with the same key.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped { .. }))
    }

    /// Rows that changed the table: inserted, updated and deleted ones.
    #[must_use]
    pub fn written(&self) -> usize {
        self.inserted() + self.updated() + self.deleted()
    }

    fn count(&self, wanted: impl Fn(Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|outcome| wanted(**outcome)).count()
    }
}
