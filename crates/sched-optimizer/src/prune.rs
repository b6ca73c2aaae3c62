//! Removes what no legal roster can use, or none that is better, and says why.

use std::collections::BTreeMap;

mod demands;
mod left;
mod lines;
mod matching;

use left::Left;

use crate::certificate::{self, Certificate, Refused};
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;

/// One thing a worker might do in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Triple {
    /// The worker.
    pub worker: WorkerId,
    /// The period.
    pub period: PeriodId,
    /// The activity.
    pub activity: ActivityId,
}

/// What was removed: `before - after` triples, each once and with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Offered triples of all workers.
    pub before: usize,
    /// Triples that are left.
    pub after: usize,
    /// Removed triples by worker and period, with the reasons.
    pub removed: Vec<(Triple, String)>,
}

impl Pruned {
    /// Number of removed triples by reason. The counts add up to `before - after`.
    #[must_use]
    pub fn by_reason(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for (_, reason) in &self.removed {
            *counts.entry(reason.as_str()).or_default() += 1;
        }
        counts
    }

    /// The share of triples that was removed, in `0.0..=1.0`; zero when there was nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share that is shown")]
    pub fn reduction(&self) -> f64 {
        if self.before == 0 { 0.0 } else { self.removed.len() as f64 / self.before as f64 }
    }

    /// Whether the triple is left. Also true for one that was never offered.
    #[must_use]
    pub fn keeps(&self, triple: Triple) -> bool {
        self.removed.iter().all(|(removed, _)| *removed != triple)
    }
}

/// Finds triples that no legal roster can use: those taken away when the problem was built, those
/// that some automaton of the worker's rules alone excludes (run forwards and backwards), those that
/// several exclude together, and those with which the hard limits of a period's demands cannot be
/// kept; rules and demands in turn until nothing more is found.
///
/// Sound: every legal roster is left untouched. Not complete: what ratios and overlapping demands
/// exclude together stays, and so does what automata with too many states exclude.
///
/// Looks at every worker's rules once, and again each time that demands have left the worker fewer
/// choices: a look costs what a solve takes to prepare for that worker, which grows with the states of the
/// rules and the choices. There is no limit in time and nothing that cancels it; whoever cannot wait for
/// that calls it on a thread of its own and leaves the answer.
#[must_use]
pub fn prune(problem: &Problem) -> Pruned {
    legal(problem).finish()
}

/// Like [`prune`], and removes every triple whose use alone makes a roster cost `value` or more under
/// the prices of `certificate` (reduced costs). Rosters that are legal and cost less are left
/// untouched; whatever the certificate claims plays no part.
///
/// Looks at a tenth of the states that [`verify`](crate::verify) would, so where a worker's rules have
/// very many it may keep what the full bound would exclude. Costs a few seconds for sixty workers and
/// four weeks of three shifts, beside what [`prune`] does, and cannot be cancelled either.
///
/// # Errors
/// When the prices do not fit the problem.
pub fn prune_with(
    problem: &Problem,
    certificate: &Certificate,
    value: i64,
) -> Result<Pruned, Refused> {
    let mut left = legal(problem);
    let bounds = certificate::bounds(problem, certificate)?;
    for (worker, bounds) in problem.worker_ids().zip(bounds) {
        for (choice, bound) in bounds.into_iter().enumerate() {
            if bound.is_none_or(|bound| bound >= value) {
                left.remove(worker, choice, "no better roster uses it");
            }
        }
    }
    Ok(left.finish())
}

fn legal(problem: &Problem) -> Left<'_> {
    let mut left = Left::new(problem);
    for worker in problem.worker_ids() {
        lines::exclude(problem, worker, &mut left);
    }
    loop {
        let losers = demands::exclude(problem, &mut left);
        let mut any = false;
        for worker in losers {
            any |= lines::exclude_more(problem, worker, &mut left);
        }
        if !any {
            return left;
        }
    }
}
