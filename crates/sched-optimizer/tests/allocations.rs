//! Once everything has its place, a search takes no memory for the lines it solves, for chains of
//! exchanges, and for prices.

#[path = "support/joint.rs"]
#[expect(dead_code, reason = "shared with the tests of joint rules")]
mod joint;
#[path = "../examples/residency/programme.rs"]
mod programme;

use std::ops::ControlFlow;
use std::sync::Arc;

use joint::Apart;
use sched_optimizer::{ActivityId, Budget, Options, Problem, Solver, WorkerId};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Work that is done before anything is counted, and the multiple of it that is done in all.
const WORK: u64 = 3_000_000;
const MORE: u64 = 4;

/// Allocations of a solve with so much work, and the lines that it solved again.
fn counted(problem: &Problem, work: u64) -> (u64, u64) {
    let before = dhat::HeapStats::get().total_blocks;
    let options = Options::default().budget(Budget::work(work)).threads(1);
    let outcome = Solver::new(options).solve(problem, |_| ControlFlow::Continue(()));
    (dhat::HeapStats::get().total_blocks - before, outcome.stats.resampled)
}

/// Solves again do not count before every list has grown to its size. What is left are the good lines
/// that are remembered, at most 64 of each worker, and the threads of the bound.
fn assert_few(problem: &Problem) {
    let (short, long) = (counted(problem, WORK), counted(problem, WORK * MORE));
    // Lists may grow in other steps in the longer one.
    let (allocations, lines) = (long.0.saturating_sub(short.0), long.1 - short.1);
    assert!(lines > 1_000, "{lines} lines are too few to tell");
    assert!(allocations < lines / 60, "{allocations} allocations for {lines} lines");
}

#[test]
fn what_is_done_again_and_again_allocates_nothing() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let size = programme::Size { residents: 24, faculty: 10, ..programme::Size::default() };
    assert_few(&programme::build(size).unwrap());
    let apart = programme::build_with(size, |builder| {
        for pair in 0..6 {
            let workers = [pair, pair + 6].map(WorkerId::new);
            let activity = ActivityId::new(3 + pair);
            builder.joint_rule(Arc::new(Apart { workers, activity, cost: Some(5) }));
        }
    });
    assert_few(&apart.unwrap());
}
