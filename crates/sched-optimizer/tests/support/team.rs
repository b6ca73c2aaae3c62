//! A team with a duty a day, and what is done on it.

use sched_optimizer::{
    ActivityId, Budget, Demand, Options, PeriodId, Problem, ProblemBuilder, ReplanOptions, Roster,
    Shift, Span, WorkerId,
};

const DAY: i32 = 1440;

pub(crate) fn off() -> ActivityId {
    ActivityId::new(0)
}

pub(crate) fn duty() -> ActivityId {
    ActivityId::new(1)
}

/// A team with one duty a day, and what else `edit` says.
pub(crate) fn team(names: &[&str], days: usize, edit: impl FnOnce(&mut ProblemBuilder)) -> Problem {
    team_for(names, &vec![1; days], edit)
}

/// A team with just as many duties on each day as `needed` says.
pub(crate) fn team_for(
    names: &[&str],
    needed: &[u32],
    edit: impl FnOnce(&mut ProblemBuilder),
) -> Problem {
    let mut builder = Problem::builder();
    builder.activity("off");
    builder.activity("duty");
    for (day, &count) in needed.iter().enumerate() {
        let start = i32::try_from(day).unwrap() * DAY;
        let period = builder.period(format!("day {day}"), Span::new(start, start + DAY));
        builder.offer(period, off(), None);
        builder.offer(period, duty(), Some(Shift::new(start + 480, start + 960)));
        builder.demand(Demand { max: count, ..Demand::at_least("duty", period, [duty()], count) });
    }
    names.iter().for_each(|name| _ = builder.worker(*name));
    edit(&mut builder);
    builder.build().unwrap()
}

/// Worker `who[day]` has the duty of the day.
pub(crate) fn roster(workers: usize, who: &[usize]) -> Roster {
    let cell = |worker, &on: &usize| if on == worker { duty() } else { off() };
    let line = |worker| who.iter().map(|on| cell(worker, on)).collect();
    Roster::from_lines(who.len(), &(0..workers).map(line).collect::<Vec<_>>()).unwrap()
}

pub(crate) fn with_work(units: u64) -> ReplanOptions {
    ReplanOptions::default().options(Options::default().budget(Budget::work(units)))
}

/// A duty of Ada's costs `price`, one of Ben's on day `d` costs `d`.
pub(crate) fn priced(days: usize, price: i64) -> Problem {
    team(&["Ada", "Ben"], days, |builder| {
        for (day, cost) in (0..days).zip(0..) {
            builder.cost(WorkerId::new(0), PeriodId::new(day), duty(), price);
            builder.cost(WorkerId::new(1), PeriodId::new(day), duty(), cost);
        }
    })
}
