//! Remembered solutions.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::fingerprint::Fingerprint;
use crate::roster::Roster;

/// Where solutions are kept between solves. Synchronous: a solver never waits for a network.
pub trait SolutionStore: Send + Sync {
    /// The roster stored under `key`.
    fn get(&self, key: &Fingerprint) -> Option<Arc<Roster>>;

    /// Stores `roster` under `key`, in place of an older one.
    fn put(&self, key: Fingerprint, roster: Arc<Roster>);
}

impl<S: SolutionStore + ?Sized> SolutionStore for Arc<S> {
    fn get(&self, key: &Fingerprint) -> Option<Arc<Roster>> {
        S::get(self, key)
    }

    fn put(&self, key: Fingerprint, roster: Arc<Roster>) {
        S::put(self, key, roster);
    }
}

impl<S: SolutionStore + ?Sized> SolutionStore for &S {
    fn get(&self, key: &Fingerprint) -> Option<Arc<Roster>> {
        S::get(self, key)
    }

    fn put(&self, key: Fingerprint, roster: Arc<Roster>) {
        S::put(self, key, roster);
    }
}

/// The solutions used last, in memory.
#[derive(Debug)]
pub struct LruSolutions(Mutex<LruCache<Fingerprint, Arc<Roster>>>);

impl LruSolutions {
    /// Keeps at most `capacity` rosters.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(capacity)))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Fingerprint, Arc<Roster>>> {
        // A panic elsewhere cannot leave the cache half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SolutionStore for LruSolutions {
    fn get(&self, key: &Fingerprint) -> Option<Arc<Roster>> {
        self.lock().get(key).map(Arc::clone)
    }

    fn put(&self, key: Fingerprint, roster: Arc<Roster>) {
        self.lock().put(key, roster);
    }
}
