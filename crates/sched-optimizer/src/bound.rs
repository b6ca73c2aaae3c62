//! A lower bound that is valid at any prices.
//!
//! Every demand gets a price for each worker it counts, every ratio one for its excess, and every sum
//! that has no room on the planes one for its amounts. Workers then choose their best lines
//! independently, demands their best counts, soft ratios their best excess, and the total is a lower
//! bound on the cost of every legal roster (Lagrangean relaxation). It is computed in integers over a relaxation that the line
//! programme solves exactly. Prices climb by subgradient steps (Polyak 1969) whose size falls with the
//! work done, not with success: a step that falls with success stalls early.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError, RwLock};

use crate::budget::Clock;
use crate::cover::Part;
use crate::duals::{Duals, Prices};
use crate::line::{Arena, GRAIN, Guess, NONE, UNIT};
use crate::model::Model;

/// The share of the last direction in the next: lines jump between few good ones, and without it
/// prices zigzag.
const INERTIA: f64 = 0.4;
/// The size of the last step as a share of the first one's.
const LAST_STEP: f64 = 1e-4;
/// The share of its first climb that a start with prices leaves out: the largest steps would lose them,
/// and without large ones they would not follow a change.
const WARM: f64 = 0.2;
/// Steps aim at this many times the cost of the first roster known. A generous aim survives a poor
/// start; one that shrinks with the best cost ends early.
const AIM: f64 = 2.0;

pub(crate) struct Ascent<'m> {
    model: &'m Model<'m>,
    /// Prices: demands, then ratios, then the sums of all workers.
    point: Vec<f64>,
    direction: Vec<f64>,
    /// Where the sums of each worker begin in `point`.
    sum_starts: Vec<usize>,
    /// A price in `point` is that of so many units: what one choice adds at most. Otherwise the slopes
    /// of sums with large numbers would drown all others.
    scales: Vec<f64>,
    /// Least and most that a price is useful at.
    box_: Vec<(f64, f64)>,
    /// How many workers could count towards each demand, and then be supervised in each ratio.
    eligible: Vec<u32>,
    /// The cost that steps aim at, once a roster is known.
    aim: Option<f64>,
    /// The share of the present climb that is left out.
    skipped: f64,
    best: i64,
    best_duals: Arc<Duals>,
    work: u64,
    arenas: Vec<Mutex<Arena>>,
    guesses: Vec<Mutex<Guess>>,
}

/// One stretch of the way up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Climb {
    pub(crate) threads: usize,
    /// Work to stop at.
    pub(crate) until: u64,
    /// Shares of the whole climb that are over at the beginning and at the end.
    pub(crate) done: (f64, f64),
    /// The cost of a known legal roster.
    pub(crate) target: Option<i64>,
}

/// What an evaluation adds up: the bound, and the direction in which it grows.
#[derive(Default)]
struct Slope {
    value: i64,
    along: Vec<i64>,
    work: u64,
    /// Time was up before all workers had a line, so there is no bound.
    partial: bool,
}

impl Slope {
    fn new(length: usize) -> Self {
        Self { along: vec![0; length], ..Self::default() }
    }

    fn clear(&mut self) {
        (self.value, self.work, self.partial) = (0, 0, false);
        self.along.fill(0);
    }

    fn add(&mut self, other: &Self) {
        self.value += other.value;
        self.work += other.work;
        self.partial |= other.partial;
        self.along.iter_mut().zip(&other.along).for_each(|(a, b)| *a += b);
    }
}

/// What the threads of a climb share.
struct Round {
    duals: RwLock<Duals>,
    next: AtomicUsize,
    over: AtomicBool,
    total: Mutex<Slope>,
    guesses: Vec<Mutex<Guess>>,
    /// A panic of an evaluation, to go on with where nobody waits for its thread.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Round {
    /// Takes part in an evaluation, and keeps its panic.
    fn evaluate(
        &self,
        model: &Model<'_>,
        sum_starts: &[usize],
        arena: &Mutex<Arena>,
        clock: &Clock,
    ) {
        let part = || evaluate(model, sum_starts, self, arena, clock);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(part)) {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    }

    fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<'m> Ascent<'m> {
    pub(crate) fn new(model: &'m Model<'m>) -> Self {
        let eligible = eligible(model);
        let mut box_ = Vec::new();
        for (demand, &eligible) in model.problem.demands().iter().zip(&eligible) {
            // Beyond its costs a price only moves the count, where the limits let it.
            let [under, over] = demand.dearest_steps(eligible);
            let over = if demand.max.min(eligible) > demand.wanted { over } else { FAR };
            let under = if demand.min < demand.wanted { under } else { FAR };
            box_.push(((-over * UNIT) as f64, (under * UNIT) as f64));
        }
        for (ratio, &supervised) in model.problem.ratios().iter().zip(&eligible[box_.len()..]) {
            let most = ratio
                .excess_cost
                .map_or(FAR, |cost| cost.next(supervised.saturating_sub(1).into()));
            box_.push((0.0, (most * UNIT) as f64 * f64::from(ratio.per_supervisor)));
        }
        let mut sum_starts = vec![box_.len()];
        let mut scales = vec![1.0; model.problem.demands().len()];
        scales.extend(model.problem.ratios().iter().map(|ratio| f64::from(ratio.per_supervisor)));
        for program in &model.programs {
            for at in 0..program.priced() {
                let least = if program.has_least(at) { -FAR * UNIT } else { 0 };
                box_.push((least as f64, (FAR * UNIT) as f64));
                scales.push(program.scale(at) as f64);
            }
            sum_starts.push(box_.len());
        }
        Self {
            point: vec![0.0; box_.len()],
            direction: vec![0.0; box_.len()],
            sum_starts,
            scales,
            box_,
            eligible,
            aim: None,
            skipped: 0.0,
            best: 0,
            best_duals: Arc::new(Duals::zero(model)),
            work: 0,
            arenas: Vec::new(),
            guesses: model.programs.iter().map(|_| Mutex::default()).collect(),
            model,
        }
    }

    /// Begins at `prices`: what is missing there is zero.
    #[expect(clippy::cast_precision_loss, reason = "a price to begin with")]
    pub(crate) fn start_at(&mut self, prices: &Prices) {
        if prices.is_empty() {
            return;
        }
        let Duals { demands, ratios, sums } = &*prices.0;
        let own = [0, self.model.problem.demands().len()];
        let own: Vec<usize> = own.into_iter().chain(self.sum_starts.iter().copied()).collect();
        let known = [demands, ratios].into_iter().chain(sums);
        for (own, known) in own.windows(2).zip(known) {
            for (at, &price) in (own[0]..own[1]).zip(known) {
                let (least, most) = self.box_[at];
                self.point[at] = (price as f64 * self.scales[at]).clamp(least, most);
            }
        }
        // Until a step has found something better they are the best there is.
        self.best_duals = Arc::new(self.rounded());
        self.skipped = WARM;
    }

    /// The best bound so far in cost units. Costs are whole and not negative, so it is rounded up.
    pub(crate) fn bound(&self) -> i64 {
        self.best.div_euclid(UNIT) + i64::from(self.best.rem_euclid(UNIT) != 0)
    }

    pub(crate) const fn work(&self) -> u64 {
        self.work
    }

    /// The prices of the best bound.
    pub(crate) const fn duals(&self) -> &Arc<Duals> {
        &self.best_duals
    }

    /// Makes the next climb a whole one.
    pub(crate) const fn climb_anew(&mut self) {
        self.skipped = 0.0;
    }

    /// Climbs until the work is done, the clock says stop or the target is reached.
    pub(crate) fn run(&mut self, climb: Climb, clock: &Clock) {
        let Climb { threads, until, done, target, .. } = climb;
        let threads = threads.min(self.model.programs.len()).max(1);
        self.arenas.resize_with(self.arenas.len().max(threads), Mutex::default);
        let round = Round {
            duals: RwLock::new(self.rounded()),
            next: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            total: Mutex::new(Slope::new(self.point.len())),
            guesses: std::mem::take(&mut self.guesses),
            panic: Mutex::new(None),
        };
        let barrier = Barrier::new(threads);
        let arenas = std::mem::take(&mut self.arenas);
        let from = self.work;
        std::thread::scope(|scope| {
            for arena in &arenas[1..threads] {
                let (round, barrier, model, starts) =
                    (&round, &barrier, self.model, self.sum_starts.clone());
                scope.spawn(move || {
                    loop {
                        barrier.wait();
                        if round.over.load(Ordering::Acquire) {
                            return;
                        }
                        round.evaluate(model, &starts, arena, clock);
                        barrier.wait();
                    }
                });
            }
            while self.work < until && !clock.is_over() && !self.reaches(target) {
                barrier.wait();
                round.evaluate(self.model, &self.sum_starts, &arenas[0], clock);
                barrier.wait();
                if let Some(panic) = round.take_panic() {
                    round.over.store(true, Ordering::Release);
                    barrier.wait();
                    resume_unwind(panic);
                }
                #[expect(clippy::cast_precision_loss, reason = "a share")]
                let share = (self.work - from) as f64 / (until - from) as f64;
                let done = done.0 + share * (done.1 - done.0);
                self.step(&round, &climb, self.skipped + (1.0 - self.skipped) * done);
            }
            round.over.store(true, Ordering::Release);
            barrier.wait();
        });
        self.arenas = arenas;
        self.guesses = round.guesses;
    }

    fn reaches(&self, target: Option<i64>) -> bool {
        target.is_some_and(|target| self.bound() >= target)
    }

    /// Takes in what a whole round has found and moves on.
    fn step(&mut self, round: &Round, climb: &Climb, done: f64) {
        let mut total = round.total.lock().unwrap_or_else(PoisonError::into_inner);
        let mut duals = round.duals.write().unwrap_or_else(PoisonError::into_inner);
        self.work += total.work;
        if total.partial {
            return;
        }
        self.choose_counts(&duals, &mut total);
        if total.value > self.best {
            self.best = total.value;
            Arc::make_mut(&mut self.best_duals).copy_from(&duals);
        }
        self.move_along(&total, climb, done);
        total.clear();
        self.round_into(&mut duals);
        round.next.store(0, Ordering::Release);
    }

    #[expect(clippy::cast_precision_loss, reason = "a step size; the bound itself is in integers")]
    fn move_along(&mut self, slope: &Slope, climb: &Climb, done: f64) {
        if self.aim.is_none() {
            self.aim = climb.target.map(|target| (target * UNIT) as f64 * AIM);
        }
        let far = self.model.typical as f64 * (self.point.len() as f64 / 4.0 + 1.0);
        let aim = self.aim.unwrap_or(self.best as f64 + far);
        for ((old, &g), scale) in self.direction.iter_mut().zip(&slope.along).zip(&self.scales) {
            *old = (1.0 - INERTIA) * g as f64 / scale + INERTIA * *old;
        }
        let norm: f64 = self.direction.iter().map(|d| d * d).sum();
        if norm < 1e-9 {
            return;
        }
        let distance = (aim - slope.value as f64).max(UNIT as f64);
        let step = LAST_STEP.powf(done.clamp(0.0, 1.0)) * distance / norm;
        for ((price, d), &(least, most)) in
            self.point.iter_mut().zip(&self.direction).zip(&self.box_)
        {
            *price = (*price + step * d).clamp(least, most);
        }
    }

    /// The point in whole numbers.
    fn rounded(&self) -> Duals {
        let mut duals = Duals::zero(self.model);
        self.round_into(&mut duals);
        duals
    }

    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    fn round_into(&self, duals: &mut Duals) {
        // Small costs leave no room for rounding, and need no coarse planes.
        let grain = if self.model.typical < SMALL { 1.0 } else { GRAIN as f64 };
        let sums = self.sum_starts[0];
        let all = self.point.iter().zip(&self.scales).enumerate();
        let prices = all.map(|(at, (&price, &scale))| {
            // What a choice adds to a ratio may be one, to a sum it is mostly nearer to the scale.
            let grain = if at < sums { grain } else { (grain / scale).max(1.0).floor() };
            round(price / scale, grain)
        });
        duals.prices_mut().zip(prices).for_each(|(place, price)| *place = price);
    }

    /// Each demand's best count and each soft ratio's best excess: costs are convex, so the best is
    /// where the next unit costs as much as its price, or the limit that is nearest to it.
    fn choose_counts(&self, duals: &Duals, slope: &mut Slope) {
        let (demands, ratios) = (self.model.problem.demands(), self.model.problem.ratios());
        let (counted, supervised) = self.eligible.split_at(demands.len());
        for (at, (demand, &eligible)) in demands.iter().zip(counted).enumerate() {
            let price = duals.demands[at];
            let most = demand.max.min(eligible);
            let short = u32::try_from(demand.under_cost.worth(price, UNIT)).unwrap_or(u32::MAX);
            let above = u32::try_from(demand.over_cost.worth(-price, UNIT)).unwrap_or(u32::MAX);
            let best = demand.wanted.saturating_sub(short).saturating_add(above);
            let best = best.clamp(demand.min.min(most), most);
            slope.value += demand.price(best).1 * UNIT + price * i64::from(best);
            slope.along[at] += i64::from(best);
        }
        for (at, (ratio, &most)) in ratios.iter().zip(supervised).enumerate() {
            let Some(cost) = ratio.excess_cost else { continue };
            let price = duals.ratios[at];
            let best = cost.worth(price, UNIT).min(most.into());
            let excess = i64::try_from(best).unwrap_or(i64::MAX);
            slope.value += cost.cost(best) * UNIT - price * excess;
            slope.along[demands.len() + at] -= excess;
        }
    }
}

/// Typical costs below this are small.
const SMALL: i64 = 32 * UNIT;
/// Prices that no cost reaches.
const FAR: i64 = 1 << 32;

/// Finds the best lines of workers that nobody has taken yet.
fn evaluate(
    model: &Model<'_>,
    sum_starts: &[usize],
    round: &Round,
    arena: &Mutex<Arena>,
    clock: &Clock,
) {
    let mut arena = arena.lock().unwrap_or_else(PoisonError::into_inner);
    let duals = round.duals.read().unwrap_or_else(PoisonError::into_inner);
    let length = sum_starts.last().copied().unwrap_or(0);
    let mut own = std::mem::take(&mut arena.slope);
    own.resize(length, 0);
    let mut slope = Slope { along: own, ..Slope::default() };
    slope.clear();
    let mut pay = std::mem::take(&mut arena.pay);
    let mut prices = std::mem::take(&mut arena.prices);
    duals.by_part(model.problem, &model.cover, &mut pay);
    loop {
        let worker = round.next.fetch_add(1, Ordering::AcqRel);
        let Some(program) = model.programs.get(worker) else { break };
        if clock.is_over() {
            slope.partial = true;
            break;
        }
        price_choices(model, worker, &pay, &mut prices);
        let dear = &duals.sums[worker];
        // Each worker is here once a round, so nobody else waits for its guess.
        let mut guess = round.guesses[worker].lock().unwrap_or_else(PoisonError::into_inner);
        let least = program.minimum(&prices, dear, &mut guess, &mut arena);
        slope.work += arena.work_done();
        if least >= NONE {
            // Without a line there is no bound either; the solve reports that elsewhere.
            continue;
        }
        slope.value += least;
        for (at, (&sum, &dear)) in arena.sums.iter().zip(dear).enumerate() {
            let (least, most) = program.limits(at);
            let nearest = match dear {
                0 => sum.clamp(least, most),
                1.. => most,
                ..0 => least,
            };
            slope.along[sum_starts[worker] + at] += sum - nearest;
        }
        for choice in model.choices(worker, &arena.line) {
            for &part in model.cover.of(worker, choice) {
                let demands = model.problem.demands().len();
                match model.cover.part(part) {
                    Part::Demand(at) => slope.along[at] -= 1,
                    Part::Supervised(at) => slope.along[demands + at] += 1,
                    Part::Supervisor(at) => {
                        let each = i64::from(model.problem.ratios()[at].per_supervisor);
                        slope.along[demands + at] -= each;
                    }
                }
            }
        }
    }
    round.total.lock().unwrap_or_else(PoisonError::into_inner).add(&slope);
    arena.slope = slope.along;
    arena.pay = pay;
    arena.prices = prices;
}

fn price_choices(model: &Model<'_>, worker: usize, pay: &[i64], prices: &mut Vec<i64>) {
    prices.clear();
    prices.extend(model.unary[worker].iter().enumerate().map(|(choice, &cost)| {
        let parts = model.cover.of(worker, choice).iter();
        cost + parts.map(|&part| pay[part as usize]).sum::<i64>()
    }));
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and any price is valid")]
fn round(price: f64, grain: f64) -> i64 {
    // Beyond this sums could overflow; any price gives a bound.
    ((price / grain).round() * grain).clamp(-1e12, 1e12) as i64
}

/// How many workers could count towards each demand, and then be supervised in each ratio.
fn eligible(model: &Model<'_>) -> Vec<u32> {
    let demands = model.problem.demands().len();
    let mut eligible = vec![0; demands + model.problem.ratios().len()];
    for (worker, program) in model.programs.iter().enumerate() {
        let parts = (0..program.choices()).flat_map(|choice| model.cover.of(worker, choice));
        let mut counted: Vec<usize> = parts
            .filter_map(|&part| match model.cover.part(part) {
                Part::Demand(at) => Some(at),
                Part::Supervised(at) => Some(demands + at),
                Part::Supervisor(_) => None,
            })
            .collect();
        counted.sort_unstable();
        counted.dedup();
        counted.into_iter().for_each(|at| eligible[at] += 1);
    }
    eligible
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, CancelToken};
    use crate::problems::Maker;

    #[test]
    fn what_only_some_workers_add_up_to_is_no_bound() {
        let problem = Maker::new(1, 4).team(3, 1);
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let model = Model::new(&problem, 1, &clock).expect("nobody cancels");
        let climb = Climb { threads: 1, until: 1, done: (0.0, 1.0), target: None };
        for (partial, bound) in [(false, true), (true, false)] {
            let mut ascent = Ascent::new(&model);
            let length = ascent.point.len();
            let total = Slope { value: 1 << 30, partial, ..Slope::new(length) };
            let round = Round {
                duals: RwLock::new(ascent.rounded()),
                next: AtomicUsize::new(0),
                over: AtomicBool::new(false),
                total: Mutex::new(total),
                guesses: Vec::new(),
                panic: Mutex::new(None),
            };
            ascent.step(&round, &climb, 0.0);
            assert_eq!(ascent.bound() > 0, bound);
        }
    }
}
