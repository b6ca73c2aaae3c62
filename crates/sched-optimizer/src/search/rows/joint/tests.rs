//! What the search takes for better is better.

use super::{BREACH_WEIGHT, Rows, UNIT};
use crate::budget::{Budget, CancelToken, Clock};
use crate::checker::Analysis;
use crate::ids::{PeriodId, WorkerId};
use crate::model::Model;
use crate::problem::Problem;
use crate::score::Score;
use crate::search::plan::Plan;
use crate::time::Span;

#[path = "../../../../tests/support/joint.rs"]
mod support;

const PLAN: Plan =
    Plan { name: "", guided: (1.0, 1.0), alone: (1.0, 1.0), first_cycle: 1, cycles: 1 };
const SIZE: (usize, usize) = (4, 6);

/// Costs of choices, and a joint rule of each kind.
fn problem(seed: u64) -> Problem {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut builder = Problem::builder();
    let activities = ["off", "day", "long", "late"].map(|name| builder.activity(name));
    for start in (0..).step_by(720).take(SIZE.1) {
        let period = builder.period("half", Span::new(start, start + 720));
        activities.iter().for_each(|&activity| _ = builder.offer(period, activity, None));
    }
    for name in (0..SIZE.0).map(|number| format!("w{number}")) {
        let worker = builder.worker(name);
        for period in (0..SIZE.1).map(PeriodId::new) {
            for activity in activities {
                builder.cost(worker, period, activity, rng.i64(0..6));
            }
        }
    }
    for kind in 0..support::JOINT_KINDS {
        builder.joint_rule(support::joint_rule(&mut rng, kind, SIZE));
    }
    builder.build().expect("no fault")
}

#[test]
fn without_noise_no_line_makes_the_whole_worse() {
    for seed in 0..60 {
        let problem = problem(seed);
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let model = Model::new(&problem, 1, &clock).expect("nobody cancels");
        let weight = model.largest * BREACH_WEIGHT;
        let whole = |Score { hard, soft }| hard * weight + soft * UNIT;
        let mut rows = Rows::new(&model, PLAN, seed);
        rows.construct(&clock);
        for worker in (0..5).flat_map(|_| 0..SIZE.0) {
            let before = rows.score();
            rows.resample(worker, &clock);
            assert!(whole(rows.score()) <= whole(before), "{seed}: {before:?}, {:?}", rows.score());
            let judged = Analysis::new(&problem, &model.roster(&rows.lines));
            assert_eq!(judged.map(|analysis| analysis.score), Ok(rows.score()), "{seed}");
        }
    }
}

#[test]
fn a_refused_line_leaves_no_trace() {
    for seed in 0..20 {
        let problem = problem(seed);
        let clock = Clock::start(Budget::default(), CancelToken::default());
        let model = Model::new(&problem, 1, &clock).expect("nobody cancels");
        let mut rows = Rows::new(&model, PLAN, seed);
        rows.construct(&clock);
        let mut rng = fastrand::Rng::with_seed(seed);
        for worker in 0..SIZE.0 {
            rows.fill_prices(worker);
            let line: Vec<u32> = (0..SIZE.1).map(|_| rng.u32(0..4)).collect();
            let (priced, mut all) = (rows.cost_now(worker, &line), rows.lines.clone());
            let old = rows.cost_now(worker, &all[worker]);
            let mut prices = rows.prices.clone();
            let joint = rows.joint.as_mut().expect("there are joint rules");
            let real = priced + joint.error(worker, &line);
            joint.temper(worker, &line, &mut prices);
            assert_eq!(joint.roster, model.roster(&rows.lines));
            // The real cost is what the whole would change by.
            let weight = model.largest * BREACH_WEIGHT;
            let whole = |lines: &[Vec<u32>]| {
                let score = Analysis::new(&problem, &model.roster(lines)).map(|one| one.score);
                score.map(|Score { hard, soft }| hard * weight + soft * UNIT)
            };
            let before = whole(&all).expect("of the problem's shape");
            all[worker] = line;
            assert_eq!(whole(&all), Ok(before + real - old), "{seed}: {:?}", WorkerId::new(worker));
        }
    }
}
