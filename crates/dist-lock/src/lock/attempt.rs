//! One claim, from its first byte to the end of the lease it may become.
//!
//! It runs in a task of its own, so that no caller who stops waiting can cut it in two: a claim that was
//! sent is always followed up, by a guard, or by its withdrawal. The same task then keeps the lease.

use super::{Lock, Settings};
use crate::error::AcquireError;
use crate::guard::{Guard, Keeper, withdraw};
use crate::lease::{Lease, OwnerToken};
use crate::stats::count;
use crate::store::{Attempt, Claim, LeaseStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tracing::Instrument;

/// What became of a claim.
pub(super) enum Answer {
    Granted(Guard),
    Held { expires_in: Duration },
}

/// What the store said to a claim.
enum Granted {
    Yes(Lease),
    No { expires_in: Duration },
}

type Reply = oneshot::Sender<Result<Answer, AcquireError>>;

impl<S: LeaseStore + 'static> Lock<S> {
    /// Claims the name once. `started` is when the caller began to want it.
    pub(super) async fn attempt(&self, started: Instant) -> Result<Answer, AcquireError> {
        let no_runtime = || AcquireError::NoRuntime { name: Arc::clone(&self.settings.name) };
        let runtime = Handle::try_current().map_err(|_| no_runtime())?;
        let (reply, answer) = oneshot::channel();
        let lock = self.clone();
        let span = tracing::debug_span!("dist_lock.lease", lock = %self.settings.name);
        runtime.spawn(lock.claim(started, reply).instrument(span));
        // The task only ends without an answer when its runtime does.
        answer.await.unwrap_or_else(|_| Err(no_runtime()))
    }

    async fn claim(self, started: Instant, reply: Reply) {
        let owner = OwnerToken::random();
        match self.ask(owner).await {
            Ok(Granted::Yes(lease)) => {
                count(&self.counters.acquired);
                self.counters.waited(started.elapsed());
                let (guard, keeper) = self.keep(lease);
                // If the caller is gone, the guard is dropped right here, and the keeper gives it back.
                drop(reply.send(Ok(Answer::Granted(guard))));
                keeper.run().await;
            }
            Ok(Granted::No { expires_in }) => {
                count(&self.counters.contended);
                drop(reply.send(Ok(Answer::Held { expires_in })));
            }
            Err(error) => {
                count(&self.counters.failed);
                drop(reply.send(Err(error)));
                // The claim may still arrive; it is gone for sure only once it was found and ended.
                let ttl = self.settings.ttl;
                withdraw(&*self.store, &self.settings.name, owner, ttl, |found| found).await;
            }
        }
    }

    async fn ask(&self, owner: OwnerToken) -> Result<Granted, AcquireError> {
        let Settings { name, label, ttl, .. } = &*self.settings;
        let claim = Claim::new(name, owner, *ttl).label(label);
        let sent = Instant::now();
        let answer = timeout(*ttl, self.store.try_acquire(&claim)).await;
        let no_answer = || AcquireError::NoAnswer { name: Arc::clone(name), ttl: *ttl };
        let failed = |source| AcquireError::Store { name: Arc::clone(name), source };
        match answer.map_err(|_| no_answer())?.map_err(failed)? {
            Attempt::Held { expires_in } => Ok(Granted::No { expires_in }),
            Attempt::Granted(fence) => {
                let lease = Lease::granted(Arc::clone(name), owner, fence, sent.into_std(), *ttl);
                // A grant may be as old as the store was slow.
                let alive = !lease.safe_left(Instant::now().into_std()).is_zero();
                alive.then_some(Granted::Yes(lease)).ok_or_else(no_answer)
            }
        }
    }

    fn keep(self, lease: Lease) -> (Guard, Keeper<S>) {
        let Self { store, settings, counters } = self;
        Keeper::new(store, settings, counters, lease)
    }
}
