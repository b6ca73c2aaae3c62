//! Several caches on one store.

use std::time::Duration;

use crate::error::StoreError;
use crate::name::{Name, Version};
use crate::tally::Tally;

use super::{Heard, Item, Listen, Store, Stored, Versions};

/// A store of which a named part is used: what is kept under one name is not found under another, nor
/// without one, and cannot be invalidated from there.
///
/// ```
/// use query_cache::{Cache, MemoryStore, Scoped};
/// use std::sync::Arc;
///
/// let store = Arc::new(MemoryStore::default());
/// let schedules = Cache::builder().store(Scoped::new(Arc::clone(&store), "schedules")).build();
/// let reports = Cache::builder().local(100).store(Scoped::new(store, "reports")).build();
/// # let _ = (schedules, reports);
/// ```
#[derive(Clone, Debug)]
pub struct Scoped<S> {
    store: S,
    /// Names are digests, so combining them with that of the scope by exclusive or keeps them apart:
    /// two names of two scopes meet only where two digests happen to differ in exactly the way those of
    /// the scopes do. It is undone by doing it again, as news of the store have to be.
    mask: Name,
}

impl<S> Scoped<S> {
    /// The part called `scope` of `store`, which should be cheap to clone: clones share a connection.
    pub fn new(store: S, scope: &str) -> Self {
        Self { store, mask: Name::digest(b"scope", scope.as_bytes()) }
    }

    fn name(&self, name: &Name) -> Name {
        let (mut bytes, mask) = (*name.as_bytes(), self.mask.as_bytes());
        bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        Name::from_bytes(bytes)
    }

    fn names(&self, names: &[Name]) -> Vec<Name> {
        names.iter().map(|name| self.name(name)).collect()
    }
}

impl<S: Store> Store for Scoped<S> {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.store.get_many(&self.names(names)).await
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        let items = items.iter().map(|item| Item { name: self.name(&item.name), ..*item });
        self.store.set_many(&items.collect::<Vec<_>>()).await
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        self.store.remove(&self.names(names)).await
    }
}

impl<S: Versions> Versions for Scoped<S> {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        self.store.read(&self.names(names)).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        self.store.ensure(&self.names(names), offered, ttl).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        self.store.expire(&self.names(names), offered).await
    }
}

impl<S: Listen> Listen for Scoped<S> {
    async fn listen(&self, every: Duration, mut tell: impl FnMut(Heard) + Send) {
        let tell = |heard| {
            tell(match heard {
                Heard::Removed(names) => Heard::Removed(self.names(&names)),
                Heard::Expired(names) => Heard::Expired(self.names(&names)),
                heard @ (Heard::Proven(_) | Heard::Gap) => heard,
            });
        };
        self.store.listen(every, tell).await;
    }
}

impl<S: Tally> Tally for Scoped<S> {
    async fn add(&self, name: &Name, by: i64, ttl: Duration) -> Result<Option<i64>, StoreError> {
        self.store.add(&self.name(name), by, ttl).await
    }
}
