//! A job before it is accepted, and its handle after.

use super::priority::Priority;
use super::shared::Shared;
use super::task::{Task, Typed, Work};
use crate::error::{BoxError, JobError};
use crate::retry::Retry;
use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::oneshot;

/// Identifies a job within its queue. Later jobs have larger ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub(crate) u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Work for a [`PriorityQueue`](crate::PriorityQueue), with what the queue has to know about it.
#[must_use = "a job does nothing until it is submitted"]
pub struct Job<T> {
    work: Work<T>,
    pub(super) label: Label,
    pub(super) start_within: Option<Duration>,
}

/// What is told about a job wherever it shows up.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) priority: Priority,
    pub(super) name: Cow<'static, str>,
}

impl<T: Send + 'static> Job<T> {
    /// A future whose value is the result.
    pub fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self::from_work(Work::Once(Box::pin(async move { Ok(future.await) })))
    }

    /// A future that may fail. It is not tried again.
    pub fn fallible<E: Into<BoxError>>(
        future: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Self {
        Self::from_work(Work::Once(Box::pin(async move { future.await.map_err(Into::into) })))
    }

    /// Work that is begun anew for each attempt `retry` allows. The pause between two attempts is
    /// spent outside the worker, which does other jobs meanwhile.
    pub fn retrying<E, F, Fut>(retry: Retry, mut attempt: F) -> Self
    where
        E: Into<BoxError>,
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let attempt = Box::new(move || -> futures::future::BoxFuture<'static, _> {
            let running = attempt();
            Box::pin(async move { running.await.map_err(Into::into) })
        });
        Self::from_work(Work::Repeated { attempt, retry: Box::new(retry), course: None })
    }

    fn from_work(work: Work<T>) -> Self {
        let label = Label { priority: Priority::Normal, name: Cow::Borrowed("job") };
        Self { work, label, start_within: None }
    }

    /// Sets the priority. Default: [`Priority::Normal`].
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.label.priority = priority;
        self
    }

    /// Sets the name shown in spans and in what a drain gives back.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.label.name = name.into();
        self
    }

    /// Gives it up, as [`JobError::Expired`], if it has not begun so long after it was accepted.
    /// A job that began is not cut short, and its later attempts are not bound by this.
    pub const fn start_within(mut self, patience: Duration) -> Self {
        self.start_within = Some(patience);
        self
    }

    pub(super) fn into_task(self) -> (Box<dyn Task>, oneshot::Receiver<Result<T, JobError>>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Typed::new(self.work, reply)), answer)
    }
}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work: _, label, start_within } = self;
        f.debug_struct("Job")
            .field("label", label)
            .field("start_within", start_within)
            .finish_non_exhaustive()
    }
}

/// The way to a job's result. Await it; drop it and the job runs on; or [`cancel`](Self::cancel).
///
/// Cancel safety: awaiting `&mut handle` and dropping that loses nothing.
#[derive(Debug)]
pub struct JobHandle<T> {
    pub(super) id: JobId,
    pub(super) answer: oneshot::Receiver<Result<T, JobError>>,
    pub(super) queue: Weak<Shared>,
}

impl<T> JobHandle<T> {
    /// The job's id.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// Removes the job if it waits, or drops it at its next await point if it runs. Whether it
    /// came in time shows in the handle's result.
    pub fn cancel(&self) {
        if let Some(queue) = self.queue.upgrade() {
            queue.cancel(self.id);
        }
    }
}

impl<T> Future for JobHandle<T> {
    type Output = Result<T, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        // A job dropped without an answer went down with its runtime.
        Poll::Ready(answer.unwrap_or(Err(JobError::Cancelled)))
    }
}
