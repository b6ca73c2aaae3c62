//! Solves a shift-scheduling instance in the text format of Curtois and Qu ("Computational results
//! on new staff scheduling benchmark instances", 2014) and prints one line of JSON.
//!
//! `cargo run --release -p sched-optimizer --example shift_scheduling -- INSTANCE --out ROSTER`

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use sched_optimizer::{Budget, Options, Progress, Solver, verify};

#[path = "shift_scheduling/ended.rs"]
mod ended;
#[path = "shift_scheduling/fault.rs"]
mod fault;
#[path = "shift_scheduling/files.rs"]
mod files;
#[path = "shift_scheduling/instance.rs"]
mod instance;
#[path = "shift_scheduling/limits.rs"]
mod limits;
#[path = "shift_scheduling/model.rs"]
mod model;
#[path = "shift_scheduling/parse.rs"]
mod parse;
#[path = "shift_scheduling/report.rs"]
mod report;
#[path = "shift_scheduling/roster_text.rs"]
mod roster_text;

/// Solves a shift-scheduling instance.
#[derive(Parser)]
struct Arguments {
    /// The instance.
    instance: PathBuf,
    /// Wall-clock limit; ten seconds when there is no other limit.
    #[arg(long, conflicts_with = "work", value_parser = limits::seconds, allow_negative_numbers = true)]
    seconds: Option<f64>,
    /// Limit in units of work: the same roster on every machine.
    #[arg(long, allow_negative_numbers = true)]
    work: Option<u64>,
    /// Threads to use.
    #[arg(long, default_value_t = 2, allow_negative_numbers = true)]
    threads: usize,
    /// Chooses between equally good ways.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// A roster to start from.
    #[arg(long)]
    hint: Option<PathBuf>,
    /// Where to write the roster.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Tells every improvement on standard error.
    #[arg(long)]
    progress: bool,
    /// Proves the bound once more from its prices alone.
    #[arg(long)]
    verify: bool,
}

fn main() -> ExitCode {
    ended::ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let instance = files::read(&arguments.instance, parse::parse)?;
    let hint = arguments
        .hint
        .as_ref()
        .map(|path| files::read(path, |text| roster_text::read(&instance, text)));
    let hint = hint.transpose()?;
    arguments.out.as_deref().map_or(Ok(()), try_writing)?;
    let name = arguments.instance.display();
    let problem = model::problem(&instance).map_err(|error| format!("{name}: {error}"))?;

    let budget = match arguments.work {
        Some(units) => Budget::work(units),
        None => Budget::seconds(arguments.seconds.unwrap_or(10.0)),
    };
    let options = Options::default().budget(budget).threads(arguments.threads).seed(arguments.seed);
    let solver = Solver::new(options);
    let mut trace = report::Trace::default();
    let on_progress = |progress: &Progress| {
        if trace.note(progress) && arguments.progress {
            tell(progress);
        }
        ControlFlow::Continue(())
    };
    let outcome = match &hint {
        Some(hint) => solver.solve_from(&problem, hint, on_progress),
        None => solver.solve(&problem, on_progress),
    };
    if let Some(path) = &arguments.out {
        files::write(path, &roster_text::write(&instance, &outcome.roster))?;
    }
    let verified = arguments.verify.then(|| verify(&problem, &outcome.certificate).is_ok());
    let stem = arguments.instance.file_stem().unwrap_or_default().to_string_lossy();
    writeln!(io::stdout(), "{}", report::report(&stem, &outcome, verified, trace))
        .map_err(|error| format!("standard output: {error}"))
}

/// Whether `path` can be written, before long work on what shall stand there; leaves it as it is.
fn try_writing(path: &Path) -> Result<(), String> {
    let new = !path.exists();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    let tried = opened.and_then(|_| if new { fs::remove_file(path) } else { Ok(()) });
    tried.map_err(|error| format!("--out {}: {error}", path.display()))
}

fn tell(progress: &Progress) {
    let value = progress.value.map_or("-".to_owned(), |value| value.to_string());
    let (seconds, bound) = (progress.elapsed.as_secs_f64(), progress.bound);
    _ = writeln!(
        io::stderr(),
        "{seconds:8.2} s  hard {:5}  value {value:>8}  bound {bound:>8}  {}",
        progress.hard,
        progress.strategy
    );
}
