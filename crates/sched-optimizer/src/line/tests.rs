//! Nodes, planes, prices and labels are ways to the same lines.

use proptest::prelude::*;

use super::{Arena, Effort, GRAIN, Guess, LineProgram, NONE, Room};
use crate::ids::{ActivityId, WorkerId};
use crate::problems;
use crate::rules::Total;

const PERIODS: usize = 9;
/// No label is dropped for want of room.
const ALL: Effort = Effort { labels: true, bucket: usize::MAX, layer: usize::MAX };
const WIDE: Room =
    Room { nodes: usize::MAX, cells: 4096, blocks: usize::MAX, few_blocks: usize::MAX };
/// Everything that can have a price has one.
const PRICED: Room = Room { cells: 1, ..WIDE };
/// Everything else is labelled.
const LABELLED: Room = Room { nodes: 1, ..PRICED };
/// Some automata, and the modes of some tallies, find no room.
const TIGHT: Room = Room { nodes: 6, ..WIDE };

impl LineProgram {
    /// Whether some rule is neither in the graph nor on the planes.
    const fn has_labels(&self) -> bool {
        !self.unchecked.is_empty() || !self.priced.is_empty()
    }

    /// The best line by labels alone: planes and prices take no part.
    fn by_labels(&self, prices: &[i64], arena: &mut Arena) -> Option<i64> {
        if !self.is_possible() {
            return None;
        }
        self.costs_to_go(prices, arena);
        self.label_pass(prices, NONE, ALL, arena)
    }
}

/// A guess that was never learnt.
fn wild(program: &LineProgram, rng: &mut fastrand::Rng) -> Guess {
    let mut guess = Guess::default();
    guess.loss = 1 << rng.u32(0..40);
    _ = guess.prices(program.exact.len()).count();
    for _ in 0..rng.u32(0..30) {
        (0..program.exact.len()).for_each(|at| guess.learn(at, rng.i64(-1..=1), (0, 0)));
    }
    guess
}

fn prices(program: &LineProgram, rng: &mut fastrand::Rng) -> Vec<i64> {
    // Now and then beyond what the planes' numbers hold.
    let most = [50, 500, 20_000, 3_000_000, 1 << 40][rng.usize(0..5)];
    (0..program.choices()).map(|_| rng.i64(-most..most)).collect()
}

/// A sum over the whole line, within limits that about half of all lines keep.
fn total(rng: &mut fastrand::Rng) -> Total {
    let amounts: Vec<_> = (0..4).map(|a| (ActivityId::new(a), rng.u32(0..6))).collect();
    let middle = 9 * amounts.iter().map(|(_, amount)| amount).sum::<u32>() / 4;
    let min = middle.saturating_sub(rng.u32(0..6));
    let max = min + rng.u32(0..8);
    Total {
        what: "points".into(),
        amounts,
        periods: 0..PERIODS,
        history: 0,
        min,
        max,
        target: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// However the rules are divided among nodes, planes, prices and labels, the best line costs the same,
    /// and none is found below what it costs.
    #[test]
    fn all_ways_lead_to_the_same_best_line(seed: u64, rules in 1..4usize) {
        let problem = problems::Maker::new(seed, PERIODS).team(1, rules);
        let worker = WorkerId::new(0);
        let programs = [WIDE, PRICED, LABELLED, TIGHT, Room::USUAL]
            .map(|room| LineProgram::within(&problem, worker, None, room));
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut arena = Arena::default();
        for _ in 0..4 {
            let prices = prices(&programs[0], &mut rng);
            let best = programs[2].by_labels(&prices, &mut arena);
            for program in &programs {
                let mut guess = wild(program, &mut rng);
                let found = program.solve(&prices, &[], NONE, ALL, &mut guess, &mut arena).cost;
                prop_assert_eq!(found, best);
                if let Some(best) = best {
                    let line = arena.line.clone();
                    prop_assert_eq!(programs[2].cost_of(&line, &prices, &mut arena), Some(best));
                    let below = program.solve(&prices, &[], best, ALL, &mut guess, &mut arena);
                    prop_assert_eq!(below.cost, None);
                    let quick =
                        program.solve(&prices, &[], NONE, Effort::QUICK, &mut guess, &mut arena);
                    prop_assert!(quick.lower <= best && quick.cost.is_none_or(|cost| best <= cost));
                }
            }
        }
    }

    /// With any prices on sums the minimum lies below every legal line, and with none of the sums in need
    /// of one it is what the best line costs.
    #[test]
    fn the_minimum_is_a_lower_bound_at_any_prices(seed: u64, rules in 1..4usize) {
        let problem = problems::Maker::new(seed, PERIODS).team(1, rules);
        let worker = WorkerId::new(0);
        let programs = [WIDE, PRICED].map(|room| LineProgram::within(&problem, worker, None, room));
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut arena = Arena::default();
        for _ in 0..4 {
            let prices = prices(&programs[0], &mut rng);
            let best = programs[0].by_labels(&prices, &mut arena);
            for program in &programs {
                let dear: Vec<i64> = (0..program.priced())
                    .map(|at| rng.i64(if program.has_least(at) { -900 } else { 0 }..900))
                    .collect();
                let mut guess = wild(program, &mut rng);
                let minimum = program.minimum(&prices, &dear, &mut guess, &mut arena);
                prop_assert!(best.is_none_or(|best| minimum <= best));
                let small = prices.iter().all(|price| price.abs() < 1000);
                if small && !program.has_labels() && let Some(best) = best {
                    // Costs of rules may still be beyond what the planes' numbers hold, and large ones
                    // when these were made coarser once.
                    let grain = if best < GRAIN << 15 { GRAIN } else { GRAIN * GRAIN };
                    prop_assert!(best - minimum < grain * 9);
                }
            }
        }
    }

    /// A guess that is far off, and at zero again once the pass has learnt, costs no exactness.
    #[test]
    fn a_guess_that_is_far_off_is_forgotten(steps in 1..30) {
        let mut maker = problems::Maker::new(0, PERIODS);
        let worker = maker.worker(true);
        maker.builder.rule(worker, Total {
            what: "points".into(),
            amounts: vec![(ActivityId::new(1), 1)],
            periods: 0..PERIODS,
            history: 0,
            min: 1,
            max: 4,
            target: None,
        });
        let problem = maker.builder.build().map_err(|e| TestCaseError::fail(e.to_string()))?;
        let program = LineProgram::within(&problem, worker, None, WIDE);
        let mut arena = Arena::default();
        let prices = vec![0; program.choices()];
        let best = program.by_labels(&prices, &mut arena);
        let mut guess = Guess::default();
        _ = guess.prices(1).count();
        (0..steps).for_each(|_| guess.learn(0, 1, (0, 0)));
        while guess.prices(1).any(|price| price >= 0) {
            guess.learn(0, -1, (0, 0));
        }
        // The step after this one leads to zero.
        guess.learn(0, 1, (0, 0));
        prop_assert_eq!(Some(program.minimum(&prices, &[], &mut guess, &mut arena)), best);
    }

    /// Several sums that every cell moves differently, forwards and against the drift of their bands.
    #[test]
    fn sums_lie_side_by_side_on_a_plane(seed: u64, sums in 2..4usize) {
        let mut maker = problems::Maker::new(seed, PERIODS);
        let worker = maker.worker(true);
        for _ in 0..sums {
            let total = total(&mut maker.rng);
            maker.builder.rule(worker, total);
        }
        let problem = maker.builder.build().map_err(|e| TestCaseError::fail(e.to_string()))?;
        let program = LineProgram::within(&problem, worker, None, WIDE);
        let mut arena = Arena::default();
        for _ in 0..4 {
            let prices: Vec<i64> =
                (0..program.choices()).map(|_| maker.rng.i64(-60..60) * GRAIN).collect();
            let best = program.by_labels(&prices, &mut arena);
            let mut guess = wild(&program, &mut maker.rng);
            let found = program.solve(&prices, &[], NONE, ALL, &mut guess, &mut arena).cost;
            prop_assert_eq!(found, best);
            if let Some(best) = best.filter(|_| !program.has_labels()) {
                prop_assert_eq!(program.minimum(&prices, &[], &mut guess, &mut arena), best);
            }
        }
    }

    /// With too few labels the cost is one of a legal line and the lower bound still holds.
    #[test]
    fn few_labels_find_a_legal_line(seed: u64, rules in 1..4usize) {
        let problem = problems::Maker::new(seed, PERIODS).team(1, rules);
        let program = LineProgram::within(&problem, WorkerId::new(0), None, LABELLED);
        let mut arena = Arena::default();
        let prices = prices(&program, &mut fastrand::Rng::with_seed(seed));
        let best = program.by_labels(&prices, &mut arena);
        let few = Effort { labels: true, bucket: 2, layer: 8 };
        let rough = program.solve(&prices, &[], NONE, few, &mut Guess::default(), &mut arena);
        prop_assert!(rough.lower <= best.unwrap_or(NONE));
        if let Some(cost) = rough.cost {
            prop_assert!(best.is_some_and(|best| best <= cost));
            let line = arena.line.clone();
            prop_assert_eq!(program.cost_of(&line, &prices, &mut arena), Some(cost));
        }
    }
}
