//! One load a key across processes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::key::Key;

/// Held while a value is loaded and written to the store; dropping it lets the next loader in.
pub type FillGuard = Box<dyn Send + Sync>;

/// Lets one process at a time load a value that all of them share through a store.
///
/// Asked before a load, after both tiers had nothing; not while the store does not answer. A lock saves
/// work and promises nothing: the cache waits for it for at most
/// [`fill_lock_wait`](crate::CacheBuilder::fill_lock_wait), looks into the store once more, and then
/// loads, with it or without.
///
/// ```
/// use query_cache::{FillGuard, FillLock, Key};
/// use std::sync::Arc;
/// use tokio::sync::Mutex;
///
/// /// All loads one after another: what two caches of one test would share.
/// struct OneAtATime(Arc<Mutex<()>>);
///
/// impl FillLock for OneAtATime {
///     async fn lock(&self, _key: &Key) -> Option<FillGuard> {
///         let guard = Arc::clone(&self.0).lock_owned().await;
///         Some(Box::new(guard))
///     }
/// }
/// ```
pub trait FillLock: Send + Sync {
    /// Waits for the right to load `key`. `None` if it cannot be had. The future may be dropped at
    /// any point and must then leave nothing locked for longer than a lease.
    fn lock(&self, key: &Key) -> impl Future<Output = Option<FillGuard>> + Send;
}

impl<L: FillLock> FillLock for Arc<L> {
    async fn lock(&self, key: &Key) -> Option<FillGuard> {
        L::lock(self, key).await
    }
}

/// The same with the type hidden: asked only when a value is missing, where an allocation is
/// nothing.
pub(crate) trait ErasedFillLock: Send + Sync {
    fn lock<'a>(
        &'a self,
        key: &'a Key,
    ) -> Pin<Box<dyn Future<Output = Option<FillGuard>> + Send + 'a>>;
}

impl<L: FillLock> ErasedFillLock for L {
    fn lock<'a>(
        &'a self,
        key: &'a Key,
    ) -> Pin<Box<dyn Future<Output = Option<FillGuard>> + Send + 'a>> {
        Box::pin(FillLock::lock(self, key))
    }
}
