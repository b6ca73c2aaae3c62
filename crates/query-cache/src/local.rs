//! The in-process tier: shards of `lru` lists, each behind its own lock, with W-TinyLFU admission.
//!
//! Plain LRU lets one report or export push out everything that is asked for often. Here a newcomer
//! first waits in a small window, and enters the main part only if a frequency sketch says it is
//! asked for more often than the entry it would replace (Einziger, Friedman, Manes: *TinyLFU: A
//! Highly Efficient Cache Admission Policy*, 2017).

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use crate::entry::Entry;
use crate::key::Key;
use crate::sync::lock;

use self::shard::Shard;

mod probe;
mod shard;
mod sketch;
#[cfg(test)]
mod tests;

/// Keeps entries in this process. Synchronous, called on every read: an implementation should not
/// block.
///
/// The built-in one is [`ShardedTier`];
/// [`CacheBuilder::local_tier`](crate::CacheBuilder::local_tier) takes another. A tier may forget
/// an entry at any time, but never return one after it was removed or replaced. Whether an entry
/// may still be served is not its concern.
///
/// ```
/// use query_cache::{Cache, Entry, Key, LocalTier};
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex, PoisonError};
///
/// /// Keeps everything: for programs that run for a minute.
/// #[derive(Default)]
/// struct Unbounded(Mutex<HashMap<Key, Arc<Entry>>>);
///
/// impl LocalTier for Unbounded {
///     fn get(&self, key: &Key) -> Option<Arc<Entry>> {
///         self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
///     }
///
///     fn insert(&self, key: &Key, entry: Arc<Entry>) {
///         self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), entry);
///     }
///
///     fn remove(&self, key: &Key) {
///         self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
///     }
/// }
///
/// let cache = Cache::builder().local_tier(Unbounded::default()).build();
/// # let _ = cache;
/// ```
pub trait LocalTier: Send + Sync {
    /// The entry last inserted under `key`.
    fn get(&self, key: &Key) -> Option<Arc<Entry>>;

    /// Keeps `entry` under `key` in place of any other, or forgets both.
    fn insert(&self, key: &Key, entry: Arc<Entry>);

    /// Forgets the entry under `key`.
    fn remove(&self, key: &Key);

    /// What is kept at present, for the statistics. Default: not known, all zero.
    fn usage(&self) -> Usage {
        Usage::default()
    }
}

impl<L: LocalTier + ?Sized> LocalTier for Arc<L> {
    fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        L::get(self, key)
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        L::insert(self, key, entry);
    }

    fn remove(&self, key: &Key) {
        L::remove(self, key);
    }

    fn usage(&self) -> Usage {
        L::usage(self)
    }
}

/// What a [`LocalTier`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Entries, dead ones that nobody has asked for since included.
    pub entries: u64,
    /// The sum of their weights.
    pub weight: u64,
    /// Entries that were dropped to make room, or not admitted, since the start.
    pub evictions: u64,
}

impl Usage {
    /// These figures.
    pub fn new(entries: u64, weight: u64, evictions: u64) -> Self {
        Self { entries, weight, evictions }
    }
}

/// The built-in tier.
///
/// A read takes one shard's lock for two or three probes of a hash table and allocates nothing.
/// Keys are hashed once, by the standard library's keyed hash, so that no one can choose keys that
/// collide.
#[derive(Debug)]
pub struct ShardedTier {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
}

impl ShardedTier {
    /// Entries a shard should hold at least: fewer make its budget too coarse.
    const PER_SHARD: u64 = 64;

    /// A tier for entries of up to `budget` in total weight, of which about `entries` are expected.
    ///
    /// The budget is cut into equal shards (16 or more, 8 for each core, fewer where there would be
    /// under 64 entries a shard); an entry heavier than its shard's part is not kept.
    pub fn new(budget: u64, entries: NonZeroUsize) -> Self {
        let expected = entries.get() as u64;
        let shards = Self::shard_count(expected);
        let budgets = (0..shards).map(|i| budget / shards + u64::from(i < budget % shards));
        let each = usize::try_from(expected / shards).unwrap_or(usize::MAX);
        Self {
            shards: budgets.map(|part| Mutex::new(Shard::new(part, each))).collect(),
            hasher: RandomState::new(),
        }
    }

    fn shard_count(entries: u64) -> u64 {
        let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get) as u64;
        let wanted = (8 * cores).next_power_of_two().max(16);
        let filled = (entries / Self::PER_SHARD).max(1);
        // The largest power of two that leaves each shard enough entries.
        wanted.min((filled / 2 + 1).next_power_of_two())
    }

    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        // The table inside a shard uses the low bits and the top seven; take some in between.
        let mixed = usize::try_from((hash >> 32) & 0xffff).unwrap_or_default();
        &self.shards[mixed & (self.shards.len() - 1)]
    }
}

impl LocalTier for ShardedTier {
    fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        let hash = self.hasher.hash_one(key);
        lock(self.shard(hash)).get(hash, key)
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        let hash = self.hasher.hash_one(key);
        // Bound to a name so that what was pushed out is dropped after the lock is released:
        // dropping a large value under it would hold up every reader of the shard.
        let _dropped = lock(self.shard(hash)).insert(hash, key, entry);
    }

    fn remove(&self, key: &Key) {
        let hash = self.hasher.hash_one(key);
        let _dropped = lock(self.shard(hash)).remove(hash, key);
    }

    fn usage(&self) -> Usage {
        self.shards.iter().map(|shard| lock(shard).usage()).fold(Usage::default(), |sum, one| {
            Usage {
                entries: sum.entries + one.entries,
                weight: sum.weight + one.weight,
                evictions: sum.evictions + one.evictions,
            }
        })
    }
}
