//! What soft rules cost, and what of them a problem refuses.

#![expect(clippy::unwrap_used, reason = "tests may")]

use std::ops::ControlFlow;
use std::sync::Arc;

use sched_optimizer::rules::{
    Count, CountWindow, Group, Segment, Soft, Soften, Stay, Stretch, Total,
};
use sched_optimizer::{
    ActivityId, Analysis, Budget, Demand, Fault, Options, PeriodId, Problem, ProblemBuilder,
    ProblemError, Roster, Rule, Score, Shift, Solver, Span, WorkerId,
};

const HOUR: i32 = 60;

/// Four half-days, each with two activities that fill it.
fn half_days() -> (ProblemBuilder, WorkerId) {
    let mut builder = Problem::builder();
    let activities = ["ward", "clinic"].map(|name| builder.activity(name));
    for start in (0..4).map(|period| period * 12 * HOUR) {
        let span = Span::new(start, start + 12 * HOUR);
        let period = builder.period(format!("from {start}"), span);
        for activity in activities {
            builder.offer(period, activity, Some(Shift::new(span.start, span.end)));
        }
    }
    let worker = builder.worker("Ada");
    (builder, worker)
}

fn score(rule: impl Rule + 'static, line: [usize; 4]) -> Score {
    let (mut builder, worker) = half_days();
    builder.rule(worker, rule);
    let roster = Roster::from_lines(4, &[line.map(ActivityId::new).to_vec()]).unwrap();
    Analysis::new(&builder.build().unwrap(), &roster).unwrap().score
}

fn agrees(rule: impl Soften + Clone + 'static, line: [usize; 4], amount: i64) {
    let hard = score(rule.clone(), line);
    let soft = score(Soft { rule: Arc::new(rule) as Arc<dyn Soften>, weight: 3 }, line);
    assert_eq!(
        (hard, soft),
        (Score { hard: amount, soft: 0 }, Score { hard: 0, soft: 3 * amount })
    );
}

#[test]
fn each_minute_beyond_the_longest_duty_period_counts_once() {
    let day = i64::from(24 * HOUR);
    let (total_max, clinical_max) = (24 * HOUR, 48 * HOUR);
    agrees(Stretch { join: 0, clinical_max, total_max }, [0; 4], day);
    agrees(Stretch { join: 0, clinical_max: total_max, total_max }, [0; 4], 2 * day);
}

#[test]
fn each_segment_that_leaves_a_whole_group_counts_once() {
    let segments = (0..4).map(|p| Segment { periods: p..p + 1, min_cells: 0 }).collect();
    let group = |name: &str, activity, whole| Group {
        name: name.into(),
        activities: vec![ActivityId::new(activity)],
        whole,
    };
    let stay = Stay { segments, groups: vec![group("ward", 0, true), group("clinic", 1, false)] };
    agrees(stay.clone(), [0, 0, 0, 0], 0);
    agrees(stay.clone(), [0, 1, 1, 0], 2);
    agrees(stay, [1, 0, 1, 1], 1);
}

#[test]
fn a_weight_below_zero_is_refused() {
    let (mut builder, worker) = half_days();
    let rule = Stretch { join: 0, clinical_max: 0, total_max: 0 };
    builder.rule(worker, Soft { rule, weight: -1 });
    let ProblemError { faults, .. } = builder.build().unwrap_err();
    assert!(matches!(&faults[..], [Fault::Cost { cost: -1, .. }]), "{faults:?}");
}

/// A soft rule never outweighs a hard demand, however dear it is and however cheap all else.
#[test]
fn a_demand_is_met_at_any_cost_of_a_soft_rule() {
    for weight in [1, 1_000, 1_000_000, 700_000_000] {
        let (mut builder, worker) = half_days();
        let clinic = ActivityId::new(1);
        let never = Count {
            what: "clinics".into(),
            activities: vec![clinic],
            windows: vec![CountWindow::at_most(0..4, 0)],
            target: None,
        };
        builder.rule(worker, Soft { rule: never, weight });
        builder.demand(Demand::at_least("clinic", PeriodId::new(2), [clinic], 1));
        let problem = builder.build().unwrap();
        let solver = Solver::new(Options::default().budget(Budget::work(20_000)));
        let outcome = solver.solve(&problem, |_| ControlFlow::Continue(()));
        assert_eq!(outcome.score, Score { hard: 0, soft: weight }, "{:?}", outcome.status);
    }
}

/// The same at the most that one rule may cost.
#[test]
fn a_demand_is_met_at_the_highest_cost_there_is() {
    let mut builder = Problem::builder();
    let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
    let period = builder.period("monday", Span::new(0, 24 * HOUR));
    builder.offer(period, off, None).offer(period, duty, Some(Shift::new(0, 8 * HOUR)));
    builder.demand(Demand::at_least("ward", period, [duty], 1));
    let worker = builder.worker("Ada");
    let none = Total {
        what: "points".into(),
        amounts: vec![(duty, 1_000)],
        periods: 0..1,
        history: 0,
        min: 0,
        max: 0,
        target: None,
    };
    builder.rule(worker, Soft { rule: none, weight: 1_000_000_000 });
    let problem = builder.build().unwrap();
    let solver = Solver::new(Options::default().budget(Budget::work(20_000)));
    let outcome = solver.solve(&problem, |_| ControlFlow::Continue(()));
    assert_eq!(outcome.score, Score { hard: 0, soft: 1_000_000_000_000 });
}
