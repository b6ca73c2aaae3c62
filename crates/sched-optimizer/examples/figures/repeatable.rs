//! What a limit in work, which makes a solve repeatable, costs in speed beside a limit in time.

use std::ops::ControlFlow;

use sched_optimizer::{Budget, Options, Problem, Solver, Stats};

use crate::data::{Data, MISSING};
use crate::row::{Row, median};
use crate::{Rows, tell};

const SECONDS: f64 = 8.0;
const ROUNDS: u64 = 3;
/// Of the lines a second of the free-running one.
const GOAL: f64 = 85.0;

pub(crate) fn measure(data: &Data) -> Rows {
    let mut rows = Vec::new();
    for number in [8, 19] {
        let what = format!("lines a second with a work limit, instance {number}");
        let goal = format!(">= {GOAL} % of a time limit's");
        rows.push(match data.instance(number)? {
            Some(problem) => compare(&problem, what, goal),
            None => Row::unknown(what, goal, MISSING),
        });
    }
    Ok(rows)
}

/// Both sides do about the same work, one after the other; the work of the first round is the limit
/// of the next.
fn compare(problem: &Problem, what: String, goal: String) -> Row {
    let mut work = solve(problem, Budget::seconds(SECONDS), 0).work;
    let (mut shares, mut free, mut limited) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..ROUNDS {
        let by_time = solve(problem, Budget::seconds(SECONDS), seed);
        let by_work = solve(problem, Budget::work(work), seed);
        work = by_time.work;
        free.push(lines(by_time));
        limited.push(lines(by_work));
        shares.push(lines(by_work) * 100.0 / lines(by_time));
        tell(&format!("  {what}: {:.0} beside {:.0}", lines(by_work), lines(by_time)));
    }
    let share = median(shares);
    let seen = format!("{share:.0} %");
    Row::new(what, goal, seen, share >= GOAL).note(format!(
        "{:.0} beside {:.0}, on two threads",
        median(limited),
        median(free)
    ))
}

fn solve(problem: &Problem, budget: Budget, seed: u64) -> Stats {
    let options = Options::default().budget(budget).seed(seed);
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(())).stats
}

fn lines(stats: Stats) -> f64 {
    stats.resampled as f64 / (stats.elapsed - stats.prepared).as_secs_f64()
}
