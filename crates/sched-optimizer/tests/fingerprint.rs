//! What a fingerprint tells apart, and what it does not.

#[path = "fingerprint/changes.rs"]
mod changes;
#[path = "support/joint.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod joint;
#[path = "fingerprint/plan.rs"]
mod plan;
#[path = "support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use joint::Apart;
use plan::{AnyRule, Order, Person, Plan};
use problems::{HOUR, Maker};
use proptest::prelude::*;
use sched_optimizer::{
    ActivityId, Analysis, Demand, Duty, Fingerprint, LruSolutions, PeriodId, Problem, Ratio,
    Roster, Shift, Solution, SolutionStore, Span, WorkerId, warm_start,
};

/// A plan with a field of every kind; its first worker has one rule of each.
fn full(seed: u64) -> Plan {
    let mut maker = Maker::new(seed, 6);
    let mut plan = Plan {
        activities: ["off", "day", "long", "late"].map(String::from).to_vec(),
        ..Plan::default()
    };
    for (p, start) in (0..6).map(|p| p * 12 * HOUR).enumerate() {
        plan.periods.push((format!("p{p}"), Span::new(start, start + 12 * HOUR)));
        let shift =
            |hours: i32| Some(Some(Shift::new(start + HOUR, start + hours * HOUR).handover(HOUR)));
        plan.offers.push(vec![Some(None), shift(7), shift(16), shift(11)]);
        let min = maker.rng.u32(0..2);
        plan.demands.push(Demand {
            max: min + 2,
            wanted: min + 1,
            under_cost: maker.penalty(1..8),
            over_cost: maker.penalty(1..8),
            workers: maker.rng.bool().then(|| vec![WorkerId::new(0), WorkerId::new(2)]),
            ..Demand::at_least(format!("d{}", p % 4), PeriodId::new(p), maker.activities(), min)
        });
        let [day, long, late] = [1, 2, 3].map(ActivityId::new);
        plan.ratios.push(Ratio {
            name: "supervision".into(),
            period: PeriodId::new(p),
            supervised: vec![day, long],
            supervisors: vec![late],
            per_supervisor: maker.rng.u32(1..3),
            excess_cost: maker.rng.bool().then(|| maker.penalty(0..8)),
        });
    }
    plan.workers = (0..3).map(|w| person(&mut maker, w)).collect();
    plan.joint_rules = (0..3).map(|w| apart(&mut maker, [w, (w + 1) % 3])).collect();
    plan
}

fn apart(maker: &mut Maker, workers: [usize; 2]) -> Apart {
    let cost = maker.rng.bool().then(|| maker.rng.i64(1..6));
    Apart { workers: workers.map(WorkerId::new), activity: maker.activities()[0], cost }
}

fn person(maker: &mut Maker, number: usize) -> Person {
    let from = maker.rng.i32(-40..-20) * HOUR;
    Person {
        name: format!("w{number}"),
        forbidden: vec![(0, maker.rng.usize(1..4)), (maker.rng.usize(1..6), 2)],
        costs: (0..9)
            .map(|_| (maker.rng.usize(0..6), maker.rng.usize(0..4), maker.rng.i64(1..6)))
            .collect(),
        duties: vec![
            Duty::in_house(from, from + 8 * HOUR).handover(HOUR),
            Duty::elsewhere(from, from + 8 * HOUR),
            Duty::in_house(from + 10 * HOUR, from + 12 * HOUR),
        ],
        rules: vec![
            AnyRule::Rest(maker.rest()),
            AnyRule::Stretch(maker.stretch()),
            AnyRule::Hours(maker.hours()),
            AnyRule::FreeTime(maker.free_time()),
            AnyRule::Count(maker.count()),
            AnyRule::Run(maker.run()),
            AnyRule::Succession(maker.succession()),
            AnyRule::Total(maker.total()),
            AnyRule::BusyGroups(maker.busy_groups()),
            AnyRule::Stay(maker.stay()),
            AnyRule::Soft(Box::new(AnyRule::Count(maker.count())), maker.rng.i64(0..4)),
        ],
    }
}

/// Some roster of choices.
fn any_roster(problem: &Problem, seed: u64) -> Roster {
    let mut rng = fastrand::Rng::with_seed(seed);
    let line = |worker| {
        let mut cell = |period| {
            let choices = problem.choices(worker, period);
            choices[rng.usize(0..choices.len())].activity
        };
        problem.period_ids().map(&mut cell).collect()
    };
    let lines: Vec<Vec<ActivityId>> = problem.worker_ids().map(line).collect();
    Roster::from_lines(problem.periods(), &lines).unwrap_or_else(|| unreachable!("whole lines"))
}

#[test]
fn a_change_of_any_field_changes_the_fingerprint() {
    let plan = changes::base();
    let print = |plan: &Plan| Fingerprint::of(&plan.declare(&mut Order::given(plan)));
    let mut seen = HashMap::from([(print(&plan), "nothing")]);
    for (what, change) in changes::ALL {
        let mut changed = plan.clone();
        change(&mut changed);
        if let Some(other) = seen.insert(print(&changed), what) {
            panic!("{what} has the fingerprint of {other}");
        }
    }
}

#[test]
fn a_soft_rule_is_told_from_the_hard_one_and_by_its_weight() {
    let plan = changes::base();
    let print = |plan: &Plan| Fingerprint::of(&plan.declare(&mut Order::given(plan)));
    let mut seen = HashSet::from([print(&plan)]);
    for (at, rule) in plan.workers[0].rules.iter().enumerate() {
        for weight in [0, 1, 7] {
            let mut changed = plan.clone();
            changed.workers[0].rules[at] = AnyRule::Soft(Box::new(rule.clone()), weight);
            assert!(seen.insert(print(&changed)), "{rule:?}, {weight}");
        }
    }
}

#[test]
fn the_fingerprint_is_the_same_on_every_machine() {
    let plan = changes::base();
    let print = Fingerprint::of(&plan.declare(&mut Order::given(&plan)));
    assert_eq!(print.to_string(), "dcadc7bff729196953677ca7a54186e0");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// One declaration's roster, remembered, is as good in the other: only the ids differ.
    #[test]
    fn the_order_of_declaration_does_not_count(seed: u64, other: u64) {
        let plan = full(seed);
        let mut order = Order::shuffled(&plan, other);
        let (first, second) = (plan.declare(&mut Order::given(&plan)), plan.declare(&mut order));
        prop_assert_eq!(Fingerprint::of(&first), Fingerprint::of(&second));

        let roster = any_roster(&first, seed);
        let score = Analysis::new(&first, &roster)?.score;
        let store = LruSolutions::new(NonZeroUsize::MIN);
        store.put(Arc::new(Solution::new(&first, roster.clone(), score, 0)));
        let Some(start) = warm_start(&second, &store) else {
            return Err(TestCaseError::fail("the same problem was not found"));
        };
        prop_assert!(start.exact);
        for (worker, period) in first.worker_ids().flat_map(|w| first.period_ids().map(move |p| (w, p))) {
            let planned = roster.get(worker, period).map(|activity| order.activity(activity.index()));
            prop_assert_eq!(start.roster.get(order.worker(worker.index()), period), planned);
        }
        prop_assert_eq!(Analysis::new(&second, &start.roster)?.score, score);
    }

    #[test]
    fn other_problems_have_other_fingerprints(seed: u64, other: u64) {
        prop_assume!(seed != other);
        let [a, b] = [seed, other].map(full);
        let [a, b] = [a, b].map(|plan| Fingerprint::of(&plan.declare(&mut Order::given(&plan))));
        prop_assert_ne!(a, b);
    }
}
