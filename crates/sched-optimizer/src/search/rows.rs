//! Row resampling: one worker at a time is taken out and put back on the best line under noisy
//! prices. Every line found is legal; what is searched is the cover. With noise of temperature `T`
//! this is a blocked Gibbs sampler over whole lines.
//!
//! Under the Lagrangean prices nearly all good lines cost next to nothing more than the best one. So
//! a cycle begins with these prices alone, where workers do not see each other, and moves step by step
//! to the true marginal costs of the cover (penalty continuation): the workers settle on a good cover
//! while they may still choose among many good lines.

mod first;
mod joint;
mod polish;

use std::sync::Arc;

use crate::budget::Clock;
use crate::cover::{Cover, Part, PartId};
use crate::duals::Duals;
use crate::ids::WorkerId;
use crate::line::{Arena, Effort, Guess, NONE, UNIT};
use crate::model::Model;
use crate::rule::Line;
use crate::score::Score;
use crate::search::noise::Noise;
use crate::search::plan::{Heat, Plan};
use crate::search::pool::Columns;
use crate::search::tolls::Tolls;
use joint::Joint;
use polish::Chains;

/// A unit of breach weighs this many times the largest cost at first.
const BREACH_WEIGHT: i64 = 8;
/// Tries to keep the limits of sums that have a price.
const TRIES: u32 = 2;
/// The same while no roster is legal.
const FIRST_TRIES: u32 = 4;

/// Lines of all workers as positions of choices, with their score.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) score: Score,
    pub(crate) lines: Vec<Vec<u32>>,
    pub(crate) strategy: &'static str,
}

pub(crate) struct Rows<'m> {
    model: &'m Model<'m>,
    first_plan: Plan,
    plan: Plan,
    rng: fastrand::Rng,
    noise: Noise,
    /// The current line of each worker; empty before it has one.
    lines: Vec<Vec<u32>>,
    /// Breaches of each line, and its cost without the cover.
    own: Vec<Score>,
    /// What each line pays to its rules, in parts of [`UNIT`].
    rule_costs: Vec<i64>,
    /// The sum of `own`.
    total: Score,
    cover: Cover<'m>,
    joint: Option<Joint<'m>>,
    duals: Option<Arc<Duals>>,
    /// Payments for each part under the duals, zero without them.
    guide: Vec<i64>,
    /// Payments for each part now.
    pay: Vec<i64>,
    /// Prices of sums, by worker.
    tolls: Vec<Tolls>,
    guesses: Vec<Guess>,
    heat: Heat,
    sweeps: u32,
    best: Option<Found>,
    /// Lines of good rosters, by worker.
    pool: Vec<Columns>,
    chains: Chains,
    /// Work done when they were looked at last.
    polished: u64,
    /// Workers of the running sweep, the next one last.
    queue: Vec<usize>,
    arena: Arena,
    prices: Vec<i64>,
    work: u64,
    resampled: u64,
    /// Workers of this sweep that kept their line because no prices of sums led to a legal one. When
    /// there are many, the cover cannot mend itself any more.
    failures: usize,
    /// No worker has been put back for the first time yet.
    constructing: bool,
}

impl<'m> Rows<'m> {
    pub(crate) fn new(model: &'m Model<'m>, plan: Plan, seed: u64) -> Self {
        let workers = model.problem.workers();
        let cover = Cover::empty(model.problem, &model.cover, model.largest * BREACH_WEIGHT);
        let tolls: Vec<Tolls> = Duals::zero(model).sums.into_iter().map(Tolls::new).collect();
        let mut rows = Self {
            model,
            first_plan: plan,
            plan,
            rng: fastrand::Rng::with_seed(seed),
            noise: Noise::new(),
            lines: vec![Vec::new(); workers],
            own: vec![Score::default(); workers],
            rule_costs: vec![0; workers],
            total: Score::default(),
            cover,
            joint: Joint::new(model),
            duals: None,
            guide: vec![0; model.cover.parts()],
            pay: Vec::new(),
            tolls,
            guesses: (0..workers).map(|_| Guess::default()).collect(),
            heat: Heat::NONE,
            sweeps: 0,
            best: None,
            pool: (0..workers).map(|_| Columns::default()).collect(),
            chains: Chains::default(),
            polished: 0,
            queue: Vec::new(),
            arena: Arena::default(),
            prices: Vec::new(),
            work: 0,
            resampled: 0,
            failures: 0,
            constructing: true,
        };
        rows.queue = rows.construction_order();
        rows.refresh_all();
        rows
    }

    /// Starts from `lines`; an empty one, or one that breaks a rule, is made anew.
    pub(crate) fn start_from(&mut self, lines: &[Vec<u32>]) {
        for (worker, line) in lines.iter().enumerate() {
            let unary = &self.model.unary[worker];
            let program = &self.model.programs[worker];
            if let Some(cost) = program.cost_of(line, unary, &mut self.arena) {
                let own: i64 = self.model.choices(worker, line).map(|choice| unary[choice]).sum();
                let score = Score { hard: 0, soft: cost / UNIT };
                self.take(worker);
                self.put(worker, line, score, cost - own);
            }
        }
        self.queue.retain(|&worker| self.lines[worker].is_empty());
        self.constructing = !self.queue.is_empty();
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

    /// Takes over a roster that another search has found, if it is better.
    pub(crate) fn adopt(&mut self, found: &Found) {
        keep_better(&mut self.best, found);
    }

    /// Uses these prices from now on, in a search that does `growth` times the work of all before.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn guide_by(&mut self, duals: &Arc<Duals>, growth: f64) {
        let before = self.resampled as f64 / self.lines.len().max(1) as f64;
        self.plan = self.first_plan.for_sweeps(before * growth);
        if self.duals.is_none() {
            self.tolls = duals.sums.iter().cloned().map(Tolls::new).collect();
        }
        self.duals = Some(Arc::clone(duals));
        duals.by_part(self.model.problem, &self.model.cover, &mut self.guide);
    }

    /// Uses no prices from now on.
    pub(crate) fn go_alone(&mut self) {
        self.duals = None;
        self.guide.fill(0);
    }

    /// Works until `until` units are done in all, or the clock says stop, or `enough`. `done` are the
    /// shares of the search that are over at the beginning and at the end.
    pub(crate) fn run(
        &mut self,
        until: u64,
        done: (f64, f64),
        clock: &Clock,
        enough: impl Fn(Score) -> bool,
    ) {
        let from = self.work;
        while self.work < until && !clock.is_over() {
            if self.best.as_ref().is_some_and(|best| enough(best.score)) {
                return;
            }
            match self.queue.pop() {
                Some(worker) => self.resample(worker, clock),
                None => {
                    let share = share(self.work - from, until - from);
                    self.next_sweep(done.0 + share * (done.1 - done.0), clock);
                }
            }
            self.remember();
        }
    }

    /// Changes the one line whose change helps most, again and again, until none helps.
    pub(crate) fn respond(&mut self, clock: &Clock) {
        self.heat = Heat::NONE;
        self.refresh_all();
        let mut line = Vec::new();
        while !clock.is_over() {
            let mut best = None;
            for worker in 0..self.lines.len() {
                let offer = self.improvement(worker, clock).map(|better| (better, worker));
                if offer.is_some() && offer >= best {
                    best = offer;
                    std::mem::swap(&mut line, &mut self.arena.line);
                }
            }
            let Some((_, worker)) = best else { break };
            let (own, rules) = self.judge(worker, &line);
            self.arena.spare = self.take(worker);
            self.put(worker, &line, own, rules);
            self.remember();
        }
    }

    /// By how much a better line for `worker` is better while all others stay; it is in the arena.
    fn improvement(&mut self, worker: usize, clock: &Clock) -> Option<i64> {
        if clock.is_over() {
            return None;
        }
        let old = self.take(worker);
        self.fill_prices(worker);
        let now = self.cost_now(worker, &old);
        let program = &self.model.programs[worker];
        let dear = self.tolls[worker].prices();
        let guess = &mut self.guesses[worker];
        let solved = program.solve(&self.prices, dear, now, Effort::QUICK, guess, &mut self.arena);
        self.work += solved.work;
        let confirmed = solved.cost.and_then(|cost| self.confirmed(worker, cost, now));
        let (own, rules) = (self.own[worker], self.rule_costs[worker]);
        self.put(worker, &old, own, rules);
        self.arena.spare = old;
        confirmed.map(|(_, cost)| now - cost)
    }

    fn next_sweep(&mut self, done: f64, clock: &Clock) {
        self.constructing = false;
        let first = self.model.largest * BREACH_WEIGHT;
        let heat = match self.duals {
            Some(_) => self.plan.guided(done),
            None => self.plan.alone(self.sweeps),
        };
        self.sweeps += 1;
        if heat.is_of_another_cycle(self.heat) {
            self.recombine(clock);
        }
        if heat.is_settled() {
            self.cover.weigh_breaches(first / 2);
            if let Some(joint) = &mut self.joint {
                joint.weigh_breaches(first / 2);
            }
        }
        if heat.restarts(self.heat) || self.failures * 2 > self.lines.len() {
            self.restart();
        }
        self.failures = 0;
        self.heat = heat;
        self.refresh_all();
        self.queue.extend(0..self.lines.len());
        self.rng.shuffle(&mut self.queue);
    }

    /// Goes back to the best roster. The prices of sums stay: they are on their way to what the prices
    /// of cells ask for now.
    fn restart(&mut self) {
        let Some(best) = self.best.take() else { return };
        for (worker, line) in best.lines.iter().enumerate() {
            self.arena.spare = self.take(worker);
            let (own, rules) = self.judge(worker, line);
            self.put(worker, line, own, rules);
        }
        self.best = Some(best);
    }

    fn cost_now(&self, worker: usize, line: &[u32]) -> i64 {
        let cells: i64 = self.model.choices(worker, line).map(|choice| self.prices[choice]).sum();
        cells + self.rule_costs[worker]
    }

    fn resample(&mut self, worker: usize, clock: &Clock) {
        let old = self.take(worker);
        self.fill_prices(worker);
        self.resampled += 1;
        if old.is_empty() {
            self.first_line(worker, clock);
            return;
        }
        let broken = self.own[worker].hard > 0;
        let upper = if broken { NONE } else { self.cost_now(worker, &old) };
        let program = &self.model.programs[worker];
        let (mut found, mut breaks) = (None, false);
        let legal = self.best.as_ref().is_some_and(|best| best.score.is_legal());
        for _ in 0..if legal { TRIES } else { FIRST_TRIES } {
            let dear = self.tolls[worker].prices();
            let guess = &mut self.guesses[worker];
            let solved =
                program.solve(&self.prices, dear, upper, Effort::QUICK, guess, &mut self.arena);
            self.work += solved.work;
            breaks = self.tolls[worker].adapt(program, &self.arena.sums, self.model.typical);
            found = solved.cost;
            if found.is_some() || !breaks {
                break;
            }
        }
        match found.and_then(|cost| self.confirmed(worker, cost, upper)) {
            Some((cost, _)) => self.put_found(worker, cost),
            None => {
                self.failures += usize::from(breaks);
                let (own, rules) = (self.own[worker], self.rule_costs[worker]);
                self.put(worker, &old, own, rules);
            }
        }
        self.arena.spare = old;
    }

    fn put_found(&mut self, worker: usize, cost: i64) {
        let line = std::mem::take(&mut self.arena.line);
        let (mut own, mut cells) = (0, 0);
        for choice in self.model.choices(worker, &line) {
            own += self.model.unary[worker][choice];
            cells += self.prices[choice];
        }
        let rules = cost - cells;
        self.put(worker, &line, Score { hard: 0, soft: (own + rules) / UNIT }, rules);
        self.arena.line = line;
    }

    /// The score of a line without the cover, and what it pays to its rules.
    fn judge(&mut self, worker: usize, line: &[u32]) -> (Score, i64) {
        let program = &self.model.programs[worker];
        let unary = &self.model.unary[worker];
        let cells: i64 = self.model.choices(worker, line).map(|choice| unary[choice]).sum();
        if let Some(cost) = program.cost_of(line, unary, &mut self.arena) {
            return (Score { hard: 0, soft: cost / UNIT }, cost - cells);
        }
        let activities: Vec<_> = self.model.activities(worker, line).collect();
        let id = WorkerId::new(worker);
        let line = Line::new(self.model.problem, id, &activities);
        let mut score = Score { hard: 0, soft: cells / UNIT };
        for rule in self.model.problem.rules(id) {
            score += rule.judge(&line).score();
        }
        // Of a line that is refused because it is dear, this is more than an `i64` holds.
        (score, score.soft.saturating_mul(UNIT).min(NONE) - cells)
    }

    fn fill_prices(&mut self, worker: usize) {
        let temperature = self.heat.temperature * self.model.typical / 1000;
        self.prices.clear();
        let mut samples = self.noise.stream(&mut self.rng, temperature);
        for (choice, &cost) in self.model.unary[worker].iter().enumerate() {
            let parts = self.model.cover.of(worker, choice).iter();
            let cover: i64 = parts.map(|&part| self.pay[part as usize]).sum();
            self.prices.push(cost + cover + samples.sample());
        }
        self.price_jointly(worker);
    }

    /// What one more towards a part pays now.
    fn payment(&self, id: PartId) -> i64 {
        let part = self.model.cover.part(id);
        // Supervisors come after those they supervise; until they do, nobody is held back for them.
        if self.constructing && matches!(part, Part::Supervised(_)) {
            return 0;
        }
        let guide = self.guide[id as usize];
        guide + (self.cover.marginal(part) - guide) * self.heat.penalty / Heat::FULL_PENALTY
    }

    fn refresh_all(&mut self) {
        let ids = 0..u32::try_from(self.model.cover.parts()).unwrap_or(u32::MAX);
        let pay = std::mem::take(&mut self.pay);
        self.pay = refill(pay, ids.map(|id| self.payment(id)));
    }

    fn change(&mut self, id: PartId, up: bool) {
        let index = &self.model.cover;
        let part = index.part(id);
        self.cover.change(id, part, up);
        let touched = match part {
            Part::Demand(_) => [id, id],
            Part::Supervised(at) | Part::Supervisor(at) => {
                [Part::Supervised(at), Part::Supervisor(at)].map(|part| index.id(part))
            }
        };
        for id in touched {
            self.pay[id as usize] = self.payment(id);
        }
    }

    fn change_line(&mut self, worker: usize, line: &[u32], up: bool) {
        let model = self.model;
        for choice in model.choices(worker, line) {
            for &part in model.cover.of(worker, choice) {
                self.change(part, up);
            }
        }
    }

    fn take(&mut self, worker: usize) -> Vec<u32> {
        let line = std::mem::take(&mut self.lines[worker]);
        if !line.is_empty() {
            self.change_line(worker, &line, false);
            self.total = self.total - self.own[worker];
        }
        line
    }

    fn put(&mut self, worker: usize, line: &[u32], own: Score, rules: i64) {
        self.change_line(worker, line, true);
        if let Some(joint) = &mut self.joint {
            joint.put(worker, line);
            self.work += joint.take_work();
        }
        let mut place = std::mem::take(&mut self.arena.spare);
        place.clear();
        place.extend_from_slice(line);
        self.lines[worker] = place;
        self.total += own;
        self.own[worker] = own;
        self.rule_costs[worker] = rules;
    }

    /// The score of the current lines.
    fn score(&self) -> Score {
        let (hard, soft) = self.cover.price();
        self.total
            + Score { hard, soft }
            + self.joint.as_ref().map(Joint::score).unwrap_or_default()
    }

    fn remember(&mut self) {
        if self.constructing && self.lines.iter().any(Vec::is_empty) {
            return;
        }
        let score = self.score();
        if self.best.as_ref().is_some_and(|best| score >= best.score) {
            return;
        }
        let best = self.best.get_or_insert_with(|| Found {
            score,
            lines: vec![Vec::new(); self.lines.len()],
            strategy: self.plan.name,
        });
        best.score = score;
        best.strategy = self.plan.name;
        for (best, line) in best.lines.iter_mut().zip(&self.lines) {
            best.clone_from(line);
        }
    }
}

/// Keeps what was found if it is better, in the memory of what was there.
pub(crate) fn keep_better(best: &mut Option<Found>, found: &Found) {
    match best {
        Some(best) if found.score >= best.score => {}
        Some(best) => {
            (best.score, best.strategy) = (found.score, found.strategy);
            best.lines.clone_from(&found.lines);
        }
        None => *best = Some(found.clone()),
    }
}

fn refill(mut list: Vec<i64>, items: impl Iterator<Item = i64>) -> Vec<i64> {
    list.clear();
    list.extend(items);
    list
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
