//! A priority queue with workers: bounded, with a handle for each job, retries that hold no worker,
//! deadlines, and an orderly end.

mod job;
mod priority;
mod shared;
mod state;
mod task;

pub use job::{Job, JobHandle, JobId};
pub use priority::Priority;
pub use state::Unfinished;

use crate::error::SubmitError;
use crate::parallel::guarded::guarded;
use crate::stats::QueueStats;
use futures::future::Abortable;
use shared::{Running, Shared};
use state::Abort;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument as _;

/// For how long a drain whose time is up waits for jobs it has told to stop.
const ABORT_GRACE: Duration = Duration::from_millis(10);

/// How a queue works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueueConfig {
    /// How many jobs run at once. Default 4.
    pub workers: NonZeroUsize,
    /// How many jobs may wait, those between two attempts included. Default 1 000. Jobs that fail while
    /// the queue is full come back over it; even then at most `capacity + workers` are unfinished.
    pub capacity: NonZeroUsize,
    /// A waiting job rises one priority each time it has waited so long. Default: never; the order
    /// is strict, and a steady flood of urgent jobs holds up all others.
    pub ageing: Option<Duration>,
}

impl Default for QueueConfig {
    fn default() -> Self {
        const ONE: NonZeroUsize = NonZeroUsize::MIN;
        Self { workers: ONE.saturating_add(3), capacity: ONE.saturating_add(999), ageing: None }
    }
}

impl QueueConfig {
    /// Sets [`workers`](Self::workers).
    #[must_use]
    pub const fn workers(mut self, workers: NonZeroUsize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets [`capacity`](Self::capacity).
    #[must_use]
    pub const fn capacity(mut self, capacity: NonZeroUsize) -> Self {
        self.capacity = capacity;
        self
    }

    /// Sets [`ageing`](Self::ageing). Zero turns it off.
    #[must_use]
    pub const fn ageing(mut self, interval: Duration) -> Self {
        self.ageing = Some(interval);
        self
    }
}

/// Runs jobs by priority, first come first served within one. A clone is the same queue.
///
/// A worker takes a job when it is free to run it, so an urgent job waits for at most one running
/// job, however many others wait before it. A panic ends its job only.
///
/// A job may hold a clone and submit others, but one that *waits* for room can wait for itself:
/// within a job, prefer [`try_submit`](Self::try_submit).
///
/// When the last clone is dropped, waiting jobs are cancelled and running ones dropped at their
/// next await point; [`drain`](Self::drain) first to let them end.
///
/// ```
/// use async_utils::{Job, Priority, PriorityQueue, QueueConfig};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let queue = PriorityQueue::new(QueueConfig::default());
/// let report = queue.submit(Job::new(async { 6 * 7 }).priority(Priority::High)).await?;
/// assert_eq!(report.await?, 42);
///
/// let unfinished = queue.drain(Duration::from_secs(1)).await;
/// assert!(unfinished.is_empty());
/// assert_eq!(queue.stats().completed, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PriorityQueue {
    owner: Arc<Owner>,
}

/// Workers hold the shared part, so its last clone says nothing; this one's does.
#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl PriorityQueue {
    /// Starts the workers and a timer, as tasks of the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime, as [`tokio::spawn`] does.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a later setting may be one to own")]
    pub fn new(config: QueueConfig) -> Self {
        let QueueConfig { workers, capacity, ageing } = config;
        let shared = Arc::new(Shared::new(capacity.get(), ageing));
        for _ in 0..workers.get() {
            tokio::spawn(work(Arc::clone(&shared)));
        }
        let timer = Arc::clone(&shared);
        tokio::spawn(async move { timer.keep_time().await });
        Self { owner: Arc::new(Owner { shared }) }
    }

    /// Waits for room and gives the job to the queue. Callers that wait get room in order of arrival,
    /// whatever their jobs' priority.
    ///
    /// Cancel safety: dropped while it waits, the job is dropped and was never submitted.
    ///
    /// # Errors
    /// [`SubmitError::Closed`].
    pub async fn submit<T: Send + 'static>(
        &self,
        job: Job<T>,
    ) -> Result<JobHandle<T>, SubmitError> {
        self.owner.shared.room().await?;
        self.accept(job)
    }

    /// Gives the job to the queue if there is room now.
    ///
    /// # Errors
    /// [`SubmitError::Full`] or [`SubmitError::Closed`].
    pub fn try_submit<T: Send + 'static>(&self, job: Job<T>) -> Result<JobHandle<T>, SubmitError> {
        self.owner.shared.try_room()?;
        self.accept(job)
    }

    fn accept<T: Send + 'static>(&self, job: Job<T>) -> Result<JobHandle<T>, SubmitError> {
        let (label, patience) = (job.label.clone(), job.start_within);
        let (task, answer) = job.into_task();
        let id = self.owner.shared.accept(task, label, patience)?;
        Ok(JobHandle { id, answer, queue: Arc::downgrade(&self.owner.shared) })
    }

    /// Takes no more jobs, and waits until those accepted have ended, pauses between attempts
    /// included. What has not ended within `patience` is cancelled and returned.
    ///
    /// A running job is dropped at its next await point. One that does not reach one within
    /// a few milliseconds is returned too, and runs on.
    ///
    /// A second call waits for the same end and returns the same jobs. A job that drains its own queue
    /// waits for itself until `patience` is over.
    ///
    /// Cancel safety: dropped, the queue takes no more jobs and goes on with those it has.
    pub async fn drain(&self, patience: Duration) -> Vec<Unfinished> {
        let shared = &self.owner.shared;
        shared.stop_taking();
        if tokio::time::timeout(patience, shared.done()).await.is_err() {
            shared.close();
            // Whether they stopped or not, what has not is in the answer.
            let _ = tokio::time::timeout(ABORT_GRACE, shared.done()).await;
        }
        shared.state().unfinished()
    }

    /// Where all jobs are now.
    #[must_use]
    pub fn stats(&self) -> QueueStats {
        self.owner.shared.state().stats()
    }
}

/// One worker: it waits for a job, then takes the one that is first at that moment.
async fn work(shared: Arc<Shared>) {
    while let Some((running, abort)) = shared.next().await {
        // Panics of the work are caught closer to it; this one is of a destructor.
        if let Err(panicked) = guarded(run(running, abort)).await {
            tracing::error!(error = %panicked, "a job's destructor panicked");
        }
    }
}

async fn run(mut running: Running<'_>, abort: Abort) {
    let Some(job) = running.job() else { return };
    let (id, label) = (job.id, &job.label);
    let span = tracing::info_span!("job", %id, name = %label.name, priority = ?label.priority);
    let attempt = Abortable::new(job.task.attempt(), abort).instrument(span).await;
    if let Ok(outcome) = attempt {
        running.ended(outcome);
    }
}
