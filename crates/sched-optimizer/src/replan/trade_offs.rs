//! What more changes would save.

use crate::budget::{Budget, Clock, Until};
use crate::problem::Problem;
use crate::replan::near::Near;
use crate::replan::{ReplanOptions, Replanned};
use crate::roster::Roster;
use crate::solver::Options;

/// Change costs of a curve, no cost among them.
const STEPS: u32 = 12;
/// The least one above zero, as a part of a typical cost of the problem.
const LEAST: i64 = 8;

/// Finds rosters of `changed` from the one nearest to `old` to the cheapest: from each to the next
/// the [weight](crate::Changes::weight) of the changes grows and the score is better. Which of them
/// is best is for people to say.
///
/// Searches at falling change costs, from the one of the options to none, each time from the roster
/// found before. The first search stops when legal and may take half of the
/// [budget](ReplanOptions::options); the others share the rest, the last with a double share.
/// [`until`](Options::until) is not looked at. A short budget finds fewer rosters, but always one.
/// All of them are legal, or there is one that is not: its [status](crate::Outcome::status) says so.
#[tracing::instrument(skip_all)]
#[must_use]
pub fn trade_offs(changed: &Problem, old: &Roster, options: &ReplanOptions) -> Vec<Replanned> {
    let Options { budget, ref cancel, .. } = options.options;
    let clock = Clock::start(budget, cancel.clone());
    let mut near = Near::new(changed, old, options);
    let mut lines = near.old_lines();
    let mut work = budget.work;
    let mut found: Vec<Replanned> = Vec::new();
    let costs = falling(near.change_cost(), near.typical_cost() / LEAST);
    for (at, &cost) in costs.iter().enumerate() {
        if at > 0 && (clock.is_over() || work == Some(0)) {
            break;
        }
        near.charge(cost);
        let shares = match (at, costs.len() - at) {
            (0, _) => 2,
            (_, 1) => 1,
            (_, left) => left + 1,
        };
        let until = if at == 0 { Until::Legal } else { Until::Exhausted };
        let options = options.options.clone().budget(share(&clock, work, shares)).until(until);
        let next = near.search(&lines, &options);
        work = work.map(|work| work.saturating_sub(next.outcome.stats.work));
        lines = near.lines(&next.outcome.roster);
        found.push(next);
    }
    undominated(found)
}

/// Geometrically from `first` to `least`, then zero.
#[expect(clippy::cast_possible_truncation, reason = "between the two")]
#[expect(clippy::cast_precision_loss, reason = "steps need not be exact")]
fn falling(first: i64, least: i64) -> Vec<i64> {
    let (first, least) = (first as f64, least.clamp(1, first.max(1)) as f64);
    let part = |step: u32| f64::from(step) / f64::from(STEPS - 2);
    let costs =
        (0..STEPS - 1).map(|step| (first * (least / first.max(1.0)).powf(part(step))) as i64);
    let mut costs: Vec<i64> = costs.chain([0]).collect();
    costs.dedup();
    costs
}

/// One of so many shares of what is left.
fn share(clock: &Clock, work: Option<u64>, shares: usize) -> Budget {
    let parts = u32::try_from(shares).unwrap_or(u32::MAX);
    let time = clock.left().map(|left| left / parts);
    Budget { time, work: work.map(|work| work / u64::from(parts)) }
}

/// By weight of their changes, those than which no other has as few and as good a score.
fn undominated(mut found: Vec<Replanned>) -> Vec<Replanned> {
    let weight_and_score = |one: &Replanned| (one.changes.weight, one.outcome.score);
    let legal = found.iter().any(|one| one.outcome.score.is_legal());
    if legal {
        found.retain(|one| one.outcome.score.is_legal());
        found.sort_by_key(weight_and_score);
    } else {
        found.sort_by_key(|one| one.outcome.score);
        found.truncate(1);
    }
    let mut best = None;
    found.retain(|one| {
        let better = best.is_none_or(|best| one.outcome.score < best);
        best = if better { Some(one.outcome.score) } else { best };
        better
    });
    found
}
