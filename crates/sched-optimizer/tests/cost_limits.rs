//! Costs up to the limits are solved, proved and judged alike; beyond them a problem is refused, and a
//! rule that did not say what it charges neither wraps around nor panics.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use problems::{KINDS, Maker, all_lines};
use proptest::prelude::*;
use sched_optimizer::rules::{Count, Soft, Soften, Target};
use sched_optimizer::{
    ActivityId, Analysis, Automaton, Budget, Canon, Demand, Fault, Judgement, Line, LineContext,
    Options, Outcome, Parameters, Penalty, PeriodId, Problem, ProblemBuilder, Ratio, Roster, Rule,
    Score, Shift, Solver, Span, Step, Summed, Tally, WorkerId, automata_cost, verify,
};

const ONE: i64 = 1_000_000_000;
const EACH: i64 = 1_000 * ONE;
const ALL: i64 = 1_000 * EACH;
const PERIODS: usize = 4;

fn solve(problem: &Problem) -> Outcome {
    let options = Options::default().budget(Budget::work(60_000)).threads(1);
    Solver::new(options).solve(problem, |_| ControlFlow::Continue(()))
}

/// What the search, the checker and the proof say of a problem is the same.
fn agree(problem: &Problem) -> Outcome {
    let outcome = solve(problem);
    let analysis = Analysis::new(problem, &outcome.roster).unwrap();
    assert_eq!(outcome.score, analysis.score);
    assert!(verify(problem, &outcome.certificate).unwrap() >= outcome.bound);
    if outcome.score.is_legal() {
        assert!(outcome.bound <= outcome.score.soft, "{outcome:?}");
    }
    outcome
}

fn faults(builder: ProblemBuilder) -> Vec<Fault> {
    builder.build().map_or_else(|error| error.faults, |_| Vec::new())
}

/// A rule that tells how much of it there can be.
#[derive(Debug)]
struct Asked {
    rule: Arc<dyn Soften>,
    most: Arc<AtomicU64>,
}

impl Rule for Asked {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        self.rule.judge(line)
    }

    fn automata(&self, context: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        self.rule.automata(context)
    }

    fn describe(&self, canon: &mut Canon) {
        self.rule.describe(canon);
    }

    fn parameters(&self, parameters: &mut Parameters) {
        self.most.store(self.rule.most(parameters), Ordering::Relaxed);
    }
}

/// One worker under a random rule, and the most by which a line can break it.
fn asked(seed: u64, kind: usize) -> (Maker, WorkerId, Arc<dyn Soften>, u64) {
    let make = || {
        let mut maker = Maker::new(seed, PERIODS);
        let worker = maker.worker(false);
        let rule = maker.hard_rule_of(kind);
        (maker, worker, rule)
    };
    let most = Arc::new(AtomicU64::new(0));
    let (mut maker, worker, rule) = make();
    maker.builder.rule(worker, Asked { rule, most: Arc::clone(&most) });
    maker.builder.build().unwrap();
    let (maker, worker, rule) = make();
    (maker, worker, rule, most.load(Ordering::Relaxed))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_breaks_a_rule_by_more_than_the_rule_says(seed: u64, kind in 0..KINDS) {
        let (maker, worker, rule, most) = asked(seed, kind);
        let problem = maker.builder.build().unwrap();
        for activities in all_lines(PERIODS) {
            let broken = rule.judge(&Line::new(&problem, worker, &activities)).score().hard;
            prop_assert!(broken.unsigned_abs() <= most, "{:?}: {} of {}", rule, broken, most);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_heaviest_soft_rules_are_solved_and_judged_alike(seed: u64, kind in 0..KINDS) {
        let (mut maker, worker, rule, most) = asked(seed, kind);
        let weight = ONE.min(EACH / i64::try_from(most.max(1)).unwrap());
        maker.builder.rule(worker, Soft { rule: Arc::clone(&rule), weight });
        let problem = maker.cover();
        let soft = Soft { rule, weight };
        let automata = soft.automata(&LineContext::new(&problem, worker));
        for activities in all_lines(PERIODS) {
            let line = Line::new(&problem, worker, &activities);
            let cost = soft.judge(&line).cost;
            prop_assert!(cost <= EACH);
            prop_assert_eq!(automata_cost(&automata, &line), Some(cost));
        }
        agree(&problem);
    }

    #[test]
    fn a_rule_that_is_one_heavier_is_refused(seed: u64, kind in 0..KINDS) {
        let (mut maker, worker, rule, most) = asked(seed, kind);
        let weight = ONE.min(EACH / i64::try_from(most.max(1)).unwrap()) + 1;
        maker.builder.rule(worker, Soft { rule, weight });
        let name = |place: &str| place.starts_with("rule ") && place.ends_with(" of w0");
        let found = faults(maker.builder);
        prop_assert!(match &found[..] {
            [Fault::Cost { place, cost }] => name(place) && *cost == ONE + 1,
            [Fault::Penalty { place, distance, cost }] =>
                name(place) && *distance == most && *cost > EACH,
            _ => false,
        }, "{:?}", found);
    }
}

/// Days on which one worker may be on duty, which no line need be.
fn days(count: i32) -> (ProblemBuilder, WorkerId) {
    let mut builder = Problem::builder();
    let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
    for day in 0..count {
        let start = day * 1440;
        let period = builder.period(format!("day {day}"), Span::new(start, start + 1440));
        builder.offer(period, off, None);
        builder.offer(period, duty, Some(Shift::new(start + 480, start + 960)));
    }
    let worker = builder.worker("Ada");
    (builder, worker)
}

fn duty() -> ActivityId {
    ActivityId::new(1)
}

fn far_target() -> Count {
    let cost = Penalty::linear(ONE);
    let target = Some(Target { count: 1000, cost });
    Count { what: "duties".into(), activities: vec![duty()], windows: Vec::new(), target }
}

/// Twenty rules and 980 demands, as dear as they may be, and a choice at `extra`.
fn at_the_limit(extra: i64) -> ProblemBuilder {
    let (mut builder, ada) = days(3);
    for _ in 0..20 {
        builder.rule(ada, far_target());
    }
    for at in 0..980 {
        let period = PeriodId::new(at % 3);
        builder.demand(Demand {
            wanted: 1000,
            under_cost: Penalty::linear(ONE),
            ..Demand::at_least(format!("demand {at}"), period, [duty()], 0)
        });
    }
    builder.cost(ada, PeriodId::new(0), ActivityId::new(0), extra);
    builder
}

#[test]
fn all_that_may_be_is_added_up_and_not_one_more() {
    let outcome = agree(&at_the_limit(0).build().unwrap());
    // Three duties: each demand has one of a thousand, each rule three.
    assert_eq!(outcome.score, Score { hard: 0, soft: 980 * 999 * ONE + 20 * 997 * ONE });
    let found = faults(at_the_limit(1));
    assert_eq!(found, [Fault::AllCosts { cost: ALL + 1 }]);
}

#[test]
fn costs_of_one_choice_are_added_up_to_the_limit() {
    let twice = |second| {
        let (mut builder, ada) = days(1);
        let period = PeriodId::new(0);
        builder.cost(ada, period, duty(), ONE - 1).cost(ada, period, duty(), second);
        builder.demand(Demand::at_least("all", period, [duty()], 1));
        builder
    };
    assert_eq!(agree(&twice(1).build().unwrap()).score.soft, ONE);
    let place = "duty of Ada in day 0".into();
    assert_eq!(faults(twice(2)), [Fault::Cost { place, cost: ONE + 1 }]);
}

/// Asks for something at each duty, at the end of a line, or for the number of duties, and tells nobody.
#[derive(Clone, Copy, Debug)]
struct Secret {
    cost: i64,
    way: usize,
}

const WAYS: usize = 3;

impl Rule for Secret {
    fn judge(&self, line: &Line<'_>) -> Judgement {
        let duties = line.activities().iter().filter(|activity| **activity == duty()).count();
        let charged = if self.way == 0 { duties } else { duties.min(1) };
        let cost = self.cost.saturating_mul(i64::try_from(charged).unwrap());
        Judgement { cost, ..Judgement::default() }
    }

    fn automata(&self, _: &LineContext<'_>) -> Vec<Box<dyn Automaton>> {
        if self.way == 2 { vec![Box::new(Summed::new(*self))] } else { vec![Box::new(*self)] }
    }

    fn describe(&self, canon: &mut Canon) {
        canon.int(self.cost);
        canon.len(self.way);
    }
}

impl Automaton for Secret {
    fn start(&self) -> u64 {
        0
    }

    fn step(&self, state: u64, _: PeriodId, activity: ActivityId) -> Option<Step> {
        let on_duty = activity == duty();
        let cost = if on_duty && self.way == 0 { self.cost } else { 0 };
        Some(Step { state: state | u64::from(on_duty), cost })
    }

    fn finish(&self, state: u64) -> Option<i64> {
        Some(if self.way == 1 && state > 0 { self.cost } else { 0 })
    }
}

impl Tally for Secret {
    fn step(&self, mode: u32, _: PeriodId, activity: ActivityId) -> Option<(u32, u32)> {
        Some((mode, u32::from(activity == duty())))
    }

    fn limits(&self) -> (u32, u32) {
        (0, 1000)
    }

    fn cost(&self, sum: u32) -> i64 {
        if sum > 0 { self.cost } else { 0 }
    }
}

/// One who could be on duty for `count` days under `rules` rules, at a loss of 5 a day without.
fn secret(count: i32, rules: usize, rule: impl Fn(usize) -> Secret) -> (Problem, Outcome) {
    let (mut builder, ada) = days(count);
    (0..rules).for_each(|at| _ = builder.rule(ada, rule(at)));
    for period in (0..usize::try_from(count).unwrap()).map(PeriodId::new) {
        let under_cost = Penalty::linear(5);
        let all = Demand::at_least("all", period, [duty()], 0);
        builder.demand(Demand { wanted: 1, under_cost, ..all });
    }
    let problem = builder.build().unwrap();
    let outcome = solve(&problem);
    (problem, outcome)
}

#[test]
fn a_rule_that_charges_too_much_in_secret_is_taken_for_broken() {
    for way in 0..WAYS {
        for cost in [2, ALL, ALL + 1, i64::MAX, -1, i64::MIN] {
            for days in [1, 3, 40] {
                let (problem, outcome) = secret(days, 1, |_| Secret { cost, way });
                let on_duty = outcome.roster.line(WorkerId::new(0)).contains(&duty());
                assert_eq!(on_duty, cost == 2, "{way} {cost} {days}");
                let analysis = Analysis::new(&problem, &outcome.roster).unwrap();
                assert_eq!(outcome.score, analysis.score, "{way} {cost} {days}");
            }
        }
    }
}

#[test]
fn sums_of_what_many_rules_charge_in_secret_do_not_wrap() {
    for (cost, first) in [ALL / 7, ALL, i64::MAX].into_iter().flat_map(|c| [(c, 0), (c, 1), (c, 2)])
    {
        // Of one way so many that an edge, an end or a plane alone would ask for more than there are numbers.
        let way = |at: usize| if at < 200 { first } else { at % WAYS };
        let (problem, outcome) = secret(4, 220, |at| Secret { cost, way: way(at) });
        assert_eq!(outcome.score, Score { hard: 0, soft: 4 * 5 }, "{cost} {first}");
        let busy = Roster::from_lines(4, &[vec![duty(); 4]]).unwrap();
        let judged = Analysis::new(&problem, &busy).unwrap().score;
        assert!(judged.soft >= 220 * (ALL / 7), "{judged:?}");
    }
}

/// One pupil and two tutors, of whom one may have any number of pupils.
#[test]
fn a_supervisor_of_any_number_is_one_for_everybody() {
    for excess_cost in [None, Some(Penalty::linear(ONE))] {
        let mut builder = Problem::builder();
        let [off, learn, teach] = ["off", "learn", "teach"].map(|name| builder.activity(name));
        for day in 0..4 {
            let period =
                builder.period(format!("day {day}"), Span::new(day * 1440, day * 1440 + 1440));
            builder.offer(period, off, None);
            for activity in [learn, teach] {
                builder.offer(
                    period,
                    activity,
                    Some(Shift::new(day * 1440 + 480, day * 1440 + 960)),
                );
            }
            builder.demand(Demand::at_least("lesson", period, [learn], 1));
            builder.ratio(Ratio {
                name: "tutors".into(),
                period,
                supervised: vec![learn],
                supervisors: vec![teach],
                per_supervisor: u32::MAX,
                excess_cost,
            });
        }
        for name in ["Ada", "Ben", "Cleo"] {
            let worker = builder.worker(name);
            for period in (0..4).map(PeriodId::new) {
                builder.cost(worker, period, teach, 3);
            }
        }
        let outcome = agree(&builder.build().unwrap());
        assert_eq!(outcome.score, Score { hard: 0, soft: 4 * 3 });
        // A third of a tutor would do, as far as prices can tell.
        assert_eq!(outcome.bound, 4);
    }
}
