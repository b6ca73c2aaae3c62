//! Any roster, and any change of it: possible or not.

use sched_optimizer::{ActivityId, PeriodId, Problem, Roster, Triple, WorkerId};

/// Any activity anywhere.
pub(crate) fn any_move(problem: &Problem, rng: &mut fastrand::Rng) -> Triple {
    Triple {
        worker: WorkerId::new(rng.usize(0..problem.workers())),
        period: PeriodId::new(rng.usize(0..problem.periods())),
        activity: ActivityId::new(rng.usize(0..problem.activities())),
    }
}

/// Any of four activities everywhere.
pub(crate) fn any_roster(problem: &Problem, rng: &mut fastrand::Rng) -> Roster {
    let mut line = || (0..problem.periods()).map(|_| ActivityId::new(rng.usize(0..4))).collect();
    let lines: Vec<Vec<ActivityId>> = problem.worker_ids().map(|_| line()).collect();
    Roster::from_lines(problem.periods(), &lines).unwrap()
}

/// `roster` after `moves`.
pub(crate) fn changed(roster: &Roster, moves: &[Triple]) -> Roster {
    let mut lines: Vec<Vec<ActivityId>> =
        (0..roster.workers()).map(|w| roster.line(WorkerId::new(w)).to_vec()).collect();
    for made in moves {
        lines[made.worker.index()][made.period.index()] = made.activity;
    }
    Roster::from_lines(roster.periods(), &lines).unwrap()
}
