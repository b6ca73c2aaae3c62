//! Labels and nodes are two ways to the same lines.

use proptest::prelude::*;

use super::{Arena, Effort, LineProgram, NONE};
use crate::ids::WorkerId;

#[path = "../../tests/support/problems.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod problems;

const PERIODS: usize = 7;
/// No label is dropped for want of room.
const ALL: Effort = Effort { bucket: usize::MAX, layer: usize::MAX };

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// With every rule as a label the best line costs what it costs with all rules in the graph that fit;
    /// with too few labels the cost is one of a legal line and the lower bound still holds.
    #[test]
    fn labels_find_what_the_graph_finds(seed: u64, rules in 1..4usize) {
        let problem = problems::Maker::new(seed, PERIODS).team(1, rules);
        let worker = WorkerId::new(0);
        let graph = LineProgram::within(&problem, worker, None, usize::MAX);
        let labels = LineProgram::within(&problem, worker, None, 1);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut arena = Arena::default();
        for _ in 0..4 {
            let prices: Vec<i64> = (0..graph.choices()).map(|_| rng.i64(-500..500)).collect();
            let best = graph.solve(&prices, NONE, ALL, &mut arena);
            let same = labels.solve(&prices, NONE, ALL, &mut arena);
            prop_assert_eq!(same.cost, best.cost);
            let few = Effort { bucket: 2, layer: 8 };
            let rough = labels.solve(&prices, NONE, few, &mut arena);
            prop_assert!(rough.lower <= best.cost.unwrap_or(NONE));
            if let Some(cost) = rough.cost {
                prop_assert!(best.cost.is_some_and(|best| best <= cost));
                let line = arena.line.clone();
                prop_assert_eq!(graph.cost_of(&line, &prices, &mut arena), Some(cost));
            }
            if let Some(best) = best.cost {
                let below = labels.solve(&prices, best, ALL, &mut arena);
                prop_assert_eq!(below.cost, None);
            }
        }
    }
}
