//! Random programs on two caches and one store, checked against the simplest model there is: a
//! number that only grows. No call may return less than what was known when it began.
//!
//! The clock is paused and all tasks run on one thread, so each case is a reproducible
//! interleaving. `MODEL_CASES` says how many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use query_cache::{Cache, Key, Policy};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::{Down, Line, Mode, TestStore, ms};

const KEYS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Way {
    Key,
    Tag,
    Clear,
    ClearAll,
    Set,
    /// Nothing changes: an expiry promises less, and must not undo what others promise.
    ExpireKey,
    ExpireTag,
    ExpireAll,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Asks; a load takes so many milliseconds between reading the source and its end.
    Ask {
        node: usize,
        key: usize,
        load: u64,
        fails: bool,
    },
    /// Asks for all keys at once.
    AskMany {
        node: usize,
        load: u64,
        fails: bool,
    },
    /// Looks without loading.
    Look {
        node: usize,
        key: usize,
    },
    /// Changes the source, then tells the cache.
    Change {
        node: usize,
        key: usize,
        way: Way,
    },
    /// The store takes so long for each call from now on.
    Slow {
        delay: u64,
    },
    Mode(Mode),
    /// What becomes of the store's news.
    Line(Line),
    LoseEverything,
    Wait {
        millis: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (node, key) = (0..2usize, 0..KEYS);
    let way = prop_oneof![
        Just(Way::Key),
        Just(Way::Tag),
        Just(Way::Clear),
        Just(Way::ClearAll),
        Just(Way::Set),
        Just(Way::ExpireKey),
        Just(Way::ExpireTag),
        Just(Way::ExpireAll),
    ];
    let line = prop_oneof![2 => Just(Line::Works), 1 => Just(Line::Cut), 1 => Just(Line::Dead)];
    let mode = prop_oneof![4 => Just(Mode::Works), 1 => Just(Mode::Fails), 1 => Just(Mode::Hangs)];
    prop_oneof![
        8 => (node.clone(), key.clone(), 0..60u64, prop::bool::weighted(0.1))
            .prop_map(|(node, key, load, fails)| Step::Ask { node, key, load, fails }),
        2 => (node.clone(), 0..60u64, prop::bool::weighted(0.1))
            .prop_map(|(node, load, fails)| Step::AskMany { node, load, fails }),
        3 => (node.clone(), key.clone()).prop_map(|(node, key)| Step::Look { node, key }),
        6 => (node, key, way).prop_map(|(node, key, way)| Step::Change { node, key, way }),
        1 => (0..15u64).prop_map(|delay| Step::Slow { delay }),
        1 => mode.prop_map(Step::Mode),
        1 => line.prop_map(Step::Line),
        1 => Just(Step::LoseEverything),
        6 => (0..40u64).prop_map(|millis| Step::Wait { millis }),
        1 => (500..1500u64).prop_map(|millis| Step::Wait { millis }),
    ]
}

/// The truth about one key.
#[derive(Debug, Default)]
struct Truth {
    /// What the source has.
    source: AtomicU64,
    /// The last value that each node was told of: its calls may not return less from then on.
    told: [AtomicU64; 2],
    locks: [Arc<RwLock<()>>; 2],
}

#[expect(dead_code, reason = "held until it is dropped")]
enum Held {
    Read(OwnedRwLockReadGuard<()>),
    Write(OwnedRwLockWriteGuard<()>),
}

struct World {
    nodes: [Cache<Arc<TestStore>>; 2],
    store: Arc<TestStore>,
    truths: [Truth; KEYS],
    /// What one node did the other has heard of a moment later.
    prompt: bool,
}

impl World {
    fn new(recheck: Duration, telling: bool, prompt: bool) -> Arc<Self> {
        let store = if telling { TestStore::telling() } else { TestStore::new() };
        let node =
            || Cache::builder().store(Arc::clone(&store)).recheck_after(recheck).local(100).build();
        let nodes = [node(), node()];
        Arc::new(Self { nodes, store, truths: Default::default(), prompt })
    }

    fn key(key: usize) -> Key {
        Key::new("model").part(key)
    }

    /// Each key has the ways of serving that the others have not.
    fn policy(key: usize) -> Policy {
        let policy = Policy::ttl(ms(800)).retry_after(ms(50)).tag(format!("tag:{key}"));
        match key {
            0 => policy.stale_for(ms(400)),
            1 => policy.refresh_ahead(ms(600)),
            _ => policy.stale_for(ms(400)).wait_for_fresh(ms(20)).answer_within(ms(40)),
        }
    }

    async fn ask(self: Arc<Self>, node: usize, key: usize, load: u64, fails: bool) {
        let known = self.truths[key].told[node].load(Ordering::SeqCst);
        let world = Arc::clone(&self);
        let load = move || async move {
            let value = world.truths[key].source.load(Ordering::SeqCst);
            sleep(ms(load)).await;
            if fails { Err(Down) } else { Ok(Some(value)) }
        };
        let cache = &self.nodes[node];
        let got = cache.get_or_load_optional(&Self::key(key), &Self::policy(key), load).await;
        if let Ok(got) = got {
            let got = got.unwrap();
            assert!(got >= known, "node {node} got {got} of key {key} after it knew of {known}");
        }
    }

    async fn ask_many(self: Arc<Self>, node: usize, load: u64, fails: bool) {
        let known: [u64; KEYS] =
            std::array::from_fn(|key| self.truths[key].told[node].load(Ordering::SeqCst));
        let world = Arc::clone(&self);
        let load = move |keys: Vec<usize>| async move {
            let source = |key: usize| (key, world.truths[key].source.load(Ordering::SeqCst));
            let values: Vec<(usize, u64)> = keys.into_iter().map(source).collect();
            sleep(ms(load)).await;
            if fails { Err(Down) } else { Ok(values) }
        };
        let keys: [usize; KEYS] = std::array::from_fn(|key| key);
        let (key, policy) = (|key: &usize| Self::key(*key), |key: &usize| Self::policy(*key));
        let got = self.nodes[node].get_or_load_many(&keys, key, policy, load).await;
        for (got, known) in got.into_iter().flatten().zip(known) {
            let got = got.unwrap();
            assert!(got >= known, "node {node} got {got} among many after it knew of {known}");
        }
    }

    async fn look(self: Arc<Self>, node: usize, key: usize) {
        let known = self.truths[key].told[node].load(Ordering::SeqCst);
        if let Some(got) = self.nodes[node].get(&Self::key(key)).await.unwrap() {
            let got: u64 = Option::unwrap(*got);
            assert!(got >= known, "node {node} saw {got} of key {key} after it knew of {known}");
        }
    }

    async fn change(self: Arc<Self>, node: usize, key: usize, way: Way) {
        let truth = &self.truths[key];
        // Between processes it is not said which of a `set` and another change wins: a `set` here
        // is alone with respect to the other node. In one node everything may overlap.
        let alone = matches!(way, Way::Set);
        let mut held = Vec::new();
        for (at, lock) in truth.locks.iter().enumerate() {
            let lock = Arc::clone(lock);
            if alone && at != node {
                held.push(Held::Write(lock.write_owned().await));
            } else if at == node {
                held.push(Held::Read(lock.read_owned().await));
            }
        }
        let cache = &self.nodes[node];
        let expired = match way {
            Way::ExpireKey => Some(cache.expire(&Self::key(key)).await),
            Way::ExpireTag => Some(cache.expire_tags([format!("tag:{key}")]).await),
            Way::ExpireAll => Some(cache.expire_all().await),
            _ => None,
        };
        if expired.is_some() {
            return;
        }
        let value = truth.source.fetch_add(1, Ordering::SeqCst) + 1;
        // An error says that the store has to be told later; in this node the change holds.
        let told = match way {
            Way::Key => cache.invalidate(&Self::key(key)).await,
            Way::Tag => cache.invalidate_tag(format!("tag:{key}")).await,
            Way::Clear => cache.clear("model").await,
            Way::ClearAll => cache.clear_all().await,
            _ => cache.set(&Self::key(key), Some(value), &Self::policy(key)).await.map(drop),
        };
        truth.told[node].fetch_max(value, Ordering::SeqCst);
        if told.is_ok() && self.prompt {
            sleep(ms(1)).await;
            truth.told[1 - node].fetch_max(value, Ordering::SeqCst);
        }
    }
}

async fn run(steps: Vec<Step>, recheck: Duration, telling: bool) {
    let untold = |step: &Step| matches!(step, Step::Line(_) | Step::LoseEverything);
    let world = World::new(recheck, telling, telling && !steps.iter().any(untold));
    for node in 0..2 {
        // From the first call on it listens.
        Arc::clone(&world).ask(node, 0, 0, false).await;
        sleep(ms(1)).await;
    }
    let mut tasks = JoinSet::new();
    for step in steps {
        let at = Arc::clone(&world);
        match step {
            Step::Ask { node, key, load, fails } => {
                drop(tasks.spawn(at.ask(node, key, load, fails)))
            }
            Step::AskMany { node, load, fails } => {
                drop(tasks.spawn(at.ask_many(node, load, fails)))
            }
            Step::Look { node, key } => drop(tasks.spawn(at.look(node, key))),
            Step::Change { node, key, way } => drop(tasks.spawn(at.change(node, key, way))),
            Step::Slow { delay } => world.store.delay.store(delay, Ordering::Relaxed),
            Step::Mode(mode) => world.store.set_mode(mode),
            Step::Line(line) if telling => world.store.set_line(line),
            Step::Line(_) => (),
            Step::LoseEverything => world.store.lose_everything(),
            Step::Wait { millis } => sleep(ms(millis)).await,
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    // When all is quiet and the store is back, both nodes come to know of everything.
    world.store.set_mode(Mode::Works);
    sleep(ms(5000)).await;
    for (key, truth) in (0..KEYS).zip(&world.truths) {
        let value = truth.source.load(Ordering::SeqCst);
        truth.told.iter().for_each(|told| told.store(value, Ordering::SeqCst));
        for node in 0..2 {
            Arc::clone(&world).ask(node, key, 0, false).await;
        }
    }
}

fn cases() -> u32 {
    std::env::var("MODEL_CASES").map_or(300, |cases| cases.parse().unwrap())
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn no_call_returns_less_than_was_known_when_it_began(
        steps in prop::collection::vec(step(), 1..80),
        (recheck, telling) in prop_oneof![
            Just((0u64, false)), Just((200, false)), Just((200, true)), Just((60_000, true)),
        ],
        calm in prop::bool::ANY,
    ) {
        let untold = |step: &Step| matches!(step, Step::Line(_) | Step::LoseEverything);
        let steps = steps.into_iter().filter(|step| !calm || !untold(step)).collect();
        paused().block_on(run(steps, ms(recheck), telling));
    }
}
