//! Settings of a cache.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::Cache;
use crate::clock::{LONGEST, now};
#[cfg(feature = "zstd")]
use crate::codec::Dictionary;
use crate::codec::{Codec, Compression, Settings};
use crate::coherence::News;
use crate::fill_lock::{ErasedFillLock, FillLock};
use crate::flight::Flights;
use crate::format::Format;
use crate::local::{LocalTier, ShardedTier};
use crate::observe::{Observed, Observer};
use crate::remote::{Listening, Remote, Treatment};
use crate::stats::Counters;
use crate::store::{Backend, NoStore};
use crate::tags::TagTable;
use crate::tally::Tallies;
use crate::tiers::{Tiers, Weigh};

/// Settings of a [`Cache`]. Every one has a default: `Cache::builder().build()` works. Durations above
/// ten years mean ten years.
pub struct CacheBuilder<S = NoStore> {
    tier: Tier,
    store: Option<S>,
    treatment: Treatment,
    packing: Settings,
    recheck_after: Duration,
    fill_lock: Option<Box<dyn ErasedFillLock>>,
    fill_lock_wait: Duration,
    observer: Option<Box<dyn Observer>>,
}

enum Tier {
    Entries(usize),
    Bytes(u64),
    Own(Box<dyn LocalTier>),
}

impl CacheBuilder<NoStore> {
    pub(crate) fn new() -> Self {
        Self {
            tier: Tier::Entries(10_000),
            store: None,
            treatment: Treatment {
                limit: Duration::from_millis(250),
                pause: Duration::from_secs(1),
            },
            packing: Settings::default(),
            recheck_after: Duration::from_secs(1),
            fill_lock: None,
            fill_lock_wait: Duration::from_secs(2),
            observer: None,
        }
    }
}

impl<S> CacheBuilder<S> {
    /// Keeps up to `entries` values in this process. Default 10,000. Zero keeps none: each call
    /// then asks the store.
    #[must_use]
    pub fn local(mut self, entries: usize) -> Self {
        self.tier = Tier::Entries(entries);
        self
    }

    /// Keeps values of up to `bytes` in all in this process, instead of a number of them. A value
    /// counts with about the memory that it takes, its key and some 400 bytes of bookkeeping included.
    /// To find out, serde goes through it once when it is kept; what its type shares, skips or keeps
    /// spare is not seen by that. A value that is larger than its
    /// shard's part, a sixteenth of the budget on two cores and less on more, is not kept.
    #[must_use]
    pub fn local_bytes(mut self, bytes: u64) -> Self {
        self.tier = Tier::Bytes(bytes);
        self
    }

    /// Keeps values in another in-process tier than the built-in one. Each value then weighs 1.
    #[must_use]
    pub fn local_tier(mut self, tier: impl LocalTier + 'static) -> Self {
        self.tier = Tier::Own(Box::new(tier));
        self
    }

    /// Shares values with other processes through `store`.
    pub fn store<T: Backend>(self, store: T) -> CacheBuilder<T> {
        self.maybe_store(Some(store))
    }

    /// The same, where it is decided at run time whether there is a store. With `None` the cache is
    /// in-process, whatever `T` is; [`AnyStore`](crate::AnyStore) leaves the choice of store open
    /// too.
    pub fn maybe_store<T: Backend>(self, store: Option<T>) -> CacheBuilder<T> {
        CacheBuilder {
            store,
            tier: self.tier,
            treatment: self.treatment,
            packing: self.packing,
            recheck_after: self.recheck_after,
            fill_lock: self.fill_lock,
            fill_lock_wait: self.fill_lock_wait,
            observer: self.observer,
        }
    }

    /// A call to the store that takes longer is given up. Default 250 ms.
    #[must_use]
    pub fn store_timeout(mut self, limit: Duration) -> Self {
        self.treatment.limit = limit.min(LONGEST);
        self
    }

    /// A store that failed is left alone until it answers a question that is asked in the background: at
    /// once, and then after each such pause. Default 1 s.
    #[must_use]
    pub fn store_pause(mut self, pause: Duration) -> Self {
        self.treatment.pause = pause.min(LONGEST);
        self
    }

    /// For so long a value of this process is served without knowing that no other process has
    /// invalidated it: the bound on how late an invalidation elsewhere is seen here, as long as the
    /// store answers. Default 1 s.
    ///
    /// A store that [tells](crate::Listen) what others do is asked three times in that time, all in
    /// all, whether it has told everything. Without that, each value is compared with the store once
    /// in that time, when it is asked for. Zero compares on every hit.
    #[must_use]
    pub fn recheck_after(mut self, bound: Duration) -> Self {
        self.recheck_after = bound.min(LONGEST);
        self
    }

    /// How values are written to the store. Default JSON.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.packing.format = format;
        self
    }

    /// How values are compressed in the store. Default gzip where the feature is on, which it is
    /// by default; otherwise not at all.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.packing.compression = compression;
        self
    }

    /// Compresses values with zstd, those of up to 4 KiB by `dictionary`.
    ///
    /// What was written by the dictionaries of earlier calls is read too. So a new one is brought
    /// in without a miss by giving it before the old one until all processes know it.
    #[cfg(feature = "zstd")]
    #[must_use]
    pub fn dictionary(mut self, dictionary: Dictionary) -> Self {
        self.packing.dictionaries.push(dictionary);
        self.compression(Compression::Zstd)
    }

    /// Values of at least so many bytes are compressed in the store if that saves a tenth. Default
    /// 1024, or 128 where there is a dictionary.
    #[must_use]
    pub fn compress_from(mut self, bytes: usize) -> Self {
        self.packing.limits.compress_from = Some(bytes);
        self
    }

    /// Values of more bytes, before compression, are neither written to the store nor read from
    /// it: one of several megabytes holds up all others on a shared connection. Default 8 MiB.
    #[must_use]
    pub fn largest_value(mut self, bytes: usize) -> Self {
        self.packing.limits.largest = bytes;
        self
    }

    /// Lets one process at a time load a key. Without a store it is not asked. Default: none.
    #[must_use]
    pub fn fill_lock(mut self, lock: impl FillLock + 'static) -> Self {
        self.fill_lock = Some(Box::new(lock));
        self
    }

    /// After so long a load begins without the lock. Default 2 s.
    #[must_use]
    pub fn fill_lock_wait(mut self, bound: Duration) -> Self {
        self.fill_lock_wait = bound.min(LONGEST);
        self
    }

    /// Tells `observer` what the cache does. Default: nobody. The last one given counts; a pair of
    /// observers is an observer.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The cache.
    pub fn build(self) -> Cache<S> {
        let observer = Observed::by(self.observer);
        let counters = Arc::new(Counters { observer, ..Counters::default() });
        let (local, weigh) = self.tier.build();
        let codec = Codec::new(&self.packing);
        let remote = |store| Remote::new(store, self.treatment, codec, Arc::clone(&counters));
        Cache::from_tiers(Tiers {
            local,
            remote: self.store.map(remote),
            flights: Flights::new(),
            tags: Arc::new(TagTable::default()),
            news: Arc::new(News::new()),
            listening: Listening::default(),
            fill_lock: self.fill_lock,
            fill_lock_wait: self.fill_lock_wait,
            recheck_after: self.recheck_after,
            weigh,
            origin: now(),
            counters,
            tasks: Arc::default(),
            tallies: Tallies::default(),
        })
    }
}

impl Tier {
    fn build(self) -> (Box<dyn LocalTier>, Weigh) {
        // A guess that only sizes the frequency sketch and the shards.
        const TYPICAL: u64 = 2048;
        let sharded = |budget, entries| -> Box<dyn LocalTier> {
            let entries = NonZeroUsize::new(entries).unwrap_or(NonZeroUsize::MIN);
            Box::new(ShardedTier::new(budget, entries))
        };
        match self {
            Self::Entries(entries) => (sharded(entries as u64, entries), Weigh::Entries),
            Self::Bytes(bytes) => {
                let entries = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX);
                (sharded(bytes, entries), Weigh::Bytes)
            }
            Self::Own(tier) => (tier, Weigh::Entries),
        }
    }
}

impl<S> fmt::Debug for CacheBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("store", &self.store.is_some())
            .field("treatment", &self.treatment)
            .field("packing", &self.packing)
            .field("recheck_after", &self.recheck_after)
            .field("fill_lock", &self.fill_lock.is_some())
            .field("fill_lock_wait", &self.fill_lock_wait)
            .field("observer", &self.observer.is_some())
            .finish_non_exhaustive()
    }
}
