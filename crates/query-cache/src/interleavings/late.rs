use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::yield_now;

use crate::store::{Item, Listen, Store, Stored, Versions};
use crate::{MemoryStore, Name, StoreError, Version};

/// A store to which the first value written is long on its way.
#[derive(Debug, Default)]
pub(super) struct LateStore {
    inner: MemoryStore,
    written: AtomicBool,
}

impl Store for LateStore {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.inner.get_many(names).await
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        if !self.written.swap(true, Ordering::Relaxed) {
            for _ in 0..20 {
                yield_now().await;
            }
        }
        self.inner.set_many(items).await
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        self.inner.remove(names).await
    }
}

impl Versions for LateStore {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        self.inner.read(names).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        self.inner.ensure(names, offered, ttl).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        self.inner.expire(names, offered).await
    }
}

impl Listen for LateStore {}
