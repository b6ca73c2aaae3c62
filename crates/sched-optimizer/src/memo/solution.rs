//! A roster and prices that outlive their problem.

use std::collections::HashMap;

use super::prices::KnownPrices;
use crate::duals::Prices;
use crate::fingerprint::Sketch;
use crate::ids::{ActivityId, WorkerId};
use crate::problem::Problem;
use crate::roster::Roster;
use crate::score::Score;
use crate::solver::Outcome;

/// A roster with what is known about it, readable without its problem: workers and activities are
/// known by name, prices by what they are for (those of sums by the worker and the order of the rules).
#[derive(Clone, Debug)]
pub struct Solution {
    sketch: Sketch,
    score: Score,
    bound: i64,
    prices: KnownPrices,
    workers: HashMap<String, WorkerId>,
    activities: Vec<String>,
    roster: Roster,
}

impl Solution {
    /// What a solve of `problem` ended with. Costs one pass over `problem`.
    #[must_use]
    pub fn of(problem: &Problem, outcome: &Outcome) -> Self {
        let Outcome { roster, score, bound, prices, .. } = outcome;
        Self {
            prices: KnownPrices::of(problem, prices),
            ..Self::new(problem, roster.clone(), *score, *bound)
        }
    }

    /// A roster of `problem` from elsewhere, without prices. Costs one pass over `problem`.
    #[must_use]
    pub fn new(problem: &Problem, roster: Roster, score: Score, bound: i64) -> Self {
        let workers = problem.worker_ids().map(|id| (problem.worker_name(id).to_owned(), id));
        let activities = problem.activity_ids().map(|id| problem.activity_name(id).to_owned());
        Self {
            sketch: Sketch::of(problem),
            score,
            bound,
            prices: KnownPrices::default(),
            workers: workers.collect(),
            activities: activities.collect(),
            roster,
        }
    }

    /// The sketch of the problem it solves.
    #[must_use]
    pub const fn sketch(&self) -> &Sketch {
        &self.sketch
    }

    /// The score of the roster in the problem it solves.
    #[must_use]
    pub const fn score(&self) -> Score {
        self.score
    }

    /// No legal roster of the problem it solves costs less.
    #[must_use]
    pub const fn bound(&self) -> i64 {
        self.bound
    }

    pub(super) fn prices(&self, problem: &Problem) -> Prices {
        self.prices.of_other(problem)
    }

    /// The lines of the workers of `problem` in its ids; `None` where the roster has no cell of the
    /// worker or `problem` no activity of the name.
    pub(super) fn lines<'a>(
        &'a self,
        problem: &'a Problem,
    ) -> impl Iterator<Item = Vec<Option<ActivityId>>> + 'a {
        let names = problem.activity_ids().map(|id| (problem.activity_name(id), id));
        let names: HashMap<&str, ActivityId> = names.collect();
        let known = self.activities.iter().map(|name| names.get(name.as_str()).copied());
        let known: Vec<Option<ActivityId>> = known.collect();
        problem.worker_ids().map(move |worker| {
            let stored = self.workers.get(problem.worker_name(worker));
            let line = stored.map_or(&[][..], |&stored| self.roster.line(stored));
            let cell = |at: usize| known.get(line.get(at)?.index()).copied().flatten();
            (0..problem.periods()).map(cell).collect()
        })
    }
}
