//! How long the fingerprint of a problem takes, at 60 workers over four weeks of mornings, afternoons
//! and nights.

#![expect(clippy::print_stdout, reason = "an example talks")]

#[path = "residency/programme.rs"]
mod programme;

use std::hint::black_box;
use std::time::Instant;

use programme::Size;
use sched_optimizer::{ActivityId, Fingerprint, PeriodId, Problem, WorkerId};

const ROUNDS: usize = 2_000;
const SIZE: Size = Size { residents: 44, faculty: 16, days: 28, load: 100, seed: 1 };

fn main() -> Result<(), Box<dyn std::error::Error>> {
    show("the programme", &programme::build(SIZE)?);
    let wishful = programme::build_with(SIZE, |builder| {
        // Whatever a worker does not have is ignored.
        for worker in (0..60).map(WorkerId::new) {
            for period in (0..84).map(PeriodId::new) {
                builder.cost(worker, period, ActivityId::new(0), 1);
            }
        }
    })?;
    show("with a cost in every cell", &wishful);
    Ok(())
}

fn show(what: &str, problem: &Problem) {
    let cells = problem.worker_ids().flat_map(|w| problem.period_ids().map(move |p| (w, p)));
    let choices = cells.flat_map(|(worker, period)| problem.choices(worker, period));
    let (mut all, mut priced) = (0, 0);
    for choice in choices {
        all += 1;
        priced += u32::from(choice.cost > 0);
    }
    let rules: usize = problem.worker_ids().map(|worker| problem.rules(worker).len()).sum();
    println!(
        "{what}: {} workers, {} periods, {all} choices ({priced} with a cost), {rules} rules, \
         {} demands, {} ratios",
        problem.workers(),
        problem.periods(),
        problem.demands().len(),
        problem.ratios().len(),
    );
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            black_box(Fingerprint::of(black_box(problem)));
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |share: usize| times[(ROUNDS - 1) * share / 100];
    println!("  {}", Fingerprint::of(problem));
    println!("  median {:.1?}, best {:.1?}, 95 % within {:.1?}", at(50), at(0), at(95));
}
