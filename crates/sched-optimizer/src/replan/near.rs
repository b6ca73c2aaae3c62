//! Searches around an old roster.

use std::ops::ControlFlow;

use crate::budget::Clock;
use crate::certificate::Certificate;
use crate::checker::Analysis;
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

/// What a change of weight one costs, in parts of [`UNIT`].
#[derive(Clone, Debug, Default)]
pub(super) struct Charge {
    /// Whose changes cost nothing.
    pub(super) free: Vec<WorkerId>,
    /// Whose changes cost more than they can save.
    pub(super) barred: Vec<WorkerId>,
    /// What everybody else's cost.
    pub(super) others: i64,
}

impl Charge {
    /// The same for everybody.
    pub(super) fn even(cost: i64) -> Self {
        Self { others: cost, ..Self::default() }
    }

    fn of(&self, worker: WorkerId, barrier: i64) -> i64 {
        match (self.free.contains(&worker), self.barred.contains(&worker)) {
            (true, _) => 0,
            (_, true) => barrier,
            _ => self.others,
        }
    }
}

/// A changed problem in which leaving the old roster costs extra.
pub(super) struct Near<'p> {
    model: Model<'p>,
    pull: &'p Pull<'p>,
    change_cost: i64,
    /// A change cost that no roster is worth.
    barrier: i64,
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
        let barrier = model.largest * CHANGE_COST;
        let change_cost = given.unwrap_or(barrier);
        let mut near = Self { model, pull, change_cost, barrier };
        near.charge(&Charge::even(change_cost));
        Some(near)
    }

    /// The change cost of the options in parts of [`UNIT`].
    pub(super) const fn change_cost(&self) -> i64 {
        self.change_cost
    }

    /// A change cost that no roster is worth.
    pub(super) const fn barrier(&self) -> i64 {
        self.barrier
    }

    /// What changes cost from now on.
    pub(super) fn charge(&mut self, charge: &Charge) {
        let (pull, problem, barrier) = (self.pull, self.model.problem, self.barrier);
        let dearest = if charge.barred.is_empty() { charge.others } else { barrier };
        self.model.surcharge(dearest.saturating_mul(pull.heaviest()), |worker| {
            let cost = charge.of(worker, barrier);
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
        outcome.roster = self.pull.put_back(self.model.problem, outcome.roster, clock);
        let judged = Analysis::new(self.model.problem, &outcome.roster);
        outcome.score = judged.map_or(outcome.score, |analysis| analysis.score);
        // What the search proves is about costs with changes; costs alone are only known not to be
        // negative.
        outcome.bound = 0;
        outcome.certificate = Certificate::none(self.model.problem);
        outcome.status = match outcome.status {
            Status::Optimal if outcome.score.soft > 0 => Status::Legal,
            Status::NotLegal if outcome.score.is_legal() => Status::Legal,
            status => status,
        };
        let changes = self.pull.changes(self.model.problem, &outcome.roster);
        Replanned { outcome, changes }
    }
}
