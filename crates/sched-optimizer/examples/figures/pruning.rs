//! How long pruning takes, and what share of the choices it removes.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use sched_optimizer::{
    Budget, Options, PeriodId, Problem, Pruned, Solver, WorkerId, prune, prune_with,
};

use crate::data::{Data, MISSING, SIXTY};
use crate::row::{Row, median};
use crate::{Rows, programme, tell};

const GOAL: Duration = Duration::from_millis(50);
/// Per cent of all choices that are to be removed at least.
const SHARE: f64 = 40.0;
const ROUNDS: usize = 5;
/// Finds a good roster and prices, not the best.
const SECONDS: f64 = 3.0;

pub(crate) fn measure(data: &Data) -> Rows {
    let mut rows = Vec::new();
    for number in 1..=10 {
        let name = format!("instance {number}");
        match data.instance(number)? {
            Some(problem) => rows.extend(prunes(&name, &problem)?),
            None => rows.push(Row::unknown(format!("pruning, {name}"), "", MISSING)),
        }
    }
    rows.extend(prunes("60 people x 28 days", &programme::build(SIXTY)?)?);
    Ok(rows)
}

fn prunes(name: &str, problem: &Problem) -> Result<[Row; 3], Box<dyn Error>> {
    tell(&format!("  {name}"));
    let times = (0..ROUNDS).map(|_| {
        let started = Instant::now();
        std::hint::black_box(prune(problem));
        started.elapsed()
    });
    let took = median(times.collect());
    Ok([
        Row::time(format!("pruning, {name}"), GOAL, took),
        share(format!("removed without a roster, {name}"), problem, &prune(problem)),
        with_a_roster(format!("removed with a roster, {name}"), problem)?,
    ])
}

fn with_a_roster(what: String, problem: &Problem) -> Result<Row, Box<dyn Error>> {
    let options = Options::default().budget(Budget::seconds(SECONDS));
    let outcome = Solver::new(options).solve(problem, |_| ControlFlow::Continue(()));
    if !outcome.score.is_legal() {
        return Ok(Row::unknown(what, "", "no legal roster to prune with"));
    }
    let (value, bound) = (outcome.score.soft, outcome.bound);
    let started = Instant::now();
    // Rosters as good as this one are to stay.
    let pruned = prune_with(problem, &outcome.certificate, value + 1)?;
    let took = started.elapsed();
    let mut removed = pruned.removed.iter().map(|(triple, _)| triple);
    if removed.any(|t| outcome.roster.get(t.worker, t.period) == Some(t.activity)) {
        return Err(format!("{what}: the roster itself was lost").into());
    }
    let note = format!("value {value}, bound {bound}; took {took:.1?}");
    Ok(share(what, problem, &pruned).note(note))
}

/// What was removed of the choices, and of the rosters that they make.
fn share(what: String, problem: &Problem, pruned: &Pruned) -> Row {
    let [before, after] = rosters(problem, pruned);
    let removed = pruned.reduction() * 100.0;
    let seen = format!("{removed:.1} % of {}, 10^{before:.0} to 10^{after:.0}", pruned.before);
    let row = Row::new(what, format!(">= {SHARE} % of the choices"), seen, removed >= SHARE);
    let reasons = pruned.by_reason().into_iter();
    reasons.fold(row, |row, (reason, count)| {
        row.note(format!("{:5.1} % {reason}", count as f64 * 100.0 / pruned.before as f64))
    })
}

/// Decimal logarithms of the product of the numbers of choices of all cells, before and after.
fn rosters(problem: &Problem, pruned: &Pruned) -> [f64; 2] {
    let cell = |w: WorkerId, p: PeriodId| w.index() * problem.periods() + p.index();
    let mut left = vec![0; problem.workers() * problem.periods()];
    for worker in problem.worker_ids() {
        for period in problem.period_ids() {
            left[cell(worker, period)] += problem.choices(worker, period).len();
        }
        problem.removed(worker).for_each(|gone| left[cell(worker, gone.period)] += 1);
    }
    let log = |cells: &[usize]| cells.iter().map(|&n| (n as f64).log10()).sum();
    let before = log(&left);
    pruned.removed.iter().for_each(|(gone, _)| left[cell(gone.worker, gone.period)] -= 1);
    [before, log(&left)]
}
