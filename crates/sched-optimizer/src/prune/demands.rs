//! What the hard limits of one period's demands exclude.

use std::collections::BTreeSet;

use super::left::Left;
use super::matching::Slots;
use crate::demand::Demand;
use crate::ids::{ActivityId, PeriodId, WorkerId};
use crate::problem::Problem;

const SHORT: &str = "a demand would fall short";
const EXCEEDED: &str = "a demand would be exceeded";
const COMPETING: &str = "demands of one period would fall short together";

/// Removes what breaks a limit whatever else is chosen in its period; returns the workers who lost
/// something.
pub(super) fn exclude(problem: &Problem, left: &mut Left<'_>) -> BTreeSet<WorkerId> {
    let mut losers = BTreeSet::new();
    for period in problem.period_ids() {
        let demands: Vec<&Demand> =
            problem.demands().iter().filter(|demand| demand.period == period).collect();
        for demand in &demands {
            one_demand(problem, demand, left, &mut losers);
        }
        let family = disjoint(&demands);
        if family.len() > 1 {
            together(problem, period, &family, left, &mut losers);
        }
    }
    losers
}

fn counts(demand: &Demand, worker: WorkerId, activity: ActivityId) -> bool {
    let included = demand.workers.as_ref().is_none_or(|workers| workers.contains(&worker));
    included && demand.activities.contains(&activity)
}

/// Counts who can and who must count towards `demand`.
fn one_demand(
    problem: &Problem,
    demand: &Demand,
    left: &mut Left<'_>,
    losers: &mut BTreeSet<WorkerId>,
) {
    let choices: Vec<(WorkerId, Vec<(usize, bool)>)> = problem
        .worker_ids()
        .map(|worker| {
            let own = left.of(worker, demand.period);
            (worker, own.map(|(at, activity)| (at, counts(demand, worker, activity))).collect())
        })
        .collect();
    let can = |own: &[(usize, bool)]| own.iter().any(|(_, counts)| *counts);
    let must = |own: &[(usize, bool)]| !own.is_empty() && own.iter().all(|(_, counts)| *counts);
    let most = choices.iter().filter(|(_, own)| can(own)).count() as u64;
    let least = choices.iter().filter(|(_, own)| must(own)).count() as u64;
    for (worker, own) in &choices {
        for &(at, counts) in own {
            let reason = if counts && least + u64::from(!must(own)) > u64::from(demand.max) {
                EXCEEDED
            } else if !counts && most - u64::from(can(own)) < u64::from(demand.min) {
                SHORT
            } else {
                continue;
            };
            if left.remove(*worker, at, reason) {
                losers.insert(*worker);
            }
        }
    }
}

/// Demands with a least count, no two of which one choice counts towards.
fn disjoint<'d>(demands: &[&'d Demand]) -> Vec<&'d Demand> {
    let mut family: Vec<&Demand> = Vec::new();
    for demand in demands.iter().filter(|demand| demand.min > 0) {
        let apart = |other: &&Demand| {
            let activities = &other.activities;
            !demand.activities.iter().any(|activity| activities.contains(activity))
        };
        if family.iter().all(apart) {
            family.push(demand);
        }
    }
    family
}

/// A worker serves at most one demand of the family: a choice that leaves the others too few is out.
fn together(
    problem: &Problem,
    period: PeriodId,
    family: &[&Demand],
    left: &mut Left<'_>,
    losers: &mut BTreeSet<WorkerId>,
) {
    let serves = |worker, activity| family.iter().position(|d| counts(d, worker, activity));
    let choices: Vec<Vec<(usize, Option<usize>)>> = problem
        .worker_ids()
        .map(|w| left.of(w, period).map(|(at, activity)| (at, serves(w, activity))).collect())
        .collect();
    let options = choices.iter().map(|own| {
        let served: BTreeSet<usize> = own.iter().filter_map(|(_, demand)| *demand).collect();
        served.into_iter().collect()
    });
    let slots = Slots::new(options.collect(), family.iter().map(|demand| demand.min).collect());
    let found = slots.fill(None);
    for (worker, own) in problem.worker_ids().zip(&choices) {
        for &(at, demand) in own {
            let at_hand = found.as_ref().is_some_and(|found| {
                let now = found[worker.index()];
                now.is_none() || now == demand
            });
            let possible =
                at_hand || found.is_some() && slots.fill(Some((worker.index(), demand))).is_some();
            if !possible && left.remove(worker, at, COMPETING) {
                losers.insert(worker);
            }
        }
    }
}
