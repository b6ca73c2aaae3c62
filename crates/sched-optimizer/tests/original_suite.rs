//! The intents of the optimizer tests of the system this library replaces, under their names.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "../examples/residency/programme.rs"]
mod programme;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use programme::Size;
use sched_optimizer::rules::{Rest, Succession};
use sched_optimizer::{
    ActivityId, Budget, Demand, Fingerprint, LruSolutions, Options, PeriodId, Problem,
    ProblemBuilder, Shift, Solution, SolutionStore, Solver, Span, Triple, WorkerId, prune,
    warm_start,
};

const KINDS: [&str; 2] = ["resident", "faculty"];

/// Two residents of years one and three and an attending; clinic, procedures and supervision on two
/// half-days.
fn team(edit: impl FnOnce(&mut ProblemBuilder)) -> Problem {
    let mut builder = Problem::builder();
    let [off, clinic, procedures, supervision] =
        ["off", "clinic", "procedures", "supervision"].map(|name| builder.activity(name));
    for (name, hour) in [("morning", 7), ("afternoon", 13)] {
        let period = builder.period(name, Span::new(hour * 60, (hour + 6) * 60));
        builder.offer(period, off, None);
        for activity in [clinic, procedures, supervision] {
            builder.offer(period, activity, Some(Shift::new(hour * 60, (hour + 5) * 60)));
        }
        builder.demand(Demand::at_least("clinic", period, [clinic], 1));
    }
    for (name, kind, year) in [("Ada", 0, 1), ("Ben", 0, 3), ("Prof. Cleo", 1, 0)] {
        let worker = builder.worker(name);
        for period in [0, 1].map(PeriodId::new) {
            restrict(&mut builder, worker, period, kind, year);
        }
    }
    edit(&mut builder);
    builder.build().unwrap()
}

fn restrict(
    builder: &mut ProblemBuilder,
    worker: WorkerId,
    period: PeriodId,
    kind: usize,
    year: u8,
) {
    let [clinic, procedures, supervision] = [1, 2, 3].map(ActivityId::new);
    if KINDS[kind] == "resident" {
        builder.forbid(worker, period, supervision, "wrong type of person");
        if year < 2 {
            builder.forbid(worker, period, procedures, "year too low");
        }
    } else {
        builder.forbid(worker, period, clinic, "wrong type of person");
    }
}

fn triple(worker: usize, period: usize, activity: usize) -> Triple {
    Triple {
        worker: WorkerId::new(worker),
        period: PeriodId::new(period),
        activity: ActivityId::new(activity),
    }
}

#[test]
fn constraint_pruner() {
    let pruned = prune(&team(|_| ()));
    assert_eq!(pruned.before, 3 * 2 * 4);
    assert_eq!(pruned.after + pruned.removed.len(), pruned.before);
    assert_eq!(pruned.by_reason().values().sum::<usize>(), pruned.removed.len());
}

#[test]
fn person_type_restriction() {
    let pruned = prune(&team(|_| ()));
    assert_eq!(pruned.by_reason()["wrong type of person"], 2 * 2 + 2);
    assert!(!pruned.keeps(triple(0, 0, 3)) && !pruned.keeps(triple(2, 1, 1)));
    assert!(pruned.keeps(triple(2, 0, 3)));
}

#[test]
fn pgy_level() {
    let pruned = prune(&team(|_| ()));
    assert_eq!(pruned.by_reason()["year too low"], 2);
    assert!(!pruned.keeps(triple(0, 0, 2)) && pruned.keeps(triple(1, 0, 2)));
}

#[test]
fn estimate_reduction() {
    let pruned = prune(&team(|_| ()));
    assert!((pruned.reduction() - 8.0 / 24.0).abs() < 1e-9);
    let free = tiny_free();
    assert!(prune(&free).reduction().abs() < 1e-9);
}

fn tiny_free() -> Problem {
    let mut builder = Problem::builder();
    let off = builder.activity("off");
    let period = builder.period("monday", Span::new(0, 1440));
    builder.offer(period, off, None);
    builder.worker("Ada");
    builder.build().unwrap()
}

#[test]
fn prune_infeasible_assignments() {
    // After the morning's fixed clinic a rest of eight hours leaves nothing but off.
    let problem = team(|builder| {
        let worker = WorkerId::new(1);
        builder.fix(worker, PeriodId::new(0), ActivityId::new(1), "published");
        builder.rule(worker, Rest { join: 0, short: 480, long_after: 1440, long: 0 });
    });
    let pruned = prune(&problem);
    assert!(!pruned.keeps(triple(1, 1, 1)) && !pruned.keeps(triple(1, 1, 2)));
    assert!(pruned.keeps(triple(1, 1, 0)));
    assert_eq!(pruned.by_reason()["excluded by rest"], 2);
}

#[test]
fn prune_what_only_several_rules_or_demands_exclude() {
    let clinic = ActivityId::new(1);
    let after_clinic = |next| Succession { forbidden: vec![(clinic, next)], history: None };
    let both = team(|builder| {
        for next in 0..4 {
            builder.rule(WorkerId::new(1), after_clinic(ActivityId::new(next)));
        }
    });
    let pruned = prune(&both);
    assert_eq!(pruned.by_reason()["excluded by several rules together"], 1);
    assert!(!pruned.keeps(triple(1, 0, 1)) && pruned.keeps(triple(1, 1, 1)));

    // All three have to be in the morning's clinic, and none of them can be there in the afternoon.
    let all = team(|builder| {
        builder.demand(Demand::at_least("all", PeriodId::new(0), [clinic], 3));
        builder.rule(WorkerId::new(1), after_clinic(clinic));
    });
    let pruned = prune(&all);
    let reason = pruned.removed.iter().find(|(removed, _)| *removed == triple(1, 1, 1));
    assert_eq!(reason.unwrap().1, "excluded by rules and demands together");
    assert!(!pruned.keeps(triple(1, 1, 1)) && pruned.keeps(triple(1, 1, 0)));
}

#[test]
fn solution_cache() {
    let store = LruSolutions::new(NonZeroUsize::new(2).unwrap());
    let problem = team(|_| ());
    let key = Fingerprint::of(&problem);
    assert!(store.get(&key).is_none());
    let found = solve(&problem, Options::default().budget(Budget::work(1_000)));
    store.put(Arc::new(Solution::of(&problem, &found)));
    let again = warm_start(&team(|_| ()), &store).unwrap();
    assert!(again.exact && again.roster == found.roster && again.solution.score() == found.score);
}

#[test]
fn different_problems() {
    let absence = team(|builder| {
        builder.fix(WorkerId::new(0), PeriodId::new(0), ActivityId::new(0), "absent");
    });
    assert_ne!(Fingerprint::of(&absence), Fingerprint::of(&team(|_| ())));
}

/// A partial solution: one line is known, the others are made to fit.
#[test]
fn partial() {
    let problem = team(|_| ());
    let off = vec![ActivityId::new(0); 2];
    let clinic = vec![ActivityId::new(1); 2];
    let hint = sched_optimizer::Roster::from_lines(2, &[clinic.clone(), off.clone(), off]).unwrap();
    let solver = Solver::new(Options::default().budget(Budget::work(1_000)));
    let outcome = solver.solve_from(&problem, &hint, |_| ControlFlow::Continue(()));
    assert!(outcome.score.is_legal());
    assert_eq!(outcome.roster.line(WorkerId::new(0)), clinic);
}

fn solve(problem: &Problem, options: Options) -> sched_optimizer::Outcome {
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(()))
}

fn programme() -> Problem {
    programme::build(Size { residents: 18, faculty: 8, days: 14, load: 80, seed: 5 }).unwrap()
}

#[test]
fn parallel_solver() {
    let problem = programme();
    let work = Options::default().budget(Budget::work(100_000));
    let [one, two] = [1, 2].map(|threads| solve(&problem, work.clone().threads(threads)));
    assert_eq!(one.roster, two.roster);
}

#[test]
fn timeout() {
    let problem = team(|builder| {
        for period in [0, 1].map(PeriodId::new) {
            // Two cannot be had: nothing ends the search but its limit.
            builder.demand(Demand::at_least("too many", period, [ActivityId::new(1)], 3));
        }
    });
    let started = Instant::now();
    let outcome = solve(&problem, Options::default().budget(Budget::seconds(0.1)));
    assert!(started.elapsed() >= Duration::from_millis(100));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome.roster.workers(), problem.workers(), "the incumbent is kept");
}

#[test]
fn with_strategies() {
    let problem = programme();
    let mut finders = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let options = Options::default().budget(Budget::work(2_000_000)).seed(seed);
        let mut told = "";
        let outcome = Solver::new(options).solve(&problem, |progress| {
            told = progress.strategy;
            ControlFlow::Continue(())
        });
        assert_eq!(told, outcome.stats.strategy);
        finders.insert(told);
    }
    assert_eq!(finders.len(), 2, "{finders:?}");
}
