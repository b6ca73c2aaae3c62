//! What a cache counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of what a cache has counted since it was built. Counters are read one after another,
/// so under load they may be a few calls apart.
///
/// Every call of `get`, `get_or_load` or `get_or_load_optional` that reaches its end counts once,
/// in one of `local_hits`, `stale_hits`, `store_hits`, `coalesced` and `misses`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Answered from this process, fresh.
    pub local_hits: u64,
    /// Answered with a stale value: while it was refreshed, or because its load failed.
    pub stale_hits: u64,
    /// Answered from the store.
    pub store_hits: u64,
    /// Waited for a load that another call had started.
    pub coalesced: u64,
    /// Found nothing, or had to load.
    pub misses: u64,
    /// Loads begun, refreshes of stale values included.
    pub loads: u64,
    /// Loads that failed, panicked or took too long.
    pub load_errors: u64,
    /// Calls to the store that failed, took too long or were not made because it had failed.
    pub store_errors: u64,
    /// Bytes in the store that could not be read: corrupt, of another version, format or type, or
    /// compressed in a way not known here. Each was a miss.
    pub unreadable: u64,
    /// Values that could not be encoded for the store so that they are read back as they are, or
    /// were too large. They were served all the same.
    pub unstorable: u64,
    /// Bytes of the values that were written to the store, before compression.
    pub encoded_bytes: u64,
    /// Bytes that the store got for them: compressed or not, envelopes included.
    pub stored_bytes: u64,
    /// Calls to `invalidate`, `invalidate_tags` (one for each tag), `clear` and `clear_all`.
    pub invalidations: u64,
    /// Values dropped from this process to make room, or not admitted.
    pub evictions: u64,
    /// Values in this process, dead ones that nobody has asked for since included.
    pub entries: u64,
    /// The sum of their weights: entries, or bytes where the local tier has a byte budget.
    pub weight: u64,
    /// Invalidations that the store still has to be told of.
    pub unsent: u64,
}

impl Stats {
    /// All queries answered.
    pub fn total_queries(&self) -> u64 {
        self.hits() + self.coalesced + self.misses
    }

    /// Queries answered with a value that was there.
    pub fn hits(&self) -> u64 {
        self.local_hits + self.stale_hits + self.store_hits
    }

    /// Hits by queries, 0 to 1; 0 before the first query. Who waited for another's load had no hit.
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    pub fn hit_rate(&self) -> f64 {
        match self.total_queries() {
            0 => 0.0,
            total => self.hits() as f64 / total as f64,
        }
    }
}

/// One number that many threads add to.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A counter on every read's path, spread so that cores seldom write to the same cache line.
#[derive(Debug, Default)]
pub(crate) struct SpreadCounter([Lane; 16]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane(Counter);

impl SpreadCounter {
    /// Counts one; equal `hint`s share a lane.
    pub(crate) fn one(&self, hint: usize) {
        self.0[hint % 16].0.one();
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.iter().map(|lane| lane.0.get()).sum()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) local_hits: SpreadCounter,
    pub(crate) stale_hits: Counter,
    pub(crate) store_hits: Counter,
    pub(crate) coalesced: Counter,
    pub(crate) misses: Counter,
    pub(crate) loads: Counter,
    pub(crate) load_errors: Counter,
    pub(crate) store_errors: Counter,
    pub(crate) unreadable: Counter,
    pub(crate) unstorable: Counter,
    pub(crate) encoded_bytes: Counter,
    pub(crate) stored_bytes: Counter,
    pub(crate) invalidations: Counter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hit_rate_is_hits_by_queries() {
        assert_eq!(Stats::default().hit_rate(), 0.0);
        let stats = Stats { local_hits: 2, store_hits: 1, misses: 1, ..Stats::default() };
        assert_eq!((stats.total_queries(), stats.hit_rate()), (4, 0.75));
    }
}
