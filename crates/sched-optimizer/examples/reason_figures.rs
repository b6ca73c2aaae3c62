//! How long the questions about a roster take, at 60 workers over four weeks of mornings, afternoons
//! and nights; each answer is checked against a judgement from scratch.

#![expect(clippy::print_stdout, reason = "an example talks")]

#[path = "residency/programme.rs"]
mod programme;

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use programme::Size;
use sched_optimizer::{
    ActivityId, Analysis, Budget, Options, PeriodId, Problem, Roster, Solver, Standing, Triple,
    Until, WorkerId,
};

const QUERIES: u32 = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let checked = std::env::args().nth(1).map_or(Ok(10_000), |argument| argument.parse())?;
    let problem = programme::build(Size { residents: 44, faculty: 16, ..Size::default() })?;
    let options = Options::default().budget(Budget::work(3_000_000)).until(Until::Legal);
    let outcome = Solver::new(options).solve(&problem, |_| ControlFlow::Continue(()));
    println!("{} workers, {} periods: {:?}", problem.workers(), problem.periods(), outcome.score);
    questions(&problem, &outcome.roster)?;
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
