//! How far warming is.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::job::{Job, Warmed};

/// How far a [`Warmer`](crate::Warmer) is in the present pass, or was at the end of the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Each job, in the order they are worked off.
    pub jobs: Vec<JobProgress>,
    /// Passes that have ended since the start.
    pub passes: u64,
    /// Passes left out because [another process](crate::Warmer::one_of_all) has begun one.
    pub elsewhere: u64,
}

impl Progress {
    /// The keys of all jobs begun so far.
    pub fn total(&self) -> usize {
        self.sum(|job| job.total)
    }

    /// Those of them that were loaded.
    pub fn loaded(&self) -> usize {
        self.sum(|job| job.loaded)
    }

    /// Those that were there already.
    pub fn fresh(&self) -> usize {
        self.sum(|job| job.fresh)
    }

    /// Those whose load failed.
    pub fn failed(&self) -> usize {
        self.sum(|job| job.failed)
    }

    fn sum(&self, of: impl Fn(&JobProgress) -> usize) -> usize {
        self.jobs.iter().map(of).sum()
    }
}

/// How far one job is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobProgress {
    /// The job's name.
    pub name: String,
    /// How many keys it has listed.
    pub total: usize,
    /// Those that it loaded.
    pub loaded: usize,
    /// Those that were fresh, in the store, or loaded by somebody else.
    pub fresh: usize,
    /// Those whose load failed.
    pub failed: usize,
    /// Those that were left out because a budget was spent.
    pub left_out: usize,
    /// The last error: of a load, or of listing the keys.
    pub error: Option<String>,
    /// Nothing more will be done for it in this pass.
    pub ended: bool,
}

impl JobProgress {
    pub(super) fn of<S>(job: &Job<S>) -> Self {
        Self { name: job.name.clone(), ..Self::default() }
    }

    pub(super) fn add(&mut self, warmed: &Warmed) {
        self.loaded += warmed.loaded;
        self.fresh += warmed.fresh;
        self.failed += warmed.failed;
        self.left_out += warmed.left_out;
        if warmed.error.is_some() {
            self.error.clone_from(&warmed.error);
        }
    }
}

/// Warming that goes on in the background. Dropping it ends that: no further load begins, and those under
/// way are the cache's, and are finished.
#[derive(Debug)]
#[must_use = "warming ends when this is dropped"]
pub struct Warming {
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

impl Warming {
    pub(super) fn new(progress: watch::Receiver<Progress>, task: JoinHandle<()>) -> Self {
        Self { progress, task }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Waits until the progress is another than at the last call; `None` if it will not change any more.
    /// Changes in quick succession are seen as one. Nothing is lost if the future is dropped.
    pub async fn changed(&mut self) -> Option<Progress> {
        self.progress.changed().await.ok()?;
        Some(self.progress.borrow_and_update().clone())
    }

    /// Waits until so many passes have ended since the start, or warming has ended. How far it is then.
    pub async fn passes(&mut self, passes: u64) -> Progress {
        // An error says that it has ended.
        _ = self.progress.wait_for(|progress| progress.passes >= passes).await;
        self.progress()
    }

    /// Ends it, and waits until its task is gone. How far it came.
    pub async fn stop(mut self) -> Progress {
        self.task.abort();
        // Cancelled, ended, or panicked: gone.
        _ = (&mut self.task).await;
        self.progress()
    }
}

impl Drop for Warming {
    fn drop(&mut self) {
        self.task.abort();
    }
}
