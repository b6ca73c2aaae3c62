//! A store chosen at run time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::StoreError;
use crate::name::{Name, Version};
use crate::tally::Tally;

use super::{Backend, Heard, Item, Listen, Store, Stored, Versions};

/// Any store, its type hidden. Cheap to clone; costs one allocation a call.
#[derive(Clone)]
pub struct AnyStore(Arc<dyn Erased>);

impl AnyStore {
    /// Hides the type of `store`. For a store of your own that keeps no counters,
    /// `impl Tally for MyStore {}` is enough.
    pub fn new(store: impl Backend + Tally) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStore").finish_non_exhaustive()
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

type Tell<'a> = Box<dyn FnMut(Heard) + Send + 'a>;

trait Erased: Send + Sync {
    fn get_many<'a>(&'a self, names: &'a [Name]) -> Boxed<'a, Vec<Option<Stored>>>;
    fn set_many<'a>(&'a self, items: &'a [Item<'a>]) -> Boxed<'a, ()>;
    fn remove<'a>(&'a self, names: &'a [Name]) -> Boxed<'a, ()>;
    fn read<'a>(&'a self, names: &'a [Name]) -> Boxed<'a, Vec<Option<Version>>>;
    fn ensure<'a>(
        &'a self,
        names: &'a [Name],
        offered: Version,
        ttl: Duration,
    ) -> Boxed<'a, Vec<Version>>;
    fn expire<'a>(&'a self, names: &'a [Name], offered: Version) -> Boxed<'a, ()>;
    fn listen<'a>(
        &'a self,
        every: Duration,
        tell: Tell<'a>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
    fn add<'a>(&'a self, name: &'a Name, by: i64, ttl: Duration) -> Boxed<'a, Option<i64>>;
}

impl<S: Backend + Tally> Erased for S {
    fn get_many<'a>(&'a self, names: &'a [Name]) -> Boxed<'a, Vec<Option<Stored>>> {
        Box::pin(Store::get_many(self, names))
    }

    fn set_many<'a>(&'a self, items: &'a [Item<'a>]) -> Boxed<'a, ()> {
        Box::pin(Store::set_many(self, items))
    }

    fn remove<'a>(&'a self, names: &'a [Name]) -> Boxed<'a, ()> {
        Box::pin(Store::remove(self, names))
    }

    fn read<'a>(&'a self, names: &'a [Name]) -> Boxed<'a, Vec<Option<Version>>> {
        Box::pin(Versions::read(self, names))
    }

    fn ensure<'a>(
        &'a self,
        names: &'a [Name],
        offered: Version,
        ttl: Duration,
    ) -> Boxed<'a, Vec<Version>> {
        Box::pin(Versions::ensure(self, names, offered, ttl))
    }

    fn expire<'a>(&'a self, names: &'a [Name], offered: Version) -> Boxed<'a, ()> {
        Box::pin(Versions::expire(self, names, offered))
    }

    fn listen<'a>(
        &'a self,
        every: Duration,
        tell: Tell<'a>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(Listen::listen(self, every, tell))
    }

    fn add<'a>(&'a self, name: &'a Name, by: i64, ttl: Duration) -> Boxed<'a, Option<i64>> {
        Box::pin(Tally::add(self, name, by, ttl))
    }
}

impl Store for AnyStore {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.0.get_many(names).await
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        self.0.set_many(items).await
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        self.0.remove(names).await
    }
}

impl Versions for AnyStore {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        self.0.read(names).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        self.0.ensure(names, offered, ttl).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        self.0.expire(names, offered).await
    }
}

impl Listen for AnyStore {
    async fn listen(&self, every: Duration, tell: impl FnMut(Heard) + Send) {
        self.0.listen(every, Box::new(tell)).await;
    }
}

impl Tally for AnyStore {
    async fn add(&self, name: &Name, by: i64, ttl: Duration) -> Result<Option<i64>, StoreError> {
        self.0.add(name, by, ttl).await
    }
}
