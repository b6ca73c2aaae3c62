//! Names under a prefix.

use super::{Attempt, Claim, Holder, Holders, LeaseStore};
use crate::error::StoreError;
use crate::lease::OwnerToken;

/// Puts every name of `inner` under one prefix: a tenant, a test run.
///
/// End the prefix with a separator the names do not contain, or two prefixes may meet in one name.
#[derive(Clone, Debug)]
pub struct Prefixed<S> {
    inner: S,
    prefix: String,
}

impl<S> Prefixed<S> {
    /// `inner`, with `prefix` before each name.
    #[must_use]
    pub fn new(inner: S, prefix: impl Into<String>) -> Self {
        Self { inner, prefix: prefix.into() }
    }

    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

impl<S: LeaseStore> LeaseStore for Prefixed<S> {
    async fn try_acquire(&self, claim: &Claim<'_>) -> Result<Attempt, StoreError> {
        self.inner.try_acquire(&Claim { name: &self.full(claim.name), ..*claim }).await
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<bool, StoreError> {
        self.inner.renew(&Claim { name: &self.full(claim.name), ..*claim }).await
    }

    async fn release(&self, name: &str, owner: OwnerToken) -> Result<bool, StoreError> {
        self.inner.release(&self.full(name), owner).await
    }

    async fn released(&self, name: &str) {
        self.inner.released(&self.full(name)).await;
    }
}

impl<S: Holders> Holders for Prefixed<S> {
    async fn holder(&self, name: &str) -> Result<Option<Holder>, StoreError> {
        self.inner.holder(&self.full(name)).await
    }
}
