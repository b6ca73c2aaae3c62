//! Judges a roster from scratch, by the plain definitions alone: nothing here is shared with the
//! search, so it can be trusted to check the search's results.

use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::rule::{Breach, Judgement, Line};
use crate::score::Score;

mod shares;

pub use shares::Share;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// A joint rule, by its position in [`Problem::joint_rules`].
    JointRule(usize),
}

impl Analysis {
    /// Judges `roster`. Costs one pass over all cells, rules, demands, ratios and joint rules.
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
        analysis.judge_joint_rules(problem, roster);
        Ok(analysis)
    }

    fn judge_rules(&mut self, problem: &Problem, worker: WorkerId, roster: &Roster) {
        let line = Line::new(problem, worker, roster.line(worker));
        let duties = line.duties();
        let line = line.with_duties(&duties);
        for (at, rule) in problem.rules(worker).iter().enumerate() {
            self.push(judged(Source::Rule { worker, rule: at }, rule.judge(&line)));
        }
    }

    fn judge_cells(&mut self, problem: &Problem, worker: WorkerId, roster: &Roster) {
        for (period, &activity) in problem.period_ids().zip(roster.line(worker)) {
            self.push(cell(problem, worker, period, activity));
        }
    }

    fn judge_demands(&mut self, problem: &Problem, roster: &Roster) {
        for (at, wanted) in problem.demands().iter().enumerate() {
            let eligible = |worker: &WorkerId| {
                wanted.workers.as_ref().is_none_or(|workers| workers.contains(worker))
            };
            let workers = problem.worker_ids().filter(eligible);
            let count = count(roster, wanted.period, workers, &wanted.activities);
            self.push(demand(problem, at, count));
        }
    }

    fn judge_ratios(&mut self, problem: &Problem, roster: &Roster) {
        for (at, wanted) in problem.ratios().iter().enumerate() {
            let on = |activities: &[ActivityId]| {
                count(roster, wanted.period, problem.worker_ids(), activities)
            };
            self.push(ratio(problem, at, on(&wanted.supervised), on(&wanted.supervisors)));
        }
    }

    fn judge_joint_rules(&mut self, problem: &Problem, roster: &Roster) {
        for (at, rule) in problem.joint_rules().iter().enumerate() {
            self.push(judged(Source::JointRule(at), rule.judge(problem, roster)));
        }
    }

    fn push(&mut self, item: Item) {
        if item.score != Score::default() {
            self.score += item.score;
            self.items.push(item);
        }
    }

    /// All breaches in words, with the worker's name where one is concerned.
    pub fn breaches<'a>(&'a self, problem: &'a Problem) -> impl Iterator<Item = String> + 'a {
        self.items.iter().flat_map(move |item| {
            item.breaches.iter().map(move |breach| item.source.words(problem, breach))
        })
    }
}

impl Source {
    /// The worker whose own it is; `None` for what workers have in common.
    #[must_use]
    pub const fn worker(self) -> Option<WorkerId> {
        match self {
            Self::Rule { worker, .. } | Self::Cell { worker, .. } => Some(worker),
            Self::Demand(_) | Self::Ratio(_) | Self::JointRule(_) => None,
        }
    }

    /// What the problem calls it: the name of the rule, the demand or the ratio, `"choice"` for a
    /// cell, and `"?"` for a source of another problem.
    #[must_use]
    pub fn name(self, problem: &Problem) -> &str {
        match self {
            Self::Rule { worker, rule } => problem.rules(worker).get(rule).map(|rule| rule.name()),
            Self::Cell { .. } => Some("choice"),
            Self::Demand(at) => problem.demands().get(at).map(|demand| demand.name.as_str()),
            Self::Ratio(at) => problem.ratios().get(at).map(|ratio| ratio.name.as_str()),
            Self::JointRule(at) => problem.joint_rules().get(at).map(|rule| rule.name()),
        }
        .unwrap_or("?")
    }

    /// `breach` in words, with the worker's name where one is concerned.
    #[must_use]
    pub fn words(self, problem: &Problem, breach: &Breach) -> String {
        match self.worker() {
            Some(worker) => format!("{}: {}", problem.worker_name(worker), breach.message),
            None => breach.message.clone(),
        }
    }
}

/// What a rule found, as an item.
pub(crate) fn judged(source: Source, judgement: Judgement) -> Item {
    Item { source, score: judgement.score(), breaches: judgement.breaches }
}

pub(crate) fn cell(
    problem: &Problem,
    worker: WorkerId,
    period: PeriodId,
    activity: ActivityId,
) -> Item {
    let source = Source::Cell { worker, period };
    let cost = problem.cost(worker, period, activity);
    counted(problem, source, period, (i64::from(cost.is_none()), cost.unwrap_or(0)), || {
        let reason = problem.why_removed(worker, period, activity);
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{} is not possible{reason}", problem.activity_name(activity))
    })
}

pub(crate) fn demand(problem: &Problem, at: usize, count: u32) -> Item {
    let demand = &problem.demands()[at];
    counted(problem, Source::Demand(at), demand.period, demand.price(count), || {
        let limits = match demand.max {
            u32::MAX => format!("at least {}", demand.min),
            max if max == demand.min => max.to_string(),
            max => format!("{} to {max}", demand.min),
        };
        format!("{} has {count}, needs {limits}", demand.name)
    })
}

pub(crate) fn ratio(problem: &Problem, at: usize, supervised: u32, supervisors: u32) -> Item {
    let ratio = &problem.ratios()[at];
    let price = ratio.price(supervised, supervisors);
    counted(problem, Source::Ratio(at), ratio.period, price, || {
        format!("{}: {supervised} supervised by {supervisors}", ratio.name)
    })
}

fn counted(
    problem: &Problem,
    source: Source,
    period: PeriodId,
    (hard, soft): (i64, i64),
    message: impl FnOnce() -> String,
) -> Item {
    let minute = problem.period_span(period).start;
    let message = || format!("{} in {}", message(), problem.period_name(period));
    let breach = (hard > 0).then(|| Breach { minute, amount: hard, message: message() });
    Item { source, score: Score { hard, soft }, breaches: breach.into_iter().collect() }
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
