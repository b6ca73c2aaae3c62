//! How long the fingerprint of a problem takes.

use std::hint::black_box;
use std::time::Duration;

use sched_optimizer::{ActivityId, Fingerprint, PeriodId, Problem, WorkerId};

use crate::Rows;
use crate::data::{Data, SIXTY};
use crate::programme;
use crate::row::{Row, each};

const GOAL: Duration = Duration::from_micros(100);
const ROUNDS: usize = 2_000;

pub(crate) fn measure(_: &Data) -> Rows {
    let wishful = programme::build_with(SIXTY, |builder| {
        // Whatever a worker does not have is ignored.
        for worker in (0..60).map(WorkerId::new) {
            for period in (0..84).map(PeriodId::new) {
                builder.cost(worker, period, ActivityId::new(0), 1);
            }
        }
    })?;
    Ok(vec![
        row("fingerprint, 60 people x 28 days", &programme::build(SIXTY)?),
        row("the same with a cost in every cell", &wishful),
    ])
}

fn row(what: &str, problem: &Problem) -> Row {
    let took = each(&[(); ROUNDS], 1, |()| {
        black_box(Fingerprint::of(black_box(problem)));
    });
    let cells = problem.worker_ids().flat_map(|w| problem.period_ids().map(move |p| (w, p)));
    let choices = cells.map(|(worker, period)| problem.choices(worker, period).len());
    let rules: usize = problem.worker_ids().map(|worker| problem.rules(worker).len()).sum();
    Row::time(what, GOAL, took).note(format!(
        "{} choices, {rules} rules, {} demands, {} ratios",
        choices.sum::<usize>(),
        problem.demands().len(),
        problem.ratios().len()
    ))
}
