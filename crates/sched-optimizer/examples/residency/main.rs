//! Plans a made-up residency programme and prints when the first legal roster stood, and how far
//! the last one is from the bound.
//!
//! `cargo run --release -p sched-optimizer --example residency [SECONDS [SEED [LOAD [RESIDENTS]]]]`

#![expect(clippy::print_stdout, reason = "an example talks")]

#[path = "../shift_scheduling/ended.rs"]
mod ended;
#[path = "../shift_scheduling/limits.rs"]
mod limits;
mod programme;

use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Parser;
use sched_optimizer::{Analysis, Budget, Options, Progress, Solver};

/// Plans a made-up residency programme.
#[derive(Parser)]
#[command(allow_negative_numbers = true)]
struct Arguments {
    /// Seconds to search.
    #[arg(default_value_t = 10.0, value_parser = limits::seconds)]
    seconds: f64,
    /// Chooses the programme, and between equally good ways.
    #[arg(default_value_t = 1)]
    seed: u64,
    /// Percent of the usual demand.
    #[arg(default_value_t = 100)]
    load: u32,
    /// Number of residents.
    #[arg(default_value_t = 48)]
    residents: usize,
}

fn main() -> ExitCode {
    ended::ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { seconds, seed, load, residents } = *arguments;
    let faculty = residents * 5 / 12;
    let size = programme::Size { seed, load, residents, faculty, ..programme::Size::default() };
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
    let each = match stats.resampled {
        0 => "-".to_owned(),
        lines => format!("{:.0}", stats.elapsed.as_secs_f64() * 2e6 / lines as f64),
    };
    println!(
        "{} lines, {each} us each, {} epochs, {} work units, by {}",
        stats.resampled, stats.epochs, stats.work, stats.strategy
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
