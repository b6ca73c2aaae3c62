//! Counts per demand and ratio, and what one more or one less would change.

use crate::ids::WorkerId;
use crate::line::UNIT;
use crate::problem::Problem;

/// What a choice counts towards.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Demand(u32),
    Supervised(u32),
    Supervisor(u32),
}

/// For every worker and choice, what it counts towards. Fixed for a problem.
pub(crate) struct CoverIndex {
    workers: Vec<(Vec<u32>, Vec<Part>)>,
}

impl CoverIndex {
    pub(crate) fn new(problem: &Problem) -> Self {
        let by_cell = parts_by_cell(problem);
        let index = |worker: WorkerId| {
            let (mut starts, mut parts) = (vec![0], Vec::new());
            for period in problem.period_ids() {
                for choice in problem.choices(worker, period) {
                    let cell = period.index() * problem.activities() + choice.activity.index();
                    let own = by_cell[cell].iter().filter(|part| counts(problem, worker, **part));
                    parts.extend(own);
                    starts.push(u32::try_from(parts.len()).unwrap_or(u32::MAX));
                }
            }
            (starts, parts)
        };
        Self { workers: problem.worker_ids().map(index).collect() }
    }

    /// What choice number `choice` of `worker` counts towards.
    pub(crate) fn parts(&self, worker: usize, choice: usize) -> &[Part] {
        let (starts, parts) = &self.workers[worker];
        &parts[starts[choice] as usize..starts[choice + 1] as usize]
    }
}

fn parts_by_cell(problem: &Problem) -> Vec<Vec<Part>> {
    let mut by_cell = vec![Vec::new(); problem.periods() * problem.activities()];
    let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let mut add = |period: crate::PeriodId, activities: &[crate::ActivityId], part: Part| {
        let mut distinct = activities.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        for activity in distinct {
            by_cell[period.index() * problem.activities() + activity.index()].push(part);
        }
    };
    for (at, demand) in problem.demands().iter().enumerate() {
        add(demand.period, &demand.activities, Part::Demand(index(at)));
    }
    for (at, ratio) in problem.ratios().iter().enumerate() {
        add(ratio.period, &ratio.supervised, Part::Supervised(index(at)));
        add(ratio.period, &ratio.supervisors, Part::Supervisor(index(at)));
    }
    by_cell
}

fn counts(problem: &Problem, worker: WorkerId, part: Part) -> bool {
    let Part::Demand(demand) = part else { return true };
    let workers = &problem.demands()[demand as usize].workers;
    workers.as_ref().is_none_or(|workers| workers.contains(&worker))
}

/// Penalties of one unit of breach, in parts of [`UNIT`].
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    pub(crate) demands: Vec<i64>,
    pub(crate) ratios: Vec<i64>,
}

impl Weights {
    pub(crate) fn flat(problem: &Problem, weight: i64) -> Self {
        Self {
            demands: vec![weight; problem.demands().len()],
            ratios: vec![weight; problem.ratios().len()],
        }
    }
}

/// How many count towards each demand and ratio.
#[derive(Clone, Debug)]
pub(crate) struct Cover {
    demands: Vec<u32>,
    supervised: Vec<u32>,
    supervisors: Vec<u32>,
}

impl Cover {
    pub(crate) fn empty(problem: &Problem) -> Self {
        let ratios = problem.ratios().len();
        Self {
            demands: vec![0; problem.demands().len()],
            supervised: vec![0; ratios],
            supervisors: vec![0; ratios],
        }
    }

    pub(crate) fn add(&mut self, parts: &[Part]) {
        for &part in parts {
            *self.count(part) += 1;
        }
    }

    pub(crate) fn remove(&mut self, parts: &[Part]) {
        for &part in parts {
            *self.count(part) -= 1;
        }
    }

    fn count(&mut self, part: Part) -> &mut u32 {
        match part {
            Part::Demand(at) => &mut self.demands[at as usize],
            Part::Supervised(at) => &mut self.supervised[at as usize],
            Part::Supervisor(at) => &mut self.supervisors[at as usize],
        }
    }

    /// What one more towards `part` changes, in parts of [`UNIT`].
    pub(crate) fn marginal(&self, problem: &Problem, weights: &Weights, part: Part) -> i64 {
        match part {
            Part::Demand(at) => {
                let (at, demand) = (at as usize, &problem.demands()[at as usize]);
                let price = |count| {
                    let (hard, soft) = demand.price(count);
                    hard * weights.demands[at] + soft * UNIT
                };
                price(self.demands[at] + 1) - price(self.demands[at])
            }
            Part::Supervised(at) => self.ratio_change(problem, weights, at as usize, 1, 0),
            Part::Supervisor(at) => self.ratio_change(problem, weights, at as usize, 0, 1),
        }
    }

    fn ratio_change(
        &self,
        problem: &Problem,
        weights: &Weights,
        at: usize,
        supervised: u32,
        supervisors: u32,
    ) -> i64 {
        let (ratio, s, v) = (&problem.ratios()[at], self.supervised[at], self.supervisors[at]);
        let change = ratio.excess(s + supervised, v + supervisors) - ratio.excess(s, v);
        change * weights.ratios[at]
    }

    /// Breaches and cost of all demands and ratios.
    pub(crate) fn price(&self, problem: &Problem) -> (i64, i64) {
        let mut total = (0, 0);
        for at in 0..problem.demands().len() {
            let (hard, soft) = self.demand_price(problem, at);
            total = (total.0 + hard, total.1 + soft);
        }
        let excess = (0..problem.ratios().len()).map(|at| self.excess(problem, at));
        (total.0 + excess.sum::<i64>(), total.1)
    }

    pub(crate) fn demand_price(&self, problem: &Problem, at: usize) -> (i64, i64) {
        problem.demands()[at].price(self.demands[at])
    }

    pub(crate) fn excess(&self, problem: &Problem, at: usize) -> i64 {
        problem.ratios()[at].excess(self.supervised[at], self.supervisors[at])
    }
}
