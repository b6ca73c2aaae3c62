//! The solver's promises: determinism, budgets, cancelling, hints, re-planning, faults.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;
#[path = "../examples/residency/programme.rs"]
mod programme;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use problems::Maker;
use programme::Size;
use proptest::prelude::*;
use sched_optimizer::rules::{Count, CountWindow, FreeTime, FreeWindow, Rest, Target};
use sched_optimizer::{
    ActivityId, Analysis, Automaton, Budget, CancelToken, Canon, Demand, Fault, Judgement, Line,
    LineContext, Options, Outcome, Penalty, PeriodId, Problem, ProblemBuilder, Ratio,
    ReplanOptions, Roster, Rule, Shift, Solver, Span, Status, Summed, Tally, Until, WorkerId,
    replan,
};

fn small() -> Size {
    Size { residents: 18, faculty: 8, days: 14, load: 80, seed: 3 }
}

fn run(problem: &Problem, options: Options) -> Outcome {
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(()))
}

/// Choices at random, and now and then an activity that is none.
fn any_cells(problem: &Problem, seed: u64) -> Roster {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut cell = |worker, period| match problem.choices(worker, period) {
        choices if rng.u8(..12) > 0 => choices[rng.usize(..choices.len())].activity,
        _ => ActivityId::new(99),
    };
    let mut line = |worker| problem.period_ids().map(|period| cell(worker, period)).collect();
    let lines: Vec<_> = problem.worker_ids().map(&mut line).collect();
    Roster::from_lines(problem.periods(), &lines).unwrap()
}

fn legal(problem: &Problem) -> Outcome {
    let options = Options::default().budget(Budget::seconds(20.0)).until(Until::Legal);
    run(problem, options)
}

#[test]
fn a_residency_block_becomes_legal_and_the_score_is_the_checkers() {
    let problem = programme::build(small()).unwrap();
    let outcome = legal(&problem);
    let analysis = Analysis::new(&problem, &outcome.roster).unwrap();
    assert_eq!(outcome.status, Status::Legal, "{:?}", analysis.breaches(&problem).next());
    assert_eq!(analysis.score, outcome.score);
    let parts = analysis.items.iter().fold(Default::default(), |sum, item| item.score + sum);
    assert_eq!(analysis.score, parts);
}

#[test]
fn same_seed_and_work_give_the_same_roster_on_any_number_of_threads() {
    let problem = programme::build(small()).unwrap();
    let options = |threads| Options::default().budget(Budget::work(12_000_000)).threads(threads);
    let first = run(&problem, options(1));
    for threads in [2, 8] {
        let again = run(&problem, options(threads));
        assert_eq!(again.roster, first.roster, "on {threads} threads");
        assert_eq!((again.bound, again.stats.work), (first.bound, first.stats.work));
    }
}

#[test]
fn the_deadline_holds() {
    let problem = Maker::new(7, 6).team(4, 2);
    let started = Instant::now();
    let outcome = run(&problem, Options::default().budget(Budget::seconds(0.05)));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(outcome.roster.workers(), problem.workers());
}

/// Days of duty at a cost, until somebody asks for a panic.
#[derive(Clone, Debug)]
struct Trap(Arc<AtomicBool>);

impl Rule for Trap {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let duties = line.activities().iter().filter(|activity| **activity == ActivityId::new(1));
        let cost = i64::try_from(duties.count()).unwrap();
        Judgement { cost, ..Judgement::default() }
    }

    fn automata(&self, _: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        vec![Box::new(Summed::new(self.clone()))]
    }

    fn describe(&self, _: &mut Canon) {}
}

impl Tally for Trap {
    fn step(&self, mode: u32, _: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        Some((mode, u32::from(activity == ActivityId::new(1))))
    }

    fn limits(&self) -> (u32, u32) {
        (0, 2)
    }

    fn cost(&self, sum: u32) -> i64 {
        assert!(!self.0.load(Ordering::Relaxed), "as asked");
        i64::from(sum)
    }
}

#[test]
fn a_panic_of_a_rule_reaches_the_caller_from_any_thread() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let trap = Trap(Arc::default());
        let problem = tiny(|builder, worker| {
            builder.rule(worker, trap.clone());
            // The one whose thread does not panic waits for the other.
            let ben = builder.worker("Ben");
            builder.forbid(ben, PeriodId::new(1), ActivityId::new(1), "on leave");
            for period in [0, 1].map(PeriodId::new) {
                builder.demand(Demand::at_least("duty", period, [ActivityId::new(1)], 1));
            }
        });
        // The first legal roster is there when this is called; then the climb begins.
        let solve = || {
            let options = Options::default().budget(Budget::default());
            Solver::new(options).solve(&problem, |_| {
                trap.0.store(true, Ordering::Relaxed);
                ControlFlow::Continue(())
            })
        };
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(solve));
        tell.send(caught.is_err()).unwrap();
    });
    assert_eq!(told.recv_timeout(Duration::from_secs(60)), Ok(true));
}

#[test]
fn a_hint_for_another_horizon_is_no_line() {
    let problem = tiny(|builder, worker| {
        let target = Some(Target { count: 2, cost: Penalty::linear(5) });
        let activities = vec![ActivityId::new(1)];
        builder.rule(worker, Count { what: "duties".into(), activities, windows: vec![], target });
    });
    for periods in [1, 3] {
        let hint = Roster::from_lines(periods, &[vec![ActivityId::new(1); periods]]).unwrap();
        let mut told = None;
        let outcome = Solver::new(Options::default().budget(Budget::work(1000))).solve_from(
            &problem,
            &hint,
            |progress| {
                told = progress.value;
                ControlFlow::Continue(())
            },
        );
        assert_eq!((outcome.status, told), (Status::Optimal, Some(0)));
        assert_eq!((outcome.roster.workers(), outcome.roster.periods()), (1, 2));
    }
}

#[test]
fn a_gap_that_is_reached_ends_the_solve() {
    let problem = programme::build(small()).unwrap();
    let epochs = |until| {
        let options = Options::default().budget(Budget::work(2_000_000)).until(until);
        run(&problem, options).stats.epochs
    };
    assert!(epochs(Until::Gap(1.0)) < epochs(Until::Gap(0.0)));
}

#[test]
fn more_threads_than_anybody_has_are_no_fault() {
    let problem = tiny(|builder, worker| {
        builder.cost(worker, PeriodId::new(0), ActivityId::new(0), 1);
    });
    let options = Options::default().budget(Budget::work(10_000)).threads(1_000_000);
    assert_eq!(run(&problem, options).status, Status::Optimal);
}

#[test]
fn a_cancel_in_the_middle_of_a_search_is_heeded() {
    let problem = programme::build(small()).unwrap();
    let cancel = CancelToken::default();
    let (begun, wait) = std::sync::mpsc::channel();
    let remote = cancel.clone();
    let canceller = std::thread::spawn(move || {
        // The search goes on while the word is under way: the cancel comes in the middle of an epoch.
        wait.recv().unwrap();
        remote.cancel();
        Instant::now()
    });
    let options = Options::default().budget(Budget::seconds(600.0)).cancel(cancel);
    let mut epochs = 0;
    let outcome = Solver::new(options).solve(&problem, |_| {
        epochs += 1;
        if epochs == 20 {
            begun.send(()).unwrap();
        }
        ControlFlow::Continue(())
    });
    let took = canceller.join().unwrap().elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(outcome.roster.workers(), problem.workers());
}

#[test]
fn a_cancelled_solve_still_returns_a_whole_roster() {
    let problem = programme::build(small()).unwrap();
    let cancel = CancelToken::default();
    cancel.cancel();
    let outcome = run(&problem, Options::default().budget(Budget::default()).cancel(cancel));
    assert_eq!(outcome.roster.periods(), problem.periods());
    assert!(Analysis::new(&problem, &outcome.roster).is_ok());
}

#[test]
fn a_callback_that_breaks_stops_the_solve() {
    let problem = programme::build(small()).unwrap();
    let mut calls = 0;
    let options = Options::default().budget(Budget::default());
    Solver::new(options).solve(&problem, |_| {
        calls += 1;
        ControlFlow::Break(())
    });
    assert_eq!(calls, 1);
}

#[test]
fn a_legal_hint_is_never_made_worse() {
    let problem = programme::build(small()).unwrap();
    let hint = legal(&problem);
    for work in [0, 1, 1000, 50_000] {
        let solver = Solver::new(Options::default().budget(Budget::work(work)));
        let outcome = solver.solve_from(&problem, &hint.roster, |_| ControlFlow::Continue(()));
        assert!(outcome.score <= hint.score, "{:?} after {work}", outcome.score);
    }
}

#[test]
fn an_absence_is_replanned_with_few_changes_for_the_others() {
    let problem = programme::build(small()).unwrap();
    let old = legal(&problem);
    let absent = WorkerId::new(1);
    let (off, frozen) = (ActivityId::new(0), PeriodId::new(9));
    let changed = programme::build_with(small(), |builder| {
        for period in 12..21 {
            builder.fix(absent, PeriodId::new(period), off, "ill");
        }
    })
    .unwrap();
    let generous = Options::default().budget(Budget::seconds(20.0)).until(Until::Legal);
    let options = ReplanOptions::default().frozen_until(frozen).options(generous);
    let new = replan(&changed, &old.roster, &options);
    assert!(new.outcome.score.is_legal(), "{:?}", new.outcome.score);
    assert!(new.changes.cells.iter().all(|&(_, period)| period >= frozen));
    let others = new.changes.cells.iter().filter(|cell| cell.0 != absent).count();
    let cells = (problem.workers() - 1) * problem.periods();
    assert!(others * 20 <= cells, "{others} of {cells} cells of the others");
    assert_eq!(new.changes.cells.len(), new.outcome.roster.differences(&old.roster).count());
}

#[test]
fn an_unchanged_problem_needs_no_change() {
    let problem = programme::build(small()).unwrap();
    let old = legal(&problem);
    let new = replan(&problem, &old.roster, &ReplanOptions::default());
    assert!(new.outcome.score.is_legal());
    assert!(new.changes.cells.is_empty(), "{:?}", new.changes);
}

/// One worker, two days with one duty each.
fn tiny(edit: impl FnOnce(&mut ProblemBuilder, WorkerId)) -> Problem {
    let mut builder = Problem::builder();
    let off = builder.activity("off");
    let duty = builder.activity("duty");
    for day in 0..2 {
        let period = builder.period(format!("day {day}"), Span::new(day * 1440, day * 1440 + 1440));
        builder.offer(period, off, None);
        builder.offer(period, duty, Some(Shift::new(day * 1440 + 480, day * 1440 + 960)));
    }
    let worker = builder.worker("Ada");
    edit(&mut builder, worker);
    builder.build().unwrap()
}

#[test]
fn a_worker_without_a_legal_line_is_named() {
    let problem = tiny(|builder, worker| {
        let duty = vec![ActivityId::new(1)];
        let window = CountWindow { min: 3, ..CountWindow::at_most(0..2, 9) };
        let what = "duties".to_owned();
        builder.rule(worker, Count { what, activities: duty, windows: vec![window], target: None });
    });
    let outcome = run(&problem, Options::default().budget(Budget::work(1000)));
    assert_eq!(outcome.status, Status::Impossible(vec![WorkerId::new(0)]));
    assert!(!outcome.score.is_legal());
}

#[test]
fn pauses_are_exact_to_the_minute() {
    for (short, legal) in [(16 * 60, true), (16 * 60 + 1, false)] {
        let problem = tiny(|builder, worker| {
            builder.rule(worker, Rest { join: 0, short, long_after: 1440, long: 0 });
        });
        let both = vec![vec![ActivityId::new(1); 2]];
        let roster = Roster::from_lines(2, &both).unwrap();
        let score = Analysis::new(&problem, &roster).unwrap().score;
        assert_eq!(score.is_legal(), legal, "{short}");
    }
}

#[test]
fn all_faults_are_named_at_once() {
    let mut builder = Problem::builder();
    let off = builder.activity("off");
    let period = builder.period("monday", Span::new(0, 1440));
    builder.offer(period, off, None);
    builder.offer(period, off, Some(Shift::new(2000, 2100)));
    builder.activity("off");
    let worker = builder.worker("Ada");
    builder.worker("Ada");
    builder.cost(worker, period, off, -1);
    builder.allow(worker, PeriodId::new(7), &[off]);
    builder.forbid(worker, period, off, "on leave");
    builder.demand(Demand { max: 1, ..Demand::at_least("ward", period, [off], 2) });
    let faults = builder.build().unwrap_err().faults;
    let kinds = |fault: &Fault| match fault {
        Fault::OfferedTwice { .. } => 0,
        Fault::Shift { .. } => 1,
        Fault::Cost { .. } => 2,
        Fault::Unknown { .. } => 3,
        Fault::Limits { .. } => 4,
        Fault::SameName { what: "workers", .. } => 5,
        Fault::SameName { what: "activities", .. } => 6,
        _ => 9,
    };
    let mut found: Vec<_> = faults.iter().map(kinds).collect();
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3, 4, 5, 6], "{faults:?}");
}

#[test]
fn what_a_rule_names_is_checked() {
    let faults = |rule: Arc<dyn Rule>| {
        let mut builder = Problem::builder();
        let off = builder.activity("off");
        let period = builder.period("monday", Span::new(0, 1440));
        builder.offer(period, off, None);
        let worker = builder.worker("Ada");
        builder.rule(worker, rule);
        builder.build().map_or_else(|error| error.faults, |_| Vec::new())
    };
    let (off, stranger) = (ActivityId::new(0), ActivityId::new(7));
    let window =
        |when| FreeWindow { span: Span::new(0, 1440), at_least: 0, when: Some(vec![when]) };
    let free = |when| FreeTime { length: 60, windows: vec![window(when)], blocked: Vec::new() };
    assert_eq!(faults(Arc::new(free(off))), []);
    assert!(matches!(faults(Arc::new(free(stranger)))[..], [Fault::Unknown { .. }]));
    let count = |activity, square| Count {
        what: "days".to_owned(),
        activities: vec![activity],
        windows: vec![CountWindow::at_most(0..1, 1)],
        target: Some(Target { count: 1, cost: Penalty::square(square) }),
    };
    assert_eq!(faults(Arc::new(count(off, 2))), []);
    assert!(matches!(faults(Arc::new(count(stranger, 2)))[..], [Fault::Unknown { .. }]));
    assert!(matches!(faults(Arc::new(count(off, -2)))[..], [Fault::Cost { .. }]));
}

#[test]
fn a_penalty_is_refused_when_it_is_negative_or_too_large() {
    let faults = |wanted, under: Option<Penalty>, over: Option<Penalty>, excess| {
        let mut builder = Problem::builder();
        let [off, day, late] = ["off", "day", "late"].map(|name| builder.activity(name));
        let period = builder.period("monday", Span::new(0, 1440));
        for activity in [off, day, late] {
            builder.offer(period, activity, None);
        }
        (0..40).for_each(|number| _ = builder.worker(format!("w{number}")));
        builder.demand(Demand {
            wanted,
            under_cost: under.unwrap_or_default(),
            over_cost: over.unwrap_or_default(),
            ..Demand::at_least("ward", period, [off], 0)
        });
        builder.ratio(Ratio {
            name: "supervision".into(),
            period,
            supervised: vec![day],
            supervisors: vec![late],
            per_supervisor: 1,
            excess_cost: excess,
        });
        let faults = builder.build().map_or_else(|error| error.faults, |_| Vec::new());
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let (cheap, billion) = (Penalty { linear: 1, square: 1 }, 1_000_000_000);
    assert_eq!(faults(8, Some(cheap), Some(cheap), Some(cheap)), "");
    assert_eq!(faults(1000, Some(Penalty::linear(billion)), None, None), "");
    assert_eq!(faults(0, Some(Penalty::square(billion)), None, None), "");
    let says = |text: String, start: &str| assert!(text.starts_with(start), "{text}");
    let [short, exceeded] = ["short", "exceeded"].map(|how| format!("demand ward, when {how},"));
    let negative = Penalty { linear: 5, square: -1 };
    says(faults(8, Some(negative), None, None), &format!("{short} has cost -1;"));
    says(faults(8, None, Some(negative), None), &format!("{exceeded} has cost -1;"));
    says(faults(8, None, None, Some(negative)), "ratio supervision, when exceeded, has cost -1;");
    let steep = Some(Penalty::square(20_000_000));
    let far = |distance: u32, cost| format!("would cost {cost} at a distance of {distance};");
    says(faults(30, steep, None, None), &format!("{short} {}", far(30, 18_000_000_000_i64)));
    says(faults(10, None, steep, None), &format!("{exceeded} {}", far(30, 18_000_000_000_i64)));
    let text = format!("ratio supervision, when exceeded, {}", far(40, 32_000_000_000_i64));
    says(faults(8, None, None, steep), &text);
    let most = Some(Penalty::linear(billion));
    says(faults(1001, most, None, None), &format!("{short} {}", far(1001, 1_001_000_000_000_i64)));
    let far = far(u32::MAX, i64::MAX);
    says(faults(u32::MAX, steep, None, None), &format!("{short} {far}"));
}

#[test]
fn an_empty_domain_lists_what_emptied_it() {
    let mut builder = Problem::builder();
    let off = builder.activity("off");
    let period = builder.period("monday", Span::new(0, 1440));
    builder.offer(period, off, None);
    let worker = builder.worker("Ada");
    builder.forbid(worker, period, off, "must work");
    let error = builder.build().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("Ada") && text.contains("monday") && text.contains("off: must work"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the search adds up step by step is what the checker finds from scratch. A roster whose
    /// search score were wrong could not be proved best with the checker's score equal to the bound.
    #[test]
    fn work_limits_and_teams_of_any_kind_never_break_the_score(seed: u64, workers in 1..5usize) {
        let problem = Maker::new(seed, 6).team(workers, 2);
        let mut told = None;
        let options = Options::default().budget(Budget::work(3_000)).threads(1).seed(seed);
        let hint = any_cells(&problem, seed);
        let outcome = Solver::new(options).solve_from(&problem, &hint, |progress| {
            told = Some((progress.hard, progress.value));
            ControlFlow::Continue(())
        });
        if let Some((hard, value)) = told {
            prop_assert_eq!(hard, outcome.score.hard);
            prop_assert_eq!(value, outcome.score.is_legal().then_some(outcome.score.soft));
        }
    }
}
