//! Plans a residency programme, lets the usual things happen from its second week on, and repairs the
//! roster with few changes; then lists what more changes after the first of them would save, and what
//! fewer people touched would cost.
//!
//! `cargo run --release -p sched-optimizer --example replan [RESIDENTS [SECONDS]]`

#![expect(clippy::print_stdout, reason = "an example talks")]

#[path = "shift_scheduling/ended.rs"]
mod ended;
#[path = "shift_scheduling/limits.rs"]
mod limits;
#[path = "residency/programme.rs"]
mod programme;

use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Parser;
use programme::Size;
use sched_optimizer::{
    ActivityId, Budget, Demand, Options, PeriodId, Problem, ProblemBuilder, ReplanOptions,
    Replanned, Roster, Solver, WorkerId, replan, trade_offs,
};

/// The first periods of day 10 and of day 15; what was worked before is past.
const TODAY: usize = 30;
const NEXT_WEEK: usize = 45;
/// The last period of each day.
const NIGHT: usize = 2;

/// What happened, as an addition to the problem.
type Event = fn(&mut ProblemBuilder, &Roster);

const EVENTS: [(&str, Event); 4] = [
    ("ill for five days", |builder, old| {
        for period in TODAY..NEXT_WEEK {
            builder.fix(somebody(old), PeriodId::new(period), off(), "ill");
        }
    }),
    ("somebody new", |builder, old| {
        let worker = builder.worker("new resident");
        for period in 0..old.periods() {
            let wards_too = period >= TODAY && period % 3 != NIGHT;
            let able = if wards_too { vec![off(), wards()] } else { vec![off()] };
            builder.allow(worker, PeriodId::new(period), &able);
        }
    }),
    ("more patients on one day", |builder, old| {
        let period = PeriodId::new(TODAY + 3);
        let now =
            (0..old.workers()).filter(|&w| old.get(WorkerId::new(w), period) == Some(wards()));
        let more = u32::try_from(now.count()).map_or(u32::MAX, |count| count + 1);
        builder.demand(Demand::at_least("more patients", period, [wards()], more));
    }),
    ("a duty given away", |builder, old| {
        builder.forbid(somebody(old), PeriodId::new(TODAY), wards(), "gave the duty away");
    }),
];

/// Whoever is on the wards today.
fn somebody(old: &Roster) -> WorkerId {
    let on_wards = |worker: &WorkerId| old.get(*worker, PeriodId::new(TODAY)) == Some(wards());
    let found = (0..old.workers()).map(WorkerId::new).find(on_wards);
    found.unwrap_or_else(|| WorkerId::new(0))
}

fn off() -> ActivityId {
    ActivityId::new(0)
}

/// Ward duty by day.
fn wards() -> ActivityId {
    ActivityId::new(3)
}

/// Repairs a residency programme's roster after the usual things that happen.
#[derive(Parser)]
#[command(allow_negative_numbers = true)]
struct Arguments {
    /// Number of residents.
    #[arg(default_value_t = 24)]
    residents: usize,
    /// Seconds to plan, and to look for what more changes would save.
    #[arg(default_value_t = 5.0, value_parser = limits::seconds)]
    seconds: f64,
}

fn main() -> ExitCode {
    ended::ended(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { residents, seconds } = *arguments;
    let size = Size { residents, faculty: residents * 3 / 7, load: 85, ..Size::default() };
    let problem = programme::build(size)?;
    let solver = Solver::new(Options::default().budget(Budget::seconds(seconds)));
    let old = solver.solve(&problem, |_| ControlFlow::Continue(()));
    println!("planned: {:?} {:?} in {:.2?}", old.status, old.score, old.stats.elapsed);

    let build = |event: Event| programme::build_with(size, |builder| event(builder, &old.roster));
    let options = |changed: &Problem| {
        let options = ReplanOptions::default().frozen_until(PeriodId::new(TODAY));
        options.workers_by_name(&problem, changed)
    };
    for (name, event) in EVENTS {
        let changed = build(event)?;
        let new = replan(&changed, &old.roster, &options(&changed));
        println!("{name}: {}", told(&new));
    }
    // Gone before the first day: nothing is past yet.
    let fewer = programme::build(Size { faculty: size.faculty - 1, ..size })?;
    let options_without = ReplanOptions::default().workers_by_name(&problem, &fewer);
    println!("an attending less: {}", told(&replan(&fewer, &old.roster, &options_without)));

    let ill = build(EVENTS[0].1)?;
    let search = Options::default().budget(Budget::seconds(seconds));
    println!("{}, with more changes or fewer people:", EVENTS[0].0);
    for point in trade_offs(&ill, &old.roster, &options(&ill).options(search)) {
        println!("  {}", told(&point));
    }
    let scratch = solver.solve(&ill, |_| ControlFlow::Continue(()));
    let differ = scratch.roster.differences(&old.roster).count();
    println!("  from scratch: {:?}, {differ} cells changed", scratch.score);
    Ok(())
}

fn told(new: &Replanned) -> String {
    let (outcome, changes) = (&new.outcome, &new.changes);
    format!(
        "{:?}, {} cells changed ({} had to, weight {}), {} people, {:?}, {:.0?} ({:.0?} prepared)",
        outcome.status,
        changes.cells.len(),
        changes.forced,
        changes.weight,
        changes.workers.len(),
        outcome.score,
        outcome.stats.elapsed,
        outcome.stats.prepared,
    )
}
