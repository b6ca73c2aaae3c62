//! Shards, each behind its own lock.

use std::hash::{BuildHasher, Hash};
use std::num::NonZeroUsize;
use std::sync::Mutex;

use foldhash::quality::RandomState;

use crate::sync::lock;

use super::Usage;
use super::shard::Shard;

/// A bounded map. Keys are hashed once.
#[derive(Debug)]
pub(crate) struct Sharded<K, V> {
    shards: Box<[Apart<K, V>]>,
    hasher: RandomState,
}

/// Two cache lines at least, so that no thread waits for a line that another one writes to.
#[derive(Debug)]
#[repr(align(128))]
struct Apart<K, V>(Mutex<Shard<K, V>>);

impl<K: Clone + Eq + Hash, V: Clone> Sharded<K, V> {
    pub(crate) fn new(budget: u64, entries: NonZeroUsize) -> Self {
        let expected = entries.get() as u64;
        let shards = shard_count(expected);
        let budgets = (0..shards).map(|i| budget / shards + u64::from(i < budget % shards));
        let each = usize::try_from(expected / shards).unwrap_or(usize::MAX);
        let shard = |part| Apart(Mutex::new(Shard::new(part, each)));
        Self { shards: budgets.map(shard).collect(), hasher: RandomState::default() }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.see(key, V::clone)
    }

    /// What `look` makes of the value, under the lock.
    pub(crate) fn see<T>(&self, key: &K, look: impl FnOnce(&V) -> T) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        lock(self.shard(hash)).get(hash, key).map(look)
    }

    pub(crate) fn insert(&self, key: K, value: V, weight: u64) {
        let hash = self.hasher.hash_one(&key);
        let _dropped = lock(self.shard(hash)).insert(hash, key, value, weight);
    }

    pub(crate) fn remove(&self, key: &K) {
        let hash = self.hasher.hash_one(key);
        let _dropped = lock(self.shard(hash)).remove(hash, key);
    }

    pub(crate) fn usage(&self) -> Usage {
        self.shards.iter().map(|shard| lock(&shard.0).usage()).fold(Usage::default(), |sum, one| {
            Usage {
                entries: sum.entries + one.entries,
                weight: sum.weight + one.weight,
                evictions: sum.evictions + one.evictions,
            }
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "some bits are meant")]
    fn shard(&self, hash: u64) -> &Mutex<Shard<K, V>> {
        // The index inside a shard uses the upper half.
        &self.shards[hash as usize & (self.shards.len() - 1)].0
    }
}

/// Entries a shard should hold at least: fewer make its budget too coarse.
const PER_SHARD: u64 = 64;

pub(super) fn shard_count(entries: u64) -> u64 {
    let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get) as u64;
    let wanted = (8 * cores).next_power_of_two().max(16);
    let filled = (entries / PER_SHARD).max(1);
    // The largest power of two that leaves each shard enough entries.
    wanted.min((filled / 2 + 1).next_power_of_two())
}
