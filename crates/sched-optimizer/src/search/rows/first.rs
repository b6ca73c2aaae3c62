//! A first line for every worker.

use super::Rows;
use crate::budget::Clock;
use crate::cover::Part;
use crate::line::{Effort, NONE};

/// Looks under prices of sums that are bracketed, before labels have to find the line.
const TRIES: u32 = 64;
/// After so many of them noise is added, for the first time and again and again.
const FIRST_NOISE: u32 = 3;
const NOISE_EVERY: u32 = 16;

impl Rows<'_> {
    /// Gives every worker a line without noise, while there is time to look for legal ones.
    pub(crate) fn construct(&mut self, clock: &Clock) {
        let mut last = None;
        while let Some(worker) = self.queue.pop_if(|_| !clock.is_over()) {
            // First lines lose about as much as each other.
            if let Some([last, own]) =
                last.and_then(|last| self.guesses.get_disjoint_mut([last, worker]).ok())
            {
                own.expect_as(last);
            }
            last = Some(worker);
            self.resample(worker, clock);
        }
        self.complete(clock);
    }

    /// Gives every worker a line, however quickly: for a roster to return when time is up. After a
    /// cancel it is the fallback.
    pub(crate) fn complete(&mut self, clock: &Clock) {
        for worker in 0..self.lines.len() {
            if self.lines[worker].is_empty() {
                if clock.is_cancelled() {
                    self.put_fallback(worker);
                } else {
                    self.fill_prices(worker);
                    self.put_anything(worker);
                }
            }
        }
        self.queue.clear();
        self.constructing = false;
        self.remember();
    }

    /// Supervisors last: what they are needed for is known by then. Fewer choices first.
    pub(super) fn construction_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        self.rng.clone().shuffle(&mut order);
        order.sort_by_cached_key(|&worker| {
            let choices = self.model.programs[worker].choices();
            let supervises = (0..choices).any(|choice| {
                let mut parts = self.model.cover.of(worker, choice).iter();
                parts.any(|&part| matches!(self.model.cover.part(part), Part::Supervisor(_)))
            });
            (supervises, choices)
        });
        order.reverse();
        order
    }

    pub(super) fn first_line(&mut self, worker: usize, clock: &Clock) {
        let program = &self.model.programs[worker];
        let mut steps = Vec::new();
        for attempt in 1..=TRIES {
            let dear = self.tolls[worker].prices();
            let guess = &mut self.guesses[worker];
            let solved =
                program.solve(&self.prices, dear, NONE, Effort::QUICK, guess, &mut self.arena);
            self.work += solved.work;
            if let Some(cost) = solved.cost {
                self.put_found(worker, cost);
                return;
            }
            let (tolls, largest) = (&mut self.tolls[worker], self.model.largest);
            if !tolls.seek(program, &self.arena.sums, largest, &mut steps) {
                break;
            }
            if clock.is_over() {
                self.put_anything(worker);
                return;
            }
            if attempt % NOISE_EVERY == FIRST_NOISE {
                self.shake_prices();
            }
        }
        let dear = self.tolls[worker].prices();
        let guess = &mut self.guesses[worker];
        let solved =
            program.solve(&self.prices, dear, NONE, Effort::THOROUGH, guess, &mut self.arena);
        self.work += solved.work;
        match solved.cost {
            Some(cost) => self.put_found(worker, cost),
            None => self.put_anything(worker),
        }
    }

    /// Adds noise to the prices: without it the line may jump for ever between too much of one sum and
    /// too much of another.
    fn shake_prices(&mut self) {
        let mut samples = self.noise.stream(&mut self.rng, self.model.largest / 4);
        self.prices.iter_mut().for_each(|price| *price += samples.sample());
    }

    /// No legal line was found: one that at least keeps the rules that are multiplied out, or the
    /// fallback.
    fn put_anything(&mut self, worker: usize) {
        let program = &self.model.programs[worker];
        let guess = &mut self.guesses[worker];
        let least = program.minimum(&self.prices, &[], guess, &mut self.arena);
        self.work += self.arena.work_done();
        if least >= NONE {
            self.put_fallback(worker);
            return;
        }
        let line = self.arena.line.clone();
        let (own, rules) = self.judge(worker, &line);
        self.put(worker, &line, own, rules);
    }

    fn put_fallback(&mut self, worker: usize) {
        let line = &self.model.fallback[worker];
        let (own, rules) = self.judge(worker, line);
        self.put(worker, line, own, rules);
    }
}
