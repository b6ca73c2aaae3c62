//! Counters: how often something happened, in the store all processes share.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::cache::Cache;
use crate::clock::LONGEST;
use crate::error::{Error, StoreError};
use crate::key::Key;
use crate::name::{Name, NameMap};
use crate::store::{Backend, NoStore};
use crate::sync::lock;

/// Keeps counters under names, each for a time: what [`Cache::increment`] asks of its store, and no other
/// call. By default a store keeps none, and each call is an error that says so.
pub trait Tally: Send + Sync {
    /// Adds `by` to the counter under `name`, atomically, and returns the sum. A counter that is not
    /// there, or not any more, begins at 0 and lives for `ttl` from now; the time of one that is there
    /// stays as it is. `None` if the sum does not fit: then nothing was added.
    fn add(
        &self,
        name: &Name,
        by: i64,
        ttl: Duration,
    ) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send {
        _ = (name, by, ttl);
        std::future::ready(Err(StoreError::Unsupported { what: "counters (`Tally::add`)" }))
    }
}

impl<S: Tally> Tally for Arc<S> {
    async fn add(&self, name: &Name, by: i64, ttl: Duration) -> Result<Option<i64>, StoreError> {
        S::add(self, name, by, ttl).await
    }
}

impl Tally for NoStore {
    async fn add(&self, _: &Name, _: i64, _: Duration) -> Result<Option<i64>, StoreError> {
        match *self {}
    }
}

/// Counters in the memory of this process.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    counters: NameMap<(i64, Instant)>,
    sweep_at: usize,
}

impl Tallies {
    pub(crate) fn add(&self, name: &Name, by: i64, ttl: Duration) -> Option<i64> {
        const SMALLEST: usize = 1024;
        let now = Instant::now();
        let mut kept = lock(&self.0);
        if kept.counters.len() >= kept.sweep_at.max(SMALLEST) {
            kept.counters.retain(|_, (_, until)| now < *until);
            kept.sweep_at = 2 * kept.counters.len();
        }
        let live = kept.counters.get(name).filter(|(_, until)| now < *until);
        let (sum, until) = live.copied().unwrap_or((0, now + ttl.min(LONGEST)));
        let sum = sum.checked_add(by)?;
        kept.counters.insert(*name, (sum, until));
        Some(sum)
    }
}

impl<S: Backend + Tally> Cache<S> {
    /// Adds `by`, which may be negative or 0, to the counter under `key`, and returns the sum. In the
    /// store it is one counter for all processes; without a store, one for this cache.
    ///
    /// A counter that is not there begins at 0 and is gone `ttl` after that, however often it is added
    /// to: a count for each minute, a limit on attempts. Counters are no values: they have names of
    /// their own, no invalidation touches them, and a store that forgets begins at 0 again. Costs one
    /// round trip.
    ///
    /// # Errors
    ///
    /// [`Error::Uncounted`] if the store does not answer; it may have added all the same. So it may if
    /// the future is dropped, and where a connection breaks on the way it may add twice.
    /// [`Error::Overflow`] if the sum does not fit into 64 bits; nothing was added.
    ///
    /// ```
    /// # use query_cache::{Cache, Error, Key};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let cache = Cache::builder().build();
    /// let attempts = Key::new("attempts").part("7");
    /// assert_eq!(cache.increment(&attempts, 1, Duration::from_secs(60)).await?, 1);
    /// assert_eq!(cache.increment(&attempts, 1, Duration::from_secs(60)).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn increment(&self, key: &Key, by: i64, ttl: Duration) -> Result<i64, Error> {
        let name = Name::digest(b"tally", key.as_bytes());
        // At least what a store can tell from no time, at most what a clock can add.
        let ttl = ttl.clamp(Duration::from_millis(1), LONGEST);
        let sum = match &self.tiers.remote {
            Some(remote) => remote.count(&name, by, ttl).await.map_err(Error::Uncounted)?,
            None => self.tiers.tallies.add(&name, by, ttl),
        };
        sum.ok_or(Error::Overflow)
    }
}
