//! What of a problem goes into its fingerprint.

use std::sync::Arc;

use super::{Problem, Worker};
use crate::demand::{Demand, Ratio};
use crate::fingerprint::Canon;
use crate::ids::{ActivityId, WorkerId};
use crate::rule::Rule;
use crate::time::{Duty, Shift, Span};

impl Problem {
    /// Of each worker the digest of the name and of everything that concerns the worker alone.
    pub(crate) fn worker_digests(&self, canon: &mut Canon) -> Vec<(u128, u128)> {
        let mut sums = Vec::new();
        let ids = self.worker_ids().zip(&self.workers);
        ids.map(|(id, worker)| {
            let digest = canon.digest(|canon| describe_worker(canon, id, worker, &mut sums));
            (canon.worker_digest(id), digest)
        })
        .collect()
    }

    /// The digest of what the automata of the worker's rules, and the choices they read, follow from; `None`
    /// when a rule does not say so. `allowed` marks the choices that count when given.
    pub(crate) fn line_digest(
        &self,
        id: WorkerId,
        allowed: Option<&[bool]>,
        canon: &mut Canon,
    ) -> Option<u128> {
        let Worker { name: _, choices, starts, removed: _, duties, rules } =
            &self.workers[id.index()];
        let digest = || {
            canon.digest(|canon| {
                canon.len(choices.len());
                canon.raw(choices.iter().map(|choice| choice.activity.index().to_le_bytes()));
                canon.raw(starts.iter().map(|start| start.to_le_bytes()));
                canon.option(allowed, |canon, allowed| {
                    canon.list(allowed, |canon, &allowed| canon.int(allowed));
                });
                describe_duties(canon, duties);
                // Unlike their meaning, what their automata become depends on the order.
                canon.list(rules, describe_rule);
            })
        };
        rules.iter().all(|rule| rule.is_impersonal()).then(digest)
    }

    /// The times of the periods.
    pub(crate) fn describe_periods(&self, canon: &mut Canon) {
        canon.list(&self.periods, |canon, period| span(canon, period.span));
    }

    /// Everything that does not concern one worker alone.
    pub(crate) fn describe(&self, canon: &mut Canon) {
        canon.list(&self.periods, |canon, period| {
            canon.text(&period.name);
            span(canon, period.span);
        });
        let activities: Vec<ActivityId> = self.activity_ids().collect();
        canon.bag(&activities, |canon, &activity| {
            canon.activity(activity);
            for period in self.period_ids() {
                canon.option(self.offer(period, activity), |canon, offer| {
                    canon.option(offer, describe_shift);
                });
            }
        });
        canon.bag(&self.demands, describe_demand);
        canon.bag(&self.ratios, describe_ratio);
        canon.bag(&self.joint_rules, |canon, rule| {
            canon.text(rule.name());
            rule.describe(canon);
        });
    }
}

fn describe_worker(canon: &mut Canon, id: WorkerId, worker: &Worker, sums: &mut Vec<u128>) {
    // What was removed is what is not among the choices.
    let Worker { name: _, choices: _, starts: _, removed: _, duties, rules } = worker;
    canon.workers(&[id]);
    describe_choices(canon, worker, sums);
    describe_duties(canon, duties);
    canon.bag(rules, describe_rule);
}

fn describe_duties(canon: &mut Canon, duties: &[Duty]) {
    // Sorted by everything there is.
    canon.list(duties, |canon, &Duty { span, handover, kind }| {
        describe_shift(canon, Shift { span, handover });
        canon.int(kind as i32);
    });
}

fn describe_rule(canon: &mut Canon, rule: &Arc<dyn Rule>) {
    canon.text(rule.name());
    rule.describe(canon);
}

fn describe_demand(canon: &mut Canon, demand: &Demand) {
    let Demand { name, period, activities, workers, min, max, wanted, under_cost, over_cost } =
        demand;
    canon.text(name);
    canon.len(period.index());
    canon.activities(activities);
    canon.option(workers.as_ref(), |canon, workers| canon.workers(workers));
    canon.ints([*min, *max, *wanted]);
    under_cost.describe(canon);
    over_cost.describe(canon);
}

fn describe_ratio(canon: &mut Canon, ratio: &Ratio) {
    let Ratio { name, period, supervised, supervisors, per_supervisor, excess_cost } = ratio;
    canon.text(name);
    canon.len(period.index());
    canon.activities(supervised);
    canon.activities(supervisors);
    canon.int(*per_supervisor);
    canon.option(*excess_cost, |canon, penalty| penalty.describe(canon));
}

fn describe_shift(canon: &mut Canon, shift: Shift) {
    canon.ints([shift.span.start, shift.span.end, shift.handover]);
}

fn span(canon: &mut Canon, span: Span) {
    canon.ints([span.start, span.end]);
}

/// For every period the sum of the digests of its choices, each times one more than its cost: sums know
/// no order, and a sum of digests agrees with another one as rarely as two digests do.
///
/// Each period is written as the sum of all periods up to it: so one loop runs over all choices, where
/// a loop for each period would end when the processor expects it least. `sums` is room for them.
fn describe_choices(canon: &mut Canon, worker: &Worker, sums: &mut Vec<u128>) {
    // All of it at once: a list that grows asks for room at every choice. What the last worker left is
    // overwritten, but for the first, which is always zero.
    if sums.len() <= worker.choices.len() {
        sums.resize(worker.choices.len() + 1, 0);
    }
    let digests = canon.activity_digests();
    let mut sum: u128 = 0;
    for (after, choice) in sums[1..].iter_mut().zip(&worker.choices) {
        // Costs are not negative, so the factor is a single word.
        let factor = choice.cost.cast_unsigned().wrapping_add(1);
        sum = sum.wrapping_add(digests.of(choice.activity).wrapping_mul(factor.into()));
        *after = sum;
    }
    canon.raw(worker.starts[1..].iter().map(|&end| sums[end as usize].to_le_bytes()));
}
