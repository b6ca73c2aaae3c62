//! Makes up a shift-scheduling instance, or one like another, for `shift_scheduling` to solve.
//!
//! `cargo run --release -p sched-optimizer --example make_instance -- --staff 40 --days 28 --shifts 6`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

#[path = "shift_scheduling/ended.rs"]
mod ended;
#[path = "shift_scheduling/fault.rs"]
mod fault;
#[path = "shift_scheduling/files.rs"]
mod files;
#[path = "shift_scheduling/generate.rs"]
mod generate;
#[path = "shift_scheduling/instance.rs"]
mod instance;
#[path = "shift_scheduling/parse.rs"]
mod parse;
#[path = "shift_scheduling/perturb.rs"]
mod perturb;
#[path = "shift_scheduling/write.rs"]
mod write;

/// Makes up a shift-scheduling instance.
#[derive(Parser)]
struct Arguments {
    /// Number of employees.
    #[arg(long, default_value_t = 20, value_parser = in_range)]
    staff: usize,
    /// Number of days.
    #[arg(long, default_value_t = 28, value_parser = in_range)]
    days: usize,
    /// Number of shifts of a day.
    #[arg(long, default_value_t = 4, value_parser = in_range)]
    shifts: usize,
    /// The same seed makes the same instance.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Start from this instance instead of making one up.
    #[arg(long, conflicts_with_all = ["staff", "days", "shifts", "seed"])]
    from: Option<PathBuf>,
    /// Change requests, cover and caps a little; the same seed makes the same changes.
    #[arg(long)]
    perturb: Option<u64>,
    /// Where to write the instance; standard output when there is no such place.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn in_range(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1000).contains(number));
    number.ok_or_else(|| "expected a number from 1 to 1000".to_owned())
}

fn main() -> ExitCode {
    ended::ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let Arguments { staff, days, shifts, seed, .. } = *arguments;
    let mut instance = match &arguments.from {
        Some(path) => files::read(path, parse::parse)?,
        None => generate::generate(generate::Size { staff, days, shifts }, seed),
    };
    if let Some(seed) = arguments.perturb {
        perturb::perturb(&mut instance, seed);
    }
    let text = write::write(&instance);
    match &arguments.out {
        Some(path) => files::write(path, &text),
        None => io::stdout()
            .write_all(text.as_bytes())
            .map_err(|error| format!("standard output: {error}")),
    }
}
