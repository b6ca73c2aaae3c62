//! What of a problem goes into its fingerprint.

use super::{Problem, Worker};
use crate::demand::{Demand, Ratio};
use crate::fingerprint::Canon;
use crate::ids::{ActivityId, WorkerId};
use crate::time::{Duty, Shift, Span};

impl Problem {
    /// Of each worker the digest of the name and of everything that concerns the worker alone.
    pub(crate) fn worker_digests(&self, canon: &mut Canon) -> Vec<(u128, u128)> {
        let mut grid = Grid::new(self, canon);
        let ids = self.worker_ids().zip(&self.workers);
        ids.map(|(id, worker)| {
            let digest = canon.digest(|canon| describe_worker(canon, id, worker, &mut grid));
            (canon.worker_digest(id), digest)
        })
        .collect()
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
    }
}

fn describe_worker(canon: &mut Canon, id: WorkerId, worker: &Worker, grid: &mut Grid) {
    // What was removed is what is not among the choices.
    let Worker { name: _, choices: _, starts: _, removed: _, duties, rules } = worker;
    canon.workers(&[id]);
    grid.describe(canon, worker);
    canon.bag(duties, |canon, &Duty { span, handover, kind }| {
        describe_shift(canon, Shift { span, handover });
        canon.int(kind as i32);
    });
    canon.bag(rules, |canon, rule| {
        canon.text(rule.name());
        rule.describe(canon);
    });
}

fn describe_demand(canon: &mut Canon, demand: &Demand) {
    let Demand { name, period, activities, workers, min, max, wanted, under_cost, over_cost } =
        demand;
    canon.text(name);
    canon.len(period.index());
    canon.activities(activities);
    canon.option(workers.as_ref(), |canon, workers| canon.workers(workers));
    canon.ints([*min, *max, *wanted]);
    canon.ints([*under_cost, *over_cost]);
}

fn describe_ratio(canon: &mut Canon, ratio: &Ratio) {
    let Ratio { name, period, supervised, supervisors, per_supervisor } = ratio;
    canon.text(name);
    canon.len(period.index());
    canon.activities(supervised);
    canon.activities(supervisors);
    canon.int(*per_supervisor);
}

fn describe_shift(canon: &mut Canon, shift: Shift) {
    canon.ints([shift.span.start, shift.span.end, shift.handover]);
}

fn span(canon: &mut Canon, span: Span) {
    canon.ints([span.start, span.end]);
}

/// Turns one worker's choices from periods to activities, so that they can be written in the order of
/// the activities' digests without sorting each cell. Used for one worker after the other.
struct Grid {
    /// Activities in the order in which they are written.
    order: Vec<ActivityId>,
    periods: usize,
    /// One bit for each period, by word of 64 periods, then activity.
    chosen: Vec<u64>,
    /// By activity: period and cost of the choices that cost something, and how many there are.
    costs: Vec<[u8; 16]>,
    lengths: Vec<usize>,
    /// By choice: how many periods begin with it.
    begins: Vec<usize>,
}

impl Grid {
    fn new(problem: &Problem, canon: &Canon) -> Self {
        let (activities, periods) = (problem.activities(), problem.periods());
        let mut order: Vec<ActivityId> = problem.activity_ids().collect();
        order.sort_unstable_by_key(|&activity| canon.activity_digest(activity));
        Self {
            order,
            periods,
            chosen: vec![0; activities * periods.div_ceil(64)],
            costs: vec![[0; 16]; activities * periods],
            lengths: vec![0; activities],
            begins: Vec::new(),
        }
    }

    fn describe(&mut self, canon: &mut Canon, worker: &Worker) {
        self.fill(worker);
        for &activity in &self.order {
            let a = activity.index();
            let chosen = self.chosen[a..].iter().step_by(self.lengths.len());
            if chosen.clone().all(|&word| word == 0) {
                continue;
            }
            let costs = &self.costs[a * self.periods..][..self.lengths[a]];
            canon.raw(&canon.activity_digest(activity).to_le_bytes());
            canon.raw(&(costs.len() as u64).to_le_bytes());
            chosen.for_each(|word| canon.raw(&word.to_le_bytes()));
            canon.raw(costs.as_flattened());
        }
    }

    fn fill(&mut self, worker: &Worker) {
        let Self { periods, chosen, costs, lengths, begins, .. } = self;
        chosen.fill(0);
        lengths.fill(0);
        begins.clear();
        begins.resize(worker.choices.len() + 1, 0);
        worker.starts.iter().skip(1).for_each(|&start| begins[start as usize] += 1);
        // Slices, which the loop need not load again after every store.
        let (chosen, lengths) = (chosen.as_mut_slice(), lengths.as_mut_slice());
        // One loop over all cells: in one loop for each, where it ends could not be predicted.
        let mut period = 0;
        for (choice, &new) in worker.choices.iter().zip(begins.as_slice()) {
            period += new;
            let a = choice.activity.index();
            chosen[period / 64 * lengths.len() + a] |= 1 << (period % 64);
            if choice.cost != 0 {
                let priced = (period as u128) << 64 | u128::from(choice.cost.cast_unsigned());
                costs[a * *periods + lengths[a]] = priced.to_le_bytes();
                lengths[a] += 1;
            }
        }
    }
}
