//! Several searches and the bound side by side. They meet after every epoch, which is a fixed amount
//! of work: what each of them sees of the others does not depend on threads or on time.

use std::sync::Mutex;

use crate::bound::Ascent;
use crate::budget::{Clock, Until};
use crate::model::Model;
use crate::score::Score;
use crate::search::rows::{Cooling, Found, Rows};

/// Work of a search in the first epoch; later ones are longer, up to a limit.
const FIRST_EPOCH: u64 = 200_000;
const LONGEST_EPOCH: u64 = 1_600_000;

/// The searches differ in temperature: the first one settles early and is legal early, the second
/// keeps moving for longer.
const STRATEGIES: [Cooling; 2] = [
    Cooling { name: "row resampling, cool", hot: 250, cold: 10, sweeps: 4 },
    Cooling { name: "row resampling, warm", hot: 1000, cold: 30, sweeps: 8 },
];

pub(crate) struct Portfolio<'m> {
    rows: Vec<Rows<'m>>,
    ascent: Option<Ascent<'m>>,
    epoch: u64,
    until: Until,
    best: Option<Found>,
}

enum Task<'t, 'm> {
    Rows(&'t mut Rows<'m>),
    Ascent(&'t mut Ascent<'m>),
}

impl<'m> Portfolio<'m> {
    pub(crate) fn new(model: &'m Model<'m>, seed: u64, until: Until) -> Self {
        let seeds = STRATEGIES.into_iter().zip(0..);
        let rows =
            seeds.map(|(cooling, at)| Rows::new(model, cooling, seed.wrapping_add(at << 32)));
        // The first legal roster needs no bound, and a worker without a line has none.
        let bounded = until != Until::Legal && model.impossible().is_empty();
        Self {
            rows: rows.collect(),
            ascent: bounded.then(|| Ascent::new(model)),
            epoch: FIRST_EPOCH,
            until,
            best: None,
        }
    }

    pub(crate) fn start_from(&mut self, lines: &[Vec<u32>]) {
        self.rows.iter_mut().for_each(|rows| rows.start_from(lines));
        self.share();
    }

    /// Makes the nearest improvements of the start, if it is not legal yet or while any is left.
    pub(crate) fn respond(&mut self, clock: &Clock) {
        if let Some(rows) = self.rows.first_mut() {
            rows.finish_construction(clock);
            rows.respond(clock);
        }
        self.share();
    }

    pub(crate) fn best(&self) -> Option<&Found> {
        self.best.as_ref()
    }

    pub(crate) fn bound(&self) -> i64 {
        self.ascent.as_ref().map_or(0, Ascent::bound)
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

    /// One epoch on at most `threads` threads, and at most `left` units of work.
    pub(crate) fn epoch(&mut self, threads: usize, left: u64, clock: &Clock) {
        let share = self.epoch.min(left / (self.rows.len() as u64 + 1) + 1);
        let (until, bound) = (self.until, self.bound());
        let target = self.best.as_ref().filter(|best| best.score.is_legal());
        let target = target.map(|best| best.score.soft);
        let rows = self.rows.iter_mut().map(Task::Rows);
        let tasks = Mutex::new(rows.chain(self.ascent.iter_mut().map(Task::Ascent)));
        let work = || {
            loop {
                let next = tasks.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
                match next {
                    Some(Task::Rows(rows)) => {
                        rows.run(rows.work() + share, clock, |score| enough(until, bound, score));
                    }
                    Some(Task::Ascent(ascent)) => {
                        ascent.run(ascent.work() + share, target, clock);
                    }
                    None => return,
                }
            }
        };
        std::thread::scope(|scope| {
            // A panic in a helper resumes here when the scope ends.
            (1..threads).for_each(|_| _ = scope.spawn(work));
            work();
        });
        self.epoch = (self.epoch * 3 / 2).min(LONGEST_EPOCH);
        self.share();
    }

    /// Gives every worker a line in at least one roster.
    pub(crate) fn complete(&mut self) {
        if self.best.is_none() {
            if let Some(rows) = self.rows.first_mut() {
                rows.complete();
            }
            self.share();
        }
    }

    fn share(&mut self) {
        let best = self.rows.iter().filter_map(Rows::best).min_by_key(|found| found.score);
        let Some(best) = best.cloned() else { return };
        self.rows.iter_mut().for_each(|rows| rows.adopt(&best));
        if self.best.as_ref().is_none_or(|old| best.score < old.score) {
            self.best = Some(best);
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
