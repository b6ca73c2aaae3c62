//! Plans a made-up residency programme and prints when the first legal roster stood, and how far
//! the last one is from the bound.
//!
//! `cargo run --release -p sched-optimizer --example residency [SECONDS [SEED [LOAD [RESIDENTS]]]]`

#![expect(clippy::cast_possible_truncation, reason = "sizes are small")]
#![expect(clippy::cast_sign_loss, reason = "sizes are small")]
#![expect(clippy::print_stdout, reason = "an example talks")]

mod programme;

use std::ops::ControlFlow;

use sched_optimizer::{Analysis, Budget, Options, Progress, Solver};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<f64>());
    let mut next = |default: f64| arguments.next().unwrap_or(Ok(default));
    let seconds = next(10.0)?;
    let mut size = programme::Size { seed: next(1.0)? as u64, ..programme::Size::default() };
    size.load = next(100.0)? as u32;
    size.residents = next(48.0)? as usize;
    size.faculty = size.residents * 5 / 12;
    let problem = programme::build(size)?;

    let options = Options::default().budget(Budget::seconds(seconds)).seed(size.seed);
    let mut last = None;
    let outcome = Solver::new(options).solve(&problem, |progress| {
        let now = (progress.hard, progress.value, progress.bound);
        if last != Some(now) {
            report(progress);
        }
        last = Some(now);
        ControlFlow::Continue(())
    });

    let stats = outcome.stats;
    println!("{:?} {:?}, bound {}", outcome.status, outcome.score, outcome.bound);
    println!("prepared {:.2?}, first legal {:.2?}", stats.prepared, stats.first_legal);
    println!(
        "{} lines, {:.0} us each, {} epochs, {} work units, by {}",
        stats.resampled,
        stats.elapsed.as_secs_f64() * 2e6 / stats.resampled.max(1) as f64,
        stats.epochs,
        stats.work,
        stats.strategy
    );
    let analysis = Analysis::new(&problem, &outcome.roster)?;
    analysis.breaches(&problem).take(20).for_each(|breach| println!("{breach}"));
    Ok(())
}

fn report(progress: &Progress) {
    let value = progress.value.map_or("-".to_owned(), |value| value.to_string());
    println!(
        "{:7.2} s  hard {:4}  value {value:>7}  bound {:7}  gap {:5.1} %  {}",
        progress.elapsed.as_secs_f64(),
        progress.hard,
        progress.bound,
        progress.gap.unwrap_or(1.0) * 100.0,
        progress.strategy
    );
}
