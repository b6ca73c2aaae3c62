//! How long it takes to name a minimal conflict, at 60 people over four weeks.

use std::time::{Duration, Instant};

use sched_optimizer::rules::{Count, CountWindow};
use sched_optimizer::{
    ActivityId, Budget, Demand, Feasibility, Options, PeriodId, ProblemBuilder, WorkerId,
    find_conflict,
};

use crate::Rows;
use crate::data::{Data, SIXTY};
use crate::row::{Row, median};
use crate::{programme, tell};

const GOAL: Duration = Duration::from_secs(1);
const ROUNDS: usize = 3;

type Edit = fn(&mut ProblemBuilder);

/// Ways to make the programme impossible.
const CONFLICTS: [(&str, Edit); 4] = [
    ("nobody left for a night", |builder| {
        for worker in (2..44).map(WorkerId::new) {
            builder.forbid(worker, PeriodId::new(32), icu(), "at the congress");
        }
    }),
    ("eight nights in a row", |builder| {
        for day in 10..18 {
            let night = PeriodId::new(day * 3 + 2);
            builder.fix(WorkerId::new(1), night, icu(), "promised");
        }
    }),
    ("two people for every night", |builder| {
        let people = [1, 4].map(WorkerId::new);
        for worker in people {
            let windows = vec![CountWindow::at_most(0..84, 13)];
            let activities = vec![icu()];
            builder
                .rule(worker, Count { what: "nights".into(), activities, windows, target: None });
        }
        for day in 0..28 {
            let night = PeriodId::new(day * 3 + 2);
            let demand = Demand::at_least("a trained one", night, [icu()], 1);
            builder.demand(Demand { workers: Some(people.to_vec()), ..demand });
        }
    }),
    ("training for few", |builder| {
        for day in 7..14 {
            let night = PeriodId::new(day * 3 + 2);
            for worker in (0..44).filter(|worker| *worker != 4).map(WorkerId::new) {
                builder.forbid(worker, night, icu(), "not trained");
            }
            builder.demand(Demand::at_least("icu", night, [icu()], 1));
        }
    }),
];

/// The second of thirteen rotations, at night: three activities and thirteen by day come before.
fn icu() -> ActivityId {
    ActivityId::new(17)
}

pub(crate) fn measure(_: &Data) -> Rows {
    CONFLICTS.into_iter().map(|(name, edit)| row(name, edit)).collect()
}

fn row(name: &str, edit: Edit) -> Result<Row, Box<dyn std::error::Error>> {
    let problem = programme::build_with(SIXTY, edit)?;
    let mut found = Feasibility::Undecided(None);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        found = find_conflict(&problem, &Options::default().budget(Budget::work(30_000_000)));
        times.push(started.elapsed());
        tell(&format!("  {name}: {:.2?}", started.elapsed()));
    }
    let what = format!("minimal conflict: {name}");
    let took = median(times);
    Ok(match found {
        Feasibility::Conflict(conflict) if conflict.minimal => Row::time(what, GOAL, took)
            .note(format!("{} members: {}", conflict.causes.len(), conflict.words(&problem)[0])),
        Feasibility::Conflict(_) => missed(&what, "not known to be minimal"),
        Feasibility::Legal(_) => missed(&what, "found a legal roster"),
        _ => missed(&what, "not decided"),
    })
}

fn missed(what: &str, seen: &str) -> Row {
    Row::new(what, format!("<= {GOAL:?}"), seen, false)
}
