//! Weighted permits: so much at once, in order of arrival, given back by drop.

use crate::error::AcquireError;
use crate::lock::locked;
use crate::stats::PermitStats;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A number of permits to share; a clone shares the same ones.
///
/// Waiters are served in order of arrival: a heavy request is not overtaken by light ones.
///
/// ```
/// use async_utils::Permits;
/// use std::num::NonZeroU32;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), async_utils::AcquireError> {
/// let permits = Permits::new(NonZeroU32::new(2).unwrap());
/// let both = permits.acquire(2).await?;
/// assert!(permits.acquire_timeout(1, Duration::from_secs(1)).await.is_err());
/// drop(both);
/// let _one = permits.acquire(1).await?;
/// assert_eq!(permits.stats().available(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Permits {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    semaphore: Arc<Semaphore>,
    stats: Mutex<PermitStats>,
}

impl Permits {
    /// So many permits, all free. More than tokio's semaphore can count are cut to that.
    #[must_use]
    pub fn new(capacity: NonZeroU32) -> Self {
        let most = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let capacity = capacity.get().min(most);
        let permits = usize::try_from(capacity).unwrap_or(Semaphore::MAX_PERMITS);
        let stats = Mutex::new(PermitStats { capacity, ..PermitStats::default() });
        let semaphore = Arc::new(Semaphore::new(permits));
        Self { shared: Arc::new(Shared { semaphore, stats }) }
    }

    /// Waits for `weight` permits.
    ///
    /// Cancel safety: dropping it gives up the place in the queue, never a permit.
    ///
    /// # Errors
    /// [`AcquireError::TooHeavy`] when there are not that many in all.
    pub async fn acquire(&self, weight: u32) -> Result<Permit, AcquireError> {
        self.fits(weight)?;
        let started = Instant::now();
        let _waiting = Waiting::new(&self.shared);
        let semaphore = Arc::clone(&self.shared.semaphore);
        // The semaphore is never closed, so the only error it has does not occur.
        let held = semaphore.acquire_many_owned(weight).await.map_err(|_| AcquireError::Busy)?;
        Ok(self.granted(held, weight, started.elapsed()))
    }

    /// As [`acquire`](Self::acquire), for so long at most. Only the waiting is limited, not the
    /// use of the permit.
    ///
    /// Cancel safety: as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// Also [`AcquireError::TimedOut`].
    pub async fn acquire_timeout(
        &self,
        weight: u32,
        patience: Duration,
    ) -> Result<Permit, AcquireError> {
        let answer = tokio::time::timeout(patience, self.acquire(weight)).await;
        answer.unwrap_or_else(|_| {
            locked(&self.shared.stats).timeouts += 1;
            Err(AcquireError::TimedOut { waited: patience })
        })
    }

    /// Takes `weight` permits if they are free and nobody waits for them.
    ///
    /// # Errors
    /// [`AcquireError::Busy`] or [`AcquireError::TooHeavy`].
    pub fn try_acquire(&self, weight: u32) -> Result<Permit, AcquireError> {
        self.fits(weight)?;
        let semaphore = Arc::clone(&self.shared.semaphore);
        let held = semaphore.try_acquire_many_owned(weight).map_err(|_| AcquireError::Busy)?;
        Ok(self.granted(held, weight, Duration::ZERO))
    }

    /// What was granted so far, and what is out now.
    #[must_use]
    pub fn stats(&self) -> PermitStats {
        locked(&self.shared.stats).clone()
    }

    fn fits(&self, weight: u32) -> Result<(), AcquireError> {
        let capacity = locked(&self.shared.stats).capacity;
        if weight <= capacity { Ok(()) } else { Err(AcquireError::TooHeavy { weight, capacity }) }
    }

    fn granted(&self, held: OwnedSemaphorePermit, weight: u32, waited: Duration) -> Permit {
        let mut stats = locked(&self.shared.stats);
        stats.active += weight;
        stats.max_active = stats.max_active.max(stats.active);
        stats.acquired += 1;
        stats.wait_time += waited;
        Permit { shared: Arc::clone(&self.shared), weight, held: Some(held) }
    }
}

/// Permits in use, given back when it is dropped, in a panic too.
#[derive(Debug)]
#[must_use = "a permit that is not kept is given back at once"]
pub struct Permit {
    shared: Arc<Shared>,
    weight: u32,
    held: Option<OwnedSemaphorePermit>,
}

impl Permit {
    /// How many permits this is.
    #[must_use]
    pub const fn weight(&self) -> u32 {
        self.weight
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Counted before it is given back, so that `active` never exceeds the capacity.
        locked(&self.shared.stats).active -= self.weight;
        self.held = None;
    }
}

#[derive(Debug)]
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared) -> Self {
        locked(&shared.stats).waiting += 1;
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        locked(&self.0.stats).waiting -= 1;
    }
}
