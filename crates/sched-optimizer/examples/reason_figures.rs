//! How long the questions about a roster take, at 60 workers over four weeks of mornings, afternoons
//! and nights; each answer is checked against a judgement from scratch.

#![expect(clippy::print_stdout, reason = "an example talks")]

#[path = "residency/programme.rs"]
mod programme;

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use programme::Size;
use sched_optimizer::rules::{Count, CountWindow};
use sched_optimizer::{
    ActivityId, Analysis, Budget, Demand, Feasibility, Options, PeriodId, Problem, ProblemBuilder,
    Roster, Solver, Standing, Triple, Until, WorkerId, find_conflict,
};

const QUERIES: u32 = 100_000;
const SIZE: Size = Size { residents: 44, faculty: 16, days: 28, load: 100, seed: 1 };

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

fn conflict(name: &str, edit: Edit) -> Result<(), Box<dyn std::error::Error>> {
    let problem = programme::build_with(SIZE, edit)?;
    let started = Instant::now();
    let found = find_conflict(&problem, &Options::default().budget(Budget::work(30_000_000)));
    println!("{name}, {:.2?}", started.elapsed());
    match found {
        Feasibility::Conflict(conflict) => {
            println!("  {} members, minimal: {}", conflict.causes.len(), conflict.minimal);
            let words = conflict.words(&problem);
            words.iter().take(5).for_each(|words| println!("  {words}"));
        }
        Feasibility::Legal(_) => println!("  is possible"),
        _ => println!("  was not decided"),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let checked = std::env::args().nth(1).map_or(Ok(10_000), |argument| argument.parse())?;
    let problem = programme::build(SIZE)?;
    let options = Options::default().budget(Budget::work(3_000_000)).until(Until::Legal);
    let outcome = Solver::new(options).solve(&problem, |_| ControlFlow::Continue(()));
    println!("{} workers, {} periods: {:?}", problem.workers(), problem.periods(), outcome.score);
    questions(&problem, &outcome.roster)?;
    for (name, edit) in CONFLICTS {
        conflict(name, edit)?;
    }
    changes(&problem, outcome.roster, checked)
}

fn questions(problem: &Problem, roster: &Roster) -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = fastrand::Rng::with_seed(1);
    let standing = Standing::new(problem, roster.clone())?;
    let cells: Vec<Triple> = (0..QUERIES).map(|_| any_choice(problem, &mut rng)).collect();
    let started = Instant::now();
    for cell in &cells {
        black_box(standing.why_not(cell.worker, cell.period, cell.activity)?);
    }
    println!("why not: {:.2?} a question", started.elapsed() / QUERIES);

    let pairs: Vec<Vec<Triple>> = cells
        .windows(2)
        .map(|pair| standing.swap(pair[0].worker, pair[1].worker, [pair[0].period]))
        .collect();
    let started = Instant::now();
    for swap in &pairs {
        black_box(standing.what_if(swap)?);
    }
    println!("what if two people swap: {:.2?} a question", started.elapsed() / QUERIES);
    let started = Instant::now();
    black_box(Analysis::new(problem, roster)?);
    println!("everything from scratch: {:.2?}", started.elapsed());
    Ok(())
}

/// Random changes, kept or not; each answer against a judgement from scratch.
fn changes(
    problem: &Problem,
    mut roster: Roster,
    count: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = fastrand::Rng::with_seed(2);
    let mut standing = Standing::new(problem, roster.clone())?;
    let mut analysis = Duration::ZERO;
    let mut asked = Duration::ZERO;
    for at in 0..count {
        let moves: Vec<Triple> =
            (0..rng.usize(1..4)).map(|_| any_choice(problem, &mut rng)).collect();
        let started = Instant::now();
        let effect = standing.what_if(&moves)?;
        asked += started.elapsed();
        let after = changed(&roster, &moves).ok_or("lines of one length")?;
        let started = Instant::now();
        let score = Analysis::new(problem, &after)?.score;
        analysis += started.elapsed();
        if effect.score != score {
            return Err(format!("{moves:?}: {:?} instead of {score:?}", effect.score).into());
        }
        if at % 2 == 0 {
            standing.apply(&moves)?;
            roster = after;
        }
    }
    println!(
        "{count} changes like a judgement from scratch: {asked:.2?} instead of {analysis:.2?}"
    );
    Ok(())
}

fn any_choice(problem: &Problem, rng: &mut fastrand::Rng) -> Triple {
    let worker = WorkerId::new(rng.usize(0..problem.workers()));
    let period = PeriodId::new(rng.usize(0..problem.periods()));
    let choices = problem.choices(worker, period);
    Triple { worker, period, activity: choices[rng.usize(0..choices.len())].activity }
}

fn changed(roster: &Roster, moves: &[Triple]) -> Option<Roster> {
    let workers = (0..roster.workers()).map(WorkerId::new);
    let mut lines: Vec<Vec<ActivityId>> = workers.map(|w| roster.line(w).to_vec()).collect();
    for made in moves {
        lines[made.worker.index()][made.period.index()] = made.activity;
    }
    Roster::from_lines(roster.periods(), &lines)
}
