//! Where several processes keep values together: bytes and versions under fixed-length names.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::StoreError;
use crate::name::{Name, Version};

mod any;
mod memory;
#[cfg(feature = "redis")]
pub mod redis;
mod scoped;

pub use self::any::AnyStore;
pub use self::memory::MemoryStore;
pub use self::scoped::Scoped;

/// Bytes as a store returns them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The bytes last set.
    pub bytes: Vec<u8>,
    /// How long the store will still keep them. Lives are compared by what remains, so that the
    /// clocks of the processes need not agree.
    pub remaining: Duration,
}

/// Bytes to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// What they are found under.
    pub name: Name,
    /// Any bytes.
    pub bytes: &'a [u8],
    /// For how long they are kept: at least a millisecond.
    pub ttl: Duration,
}

/// Keeps bytes under names, each for a time.
///
/// A store may lose anything at any time. It must not return bytes after they were removed,
/// replaced or have expired; where a backend cannot promise that (a lagging replica), ask its
/// primary only. The `testing` feature has a suite, `testing::contract`, that every store has to
/// pass.
pub trait Store: Send + Sync {
    /// The bytes under each of `names` that have not expired, in the order of the names and in one
    /// round trip.
    fn get_many(
        &self,
        names: &[Name],
    ) -> impl Future<Output = Result<Vec<Option<Stored>>, StoreError>> + Send;

    /// Keeps all of `items`, each in place of any others under its name, in one round trip. Of two
    /// with one name the later one counts. After a failure some may be kept and others not.
    fn set_many(&self, items: &[Item<'_>]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets bytes and versions under all of `names`, in one round trip.
    fn remove(&self, names: &[Name]) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Keeps the versions that tell whether a value still holds. An invalidation is [`Store::remove`];
/// after it, a name has no version until the next one is offered.
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

    /// [Changes](Version::expired_to) the version under each of `names` that has one to the second
    /// half of `offered`, in one round trip. How long it lives stays as it is.
    fn expire(
        &self,
        names: &[Name],
        offered: Version,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What a store tells by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// These names were [removed](Store::remove). The names of one call come together, or in parts
    /// that each end with the last of them.
    Removed(Vec<Name>),

    /// These names were [expired](Versions::expire). The names of one call come together, or in
    /// parts that each end with the last of them.
    Expired(Vec<Name>),

    /// All that was done before this moment, of tokio's clock, has been told by now, except for what a
    /// [`Gap`](Self::Gap) before it stands for.
    Proven(Instant),

    /// Something may have been missed up to now, and from now on until the next
    /// [`Proven`](Self::Proven).
    Gap,
}

/// Tells what others do to the store. Without it a [`Cache`](crate::Cache) works as well, and
/// compares each of its values with the store once in a while.
pub trait Listen: Send + Sync {
    /// Calls `tell` for everything that is done through this store or any other on the same data,
    /// this handle's own doings included, of each name in the order it is done; and proves about
    /// `every` so often that nothing was missed.
    ///
    /// What is done before the first [`Heard::Proven`] need not be told. After a break it should go
    /// on by itself, with a [`Heard::Gap`]. `tell` is quick and does not block. Ends when there will
    /// never be anything to tell, which is what it does at once by default; dropping it ends it too.
    fn listen(
        &self,
        every: Duration,
        tell: impl FnMut(Heard) + Send,
    ) -> impl Future<Output = ()> + Send {
        _ = (every, tell);
        std::future::ready(())
    }
}

/// All that a [`Cache`](crate::Cache) asks of its store. Implemented by whatever implements its parts;
/// of [`Listen`], `impl Listen for MyStore {}` is enough.
pub trait Backend: Store + Versions + Listen + 'static {}

impl<S: Store + Versions + Listen + 'static> Backend for S {}

/// The store of a cache that has none: no value of this type exists.
#[derive(Clone, Copy, Debug)]
pub enum NoStore {}

impl Store for NoStore {
    async fn get_many(&self, _: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        match *self {}
    }

    async fn set_many(&self, _: &[Item<'_>]) -> Result<(), StoreError> {
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

    async fn expire(&self, _: &[Name], _: Version) -> Result<(), StoreError> {
        match *self {}
    }
}

impl Listen for NoStore {}

impl<S: Store> Store for Arc<S> {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        S::get_many(self, names).await
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        S::set_many(self, items).await
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

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        S::expire(self, names, offered).await
    }
}

impl<S: Listen> Listen for Arc<S> {
    async fn listen(&self, every: Duration, tell: impl FnMut(Heard) + Send) {
        S::listen(self, every, tell).await;
    }
}
