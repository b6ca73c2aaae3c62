//! What is to be planned: built once, checked once, then read only.

use std::sync::Arc;

use crate::demand::{Demand, Ratio};
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::joint_rule::JointRule;
use crate::rule::Rule;
use crate::time::{Duty, Shift, Span};

mod builder;
mod describe;
mod part;

pub use builder::ProblemBuilder;
pub(crate) use part::Part;

/// One thing a worker may do in a period, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The activity.
    pub activity: ActivityId,
    /// Soft cost of choosing it, not negative.
    pub cost: i64,
}

/// A choice that was taken away when the problem was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed<'p> {
    /// The period.
    pub period: PeriodId,
    /// The activity that is offered in the period but not to the worker.
    pub activity: ActivityId,
    /// Why.
    pub reason: &'p str,
}

#[derive(Debug)]
struct Period {
    name: String,
    span: Span,
}

#[derive(Debug)]
struct Worker {
    name: String,
    /// Choices of all periods, in order; those of period `p` are `starts[p]..starts[p + 1]`.
    choices: Vec<Choice>,
    starts: Vec<u32>,
    removed: Vec<(PeriodId, ActivityId, u32)>,
    duties: Vec<Duty>,
    rules: Vec<Arc<dyn Rule>>,
}

/// A checked rostering problem.
///
/// Every worker does exactly one activity in every period. What concerns one worker are
/// [rules](crate::Rule) and costs of choices; what concerns several are [demands](Demand),
/// [ratios](Ratio) and [joint rules](JointRule).
#[derive(Debug)]
pub struct Problem {
    periods: Vec<Period>,
    activities: Vec<String>,
    /// By period, then activity: not offered, offered as rest, offered with times.
    offers: Vec<Option<Option<Shift>>>,
    workers: Vec<Worker>,
    demands: Vec<Demand>,
    ratios: Vec<Ratio>,
    joint_rules: Vec<Arc<dyn JointRule>>,
    reasons: Vec<String>,
}

impl Problem {
    /// Starts an empty problem.
    #[must_use]
    pub fn builder() -> ProblemBuilder {
        ProblemBuilder::default()
    }

    /// Number of workers.
    #[must_use]
    pub const fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Ids of all workers.
    pub fn worker_ids(&self) -> impl Iterator<Item = WorkerId> + use<> {
        (0..self.workers()).map(WorkerId::new)
    }

    /// Number of periods.
    #[must_use]
    pub const fn periods(&self) -> usize {
        self.periods.len()
    }

    /// Ids of all periods.
    pub fn period_ids(&self) -> impl Iterator<Item = PeriodId> + use<> {
        (0..self.periods()).map(PeriodId::new)
    }

    /// Number of activities.
    #[must_use]
    pub const fn activities(&self) -> usize {
        self.activities.len()
    }

    /// Ids of all activities.
    pub fn activity_ids(&self) -> impl Iterator<Item = ActivityId> + use<> {
        (0..self.activities()).map(ActivityId::new)
    }

    /// Name of a worker; `"?"` for an id of another problem.
    #[must_use]
    pub fn worker_name(&self, worker: WorkerId) -> &str {
        self.workers.get(worker.index()).map_or("?", |w| &w.name)
    }

    /// Name of a period; `"?"` for an id of another problem.
    #[must_use]
    pub fn period_name(&self, period: PeriodId) -> &str {
        self.periods.get(period.index()).map_or("?", |p| &p.name)
    }

    /// Name of an activity; `"?"` for an id of another problem.
    #[must_use]
    pub fn activity_name(&self, activity: ActivityId) -> &str {
        self.activities.get(activity.index()).map_or("?", String::as_str)
    }

    /// When a period is; empty for an id of another problem.
    #[must_use]
    pub fn period_span(&self, period: PeriodId) -> Span {
        self.periods.get(period.index()).map_or(Span::new(0, 0), |p| p.span)
    }

    /// The times of `activity` in `period`: `None` when it is rest or not offered.
    #[must_use]
    pub fn shift(&self, period: PeriodId, activity: ActivityId) -> Option<Shift> {
        self.offer(period, activity).flatten()
    }

    /// Whether `activity` is offered in `period` to anybody.
    #[must_use]
    pub fn offered(&self, period: PeriodId, activity: ActivityId) -> bool {
        self.offer(period, activity).is_some()
    }

    /// What `period` offers to anybody, by activity.
    pub(crate) fn offers_in(&self, period: PeriodId) -> impl Iterator<Item = ActivityId> + '_ {
        self.activity_ids().filter(move |&a| self.offered(period, a))
    }

    pub(crate) fn offer(&self, period: PeriodId, activity: ActivityId) -> Option<Option<Shift>> {
        if activity.index() >= self.activities.len() {
            return None;
        }
        let at = period.index() * self.activities.len() + activity.index();
        self.offers.get(at).copied().flatten()
    }

    /// What `worker` may do in `period`, by activity; never empty for ids of this problem.
    #[must_use]
    pub fn choices(&self, worker: WorkerId, period: PeriodId) -> &[Choice] {
        let Some(w) = self.workers.get(worker.index()) else { return &[] };
        let p = period.index();
        let bounds = w.starts.get(p).zip(w.starts.get(p + 1));
        bounds.and_then(|(&a, &b)| w.choices.get(a as usize..b as usize)).unwrap_or_default()
    }

    /// The cost of a choice, or `None` when `worker` may not do `activity` in `period`.
    #[must_use]
    pub fn cost(&self, worker: WorkerId, period: PeriodId, activity: ActivityId) -> Option<i64> {
        self.choices(worker, period).iter().find(|c| c.activity == activity).map(|c| c.cost)
    }

    /// What was taken away from `worker` when the problem was built, with the reasons.
    pub fn removed(&self, worker: WorkerId) -> impl Iterator<Item = Removed<'_>> {
        let removed = self.workers.get(worker.index()).map_or(&[][..], |w| &w.removed);
        removed.iter().map(|&(period, activity, reason)| Removed {
            period,
            activity,
            reason: self.reasons.get(reason as usize).map_or("", String::as_str),
        })
    }

    /// Why `activity` was taken away from `worker` in `period` when the problem was built, or `None`
    /// when it was not.
    #[must_use]
    pub fn why_removed(
        &self,
        worker: WorkerId,
        period: PeriodId,
        activity: ActivityId,
    ) -> Option<&str> {
        // Kept by period, then activity.
        let removed = &self.workers.get(worker.index())?.removed;
        let at = removed.binary_search_by_key(&(period, activity), |&(p, a, _)| (p, a)).ok()?;
        self.reasons.get(removed[at].2 as usize).map(String::as_str)
    }

    /// Settled work of `worker`, by start.
    #[must_use]
    pub fn duties(&self, worker: WorkerId) -> &[Duty] {
        self.workers.get(worker.index()).map_or(&[], |w| &w.duties)
    }

    /// Rules of `worker`'s line.
    #[must_use]
    pub fn rules(&self, worker: WorkerId) -> &[Arc<dyn Rule>] {
        self.workers.get(worker.index()).map_or(&[], |w| &w.rules)
    }

    /// All demands, in the order given.
    #[must_use]
    pub fn demands(&self) -> &[Demand] {
        &self.demands
    }

    /// All ratios, in the order given.
    #[must_use]
    pub fn ratios(&self) -> &[Ratio] {
        &self.ratios
    }

    /// Rules about several workers' lines together, in the order given.
    #[must_use]
    pub fn joint_rules(&self) -> &[Arc<dyn JointRule>] {
        &self.joint_rules
    }
}
