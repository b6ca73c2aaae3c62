//! Solves a residency programme and shift-scheduling instances, takes somebody away for five days from
//! the middle on, and prints what a legal plan, a curve of trade-offs, a solve from the old roster and
//! a solve from scratch make of it.
//!
//! `cargo run --release -p sched-optimizer --example replan_figures -- [INSTANCE]...`

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::cmp::Reverse;
use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};
use sched_optimizer::{
    ActivityId, Budget, Options, Outcome, PeriodId, Problem, ReplanOptions, Roster, Solver,
    WorkerId, replan, trade_offs,
};

use instance::Instance;
use table::{Row, print};

#[path = "../shift_scheduling/ended.rs"]
mod ended;
#[path = "../shift_scheduling/fault.rs"]
mod fault;
#[path = "../shift_scheduling/files.rs"]
mod files;
#[path = "../shift_scheduling/instance.rs"]
mod instance;
#[path = "../shift_scheduling/model.rs"]
mod model;
#[path = "../shift_scheduling/parse.rs"]
mod parse;
#[path = "../residency/programme.rs"]
mod programme;
#[path = "../shift_scheduling/roster_text.rs"]
mod roster_text;
mod table;
#[path = "../shift_scheduling/write.rs"]
mod write;

/// Measures re-planning after an absence of five days.
#[derive(Parser)]
#[command(name = "replan_figures")]
struct Arguments {
    /// Instances in the text format of Curtois and Qu.
    instances: Vec<PathBuf>,
    /// Residents of the programme that is measured too; with zero there must be an instance.
    #[arg(long, default_value_t = 24)]
    residents: usize,
    /// Seconds for the old roster.
    #[arg(long, default_value_t = 30)]
    old: u32,
    /// Seconds for the curve, and for a solve from the old roster.
    #[arg(long, default_value_t = 8)]
    curve: u32,
    /// Seconds for a solve from scratch.
    #[arg(long, default_value_t = 30)]
    scratch: u32,
    /// Units of work to count for a second: figures that a busy machine does not change.
    #[arg(long)]
    units: Option<u64>,
    /// Threads to use.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Chooses between equally good ways.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Old rosters of instances are read from this folder, or else solved and written there, beside
    /// the changed instances: for other solvers to start from.
    #[arg(long)]
    rosters: Option<PathBuf>,
}

impl Arguments {
    fn options(&self, seconds: u32) -> Options {
        let budget = match self.units {
            Some(units) => Budget::work(units.saturating_mul(seconds.into())),
            None => Budget::seconds(seconds.into()),
        };
        Options::default().budget(budget).threads(self.threads).seed(self.seed)
    }

    fn solve(&self, problem: &Problem, seconds: u32) -> Outcome {
        Solver::new(self.options(seconds)).solve(problem, |_| ControlFlow::Continue(()))
    }
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.residents == 0 && arguments.instances.is_empty() {
        let text = "nothing to measure: give an INSTANCE, or --residents above 0";
        Arguments::command().error(ErrorKind::MissingRequiredArgument, text).exit();
    }
    ended::ended(run(&arguments))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    // All are read before the first is solved: a fault need not wait for minutes of work.
    let read = |path: &PathBuf| files::read(path, parse::parse);
    let instances = arguments.instances.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if let Some(folder) = &arguments.rosters {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    if arguments.residents > 0 {
        residency(arguments)?;
    }
    let mut read = arguments.instances.iter().zip(&instances);
    read.try_for_each(|(path, instance)| shifts(arguments, path, instance))
}

fn off() -> ActivityId {
    ActivityId::new(0)
}

fn residency(arguments: &Arguments) -> Result<(), Failure> {
    let residents = arguments.residents;
    let default = programme::Size::default();
    let size = programme::Size { residents, faculty: residents * 3 / 7, load: 85, ..default };
    let problem = programme::build(size)?;
    let old = arguments.solve(&problem, arguments.old).roster;
    // Three periods a day.
    let days = size.days / 2 * 3..(size.days / 2 + 5) * 3;
    let build = |worker| {
        programme::build_with(size, |builder| {
            days.clone().map(PeriodId::new).for_each(|p| _ = builder.fix(worker, p, off(), "ill"));
        })
    };
    let absent = *busiest(&old, &days).first().ok_or("nobody is there")?;
    let changed = build(absent)?;
    let name = format!("{residents} residents without {}", problem.worker_name(absent));
    measure(arguments, &name, &changed, &old);
    Ok(())
}

fn shifts(arguments: &Arguments, path: &Path, instance: &Instance) -> Result<(), Failure> {
    let problem = model::problem(instance)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let kept = |ending: &str| {
        arguments.rosters.as_ref().map(|folder| folder.join(format!("{stem}.{ending}")))
    };
    let old = match kept("old.roster") {
        Some(kept) if kept.exists() => {
            files::read(&kept, |text| roster_text::read(instance, text))?
        }
        kept => {
            let roster = arguments.solve(&problem, arguments.old).roster;
            let text = roster_text::write(instance, &roster);
            kept.map_or(Ok(()), |kept| files::write(&kept, &text))?;
            roster
        }
    };
    let days = instance.days / 2..instance.days / 2 + 5;
    let without = |worker: WorkerId| {
        let mut changed = instance.clone();
        changed.staff[worker.index()].days_off.extend(days.clone());
        changed
    };
    let mut absent = busiest(&old, &days).into_iter();
    let absent = absent.find(|&worker| has_line(arguments, &without(worker), worker));
    let absent = absent.ok_or("nobody can be spared")?;
    let changed = model::problem(&without(absent))?;
    if let Some(kept) = kept("changed.txt") {
        files::write(&kept, &write::write(&without(absent)))?;
    }
    let name = format!("{stem} without {}", problem.worker_name(absent));
    measure(arguments, &name, &changed, &old);
    Ok(())
}

/// Everybody, those who work most in `periods` first.
fn busiest(old: &Roster, periods: &Range<usize>) -> Vec<WorkerId> {
    let works = |worker: &WorkerId| {
        old.line(*worker)[periods.clone()].iter().filter(|activity| **activity != off()).count()
    };
    let mut all: Vec<WorkerId> = (0..old.workers()).map(WorkerId::new).collect();
    all.sort_by_key(|worker| Reverse(works(worker)));
    all
}

/// Whether `worker` has a line that keeps all rules: then there is a legal roster, as cover is never
/// forced.
fn has_line(arguments: &Arguments, changed: &Instance, worker: WorkerId) -> bool {
    let alone = Instance {
        staff: vec![changed.staff[worker.index()].clone()],
        requests: Vec::new(),
        cover: Vec::new(),
        ..changed.clone()
    };
    model::problem(&alone).is_ok_and(|alone| arguments.solve(&alone, 1).score.is_legal())
}

/// Nothing is frozen: a solve from scratch would not know of it.
fn measure(arguments: &Arguments, name: &str, changed: &Problem, old: &Roster) {
    let options = ReplanOptions::default();
    let first = Row::replanned("legal at once", &replan(changed, old, &options));
    let curve = trade_offs(changed, old, &options.options(arguments.options(arguments.curve)));
    let count = curve.len();
    let point = |(at, point)| Row::replanned(&format!("curve, {at} of {count}"), point);
    let points = (1..).zip(&curve).map(point);
    let solver = Solver::new(arguments.options(arguments.curve));
    let hinted = solver.solve_from(changed, old, |_| ControlFlow::Continue(()));
    let scratch = arguments.solve(changed, arguments.scratch);
    let cost = scratch.score.soft;
    let rows = std::iter::once(first).chain(points);
    let solves = [("from the old roster", &hinted), ("from scratch", &scratch)];
    let solves = solves.map(|(name, outcome)| Row::solved(name, outcome, old));
    print(name, rows.chain(solves), cost);
}
