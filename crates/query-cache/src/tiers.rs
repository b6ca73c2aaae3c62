//! The two tiers together: what is looked at, in which order, and what an invalidation does to
//! both.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::clock::now;
use crate::coherence::News;
use crate::deps::Deps;
use crate::entry::{AnyValue, Entry, Freshness, Life, Moment, Proof, Times, nanos};
use crate::error::Error;
use crate::fill_lock::ErasedFillLock;
use crate::flight::Flights;
use crate::key::Key;
use crate::local::{LocalTier, PER_ENTRY};
use crate::name::{Name, Version};
use crate::observe::{Invalidated, Subject};
use crate::remote::{Ear, Listening, Remote};
use crate::shape::Shape;
use crate::stats::{Counters, Stats};
use crate::store::Backend;
use crate::sync::AtomicBool;
use crate::tags::{Change, Snapshot, TagTable};
use crate::tally::Tallies;
use crate::tasks::Tasks;

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Store,
    Load,
    /// It is stale, and its load failed.
    Kept,
}

/// What a flight ends with.
pub(crate) type Landed = Result<(Arc<Entry>, Source), Error>;

/// How entries are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weigh {
    Entries,
    /// Bytes of memory: of the value, as far as serde tells them, of the key, and of the bookkeeping.
    Bytes,
}

/// What the local tier has for a key.
pub(crate) enum Seen {
    Fresh(Arc<Entry>),
    /// Fresh, and to be refreshed ahead of its end.
    Due(Arc<Entry>),
    Stale(Arc<Entry>),
    /// Was not compared with the store for too long.
    Unchecked(Arc<Entry>),
    Nothing,
}

impl Seen {
    pub(crate) fn when(freshness: Freshness, entry: Arc<Entry>) -> Self {
        match freshness {
            Freshness::Fresh => Self::Fresh(entry),
            Freshness::Due => Self::Due(entry),
            Freshness::Stale => Self::Stale(entry),
            Freshness::Dead => Self::Nothing,
        }
    }

    /// Whether what was seen is this very entry.
    pub(crate) fn is(&self, entry: &Arc<Entry>) -> bool {
        match self {
            Self::Fresh(seen) | Self::Due(seen) | Self::Stale(seen) | Self::Unchecked(seen) => {
                Arc::ptr_eq(seen, entry)
            }
            Self::Nothing => false,
        }
    }
}

/// So often at least listening is proven: a line that is dead is noticed by it.
const LONGEST_UNPROVEN: Duration = Duration::from_secs(5);

pub(crate) struct Tiers<S> {
    pub(crate) local: Box<dyn LocalTier>,
    pub(crate) remote: Option<Arc<Remote<S>>>,
    pub(crate) flights: Arc<Flights<Landed>>,
    pub(crate) tags: Arc<TagTable>,
    /// What the store told by itself.
    pub(crate) news: Arc<News>,
    pub(crate) listening: Listening,
    pub(crate) fill_lock: Option<Box<dyn ErasedFillLock>>,
    pub(crate) fill_lock_wait: Duration,
    pub(crate) recheck_after: Duration,
    pub(crate) weigh: Weigh,
    pub(crate) origin: Instant,
    pub(crate) counters: Arc<Counters>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) tallies: Tallies,
}

impl<S> Tiers<S> {
    /// Looks into the local tier. Allocates nothing and waits for nothing.
    pub(crate) fn look(&self, key: &Key) -> Seen {
        let Some(entry) = self.local.get(key) else { return Seen::Nothing };
        let now = now();
        match entry.at(now) {
            Freshness::Dead => Seen::Nothing,
            _ if !self.is_checked(&entry, now) => Seen::Unchecked(entry),
            freshness => Seen::when(freshness, entry),
        }
    }

    /// The value of what can be served without a thought, counted and told as a hit: it is fresh, and
    /// no refresh of it is to be started. Unlike [`look`](Self::look) it counts no reference to the entry.
    pub(crate) fn at_hand(&self, key: &Key) -> Option<AnyValue> {
        let (now, mut value) = (now(), None);
        self.local.see(key, &mut |entry| {
            let serves = match entry.at(now) {
                Freshness::Fresh => true,
                Freshness::Due => now < entry.retry_at.get(self.origin),
                Freshness::Stale | Freshness::Dead => false,
            };
            if serves && self.is_checked(entry, now) {
                value = Some(Arc::clone(&entry.value));
            }
        });
        let value = value?;
        self.counters.hit(key, &value);
        Some(value)
    }

    /// Whether no refresh of it has begun or failed a moment ago.
    pub(crate) fn may_refresh(&self, entry: &Entry) -> bool {
        now() >= entry.retry_at.get(self.origin)
    }

    /// Whether the entry is known to hold: it was compared with the store a moment ago, or the store
    /// was listened to since and would have told. What it did tell counts above both.
    fn is_checked(&self, entry: &Entry, now: Instant) -> bool {
        let Some(proof) = entry.proof.as_deref() else { return true };
        let position = proof.position.load(Ordering::Acquire);
        if self.news.doubts(proof.stripe, position) {
            return false;
        }
        let oldest = nanos(self.origin + self.recheck_after, now);
        let checked = proof.checked.nanos();
        // Within the first bound after the origin nothing is too old, and it is not with no bound.
        let recent = now < self.origin + self.recheck_after || checked > oldest;
        // Without versions it holds by nothing but its age.
        (recent && !self.news.outdates(checked))
            || proof.versions.is_some() && self.news.covers(position, oldest)
    }

    /// An entry that begins its life now. `versions`, if they are known, were read after `asked`.
    pub(crate) fn entry(
        &self,
        value: AnyValue,
        times: Times,
        weight: u64,
        tags: Snapshot,
        versions: Option<Box<[(Name, Version)]>>,
        asked: Instant,
    ) -> Arc<Entry> {
        let now = now();
        let moment = |at| Moment::new(self.origin, at);
        let proof = tags.key().map(|key| Box::new(Proof::new(versions, moment(asked), key)));
        let life = Life::starting(now, times);
        let (retry_at, expired) = (moment(now), AtomicBool::new(false));
        let weight = match self.weigh {
            Weigh::Entries => weight,
            Weigh::Bytes => weight + Entry::bookkeeping(&tags, proof.as_deref()) + PER_ENTRY,
        };
        Arc::new(Entry { value, life, tags, weight, proof, retry_at, expired })
    }

    /// Without the bookkeeping.
    pub(crate) fn weight(&self, key: &Key, value: &AnyValue, shape: Shape) -> u64 {
        match self.weigh {
            Weigh::Entries => 1,
            Weigh::Bytes => {
                let value = (shape.footprint)(value.as_ref()).unwrap_or(u64::MAX / 2);
                value + key.owned_bytes()
            }
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let unsent = self.remote.as_ref().map_or(0, |remote| remote.unsent() as u64);
        self.counters.snapshot(self.local.usage(), unsent)
    }
}

impl<S: Backend> Tiers<S> {
    /// What a load of a value with these dependencies has to be guarded by. To be taken before it, and
    /// before its versions are read.
    pub(crate) fn snapshot(&self, deps: &Deps) -> Snapshot {
        let tags = self.tags.snapshot(deps.local());
        let (Some(remote), Some(key)) = (&self.remote, deps.key()) else { return tags };
        // Often enough that one answer may be late.
        let every = (self.recheck_after / 3).min(LONGEST_UNPROVEN);
        self.listening.begin(remote, every, || Ear {
            news: Arc::clone(&self.news),
            tags: Arc::clone(&self.tags),
            origin: self.origin,
            counters: Arc::clone(&self.counters),
        });
        tags.and_key(key, &self.news)
    }

    /// Looks again, after the store was asked whether the entry still holds.
    pub(crate) async fn look_checked(&self, key: &Key) -> Seen {
        match self.look(key) {
            Seen::Unchecked(entry) if self.still_holds(&entry).await => {
                Seen::when(entry.at(now()), entry)
            }
            Seen::Unchecked(_) => Seen::Nothing,
            seen => seen,
        }
    }

    /// Compares the entry's versions with the store's. A store that does not answer changes
    /// nothing, unless there was news of the key: the entry is served until its own end, as it would
    /// be if the store had been asked just before.
    async fn still_holds(&self, entry: &Entry) -> bool {
        let (Some(proof), Some(remote)) = (entry.proof.as_deref(), &self.remote) else {
            return true;
        };
        let _one_at_a_time = proof.gate.lock().await;
        if self.is_checked(entry, now()) {
            return true;
        }
        let asked = self.asking();
        let change = match &proof.versions {
            Some(versions) => remote.hold(versions).await.ok(),
            // Loaded while the store was away: nothing can be proved once it is back.
            None => remote.hold(&[]).await.ok().map(|_| Some(Change::Outdated)),
        };
        self.learn(entry, proof, change, asked)
    }

    /// The same for many entries, in one round trip.
    pub(crate) async fn still_hold(&self, entries: &[Arc<Entry>]) -> Vec<bool> {
        let Some(remote) = &self.remote else { return vec![true; entries.len()] };
        let asked = self.asking();
        let versions = |entry: &'_ Arc<Entry>| {
            entry.proof.as_deref().and_then(|proof| proof.versions.clone()).unwrap_or_default()
        };
        let lists: Vec<_> = entries.iter().map(versions).collect();
        let lists: Vec<_> = lists.iter().map(|list| &**list).collect();
        let held = remote.hold_many(&lists).await;
        let holds = entries.iter().enumerate().map(|(at, entry)| {
            let Some(proof) = entry.proof.as_deref() else { return true };
            let change = match &held {
                // Without versions nothing can be proved once the store is back.
                Ok(_) if proof.versions.is_none() => Some(Some(Change::Outdated)),
                Ok(held) => Some(held[at]),
                Err(_) => None,
            };
            self.learn(entry, proof, change, asked)
        });
        holds.collect()
    }

    /// When the store is about to be asked, and how much news there was by then.
    fn asking(&self) -> (Instant, u64) {
        (now(), self.news.position())
    }

    /// What the store said of an entry's versions, if it answered. Whether the entry may still be
    /// served.
    fn learn(
        &self,
        entry: &Entry,
        proof: &Proof,
        answer: Option<Option<Change>>,
        (asked, position): (Instant, u64),
    ) -> bool {
        match answer {
            Some(Some(Change::Outdated)) => return false,
            Some(change) => {
                if change == Some(Change::Expired) {
                    entry.expire();
                }
                proof.position.fetch_max(position, Ordering::Release);
            }
            None if self.news.doubts(proof.stripe, proof.position.load(Ordering::Acquire)) => {
                return false;
            }
            None => (),
        }
        proof.checked.set(self.origin, asked);
        true
    }

    /// Forgets one key in this process, then tells the store.
    pub(crate) async fn invalidate(&self, key: &Key) -> Result<(), Error> {
        self.counters.invalidations.one();
        self.note(key);
        self.flights.supersede(key, || self.local.remove(key));
        // Another task may have told the store just now, and a `set` may have taken new versions
        // since: the store has to be told once more after the flight is superseded.
        self.note(key);
        self.told(Subject::Key(key), Change::Outdated);
        self.tell().await
    }

    /// Makes one key stale in this process, and a load under way not kept; then tells the store.
    pub(crate) async fn expire(&self, key: &Key) -> Result<(), Error> {
        self.counters.invalidations.one();
        let note = || {
            let remote = self.remote.as_ref();
            remote.map(|remote| remote.note([key.version_name()], Change::Expired))
        };
        note();
        self.flights.supersede(key, || _ = self.local.get(key).map(|entry| entry.expire()));
        // Once more, for the reason given in `invalidate`.
        note();
        self.told(Subject::Key(key), Change::Expired);
        self.tell().await
    }

    /// Makes all that depends on one of `names` dead or stale in this process, then tells the store.
    pub(crate) async fn change(
        &self,
        names: &[Name],
        change: Change,
        what: Subject<'_>,
    ) -> Result<(), Error> {
        self.counters.invalidations.add(names.len() as u64);
        let note = || {
            let remote = self.remote.as_ref();
            remote.map(|remote| remote.note(names.iter().copied(), change))
        };
        note();
        names.iter().for_each(|name| self.tags.bump(name, change));
        // Once more, for the reason given in `invalidate`.
        note();
        self.told(what, change);
        self.tell().await
    }

    /// Tells the observer what has taken effect in this process.
    fn told(&self, what: Subject<'_>, change: Change) {
        let news = Invalidated { what, expired: change == Change::Expired };
        self.counters.observer.tell(|observer| observer.invalidated(news));
    }

    /// Notes that the store has to be told of `key`.
    pub(crate) fn note(&self, key: &Key) {
        if let Some(remote) = &self.remote {
            let name = key.name();
            remote.note([name.twin(), name], Change::Outdated);
        }
    }

    pub(crate) async fn tell(&self) -> Result<(), Error> {
        let Some(remote) = &self.remote else { return Ok(()) };
        let told = remote.flush_or_retry().await;
        told.map_err(|cause| Error::Unsent { unsent: remote.unsent(), cause })
    }
}
