//! Rate limits over governor's GCRA: refuse at once, or wait in order of arrival.

mod bucket;
mod keyed;
mod turnstile;

pub use keyed::KeyedLimiter;

use crate::error::LimitError;
use crate::quota::Quota;
use crate::stats::LimiterStats;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use turnstile::Turnstile;

/// What is left after a request passed; enough for the usual rate-limit headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admission {
    /// Units that could pass now, the scarcest rate counting.
    pub remaining: u32,
    /// The time until the limiter is as good as unused, if nothing else passes.
    pub reset_after: Duration,
}

/// One rate limit, shared by reference or in an `Arc`.
///
/// Time is tokio's, so a test that pauses the clock pauses the limiter. A decision takes a short
/// lock and costs a clock reading and a few additions per rate, without allocation for the answer.
///
/// ```
/// use async_utils::{Limiter, Quota};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let exports = Limiter::new(Quota::parse("2/hour")?);
/// exports.check()?;
/// exports.check()?;
/// let refused = exports.check().unwrap_err();
/// assert_eq!(refused.retry_after(), Some(std::time::Duration::from_secs(1800)));
///
/// exports.until_ready().await?; // half an hour, of which a paused clock makes nothing
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Limiter {
    rules: Rules,
    turnstile: Turnstile,
}

impl Limiter {
    /// A limiter with everything its quota lets save up.
    #[must_use]
    pub fn new(quota: impl Into<Quota>) -> Self {
        let rules = Rules::new(quota.into());
        let turnstile = Turnstile::new(rules.quota.rates().len());
        Self { rules, turnstile }
    }

    /// Lets one unit pass now, or refuses and consumes nothing. Never waits, and is not held up by
    /// those who do; where some wait, their places are taken already and it is refused.
    ///
    /// # Errors
    /// [`LimitError::Limited`], with the exact time to come back.
    pub fn check(&self) -> Result<Admission, LimitError> {
        self.check_n(NonZeroU32::MIN)
    }

    /// As [`check`](Self::check) for `cost` units at once: all or none.
    ///
    /// # Errors
    /// Also [`LimitError::TooLarge`].
    pub fn check_n(&self, cost: NonZeroU32) -> Result<Admission, LimitError> {
        self.rules.check(&self.turnstile, cost)
    }

    /// Waits until one unit may pass. Waiters go in order of arrival, each on the schedule of the
    /// rate rather than a timer's delay after the one before: those whose timer woke them late let
    /// the next follow up to 5 ms sooner, so that lateness does not add up.
    ///
    /// Cancel safety: dropping it while it waits gives its place to the next, and consumes nothing.
    ///
    /// # Errors
    /// Those of [`until_ready_n`](Self::until_ready_n), which a cost of one does not meet today.
    pub async fn until_ready(&self) -> Result<(), LimitError> {
        self.until_ready_n(NonZeroU32::MIN).await
    }

    /// As [`until_ready`](Self::until_ready) for `cost` units at once.
    ///
    /// # Errors
    /// [`LimitError::TooLarge`] when no waiting would help.
    pub async fn until_ready_n(&self, cost: NonZeroU32) -> Result<(), LimitError> {
        self.rules.until_ready(&self.turnstile, cost).await
    }

    /// The rates in force.
    #[must_use]
    pub const fn quota(&self) -> &Quota {
        &self.rules.quota
    }

    /// What was admitted and refused so far.
    #[must_use]
    pub fn stats(&self) -> LimiterStats {
        self.rules.counts.snapshot()
    }
}

/// What all keys of a limiter share.
#[derive(Debug)]
struct Rules {
    quota: Quota,
    origin: Instant,
    counts: Arc<Counts>,
}

impl Rules {
    fn new(quota: Quota) -> Self {
        Self { quota, origin: Instant::now(), counts: Arc::default() }
    }

    fn now(&self) -> bucket::At {
        nanos(self.origin.elapsed())
    }

    fn check(&self, turnstile: &Turnstile, cost: NonZeroU32) -> Result<Admission, LimitError> {
        self.quota.admits(cost)?;
        let now = self.now();
        let answer = turnstile.take(self.quota.rates(), cost, now);
        self.counts.decided(answer.is_ok());
        answer.map_err(|until| LimitError::Limited { retry_after: between(now, until) }).map(
            |pass| Admission { remaining: pass.remaining, reset_after: between(now, pass.rested) },
        )
    }

    async fn until_ready(&self, turnstile: &Turnstile, cost: NonZeroU32) -> Result<(), LimitError> {
        self.quota.admits(cost)?;
        let _waiting = self.counts.waiting();
        turnstile.pass(self, cost).await;
        self.counts.decided(true);
        Ok(())
    }
}

/// Counters that are only ever added to, and the number waiting.
#[derive(Debug, Default)]
struct Counts {
    admitted: AtomicU64,
    refused: AtomicU64,
    waiting: AtomicU64,
}

impl Counts {
    fn decided(&self, admitted: bool) {
        let counter = if admitted { &self.admitted } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn waiting(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    fn snapshot(&self) -> LimiterStats {
        LimiterStats {
            admitted: self.admitted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

/// Counts one waiter for as long as it waits, however it ends.
#[derive(Debug)]
struct Waiting<'a>(&'a Counts);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> bucket::At {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

const fn between(now: bucket::At, then: bucket::At) -> Duration {
    Duration::from_nanos(then.saturating_sub(now))
}
