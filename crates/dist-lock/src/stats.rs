//! Counts of what happened to a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What happened to one [`Lock`](crate::Lock) and its clones since it was made.
///
/// Each number is exact; together they are not one instant's picture, as others may count meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Leases granted.
    pub acquired: u64,
    /// Attempts that found the name held by somebody else. A waiting caller makes several.
    pub contended: u64,
    /// Attempts the store did not answer, or answered with an error.
    pub failed: u64,
    /// Time from call to grant, summed over all leases granted to callers that waited or tried.
    pub waited: Duration,
    /// Renewals the store confirmed.
    pub renewals: u64,
    /// Leases that ended before their holder gave them up.
    pub lost: u64,
    /// Releases the store confirmed.
    pub released: u64,
    /// Releases that found the lease gone or in other hands.
    pub stale_releases: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) acquired: AtomicU64,
    pub(crate) contended: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) waited_micros: AtomicU64,
    pub(crate) renewals: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) released: AtomicU64,
    pub(crate) stale_releases: AtomicU64,
}

/// Adds one. Relaxed, because nothing is ever decided by a count.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Counters {
    pub(crate) fn waited(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            acquired: self.acquired.load(Relaxed),
            contended: self.contended.load(Relaxed),
            failed: self.failed.load(Relaxed),
            waited: Duration::from_micros(self.waited_micros.load(Relaxed)),
            renewals: self.renewals.load(Relaxed),
            lost: self.lost.load(Relaxed),
            released: self.released.load(Relaxed),
            stale_releases: self.stale_releases.load(Relaxed),
        }
    }
}
