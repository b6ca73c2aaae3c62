//! What chains promise is what the plain definitions say.

use proptest::prelude::*;

use super::*;
use crate::budget::{Budget, CancelToken};
use crate::checker::Analysis;
use crate::demand::Demand;
use crate::model::Model;
use crate::penalty::Penalty;
use crate::problem::Problem;
use crate::problems;
use crate::search::plan::Plan;
use crate::time::{Shift, Span};

const PLAN: Plan =
    Plan { name: "test", guided: (1.0, 1.0), alone: (900.0, 30.0), first_cycle: 2, cycles: 1 };

/// The score of the present lines by the plain definitions.
fn plain(rows: &Rows<'_>) -> Score {
    let roster = rows.model.roster(&rows.lines);
    Analysis::new(rows.model.problem, &roster).expect("the same shape").score
}

/// Two who each work on the other's cheap day: to change either line alone costs more than it saves.
#[test]
fn two_rows_change_where_none_can_change_alone() {
    let mut builder = Problem::builder();
    let [off, duty] = ["off", "duty"].map(|name| builder.activity(name));
    let workers = ["Ada", "Ben"].map(|name| builder.worker(name));
    for day in 0..2 {
        let midnight = day * 1440;
        let period = builder.period(format!("day {day}"), Span::new(midnight, midnight + 1440));
        builder.offer(period, off, None);
        builder.offer(period, duty, Some(Shift::new(midnight + 480, midnight + 960)));
        let cost = Penalty::linear(10);
        let one = Demand::at_least("duty", period, [duty], 0);
        builder.demand(Demand { wanted: 1, under_cost: cost, over_cost: cost, ..one });
        builder.cost(workers[usize::from(day > 0)], period, duty, 3);
    }
    let problem = builder.build().expect("no fault");
    let clock = Clock::start(Budget::default(), CancelToken::default());
    let model = Model::new(&problem, 1, &clock).expect("nobody cancels");
    let mut rows = Rows::new(&model, PLAN, 0);
    let (dear, cheap) = ([vec![1, 0], vec![0, 1]], [vec![0, 1], vec![1, 0]]);
    rows.start_from(&cheap);
    rows.chains();
    rows.start_from(&dear);
    assert_eq!(rows.score(), Score { hard: 0, soft: 6 });
    rows.polish(&clock, 0);
    assert_eq!(rows.score(), Score { hard: 0, soft: 6 }, "without work to do it in");
    rows.polish(&clock, 1000);
    assert_eq!(rows.score(), Score::default());
    assert_eq!(rows.lines, cheap);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a line would cost is what it costs once it is there, whatever was exchanged before.
    #[test]
    fn costs_of_lines_are_true(seed: u64) {
        let problem = problems::Maker::new(seed, 8).team(4, 1);
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let model = Model::new(&problem, 1, &clock).expect("nobody cancels");
        prop_assume!(model.impossible().is_empty());
        let mut rows = Rows::new(&model, PLAN, seed);
        rows.construct(&clock);
        for _ in 0..20 {
            rows.run(rows.work + 200, (0.0, 0.0), &clock, |_| false);
            if rows.own.iter().all(|own| own.hard == 0) {
                rows.chains();
            }
        }
        prop_assume!(rows.own.iter().all(|own| own.hard == 0));
        let mut chains = rows.chains();
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..40 {
            let worker = rng.usize(0..4);
            let to = rng.usize(0..chains.costs[worker].len());
            let promised =
                chains.costs[worker][to] - chains.costs[worker][chains.current[worker]];
            let before = plain(&rows);
            rows.exchange(&mut chains, worker, to);
            rows.put_known(worker, to);
            let change = plain(&rows) - before;
            prop_assert_eq!(rows.score(), plain(&rows));
            // Breaches weigh differently; without any the change is one of costs alone.
            if change.hard == 0 && before.hard == 0 {
                prop_assert_eq!(promised, change.soft * UNIT);
            }
        }
    }

    /// Chains lead to something at least as good, and scores stay true.
    #[test]
    fn chains_make_nothing_worse(seed: u64) {
        let problem = problems::Maker::new(seed, 8).team(4, 1);
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let model = Model::new(&problem, 1, &clock).expect("nobody cancels");
        let mut rows = Rows::new(&model, PLAN, seed);
        rows.construct(&clock);
        for _ in 0..10 {
            rows.run(rows.work + 400, (0.0, 0.0), &clock, |_| false);
            let (before, best) = (rows.score(), rows.best.as_ref().map(|best| best.score));
            rows.polish(&clock, 100_000);
            prop_assert_eq!(rows.score(), plain(&rows));
            // What is broken may be mended at any cost.
            prop_assert!(before.hard > 0 || rows.score() <= before);
            prop_assert!(rows.best.as_ref().map(|found| found.score) <= best);
        }
    }
}
