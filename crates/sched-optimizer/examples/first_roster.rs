//! A first roster: three nurses, a week of days and nights, eleven hours of rest.

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::ops::ControlFlow;
use std::sync::Arc;

use sched_optimizer::rules::Rest;
use sched_optimizer::{Budget, Demand, Options, Problem, Shift, Solver, Span, Until};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = Problem::builder();
    let [off, day, night] = ["off", "day", "night"].map(|name| builder.activity(name));
    for date in 0..7 {
        let midnight = date * 1440;
        let period = builder.period(format!("day {date}"), Span::new(midnight, midnight + 1440));
        builder.offer(period, off, None);
        builder.offer(period, day, Some(Shift::new(midnight + 7 * 60, midnight + 19 * 60)));
        builder.offer(period, night, Some(Shift::new(midnight + 19 * 60, midnight + 31 * 60)));
        for (name, activity) in [("by day", day), ("by night", night)] {
            builder.demand(Demand { max: 1, ..Demand::at_least(name, period, [activity], 1) });
        }
    }
    let rest = Arc::new(Rest { join: 0, short: 11 * 60, long_after: 24 * 60, long: 14 * 60 });
    for name in ["Ada", "Ben", "Cleo"] {
        let worker = builder.worker(name);
        builder.rule(worker, Arc::clone(&rest));
    }
    let problem = builder.build()?;

    let options = Options::default().budget(Budget::seconds(5.0)).until(Until::Legal);
    let outcome = Solver::new(options).solve(&problem, |_| ControlFlow::Continue(()));
    for worker in problem.worker_ids() {
        let line = outcome.roster.line(worker).iter();
        let line: Vec<&str> = line.map(|&activity| problem.activity_name(activity)).collect();
        println!("{:5} {}", problem.worker_name(worker), line.join(" "));
    }
    println!("{:?}, {:?}", outcome.status, outcome.score);
    Ok(())
}
