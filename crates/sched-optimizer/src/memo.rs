//! Remembered solutions.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::fingerprint::{Fingerprint, Sketch};

mod prices;
mod solution;
mod warm;

pub use solution::Solution;
pub use warm::{WarmStart, warm_start};

/// Where solutions are kept between solves. Synchronous: a solver never waits for a network.
pub trait SolutionStore: Send + Sync {
    /// The solution stored under `key`.
    fn get(&self, key: &Fingerprint) -> Option<Arc<Solution>>;

    /// Stores `solution` under its [fingerprint](Solution::sketch), in place of an older one.
    fn put(&self, solution: Arc<Solution>);

    /// A solution of the problem most [like](Sketch::likeness) the one of `sketch`. Default: none, for
    /// stores that cannot look through what they keep.
    fn nearest(&self, sketch: &Sketch) -> Option<Arc<Solution>> {
        _ = sketch;
        None
    }
}

impl<S: SolutionStore + ?Sized> SolutionStore for Arc<S> {
    fn get(&self, key: &Fingerprint) -> Option<Arc<Solution>> {
        S::get(self, key)
    }

    fn put(&self, solution: Arc<Solution>) {
        S::put(self, solution);
    }

    fn nearest(&self, sketch: &Sketch) -> Option<Arc<Solution>> {
        S::nearest(self, sketch)
    }
}

impl<S: SolutionStore + ?Sized> SolutionStore for &S {
    fn get(&self, key: &Fingerprint) -> Option<Arc<Solution>> {
        S::get(self, key)
    }

    fn put(&self, solution: Arc<Solution>) {
        S::put(self, solution);
    }

    fn nearest(&self, sketch: &Sketch) -> Option<Arc<Solution>> {
        S::nearest(self, sketch)
    }
}

/// The solutions used last, in memory.
///
/// [`nearest`](SolutionStore::nearest) compares with every stored solution, and of several as near
/// takes the one used last.
#[derive(Debug)]
pub struct LruSolutions(Mutex<LruCache<Fingerprint, Arc<Solution>>>);

impl LruSolutions {
    /// Keeps at most `capacity` solutions.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(capacity)))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Fingerprint, Arc<Solution>>> {
        // A panic elsewhere cannot leave the cache half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SolutionStore for LruSolutions {
    fn get(&self, key: &Fingerprint) -> Option<Arc<Solution>> {
        self.lock().get(key).map(Arc::clone)
    }

    fn put(&self, solution: Arc<Solution>) {
        self.lock().put(solution.sketch().fingerprint(), solution);
    }

    fn nearest(&self, sketch: &Sketch) -> Option<Arc<Solution>> {
        let mut cache = self.lock();
        // The one used last comes last: of equals `max_by_key` takes that.
        let likeness = cache.iter().rev();
        let likeness =
            likeness.filter_map(|(key, one)| Some((*key, sketch.likeness(one.sketch())?)));
        let (key, _) = likeness.max_by_key(|&(_, likeness)| likeness)?;
        cache.get(&key).map(Arc::clone)
    }
}
