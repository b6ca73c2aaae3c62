//! What a re-plan may change, and what a change costs.

use std::collections::HashMap;

use crate::budget::Until;
use crate::ids::{PeriodId, WorkerId};
use crate::problem::Problem;
use crate::solver::Options;

/// How to re-plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReplanOptions {
    /// Cost of a cell that differs from the old roster, at weight one, in the search only: the
    /// outcome's score is the problem's own. Default: `None`, ten times the largest cost of the
    /// problem.
    pub change_cost: Option<u32>,
    /// How much more it costs near today. Default: [`Nearness::default`].
    pub nearness: Nearness,
    /// Today: cells before this period stay as they are, unless the changed problem forbids what
    /// they hold. Default: nothing is frozen, and today is the first period.
    pub frozen_until: Option<PeriodId>,
    /// Other periods whose cells stay as they are in the same way: a week that is told already, a day
    /// that was paid for. They move neither today nor any weight. One that the changed problem does
    /// not have freezes nothing. Default: none.
    pub frozen: Vec<PeriodId>,
    /// For each worker of the old roster, in order, who that is in the changed problem; `None` for
    /// somebody who is not in it. Who is nobody's successor is new: has no cell to keep and none
    /// that is frozen. Default: `None`, everybody has kept their id.
    ///
    /// Somebody who leaves within the horizon had better stay in the problem, with nothing to do from
    /// that day on: without their line the demands of their past are not met.
    pub workers: Option<Vec<Option<WorkerId>>>,
    /// Budget, threads, seed and cancel flag. By default ten seconds, at most until legal: line
    /// programmes of a large problem are prepared within them too.
    pub options: Options,
}

impl Default for ReplanOptions {
    fn default() -> Self {
        let options = Options::default().until(Until::Legal);
        Self {
            change_cost: None,
            nearness: Nearness::default(),
            frozen_until: None,
            frozen: Vec::new(),
            workers: None,
            options,
        }
    }
}

impl ReplanOptions {
    /// Sets [`change_cost`](Self::change_cost).
    #[must_use]
    pub const fn change_cost(mut self, cost: u32) -> Self {
        self.change_cost = Some(cost);
        self
    }

    /// Sets [`nearness`](Self::nearness).
    #[must_use]
    pub const fn nearness(mut self, nearness: Nearness) -> Self {
        self.nearness = nearness;
        self
    }

    /// Sets [`frozen_until`](Self::frozen_until).
    #[must_use]
    pub const fn frozen_until(mut self, period: PeriodId) -> Self {
        self.frozen_until = Some(period);
        self
    }

    /// Adds to [`frozen`](Self::frozen).
    #[must_use]
    pub fn freeze(mut self, periods: impl IntoIterator<Item = PeriodId>) -> Self {
        self.frozen.extend(periods);
        self
    }

    /// Sets [`workers`](Self::workers).
    #[must_use]
    pub fn workers(mut self, workers: impl IntoIterator<Item = Option<WorkerId>>) -> Self {
        self.workers = Some(workers.into_iter().collect());
        self
    }

    /// Sets [`workers`](Self::workers) by their names, which are unique in a problem: `old` is the
    /// problem that the old roster was made for.
    #[must_use]
    pub fn workers_by_name(self, old: &Problem, changed: &Problem) -> Self {
        let names = changed.worker_ids().map(|id| (changed.worker_name(id), id));
        let names: HashMap<&str, WorkerId> = names.collect();
        self.workers(old.worker_ids().map(|id| names.get(old.worker_name(id)).copied()))
    }

    /// Sets [`options`](Self::options).
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }
}

/// How much heavier a change weighs the nearer it is to today.
///
/// The weight falls in a straight line from [`peak`](Self::peak) today to one after
/// [`fades`](Self::fades) minutes, rounded up, and is one from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Nearness {
    /// The weight of a change today; zero is one. Default: three.
    pub peak: u8,
    /// Minutes until a change weighs one. Default: two weeks.
    pub fades: u32,
}

impl Default for Nearness {
    fn default() -> Self {
        Self::new(3, 14 * 1440)
    }
}

impl Nearness {
    /// Every change weighs one.
    pub const EVEN: Self = Self::new(1, 0);

    /// Falls from `peak` to one within `fades` minutes.
    #[must_use]
    pub const fn new(peak: u8, fades: u32) -> Self {
        Self { peak, fades }
    }

    /// The weight of a change in a period that starts `minutes` after today's first.
    #[must_use]
    pub fn weight(self, minutes: i32) -> i64 {
        let (fades, extra) = (i64::from(self.fades), i64::from(self.peak.max(1)) - 1);
        let left = fades - i64::from(minutes).clamp(0, fades);
        // Without a slope today itself weighs no more than the rest.
        1 + (extra * left + (fades - 1).max(0)) / fades.max(1)
    }
}
