//! Narrows a failing chunk to exactly the rows that the database refuses.

use std::ops::Range;

use crate::cause::{Cause, CauseKind};
use crate::executor::{Chunk, Executor, Savepoint, Written};
use crate::report::Outcome;

/// What ends a chunk.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The chunk could not be written.
    Write(Cause),
    /// A savepoint could not be set or ended.
    Savepoint(Cause),
}

/// What became of a chunk, and the rows of it that were refused, by their place in the chunk.
#[derive(Debug, Default)]
pub(crate) struct Isolated {
    pub(crate) written: Written,
    pub(crate) refused: Vec<(usize, Cause)>,
}

/// Writes all rows of a chunk that the database takes, by halving what fails.
///
/// Parts are tried from the first row to the last, so a row that is refused because of an earlier
/// one of the same chunk is refused here too, and not the earlier one. Each part has its own
/// savepoint, released or rolled back before the next: at most one is open. Stops with what it
/// has once more than `at_most` rows were refused.
pub(crate) async fn write<E: Executor>(
    executor: &mut E,
    chunk: &Chunk<'_>,
    at_most: usize,
) -> Result<Isolated, Failure> {
    let mut isolated = Isolated::default();
    let mut waiting: Vec<_> = std::iter::once(0..chunk.len()).collect();
    while let Some(range) = waiting.pop() {
        match part(executor, &chunk.part(range.clone())).await? {
            Ok(written) => {
                isolated.written.statements += written.statements;
                isolated.written.outcomes.extend(written.outcomes);
            }
            Err(cause) if range.len() == 1 => {
                isolated.written.statements += 1;
                isolated.written.outcomes.push(Outcome::Refused);
                isolated.refused.push((range.start, cause));
                if isolated.refused.len() > at_most {
                    return Ok(isolated);
                }
            }
            Err(_) => {
                isolated.written.statements += 1;
                waiting.extend(halves(range));
            }
        }
    }
    Ok(isolated)
}

/// The second half first: the stack gives back the first half next.
fn halves(range: Range<usize>) -> [Range<usize>; 2] {
    let middle = range.start + range.len() / 2;
    [middle..range.end, range.start..middle]
}

/// The outer error ends the call; the inner one is a refusal that halving can narrow.
async fn part<E: Executor>(
    executor: &mut E,
    chunk: &Chunk<'_>,
) -> Result<Result<Written, Cause>, Failure> {
    mark(executor, Savepoint::Set).await?;
    match executor.write(chunk).await {
        Ok(written) => mark(executor, Savepoint::Release).await.map(|()| Ok(written)),
        Err(cause) if cause.kind() == CauseKind::Row => {
            mark(executor, Savepoint::Rollback).await.map(|()| Err(cause))
        }
        // The whole transaction is rolled back, and the savepoint with it.
        Err(cause) => Err(Failure::Write(cause)),
    }
}

async fn mark<E: Executor>(executor: &mut E, step: Savepoint) -> Result<(), Failure> {
    executor.savepoint(step).await.map_err(Failure::Savepoint)
}
