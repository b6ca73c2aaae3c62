//! One load a key at a time.
//!
//! The load runs as a task of its own: callers come, wait and go, and none of them carries it. What
//! a flight brings is kept only while the flight is still the one its key is waiting for, so an
//! invalidation in between is never undone.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use foldhash::quality::RandomState;

use crate::clock::now;
use crate::key::Key;
use crate::outcome::Outcome;
use crate::sync::lock;
use crate::tags::Snapshot;

const SHARDS: usize = 64;

/// All flights of one cache. `O` is what a flight ends with.
#[derive(Debug)]
pub(crate) struct Flights<O> {
    shards: Box<[Mutex<Shard<O>>]>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Shard<O> {
    running: HashMap<Key, Arc<Flight<O>>, RandomState>,
    /// Grows with each key that is superseded here. See [`Flights::generation`].
    generation: u64,
}

#[derive(Debug)]
struct Flight<O> {
    /// The state of the tags before the load began.
    tags: Snapshot,
    begun: Instant,
    outcome: Outcome<O>,
}

/// Waits for the end of a flight. Dropping it does not touch the flight.
#[derive(Debug)]
pub(crate) struct Waiter<O>(Arc<Flight<O>>);

/// The duty to land a flight. Dropped without landing (a panic, a runtime that shuts down), it
/// frees the key and tells the waiters that nothing will come.
#[derive(Debug)]
pub(crate) struct Ticket<O> {
    flights: Arc<Flights<O>>,
    key: Key,
    flight: Arc<Flight<O>>,
}

/// How a caller comes to its value.
#[derive(Debug)]
pub(crate) enum Boarding<F, O> {
    /// The value came while the caller was on its way here.
    Found(F),
    /// Somebody is loading already.
    Joined(Waiter<O>),
    /// The caller has to start the load.
    Started(Ticket<O>, Waiter<O>),
}

impl<O: Clone> Flights<O> {
    pub(crate) fn new() -> Arc<Self> {
        let shard = || Mutex::new(Shard { running: HashMap::default(), generation: 0 });
        let shards = (0..SHARDS).map(|_| shard()).collect();
        Arc::new(Self { shards, hasher: RandomState::default() })
    }

    /// Joins the flight of `key`, or starts one guarded by `tags`.
    ///
    /// `find` looks for the value once more: the flight that brought it may have landed since the
    /// caller last looked, and then nothing needs loading.
    pub(crate) fn board<F>(
        self: &Arc<Self>,
        key: &Key,
        tags: impl FnOnce() -> Snapshot,
        find: impl FnOnce() -> Option<F>,
    ) -> Boarding<F, O> {
        let mut shard = lock(self.shard(key));
        if let Some(flight) = shard.running.get(key).filter(|flight| flight.tags.is_current()) {
            return Boarding::Joined(Waiter(Arc::clone(flight)));
        }
        if let Some(found) = find() {
            return Boarding::Found(found);
        }
        let ticket = self.start(&mut shard, key, tags());
        let waiter = Waiter(Arc::clone(&ticket.flight));
        Boarding::Started(ticket, waiter)
    }

    /// Starts a flight in place of any other: what that one brings will not be kept. `clear` runs
    /// while nothing for `key` can land.
    pub(crate) fn replace(
        self: &Arc<Self>,
        key: &Key,
        tags: Snapshot,
        clear: impl FnOnce(),
    ) -> Ticket<O> {
        let mut shard = lock(self.shard(key));
        shard.generation += 1;
        clear();
        self.start(&mut shard, key, tags)
    }

    /// What is under way for `key` will not be kept, and nobody joins it any more.
    pub(crate) fn supersede(&self, key: &Key, clear: impl FnOnce()) {
        let mut shard = lock(self.shard(key));
        shard.generation += 1;
        shard.running.remove(key);
        clear();
    }

    /// A number that changes when `key` is superseded (and at times when a neighbour is).
    pub(crate) fn generation(&self, key: &Key) -> u64 {
        lock(self.shard(key)).generation
    }

    /// Runs `keep` unless `key` may have been superseded since `generation` was taken.
    pub(crate) fn keep_if_unchanged(&self, key: &Key, generation: u64, keep: impl FnOnce()) {
        let shard = lock(self.shard(key));
        if shard.generation == generation {
            keep();
        }
    }

    fn start(self: &Arc<Self>, shard: &mut Shard<O>, key: &Key, tags: Snapshot) -> Ticket<O> {
        let flight = Arc::new(Flight { tags, begun: now(), outcome: Outcome::new() });
        shard.running.insert(key.clone(), Arc::clone(&flight));
        Ticket { flights: Arc::clone(self), key: key.clone(), flight }
    }
}

impl<O> Flights<O> {
    fn shard(&self, key: &Key) -> &Mutex<Shard<O>> {
        let hash = usize::try_from(self.hasher.hash_one(key) & 0xffff).unwrap_or_default();
        &self.shards[hash % SHARDS]
    }
}

impl<O: Clone> Ticket<O> {
    /// The state of the tags before this flight.
    pub(crate) fn tags(&self) -> &Snapshot {
        &self.flight.tags
    }

    /// Not after the load began.
    pub(crate) fn begun(&self) -> Instant {
        self.flight.begun
    }

    /// Whether the key still waits for this flight and none of its tags was invalidated.
    pub(crate) fn is_wanted(&self) -> bool {
        let shard = lock(self.flights.shard(&self.key));
        shard.running.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight))
            && self.flight.tags.is_current()
    }

    /// Ends the flight: `keep` runs if the key still waits for this flight, then all waiters are
    /// told. Whether it ran.
    pub(crate) fn land(self, outcome: O, keep: impl FnOnce()) -> bool {
        let kept = self.leave(keep);
        self.flight.outcome.settle(Some(outcome));
        kept
    }
}

impl<O> Ticket<O> {
    fn leave(&self, keep: impl FnOnce()) -> bool {
        let mut shard = lock(self.flights.shard(&self.key));
        let ours = |flight: &Arc<Flight<O>>| Arc::ptr_eq(flight, &self.flight);
        let is_ours = shard.running.get(&self.key).is_some_and(ours);
        if is_ours {
            keep();
            shard.running.remove(&self.key);
        }
        is_ours
    }
}

impl<O> Drop for Ticket<O> {
    fn drop(&mut self) {
        self.leave(|| ());
        // Unless it has landed.
        self.flight.outcome.settle(None);
    }
}

impl<O: Clone> Waiter<O> {
    /// What the flight ended with; `None` if it never will.
    pub(crate) async fn outcome(self) -> Option<O> {
        self.0.outcome.get().await.cloned()
    }
}
