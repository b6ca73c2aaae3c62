//! Several good rosters that differ from each other.

use std::ops::ControlFlow;

use crate::budget::{Budget, Until};
use crate::checker::Analysis;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::score::Score;
use crate::solver::{Options, Solver};

/// What alternatives are wanted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AlternativeOptions {
    /// How many rosters. Default: three.
    pub count: usize,
    /// The share of all cells, in `0.0..=1.0`, in which any two of them should differ. Default: a
    /// tenth.
    pub differ: f64,
    /// Budget of all rosters together, threads, seed and cancel flag; the target is looked at for
    /// the first roster alone. By default ten seconds.
    pub options: Options,
}

impl Default for AlternativeOptions {
    fn default() -> Self {
        Self { count: 3, differ: 0.1, options: Options::default() }
    }
}

impl AlternativeOptions {
    /// Sets [`count`](Self::count).
    #[must_use]
    pub const fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Sets [`differ`](Self::differ).
    #[must_use]
    pub const fn differ(mut self, share: f64) -> Self {
        self.differ = share;
        self
    }

    /// Sets [`options`](Self::options).
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }
}

/// One of several rosters.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alternative {
    /// The roster, which is legal.
    pub roster: Roster,
    /// Its score, by the problem's own costs.
    pub score: Score,
    /// The share of cells in which it differs from the one before that is most like it; `1.0` for
    /// the first. Below the share that was asked for where no more was reached.
    pub differs: f64,
}

/// Every roster but the first is looked for with so many prices on repeating a cell, each some times
/// the one before.
const TRIES: u32 = 4;
const STEP: i64 = 6;

/// Looks for good legal rosters that differ from each other: the best one first, then each where
/// repeating a cell of an earlier one costs extra, more and more until it differs enough.
///
/// Ends with fewer when a legal roster, or one that differs at all, was not found. With a limit in
/// work the answer is always the same.
///
/// ```
/// # use sched_optimizer::{Problem, Span};
/// use sched_optimizer::{AlternativeOptions, Budget, Options, alternatives};
///
/// # let mut builder = Problem::builder();
/// # let [early, late] = ["early", "late"].map(|name| builder.activity(name));
/// # let monday = builder.period("monday", Span::new(0, 1440));
/// # builder.offer(monday, early, None).offer(monday, late, None);
/// # let ada = builder.worker("Ada");
/// # builder.cost(ada, monday, late, 3);
/// # let problem = builder.build()?;
/// // Early costs nothing, late 3; both ways are wanted.
/// let options = Options::default().budget(Budget::work(200_000));
/// let wanted = AlternativeOptions::default().count(2).differ(1.0).options(options);
/// let costs = alternatives(&problem, &wanted).into_iter().map(|one| one.score.soft);
/// assert_eq!(costs.collect::<Vec<_>>(), [0, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn alternatives(problem: &Problem, wanted: &AlternativeOptions) -> Vec<Alternative> {
    let mut found: Vec<Alternative> = Vec::new();
    let share = share(wanted.options.budget, wanted.count);
    while found.len() < wanted.count {
        let next = match found.is_empty() {
            true => first(problem, &wanted.options.clone().budget(share)),
            false => next(problem, wanted, share, &found),
        };
        match next {
            Some(next) => found.push(next),
            None => break,
        }
    }
    found
}

fn share(budget: Budget, parts: usize) -> Budget {
    let parts = u32::try_from(parts.max(1)).unwrap_or(u32::MAX);
    let work = budget.work.map(|work| work / u64::from(parts));
    Budget { time: budget.time.map(|time| time / parts), work }
}

fn first(problem: &Problem, options: &Options) -> Option<Alternative> {
    let outcome = Solver::new(options.clone()).solve(problem, |_| ControlFlow::Continue(()));
    let score = outcome.score;
    score.is_legal().then_some(Alternative { roster: outcome.roster, score, differs: 1.0 })
}

fn next(
    problem: &Problem,
    wanted: &AlternativeOptions,
    budget: Budget,
    found: &[Alternative],
) -> Option<Alternative> {
    let best = found.first()?;
    let options = wanted.options.clone().budget(share(budget, TRIES as usize));
    let solver = Solver::new(options.until(Until::Exhausted));
    let cells = i64::try_from(problem.workers() * problem.periods()).unwrap_or(i64::MAX);
    let mut reached: Option<Alternative> = None;
    for attempt in 0..TRIES {
        let price = (best.score.soft / cells.max(1) + 1).saturating_mul(STEP.pow(attempt));
        let repeats = |worker: WorkerId, period: PeriodId, activity: ActivityId| {
            let same = |one: &&Alternative| one.roster.get(worker, period) == Some(activity);
            let count = found.iter().filter(same).count();
            price.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX)).min(DEAREST)
        };
        let priced = problem.dearer(&repeats);
        // From the best roster the result is legal, whatever the prices.
        let start = reached.as_ref().map_or(&best.roster, |near| &near.roster);
        let outcome = solver.solve_from(&priced, start, |_| ControlFlow::Continue(()));
        let next = judged(problem, outcome.roster, found)?;
        if next.differs >= wanted.differ {
            return Some(next);
        }
        if reached.as_ref().is_none_or(|near| near.differs < next.differs) {
            reached = Some(next);
        }
    }
    reached.filter(|near| near.differs > 0.0)
}

/// A repeated cell costs no more than any cost may be.
const DEAREST: i64 = 1_000_000_000;

fn judged(problem: &Problem, roster: Roster, found: &[Alternative]) -> Option<Alternative> {
    let score = Analysis::new(problem, &roster).ok()?.score;
    let cells = problem.workers() * problem.periods();
    let shares = found.iter().map(|one| part(roster.differences(&one.roster).count(), cells));
    let differs = shares.fold(1.0, f64::min);
    score.is_legal().then_some(Alternative { roster, score, differs })
}

#[expect(clippy::cast_precision_loss, reason = "a share of cells, which are few")]
fn part(count: usize, of: usize) -> f64 {
    count as f64 / of.max(1) as f64
}
