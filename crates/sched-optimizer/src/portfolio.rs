//! Several searches and the bound, one epoch of work after the other. They begin with the same roster
//! and the same prices, and share the best roster that any of them finds. Where prices lead astray, one
//! search goes without: with joint rules, of which they know nothing, and where something near the start
//! is wanted. They meet after every epoch, which is a fixed amount of work: what each of them sees of the
//! others does not depend on threads or on time.

use std::sync::{Arc, Mutex};

use crate::bound::{Ascent, Climb};
use crate::budget::{Clock, Until};
use crate::duals::Prices;
use crate::model::Model;
use crate::score::Score;
use crate::search::plan::Plan;
use crate::search::rows::{Found, Rows, keep_better};

/// The searches differ in temperature: which one is best differs from problem to problem.
const PLANS: [Plan; 2] = [
    Plan {
        name: "row resampling, cool",
        guided: (150.0, 60.0),
        alone: (250.0, 10.0),
        first_cycle: 4,
        cycles: 3,
    },
    Plan {
        name: "row resampling, warm",
        guided: (250.0, 100.0),
        alone: (1000.0, 30.0),
        first_cycle: 8,
        cycles: 4,
    },
];

/// The share of a run in which prices climb before the searches begin.
const CLIMB: f64 = 0.25;
/// The share of a run in which a first legal roster is searched for without prices.
const UNGUIDED: f64 = 0.5;

pub(crate) struct Portfolio<'m> {
    rows: Vec<Rows<'m>>,
    ascent: Option<Ascent<'m>>,
    until: Until,
    best: Option<Found>,
    /// The number of the present run, when its climb begins and ends, and whether its prices are in
    /// use.
    run: u32,
    climb: Option<(f64, f64)>,
    guided: bool,
    /// Whether one search goes without prices.
    lone: bool,
}

/// One epoch: how much work, and which part of the run it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    pub(crate) work: u64,
    /// Shares of the run that are over at its beginning and at its end.
    pub(crate) done: (f64, f64),
    pub(crate) threads: usize,
    /// The number of the run, from one, and its length as a multiple of all before it.
    pub(crate) run: u32,
    pub(crate) growth: f64,
}

impl<'m> Portfolio<'m> {
    pub(crate) fn new(model: &'m Model<'m>, seed: u64, until: Until) -> Self {
        let seeds = PLANS.into_iter().zip(0..);
        let rows = seeds.map(|(plan, at)| Rows::new(model, plan, seed.wrapping_add(at << 32)));
        // The first legal roster needs no bound, and a worker without a line has none.
        let bounded = until != Until::Legal && model.impossible().is_empty();
        Self {
            rows: rows.collect(),
            ascent: bounded.then(|| Ascent::new(model)),
            until,
            best: None,
            run: 0,
            climb: None,
            guided: false,
            lone: !model.problem.joint_rules().is_empty(),
        }
    }

    pub(crate) fn start_from(&mut self, lines: &[Vec<u32>]) {
        self.rows.iter_mut().for_each(|rows| rows.start_from(lines));
        self.share();
    }

    pub(crate) fn start_at(&mut self, prices: &Prices) {
        if let Some(ascent) = &mut self.ascent {
            ascent.start_at(prices);
        }
    }

    /// Makes the nearest improvements of the start while any is left, and lets one search look for more
    /// of them without prices.
    pub(crate) fn stay_near(&mut self, clock: &Clock) {
        self.lone = true;
        if let Some(rows) = self.rows.first_mut() {
            rows.construct(clock);
            rows.respond(clock);
        }
        self.share();
    }

    /// Gives every worker a first line, the same one in all searches.
    pub(crate) fn construct(&mut self, clock: &Clock) {
        let Some((first, others)) = self.rows.split_first_mut() else { return };
        first.construct(clock);
        if let Some(found) = first.best() {
            others.iter_mut().for_each(|rows| rows.start_from(&found.lines));
        }
        self.share();
    }

    pub(crate) fn best(&self) -> Option<&Found> {
        self.best.as_ref()
    }

    pub(crate) fn bound(&self) -> i64 {
        self.ascent.as_ref().map_or(0, Ascent::bound)
    }

    /// The prices that prove the bound, where one is wanted.
    pub(crate) fn prices(&self) -> Option<Prices> {
        self.ascent.as_ref().map(|ascent| Prices(Arc::clone(ascent.duals())))
    }

    pub(crate) fn work(&self) -> u64 {
        let rows: u64 = self.rows.iter().map(Rows::work).sum();
        rows + self.ascent.as_ref().map_or(0, Ascent::work)
    }

    pub(crate) fn resampled(&self) -> u64 {
        self.rows.iter().map(Rows::resampled).sum()
    }

    /// Whether nothing more is wanted.
    pub(crate) fn is_enough(&self) -> bool {
        let score = self.best.as_ref().map(|best| best.score);
        score.is_some_and(|score| enough(self.until, self.bound(), score))
    }

    /// Climbs at the beginning of a run, searches after that. As long as nothing legal is known, a
    /// run begins with a search without prices.
    pub(crate) fn epoch(&mut self, epoch: Epoch, clock: &Clock) {
        if self.run != epoch.run {
            if self.run > 0 {
                self.ascent.iter_mut().for_each(Ascent::climb_anew);
            }
            (self.run, self.climb, self.guided) = (epoch.run, None, false);
        }
        let legal = self.best.as_ref().filter(|best| best.score.is_legal());
        let target = legal.map(|best| best.score.soft);
        let (from, to) = epoch.done;
        let within =
            |start: f64, end: f64| ((from - start) / (end - start), (to - start) / (end - start));
        let Some(ascent) = &mut self.ascent else { return self.search(epoch, clock) };
        if self.climb.is_none() && target.is_none() && from < UNGUIDED {
            self.rows.iter_mut().for_each(Rows::go_alone);
            return self.search(Epoch { done: within(0.0, UNGUIDED), ..epoch }, clock);
        }
        let (start, end) = *self.climb.get_or_insert((from, from + CLIMB * (1.0 - from)));
        if from < end {
            let climb = Climb {
                threads: epoch.threads,
                until: ascent.work() + epoch.work,
                done: within(start, end),
                target,
            };
            return ascent.run(climb, clock);
        }
        if !self.guided {
            let guided = self.rows.len() - usize::from(self.lone);
            self.rows[..guided].iter_mut().for_each(|rows| {
                rows.guide_by(ascent.duals(), if epoch.run > 1 { epoch.growth } else { 0.0 })
            });
            self.guided = true;
        }
        self.search(Epoch { done: within(end, 1.0), ..epoch }, clock);
    }

    fn search(&mut self, epoch: Epoch, clock: &Clock) {
        let (until, bound) = (self.until, self.bound());
        let share = epoch.work / self.rows.len() as u64 + 1;
        let searches = self.rows.len();
        let tasks = Mutex::new(self.rows.iter_mut());
        let work = || {
            loop {
                let next = tasks.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
                let Some(rows) = next else { return };
                let enough = |score| enough(until, bound, score);
                rows.run(rows.work() + share, epoch.done, clock, enough);
            }
        };
        std::thread::scope(|scope| {
            // A panic in a helper resumes here when the scope ends.
            (1..epoch.threads.min(searches)).for_each(|_| _ = scope.spawn(work));
            work();
        });
        self.share();
    }

    /// Gives every worker a line in at least one roster.
    pub(crate) fn complete(&mut self, clock: &Clock) {
        if self.best.is_none() {
            if let Some(rows) = self.rows.first_mut() {
                rows.complete(clock);
            }
            self.share();
        }
    }

    fn share(&mut self) {
        let best = self.rows.iter().filter_map(Rows::best).min_by_key(|found| found.score);
        let Some(found) = best else { return };
        keep_better(&mut self.best, found);
        if let Some(best) = &self.best {
            self.rows.iter_mut().for_each(|rows| rows.adopt(best));
        }
    }
}

fn enough(until: Until, bound: i64, score: Score) -> bool {
    let proved = score.soft <= bound;
    score.is_legal()
        && match until {
            Until::Legal => true,
            Until::Gap(share) => proved || crate::progress::gap(score.soft, bound) <= share,
            Until::Exhausted => proved,
        }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::budget::{Budget, CancelToken};
    use crate::demand::Demand;
    use crate::ids::ActivityId;
    use crate::problem::Problem;
    use crate::time::{Shift, Span};

    /// Far more work than there is time for.
    const ENDLESS: u64 = u64::MAX / 4;

    /// A duty each day for so many of three, who do it at costs of their own.
    fn problem(needed: u32) -> Problem {
        let mut builder = Problem::builder();
        let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
        let mut periods = Vec::new();
        for day in 0..10 {
            let midnight = day * 1440;
            let period = builder.period(format!("day {day}"), Span::new(midnight, midnight + 1440));
            builder.offer(period, off, None);
            builder.offer(period, duty, Some(Shift::new(midnight + 480, midnight + 960)));
            builder.demand(Demand::at_least("duty", period, [duty], needed));
            periods.push(period);
        }
        for (name, factor) in [("Ada", 3), ("Ben", 5), ("Cleo", 7)] {
            let worker = builder.worker(name);
            for (day, &period) in (1..).zip(&periods) {
                builder.cost(worker, period, ActivityId::new(1), day * factor % 11);
            }
        }
        builder.build().expect("no fault")
    }

    fn epoch(work: u64, done: (f64, f64)) -> Epoch {
        Epoch { work, done, threads: 2, run: 1, growth: 1.0 }
    }

    /// Runs one epoch with `done` on a thread of its own and waits for it.
    fn ends(done: (f64, f64)) -> bool {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            // There is no legal roster, so nothing else ends the epoch.
            let problem = problem(4);
            let patient = Clock::start(Budget::default(), CancelToken::default());
            let model = Model::new(&problem, 1, &patient).expect("nobody cancels");
            let mut portfolio = Portfolio::new(&model, 0, Until::Exhausted);
            portfolio.construct(&patient);
            let clock = Clock::start(Budget::seconds(0.05), CancelToken::default());
            portfolio.epoch(epoch(ENDLESS, done), &clock);
            _ = tell.send(());
        });
        told.recv_timeout(Duration::from_secs(60)).is_ok()
    }

    #[test]
    fn an_epoch_of_any_length_ends_at_the_deadline() {
        assert!(ends((0.0, UNGUIDED)), "the search");
        assert!(ends((UNGUIDED, UNGUIDED + 0.01)), "the climb");
    }

    #[test]
    fn all_searches_have_the_best_roster_of_any() {
        let problem = problem(1);
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let model = Model::new(&problem, 1, &clock).expect("nobody cancels");
        for finder in [0, 1] {
            let mut portfolio = Portfolio::new(&model, 0, Until::Exhausted);
            portfolio.rows[finder].construct(&clock);
            portfolio.share();
            let best = portfolio.best().map(|best| best.score);
            assert!(best.is_some_and(Score::is_legal));
            for rows in &portfolio.rows {
                assert_eq!(rows.best().map(|found| found.score), best, "found by {finder}");
            }
        }
    }
}
