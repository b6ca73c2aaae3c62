//! One transaction of a call: what is committed together and tried again together.

use std::ops::Range;

use tokio::time::Instant;

use crate::cause::{Cause, CauseKind};
use crate::config::Refusals;
use crate::error::Error;
use crate::executor::{Chunk, End, Executor, Step, Target};
use crate::isolate::{self, Failure, Isolated};
use crate::plan::Plan;
use crate::record::Record;
use crate::report::{Outcome, Refused};

use super::{OnProgress, Progress};

/// The chunks of one transaction and what became of their rows.
pub(super) struct Unit<'p, R> {
    plan: &'p Plan,
    rows: &'p [R],
    chunks: Range<usize>,
    started: Instant,
    pub(super) attempts: u32,
    pub(super) statements: u64,
    pub(super) outcomes: Vec<(usize, Outcome)>,
    pub(super) refused: Vec<Refused>,
}

impl<'p, R: Record + Sync> Unit<'p, R> {
    pub(super) fn new(
        plan: &'p Plan,
        rows: &'p [R],
        chunks: Range<usize>,
        started: Instant,
    ) -> Self {
        Self {
            plan,
            rows,
            chunks,
            started,
            attempts: 0,
            statements: 0,
            outcomes: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Runs the transaction once.
    pub(super) async fn attempt<T: Target>(
        &mut self,
        target: &mut T,
        refusals: Refusals,
        refused_before: usize,
        on_progress: &mut Option<OnProgress<'_>>,
    ) -> Result<(), Error> {
        self.attempts += 1;
        self.outcomes.clear();
        self.refused.clear();
        let begun = target.begin().await;
        let mut executor = begun.map_err(|cause| self.step_failed(Step::Begin, cause))?;
        for index in self.chunks.clone() {
            let written = self.write(&mut executor, index, refusals, refused_before).await;
            if let Err(error) = written {
                // This failure says more than one of the rollback, which follows from it.
                let _ = executor.finish(End::Rollback).await;
                return Err(error);
            }
            if let Some(on_progress) = on_progress {
                on_progress(&self.progress(index));
            }
        }
        let committed = executor.finish(End::Commit).await;
        committed.map_err(|cause| self.step_failed(Step::Commit, cause))
    }

    async fn write<E: Executor>(
        &mut self,
        executor: &mut E,
        index: usize,
        refusals: Refusals,
        refused_before: usize,
    ) -> Result<(), Error> {
        let plan = self.plan;
        let places = &plan.chunks[index];
        let values = self.values(places)?;
        let chunk = Chunk {
            operation: plan.shape.operation,
            table: &plan.shape.table,
            columns: &plan.shape.columns,
            values: &values,
            full: places.len() == plan.full_rows,
        };
        match refusals {
            Refusals::Abort => {
                let written = executor.write(&chunk).await;
                let written = written.map_err(|cause| self.write_failed(places, cause))?;
                self.keep(places, Isolated { written, refused: Vec::new() })
            }
            Refusals::Isolate { at_most } => {
                let left = at_most.saturating_sub(refused_before + self.refused.len());
                let isolated = isolate::write(executor, &chunk, left).await;
                let isolated = isolated.map_err(|failure| match failure {
                    Failure::Write(cause) => self.write_failed(places, cause),
                    Failure::Savepoint(cause) => self.step_failed(Step::Savepoint, cause),
                })?;
                let too_many = isolated.refused.len() > left;
                if too_many {
                    return Err(self.too_many(places, isolated, at_most));
                }
                self.keep(places, isolated)
            }
        }
    }

    /// The values of a chunk's rows. They were checked by the plan; a record that gives others
    /// the second time is refused here.
    fn values(&self, places: &[usize]) -> Result<Vec<crate::Value<'p>>, Error> {
        let shape = &self.plan.shape;
        let mut values = Vec::with_capacity(places.len() * shape.columns.len());
        for &row in places {
            let read = shape.read(&self.rows[row], &mut values);
            read.map_err(|fault| Error::Row { table: shape.table.name, row, fault })?;
        }
        Ok(values)
    }

    fn keep(&mut self, places: &[usize], isolated: Isolated) -> Result<(), Error> {
        self.statements += isolated.written.statements;
        if isolated.written.outcomes.len() != places.len() {
            let cause = Cause::new(CauseKind::Other)
                .with_message("the executor did not give one outcome for each row");
            return Err(self.write_failed(places, cause));
        }
        self.outcomes.extend(places.iter().copied().zip(isolated.written.outcomes));
        self.refused.extend(named(places, isolated.refused));
        Ok(())
    }

    fn progress(&self, chunk: usize) -> Progress {
        let (rows, bytes) = self.plan.ends[chunk];
        let (total_rows, total_bytes) = self.plan.total();
        Progress { rows, total_rows, bytes, total_bytes, elapsed: self.started.elapsed() }
    }

    /// The first row of the input that this transaction would have written.
    fn resume_at(&self) -> usize {
        match self.chunks.start {
            0 => 0,
            start => self.plan.chunks[start].iter().copied().min().unwrap_or(0),
        }
    }

    fn write_failed(&self, places: &[usize], cause: Cause) -> Error {
        Error::Chunk {
            operation: self.plan.shape.operation,
            table: self.plan.shape.table.name,
            rows: places.to_vec(),
            attempts: self.attempts,
            resume_at: self.resume_at(),
            cause: Box::new(cause),
        }
    }

    fn step_failed(&self, step: Step, cause: Cause) -> Error {
        Error::Transaction {
            step,
            table: self.plan.shape.table.name,
            attempts: self.attempts,
            resume_at: self.resume_at(),
            cause: Box::new(cause),
        }
    }

    fn too_many(&mut self, places: &[usize], isolated: Isolated, at_most: usize) -> Error {
        self.statements += isolated.written.statements;
        let mut refused = std::mem::take(&mut self.refused);
        refused.extend(named(places, isolated.refused));
        refused.sort_unstable_by_key(|refused| refused.row);
        let table = self.plan.shape.table.name;
        Error::TooManyRefused { table, at_most, refused, resume_at: self.resume_at() }
    }
}

/// From places in a chunk to places in the input.
fn named<'p>(
    places: &'p [usize],
    refused: Vec<(usize, Cause)>,
) -> impl Iterator<Item = Refused> + use<'p> {
    refused.into_iter().map(|(place, cause)| Refused { row: places[place], cause })
}
