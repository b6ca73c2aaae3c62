use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};

use shuttle::future::block_on;

use crate::flight::{Boarding, Flights};
use crate::key::Key;
use crate::sync::{AtomicU64, lock};
use crate::tags::{Snapshot, TagTable};

use super::{in_any_order, together};

/// A source, a place to keep its value, and the flights between the two.
struct World {
    source: AtomicU64,
    kept: Mutex<Option<u64>>,
    flights: Arc<Flights<u64>>,
    loads: AtomicU64,
    key: Key,
}

impl World {
    fn new() -> Self {
        Self {
            source: AtomicU64::new(1),
            kept: Mutex::new(None),
            flights: Flights::new(),
            loads: AtomicU64::new(0),
            key: Key::new("k"),
        }
    }

    fn keep(&self, value: Option<u64>) {
        *lock(&self.kept) = value;
    }

    /// What a call gets; nothing, if the flight it joined never landed.
    fn ask(&self) -> Option<u64> {
        match self.flights.board(&self.key, untagged, || *lock(&self.kept)) {
            Boarding::Found(value) => Some(value),
            Boarding::Joined(waiter) => block_on(waiter.outcome()),
            Boarding::Started(ticket, waiter) => {
                self.loads.fetch_add(1, SeqCst);
                let value = self.source.load(SeqCst);
                ticket.land(value, || self.keep(Some(value)));
                block_on(waiter.outcome())
            }
        }
    }

    fn read_aside(&self) {
        let generation = self.flights.generation(&self.key);
        let value = self.source.load(SeqCst);
        self.flights.keep_if_unchanged(&self.key, generation, || {
            lock(&self.kept).get_or_insert(value);
        });
    }
}

fn untagged() -> Snapshot {
    TagTable::default().snapshot(&[])
}

#[test]
fn calls_at_once_share_one_load() {
    in_any_order(2_000, || {
        let world = World::new();
        let ask = || assert_eq!(world.ask(), Some(1));
        together([&ask, &ask, &ask]);
        assert_eq!(world.loads.load(SeqCst), 1);
    });
}

#[test]
fn what_was_loaded_before_a_supersede_is_neither_kept_nor_joined_after_it() {
    in_any_order(2_000, || {
        let world = World::new();
        let ask = || assert!(world.ask().is_some());
        let read = || world.read_aside();
        let invalidate = || {
            world.source.store(2, SeqCst);
            world.flights.supersede(&world.key, || world.keep(None));
            assert_eq!(world.ask(), Some(2));
        };
        together([&ask, &read, &invalidate]);
        assert_eq!(world.ask(), Some(2));
    });
}

#[test]
fn what_was_loaded_before_a_replace_is_not_kept_after_it() {
    in_any_order(2_000, || {
        let world = World::new();
        let ask = || assert!(world.ask().is_some());
        let read = || world.read_aside();
        let set = || {
            world.source.store(2, SeqCst);
            let ticket = world.flights.replace(&world.key, untagged(), || world.keep(None));
            ticket.land(2, || world.keep(Some(2)));
            // A tier may forget at any time.
            world.keep(None);
            assert_eq!(world.ask(), Some(2));
        };
        together([&ask, &read, &set]);
        assert_eq!(world.ask(), Some(2));
    });
}

#[test]
fn of_two_that_replace_the_last_one_is_kept() {
    in_any_order(2_000, || {
        let world = World::new();
        let set = || {
            let ticket = world.flights.replace(&world.key, untagged(), || world.keep(None));
            let wanted = ticket.is_wanted();
            let value = world.loads.fetch_add(1, SeqCst);
            let kept = ticket.land(value, || world.keep(Some(value)));
            assert!(wanted || !kept, "what is not wanted any more was kept");
            kept
        };
        let kept = AtomicU64::new(0);
        let count = || _ = kept.fetch_add(u64::from(set()), SeqCst);
        together([&count, &count]);
        assert!(lock(&world.kept).is_some() && kept.load(SeqCst) > 0);
    });
}

#[test]
fn a_load_that_never_lands_frees_its_key_and_its_waiters() {
    in_any_order(2_000, || {
        let world = World::new();
        let give_up = || {
            let boarding = world.flights.board(&world.key, untagged, || *lock(&world.kept));
            if let Boarding::Started(ticket, waiter) = boarding {
                drop(ticket);
                assert_eq!(block_on(waiter.outcome()), None);
            }
        };
        let ask = || assert!(matches!(world.ask(), None | Some(1)));
        together([&give_up, &ask, &ask]);
        assert_eq!(world.ask(), Some(1));
    });
}
