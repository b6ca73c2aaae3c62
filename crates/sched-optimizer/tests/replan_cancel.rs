//! A cancel ends a re-plan in every phase, and what is returned then is no worse than what there was.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "../examples/residency/programme.rs"]
mod programme;

use std::ops::ControlFlow;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use programme::Size;
use sched_optimizer::{
    ActivityId, Analysis, Budget, CancelToken, Options, PeriodId, Problem, ProblemBuilder,
    ReplanOptions, Roster, Score, Solver, Status, Until, WorkerId, replan, trade_offs,
};

/// Far below what a phase takes that does not look at the flag.
const SOON: Duration = Duration::from_millis(500);

/// The same where line programmes of `problem` may be under way. All of them are prepared once: on a
/// busy machine that takes longer, and so does each.
fn soon(problem: &Problem, old: &Roster) -> Duration {
    let options = ReplanOptions::default().options(Options::default().budget(Budget::work(0)));
    SOON + replan(problem, old, &options).outcome.stats.prepared / 2
}

fn small() -> Size {
    Size { residents: 18, faculty: 8, days: 14, load: 80, seed: 3 }
}

fn large() -> Size {
    Size { residents: 60, faculty: 26, days: 28, load: 85, seed: 3 }
}

/// The second resident is ill in so many periods of the second week.
fn ill(periods: usize) -> impl FnOnce(&mut ProblemBuilder) {
    move |builder| {
        for period in (21..21 + periods).map(PeriodId::new) {
            builder.fix(WorkerId::new(1), period, ActivityId::new(0), "ill");
        }
    }
}

fn legal(problem: &Problem) -> Roster {
    let options = Options::default().budget(Budget::seconds(60.0)).until(Until::Legal);
    let outcome = Solver::new(options).solve(problem, |_| ControlFlow::Continue(()));
    assert!(outcome.score.is_legal());
    outcome.roster
}

fn score(problem: &Problem, roster: &Roster) -> Score {
    Analysis::new(problem, roster).unwrap().score
}

/// How long `work` goes on after a cancel that comes `after` so long; nothing when it ends by itself.
fn delay(cancel: &CancelToken, after: Duration, work: impl FnOnce() + Send) -> Duration {
    std::thread::scope(|scope| {
        let (done, ended) = mpsc::channel();
        scope.spawn(move || {
            work();
            // The test may have given up.
            _ = done.send(());
        });
        if ended.recv_timeout(after).is_ok() {
            return Duration::ZERO;
        }
        cancel.cancel();
        let asked = Instant::now();
        ended.recv().unwrap();
        asked.elapsed()
    })
}

fn cancelled() -> Options {
    let cancel = CancelToken::default();
    cancel.cancel();
    Options::default().budget(Budget::default()).cancel(cancel)
}

#[test]
fn a_curve_of_many_people_is_cancelled_at_any_moment() {
    let problem = programme::build(large()).unwrap();
    // A roster that is not legal gives all phases something to do.
    let old = Solver::new(cancelled()).solve(&problem, |_| ControlFlow::Continue(())).roster;
    let changed = programme::build_with(large(), ill(15)).unwrap();
    let soon = soon(&changed, &old);
    for after in [0, 30, 200, 1000, 3000] {
        let cancel = CancelToken::default();
        let search = Options::default().budget(Budget::seconds(120.0)).cancel(cancel.clone());
        let options = ReplanOptions::default().options(search);
        let took = delay(&cancel, Duration::from_millis(after), || {
            assert!(!trade_offs(&changed, &old, &options).is_empty());
        });
        assert!(took < soon, "after {after} ms: {took:?}");
    }
}

#[test]
fn every_point_of_a_curve_is_cancelled() {
    let problem = programme::build(small()).unwrap();
    let old = legal(&problem);
    let changed = programme::build_with(small(), ill(6)).unwrap();
    let soon = soon(&changed, &old);
    for after in [100, 600, 1500, 2500] {
        let cancel = CancelToken::default();
        let search = Options::default().budget(Budget::seconds(3.0)).cancel(cancel.clone());
        let options = ReplanOptions::default().options(search);
        let took = delay(&cancel, Duration::from_millis(after), || {
            assert!(!trade_offs(&changed, &old, &options).is_empty());
        });
        assert!(took < soon, "after {after} ms: {took:?}");
    }
}

#[test]
fn a_replan_and_a_solve_of_many_people_are_cancelled_while_they_prepare() {
    let problem = programme::build(large()).unwrap();
    let old = Solver::new(cancelled()).solve(&problem, |_| ControlFlow::Continue(())).roster;
    let started = Instant::now();
    _ = replan(&problem, &old, &ReplanOptions::default().options(cancelled()));
    Solver::new(cancelled()).solve_from(&problem, &old, |_| ControlFlow::Continue(()));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn a_cancel_before_the_start_keeps_what_is_possible_of_the_old_roster() {
    let problem = programme::build(small()).unwrap();
    let old = legal(&problem);
    let same = replan(&problem, &old, &ReplanOptions::default().options(cancelled()));
    assert_eq!((same.outcome.roster, same.changes.cells.len()), (old.clone(), 0));
    assert_eq!(same.outcome.status, Status::Legal);

    // Ill on a day on which the old roster has something to do: nobody stands in yet.
    let changed = programme::build_with(small(), ill(6)).unwrap();
    let curve = trade_offs(&changed, &old, &ReplanOptions::default().options(cancelled()));
    let [only] = &curve[..] else { panic!("{curve:?}") };
    assert_eq!(only.outcome.score, score(&changed, &only.outcome.roster));
    let differing: Vec<_> = only.outcome.roster.differences(&old).collect();
    assert_eq!(only.changes.cells, differing);
    assert_eq!(only.changes.forced, differing.len(), "only what had to change");
    assert!(differing.iter().all(|&(worker, _)| worker == WorkerId::new(1)));
}

#[test]
fn a_legal_hint_is_never_made_worse_by_a_cancel_at_any_event() {
    let problem = programme::build(small()).unwrap();
    let old = legal(&problem);
    let before = score(&problem, &old);
    for at in [0, 1, 2, 5, 30] {
        let cancel = CancelToken::default();
        let search = Options::default().budget(Budget::seconds(5.0)).cancel(cancel.clone());
        let mut events = 0;
        if at == 0 {
            cancel.cancel();
        }
        let outcome = Solver::new(search).solve_from(&problem, &old, |_| {
            events += 1;
            if events == at {
                cancel.cancel();
            }
            ControlFlow::Continue(())
        });
        assert!(outcome.score <= before, "at {at}: {:?} {before:?}", outcome.score);
        assert_eq!(outcome.score, score(&problem, &outcome.roster));
    }
}
