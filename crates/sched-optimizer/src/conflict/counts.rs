//! What counting alone proves: too few can, or too many must.

use super::members::Catalogue;
use super::oracle::Limits;
use crate::ids::{ActivityId, PeriodId, WorkerId};

/// The members by which some kept demand cannot be met, or `None` when counting shows nothing.
pub(super) fn proof(
    catalogue: &Catalogue<'_>,
    kept: &[bool],
    limits: &Limits,
) -> Option<Vec<usize>> {
    let is_kept = |member: &Option<usize>| member.filter(|&member| kept[member]);
    (0..catalogue.problem.demands().len()).find_map(|at| {
        let too_few = is_kept(&catalogue.at_least[at])
            .and_then(|member| too_few(catalogue, kept, at, member, limits.at_least[at]));
        too_few.or_else(|| {
            is_kept(&catalogue.at_most[at])
                .and_then(|member| too_many(catalogue, kept, at, member, limits.at_most[at]))
        })
    })
}

fn too_few(
    catalogue: &Catalogue<'_>,
    kept: &[bool],
    demand: usize,
    member: usize,
    min: u32,
) -> Option<Vec<usize>> {
    let wanted = &catalogue.problem.demands()[demand];
    let excluded = |worker: WorkerId| {
        removers(catalogue, kept, worker, wanted.period, wanted.activities.iter().copied())
    };
    let total = catalogue.eligible[demand].iter().filter(|eligible| **eligible).count();
    // With so many excluded the rest is too few.
    let enough = (total + 1).saturating_sub(min as usize);
    gather(eligible(catalogue, demand).filter_map(excluded), enough, member)
}

fn too_many(
    catalogue: &Catalogue<'_>,
    kept: &[bool],
    demand: usize,
    member: usize,
    max: u32,
) -> Option<Vec<usize>> {
    let wanted = &catalogue.problem.demands()[demand];
    let others = catalogue.offered[wanted.period.index()].iter().copied();
    let others: Vec<ActivityId> = others.filter(|a| !wanted.activities.contains(a)).collect();
    let forced =
        |worker: WorkerId| removers(catalogue, kept, worker, wanted.period, others.iter().copied());
    let forced = eligible(catalogue, demand).filter_map(forced);
    gather(forced, max as usize + 1, member)
}

fn eligible<'a>(
    catalogue: &'a Catalogue<'_>,
    demand: usize,
) -> impl Iterator<Item = WorkerId> + 'a {
    let workers = catalogue.eligible[demand].iter().enumerate();
    workers.filter(|(_, eligible)| **eligible).map(|(worker, _)| WorkerId::new(worker))
}

/// The members that take all of `activities` away from `worker`; `None` when one is left.
fn removers(
    catalogue: &Catalogue<'_>,
    kept: &[bool],
    worker: WorkerId,
    period: PeriodId,
    activities: impl Iterator<Item = ActivityId>,
) -> Option<Vec<usize>> {
    activities.map(|activity| catalogue.remover(kept, worker, period, activity)).collect()
}

/// `member` and the first `enough` of `groups`, when there are that many.
fn gather(
    groups: impl Iterator<Item = Vec<usize>>,
    enough: usize,
    member: usize,
) -> Option<Vec<usize>> {
    let groups: Vec<Vec<usize>> = groups.take(enough).collect();
    (groups.len() == enough).then(|| {
        let mut all = groups.concat();
        all.push(member);
        all.sort_unstable();
        all.dedup();
        all
    })
}
