//! What can go wrong, and what the caller can do about it.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

/// An error as its cause: whatever a load or a store reported.
pub(crate) type Cause = Arc<dyn StdError + Send + Sync>;

/// Why a call brought nothing. Cheap to clone: all who waited for one load get the same error.
///
/// A store that fails is never among the reasons on a read: the cache then loads.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The load failed, and no stale value could be served instead. Not remembered: the next call
    /// loads.
    #[error("the value could not be loaded")]
    Load(#[source] Cause),

    /// The load took longer than the policy allows and was dropped. The next call loads.
    #[error("the value was not loaded within {limit:?}")]
    LoadTimeout {
        /// The policy's limit.
        limit: Duration,
    },

    /// The call waited as long as the policy allows. The load goes on: the next call may find its
    /// value.
    #[error("the value was not there within {limit:?}; its load goes on")]
    TimedOut {
        /// The policy's limit.
        limit: Duration,
    },

    /// The load panicked, or the runtime it ran in was shut down. The next call loads.
    #[error("the load ended without a value")]
    LoadAborted,

    /// Another type is cached under this key: the program uses one key for two things.
    #[error("the value cached under this key is no {expected}")]
    WrongType {
        /// The type asked for.
        expected: &'static str,
    },

    /// The store did not say what a counter is at. It may have added to it all the same.
    #[error("the store did not count")]
    Uncounted(#[source] StoreError),

    /// The sum does not fit into 64 bits. Nothing was added.
    #[error("the counter would overflow")]
    Overflow,

    /// The store could not be told. In this process the invalidation holds; other processes may
    /// serve the old value until the store is told, which is tried again in the background.
    #[error("invalidated in this process only: {unsent} names are still to be sent to the store")]
    Unsent {
        /// How many names wait to be sent.
        unsent: usize,
        /// What the store reported.
        #[source]
        cause: StoreError,
    },
}

impl Error {
    /// The error that the load returned, if it is an `E`. An error that was boxed or given as text
    /// already is found as what it was boxed from.
    pub fn load_error<E: StdError + 'static>(&self) -> Option<&E> {
        match self {
            Self::Load(cause) => cause.downcast_ref(),
            _ => None,
        }
    }
}

/// Why a store did not answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The backend reported an error.
    #[error("the store failed")]
    Failed(#[source] Cause),

    /// The backend did not answer in time. It may or may not have done what was asked.
    #[error("the store did not answer within {limit:?}")]
    Timeout {
        /// How long was waited.
        limit: Duration,
    },

    /// The backend has no such thing. It is not taken for a failure: the store is asked on.
    #[error("the store has no {what}")]
    Unsupported {
        /// What it lacks.
        what: &'static str,
    },

    /// The backend failed a moment ago and was not asked.
    #[error("the store failed a moment ago and is left alone for a while")]
    Suspended,
}

impl StoreError {
    /// An error of the backend.
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Failed(cause.into().into())
    }
}
