//! The store as the cache sees it: bounded in time, never an error on a read, and told of every
//! invalidation before anything is read from it.

mod listening;
mod many;
mod packing;
mod revival;
mod tally;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures::future;

use crate::breaker::Breaker;
use crate::clock::now;
use crate::codec::Codec;
use crate::deps::Deps;
use crate::entry::AnyValue;
use crate::error::StoreError;
use crate::key::Key;
use crate::name::{Name, Version};
use crate::pending::{Noted, Pending};
use crate::shape::Shape;
use crate::stats::Counters;
use crate::store::{Backend, Stored};
use crate::sync::AtomicBool;
use crate::tags::Change;

pub(crate) use self::listening::{Ear, Listening};
pub(crate) use self::packing::Outgoing;

/// Names in the order of a [`Deps`], each with the version the store had for it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) versions: Box<[(Name, Version)]>,
    /// Not after the store was asked.
    pub(crate) asked: Instant,
}

impl Held {
    /// What happened to a value of these versions until these were read. A name that they do not have
    /// counts as outdated.
    pub(crate) fn change(&self, versions: &[(Name, Version)]) -> Option<Change> {
        let present = |name: &Name| self.versions.iter().find(|(other, _)| other == name);
        change(
            versions,
            versions.iter().map(|(name, _)| present(name).map(|(_, version)| *version)),
        )
    }
}

/// A value from the store whose versions hold.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) value: AnyValue,
    /// How long it is still fresh.
    pub(crate) fresh: Duration,
    /// How long after that it may be served.
    pub(crate) stale: Duration,
    /// How long ago it was loaded.
    pub(crate) age: Duration,
    pub(crate) held: Held,
}

/// How a store is treated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Treatment {
    pub(crate) limit: Duration,
    pub(crate) pause: Duration,
}

#[derive(Debug)]
pub(crate) struct Remote<S> {
    store: S,
    treatment: Treatment,
    codec: Arc<Codec>,
    breaker: Breaker,
    pending: Pending,
    counters: Arc<Counters>,
    reviving: AtomicBool,
    /// One caller at a time sends what all have noted.
    sending: tokio::sync::Mutex<()>,
    /// Among the names of each change made here: what is heard with it is known already.
    own: Name,
    me: Weak<Self>,
}

impl<S> Remote<S> {
    /// Invalidations that may wait one by one for a store that fails.
    const PENDING: usize = 10_000;

    /// So many are sent by one call: a store that runs one command at a time does nothing else
    /// meanwhile.
    const SENT_AT_ONCE: usize = 1000;

    pub(crate) fn new(
        store: S,
        treatment: Treatment,
        codec: Codec,
        counters: Arc<Counters>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            store,
            treatment,
            codec: Arc::new(codec),
            // The task that asks whether it is back does so after each pause. Where there is no task any
            // more, a caller does.
            breaker: Breaker::new(treatment.pause.saturating_mul(2)),
            pending: Pending::default(),
            counters,
            reviving: AtomicBool::new(false),
            sending: tokio::sync::Mutex::default(),
            own: Name::digest(b"own", Version::random().as_bytes()),
            me: Weak::clone(me),
        })
    }

    /// To be called before the local tier forgets `names`: who finds nothing locally after that
    /// also finds them here, and does not read from the store before it was told.
    pub(crate) fn note(&self, names: impl IntoIterator<Item = Name>, change: Change) {
        self.pending.note(names, change);
    }

    pub(crate) fn unsent(&self) -> usize {
        self.pending.len()
    }
}

impl<S: Backend> Remote<S> {
    /// The value of a key whose dependencies are known. Costs one round trip.
    pub(crate) async fn read(&self, deps: &Deps, shape: Shape) -> Option<Found> {
        self.flush().await.ok()?;
        let (name, asked) = (deps.value_name(), now());
        let both = future::try_join(
            self.get_all(std::slice::from_ref(&name)),
            self.read_all(deps.names()),
        );
        let (stored, versions) = self.ask(both).await.ok()?;
        let Stored { bytes, remaining } = stored.into_iter().next()??;
        let envelope = self.open(bytes).await?;
        // The same names in the same order, or it was made by other rules.
        if !envelope.names().eq(deps.names()) {
            return None;
        }
        let change = change(&envelope.header.versions, versions);
        self.found(envelope, remaining, (shape, change), asked).await
    }

    /// The value of a key whose dependencies only its envelope knows. Costs two round trips.
    ///
    /// `seen` is told the dependencies before their versions are read.
    pub(crate) async fn read_unknown<T>(
        &self,
        key: &Key,
        shape: Shape,
        seen: impl FnOnce(&Deps) -> T,
    ) -> Option<(Found, T)> {
        self.flush().await.ok()?;
        let asked = now();
        let stored = self.ask(self.get_all(&[key.name()])).await.ok()?;
        let Stored { bytes, remaining } = stored.into_iter().next()??;
        let envelope = self.open(bytes).await?;
        let deps = Deps::from_names(key, envelope.names().copied())?;
        let seen = seen(&deps);
        let change = self.hold(&envelope.header.versions).await.ok()?;
        Some((self.found(envelope, remaining, (shape, change), asked).await?, seen))
    }

    /// How long the value of a key is still fresh. Costs two round trips.
    pub(crate) async fn fresh_for(&self, key: &Key) -> Option<Duration> {
        self.flush().await.ok()?;
        let asked = now();
        let stored = self.ask(self.get_all(&[key.name()])).await.ok()?;
        let Stored { bytes, remaining } = stored.into_iter().next()??;
        let envelope = self.open(bytes).await?;
        Deps::from_names(key, envelope.names().copied())?;
        let unchanged = self.hold(&envelope.header.versions).await.ok()?.is_none();
        let fresh = remaining.saturating_sub(envelope.header.stale);
        let fresh = fresh.saturating_sub(now().saturating_duration_since(asked));
        (unchanged && !fresh.is_zero()).then_some(fresh)
    }

    /// What happened to `versions` in the store.
    pub(crate) async fn hold(
        &self,
        versions: &[(Name, Version)],
    ) -> Result<Option<Change>, StoreError> {
        self.flush().await?;
        let names: Vec<_> = versions.iter().map(|(name, _)| *name).collect();
        let present = self.ask(self.read_all(&names)).await?;
        Ok(change(versions, present))
    }

    /// The versions under which a load may begin; each will be there for at least `ttl`.
    pub(crate) async fn begin(&self, deps: &Deps, ttl: Duration) -> Option<Held> {
        self.flush().await.ok()?;
        let ensured = self.ensure_all(deps.names(), ttl);
        let asked = now();
        let versions = self.ask(ensured).await.ok()?;
        let versions = deps.names().iter().copied().zip(versions).collect();
        Some(Held { versions, asked })
    }

    /// Forgets a value, not its versions.
    pub(crate) async fn forget(&self, name: Name) {
        // What is left lives no longer than it would have; a failure is counted by `ask`.
        _ = self.ask(self.store.remove(&[name])).await;
    }

    /// Sends what the store was not told yet.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        // What others have noted meanwhile goes along, and they find nothing left to send.
        let _turn = self.sending.lock().await;
        for list in self.pending.list().chunks(Self::SENT_AT_ONCE) {
            if let Err(error) = self.send_changes(list).await {
                self.pending.cut(Self::PENDING);
                return Err(error);
            }
            self.pending.sent(list);
        }
        Ok(())
    }

    async fn send_changes(&self, list: &[(Name, Noted)]) -> Result<(), StoreError> {
        let of = |change| {
            let noted = list.iter().filter(move |(_, noted)| noted.change == change);
            let mut names: Vec<_> = noted.map(|(name, _)| *name).collect();
            if !names.is_empty() {
                names.push(self.own);
            }
            names
        };
        let (outdated, expired) = (of(Change::Outdated), of(Change::Expired));
        let remove =
            async { if outdated.is_empty() { Ok(()) } else { self.store.remove(&outdated).await } };
        let expire = async {
            let offered = Version::random();
            if expired.is_empty() { Ok(()) } else { self.store.expire(&expired, offered).await }
        };
        self.ask(future::try_join(remove, expire)).await.map(|_| ())
    }

    /// Whether the store is not left alone at the moment.
    pub(crate) fn is_asked(&self) -> bool {
        !self.breaker.is_open()
    }

    /// Sends now; if that fails, again in the background until it succeeds.
    pub(crate) async fn flush_or_retry(&self) -> Result<(), StoreError> {
        // Made first: the caller may go away while the store is being told.
        let _revive = ReviveOnDrop(self);
        let mut sent = self.flush().await;
        if matches!(sent, Err(StoreError::Failed(_))) {
            // A connection that was cut while idle is noticed, and replaced, by the first call on
            // it.
            sent = self.flush().await;
        }
        sent
    }

    /// A version, or none, for each of `names`.
    async fn read_all(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        self.store.read(names).await.and_then(|found| one_each(found, names))
    }

    /// A version for each of `names`.
    async fn ensure_all(&self, names: &[Name], ttl: Duration) -> Result<Vec<Version>, StoreError> {
        let ensured = self.store.ensure(names, Version::random(), ttl).await;
        ensured.and_then(|found| one_each(found, names))
    }

    /// Bytes, or none, for each of `names`.
    async fn get_all(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.store.get_many(names).await.and_then(|found| one_each(found, names))
    }

    /// Asks the store unless it failed a moment ago, for no longer than the limit.
    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.breaker.allows(now()) {
            return self.ask_now(call).await;
        }
        self.counters.store_errors.one();
        Err(StoreError::Suspended)
    }

    /// The same, also while it is suspended.
    async fn ask_now<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let limit = self.treatment.limit;
        let answer = tokio::time::timeout(limit, call).await;
        let answer = answer.unwrap_or(Err(StoreError::Timeout { limit }));
        let observer = &self.counters.observer;
        match &answer {
            Ok(_) if self.breaker.succeeded() => {
                tracing::info!("the store answers again");
                observer.tell(|o| o.store_resumed());
            }
            Ok(_) => (),
            Err(error) => {
                self.counters.store_errors.one();
                tracing::debug!(%error, "the store did not answer");
                observer.tell(|o| o.store_failed(error));
                if self.breaker.failed(now(), matches!(error, StoreError::Timeout { .. })) {
                    tracing::warn!(%error, "the store is left alone for a while");
                    observer.tell(|o| o.store_suspended());
                    self.revive();
                }
            }
        }
        answer
    }
}

/// An answer that is too short would pass for one that says of the rest that nothing has changed.
fn one_each<T>(found: Vec<T>, names: &[Name]) -> Result<Vec<T>, StoreError> {
    if found.len() == names.len() {
        return Ok(found);
    }
    let (found, asked) = (found.len(), names.len());
    Err(StoreError::new(format!("the store gave {found} answers for {asked} names")))
}

/// The worst that happened to any of `versions`, of which these are there now.
fn change(
    versions: &[(Name, Version)],
    present: impl IntoIterator<Item = Option<Version>>,
) -> Option<Change> {
    let changes = versions.iter().zip(present).filter_map(|((_, known), present)| match present {
        Some(present) if present == *known => None,
        Some(present) if present.outlives(known) => Some(Change::Expired),
        _ => Some(Change::Outdated),
    });
    changes.max()
}

/// Starts the background task when names are still unsent, also when the caller's future is
/// dropped.
struct ReviveOnDrop<'a, S: Backend>(&'a Remote<S>);

impl<S: Backend> Drop for ReviveOnDrop<'_, S> {
    fn drop(&mut self) {
        self.0.revive();
    }
}
