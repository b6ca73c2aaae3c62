//! Attempts until one succeeds: bounded in number, in total time, and in share of the traffic.

use crate::backoff::{Backoff, Delays};
use crate::error::{GaveUp, RetryError};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Worth another attempt after the usual pause.
    Again,
    /// Worth another attempt, not sooner than this: the other side said when. The usual pause is
    /// added to it, or all who were told the same moment would come back together.
    AgainAfter(Duration),
    /// Permanent: stop.
    Stop,
}

/// When to try again and when to stop.
///
/// ```
/// use async_utils::{Backoff, Retry};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), async_utils::RetryError<std::io::Error>> {
/// let mut calls = 0;
/// let retry = Retry::new(Backoff::default()).total(Duration::from_secs(10));
/// let answer = retry
///     .run(|| {
///         calls += 1;
///         let ok = calls == 3;
///         async move { if ok { Ok(42) } else { Err(std::io::Error::other("busy")) } }
///     })
///     .await?;
/// assert_eq!((answer, calls), (42, 3));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Retry {
    backoff: Backoff,
    max_attempts: NonZeroU32,
    total: Option<Duration>,
    budget: Option<Arc<RetryBudget>>,
}

impl Default for Retry {
    fn default() -> Self {
        Self::new(Backoff::default())
    }
}

impl Retry {
    /// At most 4 attempts (three retries), paced by `backoff`, without a total deadline or budget.
    #[must_use]
    pub const fn new(backoff: Backoff) -> Self {
        let max_attempts = NonZeroU32::MIN.saturating_add(3);
        Self { backoff, max_attempts, total: None, budget: None }
    }

    /// Sets how many attempts there may be, the first one included.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: NonZeroU32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the time after which no attempt *starts*, counted from the first. A running attempt is
    /// not cut short: wrap it in [`with_timeout`](crate::with_timeout) for that.
    #[must_use]
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// Shares a budget with other callers of the same backend.
    #[must_use]
    pub fn budget(mut self, budget: Arc<RetryBudget>) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Runs `operation` until it succeeds or this policy gives up; every error is worth a retry.
    ///
    /// Cancel safety: dropping it drops the running attempt at its await point, and makes no other.
    ///
    /// # Errors
    /// The last attempt's error, with the reason for stopping.
    pub async fn run<T, E, F, Fut>(&self, operation: F) -> Result<T, RetryError<E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.run_when(operation, |_| Verdict::Again).await
    }

    /// As [`run`](Self::run), with `judge` to say which errors are worth a retry.
    ///
    /// # Errors
    /// The last attempt's error, with the reason for stopping.
    pub async fn run_when<T, E, F, Fut, J>(
        &self,
        mut operation: F,
        mut judge: J,
    ) -> Result<T, RetryError<E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        J: FnMut(&E) -> Verdict,
    {
        // The clock is read beforehand only where the time of the first attempt matters.
        let started = self.total.map(|_| tokio::time::Instant::now());
        let mut course: Option<Course> = None;
        self.deposit();
        loop {
            let last = match operation().await {
                Ok(value) => return Ok(value),
                Err(last) => last,
            };
            // Made at the first failure only: success costs nothing.
            let now = tokio::time::Instant::now();
            let course =
                course.get_or_insert_with(|| self.course(started.unwrap_or(now).into_std()));
            let verdict = judge(&last);
            let attempts = course.attempts.saturating_add(1);
            match course.after_failure(verdict, now.into_std()) {
                Ok(pause) => {
                    tracing::debug!(attempts, ?pause, "trying again");
                    tokio::time::sleep(pause).await;
                }
                Err(reason) => return Err(RetryError { attempts, reason, last }),
            }
        }
    }

    pub(crate) fn deposit(&self) {
        if let Some(budget) = &self.budget {
            budget.deposit();
        }
    }

    /// One operation's way through this policy.
    pub(crate) fn course(&self, started: Instant) -> Course {
        Course { policy: self.clone(), delays: self.backoff.delays(), attempts: 0, started }
    }
}

/// How far one operation has come. Pure: it is told the time.
#[derive(Debug)]
pub(crate) struct Course {
    policy: Retry,
    delays: Delays,
    attempts: u32,
    started: Instant,
}

impl Course {
    /// The failures counted so far.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Counts a failure at `now` and says how long to pause, or why not to go on.
    pub(crate) fn after_failure(
        &mut self,
        verdict: Verdict,
        now: Instant,
    ) -> Result<Duration, GaveUp> {
        self.attempts = self.attempts.saturating_add(1);
        let floor = match verdict {
            Verdict::Stop => return Err(GaveUp::Permanent),
            Verdict::Again => Duration::ZERO,
            Verdict::AgainAfter(floor) => floor,
        };
        if self.attempts >= self.policy.max_attempts.get() {
            return Err(GaveUp::Attempts);
        }
        let pause = floor.saturating_add(self.delays.after(self.attempts));
        self.in_time(pause, now)?;
        match &self.policy.budget {
            Some(budget) if !budget.withdraw() => Err(GaveUp::Budget),
            _ => Ok(pause),
        }
    }

    fn in_time(&self, pause: Duration, now: Instant) -> Result<(), GaveUp> {
        let spent = now.saturating_duration_since(self.started).saturating_add(pause);
        match self.policy.total {
            Some(total) if spent >= total => Err(GaveUp::Deadline),
            _ => Ok(()),
        }
    }
}

/// Keeps retries to a share of the traffic, so that an outage is not made worse by them.
///
/// Each operation pays in `percent` of a retry; each retry takes one out. With everything failing,
/// retries settle at that share of the operations, whatever the number of attempts allowed. The idea is that of
/// Finagle's `RetryBudget`; this one has no window: the balance is capped at the reserve instead.
#[derive(Debug)]
pub struct RetryBudget {
    /// In hundredths of a retry.
    balance: AtomicI64,
    percent: i64,
    ceiling: i64,
}

impl RetryBudget {
    const ONE: i64 = 100;

    /// Allows retries worth `percent` of the operations, and a `reserve` to begin with, which is
    /// also the most that can be saved up.
    #[must_use]
    pub fn new(percent: u8, reserve: u32) -> Self {
        let ceiling = i64::from(reserve).max(1) * Self::ONE;
        Self {
            balance: AtomicI64::new(i64::from(reserve) * Self::ONE),
            percent: i64::from(percent),
            ceiling,
        }
    }

    fn deposit(&self) {
        let paid = |balance: i64| Some((balance + self.percent).min(self.ceiling));
        // The closure never refuses, so there is no failure to look at.
        let _ = self.balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, paid);
    }

    fn withdraw(&self) -> bool {
        let taken = |balance: i64| (balance >= Self::ONE).then_some(balance - Self::ONE);
        self.balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }
}
