//! A job once its type is forgotten: it can be attempted, and it can be answered.

use crate::error::{BoxError, JobError, Panicked};
use crate::parallel::guarded::{guarded, quietly};
use crate::retry::{Course, Retry, Verdict};
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What a worker needs of a job.
pub(super) trait Task: Send {
    /// Makes one attempt. A result that stands is kept for [`deliver`](Self::deliver).
    fn attempt(&mut self) -> BoxFuture<'_, Outcome>;

    /// Answers the handle with the result that was kept, or with `Cancelled`.
    fn deliver(self: Box<Self>);

    /// Answers the handle with `error`.
    fn refuse(self: Box<Self>, error: JobError);
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Completed,
    Failed,
    Panicked,
    /// Failed, and worth another attempt after this pause.
    Again(Duration),
}

type Attempt<T> = BoxFuture<'static, Result<T, BoxError>>;

/// What is to be done, once or until it succeeds.
pub(super) enum Work<T> {
    Once(Attempt<T>),
    Repeated {
        attempt: Box<dyn FnMut() -> Attempt<T> + Send>,
        retry: Box<Retry>,
        course: Option<Box<Course>>,
    },
}

impl<T> Work<T> {
    async fn attempt(&mut self) -> Result<Result<T, BoxError>, Panicked> {
        match self {
            Self::Once(future) => guarded(future).await,
            Self::Repeated { attempt, retry, course } => {
                if course.is_none() {
                    retry.deposit();
                    *course = Some(Box::new(retry.course(Instant::now().into_std())));
                }
                // The call is inside, as it may panic like the future it makes.
                guarded(async { attempt().await }).await
            }
        }
    }

    /// The pause before another attempt, or how many attempts there were.
    fn after_failure(&mut self) -> Result<Duration, u32> {
        let Self::Repeated { course: Some(course), .. } = self else { return Err(1) };
        let next = course.after_failure(Verdict::Again, Instant::now().into_std());
        next.map_err(|_| course.attempts())
    }
}

pub(super) struct Typed<T> {
    work: Work<T>,
    reply: oneshot::Sender<Result<T, JobError>>,
    result: Option<Result<T, JobError>>,
}

impl<T> Typed<T> {
    pub(super) const fn new(work: Work<T>, reply: oneshot::Sender<Result<T, JobError>>) -> Self {
        Self { work, reply, result: None }
    }

    fn judge(&mut self, ended: Result<Result<T, BoxError>, Panicked>) -> Outcome {
        let (outcome, result) = match ended {
            Ok(Ok(value)) => (Outcome::Completed, Ok(value)),
            Err(panic) => (Outcome::Panicked, Err(JobError::Panicked(panic))),
            Ok(Err(cause)) => match self.work.after_failure() {
                Ok(pause) => return Outcome::Again(pause),
                Err(attempts) => (Outcome::Failed, Err(JobError::Failed { attempts, cause })),
            },
        };
        self.result = Some(result);
        outcome
    }
}

impl<T: Send + 'static> Task for Typed<T> {
    fn attempt(&mut self) -> BoxFuture<'_, Outcome> {
        Box::pin(async {
            let ended = self.work.attempt().await;
            self.judge(ended)
        })
    }

    fn deliver(self: Box<Self>) {
        let Self { work, reply, result } = *self;
        answer(work, reply, result.unwrap_or(Err(JobError::Cancelled)));
    }

    fn refuse(self: Box<Self>, error: JobError) {
        let Self { work, reply, result } = *self;
        quietly(|| drop(result));
        answer(work, reply, Err(error));
    }
}

/// The work is dropped before the answer goes out, so whoever has the answer knows that nothing of
/// the job is left. A value nobody waits for is dropped here.
fn answer<T>(
    work: Work<T>,
    reply: oneshot::Sender<Result<T, JobError>>,
    result: Result<T, JobError>,
) {
    quietly(|| drop(work));
    quietly(|| drop(reply.send(result)));
}
