//! Measures what this crate promises and prints a table: what, goal, seen, met or not.
//!
//! `cargo run --release -p sched-optimizer --example figures -- [NAME...]` measures the figures named;
//! without a name those that take seconds, with `all` those that take minutes too. `ROSTER_DATA` names
//! a folder that holds `curtois-qu/Instance1.txt` and so on, which some of them need.
//!
//! Times are medians of short batches and sides of a comparison take turns; still, what else runs on
//! the machine shows.

#![expect(clippy::print_stdout, reason = "an example talks")]

mod cancel;
mod conflict;
mod data;
mod deltas;
mod fingerprint;
mod large;
#[path = "../residency/programme.rs"]
mod programme;
mod pruning;
mod repeatable;
mod row;
mod threads;
mod warm;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use data::Data;
use row::Row;

type Rows = Result<Vec<Row>, Box<dyn Error>>;

struct Figure {
    name: &'static str,
    takes_minutes: bool,
    measure: fn(&Data) -> Rows,
}

const FIGURES: [Figure; 9] = [
    Figure { name: "deltas", takes_minutes: false, measure: deltas::measure },
    Figure { name: "fingerprint", takes_minutes: false, measure: fingerprint::measure },
    Figure { name: "pruning", takes_minutes: false, measure: pruning::measure },
    Figure { name: "conflict", takes_minutes: false, measure: conflict::measure },
    Figure { name: "cancel", takes_minutes: false, measure: cancel::measure },
    Figure { name: "repeatable", takes_minutes: true, measure: repeatable::measure },
    Figure { name: "threads", takes_minutes: true, measure: threads::measure },
    Figure { name: "warm", takes_minutes: true, measure: warm::measure },
    Figure { name: "large", takes_minutes: true, measure: large::measure },
];

/// Measures what the crate promises. The exit code is 1 when a goal is missed.
#[derive(Parser)]
struct Arguments {
    /// Figures: deltas, fingerprint, pruning, conflict, cancel, repeatable, threads, warm, large, or all.
    names: Vec<String>,
    /// Makes and solves the large instance in this process, whose memory is measured.
    #[arg(long, hide = true)]
    solve_large: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if arguments.solve_large { large::solve().map(|()| true) } else { run(&arguments) };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tell(&error.to_string());
            ExitCode::from(2)
        }
    }
}

/// Measures what is wanted, and says whether all goals are met.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let known = |name: &&String| *name != "all" && FIGURES.iter().all(|f| f.name != name.as_str());
    if let Some(unknown) = arguments.names.iter().find(known) {
        return Err(format!("there is no figure {unknown:?}; --help lists them").into());
    }
    let data = Data::of_environment();
    let wanted = |figure: &&Figure| match arguments.names.as_slice() {
        [] => !figure.takes_minutes,
        names => names.iter().any(|name| name == "all" || name == figure.name),
    };
    let mut rows = Vec::new();
    for figure in FIGURES.iter().filter(wanted) {
        tell(&format!("{} ...", figure.name));
        rows.extend((figure.measure)(&data)?);
    }
    print!("{}", row::table(&rows));
    Ok(!rows.iter().any(Row::is_missed))
}

/// Progress, and what went wrong.
fn tell(words: &str) {
    // Nobody is left to tell when this fails.
    _ = writeln!(io::stderr(), "{words}");
}
