//! What a cache counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::answer::{Got, Origin, Unanswered};
use crate::entry::AnyValue;
use crate::error::Error;
use crate::key::Key;
use crate::local::Usage;
use crate::observe::Observed;

/// A snapshot of what a cache has counted since it was built. Counters are read one after another,
/// so under load they may be a few calls apart.
///
/// Every call that reads and reaches its end counts as one query: `get`, and the forms of `get_or_load`;
/// of `get_or_load_many` each id does, given twice twice. It counts in exactly one of `local_hits`,
/// `stale_hits`, `store_hits`, `coalesced` and `misses`, by what the caller got. What goes on behind it
/// does not count as a query: an id of a batch that is fresh and also refreshed is a hit and no miss.
/// So `local_hits + stale_hits + store_hits + coalesced + misses` is the number of queries.
///
/// A call whose future is dropped has no end and counts nowhere. `ttl`, `exists` and warming do not
/// count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Answered from this process, fresh.
    pub local_hits: u64,
    /// Answered with a stale value: while it was refreshed, or because its load failed.
    pub stale_hits: u64,
    /// Answered from the store.
    pub store_hits: u64,
    /// Answered by what another call was looking for or loading already, its error included.
    pub coalesced: u64,
    /// Answered by a load of its own; or not at all: a `get` that found nothing, an error, a call that
    /// waited in vain.
    pub misses: u64,
    /// How many of the answers were that there is no value: `None` from `get_or_load_optional` or
    /// `get_or_load_many`. Each is counted above too.
    pub negatives: u64,
    /// Loads begun, refreshes of stale values included.
    pub loads: u64,
    /// Loads that failed, panicked or took too long.
    pub load_errors: u64,
    /// How long all loads that have ended took together.
    pub load_time: Duration,
    /// How long the longest load took that has ended.
    pub longest_load: Duration,
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
    /// Calls to `invalidate`, `clear`, `clear_all`, `expire`, `expire_namespace` and `expire_all`, and
    /// each tag that `invalidate_tags` or `expire_tags` was given.
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

/// Durations that many threads add to, in nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct Times {
    total: Counter,
    longest: AtomicU64,
}

impl Times {
    pub(crate) fn add(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.total.add(nanos);
        self.longest.fetch_max(nanos, Ordering::Relaxed);
    }

    fn total(&self) -> Duration {
        Duration::from_nanos(self.total.get())
    }

    fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest.load(Ordering::Relaxed))
    }
}

/// What is counted, and who is told.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) observer: Observed,
    pub(crate) local_hits: SpreadCounter,
    pub(crate) stale_hits: Counter,
    pub(crate) store_hits: Counter,
    pub(crate) coalesced: Counter,
    pub(crate) misses: Counter,
    pub(crate) loads: Counter,
    pub(crate) negatives: Counter,
    pub(crate) load_errors: Counter,
    pub(crate) load_time: Times,
    pub(crate) store_errors: Counter,
    pub(crate) unreadable: Counter,
    pub(crate) unstorable: Counter,
    pub(crate) encoded_bytes: Counter,
    pub(crate) stored_bytes: Counter,
    pub(crate) invalidations: Counter,
}

impl Counters {
    /// A query was answered by a fresh value of this process.
    pub(crate) fn hit(&self, key: &Key, value: &AnyValue) {
        // Values lie apart in memory, so their addresses spread the counting over lanes.
        self.local_hits.one(Arc::as_ptr(value).addr() >> 6);
        self.observer.tell(|observer| observer.answered(key, Origin::Local));
    }

    /// A query ended. To be called once for each, without a lock held.
    pub(crate) fn ended(&self, key: &Key, got: Result<&Got, &Unanswered>) {
        let got = match got {
            Ok(got) => got,
            Err(Unanswered { error, joined }) => {
                if *joined { &self.coalesced } else { &self.misses }.one();
                return self.observer.tell(|observer| observer.missed(key, Some(error)));
            }
        };
        match got.origin {
            Origin::Local => return self.hit(key, &got.entry.value),
            Origin::Store => self.store_hits.one(),
            Origin::Loaded => self.misses.one(),
            Origin::Shared => self.coalesced.one(),
            Origin::Stale => self.stale_hits.one(),
        }
        self.observer.tell(|observer| observer.answered(key, got.origin));
    }

    /// A query ended, and nobody was to be asked for a value.
    pub(crate) fn found_nothing(&self, key: &Key) {
        self.misses.one();
        self.observer.tell(|observer| observer.missed(key, None));
    }

    pub(crate) fn absent(&self, is_absent: bool) {
        if is_absent {
            self.negatives.one();
        }
    }

    pub(crate) fn if_absent<T>(&self, value: &Result<Arc<Option<T>>, Error>) {
        self.absent(value.as_ref().is_ok_and(|value| value.is_none()));
    }

    pub(crate) fn snapshot(&self, usage: Usage, unsent: u64) -> Stats {
        Stats {
            local_hits: self.local_hits.get(),
            stale_hits: self.stale_hits.get(),
            store_hits: self.store_hits.get(),
            coalesced: self.coalesced.get(),
            misses: self.misses.get(),
            negatives: self.negatives.get(),
            loads: self.loads.get(),
            load_errors: self.load_errors.get(),
            load_time: self.load_time.total(),
            longest_load: self.load_time.longest(),
            store_errors: self.store_errors.get(),
            unreadable: self.unreadable.get(),
            unstorable: self.unstorable.get(),
            encoded_bytes: self.encoded_bytes.get(),
            stored_bytes: self.stored_bytes.get(),
            invalidations: self.invalidations.get(),
            evictions: usage.evictions,
            entries: usage.entries,
            weight: usage.weight,
            unsent,
        }
    }
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
