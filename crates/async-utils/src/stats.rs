//! Snapshots of what each part counted. Plain data: exporting them is the application's work.

use std::time::Duration;

/// A [`PriorityQueue`](crate::PriorityQueue) at one instant.
///
/// At every instant `submitted` is the sum of `queued`, `delayed`, `active`, `completed`, `failed`,
/// `cancelled`, `expired` and `rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStats {
    /// Jobs offered, those that were refused included.
    pub submitted: u64,
    /// Jobs waiting for a slot, by priority, lowest first.
    pub queued_by_priority: [u64; 4],
    /// Jobs waiting out the pause before another attempt; they hold no slot.
    pub delayed: u64,
    /// Jobs running.
    pub active: u64,
    /// Jobs that gave a value.
    pub completed: u64,
    /// Jobs that gave an error or panicked, after their last attempt.
    pub failed: u64,
    /// Of the failed: those that panicked.
    pub panicked: u64,
    /// Jobs stopped by their handle, by a drain, or by the end of the queue.
    pub cancelled: u64,
    /// Jobs whose deadline passed while they waited.
    pub expired: u64,
    /// Jobs refused: no room, or closed.
    pub rejected: u64,
    /// Attempts that failed and were to be followed by another, over all jobs.
    pub retried: u64,
    /// Attempts begun, over all jobs.
    pub started: u64,
    /// Time spent waiting for a slot, over all attempts begun.
    pub wait_time: Duration,
    /// Time spent running, over all attempts ended.
    pub run_time: Duration,
}

impl QueueStats {
    /// Jobs waiting for a slot.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queued_by_priority.iter().sum()
    }

    /// Jobs accepted and not finished.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        self.queued() + self.delayed + self.active
    }

    /// Whether every job offered is accounted for exactly once. Always true; tests rely on it.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        let ended = self.completed + self.failed + self.cancelled + self.expired + self.rejected;
        self.submitted == self.unfinished() + ended
    }

    /// Completed by completed and failed, 0 to 1; `None` before the first of either.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        ratio(self.completed, self.completed + self.failed)
    }

    /// Mean wait for a slot, over the attempts begun.
    #[must_use]
    pub fn mean_wait(&self) -> Option<Duration> {
        mean(self.wait_time, self.started)
    }

    /// Mean running time, over the attempts ended.
    #[must_use]
    pub fn mean_run(&self) -> Option<Duration> {
        mean(self.run_time, self.started.saturating_sub(self.active))
    }
}

/// [`Permits`](crate::Permits) at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermitStats {
    /// Permits in all.
    pub capacity: u32,
    /// Permits handed out now, by weight.
    pub active: u32,
    /// The most that were handed out at once.
    pub max_active: u32,
    /// Callers waiting.
    pub waiting: u64,
    /// Requests granted.
    pub acquired: u64,
    /// Requests that ran out of time.
    pub timeouts: u64,
    /// Time waited, over all requests granted.
    pub wait_time: Duration,
}

impl PermitStats {
    /// Permits free now.
    #[must_use]
    pub const fn available(&self) -> u32 {
        self.capacity.saturating_sub(self.active)
    }

    /// The share handed out, 0 to 1.
    #[must_use]
    pub fn utilization(&self) -> f64 {
        f64::from(self.active) / f64::from(self.capacity.max(1))
    }

    /// Mean wait, over the requests granted.
    #[must_use]
    pub fn mean_wait(&self) -> Option<Duration> {
        mean(self.wait_time, self.acquired)
    }
}

/// A limiter at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimiterStats {
    /// Requests let through.
    pub admitted: u64,
    /// Requests refused.
    pub refused: u64,
    /// Callers waiting now.
    pub waiting: u64,
}

/// A [`Batcher`](crate::Batcher) at one instant.
///
/// Every item taken is `pending`, `processed` or `failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatcherStats {
    /// Items taken.
    pub added: u64,
    /// Items taken and not yet in a finished batch.
    pub pending: u64,
    /// Items in batches that were processed.
    pub processed: u64,
    /// Items in batches whose processing failed or panicked.
    pub failed: u64,
    /// Batches handed to the processor.
    pub batches: u64,
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people; counts stay below 2^53")]
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(total: Duration, count: u64) -> Option<Duration> {
    (count > 0).then(|| {
        Duration::from_nanos(
            u64::try_from(total.as_nanos() / u128::from(count)).unwrap_or(u64::MAX),
        )
    })
}
