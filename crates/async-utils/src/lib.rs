//! Priority queues, bounded parallelism, rate limits and retries for tokio, each with a stated
//! cancel and panic contract.
//!
//! ```
//! use async_utils::{Backoff, Job, Limiter, Priority, PriorityQueue, QueueConfig, Quota, Retry};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let queue = PriorityQueue::new(QueueConfig::default());
//! let exports = Arc::new(Limiter::new(Quota::parse("5/minute; 100/day")?));
//! let retry = Retry::new(Backoff::exponential(Duration::from_millis(50)));
//!
//! let job = Job::retrying(retry, move || {
//!     let exports = Arc::clone(&exports);
//!     async move {
//!         exports.until_ready().await?;
//!         Ok::<_, async_utils::BoxError>("report.csv")
//!     }
//! });
//! let handle = queue.submit(job.name("export").priority(Priority::High)).await?;
//! assert_eq!(handle.await?, "report.csv");
//!
//! assert!(queue.drain(Duration::from_secs(5)).await.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! | to | use |
//! |---|---|
//! | run jobs by priority, in the background | [`PriorityQueue`] |
//! | run a future for each of many items | [`Parallel`], [`race`], [`first_ok`], [`with_timeout`] |
//! | let so much happen at once | [`Permits`] |
//! | let so much happen in a time | [`Limiter`], [`KeyedLimiter`], [`Quota`] |
//! | try again | [`Retry`], [`Backoff`] |
//! | collect items into batches | [`Batcher`] |
//!
//! # Guarantees
//!
//! * Every async function says what dropping it does. In short: a place in a queue may be lost,
//!   nothing else.
//! * A panic in a caller's future is the result of that future alone.
//! * What is counted adds up at every instant: guards count on drop, so neither a panic nor an
//!   abort can skip it.
//! * Waiting is in order of arrival, without polling, and all time is tokio's: with
//!   `tokio::time::pause` a test of hours takes milliseconds.
//!
//! # Limits
//!
//! Everything lives in one process and ends with it: nothing is written down. Work that holds a thread
//! without awaiting cannot be stopped; give it to [`tokio::task::spawn_blocking`].

#![forbid(unsafe_code)]

mod backoff;
mod batcher;
mod error;
mod limiter;
mod lock;
mod parallel;
mod permits;
mod queue;
mod quota;
mod retry;
mod stats;

pub use backoff::{Backoff, Delays, Jitter};
pub use batcher::{Batcher, BatcherConfig};
pub use error::{
    AcquireError, AllFailed, BoxError, Closed, GaveUp, JobError, LimitError, Panicked, QuotaError,
    RetryError, SubmitError, TimedOut, TryMapError,
};
pub use limiter::{Admission, KeyedLimiter, Limiter};
pub use parallel::{Parallel, Results, first_ok, race, with_timeout};
pub use permits::{Permit, Permits};
pub use queue::{Job, JobHandle, JobId, Priority, PriorityQueue, QueueConfig, Unfinished};
pub use quota::{Quota, Rate};
pub use retry::{Retry, RetryBudget, Verdict};
pub use stats::{BatcherStats, LimiterStats, PermitStats, QueueStats};

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
