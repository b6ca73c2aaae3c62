//! A conflict in the words of its problem.

use super::{Cause, Conflict, Member, Relief};
use crate::ids::{PeriodId, WorkerId};
use crate::problem::Problem;

/// People named in one sentence; the others are counted.
const NAMED: usize = 3;

impl Conflict {
    /// One sentence for each member, with what would do instead. People for whom the same was taken
    /// away in one period for one reason share a sentence.
    #[must_use]
    pub fn words(&self, problem: &Problem) -> Vec<String> {
        let same = |a: &Cause, b: &Cause| match (&a.member, &b.member) {
            (
                Member::Removed { period: p, reason: r, .. },
                Member::Removed { period: q, reason: s, .. },
            ) => p == q && r == s,
            _ => false,
        };
        let groups = self.causes.chunk_by(same);
        groups.flat_map(|group| sentences(problem, group)).collect()
    }
}

fn sentences(problem: &Problem, group: &[Cause]) -> Vec<String> {
    match group {
        [first, .., _] if group.len() > NAMED => match &first.member {
            Member::Removed { period, reason, .. } => vec![crowd(problem, group, *period, reason)],
            _ => Vec::new(),
        },
        few => few.iter().map(|cause| cause.words(problem)).collect(),
    }
}

fn crowd(problem: &Problem, group: &[Cause], period: PeriodId, reason: &str) -> String {
    let workers = group.iter().filter_map(|cause| match &cause.member {
        Member::Removed { worker, .. } => Some(*worker),
        _ => None,
    });
    let names: Vec<&str> =
        workers.take(NAMED).map(|worker: WorkerId| problem.worker_name(worker)).collect();
    let more = group.len() - names.len();
    let when = problem.period_name(period);
    let mut missed: Vec<&str> = group.iter().filter_map(|cause| allowed(problem, cause)).collect();
    missed.sort_unstable();
    missed.dedup();
    let missed =
        if missed.is_empty() { String::new() } else { format!(" no {}", missed.join(", ")) };
    format!("{} and {more} more in {when}:{missed} ({reason})", names.join(", "))
}

fn allowed<'p>(problem: &'p Problem, cause: &Cause) -> Option<&'p str> {
    match cause.relief {
        Some(Relief::Allow(activity)) => Some(problem.activity_name(activity)),
        _ => None,
    }
}

impl Cause {
    /// The member in the words of the problem, with what would do instead.
    #[must_use]
    pub fn words(&self, problem: &Problem) -> String {
        let member = self.member.words(problem);
        match &self.relief {
            Some(Relief::AtLeast(count)) => format!("{member}: {count} would do"),
            Some(Relief::AtMost(count)) => format!("{member}: with {count} it would do"),
            Some(Relief::PerSupervisor(count)) => format!("{member}: one for {count} would do"),
            Some(Relief::Broken(breaches)) => match breaches.first() {
                Some(first) => format!("{member}: {} would do", first.message),
                None => member,
            },
            Some(Relief::Unsupervised | Relief::Allow(_)) | None => member,
        }
    }
}

impl Member {
    /// What asks comes first, then rules, then what is not possible by period and reason.
    pub(super) fn rank(&self) -> (u8, usize, String, usize) {
        match self {
            Self::AtLeast(at) => (0, *at, String::new(), 0),
            Self::AtMost(at) => (1, *at, String::new(), 0),
            Self::Ratio(at) => (2, *at, String::new(), 0),
            Self::Rule { worker, rule } => (3, worker.index(), String::new(), *rule),
            Self::Removed { worker, period, reason } => {
                (4, period.index(), reason.clone(), worker.index())
            }
        }
    }
}
