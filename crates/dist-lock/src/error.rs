//! What can go wrong, by what the caller can do about it.

use crate::lease::FencingToken;
use std::sync::Arc;
use std::time::Duration;

/// Any error a backend reports.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A setting of a [`Lock`](crate::Lock) that no store could honour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Names have 1 to 512 bytes and no NUL, which not every store can keep.
    #[error("`name` has to have 1 to 512 bytes and no NUL byte, not {bytes} bytes")]
    Name {
        /// Length of the name given.
        bytes: usize,
    },
    /// A TTL outside of [`MIN_TTL`](crate::MIN_TTL) to [`MAX_TTL`](crate::MAX_TTL).
    #[error("`ttl` has to be between 20 ms and 1 day, not {given:?}")]
    Ttl {
        /// The TTL given.
        given: Duration,
    },
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The backend refused or did not answer. What it was asked may have happened all the same, or may
    /// still happen; asking again is safe for every operation.
    #[error("the lease store did not confirm the operation")]
    Unavailable {
        /// What the backend said.
        #[source]
        source: Cause,
    },
    /// The store forgot its fences (an empty restart with a clock behind, a fail-over to a node that
    /// missed writes), so a new token would not be larger than the ones already handed out. Acquiring
    /// again succeeds once the clock of the store has passed the tokens it once issued.
    #[error("the lease store lost its fence: it offers {offered} after {highest} was seen")]
    EpochLost {
        /// What the store would have issued.
        offered: FencingToken,
        /// The highest token this process has seen from it.
        highest: FencingToken,
    },
}

impl StoreError {
    /// Wraps what a backend reported.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }
}

/// Why a lock was not acquired. In no case does the caller hold it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// Somebody else held it for the whole time the caller was ready to wait.
    #[error("`{name}` was not free within {within:?}")]
    TimedOut {
        /// The name of the lock.
        name: Arc<str>,
        /// How long the caller was ready to wait.
        within: Duration,
    },
    /// The store failed. A claim that may have reached it is withdrawn in the background; until that
    /// succeeds, but for one TTL at most, the name may stay blocked. Trying again is safe.
    #[error("`{name}` could not be acquired")]
    Store {
        /// The name of the lock.
        name: Arc<str>,
        /// What the store reported.
        #[source]
        source: StoreError,
    },
    /// The store said nothing for a whole TTL, after which a grant would be worthless. Treated as
    /// [`Store`](Self::Store).
    #[error("`{name}` could not be acquired: no answer within a TTL of {ttl:?}")]
    NoAnswer {
        /// The name of the lock.
        name: Arc<str>,
        /// The TTL asked for.
        ttl: Duration,
    },
    /// There is no running tokio runtime that could keep the lease alive: call from inside one.
    #[error("`{name}` could not be acquired: no tokio runtime is running here")]
    NoRuntime {
        /// The name of the lock.
        name: Arc<str>,
    },
}

/// How a lease came to its end before its holder gave it up. There is no way back: acquire again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Loss {
    /// No renewal was confirmed in time: the store is away, or this process did not run.
    #[error("no renewal was confirmed before its deadline")]
    Expired,
    /// The store no longer knows this owner: it restarted empty, or the lease ran out and was taken.
    #[error("the store no longer knows its owner")]
    Gone,
    /// It was held for as long as [`Lock::max_hold`](crate::Lock::max_hold) allows.
    #[error("it was held for the longest time allowed")]
    HeldTooLong,
    /// The guard was released or dropped while something still waited for its loss.
    #[error("its guard was released")]
    Released,
}

/// The lock is no longer held. Whatever was done after `lost` may overlap with another holder's work,
/// and only a fence checked by the resource keeps that from doing harm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease on `{name}` was lost: {reason}")]
pub struct Lost {
    pub(crate) name: Arc<str>,
    pub(crate) reason: Loss,
}

impl Lost {
    /// What was lost.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it was lost.
    #[must_use]
    pub fn reason(&self) -> Loss {
        self.reason
    }
}

/// What a release found out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The lock was not held to the end: the guarded work may have overlapped with another holder's.
    #[error("released too late")]
    WasLost(#[source] Lost),
    /// The lock was held to the end, but the store did not confirm the release. It is tried again in the
    /// background; others wait until that succeeds, one TTL at most.
    #[error("the release of `{name}` was not confirmed")]
    Unknown {
        /// The name of the lock.
        name: Arc<str>,
        /// What the store reported.
        #[source]
        source: StoreError,
    },
    /// The runtime that kept the lease has shut down. The lease ends by itself within one TTL.
    #[error("the runtime that kept `{name}` has shut down")]
    Stopped {
        /// The name of the lock.
        name: Arc<str>,
    },
}

/// Why a fenced resource did not admit a write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FenceError {
    /// A later holder has already been here. Give up: the lock of this writer is lost.
    #[error("`{resource}` was fenced off: {offered} is older than {highest}")]
    Stale {
        /// The protected resource.
        resource: String,
        /// The token of the refused writer.
        offered: FencingToken,
        /// The highest token admitted so far.
        highest: FencingToken,
    },
    /// The check itself failed: nothing is known, roll back.
    #[error("the fence of `{resource}` could not be checked")]
    Unavailable {
        /// The protected resource.
        resource: String,
        /// What the backend said.
        #[source]
        source: Cause,
    },
}
