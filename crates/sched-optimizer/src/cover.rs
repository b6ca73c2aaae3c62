//! Counts per demand and ratio, and what one more or one less would change.

use crate::demand::{Demand, Ratio};
use crate::ids::WorkerId;
use crate::line::{NONE, UNIT};
use crate::parameters::MOST_FOR_EACH;
use crate::problem::Problem;

/// Something that choices count towards, by position: all demands, then for each ratio those it
/// supervises, then for each ratio the supervisors.
pub(crate) type PartId = u32;

/// What a part is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Demand(usize),
    Supervised(usize),
    Supervisor(usize),
}

/// For every worker and choice, what it counts towards. Fixed for a problem.
pub(crate) struct CoverIndex {
    demands: usize,
    ratios: usize,
    workers: Vec<(Vec<u32>, Vec<PartId>)>,
}

impl CoverIndex {
    pub(crate) fn new(problem: &Problem) -> Self {
        let (demands, ratios) = (problem.demands().len(), problem.ratios().len());
        let mut index = Self { demands, ratios, workers: Vec::new() };
        let by_cell = index.parts_by_cell(problem);
        index.workers =
            problem.worker_ids().map(|worker| index.of_worker(problem, worker, &by_cell)).collect();
        index
    }

    fn of_worker(
        &self,
        problem: &Problem,
        worker: WorkerId,
        by_cell: &[Vec<PartId>],
    ) -> (Vec<u32>, Vec<PartId>) {
        let (mut starts, mut parts) = (vec![0], Vec::new());
        for period in problem.period_ids() {
            for choice in problem.choices(worker, period) {
                let cell = period.index() * problem.activities() + choice.activity.index();
                let counts = |&&part: &&PartId| match self.part(part) {
                    Part::Demand(at) => eligible(&problem.demands()[at], worker),
                    Part::Supervised(_) | Part::Supervisor(_) => true,
                };
                parts.extend(by_cell[cell].iter().filter(counts));
                starts.push(u32::try_from(parts.len()).unwrap_or(u32::MAX));
            }
        }
        (starts, parts)
    }

    fn parts_by_cell(&self, problem: &Problem) -> Vec<Vec<PartId>> {
        let mut by_cell = vec![Vec::new(); problem.periods() * problem.activities()];
        let mut add = |period: crate::PeriodId, activities: &[crate::ActivityId], part: Part| {
            let mut distinct = activities.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            for activity in distinct {
                by_cell[period.index() * problem.activities() + activity.index()]
                    .push(self.id(part));
            }
        };
        for (at, demand) in problem.demands().iter().enumerate() {
            add(demand.period, &demand.activities, Part::Demand(at));
        }
        for (at, ratio) in problem.ratios().iter().enumerate() {
            add(ratio.period, &ratio.supervised, Part::Supervised(at));
            add(ratio.period, &ratio.supervisors, Part::Supervisor(at));
        }
        by_cell
    }

    /// Number of parts.
    pub(crate) const fn parts(&self) -> usize {
        self.demands + 2 * self.ratios
    }

    pub(crate) fn id(&self, part: Part) -> PartId {
        let at = match part {
            Part::Demand(at) => at,
            Part::Supervised(at) => self.demands + at,
            Part::Supervisor(at) => self.demands + self.ratios + at,
        };
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    pub(crate) fn part(&self, id: PartId) -> Part {
        let at = id as usize;
        if at < self.demands {
            Part::Demand(at)
        } else if at < self.demands + self.ratios {
            Part::Supervised(at - self.demands)
        } else {
            Part::Supervisor(at - self.demands - self.ratios)
        }
    }

    /// What choice number `choice` of `worker` counts towards.
    pub(crate) fn of(&self, worker: usize, choice: usize) -> &[PartId] {
        let (starts, parts) = &self.workers[worker];
        &parts[starts[choice] as usize..starts[choice + 1] as usize]
    }
}

fn eligible(demand: &Demand, worker: WorkerId) -> bool {
    demand.workers.as_ref().is_none_or(|workers| workers.contains(&worker))
}

/// How many count towards each part, and what that costs in all.
#[derive(Clone, Debug)]
pub(crate) struct Cover<'p> {
    demands: &'p [Demand],
    ratios: &'p [Ratio],
    counts: Vec<u32>,
    hard: i64,
    soft: i64,
    /// Penalties of one unit of breach of each demand, then each ratio, in parts of [`UNIT`].
    weights: Vec<i64>,
}

impl<'p> Cover<'p> {
    /// Nobody counts; every unit of breach weighs `weight`.
    pub(crate) fn empty(problem: &'p Problem, index: &CoverIndex, weight: i64) -> Self {
        let (demands, ratios) = (problem.demands(), problem.ratios());
        let mut cover = Self {
            demands,
            ratios,
            counts: vec![0; index.parts()],
            hard: 0,
            soft: 0,
            weights: vec![weight; demands.len() + ratios.len()],
        };
        for at in 0..demands.len() {
            let price = cover.demand_price(at);
            cover.count_in(price, 1);
        }
        cover
    }

    fn demand_price(&self, demand: usize) -> (i64, i64) {
        self.demands[demand].price(self.counts[demand])
    }

    /// Adds `sign` times a price to the totals.
    const fn count_in(&mut self, (hard, soft): (i64, i64), sign: i64) {
        self.hard += sign * hard;
        self.soft += sign * soft;
    }

    fn supervisor(&self, ratio: usize) -> usize {
        self.demands.len() + self.ratios.len() + ratio
    }

    fn ratio_price(&self, ratio: usize) -> (i64, i64) {
        let supervised = self.counts[self.demands.len() + ratio];
        self.ratios[ratio].price(supervised, self.counts[self.supervisor(ratio)])
    }

    /// Changes a count by one, up or down.
    pub(crate) fn change(&mut self, id: PartId, part: Part, up: bool) {
        let step = |count: &mut u32| *count = if up { *count + 1 } else { *count - 1 };
        match part {
            Part::Demand(at) => {
                self.count_in(self.demand_price(at), -1);
                step(&mut self.counts[id as usize]);
                self.count_in(self.demand_price(at), 1);
            }
            Part::Supervised(at) | Part::Supervisor(at) => {
                self.count_in(self.ratio_price(at), -1);
                step(&mut self.counts[id as usize]);
                self.count_in(self.ratio_price(at), 1);
            }
        }
    }

    /// What one more towards a part changes, in parts of [`UNIT`].
    pub(crate) fn marginal(&self, part: Part) -> i64 {
        match part {
            Part::Demand(at) => {
                let (demand, count) = (&self.demands[at], self.counts[at]);
                let hard = i64::from(count >= demand.max) - i64::from(count < demand.min);
                demand.next_cost(count) * UNIT + hard * self.weights[at]
            }
            Part::Supervised(at) => self.ratio_change(at, 1, 0),
            Part::Supervisor(at) => self.ratio_change(at, 0, 1),
        }
    }

    fn ratio_change(&self, at: usize, supervised: u32, supervisors: u32) -> i64 {
        let s = self.counts[self.demands.len() + at] + supervised;
        let v = self.counts[self.supervisor(at)] + supervisors;
        let ((hard, soft), (old_hard, old_soft)) =
            (self.ratios[at].price(s, v), self.ratio_price(at));
        (soft - old_soft) * UNIT + (hard - old_hard) * self.weights[self.demands.len() + at]
    }

    /// Breaches and cost of all demands and ratios.
    pub(crate) const fn price(&self) -> (i64, i64) {
        (self.hard, self.soft)
    }

    /// Makes what is broken now heavier, by `least` or more.
    pub(crate) fn weigh_breaches(&mut self, least: i64) {
        if self.hard == 0 {
            return;
        }
        for at in 0..self.weights.len() {
            let (hard, _) = match at.checked_sub(self.demands.len()) {
                None => self.demand_price(at),
                Some(ratio) => self.ratio_price(ratio),
            };
            if hard > 0 {
                self.weights[at] = heavier(self.weights[at], least);
            }
        }
    }
}

/// A unit of breach weighs at most this: more than one soft rule can cost, and little enough for sums of
/// thousands.
pub(crate) const HEAVIEST: i64 = 1 << 48;
const _: () = assert!(HEAVIEST > MOST_FOR_EACH * UNIT && HEAVIEST < NONE / 4096);

/// The next weight of what stays broken. It grows by steps, and in the end by a share of itself: legal
/// lines may cost many times what a demand does.
pub(crate) fn heavier(weight: i64, least: i64) -> i64 {
    (weight + least.max(weight / 4)).min(HEAVIEST.max(weight))
}
