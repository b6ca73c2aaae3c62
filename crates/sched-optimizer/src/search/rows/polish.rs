//! Chains of exchanges among lines that are known: one worker takes another line although the whole
//! gets worse, and others answer with lines of theirs until it is better than before. This combines
//! the rows of different good rosters, and changes several at once where none can change alone.
//!
//! It is a variable-depth search in the manner of Lin and Kernighan (1973) and of ejection chains
//! (Glover 1996). What every known line would cost is kept up to date, cell by cell, so that the answers
//! to an exchange are at hand.

#[cfg(test)]
mod tests;

use super::Rows;
use crate::budget::Clock;
use crate::line::UNIT;
use crate::score::Score;

/// Exchanges tried at each step of a chain, the best ones first.
const BREADTH: [usize; 4] = [24, 4, 2, 2];
/// At most this share of the work.
const SHARE: u64 = 24;
/// So many choices priced anew are one unit of work, and so many costs of lines count as one of them.
const LOOKS_PER_UNIT: u64 = 12;
const COSTS_PER_LOOK: u64 = 8;

/// What every known line would cost while the others stay.
#[derive(Default)]
pub(super) struct Chains {
    /// The cover's price of each choice of each worker, with the worker's own line taken out.
    prices: Vec<Vec<i64>>,
    /// The cost of each line of each worker under them.
    costs: Vec<Vec<i64>>,
    /// The number of each worker's line now.
    current: Vec<usize>,
    /// Workers that have moved in the present chain.
    moved: Vec<bool>,
    /// How much the price of each choice of a cell has changed.
    changes: Vec<i64>,
    /// Periods in which two lines differ.
    changed: Vec<usize>,
    /// The exchanges that are tried at each step of the present chain.
    steps: [Vec<Exchange>; BREADTH.len()],
    /// Choices priced anew, and the most there may be.
    looks: u64,
    most: u64,
}

/// A line in the place of another: what it changes, the worker, and the number of the line.
type Exchange = (i64, usize, usize);

impl Chains {
    fn is_over(&self, clock: &Clock) -> bool {
        self.looks > self.most || clock.is_over()
    }

    /// The best answers of all who have not moved yet, for this step of the chain.
    fn find_answers(&mut self, step: usize) {
        let mut answers = std::mem::take(&mut self.steps[step]);
        answers.clear();
        let others = (0..self.moved.len()).filter(|&other| !self.moved[other]);
        answers.extend(others.filter_map(|other| self.answer_of(other)));
        answers.sort_unstable();
        self.steps[step] = answers;
    }

    /// The best exchange of a worker that makes the whole better.
    fn answer_of(&self, worker: usize) -> Option<Exchange> {
        let costs = self.costs[worker].iter();
        let (cost, at) = costs.zip(0..).map(|(&cost, at)| (cost, at)).min()?;
        let change = cost - self.costs[worker][self.current[worker]];
        (change < 0).then_some((change, worker, at))
    }
}

impl Rows<'_> {
    /// Looks for chains that make the present roster better, and then the best one, among the lines
    /// that both and earlier ones were made of.
    pub(super) fn recombine(&mut self, clock: &Clock) {
        if self.joint.is_some() || self.own.iter().any(|own| own.hard > 0) {
            // What a line changes in joint rules is not kept up to date, and a line that breaks its rules
            // has no cost to compare.
            return;
        }
        let most = (self.work - self.polished) / SHARE;
        self.polish(clock, most / 2);
        if self.best.as_ref().is_some_and(|best| best.score < self.score()) {
            self.restart();
            self.polish(clock, most / 2);
        }
        self.polished = self.work;
    }

    /// Looks for chains until there is none that makes the roster better, or so much work is done.
    fn polish(&mut self, clock: &Clock, most: u64) {
        if self.own.iter().any(|own| own.hard > 0) {
            return;
        }
        let mut chains = self.chains();
        chains.most = most.saturating_mul(LOOKS_PER_UNIT);
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        self.rng.shuffle(&mut order);
        let mut in_vain = 0;
        for &worker in order.iter().cycle() {
            if in_vain == order.len() || chains.is_over(clock) {
                break;
            }
            in_vain = if self.chain_from(&mut chains, worker, clock) { 0 } else { in_vain + 1 };
        }
        for (worker, &to) in chains.current.iter().enumerate() {
            if self.lines[worker] != self.pool[worker].lines[to] {
                self.put_known(worker, to);
            }
        }
        self.work += chains.looks / LOOKS_PER_UNIT;
        self.chains = chains;
        self.refresh_all();
        self.remember();
    }

    /// Keeps the lines of now and learns what all known ones would cost.
    fn chains(&mut self) -> Chains {
        let workers = self.lines.len();
        let mut chains = std::mem::take(&mut self.chains);
        (chains.looks, chains.most) = (0, u64::MAX);
        chains.prices.resize_with(workers, Vec::new);
        chains.costs.resize_with(workers, Vec::new);
        chains.current.clear();
        chains.moved.resize(workers, false);
        for worker in 0..workers {
            let (line, unary) = (&self.lines[worker], &self.model.unary[worker]);
            let cells: i64 = self.model.choices(worker, line).map(|choice| unary[choice]).sum();
            let rules = self.rule_costs[worker];
            let columns = &mut self.pool[worker];
            chains.current.push(columns.keep(line, cells + rules, rules));
            chains.costs[worker].clone_from(&columns.own);
            chains.prices[worker].clear();
            chains.prices[worker].resize(unary.len(), 0);
            for period in 0..self.model.problem.periods() {
                self.reprice(&mut chains, worker, period);
            }
        }
        chains
    }

    /// Puts a known line, which the cover counts already, in the place of the worker's.
    fn put_known(&mut self, worker: usize, number: usize) {
        let columns = &self.pool[worker];
        self.lines[worker].clone_from(&columns.lines[number]);
        let own = Score { hard: 0, soft: columns.own[number] / UNIT };
        self.total.soft += own.soft - self.own[worker].soft;
        self.own[worker] = own;
        self.rule_costs[worker] = columns.rules[number];
    }

    /// Begins chains with the best other lines of `worker`. Returns whether one made the whole better;
    /// without one everything is as before.
    fn chain_from(&mut self, chains: &mut Chains, worker: usize, clock: &Clock) -> bool {
        let (costs, from) = (&chains.costs[worker], chains.current[worker]);
        let others = costs.iter().zip(0..).filter(|(_, at)| *at != from);
        chains.steps[0].clear();
        chains.steps[0].extend(others.map(|(cost, to)| (cost - costs[from], worker, to)));
        chains.steps[0].sort_unstable();
        chains.moved.fill(false);
        self.goes_on(chains, (0, 0), clock)
    }

    /// Tries the exchanges of this step one after the other in a chain of `depth` exchanges that have
    /// changed the cost by `change` so far, and lets others answer. Returns whether the whole got better;
    /// if not, everything is as before.
    fn goes_on(
        &mut self,
        chains: &mut Chains,
        (depth, change): (usize, i64),
        clock: &Clock,
    ) -> bool {
        for at in 0..BREADTH[depth].min(chains.steps[depth].len()) {
            let (own, worker, to) = chains.steps[depth][at];
            if chains.is_over(clock) {
                return false;
            }
            let from = chains.current[worker];
            self.exchange(chains, worker, to);
            if change + own < 0 {
                return true;
            }
            if depth + 1 < BREADTH.len() {
                chains.moved[worker] = true;
                chains.find_answers(depth + 1);
                if self.goes_on(chains, (depth + 1, change + own), clock) {
                    return true;
                }
                chains.moved[worker] = false;
            }
            self.exchange(chains, worker, from);
        }
        false
    }

    /// Puts line number `to` in the place of the worker's present one, in the cover and in the prices
    /// that the others see.
    fn exchange(&mut self, chains: &mut Chains, worker: usize, to: usize) {
        let model = self.model;
        let starts = model.programs[worker].cells().starts;
        let lines = &self.pool[worker].lines;
        let (old, new) = (&lines[chains.current[worker]], &lines[to]);
        let mut changed = std::mem::take(&mut chains.changed);
        changed.clear();
        changed.extend((0..old.len()).filter(|&at| old[at] != new[at]));
        for &period in &changed {
            for (line, up) in [(old, false), (new, true)] {
                for &part in model.cover.of(worker, starts[period] + line[period] as usize) {
                    self.cover.change(part, model.cover.part(part), up);
                }
            }
        }
        chains.current[worker] = to;
        for other in (0..self.lines.len()).filter(|&other| other != worker) {
            for &period in &changed {
                self.reprice(chains, other, period);
            }
        }
        chains.changed = changed;
    }

    /// Learns the cover's prices of a cell's choices anew, and what lines cost under them.
    fn reprice(&mut self, chains: &mut Chains, worker: usize, period: usize) {
        let index = &self.model.cover;
        let starts = self.model.programs[worker].cells().starts;
        let (start, end) = (starts[period], starts[period + 1]);
        let columns = &self.pool[worker];
        let now = columns.lines[chains.current[worker]][period] as usize;
        let own = index.of(worker, start + now).iter();
        own.clone().for_each(|&part| self.cover.change(part, index.part(part), false));
        chains.changes.clear();
        for (choice, known) in (start..end).zip(&mut chains.prices[worker][start..end]) {
            let parts = index.of(worker, choice).iter();
            let price: i64 = parts.map(|&part| self.cover.marginal(index.part(part))).sum();
            chains.changes.push(price - std::mem::replace(known, price));
        }
        own.for_each(|&part| self.cover.change(part, index.part(part), true));
        chains.looks += (end - start) as u64;
        if chains.changes.iter().any(|change| *change != 0) {
            chains.looks += columns.lines.len() as u64 / COSTS_PER_LOOK;
            for (cost, line) in chains.costs[worker].iter_mut().zip(&columns.lines) {
                *cost += chains.changes[line[period] as usize];
            }
        }
    }
}
