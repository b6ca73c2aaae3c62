//! A changed problem: the nearest legal roster to the old one.

use std::ops::ControlFlow;

use crate::budget::{Budget, Clock, Until};
use crate::ids::{PeriodId, WorkerId};
use crate::model::{Model, Pull};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::roster::Roster;
use crate::solver::{Options, Outcome, hint_lines, search};

/// How to re-plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReplanOptions {
    /// Cost of every cell that differs from the old roster, in the search only: the outcome's score
    /// is the problem's own. Default: `None`, ten times the largest cost of the problem.
    pub change_cost: Option<u32>,
    /// Cells before this period stay as they are, unless the changed problem forbids what they
    /// hold. Default: nothing is frozen.
    pub frozen_until: Option<PeriodId>,
    /// Budget, threads, seed and cancel flag. By default one second, at most until legal.
    pub options: Options,
}

impl Default for ReplanOptions {
    fn default() -> Self {
        let options = Options::default().budget(Budget::seconds(1.0)).until(Until::Legal);
        Self { change_cost: None, frozen_until: None, options }
    }
}

impl ReplanOptions {
    /// Sets [`change_cost`](Self::change_cost).
    #[must_use]
    pub const fn change_cost(mut self, cost: u32) -> Self {
        self.change_cost = Some(cost);
        self
    }

    /// Sets [`frozen_until`](Self::frozen_until).
    #[must_use]
    pub const fn frozen_until(mut self, period: PeriodId) -> Self {
        self.frozen_until = Some(period);
        self
    }

    /// Sets [`options`](Self::options).
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }
}

/// What a re-plan changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// Cells that differ from the old roster.
    pub cells: Vec<(WorkerId, PeriodId)>,
    /// Of these, the ones whose old activity is no longer possible.
    pub forced: usize,
    /// Workers with a changed cell.
    pub workers: Vec<WorkerId>,
}

/// The result of a re-plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replanned {
    /// The new roster and what is known about it. The bound is not computed and is zero.
    pub outcome: Outcome,
    /// How it differs from the old one.
    pub changes: Changes,
}

/// Finds a legal roster of `changed` near `old`, which was made for an earlier version of it with
/// the same workers, periods and activities.
///
/// Lines that broke get their nearest repair. Then, again and again, the one line changes whose
/// change helps most, until nothing helps; if that is not yet legal, all strategies look further in
/// the rest of the budget.
#[tracing::instrument(skip_all)]
#[must_use]
pub fn replan(changed: &Problem, old: &Roster, options: &ReplanOptions) -> Replanned {
    let clock = Clock::start(options.options.budget, options.options.cancel.clone());
    let pull = Pull {
        old,
        change_cost: options.change_cost.map(i64::from),
        frozen: options.frozen_until.map_or(0, PeriodId::index),
    };
    let model = Model::pulled(changed, options.options.threads.max(1), &pull);
    let hint = hint_lines(&model, old);
    let quiet = |_: &Progress| ControlFlow::Continue(());
    let outcome = search(&model, &clock, &options.options, Some((&hint, true)), quiet);
    let changes = changes(changed, old, &outcome.roster);
    Replanned { outcome, changes }
}

fn changes(problem: &Problem, old: &Roster, new: &Roster) -> Changes {
    let cells: Vec<_> = new.differences(old).collect();
    let possible = |&&(worker, period): &&(WorkerId, PeriodId)| {
        let activity = old.get(worker, period);
        activity.is_some_and(|activity| problem.cost(worker, period, activity).is_some())
    };
    let forced = cells.len() - cells.iter().filter(possible).count();
    let mut workers: Vec<WorkerId> = cells.iter().map(|cell| cell.0).collect();
    workers.dedup();
    Changes { cells, forced, workers }
}
