//! A ward's week that cannot be planned, and why; then, with one more pair of hands: why not Ada on
//! Saturday, what a swap would do, what the cost is made of, and another roster that is as good.

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::ops::ControlFlow;
use std::sync::Arc;

use sched_optimizer::rules::{Count, CountWindow, Rest, Run, RunHistory, Target};
use sched_optimizer::{
    ActivityId, AlternativeOptions, Analysis, Budget, Demand, Feasibility, Options, Penalty,
    PeriodId, Problem, ProblemError, Shift, Solver, Span, Standing, Until, WorkerId, alternatives,
    find_conflict,
};

const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const SATURDAY: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = || Options::default().budget(Budget::work(3_000_000));
    let small = week(&["Ada", "Ben"])?;
    match find_conflict(&small, &options()) {
        Feasibility::Conflict(conflict) => {
            println!("two people cannot do it (minimal: {}):", conflict.minimal);
            conflict.words(&small).iter().for_each(|words| println!("  {words}"));
        }
        other => println!("unexpected: {other:?}"),
    }

    let problem = week(&["Ada", "Ben", "Cyd", "Dan", "Eve"])?;
    let solver = Solver::new(options().until(Until::Gap(0.0)));
    let outcome = solver.solve(&problem, |_| ControlFlow::Continue(()));
    println!("five can: {:?} {:?}", outcome.status, outcome.score);
    let analysis = Analysis::new(&problem, &outcome.roster)?;
    for (name, score) in analysis.by_name(&problem) {
        println!("  {name} costs {}", score.soft);
    }

    let standing = Standing::new(&problem, outcome.roster)?;
    let (ada, saturday) = (WorkerId::new(0), PeriodId::new(SATURDAY));
    let why = standing.why_not(ada, saturday, night())?;
    println!("why not Ada on Saturday night? {:?}", why.barrier);
    why.effect.added.iter().for_each(|finding| println!("  {}", finding.words(&problem)));

    let others = problem.worker_ids().filter(|worker| *worker != ada);
    for other in others {
        let effect = standing.what_if(&standing.swap(ada, other, [saturday]))?;
        let name = problem.worker_name(other);
        println!("a swap of Ada and {name} on Saturday: {:?}", effect.delta);
        effect.added.iter().for_each(|finding| println!("  {}", finding.words(&problem)));
    }

    let options = Options::default().budget(Budget::work(12_000_000));
    let wanted = AlternativeOptions::default().options(options);
    for (at, one) in alternatives(&problem, &wanted).iter().enumerate() {
        println!("roster {at} costs {}, differs in {:.0} %", one.score.soft, one.differs * 100.0);
    }
    Ok(())
}

fn day() -> ActivityId {
    ActivityId::new(1)
}

fn night() -> ActivityId {
    ActivityId::new(2)
}

/// One by day and one at night; nobody does more than four nights, or more than five duties in a
/// row. Ben is away at the weekend, and Ada has asked for a free Saturday.
fn week(people: &[&str]) -> Result<Problem, ProblemError> {
    let mut builder = Problem::builder();
    let off = builder.activity("off");
    builder.activity("day");
    builder.activity("night");
    for (number, name) in (0..).zip(DAYS) {
        let midnight = number * 1440;
        let period = builder.period(name, Span::new(midnight, midnight + 1440));
        builder.offer(period, off, None);
        builder.offer(period, day(), Some(Shift::new(midnight + 480, midnight + 1200)));
        builder.offer(period, night(), Some(Shift::new(midnight + 1200, midnight + 1890)));
        for (activity, name) in [(day(), "day"), (night(), "night")] {
            let demand = Demand::at_least(format!("the {name} duty"), period, [activity], 1);
            builder.demand(Demand { max: 1, ..demand });
        }
    }
    let rest = Arc::new(Rest { join: 0, short: 11 * 60, long_after: 1440, long: 0 });
    let run = Arc::new(Run {
        what: "duties in a row".into(),
        activities: vec![day(), night()],
        offset: 0,
        stride: 1,
        min: 0,
        max: 5,
        history: RunHistory::Known(0),
    });
    let nights = Arc::new(Count {
        what: "nights".into(),
        activities: vec![night()],
        windows: vec![CountWindow::at_most(0..7, 3)],
        target: Some(Target { count: 1, cost: Penalty { linear: 1, square: 1 } }),
    });
    for name in people {
        let worker = builder.worker(*name);
        builder.rule(worker, Arc::clone(&rest));
        builder.rule(worker, Arc::clone(&run));
        builder.rule(worker, Arc::clone(&nights));
    }
    let [ada, ben] = [0, 1].map(WorkerId::new);
    for weekend in [5, 6].map(PeriodId::new) {
        builder.fix(ben, weekend, off, "away");
    }
    for activity in [day(), night()] {
        builder.cost(ada, PeriodId::new(SATURDAY), activity, 3);
    }
    builder.build()
}
