//! Small problems, solved by listing every roster and judging it from scratch.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/problems.rs"]
mod problems;

use std::ops::ControlFlow;

use problems::{Maker, all_lines};
use proptest::prelude::*;
use sched_optimizer::{
    ActivityId, Analysis, Budget, Options, Outcome, Problem, Roster, Score, Solver, Status, Triple,
    prune,
};

/// Periods of the problems of one worker, and of those of two.
const PERIODS: [usize; 2] = [4, 3];

fn all_rosters(problem: &Problem) -> Vec<(Roster, Score)> {
    let periods = problem.periods();
    let lines = all_lines(periods);
    let mut teams: Vec<Vec<Vec<ActivityId>>> = vec![Vec::new()];
    for _ in 0..problem.workers() {
        let longer = |team: Vec<Vec<ActivityId>>| {
            lines.iter().map(move |line| [team.clone(), vec![line.clone()]].concat())
        };
        teams = teams.into_iter().flat_map(longer).collect();
    }
    let judged = teams.into_iter().map(|team| {
        let roster = Roster::from_lines(periods, &team).unwrap();
        let score = Analysis::new(problem, &roster).unwrap().score;
        (roster, score)
    });
    judged.collect()
}

fn solve(problem: &Problem, seed: u64) -> Outcome {
    let options = Options::default().budget(Budget::work(6_000)).threads(1).seed(seed);
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// One worker: the line programme is exact, so the best roster is found and no better exists.
    #[test]
    fn the_line_programme_finds_the_best_line(seed: u64, rules in 1..4usize) {
        let problem = Maker::new(seed, PERIODS[0]).team(1, rules);
        let best = all_rosters(&problem).into_iter().map(|(_, score)| score).min().unwrap();
        let outcome = solve(&problem, seed);
        if best.is_legal() {
            prop_assert_eq!(outcome.score, best);
            prop_assert!(outcome.bound <= best.soft);
        } else {
            prop_assert!(matches!(outcome.status, Status::NotLegal | Status::Impossible(_)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two workers: the bound is below every legal roster, the score is legal where one
    /// is, a claim of optimality is true, and pruning loses no legal roster.
    #[test]
    fn bound_and_pruning_lose_no_legal_roster(seed: u64, rules in 0..3usize) {
        let problem = Maker::new(seed, PERIODS[1]).team(2, rules);
        let legal: Vec<(Roster, Score)> =
            all_rosters(&problem).into_iter().filter(|(_, score)| score.is_legal()).collect();
        let outcome = solve(&problem, seed);
        let pruned = prune(&problem);
        prop_assert_eq!(pruned.before, pruned.after + pruned.removed.len());
        prop_assert_eq!(pruned.by_reason().values().sum::<usize>(), pruned.removed.len());
        for (roster, score) in &legal {
            prop_assert!(outcome.bound <= score.soft, "bound {} above {score:?}", outcome.bound);
            for (worker, period) in problem.worker_ids().flat_map(|w| {
                problem.period_ids().map(move |period| (w, period))
            }) {
                let activity = roster.get(worker, period).unwrap();
                let triple = Triple { worker, period, activity };
                prop_assert!(pruned.keeps(triple), "lost a legal triple");
            }
        }
        match legal.iter().map(|(_, score)| *score).min() {
            Some(best) => {
                prop_assert!(outcome.score.is_legal() && outcome.score >= best);
                prop_assert!(outcome.status != Status::Optimal || outcome.score == best);
            }
            None => prop_assert!(!outcome.score.is_legal()),
        }
    }
}
