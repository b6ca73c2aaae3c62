//! The in-process tier: shards, each behind its own lock, with W-TinyLFU admission.
//!
//! Plain LRU lets one report or export push out everything that is asked for often. Here a newcomer
//! first waits in a small window, and enters the main part only if a frequency sketch says it is
//! asked for more often than the entry it would replace (Einziger, Friedman, Manes: *TinyLFU: A
//! Highly Efficient Cache Admission Policy*, 2017).

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::entry::Entry;
use crate::key::Key;

pub(crate) use self::sharded::Sharded;

mod index;
mod shard;
mod sharded;
mod sketch;
mod slab;
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

    /// Shows the entry last inserted under `key` to `look`, which is short and calls nothing of the
    /// tier. Default: by [`get`](Self::get). A tier that can show an entry where it lies saves the
    /// counting of one more reference on every hit.
    fn see(&self, key: &Key, look: &mut dyn FnMut(&Entry)) {
        if let Some(entry) = self.get(key) {
            look(&entry);
        }
    }

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

    fn see(&self, key: &Key, look: &mut dyn FnMut(&Entry)) {
        L::see(self, key, look);
    }

    fn usage(&self) -> Usage {
        L::usage(self)
    }
}

/// What the built-in tier takes of the heap for an entry, in bytes: its slot, and the share of an index
/// that is between one and two thirds full.
pub(crate) const PER_ENTRY: u64 = size_of::<slab::Slot<Key, Arc<Entry>>>() as u64 + 8 * 9 / 4;

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
/// A read takes one shard's lock for one probe of a hash table, moves nothing and allocates nothing.
///
/// Keys are hashed once, by foldhash with seeds that differ from process to process and from tier to
/// tier. It is fast, and not made to withstand somebody who can time single look-ups. What such keys
/// could do is bounded: a look-up compares at most 256 words, and a key that finds no place near where
/// its hash belongs is not kept.
#[derive(Debug)]
pub struct ShardedTier(Sharded<Key, Arc<Entry>>);

impl ShardedTier {
    /// A tier for entries of up to `budget` in total weight, of which about `entries` are expected.
    ///
    /// The budget is cut into equal shards (16 or more, 8 for each core, fewer where there would be
    /// under 64 entries a shard); an entry heavier than its shard's part is not kept.
    pub fn new(budget: u64, entries: NonZeroUsize) -> Self {
        Self(Sharded::new(budget, entries))
    }
}

impl LocalTier for ShardedTier {
    fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    fn see(&self, key: &Key, look: &mut dyn FnMut(&Entry)) {
        self.0.see(key, |entry| look(entry));
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        let weight = entry.weight();
        self.0.insert(key.clone(), entry, weight);
    }

    fn remove(&self, key: &Key) {
        self.0.remove(key);
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }
}
