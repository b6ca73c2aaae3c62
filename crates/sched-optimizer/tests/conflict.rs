//! Conflicts of small problems, checked against every roster there is.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

use problems::{Maker, all_lines};
use proptest::prelude::*;
use sched_optimizer::rules::{Count, CountWindow, Soft};
use sched_optimizer::{
    ActivityId, Analysis, Budget, CancelToken, Conflict, Demand, Feasibility, Line, Member,
    Options, Penalty, PeriodId, Problem, ProblemBuilder, Ratio, Relief, Roster, Shift, Span,
    WorkerId, find_conflict,
};

const PERIODS: usize = 3;

/// Two workers with rules and closed cells, demands and ratios that ask for a lot.
fn crowded(seed: u64, rules: usize) -> Problem {
    let mut maker = Maker::new(seed, PERIODS);
    for _ in 0..2 {
        let worker = maker.worker(false);
        for _ in 0..rules {
            let rule = maker.any_rule();
            maker.builder.rule(worker, rule);
        }
        for period in (0..PERIODS).map(PeriodId::new) {
            let spared = maker.rng.usize(0..4);
            for activity in (0..4).filter(|activity| *activity != spared) {
                let reason = ["on leave", "not trained"][maker.rng.usize(0..2)];
                if maker.rng.u8(0..3) == 0 {
                    maker.builder.forbid(worker, period, ActivityId::new(activity), reason);
                }
            }
        }
    }
    for period in 0..PERIODS {
        let min = maker.rng.u32(0..3);
        let activities = maker.activities();
        let name = format!("d{period}");
        let demand = Demand::at_least(name, PeriodId::new(period), activities, min);
        let max = min + maker.rng.u32(0..2);
        maker.builder.demand(Demand { max, ..demand });
        let [a, b] = [1, 3].map(ActivityId::new);
        maker.builder.ratio(Ratio {
            name: format!("r{period}"),
            period: PeriodId::new(period),
            supervised: vec![a],
            supervisors: vec![b],
            per_supervisor: 1,
            excess_cost: (maker.rng.u8(0..4) == 0).then(|| Penalty::linear(3)),
        });
    }
    maker.builder.build().unwrap()
}

fn rosters(problem: &Problem) -> Vec<Roster> {
    let lines = all_lines(problem.periods());
    let pairs = lines.iter().flat_map(|a| lines.iter().map(move |b| vec![a.clone(), b.clone()]));
    pairs.map(|pair| Roster::from_lines(problem.periods(), &pair).unwrap()).collect()
}

fn count(problem: &Problem, roster: &Roster, demand: &Demand) -> u32 {
    let eligible = |w: &WorkerId| demand.workers.as_ref().is_none_or(|all| all.contains(w));
    let on = |w: WorkerId| demand.activities.contains(&roster.get(w, demand.period).unwrap());
    problem.worker_ids().filter(eligible).map(|w| u32::from(on(w))).sum()
}

fn keeps(problem: &Problem, roster: &Roster, member: &Member) -> bool {
    match member {
        &Member::Rule { worker, rule } => {
            let line = Line::new(problem, worker, roster.line(worker));
            problem.rules(worker)[rule].judge(&line).breaches.is_empty()
        }
        &Member::Ratio(at) => {
            let ratio = &problem.ratios()[at];
            assert_eq!(ratio.excess_cost, None, "a soft ratio excludes nothing");
            let on = |activities: &Vec<ActivityId>| {
                let demand = Demand::at_least("", ratio.period, activities.clone(), 0);
                count(problem, roster, &demand)
            };
            ratio.excess(on(&ratio.supervised), on(&ratio.supervisors)) == 0
        }
        &Member::AtMost(at) => {
            let demand = &problem.demands()[at];
            count(problem, roster, demand) <= demand.max
        }
        &Member::AtLeast(at) => {
            let demand = &problem.demands()[at];
            count(problem, roster, demand) >= demand.min
        }
        Member::Removed { worker, period, reason } => {
            let done = roster.get(*worker, *period).unwrap();
            problem.why_removed(*worker, *period, done) != Some(reason)
        }
        _ => unreachable!("all kinds are listed"),
    }
}

/// Which members of the conflict each roster breaks.
fn broken(problem: &Problem, roster: &Roster, conflict: &Conflict) -> Vec<usize> {
    let causes = conflict.causes.iter().enumerate();
    causes.filter(|(_, c)| !keeps(problem, roster, &c.member)).map(|(at, _)| at).collect()
}

/// The conflict excludes every roster, and each member that is said to be needed is.
fn holds(problem: &Problem, conflict: &Conflict) {
    for cause in &conflict.causes {
        if let Member::Rule { worker, rule } = cause.member {
            assert!(problem.rules(worker)[rule].is_hard(), "{cause:?}");
        }
    }
    let mut alone = vec![false; conflict.causes.len()];
    for roster in rosters(problem) {
        let broken = broken(problem, &roster, conflict);
        assert!(!broken.is_empty(), "{:?} is possible", conflict.words(problem));
        if let [one] = broken[..] {
            alone[one] = true;
        }
    }
    for (cause, needed) in conflict.causes.iter().zip(&alone) {
        assert!(*needed || cause.relief.is_none(), "{cause:?} of {:?}", conflict.words(problem));
    }
    assert_eq!(conflict.minimal, conflict.causes.iter().all(|cause| cause.relief.is_some()));
}

/// Counts that are offered instead are the nearest that a roster reaches.
fn reliefs_are_nearest(problem: &Problem, conflict: &Conflict) {
    for (at, cause) in conflict.causes.iter().enumerate() {
        let alone = rosters(problem).into_iter();
        let mut alone = alone.filter(|roster| broken(problem, roster, conflict) == [at]);
        match (&cause.member, &cause.relief) {
            (&Member::AtLeast(demand), Some(Relief::AtLeast(most))) => {
                let demand = &problem.demands()[demand];
                let reached = alone.map(|roster| count(problem, &roster, demand)).max();
                assert_eq!(reached, Some(*most));
            }
            (&Member::AtMost(demand), Some(Relief::AtMost(least))) => {
                let demand = &problem.demands()[demand];
                let reached = alone.map(|roster| count(problem, &roster, demand)).min();
                assert_eq!(reached, Some(*least));
            }
            (Member::Removed { worker, period, .. }, Some(Relief::Allow(activity))) => {
                assert!(alone.any(|roster| roster.get(*worker, *period) == Some(*activity)));
            }
            _ => (),
        }
    }
}

fn find(problem: &Problem) -> Feasibility {
    find_conflict(problem, &Options::default().budget(Budget::work(2_000_000)))
}

/// What is claimed is true; whether anything was.
fn is_true(problem: &Problem, found: &Feasibility) -> bool {
    match found {
        Feasibility::Legal(roster) => {
            assert!(Analysis::new(problem, roster).unwrap().score.is_legal());
            true
        }
        Feasibility::Conflict(conflict) => {
            holds(problem, conflict);
            reliefs_are_nearest(problem, conflict);
            conflict.minimal
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_claimed_is_true_of_every_roster(seed: u64, rules in 0..3usize) {
        let problem = crowded(seed, rules);
        is_true(&problem, &find(&problem));
    }
}

#[test]
fn most_small_problems_are_decided() {
    let decided = (0..60).filter(|&seed| {
        let problem = crowded(seed, 2);
        is_true(&problem, &find(&problem))
    });
    let decided = decided.count();
    assert!(decided >= 57, "{decided} of 60");
}

/// `names` on three days, off or on duty.
fn days(names: &[&str], edit: impl FnOnce(&mut ProblemBuilder, &[WorkerId])) -> Problem {
    let mut builder = Problem::builder();
    let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
    for day in 0..3 {
        let period = builder.period(format!("day {day}"), Span::new(day * 1440, day * 1440 + 1440));
        builder.offer(period, off, None);
        builder.offer(period, duty, Some(Shift::new(day * 1440 + 480, day * 1440 + 960)));
    }
    let workers: Vec<WorkerId> = names.iter().map(|name| builder.worker(*name)).collect();
    edit(&mut builder, &workers);
    builder.build().unwrap()
}

fn at_most(duties: u32) -> Count {
    let windows = vec![CountWindow::at_most(0..3, duties)];
    let activities = vec![ActivityId::new(1)];
    Count { what: "duties".into(), activities, windows, target: None }
}

fn conflict(problem: &Problem) -> Conflict {
    match find(problem) {
        Feasibility::Conflict(conflict) => conflict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn limits_of_several_workers_against_days_to_fill_are_found_by_the_bound() {
    let problem = days(&["Ada", "Ben"], |builder, workers| {
        let duty = [ActivityId::new(1)];
        for day in 0..3 {
            builder.demand(Demand::at_least("ward", PeriodId::new(day), duty, 1));
        }
        workers.iter().for_each(|&worker| _ = builder.rule(worker, at_most(1)));
    });
    let found = conflict(&problem);
    assert!(found.minimal);
    let words = found.words(&problem);
    for (day, words) in words[..3].iter().enumerate() {
        assert_eq!(*words, format!("ward needs at least 1 in day {day}: 0 would do"));
    }
    for (name, words) in ["Ada", "Ben"].iter().zip(&words[3..]) {
        let broken = words.strip_prefix(&format!("{name}: count: ")).unwrap();
        assert!(broken.ends_with(" duties instead of at most 1 would do"), "{broken}");
    }
    assert_eq!(words.len(), 5);
}

#[test]
fn fixed_cells_against_a_rule_are_told_with_their_reasons() {
    let problem = days(&["Ada", "Ben"], |builder, workers| {
        builder.rule(workers[1], at_most(1));
        builder.rule(workers[1], at_most(2));
        for day in 1..3 {
            builder.fix(workers[1], PeriodId::new(day), ActivityId::new(1), "promised");
        }
    });
    let words = conflict(&problem).words(&problem);
    assert_eq!(
        words,
        [
            "Ben: count: 2 duties instead of at most 1 would do",
            "Ben in day 1: no off (promised)",
            "Ben in day 2: no off (promised)",
        ]
    );
}

#[test]
fn a_rule_that_only_costs_excludes_nothing() {
    let three_duties = |rule: fn(&mut ProblemBuilder, WorkerId)| {
        days(&["Ada"], |builder, workers| {
            rule(builder, workers[0]);
            for day in 0..3 {
                builder.fix(workers[0], PeriodId::new(day), ActivityId::new(1), "promised");
            }
        })
    };
    let legal = three_duties(|builder, ada| {
        builder.rule(ada, Soft { rule: at_most(1), weight: 5 });
    });
    assert!(matches!(find(&legal), Feasibility::Legal(_)));
    let both = three_duties(|builder, ada| {
        builder.rule(ada, Soft { rule: at_most(1), weight: 5 });
        builder.rule(ada, at_most(2));
    });
    let words = conflict(&both).words(&both);
    assert_eq!(words[0], "Ada: count: 3 duties instead of at most 2 would do");
    assert!(words[1..].iter().all(|words| words.ends_with("(promised)")), "{words:?}");
}

#[test]
fn a_crowd_without_training_is_one_sentence() {
    let names: Vec<String> = (0..30).map(|n| format!("w{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let problem = days(&names, |builder, workers| {
        let day = PeriodId::new(0);
        builder.demand(Demand::at_least("ward", day, [ActivityId::new(1)], 1));
        for &worker in workers {
            builder.forbid(worker, day, ActivityId::new(1), "not trained");
        }
    });
    let found = conflict(&problem);
    assert_eq!(found.causes.len(), 31);
    let words = found.words(&problem);
    assert_eq!(words[1], "w0, w1, w2 and 27 more in day 0: no duty (not trained)");
}

#[test]
fn the_same_work_gives_the_same_answer() {
    for seed in 0..8 {
        let problem = crowded(seed, 2);
        let options = |threads| Options::default().budget(Budget::work(200_000)).threads(threads);
        assert_eq!(find_conflict(&problem, &options(1)), find_conflict(&problem, &options(3)));
    }
}

#[test]
fn without_time_nothing_is_claimed() {
    let problem = days(&["Ada", "Ben"], |builder, workers| {
        for day in 0..3 {
            let duty = [ActivityId::new(1)];
            builder.demand(Demand::at_least("ward", PeriodId::new(day), duty, 1));
        }
        workers.iter().for_each(|&worker| _ = builder.rule(worker, at_most(1)));
    });
    let cancel = CancelToken::default();
    cancel.cancel();
    let found = find_conflict(&problem, &Options::default().cancel(cancel));
    assert!(matches!(found, Feasibility::Undecided(_)), "{found:?}");
}
