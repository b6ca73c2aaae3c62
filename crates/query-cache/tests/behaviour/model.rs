//! Random programs on two caches, with one store or none, checked against the simplest model there is:
//! numbers that only grow.
//!
//! The clock is paused and all tasks run on one thread, so each case is a reproducible
//! interleaving. `MODEL_CASES` says how many there are.

mod truth;
mod world;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use query_cache::Stats;
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::truth::{KEYS, Kind, NODES, Scope};
use self::world::{Manner, Setup, World};
use crate::support::{Line, Mode, ms};

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask {
        node: usize,
        key: usize,
        manner: Manner,
        with: bool,
    },
    AskMany {
        node: usize,
        manner: Manner,
    },
    Look {
        node: usize,
        key: usize,
        dropped: Option<u64>,
    },
    Change {
        node: usize,
        scope: Scope,
        kind: Kind,
        dropped: Option<u64>,
    },
    Set {
        node: usize,
        key: usize,
        dropped: Option<u64>,
    },
    /// The store takes so long for each call from now on, and then once more to answer.
    Slow {
        delay: u64,
    },
    Mode(Mode),
    Line(Line),
    LoseEverything,
    Wait {
        millis: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (node, key) = (0..NODES, 0..KEYS);
    let dropped = || prop_oneof![3 => Just(None), 1 => (0..60u64).prop_map(Some)];
    let load = prop_oneof![8 => 0..60u64, 1 => 300..900u64];
    let manner = (load, prop::bool::weighted(0.15), dropped())
        .prop_map(|(load, fails, dropped)| Manner { load, fails, dropped });
    let scope = prop_oneof![
        3 => key.clone().prop_map(Scope::Key),
        2 => key.clone().prop_map(Scope::Tag),
        1 => Just(Scope::Shared),
        1 => key.clone().prop_map(Scope::Namespace),
        1 => Just(Scope::All),
    ];
    let kind = prop_oneof![2 => Just(Kind::Dead), 1 => Just(Kind::Stale)];
    let mode = prop_oneof![
        4 => Just(Mode::Works), 1 => Just(Mode::Fails), 1 => Just(Mode::Hangs), 1 => Just(Mode::Late)
    ];
    let line = prop_oneof![2 => Just(Line::Works), 1 => Just(Line::Cut), 1 => Just(Line::Dead)];
    prop_oneof![
        16 => (node.clone(), key.clone(), manner.clone(), any::<bool>())
            .prop_map(|(node, key, manner, with)| Step::Ask { node, key, manner, with }),
        4 => (node.clone(), manner).prop_map(|(node, manner)| Step::AskMany { node, manner }),
        6 => (node.clone(), key.clone(), dropped())
            .prop_map(|(node, key, dropped)| Step::Look { node, key, dropped }),
        10 => (node.clone(), scope, kind, dropped())
            .prop_map(|(node, scope, kind, dropped)| Step::Change { node, scope, kind, dropped }),
        3 => (node, key, dropped()).prop_map(|(node, key, dropped)| Step::Set { node, key, dropped }),
        2 => (0..15u64).prop_map(|delay| Step::Slow { delay }),
        3 => mode.prop_map(Step::Mode),
        2 => line.prop_map(Step::Line),
        1 => Just(Step::LoseEverything),
        12 => (0..40u64).prop_map(|millis| Step::Wait { millis }),
        3 => (200..1500u64).prop_map(|millis| Step::Wait { millis }),
    ]
}

fn setup() -> impl Strategy<Value = Setup> {
    let store = prop_oneof![
        1 => Just((false, false, 0u64)),
        1 => Just((true, false, 0)),
        1 => Just((true, false, 200)),
        1 => Just((true, true, 200)),
        1 => Just((true, true, 60_000)),
    ];
    let entries = prop_oneof![1 => Just(0usize), 1 => Just(2), 6 => Just(100)];
    (store, entries, prop::bool::weighted(0.2)).prop_map(
        |((shared, tells, recheck), entries, locks)| Setup {
            shared,
            tells,
            recheck,
            entries,
            locks,
        },
    )
}

async fn run(setup: Setup, steps: Vec<Step>) -> [Stats; NODES] {
    let world = World::new(setup);
    world.start().await;
    let mut tasks = JoinSet::new();
    for step in steps {
        let at = Arc::clone(&world);
        match step {
            Step::Ask { node, key, manner, with } => {
                _ = tasks.spawn(at.ask(node, key, manner, with));
            }
            Step::AskMany { node, manner } => _ = tasks.spawn(at.ask_many(node, manner)),
            Step::Look { node, key, dropped } => _ = tasks.spawn(at.look(node, key, dropped)),
            Step::Change { node, scope, kind, dropped } => {
                _ = tasks.spawn(at.change(node, scope, kind, dropped));
            }
            Step::Set { node, key, dropped } => _ = tasks.spawn(at.set(node, key, dropped)),
            Step::Slow { delay } => world.slow(delay),
            Step::Mode(mode) => world.set_mode(mode),
            Step::Line(line) => world.set_line(line),
            Step::LoseEverything => world.lose_everything(),
            Step::Wait { millis } => sleep(ms(millis)).await,
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    world.settle().await
}

fn cases() -> u32 {
    std::env::var("MODEL_CASES").map_or(300, |cases| cases.parse().unwrap())
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Each way of answering that the programs are to reach, and how often they did.
fn ways(stats: &Stats) -> [u64; 7] {
    let Stats { local_hits, stale_hits, store_hits, coalesced, misses, load_errors, .. } = *stats;
    [local_hits, stale_hits, store_hits, coalesced, misses, load_errors, stats.store_errors]
}

#[test]
fn no_call_gets_what_the_guarantees_forbid() {
    // What was found has a test of its own: seeds say nothing once the steps change.
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let reached = std::cell::Cell::new([0u64; 7]);
    let programs = (setup(), prop::collection::vec(step(), 1..80));
    let found = TestRunner::new(config).run(&programs, |(setup, steps)| {
        for stats in paused().block_on(run(setup, steps)) {
            let (mut sum, ways) = (reached.get(), ways(&stats));
            sum.iter_mut().zip(ways).for_each(|(sum, way)| *sum += way);
            reached.set(sum);
        }
        Ok(())
    });
    match found {
        Ok(()) => (),
        Err(TestError::Fail(reason, program)) => panic!("{reason}\nby {program:?}"),
        Err(error) => panic!("{error}"),
    }
    assert!(reached.get().iter().all(|times| *times > 0), "not all was tried: {reached:?}");
}
