//! The entry point: a problem in, the best roster of the budget out.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::budget::{Budget, CancelToken, Clock, Until};
use crate::certificate::Certificate;
use crate::checker::Analysis;
use crate::duals::Prices;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::model::Model;
use crate::pace::Pace;
use crate::portfolio::Portfolio;
use crate::problem::Problem;
use crate::progress::{Progress, gap};
use crate::roster::Roster;
use crate::score::Score;
use crate::start::Start;

/// How to solve. `Default` gives ten seconds on two threads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// When to stop at the latest. Without any limit a solve runs until it is cancelled or proved
    /// best. Default: ten seconds.
    pub budget: Budget,
    /// When to stop earlier. Default: at a proof.
    pub until: Until,
    /// Threads to use; zero is one. More than two only speed up the climb of the prices.
    pub threads: usize,
    /// Chooses between equally good ways. Default: zero.
    pub seed: u64,
    /// Stops the solve from elsewhere.
    pub cancel: CancelToken,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            budget: Budget::seconds(10.0),
            until: Until::default(),
            threads: 2,
            seed: 0,
            cancel: CancelToken::default(),
        }
    }
}

impl Options {
    /// Sets [`budget`](Self::budget).
    #[must_use]
    pub const fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Sets [`until`](Self::until).
    #[must_use]
    pub const fn until(mut self, until: Until) -> Self {
        self.until = until;
        self
    }

    /// Sets [`threads`](Self::threads).
    #[must_use]
    pub const fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets [`seed`](Self::seed).
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets [`cancel`](Self::cancel).
    #[must_use]
    pub fn cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }
}

/// What a solve says about its roster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Legal, and no legal roster costs less.
    Optimal,
    /// Legal.
    Legal,
    /// Something is broken: no legal roster was found in the budget.
    NotLegal,
    /// Something is broken, and always will be: these workers' own rules exclude every line; in a
    /// re-plan, together with what is frozen.
    Impossible(Vec<WorkerId>),
}

/// The result of a solve.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The best roster found.
    pub roster: Roster,
    /// Its score, by the [checker](Analysis).
    pub score: Score,
    /// No legal roster costs less.
    pub bound: i64,
    /// The prices that prove the bound, for [`verify`](crate::verify).
    pub certificate: Certificate,
    /// All prices of the bound, for a later solve to [start](Start) from; none where no bound was
    /// looked for.
    pub prices: Prices,
    /// What is known about the roster.
    pub status: Status,
    /// What the solve did.
    pub stats: Stats,
}

/// What a solve did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Wall-clock time.
    pub elapsed: Duration,
    /// Time until the line programmes stood.
    pub prepared: Duration,
    /// Time until the first legal roster, to the resolution of an epoch.
    pub first_legal: Option<Duration>,
    /// Work in units of [`Budget::work`].
    pub work: u64,
    /// Lines that were solved again.
    pub resampled: u64,
    /// Epochs.
    pub epochs: u64,
    /// The strategy that found the roster.
    pub strategy: &'static str,
}

/// Solves problems. Holds no state between solves.
#[derive(Clone, Debug, Default)]
pub struct Solver {
    options: Options,
}

impl Solver {
    /// A solver with `options`.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self { options }
    }

    /// Looks for the best roster. `on_progress` is called on this thread after every epoch and stops
    /// the solve with [`ControlFlow::Break`].
    ///
    /// Blocks for as long as the budget says: call it where blocking is allowed. Always returns a
    /// roster; [`Outcome::status`] tells what it is worth.
    pub fn solve(
        &self,
        problem: &Problem,
        on_progress: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Outcome {
        self.run(problem, None, on_progress)
    }

    /// Like [`solve`](Self::solve), starting from a roster, or from a [`WarmStart`](crate::WarmStart),
    /// which has prices too. Lines that break their rules are made anew. A legal roster is never made
    /// worse, whatever the budget.
    pub fn solve_from<'s>(
        &self,
        problem: &Problem,
        start: impl Into<Start<'s>>,
        on_progress: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Outcome {
        self.run(problem, Some(start.into()), on_progress)
    }

    #[tracing::instrument(name = "solve", skip_all, fields(workers = problem.workers()))]
    fn run(
        &self,
        problem: &Problem,
        start: Option<Start<'_>>,
        on_progress: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Outcome {
        let clock = Clock::start(self.options.budget, self.options.cancel.clone());
        let old = |worker, period| start?.roster.get(worker, period);
        let Some(mut model) = Model::new(problem, self.options.threads.max(1), &clock) else {
            return unprepared(problem, &clock, old);
        };
        model.fall_back_on(old);
        let lines = start.map(|start| hint_lines(&model, start.roster));
        let prices = start.and_then(|start| start.prices);
        let origin = Origin { lines: lines.as_deref(), prices, near: false };
        search(&model, &clock, &self.options, origin, on_progress)
    }
}

/// What a search begins with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin<'s> {
    pub(crate) lines: Option<&'s [Vec<u32>]>,
    pub(crate) prices: Option<&'s Prices>,
    /// Whether something near the lines is wanted: then the nearest improvements are made first, and one
    /// search goes without prices, which lead away.
    pub(crate) near: bool,
}

/// Runs the portfolio on `model`.
pub(crate) fn search(
    model: &Model<'_>,
    clock: &Clock,
    options: &Options,
    origin: Origin<'_>,
    mut on_progress: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Outcome {
    let threads = options.threads.max(1);
    let mut stats = Stats { prepared: clock.started.elapsed(), ..Stats::default() };
    let mut portfolio = Portfolio::new(model, options.seed, options.until);
    if let Some(prices) = origin.prices {
        portfolio.start_at(prices);
    }
    if let Some(lines) = origin.lines {
        portfolio.start_from(lines);
        if origin.near {
            portfolio.stay_near(clock);
        }
    }
    let limit = options.budget.work.unwrap_or(u64::MAX);
    let legal = |p: &Portfolio<'_>| p.best().is_some_and(|best| best.score.is_legal());
    portfolio.construct(clock);
    let mut pace = Pace::new(options.budget, clock);
    loop {
        stats.epochs += 1;
        let progress = progress(&portfolio, clock);
        stats.first_legal = stats.first_legal.or(progress.value.map(|_| progress.elapsed));
        let stop = on_progress(&progress).is_break();
        let work = portfolio.work();
        if stop || clock.is_over() || portfolio.is_enough() || work >= limit {
            break;
        }
        portfolio.epoch(pace.next(work, threads, clock), clock);
    }
    portfolio.complete(clock);
    if legal(&portfolio) {
        stats.first_legal = stats.first_legal.or(Some(clock.started.elapsed()));
    }
    outcome(model, &portfolio, clock, stats)
}

/// The outcome of a solve that was cancelled before it could begin: what `old` holds where that is
/// possible, and the first choice elsewhere.
pub(crate) fn unprepared(
    problem: &Problem,
    clock: &Clock,
    old: impl Fn(WorkerId, PeriodId) -> Option<ActivityId>,
) -> Outcome {
    let cell = |worker, period| {
        let possible = |activity: &ActivityId| problem.cost(worker, period, *activity).is_some();
        let first = || problem.choices(worker, period).first().map(|choice| choice.activity);
        old(worker, period).filter(possible).or_else(first)
    };
    let cells = problem.worker_ids().flat_map(|w| problem.period_ids().map(move |p| (w, p)));
    let cells = cells.filter_map(|(worker, period)| cell(worker, period)).collect();
    let roster = Roster::from_cells(problem.periods(), cells);
    let score = Analysis::new(problem, &roster).map(|analysis| analysis.score);
    let score = score.unwrap_or(Score::UNKNOWN);
    let status = match score.is_legal() {
        true if score.soft == 0 => Status::Optimal,
        true => Status::Legal,
        false => Status::NotLegal,
    };
    let elapsed = clock.started.elapsed();
    let first_legal = score.is_legal().then_some(elapsed);
    let stats = Stats { elapsed, prepared: elapsed, first_legal, ..Stats::default() };
    let certificate = Certificate::none(problem);
    let prices = Prices::default();
    Outcome { roster, score, bound: 0, certificate, prices, status, stats }
}

fn outcome(
    model: &Model<'_>,
    portfolio: &Portfolio<'_>,
    clock: &Clock,
    mut stats: Stats,
) -> Outcome {
    let found = portfolio.best();
    let roster = model.roster(found.map_or(&[], |found| &found.lines));
    let judged = Analysis::new(model.problem, &roster).map(|analysis| analysis.score);
    let score = judged.unwrap_or(Score::UNKNOWN);
    stats.elapsed = clock.started.elapsed();
    stats.work = portfolio.work();
    stats.resampled = portfolio.resampled();
    stats.strategy = found.map_or("", |found| found.strategy);
    let bound = portfolio.bound();
    let prices = portfolio.prices();
    let certificate = prices.as_ref().map(|prices| Certificate::of(prices, bound));
    let certificate = certificate.unwrap_or_else(|| Certificate::none(model.problem));
    let prices = prices.unwrap_or_default();
    let impossible = model.impossible();
    let status = match (score.is_legal(), score.soft <= bound) {
        (true, true) => Status::Optimal,
        (true, false) => Status::Legal,
        (false, _) if impossible.is_empty() => Status::NotLegal,
        (false, _) => Status::Impossible(impossible),
    };
    Outcome { roster, score, bound, certificate, prices, status, stats }
}

pub(crate) fn hint_lines(model: &Model<'_>, hint: &Roster) -> Vec<Vec<u32>> {
    let line = |worker: WorkerId| model.positions(worker.index(), hint.line(worker));
    model.problem.worker_ids().map(|worker| line(worker).unwrap_or_default()).collect()
}

fn progress(portfolio: &Portfolio<'_>, clock: &Clock) -> Progress {
    let (best, bound) = (portfolio.best(), portfolio.bound());
    let score = best.map_or(Score::UNKNOWN, |best| best.score);
    let value = score.is_legal().then_some(score.soft);
    Progress {
        elapsed: clock.started.elapsed(),
        work: portfolio.work(),
        hard: score.hard,
        value,
        bound,
        gap: value.map(|value| gap(value, bound)),
        strategy: best.map_or("", |best| best.strategy),
    }
}
