//! What is known about each key, and so what an answer may be.
//!
//! The value of a key is a number that only grows: each change makes it one more. A call that begins
//! after a node knows of a change may not get less.

use std::collections::HashMap;
use std::time::Duration;

use query_cache::{Key, Policy, Tag};
use tokio::time::Instant;

use crate::support::ms;

pub(super) const NODES: usize = 2;
pub(super) const KEYS: usize = 4;
/// These hold values that may be absent; the last one holds plain ones.
pub(super) const OPTIONAL: usize = 3;
const SHARED: [usize; 2] = [0, 3];

const TTL: u64 = 800;
const NEGATIVE: u64 = 200;
/// A flight asks the store a few times, for 250 ms each, and then loads.
const LONGEST_FLIGHT: Duration = Duration::from_secs(4);

pub(super) fn key(key: usize) -> Key {
    Key::new(namespace(key)).part(key)
}

pub(super) fn namespace(key: usize) -> &'static str {
    if key < OPTIONAL { "model" } else { "other" }
}

pub(super) fn tag(key: usize) -> Tag {
    Tag::from(format!("tag:{key}"))
}

/// Each key has the ways of being served that the others have not.
pub(super) fn policy(key: usize) -> Policy {
    let policy = Policy::ttl(ms(TTL)).negative_ttl(ms(NEGATIVE)).retry_after(ms(50)).tag(tag(key));
    let policy = if SHARED.contains(&key) { policy.tag("shared") } else { policy };
    let policy = policy.stale_for(stale(key));
    match key {
        0 => policy,
        1 => policy.refresh_ahead(ms(600)),
        2 => policy.wait_for_fresh(ms(20)).answer_within(ms(40)).load_timeout(ms(150)),
        _ => policy.refresh_ahead(ms(300)).wait_for_fresh(ms(50)),
    }
}

fn stale(key: usize) -> Duration {
    ms(if key == 1 { 0 } else { 400 })
}

/// Whether the source has no such row when it is at `number`.
pub(super) fn is_absent(key: usize, number: u64) -> bool {
    key < OPTIONAL && number % 4 == 3
}

/// What a change is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope {
    Key(usize),
    Tag(usize),
    /// A tag that two keys of two namespaces carry.
    Shared,
    Namespace(usize),
    All,
}

impl Scope {
    pub(super) fn keys(self) -> Vec<usize> {
        match self {
            Self::Key(key) | Self::Tag(key) => vec![key],
            Self::Shared => SHARED.to_vec(),
            Self::Namespace(of) => {
                (0..KEYS).filter(|key| namespace(*key) == namespace(of)).collect()
            }
            Self::All => (0..KEYS).collect(),
        }
    }
}

/// What a change does to what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It may not be served.
    Dead,
    /// It may be served as a stale one.
    Stale,
}

/// The least that an answer may be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Floor {
    dead: u64,
    stale: u64,
}

impl Floor {
    fn raise(&mut self, kind: Kind, number: u64) {
        match kind {
            Kind::Dead => self.dead = self.dead.max(number),
            Kind::Stale => self.stale = self.stale.max(number),
        }
    }

    fn join(&mut self, other: Self) {
        self.raise(Kind::Dead, other.dead);
        self.raise(Kind::Stale, other.stale);
    }
}

/// The promises to a call, as of its begin.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    node: usize,
    key: usize,
    pub(super) begun: Instant,
    here: Floor,
    /// What the other node has told the store long enough ago; only as long as the store answers.
    pub(super) elsewhere: Option<Floor>,
}

/// How late a node may know of what the other one has told the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    /// After so long it has compared.
    pub(super) checked: Duration,
    /// Since when it hears of it.
    pub(super) heard: Option<Instant>,
    /// How long an answer may be under way.
    pub(super) delay: Duration,
}

impl Bound {
    fn of(&self, told: Instant) -> Instant {
        let checked = told + self.checked;
        self.heard.map_or(checked, |heard| checked.min(heard.max(told) + ms(1) + self.delay))
    }
}

/// How an answer was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// May be stale where the policy lets it.
    Loading,
    /// Is fresh.
    Looking,
}

#[derive(Debug, Default)]
pub(super) struct Truth {
    keys: [OfKey; KEYS],
    /// How much later than it was sent a value may have come to the store.
    pub(super) lateness: Duration,
}

#[derive(Debug, Default)]
struct OfKey {
    /// What the source has.
    source: u64,
    nodes: [OfNode; NODES],
    /// A load that was begun before goes on beside the next one, also where the change is heard of.
    changed: Vec<Instant>,
    /// For each number when it stops to be fresh, and to be served at all.
    ends: HashMap<u64, (Instant, Instant)>,
}

#[derive(Debug, Default)]
struct OfNode {
    floor: Floor,
    /// What this node has told the store, and when that was confirmed.
    told: Vec<(Instant, Kind, u64)>,
    running: usize,
    /// When the last load ended: what it brought is handed over in the same moment, but after it.
    ended: Option<Instant>,
}

impl Truth {
    /// What `node` may get of `key` from now on.
    pub(super) fn promise(&self, node: usize, key: usize, bound: Option<Bound>) -> Promise {
        let (of, begun) = (&self.keys[key], Instant::now());
        // Who waits for a load that is under way gets what it brings.
        let OfNode { running, ended, .. } = of.nodes[node];
        let bound = bound.filter(|_| running == 0 && ended != Some(begun));
        let elsewhere = bound.map(|bound| {
            let mut floor = Floor::default();
            let others = of.nodes.iter().enumerate().filter(|(other, _)| *other != node);
            for (at, kind, number) in others.flat_map(|(_, other)| &other.told) {
                if bound.of(*at) <= begun {
                    floor.raise(*kind, *number);
                }
            }
            floor
        });
        Promise { node, key, begun, here: of.nodes[node].floor, elsewhere }
    }

    /// Fails unless `got` (`None`: absent) keeps the promise.
    pub(super) fn check(&self, promise: &Promise, asked: Asked, got: Option<u64>) {
        let Promise { node, key, here, elsewhere, .. } = *promise;
        let mut floor = here;
        floor.join(elsewhere.unwrap_or_default());
        let may_be_stale = asked == Asked::Loading && !stale(key).is_zero();
        let least = if may_be_stale { floor.dead } else { floor.dead.max(floor.stale) };
        // It may have been served as soon as the call began.
        let lives = |number: &u64| {
            let (fresh, dead) = self.keys[key].ends[number];
            promise.begun <= if may_be_stale { dead } else { fresh } + self.lateness
        };
        let is_one = |number: &u64| match got {
            Some(got) => *number == got && !is_absent(key, got),
            None => is_absent(key, *number),
        };
        let mut known = self.keys[key].ends.keys();
        assert!(
            known.any(|number| is_one(number) && *number >= least && lives(number)),
            "node {node} got {got:?} of key {key}, {asked:?}: {promise:?}, {:?}, now {:?}",
            self.keys[key],
            Instant::now(),
        );
    }

    /// No value that a load builds on, or replaces, was invalidated before it began.
    pub(super) fn check_previous(&self, node: usize, key: usize, previous: u64) {
        let least = self.keys[key].nodes[node].floor.dead;
        assert!(previous >= least, "a load of node {node} was given {previous} of key {key}");
    }

    /// The source changes. What it has then.
    pub(super) fn change(&mut self, keys: &[usize]) -> Vec<u64> {
        let number = |key: &usize| {
            self.keys[*key].source += 1;
            self.keys[*key].source
        };
        keys.iter().map(number).collect()
    }

    /// `node` has begun to change `keys`.
    pub(super) fn changed(&mut self, node: usize, keys: &[usize], kind: Kind, numbers: &[u64]) {
        for (key, number) in keys.iter().zip(numbers) {
            let of = &mut self.keys[*key];
            of.nodes[node].floor.raise(kind, *number);
            of.changed.push(Instant::now());
        }
    }

    /// The store has confirmed it.
    pub(super) fn told(&mut self, node: usize, keys: &[usize], kind: Kind, numbers: &[u64]) {
        for (key, number) in keys.iter().zip(numbers) {
            self.keys[*key].nodes[node].told.push((Instant::now(), kind, *number));
        }
    }

    /// All nodes are to know of everything now.
    pub(super) fn told_all(&mut self) {
        for of in &mut self.keys {
            let mut floor = Floor::default();
            of.nodes.iter().for_each(|node| floor.join(node.floor));
            of.nodes.iter_mut().for_each(|node| node.floor.join(floor));
        }
    }

    /// A load begins. What the source has.
    pub(super) fn load_begins(&mut self, node: usize, key: usize) -> u64 {
        let (of, now) = (&mut self.keys[key], Instant::now());
        of.changed.retain(|at| *at + LONGEST_FLIGHT > now);
        let running = &mut of.nodes[node].running;
        *running += 1;
        assert!(*running <= 1 + of.changed.len(), "{running} loads of key {key} on node {node}");
        of.source
    }

    pub(super) fn load_ends(&mut self, node: usize, key: usize) {
        let of = &mut self.keys[key].nodes[node];
        of.running -= 1;
        of.ended = Some(Instant::now());
    }

    /// The life of `number` begins, not later than `from`.
    pub(super) fn lives(&mut self, key: usize, number: u64, from: Instant) {
        let ttl = ms(if is_absent(key, number) { NEGATIVE } else { TTL });
        let (fresh, dead) = (from + ttl, from + ttl + stale(key));
        let ends = self.keys[key].ends.entry(number).or_insert((fresh, dead));
        *ends = (ends.0.max(fresh), ends.1.max(dead));
    }
}
