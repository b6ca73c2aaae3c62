//! dist-lock keeps two processes from loading one cached value at the same time.

use std::time::Duration;

use dist_lock::{AnyLeaseStore, Lock};
use query_cache::{FillGuard, FillLock, Key};

/// Longer than any load takes; the lease is renewed while the load runs.
const TTL: Duration = Duration::from_secs(5);

/// One lease a key.
#[derive(Clone, Debug)]
pub struct LeasedFills {
    store: AnyLeaseStore,
}

impl LeasedFills {
    /// Leases from `store`.
    #[must_use]
    pub fn new(store: AnyLeaseStore) -> Self {
        Self { store }
    }
}

impl FillLock for LeasedFills {
    async fn lock(&self, key: &Key) -> Option<FillGuard> {
        let lock = Lock::new(self.store.clone(), format!("fill/{}", key.name()), TTL).ok()?;
        match lock.acquire().await {
            Ok(guard) => Some(Box::new(guard)),
            Err(error) => {
                // Loading twice is dearer than once, and right all the same.
                tracing::debug!(%error, "loading without a fill lock");
                None
            }
        }
    }
}
