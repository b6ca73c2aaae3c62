//! What a start from the nearest stored problem is worth: its roster, and its prices.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use sched_optimizer::{
    Budget, LruSolutions, Options, Problem, Score, Solution, SolutionStore, Solver, warm_start,
};

use crate::data::{Data, MISSING};
use crate::row::{Row, median};
use crate::{Rows, tell};

const SECONDS: f64 = 30.0;
/// Short enough that the start still shows.
const SHORT: f64 = 2.0;
const SEEDS: u64 = 3;

pub(crate) fn measure(data: &Data) -> Rows {
    let mut rows = Vec::new();
    for number in [8, 13, 19] {
        let what = format!("instance {number} without one person, {SHORT} s from");
        match data.instance(number)?.zip(data.without_the_first(number)?) {
            Some((old, changed)) => rows.extend(compare(&old, &changed, &what)?),
            None => rows.push(Row::unknown(what, "", MISSING)),
        }
    }
    Ok(rows)
}

fn compare(old: &Problem, changed: &Problem, what: &str) -> Rows {
    let found = solver(SECONDS, 0).solve(old, |_| ControlFlow::Continue(()));
    let store = LruSolutions::new(NonZeroUsize::MIN);
    let stored = Solution::of(old, &found);
    store.put(Arc::new(stored));
    let start = warm_start(changed, &store).ok_or("nothing is remembered")?;
    let mut ends = [Vec::new(), Vec::new(), Vec::new()];
    for seed in 0..SEEDS {
        let (solver, on) = (solver(SHORT, seed), |_: &_| ControlFlow::Continue(()));
        let outcomes = [
            solver.solve(changed, on),
            solver.solve_from(changed, &start.roster, on),
            solver.solve_from(changed, &start, on),
        ];
        for (ends, outcome) in ends.iter_mut().zip(&outcomes) {
            tell(&format!("  {} to {}", outcome.bound, outcome.score.soft));
            ends.push((outcome.score, outcome.bound));
        }
    }
    let names = ["nothing", "the old roster", "the old roster and prices"];
    let row = |(name, ends): (&str, Vec<_>)| {
        let cost = median(ends.iter().map(|end: &(Score, i64)| end.0.soft).collect());
        let bound = median(ends.iter().map(|end| end.1).collect());
        Row::without_goal(format!("{what} {name}"), format!("{bound} to {cost}"))
    };
    Ok(names.into_iter().zip(ends).map(row).collect())
}

fn solver(seconds: f64, seed: u64) -> Solver {
    Solver::new(Options::default().budget(Budget::seconds(seconds)).seed(seed))
}
