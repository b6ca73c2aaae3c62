//! A store picked at run time.

use super::{Attempt, Claim, Holder, Holders, LeaseStore};
use crate::error::StoreError;
use crate::lease::OwnerToken;
use futures::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// Any store, behind a pointer. One allocation a call; use a generic where the backend is fixed.
#[derive(Clone)]
pub struct AnyLeaseStore(Arc<dyn Erased>);

impl AnyLeaseStore {
    /// Hides which store it is.
    pub fn new(store: impl LeaseStore + Holders + 'static) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for AnyLeaseStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyLeaseStore").finish_non_exhaustive()
    }
}

/// The traits with their futures boxed, which makes them fit for `dyn`.
trait Erased: Send + Sync {
    fn try_acquire<'a>(
        &'a self,
        claim: &'a Claim<'a>,
    ) -> BoxFuture<'a, Result<Attempt, StoreError>>;
    fn renew<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<bool, StoreError>>;
    fn release<'a>(
        &'a self,
        name: &'a str,
        owner: OwnerToken,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;
    fn released<'a>(&'a self, name: &'a str) -> BoxFuture<'a, ()>;
    fn holder<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Holder>, StoreError>>;
}

impl<S: LeaseStore + Holders> Erased for S {
    fn try_acquire<'a>(
        &'a self,
        claim: &'a Claim<'a>,
    ) -> BoxFuture<'a, Result<Attempt, StoreError>> {
        Box::pin(LeaseStore::try_acquire(self, claim))
    }

    fn renew<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(LeaseStore::renew(self, claim))
    }

    fn release<'a>(
        &'a self,
        name: &'a str,
        owner: OwnerToken,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(LeaseStore::release(self, name, owner))
    }

    fn released<'a>(&'a self, name: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(LeaseStore::released(self, name))
    }

    fn holder<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Holder>, StoreError>> {
        Box::pin(Holders::holder(self, name))
    }
}

impl LeaseStore for AnyLeaseStore {
    async fn try_acquire(&self, claim: &Claim<'_>) -> Result<Attempt, StoreError> {
        Erased::try_acquire(&*self.0, claim).await
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<bool, StoreError> {
        Erased::renew(&*self.0, claim).await
    }

    async fn release(&self, name: &str, owner: OwnerToken) -> Result<bool, StoreError> {
        Erased::release(&*self.0, name, owner).await
    }

    async fn released(&self, name: &str) {
        Erased::released(&*self.0, name).await;
    }
}

impl Holders for AnyLeaseStore {
    async fn holder(&self, name: &str) -> Result<Option<Holder>, StoreError> {
        Erased::holder(&*self.0, name).await
    }
}
