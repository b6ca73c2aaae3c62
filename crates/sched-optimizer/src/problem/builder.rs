//! Collects a problem and checks all of it at the end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Choice, Period, Problem, Worker};
use crate::demand::{Demand, Ratio};
use crate::error::{Fault, ProblemError};
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::joint_rule::JointRule;
use crate::parameters::MOST_FOR_ONE;
use crate::rule::Rule;
use crate::time::{Duty, Shift, Span};

mod checks;

/// Reason given to choices that an `allow` list leaves out.
const NOT_ALLOWED: &str = "not allowed";

/// Collects a [`Problem`]. Nothing is checked before [`build`](Self::build), which reports all
/// faults at once.
#[derive(Debug, Default)]
pub struct ProblemBuilder {
    periods: Vec<Period>,
    activities: Vec<String>,
    offers: Vec<(PeriodId, ActivityId, Option<Shift>)>,
    offered: HashSet<(PeriodId, ActivityId)>,
    workers: Vec<Draft>,
    demands: Vec<Demand>,
    ratios: Vec<Ratio>,
    joint_rules: Vec<Arc<dyn JointRule>>,
    strangers: Vec<WorkerId>,
    reasons: Reasons,
}

#[derive(Debug, Default)]
struct Draft {
    name: String,
    limits: Vec<(PeriodId, Limit)>,
    costs: Vec<(PeriodId, ActivityId, i64)>,
    duties: Vec<Duty>,
    rules: Vec<Arc<dyn Rule>>,
}

#[derive(Debug)]
enum Limit {
    Allow(Vec<ActivityId>),
    Forbid(ActivityId, u32),
    Fix(ActivityId, u32),
}

/// Reasons are few and repeat often: each is kept once.
#[derive(Debug, Default)]
struct Reasons {
    texts: Vec<String>,
    known: HashMap<String, u32>,
}

impl Reasons {
    fn id(&mut self, reason: &str) -> u32 {
        if let Some(&id) = self.known.get(reason) {
            return id;
        }
        let id = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(reason.to_owned());
        self.known.insert(reason.to_owned(), id);
        id
    }
}

impl ProblemBuilder {
    /// Adds a period. Periods are given in order and must not overlap.
    pub fn period(&mut self, name: impl Into<String>, span: Span) -> PeriodId {
        self.periods.push(Period { name: name.into(), span });
        PeriodId::new(self.periods.len() - 1)
    }

    /// Adds an activity of a name that no other has. It can be worked only where it is [offered](Self::offer).
    pub fn activity(&mut self, name: impl Into<String>) -> ActivityId {
        self.activities.push(name.into());
        ActivityId::new(self.activities.len() - 1)
    }

    /// Offers `activity` in `period`: as a duty at the times of `shift`, or as rest with `None`.
    pub fn offer(
        &mut self,
        period: PeriodId,
        activity: ActivityId,
        shift: Option<Shift>,
    ) -> &mut Self {
        self.offers.push((period, activity, shift));
        self.offered.insert((period, activity));
        self
    }

    /// Adds a worker of a name that no other has, who may at first do everything that is offered.
    pub fn worker(&mut self, name: impl Into<String>) -> WorkerId {
        self.workers.push(Draft { name: name.into(), ..Draft::default() });
        WorkerId::new(self.workers.len() - 1)
    }

    /// Restricts `worker` in `period` to `activities`; further lists for the cell add to it.
    pub fn allow(
        &mut self,
        worker: WorkerId,
        period: PeriodId,
        activities: &[ActivityId],
    ) -> &mut Self {
        self.limit(worker, period, Limit::Allow(activities.to_vec()))
    }

    /// Takes `activity` away from `worker` in `period`.
    pub fn forbid(
        &mut self,
        worker: WorkerId,
        period: PeriodId,
        activity: ActivityId,
        reason: &str,
    ) -> &mut Self {
        let reason = self.reasons.id(reason);
        self.limit(worker, period, Limit::Forbid(activity, reason))
    }

    /// Leaves `worker` only `activity` in `period`.
    pub fn fix(
        &mut self,
        worker: WorkerId,
        period: PeriodId,
        activity: ActivityId,
        reason: &str,
    ) -> &mut Self {
        let reason = self.reasons.id(reason);
        self.limit(worker, period, Limit::Fix(activity, reason))
    }

    fn limit(&mut self, worker: WorkerId, period: PeriodId, limit: Limit) -> &mut Self {
        self.edit(worker, |draft| draft.limits.push((period, limit)))
    }

    /// Adds a soft cost to a choice. Costs of one choice add up, to 1,000,000,000 at most; a cost of a
    /// choice the worker does not have is ignored.
    pub fn cost(
        &mut self,
        worker: WorkerId,
        period: PeriodId,
        activity: ActivityId,
        cost: i64,
    ) -> &mut Self {
        self.edit(worker, |draft| draft.costs.push((period, activity, cost)))
    }

    /// Adds settled work: history before the horizon, or outside work.
    pub fn duty(&mut self, worker: WorkerId, duty: Duty) -> &mut Self {
        self.edit(worker, |draft| draft.duties.push(duty))
    }

    /// Adds a rule to `worker`'s line. An `Arc` of a rule may be given to many workers.
    pub fn rule(&mut self, worker: WorkerId, rule: impl Rule + 'static) -> &mut Self {
        self.edit(worker, |draft| draft.rules.push(Arc::new(rule)))
    }

    fn edit(&mut self, worker: WorkerId, edit: impl FnOnce(&mut Draft)) -> &mut Self {
        match self.workers.get_mut(worker.index()) {
            Some(draft) => edit(draft),
            None => self.strangers.push(worker),
        }
        self
    }

    /// Adds a demand.
    pub fn demand(&mut self, demand: Demand) -> &mut Self {
        self.demands.push(demand);
        self
    }

    /// Adds a ratio.
    pub fn ratio(&mut self, ratio: Ratio) -> &mut Self {
        self.ratios.push(ratio);
        self
    }

    /// Adds a rule about several workers' lines together.
    pub fn joint_rule(&mut self, rule: impl JointRule + 'static) -> &mut Self {
        self.joint_rules.push(Arc::new(rule));
        self
    }

    /// Checks everything and freezes it.
    ///
    /// # Errors
    ///
    /// Every fault found, by name. Whether the problem *has* a solution is not asked here, beyond
    /// every worker having something to do in every period.
    pub fn build(mut self) -> Result<Problem, ProblemError> {
        let mut faults = checks::faults(&self);
        if faults.is_empty() {
            let problem = self.freeze(&mut faults);
            if faults.is_empty() {
                return Ok(problem);
            }
        }
        Err(ProblemError { faults })
    }

    fn freeze(&mut self, faults: &mut Vec<Fault>) -> Problem {
        let mut offers = vec![None; self.periods.len() * self.activities.len()];
        for &(period, activity, shift) in &self.offers {
            let at = period.index() * self.activities.len() + activity.index();
            offers[at] = Some(shift);
        }
        let not_allowed = self.reasons.id(NOT_ALLOWED);
        let drafts = std::mem::take(&mut self.workers);
        let freeze = Freeze { builder: self, offers: &offers, not_allowed };
        let workers: Vec<_> =
            drafts.into_iter().map(|draft| freeze.worker(draft, faults)).collect();
        // Who may supervise everybody may supervise more, and the numbers stay small.
        let everybody = u32::try_from(workers.len()).unwrap_or(u32::MAX);
        let ratios = &mut self.ratios;
        ratios.iter_mut().for_each(|r| r.per_supervisor = r.per_supervisor.min(everybody));
        Problem {
            workers,
            periods: std::mem::take(&mut self.periods),
            activities: std::mem::take(&mut self.activities),
            demands: std::mem::take(&mut self.demands),
            ratios: std::mem::take(&mut self.ratios),
            joint_rules: std::mem::take(&mut self.joint_rules),
            reasons: std::mem::take(&mut self.reasons.texts),
            offers,
        }
    }
}

/// Turns drafts of workers into workers.
struct Freeze<'b> {
    builder: &'b ProblemBuilder,
    offers: &'b [Option<Option<Shift>>],
    not_allowed: u32,
}

impl Freeze<'_> {
    fn worker(&self, mut draft: Draft, faults: &mut Vec<Fault>) -> Worker {
        // By everything, so that the order in which they were given leaves no trace.
        draft.duties.sort_by_key(|duty| (duty.span, duty.handover, duty.kind as i32));
        draft.limits.sort_by_key(|(period, _)| *period);
        draft.costs.sort_by_key(|&(period, activity, _)| (period, activity));
        let mut worker = Worker {
            choices: Vec::new(),
            starts: vec![0],
            removed: Vec::new(),
            name: draft.name,
            duties: draft.duties,
            rules: draft.rules,
        };
        for p in 0..self.builder.periods.len() {
            let period = PeriodId::new(p);
            let limits = part(&draft.limits, |limit| limit.0, period);
            let costs = part(&draft.costs, |cost| cost.0, period);
            self.cell(&mut worker, period, limits, costs, faults);
        }
        worker
    }

    fn cell(
        &self,
        worker: &mut Worker,
        period: PeriodId,
        limits: &[(PeriodId, Limit)],
        costs: &[(PeriodId, ActivityId, i64)],
        faults: &mut Vec<Fault>,
    ) {
        let (kept, removed) = (worker.choices.len(), worker.removed.len());
        for a in 0..self.builder.activities.len() {
            let activity = ActivityId::new(a);
            if self.offers[period.index() * self.builder.activities.len() + a].is_none() {
                continue;
            }
            match self.reason(limits, activity) {
                Some(reason) => worker.removed.push((period, activity, reason)),
                None => {
                    let same = costs.iter().filter(|cost| cost.1 == activity);
                    let cost = same.map(|cost| cost.2).sum();
                    if cost > MOST_FOR_ONE {
                        faults.push(self.dear_choice(worker, period, activity, cost));
                    }
                    worker.choices.push(Choice { activity, cost });
                }
            }
        }
        if worker.choices.len() == kept {
            faults.push(self.empty_domain(worker, period, removed));
        }
        worker.starts.push(u32::try_from(worker.choices.len()).unwrap_or(u32::MAX));
    }

    /// Why `activity` is not left by `limits`, or `None` when it is.
    fn reason(&self, limits: &[(PeriodId, Limit)], activity: ActivityId) -> Option<u32> {
        let mut allow_lists = limits.iter().filter_map(|(_, limit)| match limit {
            Limit::Allow(list) => Some(list),
            _ => None,
        });
        let restricted = limits.iter().any(|(_, limit)| matches!(limit, Limit::Allow(_)));
        let by_limit = limits.iter().find_map(|(_, limit)| match limit {
            Limit::Forbid(one, reason) if *one == activity => Some(*reason),
            Limit::Fix(one, reason) if *one != activity => Some(*reason),
            _ => None,
        });
        by_limit.or_else(|| {
            (restricted && !allow_lists.any(|list| list.contains(&activity)))
                .then_some(self.not_allowed)
        })
    }

    fn dear_choice(
        &self,
        worker: &Worker,
        period: PeriodId,
        activity: ActivityId,
        cost: i64,
    ) -> Fault {
        let period = &self.builder.periods[period.index()].name;
        let activity = &self.builder.activities[activity.index()];
        Fault::Cost { place: format!("{activity} of {} in {period}", worker.name), cost }
    }

    fn empty_domain(&self, worker: &Worker, period: PeriodId, removed: usize) -> Fault {
        let reasons = worker.removed[removed..].iter().map(|&(_, activity, reason)| {
            let text = self.builder.reasons.texts.get(reason as usize);
            let name = &self.builder.activities[activity.index()];
            format!("{name}: {}", text.map_or("", String::as_str))
        });
        Fault::EmptyDomain {
            worker: worker.name.clone(),
            period: self.builder.periods[period.index()].name.clone(),
            reasons: reasons.collect(),
        }
    }
}

/// The part of `sorted` whose key is `key`.
fn part<T>(sorted: &[T], key_of: impl Fn(&T) -> PeriodId, key: PeriodId) -> &[T] {
    let start = sorted.partition_point(|item| key_of(item) < key);
    let end = sorted.partition_point(|item| key_of(item) <= key);
    &sorted[start..end]
}
