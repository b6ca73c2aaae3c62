//! What can go wrong, by operation: each error says what the caller can do.

use std::any::Any;
use std::fmt;
use std::time::Duration;

/// Any error, owned: what a job reports as its cause.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A future panicked. The panic stayed with its item; the others went on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work panicked: {message}")]
#[non_exhaustive]
pub struct Panicked {
    /// The panic's message, or a placeholder where its payload was not text.
    pub message: String,
}

impl Panicked {
    pub(crate) fn from_payload(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self { message: text.unwrap_or_else(|| "a payload that is not text".to_owned()) }
    }
}

/// Why a queued job gave no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The job's own error, after all attempts its retry allowed.
    #[error("the job failed after {attempts} attempt(s)")]
    Failed {
        /// Attempts made, the first one included.
        attempts: u32,
        /// What the last attempt returned.
        #[source]
        cause: BoxError,
    },
    /// The job panicked; panics are not retried.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// It was cancelled: by its handle, by a drain that ran out of time, or by the end of the queue
    /// or of the runtime. It may have run in part.
    #[error("the job was cancelled")]
    Cancelled,
    /// Its deadline passed while it waited. It never ran; submitting it again is safe.
    #[error("the job waited past its deadline")]
    Expired,
}

/// Why a job was not accepted. It was dropped without running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// No room now: try later, wait with `submit`, or shed load.
    #[error("the queue is full")]
    Full,
    /// The queue is draining or closed: nothing will be accepted again.
    #[error("the queue is closed")]
    Closed,
}

/// The first item that stopped a [`try_map`](crate::Parallel::try_map); all others were dropped
/// before this was returned. An error itself where `E` is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TryMapError<E> {
    /// The item's own error.
    #[error("item {index} failed")]
    Failed {
        /// Position in the input, from 0.
        index: usize,
        /// What it returned.
        #[source]
        cause: E,
    },
    /// The item's future panicked.
    #[error("item {index} stopped")]
    Panicked {
        /// Position in the input, from 0.
        index: usize,
        /// What it said.
        #[source]
        cause: Panicked,
    },
}

/// No candidate of a [`first_ok`](crate::first_ok) succeeded.
#[derive(Debug)]
#[non_exhaustive]
pub struct AllFailed<E> {
    /// Every error, in the order in which they came. Empty when there was no candidate.
    pub errors: Vec<E>,
}

impl<E> fmt::Display for AllFailed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "none of {} candidate(s) succeeded", self.errors.len())
    }
}

impl<E: std::error::Error + 'static> std::error::Error for AllFailed<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.errors.last().map(|error| error as _)
    }
}

/// The work did not end in time, and was dropped at its await point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {after:?}")]
#[non_exhaustive]
pub struct TimedOut {
    /// The time it was given.
    pub after: Duration,
}

/// Why no permit was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// More than all permits together: waiting would never help.
    #[error("a weight of {weight} exceeds the {capacity} permits there are")]
    TooHeavy {
        /// What was asked for.
        weight: u32,
        /// What there is in all.
        capacity: u32,
    },
    /// Not enough permits are free now.
    #[error("no permit is free")]
    Busy,
    /// They did not come free in time.
    #[error("no permit within {waited:?}")]
    TimedOut {
        /// The time that was allowed.
        waited: Duration,
    },
}

/// Why a rate limiter did not let something pass. A refusal consumes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The rate is used up. The same request passes after `retry_after`, unless others come first.
    #[error("rate limit reached, retry after {retry_after:?}")]
    Limited {
        /// Exact to the nanosecond: a nanosecond earlier would be refused again.
        retry_after: Duration,
    },
    /// The request is larger than the smallest burst: it can never pass.
    #[error("a cost of {cost} exceeds the burst of {burst}")]
    TooLarge {
        /// What was asked for.
        cost: u32,
        /// The smallest burst among the quota's rates.
        burst: u32,
    },
    /// All keys the limiter may hold are in use, and none may be forgotten yet.
    #[error("the limiter holds {keys} keys already, retry after {retry_after:?}")]
    TooManyKeys {
        /// How many keys it holds.
        keys: usize,
        /// When the next key may be forgotten, if it is not used before.
        retry_after: Duration,
    },
}

impl LimitError {
    /// When to come back; `None` where waiting cannot help. Round up for an HTTP `Retry-After`.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry_after } | Self::TooManyKeys { retry_after, .. } => {
                Some(*retry_after)
            }
            Self::TooLarge { .. } => None,
        }
    }
}

/// Why a quota is not usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// The text is not of the form `count/period`, or several of them joined by `;`.
    #[error("`{text}` is not of the form `5/hour` or `10/30s`")]
    Syntax {
        /// The part that was not understood.
        text: String,
    },
    /// A count or burst of zero lets nothing pass; say so elsewhere.
    #[error("`{text}` allows nothing")]
    Zero {
        /// The rate in question.
        text: String,
    },
    /// A period of zero, above 366 days, or shorter than one nanosecond for each unit.
    #[error("`{text}` has a period out of range")]
    Period {
        /// The rate in question.
        text: String,
    },
}

/// Why a retry stopped. An error itself where `E` is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("gave up after {attempts} attempt(s): {reason}")]
pub struct RetryError<E> {
    /// Attempts made, the first one included.
    pub attempts: u32,
    /// What ended it.
    pub reason: GaveUp,
    /// What the last attempt returned.
    #[source]
    pub last: E,
}

/// What ended a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GaveUp {
    /// The error was judged permanent.
    #[error("the error is permanent")]
    Permanent,
    /// All attempts are used.
    #[error("no attempt is left")]
    Attempts,
    /// The next attempt would have begun after the total deadline.
    #[error("no time is left")]
    Deadline,
    /// The shared budget is empty: too large a share of the traffic is retries already.
    #[error("the retry budget is empty")]
    Budget,
}

/// The batcher no longer takes items. The item comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Closed<T>(
    /// What was not taken.
    pub T,
);

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

impl<T> fmt::Display for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the batcher is closed")
    }
}

impl<T> std::error::Error for Closed<T> {}
