//! The task behind a flight: the store first, then the load, then both tiers.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::clock::now;
use crate::deps::Deps;
use crate::entry::{AnyValue, Entry, Freshness, Times};
use crate::error::Error;
use crate::fill_lock::ErasedFillLock;
use crate::flight::Ticket;
use crate::key::Key;
use crate::load::{Brought, Load};
use crate::policy::Policy;
use crate::remote::{Found, Held, Outgoing};
use crate::shape::Shape;
use crate::store::Backend;
use crate::tags::{Change, Snapshot};
use crate::tiers::{Landed, Source, Tiers};

/// All that a flight needs to come back with a value.
pub(crate) struct Fill<S> {
    pub(crate) tiers: Arc<Tiers<S>>,
    pub(crate) key: Key,
    pub(crate) policy: Policy,
    pub(crate) deps: Deps,
    pub(crate) shape: Shape,
    /// A stale entry to fall back on, or one that is due.
    pub(crate) stale: Option<Arc<Entry>>,
    /// It is refreshed ahead of its end.
    pub(crate) early: bool,
}

impl<S: Backend> Fill<S> {
    /// Loads in a task of its own: it ends whether or not anybody waits for it.
    pub(crate) fn spawn_load(self, ticket: Ticket<Landed>, load: Load) {
        let span = tracing::debug_span!("load", namespace = self.key.namespace_label());
        let tasks = Arc::clone(&self.tiers.tasks);
        tasks.spawn(self.load(ticket, load).instrument(span));
    }

    async fn load(mut self, ticket: Ticket<Landed>, load: Load) {
        let Some(ticket) = self.ask_store(ticket).await else { return };
        let (ticket, guard) = match self.fill_lock() {
            Some(lock) => {
                let locked = tokio::time::timeout(self.tiers.fill_lock_wait, lock.lock(&self.key));
                let guard = locked.await.ok().flatten();
                // Who held it has loaded, perhaps, also where it was not got.
                (self.ask_store(ticket).await, guard)
            }
            None => (Some(ticket), None),
        };
        let Some(ticket) = ticket else { return };
        // Before the load begins: an invalidation from here on outdates what it brings.
        let versions = self.versions().await;
        self.forget_outdated(&ticket, versions.as_ref());
        let previous = self.stale.as_ref().map(|entry| Arc::clone(&entry.value));
        match self.tiers.run((&self.key, 1), self.policy.load_limit(), load(previous)).await {
            Ok(brought) => self.deliver(ticket, brought, versions).await,
            Err(error) => self.fall_back(ticket, error),
        }
        drop(guard);
    }

    async fn set(self, ticket: Ticket<Landed>, value: AnyValue) -> Result<(), Error> {
        let told = self.tiers.tell().await;
        let held = self.versions().await;
        // These versions are younger than the value: an invalidation in between has not outdated
        // them, but it has superseded the flight.
        let held = held.filter(|_| ticket.is_wanted());
        self.deliver(ticket, Brought::from(value), held).await;
        told
    }

    /// Lands with the store's value if it has a fresh one; keeps a stale one to fall back on.
    async fn ask_store(&mut self, ticket: Ticket<Landed>) -> Option<Ticket<Landed>> {
        let Some(remote) = &self.tiers.remote else { return Some(ticket) };
        match remote.read(&self.deps, self.shape).await {
            Some(found) => self.answered(ticket, found),
            None => Some(ticket),
        }
    }

    /// Lands with what the store had if it is fresh; keeps a stale value to fall back on.
    pub(crate) fn answered(
        &mut self,
        ticket: Ticket<Landed>,
        found: Found,
    ) -> Option<Ticket<Landed>> {
        // To replace a value that is due by one that is due as well would go on for ever.
        let due = self.stale.as_ref().filter(|_| self.early);
        let least = due.map_or(Duration::ZERO, |entry| entry.life.fresh_until - entry.life.due_at);
        let is_fresh = found.fresh > least;
        let (tags, ahead) = (ticket.tags().clone(), self.ahead(found.fresh));
        let entry = self.tiers.entry_from(&self.key, found, self.shape, tags, ahead);
        if is_fresh {
            self.land(ticket, &entry, Source::Store);
            return None;
        }
        // A value that is due is newer than what the store has of it.
        if !self.early {
            self.stale = Some(entry);
        }
        Some(ticket)
    }

    /// Lets go of a stale value that was invalidated on the way here, or that the versions in the store
    /// say is outdated: the load must not build on it, nor may it be fallen back on.
    pub(crate) fn forget_outdated(&mut self, ticket: &Ticket<Landed>, held: Option<&Held>) {
        let is_wanted = ticket.is_wanted();
        self.stale.take_if(|stale| {
            let outdated = held.is_some_and(|held| stale.change(held) == Some(Change::Outdated));
            !is_wanted || outdated
        });
    }

    /// The lock that keeps others from loading, where they could hand over a value.
    fn fill_lock(&self) -> Option<&dyn ErasedFillLock> {
        self.tiers.remote.as_ref().filter(|remote| remote.is_asked())?;
        self.tiers.fill_lock.as_deref()
    }

    async fn versions(&self) -> Option<Held> {
        let needed = self.policy.longest_life() + self.policy.load_limit();
        self.tiers.remote.as_ref()?.begin(&self.deps, needed).await
    }

    /// Hands the value to those who wait, keeps it, and writes it to the store.
    async fn deliver(&self, ticket: Ticket<Landed>, brought: Brought, held: Option<Held>) {
        let Some(times) = self.hand_over(ticket, &brought, held.clone()) else { return };
        let (Some(held), Some(remote)) = (held, &self.tiers.remote) else { return };
        let outgoing = self.outgoing(brought.value, times, held);
        if !remote.write(self.deps.value_name(), outgoing).await && self.stale.is_some() {
            // An older one may be there, and must not be found again.
            remote.forget(self.deps.value_name()).await;
        }
    }

    /// Hands the value to those who wait and keeps it, for the times returned: none, if the key does
    /// not wait for it any more.
    pub(crate) fn hand_over(
        &self,
        ticket: Ticket<Landed>,
        Brought { value, ttl, stale_for }: &Brought,
        held: Option<Held>,
    ) -> Option<Times> {
        let fresh = self.policy.lifetime((self.shape.is_absent)(value.as_ref()));
        let fresh = ttl.map_or(fresh, |ttl| ttl.min(fresh));
        let stale = self.policy.stale_window();
        let stale = stale_for.map_or(stale, |window| window.min(stale));
        let ahead = self.ahead(fresh);
        let times = if fresh.is_zero() {
            Times::default()
        } else {
            Times { fresh, stale, ahead, ..Times::default() }
        };
        let weight = self.tiers.weight(&self.key, value, self.shape);
        let tags = ticket.tags().clone();
        let asked = held.as_ref().map_or_else(|| ticket.begun(), |held| held.asked);
        let versions = held.map(|held| held.versions);
        let entry = self.tiers.entry(Arc::clone(value), times, weight, tags, versions, asked);
        self.land(ticket, &entry, Source::Load).then_some(times)
    }

    /// How long before its end a value is refreshed: not in the first half of a short life.
    fn ahead(&self, fresh: Duration) -> Duration {
        self.policy.early_window().min(fresh / 2)
    }

    /// The value for the store, from now on.
    pub(crate) fn outgoing(
        &self,
        value: AnyValue,
        Times { fresh, stale, .. }: Times,
        held: Held,
    ) -> Outgoing {
        let (shape, created, versions) = (self.shape, now(), held.versions);
        Outgoing { value, shape, created, fresh, stale, versions }
    }

    /// Serves the stale value, if there is one that was not invalidated, and lets the source rest.
    pub(crate) fn fall_back(&self, ticket: Ticket<Landed>, error: Error) {
        let now = now();
        match self.stale.as_ref().filter(|entry| entry.at(now) != Freshness::Dead) {
            Some(entry) => {
                tracing::debug!(%error, "serving a stale value");
                entry.retry_at.set(self.tiers.origin, now + self.policy.retry_pause());
                self.land(ticket, entry, Source::Kept);
            }
            None => _ = ticket.land(Err(error), || ()),
        }
    }

    pub(crate) fn land(&self, ticket: Ticket<Landed>, entry: &Arc<Entry>, source: Source) -> bool {
        let landed = Ok((Arc::clone(entry), source));
        let keep = || {
            if entry.life.dead_at > now() {
                self.tiers.local.insert(&self.key, Arc::clone(entry));
            } else {
                self.tiers.local.remove(&self.key);
            }
        };
        ticket.land(landed, keep)
    }
}

impl<S: Backend> Tiers<S> {
    /// Puts `value` in place of whatever the key has, in a task of its own: once begun it is
    /// finished.
    pub(crate) fn replace(&self, fill: Fill<S>, value: AnyValue) -> JoinHandle<Result<(), Error>> {
        let span = tracing::debug_span!("set", namespace = fill.key.namespace_label());
        self.note(&fill.key);
        let tags = self.snapshot(&fill.deps);
        let ticket = self.flights.replace(&fill.key, tags, || self.local.remove(&fill.key));
        // Once more, for the reason given in `invalidate`.
        self.note(&fill.key);
        self.tasks.spawn(fill.set(ticket, value).instrument(span))
    }
}

impl<S> Tiers<S> {
    /// An entry that goes on with the life it had in the store.
    pub(crate) fn entry_from(
        &self,
        key: &Key,
        found: Found,
        shape: Shape,
        tags: Snapshot,
        ahead: Duration,
    ) -> Arc<Entry> {
        let weight = self.weight(key, &found.value, shape);
        let Found { value, fresh, stale, age, held: Held { versions, asked } } = found;
        let times = Times { fresh, stale, ahead, age };
        self.entry(value, times, weight, tags, Some(versions), asked)
    }
}
