//! What a change of a roster does.

use crate::checker::{Item, Source};
use crate::problem::Problem;
use crate::rule::Breach;
use crate::score::Score;

/// What a change of some cells does to a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effect {
    /// The score after the change.
    pub score: Score,
    /// The score after the change less the one before.
    pub delta: Score,
    /// The same by source: these add up to [`delta`](Self::delta). Sources that stay are not
    /// listed.
    pub parts: Vec<(Source, Score)>,
    /// Breaches that come. One that grows is listed here as it will be, and under
    /// [`removed`](Self::removed) as it was.
    pub added: Vec<Finding>,
    /// Breaches that go.
    pub removed: Vec<Finding>,
}

/// A breach and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is broken.
    pub source: Source,
    /// Where and by how much.
    pub breach: Breach,
}

impl Finding {
    /// The breach in words, with the worker's name where one is concerned.
    #[must_use]
    pub fn words(&self, problem: &Problem) -> String {
        self.source.words(problem, &self.breach)
    }
}

/// Why a worker does not do something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhyNot<'p> {
    /// The problem itself excludes it, whatever else the roster holds.
    pub barrier: Option<Barrier<'p>>,
    /// What it would change. With a barrier, a breach of the cell is part of it.
    pub effect: Effect,
}

/// Why a problem excludes a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Barrier<'p> {
    /// Nobody can do it in this period.
    NotOffered,
    /// It was taken away from the worker, for this reason.
    Removed(&'p str),
}

impl Effect {
    pub(super) const fn none(score: Score) -> Self {
        let delta = Score { hard: 0, soft: 0 };
        Self { score, delta, parts: Vec::new(), added: Vec::new(), removed: Vec::new() }
    }

    /// Whether nothing is broken after the change.
    #[must_use]
    pub const fn is_legal(&self) -> bool {
        self.score.is_legal()
    }

    /// Whether the change breaks nothing that was not broken before, however legal the rest is.
    #[must_use]
    pub const fn breaks_nothing(&self) -> bool {
        self.added.is_empty()
    }

    /// One source says `new` instead of `old`.
    pub(super) fn replace(&mut self, old: &Item, new: &Item) {
        let delta = new.score - old.score;
        if delta != Score::default() {
            self.delta += delta;
            self.score += delta;
            self.parts.push((new.source, delta));
        }
        if old.breaches != new.breaches {
            let finding = |breach: &Breach| Finding { source: new.source, breach: breach.clone() };
            self.added.extend(without(&new.breaches, &old.breaches).map(finding));
            self.removed.extend(without(&old.breaches, &new.breaches).map(finding));
        }
    }
}

/// What is in `all` more often than in `others`.
fn without<'b>(all: &'b [Breach], others: &'b [Breach]) -> impl Iterator<Item = &'b Breach> {
    all.iter()
        .enumerate()
        .filter(move |(at, breach)| {
            let before = all[..*at].iter().filter(|same| same == breach).count();
            before >= others.iter().filter(|same| same == breach).count()
        })
        .map(|(_, breach)| breach)
}
