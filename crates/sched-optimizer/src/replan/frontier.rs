//! Which of the rosters that were found are worth telling.

use crate::replan::Replanned;

/// How far a roster is from the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// The weight of its changes.
    Weight,
    /// How many people they touch.
    People,
}

impl Measure {
    pub(super) fn of(self, one: &Replanned) -> i64 {
        match self {
            Self::Weight => one.changes.weight,
            Self::People => i64::try_from(one.changes.workers.len()).unwrap_or(i64::MAX),
        }
    }
}

/// The numbers of the rosters than which no other is as near by this measure alone and has as good a
/// score, the nearest first: of the legal ones, if there are any.
pub(super) fn frontier(found: &[Replanned], measure: Measure) -> Vec<usize> {
    let score = |at: usize| found[at].outcome.score;
    let some = (0..found.len()).any(|at| score(at).is_legal());
    let mut all: Vec<usize> = (0..found.len()).filter(|&at| score(at).is_legal() == some).collect();
    all.sort_by_key(|&at| (measure.of(&found[at]), score(at)));
    let mut best = None;
    all.retain(|&at| {
        let better = best.is_none_or(|best| score(at) < best);
        best = if better { Some(score(at)) } else { best };
        better
    });
    all
}

/// The legal rosters than which no other is as near by both measures and has as good a score; when none
/// is legal, the best one.
pub(super) fn points(found: &[Replanned]) -> Vec<Replanned> {
    let far = |one: &Replanned| [Measure::Weight, Measure::People].map(|measure| measure.of(one));
    let mut all: Vec<&Replanned> = found.iter().collect();
    all.sort_by_key(|one| (far(one), one.outcome.score));
    let mut points: Vec<&Replanned> = Vec::new();
    for one in all.iter().filter(|one| one.outcome.score.is_legal()) {
        // Who comes earlier has no more weight.
        let as_good = |other: &&Replanned| {
            Measure::People.of(other) <= Measure::People.of(one)
                && other.outcome.score <= one.outcome.score
        };
        if !points.iter().any(as_good) {
            points.push(one);
        }
    }
    if points.is_empty() {
        points.extend(all.into_iter().min_by_key(|one| one.outcome.score));
    }
    points.into_iter().cloned().collect()
}
