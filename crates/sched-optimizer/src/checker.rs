//! Judges a roster from scratch, by the plain definitions alone: nothing here is shared with the
//! search, so it can be trusted to check the search's results.

use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::rule::{Breach, Line};
use crate::score::Score;

/// A roster that belongs to another problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the roster has {workers} workers and {periods} periods, the problem {problem_workers} and \
     {problem_periods}"
)]
pub struct WrongShape {
    /// Workers of the roster.
    pub workers: usize,
    /// Periods of the roster.
    pub periods: usize,
    /// Workers of the problem.
    pub problem_workers: usize,
    /// Periods of the problem.
    pub problem_periods: usize,
}

/// What a roster's score is made of. The scores of the items add up to the total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    /// The total.
    pub score: Score,
    /// Everything that breaks or costs something.
    pub items: Vec<Item>,
}

/// One source of breaches or cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub source: Source,
    /// Its share.
    pub score: Score,
    /// Its breaches in words; empty when it only costs.
    pub breaches: Vec<Breach>,
}

/// Where a share of a score comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// A rule of a worker, by its position in [`Problem::rules`].
    Rule {
        /// The worker.
        worker: WorkerId,
        /// The position.
        rule: usize,
    },
    /// The cost of a chosen activity, or a breach when the worker may not do it.
    Cell {
        /// The worker.
        worker: WorkerId,
        /// The period.
        period: PeriodId,
    },
    /// A demand, by its position in [`Problem::demands`].
    Demand(usize),
    /// A ratio, by its position in [`Problem::ratios`].
    Ratio(usize),
}

impl Analysis {
    /// Judges `roster`. Costs one pass over all cells, rules, demands and ratios.
    ///
    /// # Errors
    ///
    /// When the roster has other dimensions than the problem.
    pub fn new(problem: &Problem, roster: &Roster) -> Result<Self, WrongShape> {
        let shape = (roster.workers(), roster.periods());
        if shape != (problem.workers(), problem.periods()) {
            return Err(WrongShape {
                workers: shape.0,
                periods: shape.1,
                problem_workers: problem.workers(),
                problem_periods: problem.periods(),
            });
        }
        let mut analysis = Self { score: Score::default(), items: Vec::new() };
        for worker in problem.worker_ids() {
            analysis.judge_rules(problem, worker, roster);
            analysis.judge_cells(problem, worker, roster);
        }
        analysis.judge_demands(problem, roster);
        analysis.judge_ratios(problem, roster);
        Ok(analysis)
    }

    fn judge_rules(&mut self, problem: &Problem, worker: WorkerId, roster: &Roster) {
        let line = Line::new(problem, worker, roster.line(worker));
        for (at, rule) in problem.rules(worker).iter().enumerate() {
            let judgement = rule.judge(&line);
            let hard = judgement.breaches.iter().map(|breach| breach.amount).sum();
            let score = Score { hard, soft: judgement.cost };
            self.push(Source::Rule { worker, rule: at }, score, judgement.breaches);
        }
    }

    fn judge_cells(&mut self, problem: &Problem, worker: WorkerId, roster: &Roster) {
        for (period, &activity) in problem.period_ids().zip(roster.line(worker)) {
            let source = Source::Cell { worker, period };
            match problem.cost(worker, period, activity) {
                Some(soft) => self.push(source, Score { hard: 0, soft }, Vec::new()),
                None => {
                    let message = format!("{} is not possible", problem.activity_name(activity));
                    self.push_count(problem, source, period, (1, 0), &message);
                }
            }
        }
    }

    fn judge_demands(&mut self, problem: &Problem, roster: &Roster) {
        for (at, demand) in problem.demands().iter().enumerate() {
            let eligible = |worker: &WorkerId| {
                demand.workers.as_ref().is_none_or(|workers| workers.contains(worker))
            };
            let workers = problem.worker_ids().filter(eligible);
            let count = count(roster, demand.period, workers, &demand.activities);
            let message =
                format!("{} has {count}, needs {} to {}", demand.name, demand.min, demand.max);
            let price = demand.price(count);
            self.push_count(problem, Source::Demand(at), demand.period, price, &message);
        }
    }

    fn judge_ratios(&mut self, problem: &Problem, roster: &Roster) {
        for (at, ratio) in problem.ratios().iter().enumerate() {
            let on = |activities: &[ActivityId]| {
                count(roster, ratio.period, problem.worker_ids(), activities)
            };
            let (supervised, supervisors) = (on(&ratio.supervised), on(&ratio.supervisors));
            let message = format!("{}: {supervised} supervised by {supervisors}", ratio.name);
            let price = (ratio.excess(supervised, supervisors), 0);
            self.push_count(problem, Source::Ratio(at), ratio.period, price, &message);
        }
    }

    fn push_count(
        &mut self,
        problem: &Problem,
        source: Source,
        period: PeriodId,
        (hard, soft): (i64, i64),
        message: &str,
    ) {
        let minute = problem.period_span(period).start;
        let message = format!("{message} in {}", problem.period_name(period));
        let breach = (hard > 0).then_some(Breach { minute, amount: hard, message });
        self.push(source, Score { hard, soft }, breach.into_iter().collect());
    }

    fn push(&mut self, source: Source, score: Score, breaches: Vec<Breach>) {
        if score != Score::default() {
            self.score += score;
            self.items.push(Item { source, score, breaches });
        }
    }

    /// The share of each worker's own rules and cells; the rest is what workers have in common.
    #[must_use]
    pub fn by_worker(&self, worker: WorkerId) -> Score {
        self.sum(|source| match source {
            Source::Rule { worker: own, .. } | Source::Cell { worker: own, .. } => own == worker,
            _ => false,
        })
    }

    /// The share of all rules of one name.
    #[must_use]
    pub fn by_rule(&self, problem: &Problem, name: &str) -> Score {
        self.sum(|source| match source {
            Source::Rule { worker, rule } => {
                problem.rules(worker).get(rule).is_some_and(|rule| rule.name() == name)
            }
            _ => false,
        })
    }

    fn sum(&self, wanted: impl Fn(Source) -> bool) -> Score {
        let items = self.items.iter().filter(|item| wanted(item.source));
        items.fold(Score::default(), |sum, item| sum + item.score)
    }

    /// All breaches in words, with the worker's name where one is concerned.
    pub fn breaches<'a>(&'a self, problem: &'a Problem) -> impl Iterator<Item = String> + 'a {
        self.items.iter().flat_map(move |item| {
            let who = match item.source {
                Source::Rule { worker, .. } | Source::Cell { worker, .. } => {
                    format!("{}: ", problem.worker_name(worker))
                }
                _ => String::new(),
            };
            item.breaches.iter().map(move |breach| format!("{who}{}", breach.message))
        })
    }
}

fn count(
    roster: &Roster,
    period: PeriodId,
    workers: impl Iterator<Item = WorkerId>,
    activities: &[ActivityId],
) -> u32 {
    let on = workers.filter_map(|worker| roster.get(worker, period));
    let count = on.filter(|activity| activities.contains(activity)).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
