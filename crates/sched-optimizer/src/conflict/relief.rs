//! What would resolve a conflict.

use super::members::Member;
use super::oracle::{Answer, Oracle};
use super::witness::Keeping;
use crate::ids::ActivityId;
use crate::roster::Roster;
use crate::rule::{Breach, Line};

/// How one member of a conflict could give way, so that all others can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Relief {
    /// The demand asks for so many at least: the most for which a roster was found.
    AtLeast(u32),
    /// The demand takes so many at most: the fewest for which a roster was found.
    AtMost(u32),
    /// One supervisor may have so many: the fewest for which a roster was found.
    PerSupervisor(u32),
    /// Nothing less than giving the ratio up was found to do.
    Unsupervised,
    /// The rule is broken like this; there may be ways that break it less.
    Broken(Vec<Breach>),
    /// The worker may do this after all.
    Allow(ActivityId),
}

/// Work of the solver for one try.
const EFFORT: u64 = 30_000;

/// How `member` of the conflict `members` could give way, when `without` keeps all others.
pub(super) fn find(
    oracle: &mut Oracle<'_>,
    members: &[usize],
    member: usize,
    without: &Roster,
) -> Relief {
    let catalogue = oracle.catalogue;
    let mut kept = vec![false; catalogue.members.len()];
    members.iter().for_each(|&member| kept[member] = true);
    let keeping = Keeping { catalogue, kept: &kept, limits: &oracle.limits };
    match &catalogue.members[member] {
        &Member::AtLeast(at) => {
            let (least, asked) = (keeping.count(without, at), oracle.limits.at_least[at]);
            let tries = (least + 1..asked).rev();
            Relief::AtLeast(nearest(oracle, &kept, tries, least, |l| &mut l.at_least[at]))
        }
        &Member::AtMost(at) => {
            let (most, allowed) = (keeping.count(without, at), oracle.limits.at_most[at]);
            let tries = allowed + 1..most;
            Relief::AtMost(nearest(oracle, &kept, tries, most, |l| &mut l.at_most[at]))
        }
        &Member::Ratio(at) => {
            let [supervised, supervisors] = keeping.sides(without, at);
            if supervisors == 0 {
                return Relief::Unsupervised;
            }
            let (enough, now) =
                (supervised.div_ceil(supervisors), oracle.limits.per_supervisor[at]);
            let tries = now + 1..enough;
            Relief::PerSupervisor(nearest(oracle, &kept, tries, enough, |l| {
                &mut l.per_supervisor[at]
            }))
        }
        &Member::Rule { worker, rule } => {
            let line = Line::new(catalogue.problem, worker, without.line(worker));
            Relief::Broken(catalogue.problem.rules(worker)[rule].judge(&line).breaches)
        }
        Member::Removed { worker, period, .. } => {
            let done = without.get(*worker, *period);
            Relief::Allow(done.unwrap_or(catalogue.offered[period.index()][0]))
        }
    }
}

/// The first of `tries` that is shown to do as the limit that `limit` points at, or `known`.
fn nearest(
    oracle: &mut Oracle<'_>,
    kept: &[bool],
    mut tries: impl Iterator<Item = u32>,
    known: u32,
    limit: impl Fn(&mut super::oracle::Limits) -> &mut u32,
) -> u32 {
    let asked = *limit(&mut oracle.limits);
    let found = tries.find(|&value| {
        *limit(&mut oracle.limits) = value;
        !oracle.is_over() && matches!(oracle.ask(kept, EFFORT), Answer::Possible(_))
    });
    *limit(&mut oracle.limits) = asked;
    found.unwrap_or(known)
}
