//! Joint rules in a search that puts back one line at a time.

use super::{BREACH_WEIGHT, Rows};
use crate::cover::{HEAVIEST, heavier};
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::line::{Effort, NONE, UNIT};
use crate::model::Model;
use crate::roster::Roster;
use crate::score::Score;
use crate::search::plan::Heat;

#[cfg(test)]
mod tests;

/// No change of a cell counts for more than this: a line of such cells stays far from [`NONE`].
const FAR: i64 = HEAVIEST;
/// Lines that are looked at in place of one.
const TRIES: u32 = 4;

/// What the joint rules of a problem that has some say of the current lines.
pub(super) struct Joint<'m> {
    model: &'m Model<'m>,
    /// The line of each worker that was put last, even while it is taken out; before the first one,
    /// the fallback.
    roster: Roster,
    /// What each rule says of the roster.
    scores: Vec<Score>,
    /// Penalties of one unit of breach of each rule, in parts of [`UNIT`].
    weights: Vec<i64>,
    /// What a worker does now, and would do instead, while a line is tried.
    old: Vec<ActivityId>,
    new: Vec<ActivityId>,
    /// What each choice of the worker priced last would change on its own.
    changes: Vec<i64>,
    /// How much of a change counted in them, out of [`Heat::FULL_PENALTY`].
    penalty: i64,
    /// Deltas asked for since [`take_work`](Self::take_work).
    work: u64,
}

impl<'m> Joint<'m> {
    /// `None` for a problem without joint rules.
    pub(super) fn new(model: &'m Model<'m>) -> Option<Self> {
        let rules = model.problem.joint_rules();
        if rules.is_empty() {
            return None;
        }
        let roster = model.roster(&model.fallback);
        let judged = rules.iter().map(|rule| rule.judge(model.problem, &roster).score());
        Some(Self {
            model,
            scores: judged.collect(),
            roster,
            weights: vec![model.largest * BREACH_WEIGHT; rules.len()],
            old: Vec::new(),
            new: Vec::new(),
            changes: Vec::new(),
            penalty: Heat::FULL_PENALTY,
            work: 0,
        })
    }

    pub(super) fn score(&self) -> Score {
        self.scores.iter().copied().sum()
    }

    /// The work of all deltas since it was asked last: each is a unit.
    pub(super) fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// Adds to the prices of all choices of `worker` what each of them would change on its own.
    fn price(&mut self, worker: WorkerId, penalty: i64, prices: &mut [i64]) {
        self.penalty = penalty;
        let mut changes = std::mem::take(&mut self.changes);
        changes.clear();
        for period in self.model.problem.period_ids() {
            for choice in self.model.problem.choices(worker, period) {
                changes.push(self.change(worker, period, choice.activity));
            }
        }
        prices.iter_mut().zip(&changes).for_each(|(price, change)| *price += change);
        self.changes = changes;
    }

    /// By how much more a change to `line` costs than the prices say that were made last, which must
    /// be those of `worker`.
    fn error(&mut self, worker: usize, line: &[u32]) -> i64 {
        let choices = self.model.choices(worker, line);
        let priced: i64 = choices.map(|choice| self.changes[choice]).sum();
        let id = WorkerId::new(worker);
        let (old, new) = self.begin(worker, line);
        let mut real = 0;
        for (period, &to) in self.model.problem.period_ids().zip(&new) {
            real += self.change(id, period, to);
            self.roster.set(id, period, to);
        }
        self.end(id, (old, new));
        real - priced
    }

    /// Moves the prices made last half the way to what each choice would change if the other cells were
    /// those of `line`: cells that each promised what only one of them can give promise less. Under a
    /// square of a sum, the new prices of `line` add up to what it really costs.
    fn temper(&mut self, worker: usize, line: &[u32], prices: &mut [i64]) {
        let id = WorkerId::new(worker);
        let (old, new) = self.begin(worker, line);
        self.set_line(id, &new);
        let mut at = 0;
        for (period, &old) in self.model.problem.period_ids().zip(&old) {
            let back = self.change(id, period, old);
            for choice in self.model.problem.choices(id, period) {
                let then = self.change(id, period, choice.activity) - back;
                let step = (then - self.changes[at]) / 2;
                self.changes[at] += step;
                prices[at] += step;
                at += 1;
            }
        }
        self.end(id, (old, new));
    }

    /// What the worker does now, and would do instead.
    fn begin(&mut self, worker: usize, line: &[u32]) -> (Vec<ActivityId>, Vec<ActivityId>) {
        let (mut old, mut new) = (std::mem::take(&mut self.old), std::mem::take(&mut self.new));
        old.clear();
        old.extend_from_slice(self.roster.line(WorkerId::new(worker)));
        new.clear();
        new.extend(self.model.activities(worker, line));
        (old, new)
    }

    /// Gives the worker the old line back.
    fn end(&mut self, worker: WorkerId, (old, new): (Vec<ActivityId>, Vec<ActivityId>)) {
        self.set_line(worker, &old);
        (self.old, self.new) = (old, new);
    }

    fn set_line(&mut self, worker: WorkerId, line: &[ActivityId]) {
        let cells = self.model.problem.period_ids().zip(line);
        cells.for_each(|(period, &activity)| self.roster.set(worker, period, activity));
    }

    /// `worker` has `line` from now on.
    pub(super) fn put(&mut self, worker: usize, line: &[u32]) {
        let (id, problem) = (WorkerId::new(worker), self.model.problem);
        for (period, to) in problem.period_ids().zip(self.model.activities(worker, line)) {
            if self.roster.get(id, period) != Some(to) {
                for (rule, score) in problem.joint_rules().iter().zip(&mut self.scores) {
                    *score += rule.delta(problem, &self.roster, id, period, to);
                    self.work += 1;
                }
                self.roster.set(id, period, to);
            }
        }
    }

    /// Makes what is broken now heavier, by `least` or more.
    pub(super) fn weigh_breaches(&mut self, least: i64) {
        let broken = self.weights.iter_mut().zip(&self.scores).filter(|(_, s)| !s.is_legal());
        broken.for_each(|(weight, _)| *weight = heavier(*weight, least));
    }

    /// What changing a cell costs, breaches weighed, in parts of [`UNIT`].
    fn change(&mut self, worker: WorkerId, period: PeriodId, to: ActivityId) -> i64 {
        if self.roster.get(worker, period) == Some(to) {
            return 0;
        }
        self.work += self.scores.len() as u64;
        let problem = self.model.problem;
        let all = problem.joint_rules().iter().zip(&self.weights).map(|(rule, weight)| {
            let Score { hard, soft } = rule.delta(problem, &self.roster, worker, period, to);
            hard.saturating_mul(*weight).saturating_add(soft.saturating_mul(UNIT))
        });
        let whole = all.fold(0, i64::saturating_add).clamp(-FAR, FAR);
        whole * self.penalty / Heat::FULL_PENALTY
    }
}

impl Rows<'_> {
    /// Adds to the prices of `worker`'s choices what they change in joint rules.
    pub(super) fn price_jointly(&mut self, worker: usize) {
        if let Some(joint) = &mut self.joint {
            joint.price(WorkerId::new(worker), self.heat.penalty, &mut self.prices);
            self.work += joint.take_work();
        }
    }

    /// The line found last at `cost` under the prices, and what it really costs, if that is below
    /// `upper`; otherwise a line found under prices that have learnt from it.
    pub(super) fn confirmed(
        &mut self,
        worker: usize,
        mut cost: i64,
        upper: i64,
    ) -> Option<(i64, i64)> {
        let program = &self.model.programs[worker];
        for left in (0..TRIES).rev() {
            let Some(joint) = &mut self.joint else { return Some((cost, cost)) };
            let real = cost + joint.error(worker, &self.arena.line);
            self.work += joint.take_work();
            if upper >= NONE || real < upper {
                return Some((cost, real));
            }
            if left == 0 {
                break;
            }
            joint.temper(worker, &self.arena.line, &mut self.prices);
            self.work += joint.take_work();
            let (dear, guess) = (self.tolls[worker].prices(), &mut self.guesses[worker]);
            let solved =
                program.solve(&self.prices, dear, upper, Effort::QUICK, guess, &mut self.arena);
            self.work += solved.work;
            cost = solved.cost?;
        }
        None
    }
}
