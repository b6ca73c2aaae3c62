//! Parts of a problem: the same people, periods and activities under fewer demands.

use std::sync::Arc;

use super::{Choice, Period, Problem, Worker};
use crate::demand::{Demand, Ratio};
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::rule::Rule;

/// What a part keeps of its problem, apart from joint rules: of these it has none.
pub(crate) struct Part<'a> {
    /// What each worker may do, for nothing: activities that the period offers, and at least one where
    /// a line is looked for.
    pub(crate) choices: &'a dyn Fn(WorkerId, PeriodId) -> Vec<ActivityId>,
    pub(crate) rules: &'a dyn Fn(WorkerId) -> Vec<Arc<dyn Rule>>,
    pub(crate) demands: Vec<Demand>,
    pub(crate) ratios: Vec<Ratio>,
}

impl Problem {
    /// The part of this problem that `part` describes. Ids stay what they are.
    pub(crate) fn part(&self, part: Part<'_>) -> Self {
        let periods = self.periods.iter();
        Self {
            periods: periods.map(|p| Period { name: p.name.clone(), span: p.span }).collect(),
            activities: self.activities.clone(),
            offers: self.offers.clone(),
            workers: self.worker_ids().map(|worker| self.part_of(worker, &part)).collect(),
            demands: part.demands,
            ratios: part.ratios,
            joint_rules: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// The same problem with `extra` added to the cost of every choice.
    pub(crate) fn dearer(&self, extra: &dyn Fn(WorkerId, PeriodId, ActivityId) -> i64) -> Self {
        let choices = |worker, period| {
            self.choices(worker, period).iter().map(|choice| choice.activity).collect()
        };
        let rules = |worker| self.rules(worker).to_vec();
        let (demands, ratios) = (self.demands.clone(), self.ratios.clone());
        let mut dearer = self.part(Part { choices: &choices, rules: &rules, demands, ratios });
        dearer.joint_rules.clone_from(&self.joint_rules);
        for (worker, own) in self.worker_ids().zip(&mut dearer.workers) {
            let costs = self.period_ids().flat_map(|period| {
                let own = self.choices(worker, period).iter();
                own.map(move |choice| choice.cost + extra(worker, period, choice.activity))
            });
            own.choices.iter_mut().zip(costs).for_each(|(choice, cost)| choice.cost = cost);
        }
        dearer
    }

    fn part_of(&self, worker: WorkerId, part: &Part<'_>) -> Worker {
        let whole = &self.workers[worker.index()];
        let (mut choices, mut starts) = (Vec::new(), vec![0]);
        for period in self.period_ids() {
            let own = (part.choices)(worker, period).into_iter();
            choices.extend(own.map(|activity| Choice { activity, cost: 0 }));
            starts.push(u32::try_from(choices.len()).unwrap_or(u32::MAX));
        }
        Worker {
            name: whole.name.clone(),
            choices,
            starts,
            removed: Vec::new(),
            duties: whole.duties.clone(),
            rules: (part.rules)(worker),
        }
    }
}
