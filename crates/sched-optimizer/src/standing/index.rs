//! Which counts a cell belongs to: one for each demand, two for each ratio.

use crate::checker::Source;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;

/// A count: that of a demand, or the supervised or the supervisors of a ratio.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part(u32);

impl Part {
    fn new(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Fixed for a problem. Counts are numbered: demands first, then two for each ratio.
#[derive(Clone, Debug)]
pub(super) struct CountIndex {
    activities: usize,
    demands: usize,
    counts: usize,
    /// The parts of cell `period * activities + activity` are `starts[cell]..starts[cell + 1]`.
    starts: Vec<u32>,
    parts: Vec<Part>,
    /// For each demand whether a worker counts; `None`: everybody does.
    eligible: Vec<Option<Vec<bool>>>,
}

impl CountIndex {
    pub(super) fn new(problem: &Problem) -> Self {
        let demands = problem.demands().len();
        let mut pairs = Vec::new();
        let mut add = |part: usize, period: PeriodId, activities: &[ActivityId]| {
            let cell = |a: &ActivityId| period.index() * problem.activities() + a.index();
            pairs.extend(activities.iter().map(|activity| (cell(activity), part)));
        };
        for (at, demand) in problem.demands().iter().enumerate() {
            add(at, demand.period, &demand.activities);
        }
        for (at, ratio) in problem.ratios().iter().enumerate() {
            add(demands + 2 * at, ratio.period, &ratio.supervised);
            add(demands + 2 * at + 1, ratio.period, &ratio.supervisors);
        }
        // An activity that a demand lists twice still counts once.
        pairs.sort_unstable();
        pairs.dedup();
        let cells = problem.periods() * problem.activities();
        let start = |cell| u32::try_from(pairs.partition_point(|&(c, _)| c < cell));
        Self {
            activities: problem.activities(),
            demands,
            counts: demands + 2 * problem.ratios().len(),
            starts: (0..=cells).map(|cell| start(cell).unwrap_or(u32::MAX)).collect(),
            parts: pairs.iter().map(|&(_, part)| Part::new(part)).collect(),
            eligible: problem
                .demands()
                .iter()
                .map(|d| flags(problem, d.workers.as_deref()))
                .collect(),
        }
    }

    pub(super) const fn counts(&self) -> usize {
        self.counts
    }

    /// What somebody on `activity` in `period` counts towards, eligible or not.
    pub(super) fn parts(
        &self,
        period: PeriodId,
        activity: ActivityId,
    ) -> impl Iterator<Item = Part> + '_ {
        let cell = period.index() * self.activities + activity.index();
        let bounds = self.starts.get(cell).zip(self.starts.get(cell + 1));
        let parts = bounds.and_then(|(&a, &b)| self.parts.get(a as usize..b as usize));
        parts.unwrap_or_default().iter().copied()
    }

    pub(super) fn is_counted(&self, part: Part, worker: WorkerId) -> bool {
        let eligible = self.eligible.get(part.index()).and_then(Option::as_ref);
        eligible.is_none_or(|workers| workers[worker.index()])
    }

    pub(super) const fn source(&self, count: usize) -> Source {
        if count < self.demands {
            Source::Demand(count)
        } else {
            Source::Ratio((count - self.demands) / 2)
        }
    }

    /// The counts of the supervised and of the supervisors.
    pub(super) const fn ratio(&self, at: usize) -> [usize; 2] {
        let first = self.demands + 2 * at;
        [first, first + 1]
    }
}

fn flags(problem: &Problem, workers: Option<&[WorkerId]>) -> Option<Vec<bool>> {
    let mut flags = vec![false; problem.workers()];
    workers?.iter().for_each(|worker| flags[worker.index()] = true);
    Some(flags)
}
