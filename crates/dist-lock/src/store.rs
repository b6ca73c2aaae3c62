//! Where leases are kept. All else in this crate is written against the traits here.

mod any;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
mod prefixed;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use any::AnyLeaseStore;
pub use prefixed::Prefixed;

use crate::error::StoreError;
use crate::lease::{FencingToken, OwnerToken};
use std::sync::Arc;
use std::time::Duration;

/// What one acquisition asks for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Claim<'a> {
    /// The name to be owned.
    pub name: &'a str,
    /// Who asks. Chosen by the caller, so that a claim of unknown outcome can be withdrawn.
    pub owner: OwnerToken,
    /// How long a grant lasts, by the clock of the store. Stores may round down to milliseconds.
    pub ttl: Duration,
    /// What to tell those who ask who holds the name. May be empty.
    pub label: &'a str,
}

impl<'a> Claim<'a> {
    /// A claim without a label.
    #[must_use]
    pub fn new(name: &'a str, owner: OwnerToken, ttl: Duration) -> Self {
        Self { name, owner, ttl, label: "" }
    }

    /// Sets [`label`](Self::label).
    #[must_use]
    pub fn label(mut self, label: &'a str) -> Self {
        self.label = label;
        self
    }
}

/// How a claim was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// The name is the claimant's. The token is larger than every one granted for this name before.
    Granted(FencingToken),
    /// Somebody else owns it.
    Held {
        /// When their lease runs out, unless they renew it.
        expires_in: Duration,
    },
}

/// Keeps leases. Each operation is atomic, and the time that counts is the one of the store.
///
/// Futures may be dropped at any point. What they were to do may then have happened or not, or may
/// happen later: that is why claims carry an owner, and why asking twice does no harm.
///
/// The suite in `dist_lock::testing` (feature `testing`) checks an implementation.
pub trait LeaseStore: Send + Sync {
    /// Grants the name unless a live lease of another owner exists. The live owner itself is granted it
    /// again, for a new TTL and with a new token: an answer may have been lost on the way.
    ///
    /// # Errors
    /// When the outcome is unknown, or no larger token can be issued.
    fn try_acquire(
        &self,
        claim: &Claim<'_>,
    ) -> impl Future<Output = Result<Attempt, StoreError>> + Send;

    /// Lets the live lease of this owner last for a TTL from now on. `false`: it has none any more. A
    /// lease that ran out is never revived, even if nobody has taken the name since.
    ///
    /// # Errors
    /// When the outcome is unknown.
    fn renew(&self, claim: &Claim<'_>) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the lease of this owner. `false`: it had none any more, and nothing was changed.
    ///
    /// # Errors
    /// When the outcome is unknown.
    fn release(
        &self,
        name: &str,
        owner: OwnerToken,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Completes when it may be worth to try the name again: at best as soon as it is released after
    /// the first poll, or for no reason at all. Callers try again after that first poll, so that no
    /// release falls between, and bound the wait themselves, as a lease that runs out tells nobody.
    ///
    /// By default it waits 25 to 75 ms, at random, so that waiters do not move in step.
    fn released(&self, name: &str) -> impl Future<Output = ()> + Send {
        let _ = name;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(25..=75)))
    }
}

/// Who holds a name, as of the store's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// What the holder calls itself: see [`Lock::holder_label`](crate::Lock::holder_label).
    pub label: String,
    /// The token of its lease.
    pub fence: FencingToken,
    /// When the lease runs out, unless it is renewed.
    pub expires_in: Duration,
}

impl Holder {
    /// For stores.
    #[must_use]
    pub fn new(label: impl Into<String>, fence: FencingToken, expires_in: Duration) -> Self {
        Self { label: label.into(), fence, expires_in }
    }
}

/// Says who holds a name: for people and dashboards.
///
/// Never decide by it whether to work: between the answer and the work everything may change, which is
/// what a lock is for.
pub trait Holders: Send + Sync {
    /// The live lease of `name`, if there is one.
    ///
    /// # Errors
    /// When the store does not answer. That does not mean that nobody holds it.
    fn holder(&self, name: &str)
    -> impl Future<Output = Result<Option<Holder>, StoreError>> + Send;
}

/// Implements both traits for a pointer: sharing a store is not a new kind of store.
macro_rules! forward_to_pointee {
    ($pointer:ty) => {
        impl<S: LeaseStore> LeaseStore for $pointer {
            async fn try_acquire(&self, claim: &Claim<'_>) -> Result<Attempt, StoreError> {
                S::try_acquire(self, claim).await
            }

            async fn renew(&self, claim: &Claim<'_>) -> Result<bool, StoreError> {
                S::renew(self, claim).await
            }

            async fn release(&self, name: &str, owner: OwnerToken) -> Result<bool, StoreError> {
                S::release(self, name, owner).await
            }

            async fn released(&self, name: &str) {
                S::released(self, name).await;
            }
        }

        impl<S: Holders> Holders for $pointer {
            async fn holder(&self, name: &str) -> Result<Option<Holder>, StoreError> {
                S::holder(self, name).await
            }
        }
    };
}

forward_to_pointee!(Arc<S>);
forward_to_pointee!(&S);

/// Whole milliseconds for stores that count in them; a TTL is far below the range.
#[cfg(any(feature = "redis", feature = "sqlite", feature = "postgres"))]
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// What a store's column or reply of milliseconds says; nothing is left of a negative one.
#[cfg(any(feature = "redis", feature = "sqlite", feature = "postgres"))]
fn from_millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// A token kept in a signed column or reply.
#[cfg(any(feature = "redis", feature = "sqlite", feature = "postgres"))]
fn fence_from(number: i64) -> Result<FencingToken, StoreError> {
    u64::try_from(number).map(FencingToken::new).map_err(StoreError::unavailable)
}
