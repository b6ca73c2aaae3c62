//! How long the questions about a roster take; each kind of answer is checked against a judgement
//! from scratch.

use std::error::Error;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Duration;

use sched_optimizer::{
    ActivityId, Analysis, Budget, Options, PeriodId, Problem, Roster, Solver, Standing, Triple,
    Until, WorkerId,
};

use crate::Rows;
use crate::data::{Data, MISSING, SIXTY};
use crate::programme;
use crate::row::{Row, each, median, millions};

const QUESTIONS: usize = 40_000;
const BATCH: usize = 20;
const CHECKED: usize = 2_000;
const WHY_NOT: Duration = Duration::from_micros(10);
/// Millions a second on one core.
const CELLS: f64 = 15.0;

pub(crate) fn measure(data: &Data) -> Rows {
    let problem = programme::build(SIXTY)?;
    let options = Options::default().budget(Budget::work(3_000_000)).until(Until::Legal);
    let outcome = Solver::new(options).solve(&problem, |_| ControlFlow::Continue(()));
    check(&problem, outcome.roster.clone())?;
    let standing = Standing::new(&problem, outcome.roster)?;
    let mut rows = questions(&problem, &standing);
    rows.push(weighed("60 people x 28 days", Some(&problem)));
    rows.push(weighed("instance 8", data.instance(8)?.as_ref()));
    Ok(rows)
}

fn questions(problem: &Problem, standing: &Standing<'_>) -> Vec<Row> {
    let mut rng = fastrand::Rng::with_seed(1);
    let cells: Vec<Triple> = (0..QUESTIONS).map(|_| any_choice(problem, &mut rng)).collect();
    let swaps: Vec<Vec<Triple>> = cells
        .windows(2)
        .map(|pair| standing.swap(pair[0].worker, pair[1].worker, [pair[0].period]))
        .collect();
    // What is asked for is there: `check` would have failed.
    let one = each(&cells, BATCH, |cell| _ = black_box(standing.what_if(&[*cell])));
    let why = each(&cells, BATCH, |cell| {
        _ = black_box(standing.why_not(cell.worker, cell.period, cell.activity));
    });
    let swap = each(&swaps, BATCH, |swap| _ = black_box(standing.what_if(swap)));
    let seen = format!("{:.3} M/s a core", millions(one));
    let goal = format!(">= {CELLS} M/s a core");
    vec![
        Row::time("why not, 60 people x 28 days", WHY_NOT, why),
        Row::without_goal("what if two people swap", format!("{swap:.1?}")),
        Row::new("cells tried one by one (what_if)", goal, seen, millions(one) >= CELLS)
            .note("judges every rule of the line by its definition; no search goes cell by cell"),
    ]
}

/// Choices that the search compares exactly: all of a line for every line that it solves again.
fn weighed(what: &str, problem: Option<&Problem>) -> Row {
    let what = format!("choices weighed by the search, {what}");
    let Some(problem) = problem else { return Row::unknown(what, "", MISSING) };
    let cells = problem.worker_ids().flat_map(|w| problem.period_ids().map(move |p| (w, p)));
    let choices: usize = cells.map(|(w, p)| problem.choices(w, p).len()).sum();
    let rates = (0..3).map(|seed| {
        let options = Options::default().budget(Budget::seconds(2.0)).threads(1).seed(seed);
        let outcome = Solver::new(options).solve(problem, |_| ControlFlow::Continue(()));
        let stats = outcome.stats;
        stats.resampled as f64 / (stats.elapsed - stats.prepared).as_secs_f64()
    });
    let rate = median(rates.collect());
    let all = rate * choices as f64 / problem.workers() as f64;
    Row::without_goal(what, format!("{:.1} M/s a core", all / 1e6))
        .note(format!("{rate:.0} lines a second, the climb of the prices included"))
}

/// Random changes, made or not, each against a judgement from scratch.
fn check(problem: &Problem, mut roster: Roster) -> Result<(), Box<dyn Error>> {
    let mut rng = fastrand::Rng::with_seed(2);
    let mut standing = Standing::new(problem, roster.clone())?;
    for at in 0..CHECKED {
        let moves: Vec<Triple> =
            (0..rng.usize(1..4)).map(|_| any_choice(problem, &mut rng)).collect();
        let effect = standing.what_if(&moves)?;
        let after = changed(&roster, &moves).ok_or("lines of one length")?;
        let score = Analysis::new(problem, &after)?.score;
        if effect.score != score {
            return Err(format!("{moves:?}: {:?} instead of {score:?}", effect.score).into());
        }
        if at % 2 == 0 {
            standing.apply(&moves)?;
            roster = after;
        }
    }
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
