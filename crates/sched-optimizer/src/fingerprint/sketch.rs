//! The parts of a fingerprint that tell how alike two problems are.

use std::cmp::Ordering;

use super::{Canon, Fingerprint};
use crate::problem::Problem;

/// The fingerprint of a problem with digests of its parts: finds the stored problem most
/// [like](Self::likeness) a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    fingerprint: Fingerprint,
    /// The times of the periods.
    periods: u128,
    /// Of each worker the digests of the name and of everything, sorted.
    workers: Vec<(u128, u128)>,
}

/// How alike two problems are; the greater the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likeness {
    /// Workers who are the same in everything: choices, costs, settled work and rules.
    pub same: usize,
    /// Workers of the same name, those included.
    pub known: usize,
}

impl Sketch {
    /// The sketch of `problem`. Costs one pass over it.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        let mut canon = Canon::of(problem);
        let mut workers = problem.worker_digests(&mut canon);
        workers.sort_unstable();
        let periods = canon.digest(|canon| problem.describe_periods(canon));
        let all = canon.digest(|canon| {
            // The version of the description: a model that reads new things must change it.
            canon.text("sched-optimizer 5");
            // A worker's name is part of the worker's digest.
            let sum = workers.iter().fold(0, |sum: u128, &(_, own)| sum.wrapping_add(own));
            canon.set(workers.len(), sum);
            problem.describe(canon);
        });
        Self { fingerprint: Fingerprint::new(all), periods, workers }
    }

    /// The fingerprint of the whole problem.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How alike the two problems are, or `None` when they have not the same periods or no worker in
    /// common. Costs a pass over the workers of both.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> Option<Likeness> {
        let mut likeness = Likeness { same: 0, known: 0 };
        let (mut ours, mut theirs) = (self.workers.as_slice(), other.workers.as_slice());
        while let ([a, our_rest @ ..], [b, their_rest @ ..]) = (ours, theirs) {
            match a.0.cmp(&b.0) {
                Ordering::Less => ours = our_rest,
                Ordering::Greater => theirs = their_rest,
                Ordering::Equal => {
                    likeness.known += 1;
                    likeness.same += usize::from(a.1 == b.1);
                    (ours, theirs) = (our_rest, their_rest);
                }
            }
        }
        (self.periods == other.periods && likeness.known > 0).then_some(likeness)
    }
}
