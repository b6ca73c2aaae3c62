//! Where several processes keep values together: bytes and versions under fixed-length names.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::error::StoreError;
use crate::name::{Name, Version};

mod any;
mod memory;
/// The store on Redis.
#[cfg(feature = "redis")]
pub mod redis;

pub use self::any::AnyStore;
pub use self::memory::MemoryStore;

/// Bytes as a store returns them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The bytes last set.
    pub bytes: Vec<u8>,
    /// How long the store will still keep them. Lives are compared by what remains, so that the
    /// clocks of the processes need not agree.
    pub remaining: Duration,
}

/// Keeps bytes under names, each for a time.
///
/// A store may lose anything at any time. It must not return bytes after they were removed,
/// replaced or have expired; where a backend cannot promise that (a lagging replica), ask its
/// primary only. The `testing` feature has a suite, `testing::contract`, that every store has to
/// pass.
pub trait Store: Send + Sync {
    /// The bytes under `name` that have not expired.
    fn get(&self, name: &Name) -> impl Future<Output = Result<Option<Stored>, StoreError>> + Send;

    /// Keeps `bytes` under `name` for `ttl`, which is at least a millisecond, in place of any
    /// others.
    fn set(
        &self,
        name: &Name,
        bytes: &[u8],
        ttl: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets bytes and versions under all of `names`, in one round trip.
    fn remove(&self, names: &[Name]) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Keeps the versions that tell whether a value still holds. An invalidation is [`Store::remove`].
pub trait Versions: Send + Sync {
    /// The version under each of `names`, in their order and in one round trip. `None` for an
    /// unknown one.
    fn read(
        &self,
        names: &[Name],
    ) -> impl Future<Output = Result<Vec<Option<Version>>, StoreError>> + Send;

    /// The same, but a name without a version gets `offered`, atomically: two callers never see
    /// different versions unless there was a removal in between. Each version shall then live for
    /// at least `ttl`; losing it earlier is safe and costs a load.
    fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> impl Future<Output = Result<Vec<Version>, StoreError>> + Send;
}

/// The store of a cache that has none: no value of this type exists.
#[derive(Clone, Copy, Debug)]
pub enum NoStore {}

impl Store for NoStore {
    async fn get(&self, _: &Name) -> Result<Option<Stored>, StoreError> {
        match *self {}
    }

    async fn set(&self, _: &Name, _: &[u8], _: Duration) -> Result<(), StoreError> {
        match *self {}
    }

    async fn remove(&self, _: &[Name]) -> Result<(), StoreError> {
        match *self {}
    }
}

impl Versions for NoStore {
    async fn read(&self, _: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        match *self {}
    }

    async fn ensure(
        &self,
        _: &[Name],
        _: Version,
        _: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        match *self {}
    }
}

impl<S: Store> Store for Arc<S> {
    async fn get(&self, name: &Name) -> Result<Option<Stored>, StoreError> {
        S::get(self, name).await
    }

    async fn set(&self, name: &Name, bytes: &[u8], ttl: Duration) -> Result<(), StoreError> {
        S::set(self, name, bytes, ttl).await
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        S::remove(self, names).await
    }
}

impl<S: Versions> Versions for Arc<S> {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        S::read(self, names).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        S::ensure(self, names, offered, ttl).await
    }
}
