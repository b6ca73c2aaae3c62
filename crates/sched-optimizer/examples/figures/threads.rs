//! How much sooner two threads reach the value that one thread reaches.

use std::ops::ControlFlow;
use std::time::Duration;

use sched_optimizer::{Budget, Options, Outcome, Problem, Solver};

use crate::data::{Data, MISSING};
use crate::row::{Row, median};
use crate::{Rows, tell};

const SECONDS: f64 = 8.0;
const SEEDS: u64 = 3;
const GOAL: f64 = 2.0;

pub(crate) fn measure(data: &Data) -> Rows {
    let mut rows = Vec::new();
    for number in [8, 13, 19] {
        let what = format!("time to an equal value on 1 over 2 threads, instance {number}");
        rows.push(match data.instance(number)? {
            Some(problem) => compare(&problem, what),
            None => Row::unknown(what, format!(">= {GOAL}"), MISSING),
        });
    }
    Ok(rows)
}

/// With a limit in work both give the same roster: the search is the same and only the clock tells
/// them apart. The limit is what one thread does in the time above.
fn compare(problem: &Problem, what: String) -> Row {
    let timed = solve(problem, Budget::seconds(SECONDS), 1, 0, i64::MIN);
    let work = Budget::work(timed.outcome.stats.work);
    let (mut ratios, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
    let mut equal = true;
    for seed in 0..SEEDS {
        let alone = solve(problem, work, 1, seed, i64::MIN);
        let target = alone.outcome.score.soft;
        // Once more, now that the value to wait for is known.
        let alone = solve(problem, work, 1, seed, target);
        let both = solve(problem, work, 2, seed, target);
        equal &= alone.outcome.score == both.outcome.score;
        one.push(alone.reached);
        two.push(both.reached);
        ratios.push(alone.reached.as_secs_f64() / both.reached.as_secs_f64());
        tell(&format!("  value {target}: {:.1?}, {:.1?}", alone.reached, both.reached));
    }
    let ratio = median(ratios);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let seen = if equal { format!("{ratio:.2}") } else { "other rosters".to_owned() };
    Row::new(what, format!(">= {GOAL}"), seen, equal && ratio >= GOAL).note(format!(
        "{:.1?} and {:.1?}, on {cores} cores",
        median(one),
        median(two)
    ))
}

struct Run {
    outcome: Outcome,
    /// When the value was there.
    reached: Duration,
}

fn solve(problem: &Problem, budget: Budget, threads: usize, seed: u64, target: i64) -> Run {
    let mut reached = None;
    let options = Options::default().budget(budget).threads(threads).seed(seed);
    let outcome = Solver::new(options).solve(problem, |progress| {
        if progress.value.is_some_and(|value| value <= target) {
            reached = reached.or(Some(progress.elapsed));
        }
        ControlFlow::Continue(())
    });
    let reached = reached.unwrap_or(outcome.stats.elapsed);
    Run { outcome, reached }
}
