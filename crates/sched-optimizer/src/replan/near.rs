//! Searches around an old roster.

use std::ops::ControlFlow;

use crate::budget::Clock;
use crate::certificate::Certificate;
use crate::duals::Prices;
use crate::ids::WorkerId;
use crate::line::UNIT;
use crate::model::Model;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::replan::pull::Pull;
use crate::replan::{ReplanOptions, Replanned};
use crate::roster::Roster;
use crate::solver::{Options, Origin, Status, hint_lines, search};

/// Without a given cost, a change costs this many times the largest cost.
const CHANGE_COST: i64 = 10;

/// A changed problem in which leaving the old roster costs extra.
pub(super) struct Near<'p> {
    model: Model<'p>,
    pull: &'p Pull<'p>,
    change_cost: i64,
}

impl<'p> Near<'p> {
    /// Charges the change cost of the options. `None` when it was cancelled.
    pub(super) fn new(
        problem: &'p Problem,
        pull: &'p Pull<'p>,
        options: &ReplanOptions,
        clock: &Clock,
    ) -> Option<Self> {
        let allowed = |worker| pull.allowed(problem, worker);
        let mut model = Model::within(problem, options.options.threads.max(1), clock, allowed)?;
        model.fall_back_on(|worker, period| pull.old(worker, period));
        let given = options.change_cost.map(|cost| i64::from(cost) * UNIT);
        let change_cost = given.unwrap_or(model.largest * CHANGE_COST);
        let mut near = Self { model, pull, change_cost };
        near.charge(change_cost);
        Some(near)
    }

    /// The change cost of the options in parts of [`UNIT`].
    pub(super) const fn change_cost(&self) -> i64 {
        self.change_cost
    }

    /// Lets a change of weight one cost `cost` parts of [`UNIT`] from now on.
    pub(super) fn charge(&mut self, cost: i64) {
        let (pull, problem) = (self.pull, self.model.problem);
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

    /// The best roster of a search near `lines`, with `prices` to begin with.
    pub(super) fn search(
        &self,
        clock: &Clock,
        lines: &[Vec<u32>],
        prices: Option<&Prices>,
        options: &Options,
    ) -> Replanned {
        let quiet = |_: &Progress| ControlFlow::Continue(());
        let origin = Origin { lines: Some(lines), prices, near: true };
        let mut outcome = search(&self.model, clock, options, origin, quiet);
        // What the search proves is about costs with changes; costs alone are only known not to be
        // negative.
        outcome.bound = 0;
        outcome.certificate = Certificate::none(self.model.problem);
        if outcome.status == Status::Optimal && outcome.score.soft > 0 {
            outcome.status = Status::Legal;
        }
        let changes = self.pull.changes(self.model.problem, &outcome.roster);
        Replanned { outcome, changes }
    }
}
