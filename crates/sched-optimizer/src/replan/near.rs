//! Searches around an old roster.

use std::ops::ControlFlow;

use crate::budget::Clock;
use crate::certificate::Certificate;
use crate::ids::{PeriodId, WorkerId};
use crate::line::UNIT;
use crate::model::Model;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::replan::pull::Pull;
use crate::replan::{Changes, ReplanOptions, Replanned};
use crate::roster::Roster;
use crate::solver::{Options, Status, hint_lines, search};

/// Without a given cost, a change costs this many times the largest cost.
const CHANGE_COST: i64 = 10;

/// A changed problem in which leaving the old roster costs extra.
pub(super) struct Near<'p> {
    model: Model<'p>,
    pull: Pull<'p>,
    change_cost: i64,
}

impl<'p> Near<'p> {
    /// Charges the change cost of the options.
    pub(super) fn new(problem: &'p Problem, old: &'p Roster, options: &ReplanOptions) -> Self {
        let pull = Pull::new(problem, old, options);
        let allowed = |worker| pull.allowed(problem, worker);
        let model = Model::within(problem, options.options.threads.max(1), allowed);
        let given = options.change_cost.map(|cost| i64::from(cost) * UNIT);
        let change_cost = given.unwrap_or(model.largest * CHANGE_COST);
        let mut near = Self { model, pull, change_cost };
        near.charge(change_cost);
        near
    }

    /// The change cost of the options in parts of [`UNIT`].
    pub(super) const fn change_cost(&self) -> i64 {
        self.change_cost
    }

    /// In parts of [`UNIT`].
    pub(super) const fn typical_cost(&self) -> i64 {
        self.model.typical
    }

    /// Lets a change of weight one cost `cost` parts of [`UNIT`] from now on.
    pub(super) fn charge(&mut self, cost: i64) {
        let (pull, problem) = (&self.pull, self.model.problem);
        let most = cost.saturating_mul(pull.heaviest());
        self.model.surcharge(most, |worker| {
            let cells = problem.period_ids().flat_map(move |period| {
                let choices = problem.choices(worker, period).iter();
                choices.map(move |choice| pull.weight(worker, period, choice))
            });
            cells.map(move |weight| weight * cost)
        });
    }

    /// The old lines; empty where they are not possible any more.
    pub(super) fn old_lines(&self) -> Vec<Vec<u32>> {
        let workers = self.model.problem.worker_ids();
        let line = |w: WorkerId| self.model.positions(w.index(), self.pull.line(w));
        workers.map(|worker| line(worker).unwrap_or_default()).collect()
    }

    pub(super) fn lines(&self, roster: &Roster) -> Vec<Vec<u32>> {
        hint_lines(&self.model, roster)
    }

    /// The best roster of a search from `lines` that makes the nearest improvements first.
    pub(super) fn search(&self, lines: &[Vec<u32>], options: &Options) -> Replanned {
        let clock = Clock::start(options.budget, options.cancel.clone());
        self.search_within(&clock, lines, options)
    }

    /// The same on a clock that is running.
    pub(super) fn search_within(
        &self,
        clock: &Clock,
        lines: &[Vec<u32>],
        options: &Options,
    ) -> Replanned {
        let quiet = |_: &Progress| ControlFlow::Continue(());
        let mut outcome = search(&self.model, clock, options, Some((lines, true)), quiet);
        // What the search proves is about costs with changes; costs alone are only known not to be
        // negative.
        outcome.bound = 0;
        outcome.certificate = Certificate {
            demands: vec![0; self.model.problem.demands().len()],
            ratios: vec![0; self.model.problem.ratios().len()],
            bound: 0,
        };
        if outcome.status == Status::Optimal && outcome.score.soft > 0 {
            outcome.status = Status::Legal;
        }
        let changes = self.changes(&outcome.roster);
        Replanned { outcome, changes }
    }

    fn changes(&self, new: &Roster) -> Changes {
        let problem = self.model.problem;
        let differs = |&(worker, period): &(WorkerId, PeriodId)| {
            let old = self.pull.old(worker, period);
            old.is_some() && old != new.get(worker, period)
        };
        let all = problem.worker_ids().flat_map(|w| problem.period_ids().map(move |p| (w, p)));
        let cells: Vec<_> = all.filter(differs).collect();
        let possible = |&&(worker, period): &&(WorkerId, PeriodId)| {
            let activity = self.pull.old(worker, period);
            activity.is_some_and(|activity| problem.cost(worker, period, activity).is_some())
        };
        let forced = cells.len() - cells.iter().filter(possible).count();
        let weight = cells.iter().map(|&(_, period)| self.pull.weight_of(period)).sum();
        let mut workers: Vec<WorkerId> = cells.iter().map(|cell| cell.0).collect();
        workers.dedup();
        Changes { cells, weight, forced, workers }
    }
}
