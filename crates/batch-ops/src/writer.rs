//! Drives a call: plan, transactions, chunks, retries, progress.

mod unit;

use std::fmt;
use std::time::Duration;

use tracing::Instrument;

use crate::config::{BatchConfig, Commit};
use crate::error::Error;
use crate::executor::{Operation, Target};
use crate::plan::{self, Plan};
use crate::record::Record;
use crate::report::{Outcome, Refused, Report, Stats};

use unit::Unit;

type Retry<'h> = Box<dyn FnMut(u32, &Error) -> Option<Duration> + Send + 'h>;
type OnProgress<'h> = Box<dyn FnMut(&Progress) + Send + 'h>;

/// Writes rows in bulk.
///
/// The target is a pool (`&SqlitePool`, `&PgPool`: the call is its own transaction) or a
/// connection of the caller's (`&mut SqliteConnection`, `&mut PgConnection`, so `&mut *tx` for a
/// transaction: the call takes part in it and never commits it).
///
/// # Cancel safety
///
/// Dropping the future of a call undoes what the call has not committed. Inside a transaction of
/// the caller's, roll that transaction back afterwards: the drop may have come between two steps.
///
/// # Cost
///
/// Every record's values are read twice: once to plan, once to send. Besides the input a call
/// keeps a few words for each row, and one chunk of values.
pub struct Batch<'h> {
    config: BatchConfig,
    retry: Option<Retry<'h>>,
    on_progress: Option<OnProgress<'h>>,
}

impl Default for Batch<'_> {
    fn default() -> Self {
        Self::new(BatchConfig::default())
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("config", &self.config).finish_non_exhaustive()
    }
}

/// How far a call has come. Reported after each chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Rows sent. It falls back when a transaction is run again.
    pub rows: usize,
    /// Rows to send: those of the input that are not skipped as duplicates.
    pub total_rows: usize,
    /// Bytes of the values sent.
    pub bytes: usize,
    /// Bytes of the values to send.
    pub total_bytes: usize,
    /// Time since the call began to send.
    pub elapsed: Duration,
}

impl<'h> Batch<'h> {
    /// A writer with the given settings, without retry and progress.
    #[must_use]
    pub fn new(config: BatchConfig) -> Self {
        Self { config, retry: None, on_progress: None }
    }

    /// Asks `retry` after a conflict (a deadlock, a serialization failure, a busy database, at
    /// commit too) how long to wait before the transaction is run again; `None` gives up. It gets
    /// the number of attempts made, from 1. Never asked inside a transaction of the caller's, for
    /// other errors, or when a commit's outcome is not known.
    #[must_use]
    pub fn retry(mut self, retry: impl FnMut(u32, &Error) -> Option<Duration> + Send + 'h) -> Self {
        self.retry = Some(Box::new(retry));
        self
    }

    /// Calls `on_progress` after each chunk.
    #[must_use]
    pub fn on_progress(mut self, on_progress: impl FnMut(&Progress) + Send + 'h) -> Self {
        self.on_progress = Some(Box::new(on_progress));
        self
    }

    /// Inserts every row, in the order of the input. Every outcome is [`Outcome::Inserted`] (or
    /// refused, where refusals are isolated).
    ///
    /// # Errors
    /// See [`Error`]; nothing of an unfinished transaction stays.
    pub fn insert<T: Target, R: Record + Sync>(
        &mut self,
        target: T,
        rows: &[R],
    ) -> impl Future<Output = Result<Report, Error>> + Send {
        self.run(Operation::Insert, target, rows)
    }

    /// Inserts the rows whose key is new and leaves the others as they are
    /// ([`Outcome::Kept`]). Needs a unique index over the key columns.
    ///
    /// # Errors
    /// See [`Error`]; nothing of an unfinished transaction stays.
    pub fn insert_missing<T: Target, R: Record + Sync>(
        &mut self,
        target: T,
        rows: &[R],
    ) -> impl Future<Output = Result<Report, Error>> + Send {
        self.run(Operation::InsertMissing, target, rows)
    }

    /// Inserts the rows whose key is new and overwrites the others where they differ. A row that
    /// does not differ is not written ([`Outcome::Unchanged`]). Needs a unique index over the key
    /// columns; a conflict with another unique index is an error.
    ///
    /// # Errors
    /// See [`Error`]; nothing of an unfinished transaction stays.
    pub fn upsert<T: Target, R: Record + Sync>(
        &mut self,
        target: T,
        rows: &[R],
    ) -> impl Future<Output = Result<Report, Error>> + Send {
        self.run(Operation::Upsert, target, rows)
    }

    /// Overwrites the rows whose key is in the table where they differ; the others are
    /// [`Outcome::Missing`]. Touches the record's columns only.
    ///
    /// # Errors
    /// See [`Error`]; nothing of an unfinished transaction stays.
    pub fn update<T: Target, R: Record + Sync>(
        &mut self,
        target: T,
        rows: &[R],
    ) -> impl Future<Output = Result<Report, Error>> + Send {
        self.run(Operation::Update, target, rows)
    }

    /// Deletes the rows that have the keys of `rows`; only key columns are sent, so a record of
    /// key columns alone will do. Keys that no row has are [`Outcome::Missing`].
    ///
    /// # Errors
    /// See [`Error`]; nothing of an unfinished transaction stays.
    pub fn delete<T: Target, R: Record + Sync>(
        &mut self,
        target: T,
        rows: &[R],
    ) -> impl Future<Output = Result<Report, Error>> + Send {
        self.run(Operation::Delete, target, rows)
    }

    // `Send` is proved here, for every target: where a call is spawned the compiler could not.
    fn run<T: Target, R: Record + Sync>(
        &mut self,
        operation: Operation,
        mut target: T,
        rows: &[R],
    ) -> impl Future<Output = Result<Report, Error>> + Send {
        let table = R::TABLE.name;
        let span = tracing::debug_span!("batch", %operation, table, rows = rows.len());
        let call = async move {
            let plan = plan::plan(operation, rows, &self.config, target.terms().limits)?;
            self.send(&mut target, plan, rows).await
        };
        call.instrument(span)
    }

    async fn send<T: Target, R: Record + Sync>(
        &mut self,
        target: &mut T,
        mut plan: Plan,
        rows: &[R],
    ) -> Result<Report, Error> {
        let mut outcomes = std::mem::take(&mut plan.outcomes);
        let chunks = plan.chunks.len();
        let bytes = plan.total().1 as u64;
        let mut stats = Stats { chunks, bytes, ..Stats::default() };
        let mut refused = Vec::new();
        let size = match self.config.commit {
            Commit::Whole => chunks.max(1),
            Commit::EachChunk => 1,
        };
        let started = tokio::time::Instant::now();
        for start in (0..chunks).step_by(size) {
            let mut unit = Unit::new(&plan, rows, start..start + size, started);
            self.finish(target, &mut unit, refused.len(), &mut stats).await?;
            keep(unit, &mut outcomes, &mut refused);
        }
        refused.sort_unstable_by_key(|refused: &Refused| refused.row);
        Ok(Report::new(outcomes, refused, stats))
    }

    /// Runs one transaction until it is committed or fails for good.
    async fn finish<T: Target, R: Record + Sync>(
        &mut self,
        target: &mut T,
        unit: &mut Unit<'_, R>,
        refused_before: usize,
        stats: &mut Stats,
    ) -> Result<(), Error> {
        let refusals = self.config.refusals;
        loop {
            let report = &mut self.on_progress;
            let done = unit.attempt(target, refusals, refused_before, report).await;
            stats.statements += std::mem::take(&mut unit.statements);
            let Err(error) = done else { return Ok(()) };
            let retry = self.retry.as_mut().filter(|_| !target.terms().joined);
            let pause = retry
                .filter(|_| error.is_conflict())
                .and_then(|retry| retry(unit.attempts, &error));
            let Some(pause) = pause else { return Err(error) };
            tracing::warn!(attempt = unit.attempts, ?pause, %error, "running a batch again");
            stats.retries += 1;
            tokio::time::sleep(pause).await;
        }
    }
}

fn keep<R>(unit: Unit<'_, R>, outcomes: &mut [Outcome], refused: &mut Vec<Refused>) {
    for (row, outcome) in unit.outcomes {
        outcomes[row] = outcome;
    }
    refused.extend(unit.refused);
}
