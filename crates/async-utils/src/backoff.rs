//! Pauses between attempts: growth, a cap and jitter, with no clock and no runtime.

use std::time::Duration;

/// How much chance there is in a pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// Every pause is its ceiling. Callers that failed together come back together.
    None,
    /// Uniform between half the ceiling and the ceiling.
    Equal,
    /// Uniform between nothing and the ceiling: spreads a crowd best, at half the mean pause.
    #[default]
    Full,
}

/// A growing pause: `base × factor^(attempt − 1)`, never above the cap, then jittered.
///
/// The jitter is the "full" and the "equal" one of Marc Brooker, *Exponential Backoff And Jitter*
/// (AWS Architecture Blog, 2015).
///
/// ```
/// use async_utils::{Backoff, Jitter};
/// use std::time::Duration;
///
/// let backoff = Backoff::exponential(Duration::from_millis(100))
///     .cap(Duration::from_secs(1))
///     .jitter(Jitter::None);
/// let pauses: Vec<_> = backoff.delays().take(5).map(|pause| pause.as_millis()).collect();
/// assert_eq!(pauses, [100, 200, 400, 800, 1000]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    factor: u32,
    cap: Duration,
    jitter: Jitter,
    seed: Option<u64>,
}

impl Default for Backoff {
    /// 100 ms, doubling, capped at 30 s, full jitter.
    fn default() -> Self {
        Self::exponential(Duration::from_millis(100))
    }
}

impl Backoff {
    /// Doubles from `base`, with a cap of 30 s and full jitter.
    #[must_use]
    pub const fn exponential(base: Duration) -> Self {
        Self { base, factor: 2, cap: Duration::from_secs(30), jitter: Jitter::Full, seed: None }
    }

    /// The same pause each time, without jitter.
    #[must_use]
    pub const fn constant(pause: Duration) -> Self {
        Self { base: pause, factor: 1, cap: pause, jitter: Jitter::None, seed: None }
    }

    /// Sets by how much each ceiling exceeds the one before. 0 is taken as 1.
    #[must_use]
    pub fn factor(mut self, factor: u32) -> Self {
        self.factor = factor.max(1);
        self
    }

    /// Sets the longest pause.
    #[must_use]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets the jitter.
    #[must_use]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Makes the jitter repeatable: every [`delays`](Self::delays) then gives the same pauses.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The longest pause after the `attempt`-th failed attempt, counted from 1.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let growth = self.factor.saturating_pow(attempt.saturating_sub(1));
        self.base.checked_mul(growth).map_or(self.cap, |pause| pause.min(self.cap))
    }

    /// The pauses in turn, without end: bound them with `take` or by a deadline.
    #[must_use]
    pub fn delays(&self) -> Delays {
        let rng = self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Delays { backoff: self.clone(), rng, attempt: 0 }
    }
}

/// An endless iterator of pauses, made by [`Backoff::delays`].
#[derive(Clone, Debug)]
pub struct Delays {
    backoff: Backoff,
    rng: fastrand::Rng,
    attempt: u32,
}

impl Delays {
    /// A pause for after the `attempt`-th failure (from 1), for callers that keep the count
    /// themselves. Does not move the iterator's own count.
    pub fn after(&mut self, attempt: u32) -> Duration {
        let ceiling = self.backoff.ceiling(attempt);
        match self.backoff.jitter {
            Jitter::None => ceiling,
            Jitter::Equal => ceiling / 2 + self.up_to(ceiling / 2),
            Jitter::Full => self.up_to(ceiling),
        }
    }

    fn up_to(&mut self, limit: Duration) -> Duration {
        let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.rng.u64(0..=nanos))
    }
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.attempt = self.attempt.saturating_add(1);
        Some(self.after(self.attempt))
    }
}
