//! What more changes would save, of how many people.

use std::cmp::Reverse;

use crate::budget::{Budget, Clock, Until};
use crate::ids::WorkerId;
use crate::line::UNIT;
use crate::problem::Problem;
use crate::replan::frontier::{Measure, frontier, points};
use crate::replan::near::{Charge, Near};
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
/// Searches between neighbours, by each measure.
const MOST: usize = 12;
/// Times that either end halves its people.
const FEWER: usize = 3;

/// Finds rosters of `changed` from the one nearest to `old` to the cheapest. None of them has at least the
/// [weight](crate::Changes::weight) of changes, the [people](crate::Changes::workers) touched and the
/// [score](crate::Outcome::score) of another. They come by weight, then by people; the cheapest need not be
/// the last, as one with more changes is told where it touches fewer people. Which of them is best is for
/// people to say.
///
/// The first search, at the change cost of the options, stops when legal and may take half of the
/// [budget](ReplanOptions::options). From there it goes on in steps at lower and lower change costs, each
/// from the roster of the one before: few changes often save most. Then more than half of what is left
/// goes to the cheapest roster, at no change cost.
///
/// The others look between neighbours: by weight at the change cost at which both cost the same, as
/// whatever costs less there belongs between them (Aneja and Nair 1979); by people with changes free for
/// the nearer one's and for those of the farther one's who change most there, and very dear for everybody
/// else. Then the nearest and the cheapest try to do without those of their people who change least,
/// whoever takes over. What is left after that goes to the cheapest again.
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
    curve.search(None, &Charge::even(dearest), LEGAL, Until::Legal);
    let near = curve.step_away(dearest);
    if curve.search(Some(near), &Charge::even(0), CHEAPEST, Until::Exhausted).is_some() {
        curve.search_between(Measure::Weight);
        curve.search_between(Measure::People);
        curve.search_fewer();
        curve.search(curve.cheapest(), &Charge::even(0), 100, Until::Exhausted);
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
            let next = self.search(Some(last), &Charge::even(cost), STEP, Until::Exhausted);
            let Some(next) = next else { break };
            (last, cost) = (next, cost / CHEAPER);
        }
        last
    }

    /// Looks between neighbours by one measure, where the gap is widest first.
    fn search_between(&mut self, measure: Measure) {
        let frontier = frontier(&self.found, measure);
        let mut gaps: Vec<_> = frontier.windows(2).map(|pair| (pair[0], pair[1])).collect();
        for _ in 0..MOST {
            let widest = (0..gaps.len()).max_by_key(|&at| self.width(measure, gaps[at]));
            let Some((near, far)) = widest.map(|at| gaps.swap_remove(at)) else { return };
            let Some(charge) = self.charge_between(measure, (near, far)) else { continue };
            // From the near end the nearest improvements lead into the gap; from the far end few lead back.
            let next = self.search(Some(near), &charge, BETWEEN, Until::Exhausted);
            let Some(next) = next else { return };
            let [first, middle, last] = [near, next, far].map(|at| measure.of(&self.found[at]));
            if first < middle && middle < last {
                gaps.extend([(near, next), (next, far)]);
            }
        }
    }

    /// Looks for fewer people, from the nearest roster and from the cheapest: again and again those who
    /// change least are to go, whoever takes over from them.
    fn search_fewer(&mut self) {
        let frontier = frontier(&self.found, Measure::People);
        let ends = [frontier.first(), frontier.last()];
        for mut at in ends.into_iter().take(frontier.len()).flatten().copied() {
            for _ in 0..FEWER {
                let Some(charge) = self.charge_few(at) else { break };
                let next = self.search(Some(at), &charge, BETWEEN, Until::Exhausted);
                let Some(next) = next else { return };
                let [before, after] = [at, next].map(|at| Measure::People.of(&self.found[at]));
                if after >= before {
                    break;
                }
                at = next;
            }
        }
    }

    /// By how much the measure grows and the cost falls in a gap.
    fn steps(&self, measure: Measure, (near, far): (usize, usize)) -> (i64, i64) {
        let (near, far) = (&self.found[near], &self.found[far]);
        let saved = near.outcome.score.soft - far.outcome.score.soft;
        (measure.of(far) - measure.of(near), saved)
    }

    fn width(&self, measure: Measure, gap: (usize, usize)) -> i64 {
        let (step, saved) = self.steps(measure, gap);
        step.max(0).saturating_mul(saved.max(0))
    }

    /// What leads into a gap, when neither end has it all.
    fn charge_between(&self, measure: Measure, gap: (usize, usize)) -> Option<Charge> {
        let (step, saved) = self.steps(measure, gap);
        match measure {
            // With a step of one in weight nothing is between.
            Measure::Weight => {
                let cost = (step > 1).then(|| saved.saturating_mul(UNIT) / step);
                cost.filter(|&cost| cost > 0).map(Charge::even)
            }
            // With a step of one the near end's people may still save more.
            Measure::People => {
                let more = usize::try_from(step / 2).unwrap_or(0);
                (step > 0 && saved > 0).then(|| self.charge_others(gap, more))
            }
        }
    }

    /// Leaves changes to the near end's people, and to so many `more` of the far end's, who change most
    /// there.
    fn charge_others(&self, (near, far): (usize, usize), more: usize) -> Charge {
        let mut free = self.found[near].changes.workers.clone();
        let mut others: Vec<_> = cells_by_worker(&self.found[far]).collect();
        others.retain(|(worker, _)| !free.contains(worker));
        others.sort_by_key(|&(_, cells)| Reverse(cells));
        free.extend(others.into_iter().take(more).map(|(worker, _)| worker));
        Charge { free, others: self.near.barrier(), ..Charge::default() }
    }

    /// Bars half of the people of a roster, who change least, and lets others in for what a change has
    /// saved so far. Nobody is barred whom every roster touches.
    fn charge_few(&self, at: usize) -> Option<Charge> {
        let everywhere = |worker: &WorkerId| {
            self.found.iter().all(|one| one.changes.workers.binary_search(worker).is_ok())
        };
        let mut people: Vec<_> = cells_by_worker(&self.found[at]).collect();
        people.sort_by_key(|&(_, cells)| cells);
        let people = people.into_iter().map(|(worker, _)| worker);
        let (mut free, mut barred): (Vec<_>, Vec<_>) = people.partition(everywhere);
        free.extend(barred.split_off(barred.len() / 2));
        let nearest = frontier(&self.found, Measure::Weight).first().copied()?;
        let (weight, saved) = self.steps(Measure::Weight, (nearest, at));
        let price = if weight > 0 { saved.saturating_mul(UNIT) / weight } else { 0 };
        let others = if price > 0 { price } else { self.near.barrier() / CHEAPER };
        (!barred.is_empty()).then_some(Charge { free, barred, others })
    }

    /// The number of the cheapest roster.
    fn cheapest(&self) -> Option<usize> {
        (0..self.found.len()).min_by_key(|&at| self.found[at].outcome.score)
    }

    /// Looks for one more roster from that of number `start`, or from the old one, in so many hundredths
    /// of what is left, and returns its number. Unless it is the first, nothing is done when nothing is
    /// left.
    fn search(
        &mut self,
        start: Option<usize>,
        charge: &Charge,
        share: u32,
        until: Until,
    ) -> Option<usize> {
        let first = self.found.is_empty();
        if !first && (self.clock.is_over() || self.work == Some(0)) {
            return None;
        }
        self.near.charge(charge);
        let start = start.map(|start| &self.found[start].outcome);
        let lines = match start {
            Some(start) => self.near.lines(&start.roster),
            None => self.near.old_lines(),
        };
        let budget = self.share(share);
        let options = self.options.clone().budget(budget).until(until);
        let clock = Clock::start(budget, options.cancel.clone());
        // The changed problem's prices, whatever a change costs, are nearer than none.
        let latest = self.found.iter().rev().map(|one| &one.outcome.prices);
        let own = start.map(|start| &start.prices);
        let prices = own.into_iter().chain(latest).find(|prices| !prices.is_empty());
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

/// How many cells of each touched worker changed.
fn cells_by_worker(one: &Replanned) -> impl Iterator<Item = (WorkerId, usize)> {
    let lines = one.changes.cells.chunk_by(|a, b| a.0 == b.0);
    lines.map(|cells| (cells[0].0, cells.len()))
}
