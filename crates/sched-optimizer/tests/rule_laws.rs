//! The two forms of every rule agree, and its automata's order of states is sound.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

use std::collections::HashSet;

use problems::{Maker, all_lines};
use proptest::prelude::*;
use sched_optimizer::rules::{Run, Soft, Soften, Succession};
use sched_optimizer::{
    ActivityId, Automaton, Duty, Line, LineContext, PeriodId, Problem, Rule, Tally, WorkerId,
    automata_cost,
};

const PERIODS: usize = 5;

/// The automata accept exactly the lines without a breach, at the same cost.
fn agrees(problem: &Problem, rule: &dyn Rule) {
    let worker = WorkerId::new(0);
    let automata = rule.automata(&LineContext::new(problem, worker));
    for activities in all_lines(PERIODS).into_iter().filter(|line| is_possible(problem, line)) {
        let line = Line::new(problem, worker, &activities);
        let judgement = rule.judge(&line);
        let plain = judgement.breaches.is_empty().then_some(judgement.cost);
        assert_eq!(
            automata_cost(&automata, &line),
            plain,
            "{rule:?}\n{:?}\n{judgement:?}",
            line.duties()
        );
        for automaton in &automata {
            if let Some(tally) = automaton.as_tally() {
                let alone = cost(&activities, automaton.start(), |state, period, activity| {
                    automaton.step(state, period, activity).map(|step| (step.state, step.cost))
                });
                let alone = alone.and_then(|(state, cost)| Some(cost + automaton.finish(state)?));
                assert_eq!(tally_cost(tally, &activities), alone, "{rule:?}\n{:?}", line.duties());
            }
        }
    }
}

/// Workers 0 and 1 differ in name and costs alone, so the automata of one judge the lines of the other.
fn is_impersonal(problem: &Problem, rule: &dyn Rule) {
    assert!(rule.is_impersonal(), "{rule:?}");
    let workers = [0, 1].map(WorkerId::new);
    let [own, others] = workers.map(|worker| rule.automata(&LineContext::new(problem, worker)));
    for activities in all_lines(PERIODS).into_iter().filter(|line| is_possible(problem, line)) {
        let line = Line::new(problem, workers[0], &activities);
        assert_eq!(automata_cost(&own, &line), automata_cost(&others, &line), "{rule:?}");
    }
}

/// The last state of a line and what it cost on the way.
fn cost<S>(
    line: &[ActivityId],
    start: S,
    step: impl Fn(S, PeriodId, ActivityId) -> Option<(S, i64)>,
) -> Option<(S, i64)> {
    line.iter().enumerate().try_fold((start, 0), |(state, total), (period, &activity)| {
        let (state, cost) = step(state, PeriodId::new(period), activity)?;
        Some((state, total + cost))
    })
}

fn tally_cost(tally: &dyn Tally, line: &[ActivityId]) -> Option<i64> {
    let (mode, sum) = tally.start();
    let (_, added) = cost(line, mode, |mode, period, activity| {
        tally.step(mode, period, activity).map(|(mode, amount)| (mode, i64::from(amount)))
    })?;
    let sum = sum + u32::try_from(added).ok()?;
    let (least, most) = tally.limits();
    (least <= sum && sum <= most).then(|| tally.cost(sum))
}

fn is_possible(problem: &Problem, line: &[ActivityId]) -> bool {
    let mut cells = problem.period_ids().zip(line);
    cells.all(|(period, &activity)| problem.cost(WorkerId::new(0), period, activity).is_some())
}

fn choices(problem: &Problem, period: usize) -> impl Iterator<Item = ActivityId> {
    problem.choices(WorkerId::new(0), PeriodId::new(period)).iter().map(|choice| choice.activity)
}

/// The states after each period that some line leads to.
fn reachable(problem: &Problem, automaton: &dyn Automaton) -> Vec<Vec<u64>> {
    let mut states = vec![automaton.start()];
    let after = (0..PERIODS).map(|period| {
        let steps = states.iter().flat_map(|&state| {
            choices(problem, period)
                .filter_map(move |a| automaton.step(state, PeriodId::new(period), a))
        });
        let mut next: Vec<u64> = steps.map(|step| step.state).collect();
        next.sort_unstable();
        next.dedup();
        states.clone_from(&next);
        next
    });
    after.collect()
}

/// No two states of a period allow the same.
fn is_minimal(problem: &Problem, rule: &dyn Rule) {
    for automaton in rule.automata(&LineContext::new(problem, WorkerId::new(0))) {
        for (period, states) in reachable(problem, &*automaton).into_iter().enumerate() {
            let futures: HashSet<Vec<bool>> = states
                .iter()
                .map(|&state| {
                    let mut future = Vec::new();
                    list_future(problem, &*automaton, period + 1, Some(state), &mut future);
                    future
                })
                .collect();
            assert_eq!(futures.len(), states.len(), "{rule:?} after {period}: {states:x?}");
        }
    }
}

/// Which completions are accepted, in a fixed order.
fn list_future(
    problem: &Problem,
    automaton: &dyn Automaton,
    period: usize,
    state: Option<u64>,
    future: &mut Vec<bool>,
) {
    if period == PERIODS {
        future.push(state.and_then(|state| automaton.finish(state)).is_some());
        return;
    }
    for activity in choices(problem, period) {
        let step = state.and_then(|state| automaton.step(state, PeriodId::new(period), activity));
        list_future(problem, automaton, period + 1, step.map(|step| step.state), future);
    }
}

/// Activities of a kind are one step, for the automata and for their tallies.
fn kinds_are_one_step(problem: &Problem, rule: &dyn Rule) {
    for automaton in rule.automata(&LineContext::new(problem, WorkerId::new(0))) {
        let (mut states, mut modes) = (vec![automaton.start()], Vec::new());
        modes.extend(automaton.as_tally().map(|tally| tally.start().0));
        for (period, after) in problem.period_ids().zip(reachable(problem, &*automaton)) {
            for [a, b] in pairs(problem, period) {
                if automaton.kind(period, a) == automaton.kind(period, b) {
                    for &state in &states {
                        let steps = [a, b].map(|activity| automaton.step(state, period, activity));
                        assert_eq!(steps[0], steps[1], "{rule:?} in {period:?}: {a:?} {b:?}");
                    }
                }
                let tally = automaton.as_tally();
                if let Some(tally) = tally.filter(|t| t.kind(period, a) == t.kind(period, b)) {
                    for &mode in &modes {
                        let steps = [a, b].map(|activity| tally.step(mode, period, activity));
                        assert_eq!(steps[0], steps[1], "{rule:?} in {period:?}: {a:?} {b:?}");
                    }
                }
            }
            if let Some(tally) = automaton.as_tally() {
                let steps = modes.iter().flat_map(|&mode| {
                    choices(problem, period.index())
                        .filter_map(move |a| tally.step(mode, period, a))
                });
                modes = steps.map(|(mode, _)| mode).collect::<HashSet<_>>().into_iter().collect();
            }
            states = after;
        }
    }
}

fn pairs(problem: &Problem, period: PeriodId) -> impl Iterator<Item = [ActivityId; 2]> {
    let all = move || choices(problem, period.index());
    all().flat_map(move |a| all().map(move |b| [a, b]))
}

/// Whatever is accepted from a dominated state is accepted from the dominating one, no dearer.
fn is_sound(problem: &Problem, rule: &dyn Rule) {
    for automaton in rule.automata(&LineContext::new(problem, WorkerId::new(0))) {
        for (period, states) in reachable(problem, &*automaton).into_iter().enumerate() {
            for (&a, &b) in states.iter().flat_map(|a| states.iter().map(move |b| (a, b))) {
                if automaton.dominates(PeriodId::new(period), a, b) {
                    covers(problem, &*automaton, period + 1, (a, b), 0, rule);
                }
            }
        }
    }
}

fn covers(
    problem: &Problem,
    automaton: &dyn Automaton,
    period: usize,
    (a, b): (u64, u64),
    ahead: i64,
    rule: &dyn Rule,
) {
    if period == PERIODS {
        if let Some(cost) = automaton.finish(b) {
            let own = automaton.finish(a);
            assert!(own.is_some_and(|own| own <= cost + ahead), "{rule:?}: {a:x} {b:x}");
        }
        return;
    }
    for activity in choices(problem, period) {
        if let Some(theirs) = automaton.step(b, PeriodId::new(period), activity) {
            let Some(ours) = automaton.step(a, PeriodId::new(period), activity) else {
                // Refusing early what the other state refuses later is no difference.
                let lost = accepts_some(problem, automaton, period + 1, theirs.state);
                assert!(!lost, "{rule:?}: {a:x} refuses what {b:x} accepts");
                continue;
            };
            let ahead = ahead + theirs.cost - ours.cost;
            let states = (ours.state, theirs.state);
            covers(problem, automaton, period + 1, states, ahead, rule);
        }
    }
}

/// Whether any completion is accepted from `state`.
fn accepts_some(problem: &Problem, automaton: &dyn Automaton, period: usize, state: u64) -> bool {
    if period == PERIODS {
        return automaton.finish(state).is_some();
    }
    let step = |a| automaton.step(state, PeriodId::new(period), a);
    let mut steps = choices(problem, period).filter_map(step);
    steps.any(|step| accepts_some(problem, automaton, period + 1, step.state))
}

/// Two workers with the same history and outside work, the second one with costs.
fn twins(maker: &mut Maker) -> [WorkerId; 2] {
    let rng = maker.rng.clone();
    let first = maker.worker(false);
    maker.rng = rng;
    [first, maker.worker(true)]
}

/// The laws on a worker who may not do everything everywhere and has a twin, for a rule and its soft form.
fn law<R: Soften>(seed: u64, make: impl FnOnce(&mut Maker) -> R) {
    let mut maker = Maker::new(seed, PERIODS);
    let workers = twins(&mut maker);
    for _ in 0..maker.rng.usize(0..6) {
        // Whatever is taken away, the first activity is left.
        let (period, activity) = (maker.rng.usize(0..PERIODS), maker.rng.usize(1..4));
        let (period, activity) = (PeriodId::new(period), ActivityId::new(activity));
        for worker in workers {
            maker.builder.forbid(worker, period, activity, "not today");
        }
    }
    let rule = make(&mut maker);
    let weight = maker.rng.i64(0..4);
    let problem = maker.builder.build().unwrap();
    agrees(&problem, &rule);
    is_impersonal(&problem, &rule);
    kinds_are_one_step(&problem, &rule);
    is_sound(&problem, &rule);
    let soft = Soft { rule, weight };
    agrees(&problem, &soft);
    is_impersonal(&problem, &soft);
    kinds_are_one_step(&problem, &soft);
    is_sound(&problem, &soft);
}

/// The least number of states, for a worker who may do everything everywhere.
fn minimal<R: Rule>(seed: u64, make: impl FnOnce(&mut Maker) -> R) {
    let mut maker = Maker::new(seed, PERIODS);
    maker.worker(false);
    let rule = make(&mut maker);
    is_minimal(&maker.builder.build().unwrap(), &rule);
}

/// Nothing may follow one activity, and that may not follow another.
fn dead_end() -> Succession {
    let [dead, other] = [3, 2].map(ActivityId::new);
    let after_dead = (0..4).map(|later| (dead, ActivityId::new(later)));
    Succession { forbidden: after_dead.chain([(other, dead)]).collect(), history: None }
}

#[test]
fn to_forbid_what_nothing_may_follow_takes_no_state() {
    minimal(1, |_| dead_end());
}

#[test]
fn to_do_what_nothing_may_follow_costs() {
    law(1, |_| dead_end());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rest(seed: u64) { law(seed, Maker::rest); }

    #[test]
    fn stretch(seed: u64) { law(seed, Maker::stretch); }

    #[test]
    fn hours(seed: u64) { law(seed, Maker::hours); }

    /// Hours in whole hours have too few sums to be a tally.
    #[test]
    fn hours_that_differ_by_minutes(seed: u64) {
        law(seed, |maker| {
            let from = maker.rng.i32(0..2400);
            for worker in [0, 1].map(WorkerId::new) {
                maker.builder.duty(worker, Duty::elsewhere(from, from + 61));
            }
            maker.hours()
        });
    }

    #[test]
    fn free_time(seed: u64) { law(seed, Maker::free_time); }

    #[test]
    fn count(seed: u64) { law(seed, Maker::count); }

    #[test]
    fn count_with_limits_that_nothing_keeps(seed: u64) {
        law(seed, |maker| {
            let mut count = maker.count();
            let windows = count.windows.iter_mut();
            windows.for_each(|window| std::mem::swap(&mut window.min, &mut window.max));
            count
        });
    }

    #[test]
    fn run(seed: u64) { law(seed, Maker::run); }

    #[test]
    fn stay(seed: u64) { law(seed, Maker::stay); }

    #[test]
    fn succession(seed: u64) { law(seed, Maker::succession); }

    #[test]
    fn total(seed: u64) { law(seed, Maker::total); }

    #[test]
    fn busy_groups(seed: u64) { law(seed, Maker::busy_groups); }

    #[test]
    fn a_run_has_no_state_too_many(seed: u64) {
        minimal(seed, |maker| {
            let run = maker.run();
            Run { max: run.max.max(run.min), ..run }
        });
    }

    #[test]
    fn a_succession_has_no_state_too_many(seed: u64) { minimal(seed, Maker::succession); }
}
