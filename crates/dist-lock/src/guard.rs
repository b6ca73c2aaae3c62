//! A lease that is held: renewed while its guard lives, given back when it goes.

mod keeper;

pub(crate) use keeper::{Keeper, withdraw};

use crate::error::{Loss, Lost, ReleaseError};
use crate::lease::{FencingToken, Lease};
use std::pin::pin;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

/// What the keeper of a lease tells its guard.
#[derive(Clone, Copy, Debug)]
struct Status {
    /// Where the lease ends for its holder, unless it is moved on.
    deadline: Instant,
    /// What it means when the deadline passes.
    overdue: Loss,
    /// How it ended. Final.
    ended: Option<Loss>,
}

impl Status {
    /// How the lease ended, judged at `now`: a deadline that passed ends it whether or not the keeper
    /// has run since.
    fn ended_by(&self, now: Instant) -> Option<Loss> {
        self.ended.or((now >= self.deadline).then_some(self.overdue))
    }
}

/// How the lease ended, if it did, as of now.
///
/// The clock is read while the status is borrowed: a renewal that is published afterwards has to find
/// the deadline passed as well, so an answer of "lost" is never taken back.
fn judge(status: &watch::Receiver<Status>) -> Option<Loss> {
    let status = status.borrow();
    status.ended_by(Instant::now())
}

/// How a guard asks its keeper to give the lease back; a guard that is dropped just hangs up.
type ReleaseRequest = oneshot::Sender<Result<(), ReleaseError>>;

/// A lock that is held. It is renewed in the background until it is released, dropped or lost.
///
/// Dropping it gives the lease back in the background, from anywhere: it neither blocks nor needs a
/// runtime at that moment. [`release`](Self::release) does the same and says how it went. A guard that is
/// leaked (`mem::forget`) is renewed until its runtime ends or [`Lock::max_hold`](crate::Lock::max_hold)
/// is over.
#[derive(Debug)]
#[must_use = "the lock is given back when its guard is dropped"]
pub struct Guard {
    lease: Lease,
    status: watch::Receiver<Status>,
    keeper: oneshot::Sender<ReleaseRequest>,
}

impl Guard {
    /// What is held.
    #[must_use]
    pub fn name(&self) -> &str {
        self.lease.name()
    }

    /// The token to hand to whatever is written to under this lock.
    #[must_use]
    pub fn fence(&self) -> FencingToken {
        self.lease.fence()
    }

    /// The instant by which a renewal has to be confirmed, or the lease is lost. Moves on as long as
    /// renewals succeed. On the clock of `tokio::time`.
    #[must_use]
    pub fn deadline(&self) -> std::time::Instant {
        self.status.borrow().deadline.into_std()
    }

    /// Whether the lock is still held, by the local clock. Once `false`, it stays so.
    ///
    /// `true` is about now: the process may be paused before it acts on it. That is what
    /// [`fence`](Self::fence) is for.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.check().is_ok()
    }

    /// As [`is_valid`](Self::is_valid), with the reason.
    ///
    /// # Errors
    /// When the lease is lost.
    pub fn check(&self) -> Result<(), Lost> {
        judge(&self.status).map_or(Ok(()), |reason| Err(lost(&self.lease, reason)))
    }

    /// Completes when the lease is lost, at its deadline at the latest. Independent of the guard, so it
    /// can be watched from elsewhere; after a release it completes with [`Loss::Released`].
    pub fn lost(&self) -> impl Future<Output = Lost> + Send + use<> {
        let status = self.status.clone();
        let lease = self.lease.clone();
        async move { lost(&lease, ended(status).await) }
    }

    /// Runs `work` while the lock is held. When the lease is lost, `work` is dropped at the await it is
    /// at; when it completes after that, its output is dropped.
    ///
    /// Work that blocks its thread cannot be stopped. What it wrote before is not undone.
    ///
    /// # Errors
    /// When the lease is or was lost.
    pub async fn run<F: Future>(&self, work: F) -> Result<F::Output, Lost> {
        let work = pin!(work);
        tokio::select! {
            biased;
            lost = self.lost() => Err(lost),
            output = work => self.check().map(|()| output),
        }
    }

    /// Gives the lock back and says whether it was held to the end. One request to the store.
    ///
    /// Cancel safe: the release goes on when this future is dropped.
    ///
    /// # Errors
    /// [`ReleaseError::WasLost`] means that the work under this guard was not protected to its end.
    pub async fn release(self) -> Result<(), ReleaseError> {
        let Self { lease, status, keeper } = self;
        let (request, outcome) = oneshot::channel();
        // A keeper that is gone has dropped the request, which ends the wait as well.
        drop(keeper.send(request));
        if let Ok(outcome) = outcome.await {
            return outcome;
        }
        let ended = status.borrow().ended;
        Err(match ended {
            Some(reason) => ReleaseError::WasLost(lost(&lease, reason)),
            None => ReleaseError::Stopped { name: lease.name().into() },
        })
    }
}

fn lost(lease: &Lease, reason: Loss) -> Lost {
    Lost { name: lease.name().into(), reason }
}

/// Waits for the end, by the keeper's word or by the clock: a keeper that does not get to run must not
/// keep the loss from those who wait for it.
async fn ended(mut status: watch::Receiver<Status>) -> Loss {
    loop {
        if let Some(reason) = judge(&status) {
            return reason;
        }
        let deadline = status.borrow_and_update().deadline;
        tokio::select! {
            () = sleep_until(deadline) => {}
            changed = status.changed() => if changed.is_err() {
                // The runtime that kept the lease is gone, and renewals with it.
                sleep_until(deadline).await;
            },
        }
    }
}
