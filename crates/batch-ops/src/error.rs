//! Why a batch stopped.

use crate::cause::{Cause, CauseKind};
use crate::executor::{Operation, Step};
use crate::report::Refused;
use crate::value::Kind;

/// Why a batch stopped. No message holds a value of a row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The record type cannot do what was asked: mend its [`Table`](crate::Table).
    #[error("table {table}: {fault}")]
    Table {
        /// The table of the record type.
        table: &'static str,
        /// What is wrong with it.
        fault: TableFault,
    },

    /// One row alone binds more parameters than the backend takes.
    #[error("table {table}: a row of {columns} columns exceeds the limit of {limit} parameters")]
    RowTooWide {
        /// The table of the record type.
        table: &'static str,
        /// Columns of one row.
        columns: usize,
        /// Parameters that a statement may bind.
        limit: usize,
    },

    /// A record cannot be sent. Found before anything is sent.
    #[error("table {table}, row {row}: {fault}")]
    Row {
        /// The table of the record type.
        table: &'static str,
        /// The row's place in the input, from 0.
        row: usize,
        /// What is wrong with it.
        fault: RowFault,
    },

    /// Rows of one call have the same key, and the policy is to refuse that. Found before
    /// anything is sent.
    #[error("table {table}: {} of the rows repeat the key of an earlier one", repeats.len())]
    Duplicates {
        /// The table of the record type.
        table: &'static str,
        /// Each row that repeats a key, with the first row that had it.
        repeats: Vec<Repeat>,
    },

    /// The backend refused a chunk. What the call had not committed before is undone.
    #[error(
        "{operation} of {} rows of table {table} failed on attempt {attempts}",
        rows.len()
    )]
    Chunk {
        /// What was to be done.
        operation: Operation,
        /// The table of the record type.
        table: &'static str,
        /// The places in the input of the chunk's rows: the bad ones are among them.
        rows: Vec<usize>,
        /// How often the transaction was tried.
        attempts: u32,
        /// See [`Error::resume_at`].
        resume_at: usize,
        /// What the backend said.
        #[source]
        cause: Box<Cause>,
    },

    /// More rows were refused than [`Refusals::Isolate`](crate::Refusals::Isolate) tolerates.
    /// What the call had not committed before is undone.
    #[error("{} rows of table {table} were refused, {at_most} are tolerated", refused.len())]
    TooManyRefused {
        /// The table of the record type.
        table: &'static str,
        /// How many are tolerated.
        at_most: usize,
        /// The refused rows.
        refused: Vec<Refused>,
        /// See [`Error::resume_at`].
        resume_at: usize,
    },

    /// No connection could be had, or a transaction could not be begun or committed. When a commit
    /// loses its connection, whether it took place is **not known**; see
    /// [`Error::outcome_unknown`].
    #[error("{step} for table {table} failed on attempt {attempts}")]
    Transaction {
        /// The step that failed.
        step: Step,
        /// The table of the record type.
        table: &'static str,
        /// How often the transaction was tried.
        attempts: u32,
        /// See [`Error::resume_at`].
        resume_at: usize,
        /// What the backend said.
        #[source]
        cause: Box<Cause>,
    },
}

impl Error {
    /// The first row not known to be written: where a caller may resume.
    ///
    /// 0 unless chunks are committed by themselves
    /// ([`Commit::EachChunk`](crate::Commit::EachChunk)): then all earlier rows are written,
    /// skipped as duplicates, or refused and isolated. With
    /// [`Duplicates::FirstWins`](crate::Duplicates::FirstWins) leave out later rows that repeat a
    /// key of the written ones, or they win on the second call.
    #[must_use]
    pub fn resume_at(&self) -> usize {
        match self {
            Self::Chunk { resume_at, .. }
            | Self::TooManyRefused { resume_at, .. }
            | Self::Transaction { resume_at, .. } => *resume_at,
            _ => 0,
        }
    }

    /// What the backend said, where it was asked.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Chunk { cause, .. } | Self::Transaction { cause, .. } => Some(cause),
            _ => None,
        }
    }

    /// Whether the rows may have been written all the same: the connection was lost during a
    /// commit. Such an error is never retried; ask the database before trying again.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::Transaction { step: Step::Commit, cause, .. }
            if cause.kind() == CauseKind::Connection)
    }

    /// Whether running the same transaction again may succeed, with nothing written twice.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.cause().is_some_and(|cause| cause.kind() == CauseKind::Conflict)
    }
}

/// What is wrong with a [`Table`](crate::Table) for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// The table names no column.
    #[error("no columns")]
    NoColumns,
    /// The operation finds rows by key, and no column is marked with
    /// [`Column::key`](crate::Column::key).
    #[error("no key columns")]
    NoKey,
    /// An update needs a column besides the key.
    #[error("no columns besides the key")]
    OnlyKey,
    /// Two columns have the same name.
    #[error("column {column} is named twice")]
    NamedTwice {
        /// The name.
        column: &'static str,
    },
    /// A floating-point column is part of the key: equality is not dependable.
    #[error("column {column} is a floating-point number and cannot be part of the key")]
    FloatKey {
        /// The name.
        column: &'static str,
    },
}

/// What is wrong with one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// The record pushes too few or too many values.
    #[error("{found} values for {expected} columns")]
    Columns {
        /// Columns of the table.
        expected: usize,
        /// Values that were pushed.
        found: usize,
    },
    /// A value is of another kind than its column.
    #[error("column {column} takes {expected}, the record gives {found}")]
    Kind {
        /// The column's name.
        column: &'static str,
        /// The column's kind.
        expected: Kind,
        /// The value's kind.
        found: Kind,
    },
    /// A part of the key is null and so identifies no row.
    #[error("column {column} is part of the key and null")]
    NullKey {
        /// The column's name.
        column: &'static str,
    },
    /// The row has more bytes than the backend takes.
    #[error("{bytes} bytes exceed the limit of {limit}")]
    TooLarge {
        /// Bytes of the row.
        bytes: usize,
        /// Bytes that the backend takes.
        limit: usize,
    },
}

/// A row whose key an earlier row of the same call has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The row's place in the input, from 0.
    pub row: usize,
    /// The first row with the key.
    pub first: usize,
}
