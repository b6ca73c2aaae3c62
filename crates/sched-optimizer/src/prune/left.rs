//! What is left of all choices while pruning goes on.

use std::borrow::Cow;

use super::{Pruned, Triple};
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;

pub(super) struct Left<'p> {
    problem: &'p Problem,
    workers: Vec<Own>,
}

/// The choices of one worker.
struct Own {
    /// Those of period `p` are `starts[p]..starts[p + 1]`.
    starts: Vec<usize>,
    reasons: Vec<Option<Cow<'static, str>>>,
}

impl<'p> Left<'p> {
    pub(super) fn new(problem: &'p Problem) -> Self {
        let own = |worker| {
            let mut starts = vec![0];
            for period in problem.period_ids() {
                starts.push(starts[period.index()] + problem.choices(worker, period).len());
            }
            Own { reasons: vec![None; starts[problem.periods()]], starts }
        };
        Self { problem, workers: problem.worker_ids().map(own).collect() }
    }

    /// Numbers and activities of the choices that are left.
    pub(super) fn of(
        &self,
        worker: WorkerId,
        period: PeriodId,
    ) -> impl Iterator<Item = (usize, ActivityId)> + '_ {
        let own = &self.workers[worker.index()];
        let numbers = own.starts[period.index()]..;
        let choices = numbers.zip(self.problem.choices(worker, period));
        choices.filter(|(at, _)| own.reasons[*at].is_none()).map(|(at, c)| (at, c.activity))
    }

    /// For every choice of `worker` whether it is left.
    pub(super) fn allowed(&self, worker: WorkerId) -> Vec<bool> {
        self.workers[worker.index()].reasons.iter().map(Option::is_none).collect()
    }

    /// Whether the choice was left until now.
    pub(super) fn remove(
        &mut self,
        worker: WorkerId,
        choice: usize,
        reason: impl Into<Cow<'static, str>>,
    ) -> bool {
        let old = &mut self.workers[worker.index()].reasons[choice];
        let left = old.is_none();
        if left {
            *old = Some(reason.into());
        }
        left
    }

    /// The result, with what was taken away when the problem was built.
    pub(super) fn finish(self) -> Pruned {
        let problem = self.problem;
        let mut pruned = Pruned { before: 0, after: 0, removed: Vec::new() };
        for (worker, own) in problem.worker_ids().zip(self.workers) {
            let unary = problem.removed(worker).map(|r| {
                (Triple { worker, period: r.period, activity: r.activity }, r.reason.to_owned())
            });
            pruned.removed.extend(unary);
            let cells = problem.period_ids().flat_map(|period| {
                problem.choices(worker, period).iter().map(move |c| (period, c.activity))
            });
            for ((period, activity), reason) in cells.zip(own.reasons) {
                match reason {
                    Some(reason) => {
                        let triple = Triple { worker, period, activity };
                        pruned.removed.push((triple, reason.into_owned()));
                    }
                    None => pruned.after += 1,
                }
            }
        }
        pruned.removed.sort();
        pruned.before = pruned.after + pruned.removed.len();
        pruned
    }
}
