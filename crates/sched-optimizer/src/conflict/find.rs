//! Where to look for a conflict: the cheapest places first.

use std::collections::BTreeSet;

use super::members::Catalogue;
use super::oracle::{Answer, Oracle};
use super::{Cause, Conflict, Feasibility, relief, shrink};
use crate::ids::PeriodId;

/// Work of the solver for a period without rules, and for one kind of demand.
const PERIOD_EFFORT: u64 = 30_000;
const KIND_EFFORT: u64 = 100_000;

/// A kind of demand is looked at alone when it needs this share, in per cent, of all the cells in
/// which somebody could meet it. Who works by the clock cannot give much more.
const TIGHT: u64 = 25;

pub(super) fn find(oracle: &mut Oracle<'_>) -> Feasibility {
    let all = vec![true; oracle.catalogue.members.len()];
    if let Err(members) = oracle.quick(&all) {
        return explained(oracle, members);
    }
    for kept in periods(oracle).into_iter().chain(kinds(oracle)) {
        if oracle.is_over() {
            break;
        }
        if let Answer::Impossible(members) = oracle.ask(&kept.members, kept.effort) {
            return explained(oracle, members);
        }
    }
    match oracle.ask(&all, u64::MAX) {
        Answer::Possible(roster) => Feasibility::Legal(roster),
        Answer::Impossible(members) => explained(oracle, members),
        Answer::Unknown => Feasibility::Undecided(oracle.last().cloned()),
    }
}

fn explained(oracle: &mut Oracle<'_>, members: Vec<usize>) -> Feasibility {
    let needed = shrink::shrink(oracle, members);
    let positions: Vec<usize> = needed.iter().map(|needed| needed.member).collect();
    let mut causes: Vec<Cause> = Vec::new();
    for one in needed {
        let relief =
            one.without.map(|roster| relief::find(oracle, &positions, one.member, &roster));
        causes.push(Cause { member: oracle.catalogue.members[one.member].clone(), relief });
    }
    causes.sort_by_key(|cause| cause.member.rank());
    let minimal = causes.iter().all(|cause| cause.relief.is_some());
    Feasibility::Conflict(Conflict { causes, minimal })
}

/// Some members to ask about, and how hard.
struct Place {
    members: Vec<bool>,
    effort: u64,
}

/// What each period asks, of everybody, without rules.
fn periods(oracle: &Oracle<'_>) -> Vec<Place> {
    let catalogue = oracle.catalogue;
    let period = |period: PeriodId| {
        let mut members = vec![false; catalogue.members.len()];
        for &at in &catalogue.demands_in[period.index()] {
            let both = [catalogue.at_least[at], catalogue.at_most[at]];
            both.into_iter().flatten().for_each(|member| members[member] = true);
        }
        for (at, ratio) in catalogue.problem.ratios().iter().enumerate() {
            if let Some(member) = catalogue.ratios[at].filter(|_| ratio.period == period) {
                members[member] = true;
            }
        }
        for worker in catalogue.problem.worker_ids() {
            let cell = worker.index() * catalogue.problem.periods() + period.index();
            catalogue.removed[cell].iter().for_each(|&(_, member)| members[member] = true);
        }
        Place { members, effort: PERIOD_EFFORT }
    };
    catalogue.problem.period_ids().map(period).collect()
}

/// Demands for the same over all periods, the tightest first; each with the rules of one name alone,
/// which are quick to look through, and then with all rules.
fn kinds(oracle: &Oracle<'_>) -> Vec<Place> {
    let catalogue = oracle.catalogue;
    let demands = catalogue.problem.demands();
    let mut order: Vec<usize> =
        (0..demands.len()).filter(|&at| catalogue.at_least[at].is_some()).collect();
    let kind = |at: &usize| (&demands[*at].activities, &demands[*at].workers);
    order.sort_by(|a, b| kind(a).cmp(&kind(b)));
    let all = vec![true; catalogue.members.len()];
    let mut kinds: Vec<(u64, Vec<bool>)> = Vec::new();
    for same in order.chunk_by(|a, b| kind(a) == kind(b)) {
        let need: u64 = same.iter().map(|&at| u64::from(demands[at].min)).sum();
        let able: u64 = same.iter().map(|&at| able(oracle, &all, at)).sum();
        let share = need * 100 / able.max(1);
        if share >= TIGHT {
            let mut members = all.clone();
            let limits = catalogue.at_least.iter().chain(&catalogue.at_most);
            limits.chain(&catalogue.ratios).flatten().for_each(|&member| members[member] = false);
            let own = same.iter().filter_map(|&at| catalogue.at_least[at]);
            own.for_each(|member| members[member] = true);
            kinds.push((share, members));
        }
    }
    kinds.sort_by_key(|(share, _)| std::cmp::Reverse(*share));
    let mut places = Vec::new();
    for only in rule_names(catalogue).into_iter().map(Some).chain([None]) {
        places.extend(kinds.iter().map(|(_, members)| Place {
            members: with_rules(catalogue, members.clone(), only),
            effort: KIND_EFFORT,
        }));
    }
    places
}

fn rule_names<'p>(catalogue: &Catalogue<'p>) -> BTreeSet<&'p str> {
    let workers = catalogue.problem.worker_ids();
    let rules = workers.flat_map(|worker| catalogue.problem.rules(worker));
    rules.filter(|rule| rule.is_hard()).map(|rule| rule.name()).collect()
}

/// `members` without the rules of other names than `only`.
fn with_rules(catalogue: &Catalogue<'_>, mut members: Vec<bool>, only: Option<&str>) -> Vec<bool> {
    for worker in catalogue.problem.worker_ids() {
        let rules = catalogue.problem.rules(worker).iter().zip(&catalogue.rules[worker.index()]);
        for (rule, member) in rules.filter_map(|(rule, member)| Some((rule, (*member)?))) {
            members[member] &= only.is_none_or(|name| rule.name() == name);
        }
    }
    members
}

/// How many workers could meet a demand.
fn able(oracle: &Oracle<'_>, kept: &[bool], at: usize) -> u64 {
    let catalogue = oracle.catalogue;
    let demand = &catalogue.problem.demands()[at];
    let able = catalogue.problem.worker_ids().filter(|&worker| {
        let mut available = catalogue.available(kept, worker, demand.period);
        catalogue.eligible[at][worker.index()]
            && available.any(|activity| demand.activities.contains(&activity))
    });
    able.count() as u64
}
