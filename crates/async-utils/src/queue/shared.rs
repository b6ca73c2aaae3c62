//! What submitters, workers and the timer share: the state and the ways to wake each other.

use super::job::{JobId, Label};
use super::state::{Abort, Phase, Removed, Resting, State};
use super::task::{Outcome, Task};
use crate::error::{JobError, SubmitError};
use crate::lock::locked;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Free places. A retry that finds none goes over the bound and leaves a debt.
    room: Semaphore,
    debt: Mutex<usize>,
    /// One permit for each job that entered a lane. A job that left it otherwise leaves its permit
    /// behind; the worker that gets it finds nothing and asks again.
    ready: Semaphore,
    /// The earliest timer moved.
    timer: Notify,
    /// Closed when nothing is left to do after a drain: an event that stays.
    done: Semaphore,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A running job: whatever happens to the worker, the job is accounted for and answered.
pub(super) struct Running<'a> {
    shared: &'a Shared,
    job: Option<Resting>,
}

impl Shared {
    pub(super) fn new(capacity: usize, ageing: Option<Duration>) -> Self {
        Self {
            state: Mutex::new(State::new(ageing)),
            room: Semaphore::new(capacity.min(Semaphore::MAX_PERMITS)),
            debt: Mutex::new(0),
            ready: Semaphore::new(0),
            timer: Notify::new(),
            done: Semaphore::new(0),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Waits for a place; it must be used by [`accept`](Self::accept) at once.
    pub(super) async fn room(&self) -> Result<(), SubmitError> {
        let place = self.room.acquire().await.map_err(|_| SubmitError::Closed);
        place.map(|permit| permit.forget()).inspect_err(|_| self.state().reject())
    }

    pub(super) fn try_room(&self) -> Result<(), SubmitError> {
        let place = self.room.try_acquire().map_err(|error| match error {
            tokio::sync::TryAcquireError::Closed => SubmitError::Closed,
            tokio::sync::TryAcquireError::NoPermits => SubmitError::Full,
        });
        place.map(|permit| permit.forget()).inspect_err(|_| self.state().reject())
    }

    pub(super) fn accept(
        &self,
        task: Box<dyn Task>,
        label: Label,
        patience: Option<Duration>,
    ) -> Result<JobId, SubmitError> {
        let mut state = self.state();
        if state.phase != Phase::Open {
            state.reject();
            return Err(SubmitError::Closed);
        }
        let id = state.accept(task, label, patience, Instant::now().into_std());
        drop(state);
        self.ready.add_permits(1);
        if patience.is_some() {
            self.timer.notify_one();
        }
        Ok(id)
    }

    /// The next job, when there is one; `None` when there will be none.
    pub(super) async fn next(&self) -> Option<(Running<'_>, Abort)> {
        loop {
            self.ready.acquire().await.ok()?.forget();
            let (job, late) = self.state().start(Instant::now().into_std());
            self.free(late.len() + usize::from(job.is_some()));
            self.answer(late, || JobError::Expired);
            if let Some((job, abort)) = job {
                return Some((Running { shared: self, job: Some(job) }, abort));
            }
        }
    }

    /// Gives places back, the debt first.
    fn free(&self, places: usize) {
        let mut debt = locked(&self.debt);
        let repaid = places.min(*debt);
        *debt -= repaid;
        self.room.add_permits(places - repaid);
    }

    /// Takes a place if there is one, or one on credit.
    fn occupy(&self) {
        let mut debt = locked(&self.debt);
        match self.room.try_acquire() {
            Ok(permit) => permit.forget(),
            Err(_) => *debt += 1,
        }
    }

    fn answer(&self, removed: Vec<Removed>, error: impl Fn() -> JobError) {
        for task in removed {
            task.refuse(error());
        }
        self.settle();
    }

    /// Says so once a closing queue has nothing left.
    fn settle(&self) {
        if self.state().is_over() {
            self.over();
        }
    }

    fn over(&self) {
        self.done.close();
        self.ready.close();
        self.timer.notify_one();
    }

    pub(super) fn cancel(&self, id: JobId) {
        let removed = self.state().cancel(id);
        if let Some(task) = removed {
            self.free(1);
            self.answer(vec![task], || JobError::Cancelled);
        }
    }

    pub(super) fn stop_taking(&self) {
        let mut state = self.state();
        if state.phase == Phase::Open {
            state.phase = Phase::Draining;
        }
        drop(state);
        self.room.close();
        self.settle();
    }

    /// Cancels what is left.
    pub(super) fn close(&self) {
        self.room.close();
        let removed = self.state().close();
        self.answer(removed, || JobError::Cancelled);
    }

    pub(super) async fn done(&self) {
        // Never granted: the semaphore is empty until it is closed.
        let _ = self.done.acquire().await;
    }

    pub(super) fn is_done(&self) -> bool {
        self.done.is_closed()
    }

    /// Wakes delayed jobs and drops late ones when their time comes, until nothing is left to do.
    pub(super) async fn keep_time(&self) {
        while !self.is_done() {
            let due = self.state().next_due();
            match due {
                Some(due) => tokio::select! {
                    () = tokio::time::sleep_until(Instant::from_std(due)) => {}
                    () = self.timer.notified() => {}
                },
                None => self.timer.notified().await,
            }
            let (woken, late) = self.state().fire(Instant::now().into_std());
            self.ready.add_permits(woken);
            self.free(late.len());
            self.answer(late, || JobError::Expired);
        }
    }
}

impl Running<'_> {
    pub(super) fn job(&mut self) -> Option<&mut Resting> {
        self.job.as_mut()
    }

    /// Records how the attempt ended, then answers the handle, in this order: whoever has the
    /// answer finds it counted.
    pub(super) fn ended(mut self, outcome: Outcome) {
        let Some(job) = self.job.take() else { return };
        let now = Instant::now().into_std();
        if let Outcome::Again(pause) = outcome {
            self.shared.occupy();
            self.job = self.shared.state().delay(job, pause, now);
            self.shared.timer.notify_one();
            // Not taken back only when the queue closed meanwhile: then dropping cancels it.
            return;
        }
        let over = self.shared.state().finish(job.id, outcome, now);
        job.task.deliver();
        if over {
            self.shared.over();
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(job) = self.job.take() else { return };
        self.shared.state().aborted(job.id, &job.label, Instant::now().into_std());
        job.task.refuse(JobError::Cancelled);
        self.shared.settle();
    }
}
