use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;

use crate::coherence::{News, Stripe};
use crate::name::Name;
use crate::sync::{AtomicU64, lock};

use super::{in_any_order, together};

const KEY: Name = Name::everything();

/// A value that others change, what was read of it at which position, and the news.
struct World {
    source: AtomicU64,
    read: Mutex<Option<(u64, u64)>>,
    news: News,
}

impl World {
    fn new() -> Self {
        Self { source: AtomicU64::new(1), read: Mutex::new(None), news: News::new() }
    }

    fn read(&self) {
        let position = self.news.position();
        let value = self.source.load(SeqCst);
        *lock(&self.read) = Some((value, position));
    }

    fn last_read(&self) -> Option<(u64, u64)> {
        *lock(&self.read)
    }
}

#[test]
fn what_was_read_before_news_of_it_is_doubted_after_them() {
    in_any_order(1_000, || {
        let world = World::new();
        let check = |least| {
            if let Some((value, position)) = world.last_read() {
                let doubted = world.news.doubts(Stripe::of(&KEY), position);
                assert!(value >= least || doubted, "{value} is not doubted");
            }
        };
        let read = || world.read();
        let tell = || {
            let value = world.source.fetch_add(1, SeqCst) + 1;
            world.news.tell(&[KEY]);
            check(value);
        };
        together([&read, &tell, &tell]);
        check(3);
        world.read();
        let (_, position) = world.last_read().unwrap();
        assert!(!world.news.doubts(Stripe::of(&KEY), position), "all is doubted");
    });
}

/// The change is at 15, and nobody hears of it: the line is cut from 10 to 20.
#[test]
fn what_was_read_before_a_gap_is_not_covered_after_it() {
    in_any_order(2_000, || {
        let world = World::new();
        world.news.proven(10);
        let check = || {
            if let Some((value, position)) = world.last_read() {
                assert!(value == 2 || !world.news.covers(position, 15), "the gap is not seen");
            }
        };
        let read = || {
            world.read();
            check();
        };
        let listen = || {
            world.news.gap();
            world.source.store(2, SeqCst);
            world.news.proven(20);
            check();
        };
        together([&read, &listen, &check]);
        check();
        world.read();
        let (_, position) = world.last_read().unwrap();
        assert!(world.news.covers(position, 15), "the line is whole again");
        assert!(world.news.outdates(15));
    });
}
