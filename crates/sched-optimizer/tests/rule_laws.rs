//! The two forms of every rule agree, and its automata's order of states is sound.

#![expect(clippy::unwrap_used, reason = "tests may")]

#[path = "support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

use problems::{Maker, all_lines};
use proptest::prelude::*;
use sched_optimizer::{
    ActivityId, Automaton, Line, LineContext, PeriodId, Problem, Rule, WorkerId, automata_cost,
};

const PERIODS: usize = 5;

/// The automata accept exactly the lines without a breach, at the same cost.
fn agrees(problem: &Problem, rule: &dyn Rule) {
    let worker = WorkerId::new(0);
    let automata = rule.automata(&LineContext::new(problem, worker));
    for activities in all_lines(PERIODS) {
        let line = Line::new(problem, worker, &activities);
        let judgement = rule.judge(&line);
        let plain = judgement.breaches.is_empty().then_some(judgement.cost);
        assert_eq!(
            automata_cost(&automata, &line),
            plain,
            "{rule:?}\n{:?}\n{judgement:?}",
            line.duties()
        );
    }
}

/// Whatever is accepted from a dominated state is accepted from the dominating one, no dearer.
fn is_sound(problem: &Problem, rule: &dyn Rule) {
    for automaton in rule.automata(&LineContext::new(problem, WorkerId::new(0))) {
        let mut states = vec![automaton.start()];
        for period in 0..PERIODS {
            let next = states.iter().flat_map(|&state| {
                let step = |a| automaton.step(state, PeriodId::new(period), ActivityId::new(a));
                (0..4).filter_map(step).map(|step| step.state).collect::<Vec<_>>()
            });
            states = next.collect();
            states.sort_unstable();
            states.dedup();
            for (&a, &b) in states.iter().flat_map(|a| states.iter().map(move |b| (a, b))) {
                if automaton.dominates(PeriodId::new(period), a, b) {
                    covers(&*automaton, period + 1, a, b, 0, rule);
                }
            }
        }
    }
}

fn covers(automaton: &dyn Automaton, period: usize, a: u64, b: u64, ahead: i64, rule: &dyn Rule) {
    if period == PERIODS {
        if let Some(cost) = automaton.finish(b) {
            let own = automaton.finish(a);
            assert!(own.is_some_and(|own| own <= cost + ahead), "{rule:?}: {a:x} {b:x}");
        }
        return;
    }
    for activity in (0..4).map(ActivityId::new) {
        if let Some(theirs) = automaton.step(b, PeriodId::new(period), activity) {
            let Some(ours) = automaton.step(a, PeriodId::new(period), activity) else {
                // Refusing early what the other state refuses later is no difference.
                let lost = accepts_some(automaton, period + 1, theirs.state);
                assert!(!lost, "{rule:?}: {a:x} refuses what {b:x} accepts");
                continue;
            };
            let ahead = ahead + theirs.cost - ours.cost;
            covers(automaton, period + 1, ours.state, theirs.state, ahead, rule);
        }
    }
}

/// Whether any completion is accepted from `state`.
fn accepts_some(automaton: &dyn Automaton, period: usize, state: u64) -> bool {
    if period == PERIODS {
        return automaton.finish(state).is_some();
    }
    let step = |a| automaton.step(state, PeriodId::new(period), ActivityId::new(a));
    let mut steps = (0..4).filter_map(step);
    steps.any(|step| accepts_some(automaton, period + 1, step.state))
}

fn law<R: Rule>(seed: u64, make: impl FnOnce(&mut Maker) -> R) {
    let mut maker = Maker::new(seed, PERIODS);
    maker.worker(false);
    let rule = make(&mut maker);
    let problem = maker.builder.build().unwrap();
    agrees(&problem, &rule);
    is_sound(&problem, &rule);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rest(seed: u64) { law(seed, Maker::rest); }

    #[test]
    fn stretch(seed: u64) { law(seed, Maker::stretch); }

    #[test]
    fn hours(seed: u64) { law(seed, Maker::hours); }

    #[test]
    fn free_time(seed: u64) { law(seed, Maker::free_time); }

    #[test]
    fn count(seed: u64) { law(seed, Maker::count); }

    #[test]
    fn run(seed: u64) { law(seed, Maker::run); }

    #[test]
    fn stay(seed: u64) { law(seed, Maker::stay); }
}
