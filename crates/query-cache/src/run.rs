//! Runs loads: bounded in time, counted, timed, and told to the observer.

use std::time::{Duration, Instant};

use crate::clock::now;
use crate::error::{Cause, Error};
use crate::key::Key;
use crate::stats::Counters;
use crate::tiers::Tiers;

impl<S> Tiers<S> {
    /// Runs a load of so many keys, `key` being the first, but not for longer than `limit`.
    pub(crate) async fn run<T>(
        &self,
        (key, keys): (&Key, usize),
        limit: Duration,
        load: impl Future<Output = Result<T, Cause>>,
    ) -> Result<T, Error> {
        let counters = &*self.counters;
        counters.loads.one();
        counters.observer.tell(|observer| observer.load_began(key, keys));
        let failed = Some(Error::LoadAborted);
        let mut running = Running { counters, key, keys, began: now(), failed };
        let result = match tokio::time::timeout(limit, load).await {
            Ok(result) => result.map_err(Error::Load),
            Err(_) => Err(Error::LoadTimeout { limit }),
        };
        running.failed = result.as_ref().err().cloned();
        result
    }
}

/// Counts the end of a load, as a failure unless it is known to have succeeded: a panic passes through
/// here too.
struct Running<'a> {
    counters: &'a Counters,
    key: &'a Key,
    keys: usize,
    began: Instant,
    failed: Option<Error>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Self { counters, key, keys, began, failed } = self;
        let took = now().saturating_duration_since(*began);
        counters.load_time.add(took);
        if failed.is_some() {
            counters.load_errors.one();
        }
        counters.observer.tell(|observer| observer.load_ended(key, *keys, took, failed.as_ref()));
    }
}
