//! What a store of solutions gives back: the same problem's solution, or else a start from the nearest.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use problems::Maker;
use sched_optimizer::rules::Rest;
use sched_optimizer::{
    ActivityId, Analysis, Budget, Demand, Fingerprint, LruSolutions, Options, Penalty, PeriodId,
    Prices, Problem, ProblemBuilder, Roster, Score, Shift, Sketch, Solution, SolutionStore, Solver,
    Span, Start, WorkerId, warm_start,
};

const DAYS: usize = 4;

/// One of `names` on duty each day, with a night's rest.
fn ward(activities: [&str; 2], names: &[&str], edit: impl FnOnce(&mut ProblemBuilder)) -> Problem {
    let mut builder = Problem::builder();
    let ids = activities.map(|name| builder.activity(name));
    let [off, duty] = ["off", "duty"].map(|name| activities.iter().position(|a| *a == name));
    let (off, duty) = (ids[off.unwrap()], ids[duty.unwrap()]);
    for day in 0..4 {
        let start = day * 1440;
        let period = builder.period(format!("day {day}"), Span::new(start, start + 1440));
        builder.offer(period, off, None);
        builder.offer(period, duty, Some(Shift::new(start + 480, start + 1400)));
        builder.demand(Demand { max: 2, ..Demand::at_least("ward", period, [duty], 1) });
    }
    for name in names {
        let worker = builder.worker(*name);
        builder.rule(worker, Rest { join: 0, short: 660, long_after: 900, long: 1000 });
    }
    edit(&mut builder);
    builder.build().unwrap()
}

const OFF_FIRST: [&str; 2] = ["off", "duty"];

fn solve(problem: &Problem) -> Solution {
    let solver = Solver::new(Options::default().budget(Budget::work(20_000)));
    let found = solver.solve(problem, |_| ControlFlow::Continue(()));
    assert!(found.score.is_legal());
    Solution::of(problem, &found)
}

fn store(solutions: impl IntoIterator<Item = Solution>) -> LruSolutions {
    let store = LruSolutions::new(NonZeroUsize::new(3).unwrap());
    solutions.into_iter().for_each(|solution| store.put(Arc::new(solution)));
    store
}

fn fixed(worker: usize) -> impl FnOnce(&mut ProblemBuilder) {
    move |builder| {
        builder.fix(WorkerId::new(worker), PeriodId::new(0), ActivityId::new(0), "ill");
    }
}

#[test]
fn an_exact_hit_is_the_same_roster_in_whatever_order_it_is_asked_for() {
    let problem = ward(OFF_FIRST, &["Ada", "Ben", "Cyd"], |_| ());
    let store = store([solve(&problem), solve(&ward(OFF_FIRST, &["Ada", "Ben"], |_| ()))]);
    let other = ward(["duty", "off"], &["Cyd", "Ada", "Ben"], |_| ());
    let start = warm_start(&other, &store).unwrap();
    assert!(start.exact && start.open.is_empty());
    assert_eq!(start.solution.sketch().fingerprint(), Fingerprint::of(&problem));
    assert_eq!(Analysis::new(&other, &start.roster).unwrap().score, start.solution.score());
}

#[test]
fn the_nearest_has_most_workers_in_common() {
    let names = ["Ada", "Ben", "Cyd"];
    let (near, far) = (
        ward(OFF_FIRST, &names, fixed(0)),
        ward(OFF_FIRST, &names, |builder| {
            fixed(0)(builder);
            fixed(1)(builder);
        }),
    );
    let asked = ward(OFF_FIRST, &names, |_| ());
    let likeness = |other| Sketch::of(&asked).likeness(&Sketch::of(other)).unwrap();
    assert_eq!((likeness(&near).same, likeness(&near).known), (2, 3));
    assert_eq!((likeness(&far).same, likeness(&far).known), (1, 3));
    for solutions in [[solve(&near), solve(&far)], [solve(&far), solve(&near)]] {
        let start = warm_start(&asked, &store(solutions)).unwrap();
        assert!(!start.exact);
        assert_eq!(start.solution.sketch().fingerprint(), Fingerprint::of(&near));
    }
}

#[test]
fn of_several_as_near_the_one_used_last_is_taken() {
    let names = ["Ada", "Ben", "Cyd"];
    let [first, second] = [0, 1].map(|ill| ward(OFF_FIRST, &names, fixed(ill)));
    let store = store([solve(&first), solve(&second)]);
    let asked = ward(OFF_FIRST, &names, |_| ());
    let nearest = || warm_start(&asked, &store).unwrap().solution.sketch().fingerprint();
    assert_eq!(nearest(), Fingerprint::of(&second));
    store.get(&Fingerprint::of(&first)).unwrap();
    assert_eq!(nearest(), Fingerprint::of(&first));
}

#[test]
fn a_partial_start_keeps_what_is_still_possible_and_is_completed() {
    let problem = ward(OFF_FIRST, &["Ada", "Ben"], |_| ());
    let [off, duty] = [0, 1].map(ActivityId::new);
    let lines = [vec![off, duty, off, duty], vec![duty, off, duty, off]];
    let roster = Roster::from_lines(DAYS, &lines).unwrap();
    let store = store([Solution::new(&problem, roster, Score::default(), 0)]);

    // Cyd is new, Dan too, and Ada is ill on a day on which she was on duty.
    let changed = ward(OFF_FIRST, &["Cyd", "Ben", "Ada", "Dan"], |builder| {
        builder.fix(WorkerId::new(2), PeriodId::new(3), off, "ill");
    });
    let start = warm_start(&changed, &store).unwrap();
    let open = |worker| (0..DAYS).map(move |day| (WorkerId::new(worker), PeriodId::new(day)));
    let mut expected = vec![(WorkerId::new(2), PeriodId::new(3))];
    expected.extend(open(0).chain(open(3)));
    expected.sort_unstable();
    assert_eq!(start.open, expected);
    assert_eq!(start.roster.line(WorkerId::new(1)), lines[1]);
    assert_eq!(start.roster.line(WorkerId::new(2))[..3], lines[0][..3]);

    let solver = Solver::new(Options::default().budget(Budget::work(20_000)));
    let found = solver.solve_from(&changed, &start.roster, |_| ControlFlow::Continue(()));
    assert!(found.score.is_legal());
}

#[test]
fn other_periods_or_other_people_are_no_start() {
    let store = store([solve(&ward(OFF_FIRST, &["Ada", "Ben"], |_| ()))]);
    assert!(warm_start(&ward(OFF_FIRST, &["Cyd", "Dan"], |_| ()), &store).is_none());
    let longer = ward(OFF_FIRST, &["Ada", "Ben"], |builder| {
        let period = builder.period("day 4", Span::new(5760, 7200));
        builder.offer(period, ActivityId::new(0), None);
    });
    assert!(warm_start(&longer, &store).is_none());
}

/// The bound after one step of the climb.
fn bound_at_once<'s>(problem: &Problem, start: impl Into<Start<'s>>) -> i64 {
    let start = start.into();
    let solve = |work| {
        let solver = Solver::new(Options::default().budget(Budget::work(work)));
        solver.solve_from(problem, start, |_| ControlFlow::Continue(()))
    };
    // The climb begins when the start is taken in.
    solve(solve(0).stats.work + 1).bound
}

#[test]
fn remembered_prices_give_the_bound_at_once_in_whatever_order_they_are_asked_for() {
    let costly = |activities: [&str; 2], names: &[&str], days: [usize; DAYS]| {
        ward(activities, names, |builder| {
            let duty = activities.iter().position(|name| *name == "duty").unwrap();
            for day in days {
                let period = PeriodId::new(day);
                let spare = Demand::at_least("spare", period, [ActivityId::new(duty)], 0);
                let short = Penalty::linear(10 + 25 * i64::try_from(day).unwrap());
                builder.demand(Demand { wanted: 2, under_cost: short, ..spare });
            }
            for (worker, name) in names.iter().enumerate() {
                let cost =
                    name.bytes().next().map_or(0, |letter| i64::from(letter - b'A') * 7 + 40);
                for day in 0..DAYS {
                    let (worker, day) = (WorkerId::new(worker), PeriodId::new(day));
                    builder.cost(worker, day, ActivityId::new(duty), cost);
                }
            }
        })
    };
    let problem = costly(OFF_FIRST, &["Ada", "Ben", "Cyd"], [0, 1, 2, 3]);
    let solution = solve(&problem);
    let bound = solution.bound();
    let store = store([solution]);
    for other in [
        costly(OFF_FIRST, &["Ada", "Ben", "Cyd"], [0, 1, 2, 3]),
        costly(["duty", "off"], &["Cyd", "Ada", "Ben"], [3, 1, 0, 2]),
        // Whom nobody knows is no help: the bound stays.
        costly(["duty", "off"], &["Zoe", "Cyd", "Ada", "Ben"], [3, 2, 1, 0]),
    ] {
        let start = warm_start(&other, &store).unwrap();
        assert!(
            bound_at_once(&other, &start.roster) < bound,
            "prices of nothing need more than a step"
        );
        assert_eq!(bound_at_once(&other, &start), bound);
    }
}

#[test]
fn no_prices_whatever_make_the_bound_wrong() {
    let problem = ward(OFF_FIRST, &["Ada", "Ben"], |_| ());
    let start = warm_start(&problem, &store([solve(&problem)])).unwrap();
    let longest = Maker::new(5, 20).team(9, 4);
    let found = Solver::new(Options::default().budget(Budget::work(20_000)));
    let prices = found.solve(&longest, |_| ControlFlow::Continue(())).prices;
    for prices in [&prices, &Prices::default()] {
        let bound = bound_at_once(&problem, Start::from(&start.roster).prices(prices));
        assert!((0..=start.solution.score().soft).contains(&bound));
    }
}

/// A store that cannot look around, and may answer with anything.
struct Wrong(Arc<Solution>);

impl SolutionStore for Wrong {
    fn get(&self, _key: &Fingerprint) -> Option<Arc<Solution>> {
        Some(Arc::clone(&self.0))
    }

    fn put(&self, _solution: Arc<Solution>) {}
}

#[test]
fn another_problems_solution_under_the_fingerprint_is_not_called_exact() {
    let store = Wrong(Arc::new(solve(&ward(OFF_FIRST, &["Ada", "Ben"], fixed(0)))));
    let start = warm_start(&ward(OFF_FIRST, &["Ada", "Ben"], |_| ()), &store).unwrap();
    assert!(!start.exact && start.open.is_empty());
    assert!(warm_start(&ward(OFF_FIRST, &["Cyd"], |_| ()), &store).is_none());
}
