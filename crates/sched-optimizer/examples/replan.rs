//! Plans a small residency programme, lets somebody fall ill for five days, and repairs the roster
//! with few changes.

#![expect(clippy::print_stdout, reason = "an example talks")]

#[path = "residency/programme.rs"]
mod programme;

use std::ops::ControlFlow;

use programme::Size;
use sched_optimizer::{
    ActivityId, Budget, Options, PeriodId, ReplanOptions, Solver, Until, WorkerId, replan,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let residents = arguments.next().unwrap_or(Ok(24))?;
    let size = Size { residents, faculty: residents / 2, ..Size::default() };
    let problem = programme::build(size)?;
    let options = Options::default().budget(Budget::seconds(30.0)).until(Until::Legal);
    let old = Solver::new(options).solve(&problem, |_| ControlFlow::Continue(()));
    println!("planned: {:?} {:?} in {:.2?}", old.status, old.score, old.stats.elapsed);

    // Day 10 to day 14; what was worked before day 10 is past.
    let (ill, off) = (WorkerId::new(4), ActivityId::new(0));
    let changed = programme::build_with(size, |builder| {
        for period in 30..45 {
            builder.fix(ill, PeriodId::new(period), off, "ill");
        }
    })?;
    let options = ReplanOptions::default().frozen_until(PeriodId::new(30));
    let new = replan(&changed, &old.roster, &options);
    let others = new.changes.cells.iter().filter(|cell| cell.0 != ill).count();
    println!(
        "re-planned: {:?} {:?} in {:.2?}: {} workers, {} cells of others changed",
        new.outcome.status,
        new.outcome.score,
        new.outcome.stats.elapsed,
        new.changes.workers.len(),
        others
    );
    for &(worker, period) in new.changes.cells.iter().filter(|cell| cell.0 != ill) {
        let name = |roster: &sched_optimizer::Roster| {
            let activity = roster.get(worker, period);
            activity.map_or("?", |activity| changed.activity_name(activity)).to_owned()
        };
        println!(
            "  {}, {}: {} instead of {}",
            changed.worker_name(worker),
            changed.period_name(period),
            name(&new.outcome.roster),
            name(&old.roster)
        );
    }
    Ok(())
}
