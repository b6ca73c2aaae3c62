//! Re-planning: what more changes save, and what fewer people cost.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "../examples/residency/programme.rs"]
mod programme;
#[path = "support/team.rs"]
mod team;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use programme::Size;
use proptest::prelude::*;
use sched_optimizer::rules::Succession;
use sched_optimizer::{
    ActivityId, Analysis, Budget, CancelToken, Nearness, Options, PeriodId, Problem,
    ProblemBuilder, ReplanOptions, Replanned, Roster, Solver, Standing, Status, Triple, Until,
    WorkerId, replan, trade_offs,
};
use team::{duty, off, priced, roster, team, team_for, with_work};

fn small() -> Size {
    Size { residents: 18, faculty: 8, days: 14, load: 80, seed: 3 }
}

fn legal(problem: &Problem) -> Roster {
    let options = Options::default().budget(Budget::seconds(20.0)).until(Until::Legal);
    let outcome = Solver::new(options).solve(problem, |_| ControlFlow::Continue(()));
    assert!(outcome.score.is_legal());
    outcome.roster
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
        assert_none_changed_for_nothing(problem, old, point);
    }
    assert!(curve.len() == 1 || curve.iter().all(|point| point.outcome.score.is_legal()));
    let size = |point: &Replanned| (point.changes.weight, point.changes.workers.len());
    assert!(curve.is_sorted_by_key(size), "{curve:#?}");
    for (at, point) in curve.iter().enumerate() {
        let others = curve.iter().enumerate().filter(|(other, _)| *other != at);
        let as_good = |(_, other): &(usize, &Replanned)| {
            let ((weight, people), (most, too)) = (size(other), size(point));
            weight <= most && people <= too && other.outcome.score <= point.outcome.score
        };
        assert!(!others.clone().any(|other| as_good(&other)), "{curve:#?}");
    }
}

/// Nobody's old line would have done as well.
fn assert_none_changed_for_nothing(problem: &Problem, old: &Roster, point: &Replanned) {
    let standing = Standing::new(problem, point.outcome.roster.clone()).unwrap();
    for own in point.changes.cells.chunk_by(|a, b| a.0 == b.0) {
        let back = own.iter().map(|&(worker, period)| {
            let activity = old.get(worker, period).unwrap();
            Triple { worker, period, activity }
        });
        let effect = standing.what_if(&back.collect::<Vec<_>>()).unwrap();
        assert!(!effect.is_legal() || effect.score > point.outcome.score, "{own:?}");
    }
}

/// The point with the least score.
fn cheapest(curve: &[Replanned]) -> &Replanned {
    curve.iter().min_by_key(|point| point.outcome.score).unwrap()
}

/// People and cost of each point.
fn people_and_costs(curve: &[Replanned]) -> Vec<(usize, i64)> {
    let pair = |point: &Replanned| (point.changes.workers.len(), point.outcome.score.soft);
    curve.iter().map(pair).collect()
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
    let cheapest = cheapest(&curve);
    assert_eq!(cheapest.outcome.score.soft, (0..12).sum::<i64>());
    assert_eq!(cheapest.outcome.status, Status::Legal, "no bound is claimed");
}

/// Six people, of whom Ada is too dear on each of eight days and four others are cheap on some: `own`
/// says who. The last costs a little on all other days.
fn stand_ins(own: [usize; 8], edit: impl FnOnce(&mut ProblemBuilder)) -> Problem {
    let names = ["Ada", "Ben", "Cyd", "Dan", "Eve", "Fay"];
    team(&names, 8, |builder| {
        for (worker, day) in (0..6).flat_map(|worker| (0..8).map(move |day| (worker, day))) {
            let cost = match worker {
                0 => 20,
                _ if own[day] == worker => 0,
                5 => 5,
                _ => 30,
            };
            builder.cost(WorkerId::new(worker), PeriodId::new(day), duty(), cost);
        }
        edit(builder);
    })
}

#[test]
fn one_person_in_the_stead_of_many_is_told_though_it_costs_more() {
    let problem = stand_ins([1, 1, 2, 2, 3, 3, 4, 4], |_| ());
    let old = roster(6, &[0; 8]);
    let curve = trade_offs(&problem, &old, &with_work(4_000_000).nearness(Nearness::EVEN));
    assert_curve(&problem, &old, &curve);
    let told = people_and_costs(&curve);
    assert!(told.contains(&(5, 0)), "{told:?}");
    assert!(told.contains(&(2, 40)), "{told:?}");
}

#[test]
fn what_those_alone_can_save_who_change_anyway_is_told() {
    let problem = stand_ins([5, 1, 1, 2, 2, 3, 3, 4], |builder| {
        builder.forbid(WorkerId::new(0), PeriodId::new(0), duty(), "ill");
    });
    let old = roster(6, &[0; 8]);
    let curve = trade_offs(&problem, &old, &with_work(4_000_000).nearness(Nearness::EVEN));
    assert_curve(&problem, &old, &curve);
    let told = people_and_costs(&curve);
    assert_eq!((told.first(), cheapest(&curve).outcome.score.soft), (Some(&(2, 140)), 0));
    assert!(told.contains(&(2, 35)), "{told:?}");
}

#[test]
fn few_cells_of_many_people_and_more_cells_of_one_are_both_told() {
    // Ada is away on every other day. Each of four may stand in on one of them. Fay may on all, but does
    // not study on the next day then.
    let names = ["Ada", "Ben", "Cyd", "Dan", "Eve", "Fay"];
    let study = ActivityId::new(2);
    let fay = WorkerId::new(5);
    let problem = team_for(&names, &[1, 0, 1, 0, 1, 0, 1, 0], |builder| {
        builder.activity("study");
        for day in 0..8 {
            builder.offer(PeriodId::new(day), study, None);
            for worker in (0..5).filter(|worker| *worker != day / 2 + 1) {
                builder.forbid(WorkerId::new(worker), PeriodId::new(day), duty(), "away");
            }
        }
        builder.rule(fay, Succession { forbidden: vec![(duty(), study)], history: None });
    });
    let by_turns = |first, second| [first, second].repeat(4);
    let mut lines = vec![vec![off(); 8]; 6];
    (lines[0], lines[5]) = (by_turns(duty(), off()), by_turns(off(), study));
    let old = Roster::from_lines(8, &lines).unwrap();
    let curve = trade_offs(&problem, &old, &with_work(4_000_000).nearness(Nearness::EVEN));
    assert_curve(&problem, &old, &curve);
    let changes = |point: &Replanned| (point.changes.cells.len(), point.changes.workers.len());
    let told: Vec<_> = curve.iter().map(changes).collect();
    assert_eq!((told.first(), told.last()), (Some(&(8, 5)), Some(&(12, 2))), "{told:?}");
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
        prop_assert_eq!(cheapest(&curve).outcome.score.soft, best);
    }
}
