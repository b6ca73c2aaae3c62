//! Re-planning: few changes, near changes dearer, other workers, and what more changes save.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "../examples/residency/programme.rs"]
mod programme;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use programme::Size;
use proptest::prelude::*;
use sched_optimizer::rules::{Count, CountWindow, Succession};
use sched_optimizer::{
    ActivityId, Analysis, Budget, CancelToken, Demand, Nearness, Options, PeriodId, Problem,
    ProblemBuilder, ReplanOptions, Replanned, Roster, Rule, Shift, Solver, Span, Status, Until,
    WorkerId, replan, trade_offs,
};

const DAY: i32 = 1440;

fn off() -> ActivityId {
    ActivityId::new(0)
}

fn duty() -> ActivityId {
    ActivityId::new(1)
}

/// A team with one duty a day, and what else `edit` says.
fn team(names: &[&str], days: usize, edit: impl FnOnce(&mut ProblemBuilder)) -> Problem {
    team_for(names, &vec![1; days], edit)
}

/// A team with just as many duties on each day as `needed` says.
fn team_for(names: &[&str], needed: &[u32], edit: impl FnOnce(&mut ProblemBuilder)) -> Problem {
    let mut builder = Problem::builder();
    builder.activity("off");
    builder.activity("duty");
    for (day, &count) in needed.iter().enumerate() {
        let start = i32::try_from(day).unwrap() * DAY;
        let period = builder.period(format!("day {day}"), Span::new(start, start + DAY));
        builder.offer(period, off(), None);
        builder.offer(period, duty(), Some(Shift::new(start + 480, start + 960)));
        builder.demand(Demand { max: count, ..Demand::at_least("duty", period, [duty()], count) });
    }
    names.iter().for_each(|name| _ = builder.worker(*name));
    edit(&mut builder);
    builder.build().unwrap()
}

/// Worker `who[day]` has the duty of the day.
fn roster(workers: usize, who: &[usize]) -> Roster {
    let cell = |worker, &on: &usize| if on == worker { duty() } else { off() };
    let line = |worker| who.iter().map(|on| cell(worker, on)).collect();
    Roster::from_lines(who.len(), &(0..workers).map(line).collect::<Vec<_>>()).unwrap()
}

fn worked(new: &Replanned, worker: usize) -> Vec<usize> {
    let line = new.outcome.roster.line(WorkerId::new(worker)).iter().enumerate();
    line.filter(|(_, activity)| **activity == duty()).map(|(day, _)| day).collect()
}

fn with_work(units: u64) -> ReplanOptions {
    ReplanOptions::default().options(Options::default().budget(Budget::work(units)))
}

/// A duty of Ada's costs `price`, one of Ben's on day `d` costs `d`.
fn priced(days: usize, price: i64) -> Problem {
    team(&["Ada", "Ben"], days, |builder| {
        for (day, cost) in (0..days).zip(0..) {
            builder.cost(WorkerId::new(0), PeriodId::new(day), duty(), price);
            builder.cost(WorkerId::new(1), PeriodId::new(day), duty(), cost);
        }
    })
}

fn small() -> Size {
    Size { residents: 18, faculty: 8, days: 14, load: 80, seed: 3 }
}

fn legal(problem: &Problem) -> Roster {
    let options = Options::default().budget(Budget::seconds(20.0)).until(Until::Legal);
    let outcome = Solver::new(options).solve(problem, |_| ControlFlow::Continue(()));
    assert!(outcome.score.is_legal());
    outcome.roster
}

#[test]
fn weights_fall_in_a_line_from_today_to_one() {
    let nearness = Nearness::new(3, 1000);
    let weights = [-500, 0, 1, 499, 500, 501, 999, 1000, 9000].map(|at| nearness.weight(at));
    assert_eq!(weights, [3, 3, 3, 3, 2, 2, 2, 1, 1]);
    assert_eq!([0, 1].map(|at| Nearness::EVEN.weight(at)), [1, 1]);
}

#[test]
fn changes_move_away_from_today() {
    // Ada may have two duties only, and had four: any two of Ben's days are as good.
    let changed = team(&["Ada", "Ben"], 4, |builder| {
        at_most(builder, 4, 2);
        // By costs alone the first two days would go.
        for day in 0..4 {
            let cost = i64::from(day >= 2);
            builder.cost(WorkerId::new(1), PeriodId::new(day), duty(), cost);
        }
    });
    let old = roster(2, &[0; 4]);
    let nearness = |nearness| with_work(20_000).change_cost(2).nearness(nearness);
    let far = replan(&changed, &old, &nearness(Nearness::new(4, 3 * 1440)));
    assert_eq!((worked(&far, 0), worked(&far, 1)), (vec![0, 1], vec![2, 3]));
    assert_eq!(far.changes.weight, 2 * (2 + 1));
    let even = replan(&changed, &old, &nearness(Nearness::EVEN));
    assert_eq!((worked(&even, 1), even.changes.weight), (vec![0, 1], 4));
}

/// Ada may have so many duties in all.
fn at_most(builder: &mut ProblemBuilder, days: usize, most: u32) {
    use sched_optimizer::rules::{Count, CountWindow};
    let (what, windows) = ("duties".to_owned(), vec![CountWindow::at_most(0..days, most)]);
    let count = Count { what, activities: vec![duty()], windows, target: None };
    builder.rule(WorkerId::new(0), count);
}

#[test]
fn today_is_the_first_day_that_is_not_frozen() {
    let changed = team(&["Ada", "Ben"], 6, |builder| at_most(builder, 6, 4));
    let nearness = Nearness::new(4, 3 * 1440);
    let options = with_work(20_000).frozen_until(PeriodId::new(2)).nearness(nearness);
    let new = replan(&changed, &roster(2, &[0; 6]), &options);
    assert_eq!((worked(&new, 1), new.changes.weight), (vec![4, 5], 2 * (2 + 1)));
}

#[test]
fn a_changed_demand_or_capacity_changes_as_little_as_it_must() {
    // One more is wanted on one day, and there is room for one less on another.
    let changed = team_for(&["Ada", "Ben"], &[1, 2, 0, 1], |_| ());
    let new = replan(&changed, &roster(2, &[0, 1, 0, 1]), &with_work(20_000));
    assert_eq!([worked(&new, 0), worked(&new, 1)], [vec![0, 1], vec![1, 3]]);
    assert_eq!(new.changes.cells, [1, 2].map(|day| (WorkerId::new(0), PeriodId::new(day))));
}

#[test]
fn a_frozen_cell_that_is_forbidden_changes_and_the_past_beside_it_does_not() {
    let changed = team(&["Ada", "Ben"], 4, |builder| {
        builder.forbid(WorkerId::new(0), PeriodId::new(1), duty(), "was ill");
        // Without the freeze all of them would be Ben's.
        (0..4).for_each(|day| _ = builder.cost(WorkerId::new(0), PeriodId::new(day), duty(), 99));
    });
    let free = [Some(WorkerId::new(0)), None];
    let options = with_work(20_000).frozen_until(PeriodId::new(3)).change_cost(0).workers(free);
    let new = replan(&changed, &roster(2, &[0; 4]), &options);
    assert_eq!((worked(&new, 0), new.changes.forced), (vec![0, 2], 1));
    assert!(new.outcome.score.is_legal());
}

#[test]
fn a_swap_that_is_asked_for_is_made_and_nothing_else_changes() {
    let [ada, ben] = [0, 1].map(WorkerId::new);
    let [first, third] = [0, 2].map(PeriodId::new);
    let changed = team(&["Ada", "Ben"], 6, |builder| {
        builder.fix(ada, first, off(), "swapped").fix(ben, first, duty(), "swapped");
        builder.forbid(ben, third, duty(), "will not swap");
    });
    let new = replan(&changed, &roster(2, &[0, 1, 0, 1, 0, 1]), &with_work(20_000));
    assert_eq!(new.changes.cells, [(ada, first), (ben, first)]);
    assert_eq!((new.changes.forced, new.changes.workers), (2, vec![ada, ben]));
}

#[test]
fn who_left_is_replaced_and_the_others_keep_their_lines_under_new_ids() {
    let before = team(&["Ada", "Ben", "Cyd"], 6, |_| ());
    let old = roster(3, &[0, 1, 2, 0, 1, 2]);
    let after = team(&["Cyd", "Dan", "Ben"], 6, |_| ());
    let options = with_work(20_000).workers_by_name(&before, &after);
    assert_eq!(options.workers, Some(vec![None, Some(WorkerId::new(2)), Some(WorkerId::new(0))]));
    let new = replan(&after, &old, &options);
    assert!(new.outcome.score.is_legal());
    assert_eq!([0, 1, 2].map(|worker| worked(&new, worker)), [vec![2, 5], vec![0, 3], vec![1, 4]]);
    assert_eq!(new.changes.cells, [], "a new worker has nothing to change");
}

#[test]
fn whoever_has_no_line_any_more_keeps_the_old_one() {
    let window = CountWindow::at_most(0..4, 1);
    let what = "duties".to_owned();
    let once = Count { what, activities: vec![duty()], windows: vec![window], target: None };
    let never_twice = Succession { forbidden: vec![(duty(), duty())], history: None };
    let rules: [Arc<dyn Rule>; 2] = [Arc::new(once), Arc::new(never_twice)];
    for rule in rules {
        let changed = team(&["Ada", "Ben"], 4, |builder| _ = builder.rule(WorkerId::new(0), rule));
        let options = with_work(20_000).frozen_until(PeriodId::new(2));
        let new = replan(&changed, &roster(2, &[0, 0, 1, 0]), &options);
        assert_eq!(new.outcome.status, Status::Impossible(vec![WorkerId::new(0)]));
        assert_eq!(worked(&new, 0), [0, 1, 3]);
        assert_eq!(worked(&new, 1), [2]);
    }
}

#[test]
fn frozen_cells_stay_on_the_whole_curve_and_bind_nobody_new() {
    let changed = priced(8, 9);
    let old = roster(1, &[0; 8]);
    let options = with_work(200_000).frozen_until(PeriodId::new(3));
    let curve = trade_offs(&changed, &old, &options.workers([Some(WorkerId::new(0))]));
    assert!(curve.len() > 1);
    for point in &curve {
        assert!(worked(point, 0).starts_with(&[0, 1, 2]), "{point:?}");
        assert!(point.outcome.score.is_legal());
    }
    let free = trade_offs(&changed, &old, &with_work(200_000).workers([None]));
    assert_eq!(free.last().map(|point| point.outcome.score.soft), Some((0..8).sum()));
}

/// The properties of every curve.
fn assert_curve(problem: &Problem, old: &Roster, curve: &[Replanned]) {
    for point in curve {
        let judged = Analysis::new(problem, &point.outcome.roster).unwrap();
        assert_eq!(judged.score, point.outcome.score);
        let status = &point.outcome.status;
        let claims_legal = matches!(status, Status::Legal | Status::Optimal);
        assert_eq!(claims_legal, judged.score.is_legal(), "{status:?}");
        let differing: Vec<_> = point.outcome.roster.differences(old).collect();
        assert_eq!(point.changes.cells, differing);
    }
    assert!(curve.len() == 1 || curve.iter().all(|point| point.outcome.score.is_legal()));
    for pair in curve.windows(2) {
        let (near, far) = (&pair[0], &pair[1]);
        assert!(near.changes.weight < far.changes.weight, "{curve:#?}");
        assert!(near.outcome.score > far.outcome.score, "{curve:#?}");
    }
}

#[test]
fn a_curve_goes_from_no_change_to_the_cheapest_roster() {
    // Each of Ben's days is worth another price: a roster for every number of changes.
    let problem = priced(12, 12);
    let old = roster(2, &[0; 12]);
    let curve = trade_offs(&problem, &old, &with_work(1_000_000).nearness(Nearness::EVEN));
    assert_curve(&problem, &old, &curve);
    assert!(curve.len() >= 7, "{}", curve.len());
    // What a handful of changes saves is found, however large the gap to the cheapest roster is.
    let few = curve.iter().filter(|point| (6..=10).contains(&point.changes.cells.len()));
    let (nearest, least) = (&curve[0].outcome.score, few.map(|point| point.outcome.score).min());
    assert!(least.is_some_and(|least| least.soft * 20 < nearest.soft * 19), "{least:?}");
    assert_eq!(curve[0].changes.cells, []);
    let cheapest = curve.last().unwrap();
    assert_eq!(cheapest.outcome.score.soft, (0..12).sum::<i64>());
    assert_eq!(cheapest.outcome.status, Status::Legal, "no bound is claimed");
}

#[test]
fn a_curve_has_one_point_where_nothing_is_to_be_saved() {
    let problem = priced(6, 0);
    let curve = trade_offs(&problem, &roster(2, &[0; 6]), &with_work(200_000));
    let changes: Vec<_> = curve.iter().map(|point| point.changes.cells.len()).collect();
    assert_eq!(changes, [0]);
}

#[test]
fn a_curve_without_a_legal_roster_is_one_point_that_says_so() {
    let changed = team(&["Ada"], 3, |builder| {
        builder.forbid(WorkerId::new(0), PeriodId::new(1), duty(), "ill");
    });
    let old = roster(1, &[0; 3]);
    let curve = trade_offs(&changed, &old, &with_work(10_000));
    assert_curve(&changed, &old, &curve);
    let status: Vec<_> = curve.iter().map(|point| point.outcome.status.clone()).collect();
    assert_eq!(status, [Status::NotLegal]);
}

/// The second resident is ill for three days.
fn absence() -> Problem {
    let changed = programme::build_with(small(), |builder| {
        for period in 12..21 {
            builder.fix(WorkerId::new(1), PeriodId::new(period), off(), "ill");
        }
    });
    changed.unwrap()
}

#[test]
fn a_curve_that_is_cut_off_mixes_no_legal_rosters_with_others() {
    let old = legal(&programme::build(small()).unwrap());
    let changed = absence();
    for work in [0, 1_000, 10_000, 100_000, 300_000, 1_000_000] {
        assert_curve(&changed, &old, &trade_offs(&changed, &old, &with_work(work)));
    }
}

#[test]
fn a_residency_absence_has_a_curve() {
    let problem = programme::build(small()).unwrap();
    let old = legal(&problem);
    let changed = absence();
    let frozen = PeriodId::new(9);
    let options = with_work(8_000_000).frozen_until(frozen);
    let curve = trade_offs(&changed, &old, &options);
    assert_curve(&changed, &old, &curve);
    assert!(curve.len() >= 7, "{}", curve.len());
    // What a handful of changes saves is found, however large the gap to the cheapest roster is.
    let few = curve.iter().filter(|point| (6..=10).contains(&point.changes.cells.len()));
    let (nearest, least) = (&curve[0].outcome.score, few.map(|point| point.outcome.score).min());
    assert!(least.is_some_and(|least| least.soft * 20 < nearest.soft * 19), "{least:?}");
    let changes = curve.iter().flat_map(|point| &point.changes.cells);
    assert!(changes.clone().all(|&(_, period)| period >= frozen));
}

#[test]
fn a_curve_is_the_same_on_any_number_of_threads() {
    let old = legal(&programme::build(small()).unwrap());
    let changed = absence();
    let curve = |threads| {
        let options = Options::default().budget(Budget::work(1_000_000)).threads(threads);
        let curve = trade_offs(&changed, &old, &ReplanOptions::default().options(options));
        curve.into_iter().map(|point| point.outcome.roster).collect::<Vec<_>>()
    };
    let alone = curve(1);
    assert!(alone.len() > 2);
    assert!([2, 8].iter().all(|&threads| curve(threads) == alone));
}

#[test]
fn a_legal_roster_is_never_made_worse_whatever_the_cut_off() {
    let problem = programme::build(small()).unwrap();
    let old = legal(&problem);
    let before = Analysis::new(&problem, &old).unwrap().score;
    let times = [0.0, 0.001, 0.005, 0.02, 0.1].map(Budget::seconds);
    let work = [0, 1, 1_000, 100_000].map(Budget::work);
    for budget in times.into_iter().chain(work) {
        for until in [Until::Legal, Until::Exhausted] {
            let search = Options::default().budget(budget).until(until);
            let options = ReplanOptions::default().change_cost(1).options(search);
            let new = replan(&problem, &old, &options);
            assert!(new.outcome.score <= before, "{budget:?}, {:?}", new.outcome.score);
        }
        let search = Options::default().budget(budget);
        let curve = trade_offs(&problem, &old, &ReplanOptions::default().options(search));
        assert!(curve.iter().all(|point| point.outcome.score <= before), "{budget:?}");
        assert_curve(&problem, &old, &curve);
    }
}

#[test]
fn a_curve_is_cancelled_from_elsewhere() {
    let problem = programme::build(small()).unwrap();
    let old = legal(&problem);
    let cancel = CancelToken::default();
    let search = Options::default().budget(Budget::seconds(120.0)).cancel(cancel.clone());
    let options = ReplanOptions::default().options(search);
    let (send, prepared) = std::sync::mpsc::channel();
    let (asked, ended) = std::thread::scope(|scope| {
        let curve = scope.spawn(|| {
            send.send(()).unwrap();
            let curve = trade_offs(&problem, &old, &options);
            (curve.len(), Instant::now())
        });
        prepared.recv().unwrap();
        cancel.cancel();
        let asked = Instant::now();
        let (points, ended) = curve.join().unwrap();
        assert!(points > 0);
        (asked, ended)
    });
    // Line programmes are always prepared; with them it stays far below the budget.
    assert!(ended - asked < Duration::from_secs(20), "{:?}", ended - asked);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn curves_of_any_prices_are_monotone(costs in proptest::collection::vec(0..50_i64, 18), seed: u64) {
        let problem = team(&["Ada", "Ben", "Cyd"], 6, |builder| {
            for (at, cost) in costs.iter().enumerate() {
                let (worker, period) = (WorkerId::new(at / 6), PeriodId::new(at % 6));
                builder.cost(worker, period, duty(), *cost);
            }
        });
        let old = roster(3, &[0, 1, 2, 0, 1, 2]);
        let options = Options::default().budget(Budget::work(60_000)).seed(seed).threads(1);
        let curve = trade_offs(&problem, &old, &ReplanOptions::default().options(options));
        assert_curve(&problem, &old, &curve);
        let best: i64 = (0..6).map(|day| (0..3).map(|w| costs[w * 6 + day]).min().unwrap()).sum();
        prop_assert_eq!(curve.last().unwrap().outcome.score.soft, best);
    }
}
