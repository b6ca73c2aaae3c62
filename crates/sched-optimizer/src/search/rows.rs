//! Row resampling: one worker at a time is taken out and put back on the best line under the
//! marginal costs of the others' cover plus noise. Every line in the roster is legal at any time;
//! what is searched is the cover. With noise of temperature `T` this is a blocked Gibbs sampler over
//! whole lines, cooled in cycles.

use crate::budget::Clock;
use crate::cover::{Cover, Part, Weights};
use crate::ids::WorkerId;
use crate::line::{Arena, Effort, NONE, UNIT};
use crate::model::Model;
use crate::rule::Line;
use crate::score::Score;
use crate::search::noise::Noise;

/// Temperatures of a cycle, as shares of a typical cost in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cooling {
    pub(crate) name: &'static str,
    pub(crate) hot: i64,
    pub(crate) cold: i64,
    /// Sweeps of the first cycle; each later one is twice as long, up to a limit.
    pub(crate) sweeps: u32,
}

const LONGEST_CYCLE: u32 = 64;
/// A unit of breach weighs this many times the largest cost at first.
const BREACH_WEIGHT: i64 = 8;
/// Unmet demands grow heavier up to this many times the first weight.
const HEAVIEST: i64 = 200;

/// Lines of all workers as positions of choices, with their score.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) score: Score,
    pub(crate) lines: Vec<Vec<u32>>,
    pub(crate) strategy: &'static str,
}

pub(crate) struct Rows<'m> {
    model: &'m Model<'m>,
    cooling: Cooling,
    rng: fastrand::Rng,
    noise: Noise,
    /// The current line of each worker; empty before it has one.
    lines: Vec<Vec<u32>>,
    own: Vec<Score>,
    cover: Cover,
    weights: Weights,
    best: Option<Found>,
    /// Workers of the running sweep, the next one last.
    queue: Vec<usize>,
    cycle: u32,
    sweep: u32,
    arena: Arena,
    prices: Vec<i64>,
    work: u64,
    resampled: u64,
    /// No noise.
    quiet: bool,
    /// No second, longer look for a line.
    hurried: bool,
}

impl<'m> Rows<'m> {
    pub(crate) fn new(model: &'m Model<'m>, cooling: Cooling, seed: u64) -> Self {
        let workers = model.problem.workers();
        let mut rows = Self {
            model,
            cooling,
            rng: fastrand::Rng::with_seed(seed),
            noise: Noise::new(),
            lines: vec![Vec::new(); workers],
            own: vec![Score::default(); workers],
            cover: Cover::empty(model.problem),
            weights: Weights::flat(model.problem, model.largest * BREACH_WEIGHT),
            best: None,
            queue: Vec::new(),
            cycle: 0,
            sweep: 0,
            arena: Arena::default(),
            prices: Vec::new(),
            work: 0,
            resampled: 0,
            quiet: false,
            hurried: false,
        };
        rows.queue = rows.construction_order();
        rows
    }

    /// Starts from `lines`; an empty one, or one that breaks a rule, is made anew.
    pub(crate) fn start_from(&mut self, lines: &[Vec<u32>]) {
        for (worker, line) in lines.iter().enumerate() {
            let unary = &self.model.unary[worker];
            let program = &self.model.programs[worker];
            if let Some(cost) = program.cost_of(line, unary, &mut self.arena) {
                self.put(worker, line.clone(), Score { hard: 0, soft: cost / UNIT });
            }
        }
        self.queue.retain(|&worker| self.lines[worker].is_empty());
        self.remember();
    }

    pub(crate) const fn work(&self) -> u64 {
        self.work
    }

    pub(crate) const fn resampled(&self) -> u64 {
        self.resampled
    }

    pub(crate) const fn best(&self) -> Option<&Found> {
        self.best.as_ref()
    }

    /// Works until `until` units are done in all, or the clock says stop, or `enough`.
    pub(crate) fn run(&mut self, until: u64, clock: &Clock, enough: impl Fn(Score) -> bool) {
        while self.work < until && !clock.is_over() {
            if self.best.as_ref().is_some_and(|best| enough(best.score)) {
                return;
            }
            match self.queue.pop() {
                Some(worker) => self.resample(worker),
                None => self.next_sweep(),
            }
            self.remember();
        }
    }

    /// Gives every worker a line without noise, while there is time to look for legal ones.
    pub(crate) fn finish_construction(&mut self, clock: &Clock) {
        self.quiet = true;
        while let Some(worker) = self.queue.pop_if(|_| !clock.is_over()) {
            self.resample(worker);
        }
        self.quiet = false;
        self.complete();
    }

    /// Gives every worker a line, however quickly: for a roster to return when time is up.
    pub(crate) fn complete(&mut self) {
        self.hurried = true;
        for worker in 0..self.lines.len() {
            if self.lines[worker].is_empty() {
                self.resample(worker);
            }
        }
        self.hurried = false;
        self.remember();
    }

    /// Changes the one line whose change helps most, again and again, until none helps.
    pub(crate) fn respond(&mut self, clock: &Clock) {
        self.quiet = true;
        while !clock.is_over() {
            let offers = (0..self.lines.len()).filter_map(|worker| self.improvement(worker, clock));
            let offers: Vec<(i64, usize, Vec<u32>)> = offers.collect();
            let Some((_, worker, line)) = offers.into_iter().max_by_key(|offer| offer.0) else {
                break;
            };
            let own = self.judge(worker, &line);
            self.take(worker);
            self.put(worker, line, own);
            self.remember();
        }
        self.quiet = false;
    }

    /// A better line for `worker` while all others stay, and by how much it is better.
    fn improvement(&mut self, worker: usize, clock: &Clock) -> Option<(i64, usize, Vec<u32>)> {
        if clock.is_over() {
            return None;
        }
        let (old, own) = (self.take(worker), self.own[worker]);
        self.fill_prices(worker);
        let program = &self.model.programs[worker];
        let now = program.cost_of(&old, &self.prices, &mut self.arena).unwrap_or(NONE);
        let solved = program.solve(&self.prices, now, Effort::QUICK, &mut self.arena);
        self.work += solved.work;
        self.put(worker, old, own);
        Some((now - solved.cost?, worker, self.arena.line.clone()))
    }

    /// Continues from a better roster that another search has found, at the next cycle.
    pub(crate) fn adopt(&mut self, found: &Found) {
        if self.best.as_ref().is_none_or(|best| found.score < best.score) {
            self.best = Some(found.clone());
        }
    }

    /// Supervisors last: what they are needed for is known by then. Fewer choices first.
    fn construction_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        self.rng_shuffled(&mut order);
        order.sort_by_key(|&worker| {
            let choices = self.model.programs[worker].choices();
            let supervises = (0..choices).any(|choice| {
                let parts = self.model.cover.parts(worker, choice);
                parts.iter().any(|part| matches!(part, Part::Supervisor(_)))
            });
            (supervises, choices)
        });
        order.reverse();
        order
    }

    fn rng_shuffled(&self, order: &mut [usize]) {
        self.rng.clone().shuffle(order);
    }

    fn next_sweep(&mut self) {
        self.sweep += 1;
        self.reweigh();
        if self.sweep > self.cycle_sweeps() {
            self.next_cycle();
        }
        self.queue.extend(0..self.lines.len());
        self.rng.shuffle(&mut self.queue);
    }

    fn cycle_sweeps(&self) -> u32 {
        (self.cooling.sweeps << self.cycle.min(4)).min(LONGEST_CYCLE)
    }

    fn next_cycle(&mut self) {
        self.cycle += 1;
        self.sweep = 1;
        let Some(best) = self.best.clone() else { return };
        for (worker, line) in best.lines.into_iter().enumerate() {
            self.take(worker);
            let own = self.judge(worker, &line);
            self.put(worker, line, own);
        }
    }

    /// Falls geometrically from hot to cold over a cycle.
    #[expect(clippy::cast_possible_truncation, reason = "a share in thousandths")]
    #[expect(clippy::cast_precision_loss, reason = "a share in thousandths")]
    fn temperature(&self) -> i64 {
        let last = self.cycle_sweeps().max(2) - 1;
        let ratio = self.cooling.cold as f64 / self.cooling.hot as f64;
        let done = f64::from(self.sweep.min(last)) / f64::from(last);
        let share = (self.cooling.hot as f64 * ratio.powf(done)).round() as i64;
        share * self.model.typical / 1000
    }

    /// Unmet demands and ratios grow heavier, so that the search leaves a state in which meeting one
    /// costs another.
    fn reweigh(&mut self) {
        let first = self.model.largest * BREACH_WEIGHT;
        let heavier = |weight: &mut i64| *weight = (*weight + first / 2).min(first * HEAVIEST);
        for (at, weight) in self.weights.demands.iter_mut().enumerate() {
            if self.cover.demand_price(self.model.problem, at).0 > 0 {
                heavier(weight);
            }
        }
        for (at, weight) in self.weights.ratios.iter_mut().enumerate() {
            if self.cover.excess(self.model.problem, at) > 0 {
                heavier(weight);
            }
        }
    }

    fn resample(&mut self, worker: usize) {
        let program = &self.model.programs[worker];
        let old = self.take(worker);
        self.fill_prices(worker);
        let upper =
            program.cost_of(&old, &self.prices, &mut self.arena).filter(|_| !old.is_empty());
        let limit = upper.unwrap_or(NONE);
        let mut solved = program.solve(&self.prices, limit, Effort::QUICK, &mut self.arena);
        self.work += solved.work;
        if solved.cost.is_none() && upper.is_none() && !self.hurried {
            solved = program.solve(&self.prices, limit, Effort::THOROUGH, &mut self.arena);
            self.work += solved.work;
        }
        self.resampled += 1;
        match solved.cost {
            Some(cost) => {
                let line = self.arena.line.clone();
                let added: i64 =
                    self.model.choices(worker, &line).map(|c| self.added(worker, c)).sum();
                self.put(worker, line, Score { hard: 0, soft: (cost - added) / UNIT });
            }
            None if old.is_empty() => self.put_anything(worker),
            None => {
                let own = self.own[worker];
                self.put(worker, old, own);
            }
        }
    }

    /// The part of a choice's price that is not the worker's own cost.
    fn added(&self, worker: usize, choice: usize) -> i64 {
        self.prices[choice] - self.model.unary[worker][choice]
    }

    /// No legal line was found: one that at least keeps the rules that are multiplied out, or the
    /// cheapest choices.
    fn put_anything(&mut self, worker: usize) {
        let program = &self.model.programs[worker];
        let mut line = vec![0; self.model.problem.periods()];
        if program.relaxed(&self.prices, &mut self.arena) < NONE {
            line.clone_from(&self.arena.line);
        }
        self.work += program.relaxed_work();
        let own = self.judge(worker, &line);
        self.put(worker, line, own);
    }

    fn judge(&mut self, worker: usize, line: &[u32]) -> Score {
        let program = &self.model.programs[worker];
        let unary = &self.model.unary[worker];
        if let Some(cost) = program.cost_of(line, unary, &mut self.arena) {
            return Score { hard: 0, soft: cost / UNIT };
        }
        let choices = self.model.choices(worker, line);
        let cost: i64 = choices.map(|choice| unary[choice]).sum();
        let activities = self.model.activities(worker, line);
        let id = WorkerId::new(worker);
        let line = Line::new(self.model.problem, id, &activities);
        let mut score = Score { hard: 0, soft: cost / UNIT };
        for judgement in self.model.problem.rules(id).iter().map(|rule| rule.judge(&line)) {
            score.hard += judgement.breaches.iter().map(|breach| breach.amount).sum::<i64>();
            score.soft += judgement.cost;
        }
        score
    }

    fn fill_prices(&mut self, worker: usize) {
        // Supervisors come after those they supervise; until they do, nobody is held back for them.
        let unsupervised = self.sweep == 0 && !self.quiet;
        let temperature = if self.quiet { 0 } else { self.temperature() };
        self.prices.clear();
        for (choice, &cost) in self.model.unary[worker].iter().enumerate() {
            let parts = self.model.cover.parts(worker, choice);
            let marginal = |&part| match part {
                Part::Supervised(_) if unsupervised => 0,
                part => self.cover.marginal(self.model.problem, &self.weights, part),
            };
            let cover: i64 = parts.iter().map(marginal).sum();
            let noise = self.noise.sample(&mut self.rng, temperature);
            self.prices.push(cost + cover + noise);
        }
    }

    fn take(&mut self, worker: usize) -> Vec<u32> {
        let line = std::mem::take(&mut self.lines[worker]);
        for choice in self.model.choices(worker, &line) {
            self.cover.remove(self.model.cover.parts(worker, choice));
        }
        line
    }

    fn put(&mut self, worker: usize, line: Vec<u32>, own: Score) {
        for choice in self.model.choices(worker, &line) {
            self.cover.add(self.model.cover.parts(worker, choice));
        }
        self.lines[worker] = line;
        self.own[worker] = own;
    }

    pub(crate) fn score(&self) -> Score {
        let (hard, soft) = self.cover.price(self.model.problem);
        self.own.iter().fold(Score { hard, soft }, |sum, &own| sum + own)
    }

    fn remember(&mut self) {
        if self.lines.iter().any(Vec::is_empty) {
            return;
        }
        let score = self.score();
        if self.best.as_ref().is_none_or(|best| score < best.score) {
            let lines = self.lines.clone();
            self.best = Some(Found { score, lines, strategy: self.cooling.name });
        }
    }
}
