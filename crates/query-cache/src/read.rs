//! The way of a read: what is at hand, what is waited for and for how long, and what is started
//! behind the caller's back.

mod warm;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument;

use crate::answer::{Got, Origin, Unanswered};
use crate::cache::Cache;
use crate::clock::now;
use crate::deps::Deps;
use crate::entry::{Entry, Freshness};
use crate::error::Error;
use crate::fill::Fill;
use crate::flight::{Boarding, Waiter};
use crate::key::Key;
use crate::load::Load;
use crate::policy::Policy;
use crate::shape::Shape;
use crate::store::Backend;
use crate::tiers::{Landed, Seen};

/// A flight that the caller may wait for.
pub(crate) enum Awaited {
    /// Its own.
    Started(Waiter<Landed>),
    /// Somebody else's.
    Joined(Waiter<Landed>),
}

impl Awaited {
    /// Waits as long as a policy lets a call wait that began at `asked`.
    pub(crate) async fn answer(
        self,
        asked: Instant,
        limit: Option<Duration>,
    ) -> Result<Got, Unanswered> {
        within(limit, asked, self.wait()).await
    }

    async fn wait(self) -> Result<Got, Unanswered> {
        match self {
            Self::Started(waiter) => Got::landed(waiter.outcome().await, false),
            Self::Joined(waiter) => Got::landed(waiter.outcome().await, true),
        }
    }
}

async fn within(
    limit: Option<Duration>,
    asked: Instant,
    answer: impl Future<Output = Result<Got, Unanswered>>,
) -> Result<Got, Unanswered> {
    let Some(limit) = limit else { return answer.await };
    let end = tokio::time::Instant::from_std(asked + limit);
    match tokio::time::timeout_at(end, answer).await {
        Ok(answer) => answer,
        Err(_) => {
            let error = Error::TimedOut { limit };
            Err(Unanswered { error, joined: false })
        }
    }
}

impl<S: Backend> Cache<S> {
    /// The value of a key that the local tier has no fresh value of at hand: counted, and told.
    pub(crate) async fn read(
        &self,
        key: &Key,
        policy: &Policy,
        shape: Shape,
        load: Load,
    ) -> Result<Got, Unanswered> {
        let span = tracing::debug_span!("get", namespace = key.namespace_label());
        let got = self.find(key, policy, shape, load).instrument(span).await;
        self.tiers.counters.ended(key, got.as_ref());
        got
    }

    async fn find(
        &self,
        key: &Key,
        policy: &Policy,
        shape: Shape,
        load: Load,
    ) -> Result<Got, Unanswered> {
        let asked = now();
        let seen = self.tiers.look_checked(key).await;
        match &seen {
            Seen::Fresh(entry) => Ok(Got::new(entry, Origin::Local)),
            Seen::Due(entry) => {
                self.refresh(entry, || self.fill(key, policy.clone(), shape, &seen), load);
                Ok(Got::new(entry, Origin::Local))
            }
            Seen::Stale(entry) => {
                let patience = policy.patience_with_stale();
                let awaited =
                    self.refresh(entry, || self.fill(key, policy.clone(), shape, &seen), load);
                match awaited.filter(|_| !patience.is_zero()) {
                    Some(awaited) => {
                        let limits = (patience, policy.answer_limit());
                        self.wait_or_take((key, entry), awaited, asked, limits).await
                    }
                    None => Ok(Got::new(entry, Origin::Stale)),
                }
            }
            _ => {
                let fill = self.fill(key, policy.clone(), shape, &seen);
                self.load(fill, load, asked).await
            }
        }
    }

    async fn load(&self, mut fill: Fill<S>, load: Load, asked: Instant) -> Result<Got, Unanswered> {
        let limit = fill.policy.answer_limit();
        let awaited = match self.board(&mut fill) {
            Boarding::Found(entry) => return Ok(Got::new(&entry, Origin::Local)),
            Boarding::Joined(waiter) => Awaited::Joined(waiter),
            Boarding::Started(ticket, waiter) => {
                fill.spawn_load(ticket, load);
                Awaited::Started(waiter)
            }
        };
        awaited.answer(asked, limit).await
    }

    /// What the refresh brings, or the stale value where that is nothing or too late: unless the key
    /// was invalidated meanwhile. Then there is nothing else to wait for than the refresh.
    async fn wait_or_take(
        &self,
        (key, entry): (&Key, &Arc<Entry>),
        awaited: Awaited,
        asked: Instant,
        (patience, limit): (Duration, Option<Duration>),
    ) -> Result<Got, Unanswered> {
        let generation = self.tiers.flights.generation(key);
        let patience = limit.map_or(patience, |limit| limit.min(patience));
        let end = tokio::time::Instant::from_std(asked + patience);
        let mut waiting = pin!(awaited.wait());
        let answer = tokio::time::timeout_at(end, waiting.as_mut()).await;
        if let Ok(Ok(got)) = answer {
            return Ok(got);
        }
        // The generation may have changed for a neighbour.
        let tiers = &self.tiers;
        let unchanged = tiers.flights.generation(key) == generation || tiers.look(key).is(entry);
        let may_serve = unchanged && entry.at(now()) != Freshness::Dead;
        match answer {
            _ if may_serve => Ok(Got::new(entry, Origin::Stale)),
            Ok(answer) => answer,
            Err(_) => within(limit, asked, waiting).await,
        }
    }

    /// Starts a load that nobody has to wait for, unless one is under way or has failed a moment ago.
    fn refresh(
        &self,
        entry: &Entry,
        fill: impl FnOnce() -> Fill<S>,
        load: Load,
    ) -> Option<Awaited> {
        if !self.tiers.may_refresh(entry) {
            return None;
        }
        let mut fill = fill();
        match self.board(&mut fill) {
            Boarding::Found(_) => None,
            Boarding::Joined(waiter) => Some(Awaited::Joined(waiter)),
            Boarding::Started(ticket, waiter) => {
                fill.spawn_load(ticket, load);
                Some(Awaited::Started(waiter))
            }
        }
    }

    pub(crate) fn board(&self, fill: &mut Fill<S>) -> Boarding<Arc<Entry>, Landed> {
        let find = || match self.tiers.look(&fill.key) {
            Seen::Fresh(entry) => Some(entry),
            Seen::Due(entry) if !fill.early => Some(entry),
            seen => {
                // The key may have been invalidated since the entry was seen. Then it is no longer in
                // the local tier, and a flight that begins now must not bring it back.
                fill.stale.take_if(|stale| !seen.is(stale));
                None
            }
        };
        let boarding =
            self.tiers.flights.board(&fill.key, || self.tiers.snapshot(&fill.deps), find);
        if let (Boarding::Started(..), Some(due)) =
            (&boarding, fill.stale.as_ref().filter(|_| fill.early))
        {
            // Those who come meanwhile take the value and do not look for the flight.
            due.retry_at.set(self.tiers.origin, now() + fill.policy.retry_pause());
        }
        boarding
    }

    /// What a load needs to bring the next value of a key that was seen like this.
    pub(crate) fn fill(&self, key: &Key, policy: Policy, shape: Shape, seen: &Seen) -> Fill<S> {
        let (stale, early) = match seen {
            Seen::Due(entry) => (Some(Arc::clone(entry)), true),
            Seen::Stale(entry) => (Some(Arc::clone(entry)), false),
            _ => (None, false),
        };
        Fill {
            tiers: Arc::clone(&self.tiers),
            key: key.clone(),
            deps: Deps::new(key, &policy),
            policy,
            shape,
            stale,
            early,
        }
    }
}
