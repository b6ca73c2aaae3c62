//! The task behind a guard: renews the lease, notices its loss, gives it back.

use super::{Guard, ReleaseRequest, Status};
use crate::error::{Loss, Lost, ReleaseError, StoreError};
use crate::lease::{Lease, OwnerToken, margin};
use crate::lock::Settings;
use crate::stats::{Counters, count};
use crate::store::{Claim, LeaseStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The pause after the first withdrawal that did not settle matters; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Keeps one lease alive until its guard goes or the lease is lost.
pub(crate) struct Keeper<S> {
    store: Arc<S>,
    settings: Arc<Settings>,
    counters: Arc<Counters>,
    lease: Lease,
    /// Where [`Lock::max_hold`](crate::Lock::max_hold) ends.
    limit: Option<Instant>,
    status: watch::Sender<Status>,
    guard: oneshot::Receiver<ReleaseRequest>,
}

/// Why a keeper stops keeping.
enum End {
    /// The guard wants the lease given back, or is gone without asking for an answer.
    Release(Option<ReleaseRequest>),
    Lost(Loss),
}

impl<S: LeaseStore> Keeper<S> {
    pub(crate) fn new(
        store: Arc<S>,
        settings: Arc<Settings>,
        counters: Arc<Counters>,
        lease: Lease,
    ) -> (Guard, Self) {
        let limit = settings.max_hold.and_then(|longest| Instant::now().checked_add(longest));
        let (status, watched) = watch::channel(standing(&lease, limit));
        let (request, requests) = oneshot::channel();
        let guard = Guard { lease: lease.clone(), status: watched, keeper: request };
        (guard, Self { store, settings, counters, lease, limit, status, guard: requests })
    }

    pub(crate) async fn run(mut self) {
        match self.keep().await {
            End::Release(request) => self.release(request).await,
            End::Lost(reason) => self.give_up(reason).await,
        }
    }

    async fn keep(&mut self) -> End {
        let pause = self.settings.ttl / 3;
        // Counted from the request, as the lease is: the answer may have taken its time.
        let whole = self.settings.ttl.saturating_sub(margin(self.settings.ttl));
        let mut due = Instant::from_std(self.lease.deadline()) + pause - whole;
        loop {
            let Status { deadline, overdue, .. } = *self.status.borrow();
            // What ends anyway is not renewed any more.
            let next = if overdue == Loss::HeldTooLong { deadline } else { due };
            let renewed = tokio::select! {
                biased;
                request = &mut self.guard => return End::Release(request.ok()),
                () = sleep_until(deadline) => return End::Lost(overdue),
                renewed = renew(&*self.store, &self.settings, &self.lease, next) => renewed,
            };
            match renewed {
                Ok((sent, true)) => {
                    if !self.extend(sent) {
                        return End::Lost(overdue);
                    }
                    due = sent + pause;
                }
                Ok((_, false)) => return End::Lost(Loss::Gone),
                // The lease stands until its deadline; an error is no loss yet.
                Err(error) => {
                    tracing::debug!(%error, "a renewal was not confirmed");
                    due = Instant::now() + pause / 4;
                }
            }
        }
    }

    /// Publishes a confirmed renewal, unless the deadline passed while it was on its way: whoever looked
    /// in between was told that the lease is lost, and that is not taken back. Both sides read the clock
    /// under the same lock.
    fn extend(&mut self, sent: Instant) -> bool {
        let (lease, limit) = (&mut self.lease, self.limit);
        let ttl = self.settings.ttl;
        let extended = self.status.send_if_modified(|status| {
            if status.ended_by(Instant::now()).is_some() {
                return false;
            }
            lease.renewed(sent.into_std(), ttl);
            *status = standing(lease, limit);
            true
        });
        if extended {
            count(&self.counters.renewals);
        }
        extended
    }

    async fn give_up(self, reason: Loss) {
        tracing::warn!(fence = %self.lease.fence(), %reason, "lease lost");
        count(&self.counters.lost);
        // Whoever looked after the deadline was told of that, and is not told another story now.
        self.status.send_modify(|status| {
            status.ended = status.ended_by(Instant::now()).or(Some(reason));
        });
        if reason == Loss::Gone {
            return;
        }
        // A renewal without an answer may have made the lease last longer than anybody uses it. The
        // margin before that belongs to the holder, who may need it to stop.
        drop(self.guard);
        sleep(margin(self.settings.ttl)).await;
        let owner = self.lease.owner();
        withdraw(&*self.store, &self.settings.name, owner, self.settings.ttl, |_| true).await;
    }

    async fn release(self, request: Option<ReleaseRequest>) {
        let overdue = self.status.borrow().ended_by(Instant::now());
        self.status.send_modify(|status| status.ended = Some(Loss::Released));
        let (name, owner) = (Arc::clone(&self.settings.name), self.lease.owner());
        let answer = end(&*self.store, &name, owner, self.settings.ttl).await;
        let confirmed = answer.is_ok();
        self.count_release(answer.as_ref().ok().copied(), overdue.is_some());
        let outcome = match (overdue, answer) {
            (Some(reason), _) => Err(ReleaseError::WasLost(Lost { name, reason })),
            (None, Ok(true)) => Ok(()),
            (None, Ok(false)) => Err(ReleaseError::WasLost(Lost { name, reason: Loss::Gone })),
            (None, Err(source)) => Err(ReleaseError::Unknown { name, source }),
        };
        if let Some(request) = request {
            drop(request.send(outcome));
        }
        if !confirmed {
            let Settings { name, ttl, .. } = &*self.settings;
            withdraw(&*self.store, name, owner, *ttl, |_| true).await;
        }
    }

    fn count_release(&self, answer: Option<bool>, overdue: bool) {
        match answer {
            Some(true) => count(&self.counters.released),
            Some(false) => count(&self.counters.stale_releases),
            None => {}
        }
        if overdue || answer == Some(false) {
            tracing::warn!(fence = %self.lease.fence(), "lease found lost at its release");
            count(&self.counters.lost);
        }
    }
}

/// How things stand with a live lease: it ends at its own deadline, or where it may be held no longer.
fn standing(lease: &Lease, limit: Option<Instant>) -> Status {
    let deadline = Instant::from_std(lease.deadline());
    match limit {
        Some(limit) if limit <= deadline => {
            Status { deadline: limit, overdue: Loss::HeldTooLong, ended: None }
        }
        _ => Status { deadline, overdue: Loss::Expired, ended: None },
    }
}

/// Waits until `due` and renews once. Gives up on an answer early enough for another try.
async fn renew<S: LeaseStore>(
    store: &S,
    settings: &Settings,
    lease: &Lease,
    due: Instant,
) -> Result<(Instant, bool), StoreError> {
    sleep_until(due).await;
    let sent = Instant::now();
    let claim = Claim::new(&settings.name, lease.owner(), settings.ttl).label(&settings.label);
    let answer = timeout(settings.ttl / 3, store.renew(&claim)).await;
    answer.map_err(StoreError::unavailable)?.map(|held| (sent, held))
}

/// Ends a lease. Gives up on an answer as early as a renewal does: a caller waits for this one.
async fn end<S: LeaseStore>(
    store: &S,
    name: &str,
    owner: OwnerToken,
    ttl: Duration,
) -> Result<bool, StoreError> {
    timeout(ttl / 3, store.release(name, owner)).await.map_err(StoreError::unavailable)?
}

/// Ends a lease nobody uses any more, trying again for one TTL, after which it has ended by itself.
/// `settled` says whether an answer, "it was there" or not, is the last word.
pub(crate) async fn withdraw<S: LeaseStore>(
    store: &S,
    name: &str,
    owner: OwnerToken,
    ttl: Duration,
    settled: impl Fn(bool) -> bool + Send,
) {
    let give_up = Instant::now() + ttl;
    let mut pause = FIRST_PAUSE;
    loop {
        match end(store, name, owner, ttl).await {
            Ok(found) if settled(found) => return,
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "a lease could not be given back yet"),
        }
        if Instant::now() + pause >= give_up {
            return;
        }
        sleep(pause).await;
        pause *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::FencingToken;
    use crate::store::memory::MemoryLeases;

    /// The timer of the deadline may fire a little late, so a confirmed renewal can get ahead of it.
    #[tokio::test(start_paused = true)]
    async fn a_renewal_confirmed_after_the_deadline_extends_nothing() {
        let ttl = Duration::from_secs(10);
        let name: Arc<str> = "roster".into();
        let sent = Instant::now().into_std();
        let lease = Lease::granted(
            Arc::clone(&name),
            OwnerToken::random(),
            FencingToken::new(1),
            sent,
            ttl,
        );
        let settings = Settings { name, label: String::new(), ttl, max_hold: None };
        let store = Arc::new(MemoryLeases::new());
        let (guard, mut keeper) = Keeper::new(store, settings.into(), Arc::default(), lease);
        assert!(keeper.extend(Instant::now()), "in time");
        tokio::time::advance(ttl).await;
        assert!(!keeper.extend(Instant::now()), "too late");
        assert!(!guard.is_valid());
    }
}
