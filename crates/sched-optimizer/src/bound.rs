//! A lower bound that is valid at any prices.
//!
//! Every demand gets a price for each worker it counts, every ratio one for its excess. Workers then
//! choose their best lines independently, demands their best counts, and the sum is a lower bound on
//! the cost of every legal roster (Lagrangean relaxation). Line minima are taken over a relaxation
//! that the line programme solves exactly, in integers. Prices climb by subgradient steps (Polyak).

use crate::budget::Clock;
use crate::cover::Part;
use crate::line::{Arena, Effort, NONE, UNIT};
use crate::model::Model;

/// Rounds after which the step size has fallen to a hundredth; then it starts anew from the best.
const CYCLE: u32 = 120;

/// The share of the last direction in the next: lines jump between few good ones, and without it
/// prices zigzag.
const INERTIA: f64 = 0.4;

pub(crate) struct Ascent<'m> {
    model: &'m Model<'m>,
    demands: Vec<f64>,
    ratios: Vec<f64>,
    /// Where the last step went: demands, then ratios.
    direction: Vec<f64>,
    /// How many workers could count towards each demand.
    eligible: Vec<u32>,
    best: i64,
    best_prices: (Vec<f64>, Vec<f64>),
    /// The lines' minima include all rules at the best prices so far.
    polished: bool,
    round: u32,
    work: u64,
    arena: Arena,
    prices: Vec<i64>,
}

/// One evaluation: the bound, and the direction in which it grows.
struct Slope {
    value: i64,
    demands: Vec<i64>,
    ratios: Vec<i64>,
}

impl<'m> Ascent<'m> {
    pub(crate) fn new(model: &'m Model<'m>) -> Self {
        let demands = vec![0.0; model.problem.demands().len()];
        let ratios = vec![0.0; model.problem.ratios().len()];
        Self {
            best_prices: (demands.clone(), ratios.clone()),
            direction: vec![0.0; demands.len() + ratios.len()],
            eligible: eligible(model),
            model,
            demands,
            ratios,
            best: 0,
            polished: false,
            round: 0,
            work: 0,
            arena: Arena::default(),
            prices: Vec::new(),
        }
    }

    /// The best bound so far in cost units. Costs are whole and not negative, so it is rounded up.
    pub(crate) fn bound(&self) -> i64 {
        self.best.div_euclid(UNIT) + i64::from(self.best.rem_euclid(UNIT) != 0)
    }

    pub(crate) const fn work(&self) -> u64 {
        self.work
    }

    /// Climbs until `until` units of work are done; `target` is the cost of a known legal roster.
    pub(crate) fn run(&mut self, until: u64, target: Option<i64>, clock: &Clock) {
        while self.work < until && !clock.is_over() {
            if target.is_some_and(|target| self.bound() >= target) {
                return;
            }
            if self.round > 0 && self.round.is_multiple_of(CYCLE) && !self.polished {
                self.polish(clock);
                continue;
            }
            self.step(target, clock);
        }
    }

    fn step(&mut self, target: Option<i64>, clock: &Clock) {
        if self.round.is_multiple_of(CYCLE) {
            (self.demands, self.ratios) = self.best_prices.clone();
            self.direction.fill(0.0);
        }
        let Some(slope) = self.evaluate(None, clock) else { return };
        if slope.value > self.best {
            self.best = slope.value;
            self.best_prices = (self.demands.clone(), self.ratios.clone());
            self.polished = false;
        }
        self.move_along(&slope, target);
        self.round += 1;
        self.polished &= !self.round.is_multiple_of(CYCLE);
    }

    #[expect(clippy::cast_precision_loss, reason = "a step size; the bound itself is in integers")]
    fn move_along(&mut self, slope: &Slope, target: Option<i64>) {
        let far = self.model.typical as f64 * (self.demands.len() as f64 / 4.0 + 1.0);
        let aim = target.map_or(self.best as f64 + far, |target| (target * UNIT) as f64);
        let slopes = slope.demands.iter().chain(&slope.ratios);
        for (old, &g) in self.direction.iter_mut().zip(slopes) {
            *old = (1.0 - INERTIA) * g as f64 + INERTIA * *old;
        }
        let norm: f64 = self.direction.iter().map(|d| d * d).sum();
        if norm < 1e-9 {
            return;
        }
        let cooled = 0.01f64.powf(f64::from(self.round % CYCLE) / f64::from(CYCLE));
        let distance = (aim - slope.value as f64).max(UNIT as f64);
        let step = cooled * distance / norm;
        let (demands, ratios) = self.direction.split_at(self.demands.len());
        for (price, d) in self.demands.iter_mut().zip(demands) {
            *price += step * d;
        }
        for (price, d) in self.ratios.iter_mut().zip(ratios) {
            *price = (*price + step * d).max(0.0);
        }
    }

    /// Evaluates the best prices with all rules in the lines.
    fn polish(&mut self, clock: &Clock) {
        (self.demands, self.ratios) = self.best_prices.clone();
        self.polished = true;
        if let Some(slope) = self.evaluate(Some(Effort::THOROUGH), clock) {
            self.best = self.best.max(slope.value);
        }
        self.round += 1;
    }

    /// The bound at the current prices, rounded to integers first. `None` when the clock ran out.
    fn evaluate(&mut self, effort: Option<Effort>, clock: &Clock) -> Option<Slope> {
        let demands: Vec<i64> = self.demands.iter().copied().map(round).collect();
        let ratios: Vec<i64> = self.ratios.iter().copied().map(round).collect();
        let mut slope =
            Slope { value: 0, demands: vec![0; demands.len()], ratios: vec![0; ratios.len()] };
        self.choose_counts(&demands, &mut slope);
        for worker in 0..self.model.programs.len() {
            if clock.is_over() {
                return None;
            }
            self.price_choices(worker, &demands, &ratios);
            slope.value += self.line_minimum(worker, effort);
            let line = std::mem::take(&mut self.arena.line);
            for choice in self.model.choices(worker, &line) {
                self.descend(worker, choice, &mut slope);
            }
            self.arena.line = line;
        }
        Some(slope)
    }

    /// Each demand's best count: its price is linear, its cost convex with corners at three counts.
    fn choose_counts(&self, prices: &[i64], slope: &mut Slope) {
        for (at, demand) in self.model.problem.demands().iter().enumerate() {
            let most = demand.max.min(self.eligible[at]);
            let corners = [demand.min.min(most), demand.wanted.min(most), most];
            let value = |count: u32| demand.price(count).1 * UNIT + prices[at] * i64::from(count);
            let least = corners.into_iter().map(|count| (value(count), count)).min();
            let (value, count) = least.unwrap_or((0, 0));
            slope.value += value;
            slope.demands[at] += i64::from(count);
        }
    }

    fn price_choices(&mut self, worker: usize, demands: &[i64], ratios: &[i64]) {
        self.prices.clear();
        for (choice, &cost) in self.model.unary[worker].iter().enumerate() {
            let parts = self.model.cover.parts(worker, choice);
            let price = |&part: &Part| match part {
                Part::Demand(at) => -demands[at as usize],
                Part::Supervised(at) => ratios[at as usize],
                Part::Supervisor(at) => -ratios[at as usize] * self.per_supervisor(at),
            };
            self.prices.push(cost + parts.iter().map(price).sum::<i64>());
        }
    }

    fn per_supervisor(&self, ratio: u32) -> i64 {
        i64::from(self.model.problem.ratios()[ratio as usize].per_supervisor)
    }

    fn line_minimum(&mut self, worker: usize, effort: Option<Effort>) -> i64 {
        let program = &self.model.programs[worker];
        let relaxed = program.relaxed(&self.prices, &mut self.arena);
        self.work += program.relaxed_work();
        let Some(effort) = effort else { return relaxed };
        let solved = program.solve(&self.prices, NONE, effort, &mut self.arena);
        self.work += solved.work;
        // A worker without any line has no minimum; the solve reports that elsewhere.
        if solved.lower >= NONE { relaxed } else { solved.lower.max(relaxed) }
    }

    fn descend(&self, worker: usize, choice: usize, slope: &mut Slope) {
        for &part in self.model.cover.parts(worker, choice) {
            match part {
                Part::Demand(at) => slope.demands[at as usize] -= 1,
                Part::Supervised(at) => slope.ratios[at as usize] += 1,
                Part::Supervisor(at) => slope.ratios[at as usize] -= self.per_supervisor(at),
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and any price is valid")]
fn round(price: f64) -> i64 {
    // Beyond this sums could overflow; any price gives a bound.
    price.round().clamp(-1e12, 1e12) as i64
}

fn eligible(model: &Model<'_>) -> Vec<u32> {
    let mut eligible = vec![0; model.problem.demands().len()];
    for (worker, program) in model.programs.iter().enumerate() {
        let parts = (0..program.choices()).flat_map(|choice| model.cover.parts(worker, choice));
        let mut demands: Vec<u32> = parts
            .filter_map(|part| match part {
                Part::Demand(at) => Some(*at),
                _ => None,
            })
            .collect();
        demands.sort_unstable();
        demands.dedup();
        demands.into_iter().for_each(|at| eligible[at as usize] += 1);
    }
    eligible
}
