//! What more changes would save.

use crate::budget::{Budget, Clock, Until};
use crate::line::UNIT;
use crate::problem::Problem;
use crate::replan::near::Near;
use crate::replan::pull::Pull;
use crate::replan::{ReplanOptions, Replanned, unprepared};
use crate::roster::Roster;
use crate::solver::Options;

/// Shares of what is left of the budget, in hundredths: for a legal roster, for each step away from it,
/// for the cheapest, and for each one between. People compare the cheap end with what a solve from
/// scratch finds, so most goes there.
const LEGAL: u32 = 50;
const STEP: u32 = 4;
const CHEAPEST: u32 = 60;
const BETWEEN: u32 = 12;
/// Each step away divides the change cost by this.
const CHEAPER: i64 = 4;
/// Searches between neighbours.
const MOST: usize = 12;

/// Finds rosters of `changed` from the one nearest to `old` to the cheapest: from each to the next
/// the [weight](crate::Changes::weight) of the changes grows and the score is better. Which of them
/// is best is for people to say.
///
/// The first search, at the change cost of the options, stops when legal and may take half of the
/// [budget](ReplanOptions::options). From there it goes on in steps at lower and lower change costs, each
/// from the roster of the one before: few changes often save most. Then more than half of what is left
/// goes to the cheapest roster, at no change cost. The others look between neighbours, at the change cost
/// at which both cost the same: whatever costs less there belongs between them (Aneja and Nair 1979).
/// What is left after that goes to the cheapest again.
///
/// [`until`](Options::until) is not looked at. A short budget finds fewer rosters, but always one.
/// All of them are legal, or there is one that is not: its [status](crate::Outcome::status) says so.
#[tracing::instrument(skip_all)]
#[must_use]
pub fn trade_offs(changed: &Problem, old: &Roster, options: &ReplanOptions) -> Vec<Replanned> {
    let Options { budget, ref cancel, .. } = options.options;
    let clock = Clock::start(budget, cancel.clone());
    let pull = Pull::new(changed, old, options);
    let Some(near) = Near::new(changed, &pull, options, &clock) else {
        return vec![unprepared(changed, &pull, &clock)];
    };
    let dearest = near.change_cost();
    let options = &options.options;
    let mut curve = Curve { near, options, clock, work: budget.work, found: Vec::new() };
    curve.search(None, dearest, LEGAL, Until::Legal);
    let near = curve.step_away(dearest);
    if curve.search(Some(near), 0, CHEAPEST, Until::Exhausted).is_some() {
        curve.search_between();
        curve.search(curve.cheapest(), 0, 100, Until::Exhausted);
    }
    points(&curve.found)
}

/// A curve that is being made.
struct Curve<'p> {
    near: Near<'p>,
    options: &'p Options,
    clock: Clock,
    /// What is left of a limit in work.
    work: Option<u64>,
    found: Vec<Replanned>,
}

impl Curve<'_> {
    /// Goes from the first roster on at lower and lower change costs, and returns the number of the last.
    fn step_away(&mut self, dearest: i64) -> usize {
        let (mut last, mut cost) = (0, dearest / CHEAPER);
        // Below, a change costs less than any difference of two rosters.
        while cost > UNIT / CHEAPER {
            let Some(next) = self.search(Some(last), cost, STEP, Until::Exhausted) else { break };
            (last, cost) = (next, cost / CHEAPER);
        }
        last
    }

    /// Looks between neighbours, where the gap is widest first.
    fn search_between(&mut self) {
        let frontier = frontier(&self.found);
        let mut gaps: Vec<_> = frontier.windows(2).map(|pair| (pair[0], pair[1])).collect();
        for _ in 0..MOST {
            let widest = (0..gaps.len()).max_by_key(|&at| self.width(gaps[at]));
            let Some((near, far)) = widest.map(|at| gaps.swap_remove(at)) else { return };
            let Some(cost) = self.even_cost((near, far)) else { continue };
            // From the near end the nearest improvements lead into the gap; from the far end few lead back.
            let next = self.search(Some(near), cost, BETWEEN, Until::Exhausted);
            let Some(next) = next else { return };
            let price = |at: usize| price(&self.found[at], cost);
            if price(next) < price(near).min(price(far)) {
                gaps.extend([(near, next), (next, far)]);
            }
        }
    }

    /// By how much the weight grows and the cost falls in a gap.
    fn steps(&self, (near, far): (usize, usize)) -> (i64, i64) {
        let (near, far) = (&self.found[near], &self.found[far]);
        let saved = near.outcome.score.soft - far.outcome.score.soft;
        (far.changes.weight - near.changes.weight, saved)
    }

    fn width(&self, gap: (usize, usize)) -> i64 {
        let (weight, saved) = self.steps(gap);
        weight.max(0).saturating_mul(saved.max(0))
    }

    /// The change cost at which both ends of a gap cost the same, when neither has it all.
    fn even_cost(&self, gap: (usize, usize)) -> Option<i64> {
        let (weight, saved) = self.steps(gap);
        // With a step of one in weight nothing is between.
        let cost = (weight > 1).then(|| saved.saturating_mul(UNIT) / weight);
        cost.filter(|&cost| cost > 0)
    }

    /// The number of the cheapest roster.
    fn cheapest(&self) -> Option<usize> {
        (0..self.found.len()).min_by_key(|&at| price(&self.found[at], 0))
    }

    /// Looks for one more roster from that of number `start`, or from the old one, in so many hundredths
    /// of what is left, and returns its number. Unless it is the first, nothing is done when nothing is
    /// left.
    fn search(
        &mut self,
        start: Option<usize>,
        cost: i64,
        share: u32,
        until: Until,
    ) -> Option<usize> {
        let first = self.found.is_empty();
        if !first && (self.clock.is_over() || self.work == Some(0)) {
            return None;
        }
        self.near.charge(cost);
        let lines = match start {
            Some(start) => self.near.lines(&self.found[start].outcome.roster),
            None => self.near.old_lines(),
        };
        let budget = self.share(share);
        let options = self.options.clone().budget(budget).until(until);
        let clock = Clock::start(budget, options.cancel.clone());
        // The changed problem's prices, whatever a change costs, are nearer than none.
        let mut known = self.found.iter().rev().map(|one| &one.outcome.prices);
        let prices = known.find(|prices| !prices.is_empty());
        let next = self.near.search(&clock, &lines, prices, &options);
        self.work = self.work.map(|work| work.saturating_sub(next.outcome.stats.work));
        self.found.push(next);
        Some(self.found.len() - 1)
    }

    /// So many hundredths of what is left.
    fn share(&self, share: u32) -> Budget {
        let time = self.clock.left().map(|left| left * share / 100);
        Budget { time, work: self.work.map(|work| work / 100 * u64::from(share)) }
    }
}

/// Breaches, and the cost with changes at `cost` parts of [`UNIT`] each.
fn price(one: &Replanned, cost: i64) -> (i64, i64) {
    let score = one.outcome.score;
    (
        score.hard,
        score.soft.saturating_mul(UNIT).saturating_add(one.changes.weight.saturating_mul(cost)),
    )
}

/// The numbers of the rosters than which no other has as few changes and as good a score, by weight: of
/// the legal ones, if there are any.
fn frontier(found: &[Replanned]) -> Vec<usize> {
    let score = |at: usize| found[at].outcome.score;
    let some = (0..found.len()).any(|at| score(at).is_legal());
    let mut all: Vec<usize> = (0..found.len()).filter(|&at| score(at).is_legal() == some).collect();
    all.sort_by_key(|&at| (found[at].changes.weight, score(at)));
    let mut best = None;
    all.retain(|&at| {
        let better = best.is_none_or(|best| score(at) < best);
        best = if better { Some(score(at)) } else { best };
        better
    });
    all
}

/// The curve; when no roster is legal, the best one.
fn points(found: &[Replanned]) -> Vec<Replanned> {
    let frontier = frontier(found);
    let mut points: Vec<Replanned> = frontier.into_iter().map(|at| found[at].clone()).collect();
    if points.last().is_some_and(|last| !last.outcome.score.is_legal()) {
        points.drain(..points.len() - 1);
    }
    points
}
