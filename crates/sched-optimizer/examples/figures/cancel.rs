//! How soon a solve returns after it was told to stop.

use std::ops::ControlFlow;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sched_optimizer::{Budget, CancelToken, Options, Problem, Solver};

use crate::data::{Data, MISSING, SIXTY};
use crate::row::{Row, median};
use crate::{Rows, programme, tell};

const GOAL: Duration = Duration::from_millis(5);
const ROUNDS: usize = 15;

pub(crate) fn measure(data: &Data) -> Rows {
    let mut rows = Vec::new();
    for number in [8, 19] {
        let name = format!("instance {number}");
        match data.instance(number)? {
            Some(problem) => rows.extend(returns(&name, &problem)),
            None => rows.push(Row::unknown(format!("a stop, {name}"), "", MISSING)),
        }
    }
    rows.extend(returns("60 people x 28 days", &programme::build(SIXTY)?));
    Ok(rows)
}

fn returns(name: &str, problem: &Problem) -> [Row; 3] {
    let mut rng = fastrand::Rng::with_seed(1);
    let moments = (0..ROUNDS).map(|_| Duration::from_millis(rng.u64(20..1_000)));
    let moments: Vec<Duration> = moments.collect();
    let breaks = moments.iter().map(|&at| after_break(problem, at));
    let breaks = row(format!("return after Break, {name}"), breaks.collect());
    let cancels = moments.iter().filter_map(|&at| after_cancel(problem, at));
    let cancels = row(format!("return after a cancel elsewhere, {name}"), cancels.collect());
    let prepared = prepared(problem);
    let early = (0..ROUNDS).map(|_| prepared.mul_f64(rng.f64()));
    let early = early.filter_map(|at| after_early_cancel(problem, at)).collect();
    let early = row(format!("return after a cancel while it prepares, {name}"), early);
    [breaks, cancels, early]
}

fn row(what: String, times: Vec<Duration>) -> Row {
    tell(&format!("  {what}"));
    let longest = times.iter().max().copied().unwrap_or_default();
    Row::time(what, GOAL, median(times)).note(format!("at most {longest:.1?}"))
}

/// From the end of the callback that breaks after `moment` to the end of the solve.
fn after_break(problem: &Problem, moment: Duration) -> Duration {
    let mut told = Instant::now();
    Solver::new(Options::default().budget(Budget::default())).solve(problem, |progress| {
        told = Instant::now();
        if progress.elapsed < moment { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    told.elapsed()
}

/// How long it takes until a search can begin.
fn prepared(problem: &Problem) -> Duration {
    let options = Options::default().budget(Budget::work(1));
    Solver::new(options).solve(problem, |_| ControlFlow::Break(())).stats.prepared
}

/// From a cancel by another thread, `moment` after the beginning, to the end of the solve.
fn after_early_cancel(problem: &Problem, moment: Duration) -> Option<Duration> {
    let cancel = CancelToken::default();
    let remote = cancel.clone();
    let canceller = thread::spawn(move || {
        thread::sleep(moment);
        remote.cancel();
        Instant::now()
    });
    let options = Options::default().budget(Budget::default()).cancel(cancel);
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(()));
    let returned = Instant::now();
    Some(returned.saturating_duration_since(canceller.join().ok()?))
}

/// From a cancel by another thread, `moment` after the search began, to the end of the solve.
fn after_cancel(problem: &Problem, moment: Duration) -> Option<Duration> {
    let cancel = CancelToken::default();
    let (begun, wait) = mpsc::channel();
    let remote = cancel.clone();
    let canceller = thread::spawn(move || {
        wait.recv().ok()?;
        thread::sleep(moment);
        remote.cancel();
        Some(Instant::now())
    });
    let options = Options::default().budget(Budget::default()).cancel(cancel);
    Solver::new(options).solve(problem, |_| {
        // Nobody listens any more after the first word.
        _ = begun.send(());
        ControlFlow::Continue(())
    });
    let returned = Instant::now();
    drop(begun);
    let told = canceller.join().ok().flatten()?;
    Some(returned.saturating_duration_since(told))
}
