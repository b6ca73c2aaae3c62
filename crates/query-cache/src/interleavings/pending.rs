use std::sync::atomic::Ordering::SeqCst;

use crate::name::Name;
use crate::pending::Pending;
use crate::sync::AtomicU64;
use crate::tags::Change;

use super::{in_any_order, together};

/// How often each of two names was changed, and what of it a store was told.
struct World {
    done: [AtomicU64; 2],
    told: [AtomicU64; 2],
    pending: Pending,
    limit: usize,
}

fn name(n: usize) -> Name {
    Name::from_bytes([u8::try_from(n).unwrap(); 32])
}

impl World {
    fn new(limit: usize) -> Self {
        let zero = || [AtomicU64::new(0), AtomicU64::new(0)];
        Self { done: zero(), told: zero(), pending: Pending::default(), limit }
    }

    fn change(&self, n: usize) {
        let done = self.done[n].fetch_add(1, SeqCst) + 1;
        self.pending.note([name(n)], Change::Outdated);
        let is_empty = self.pending.is_empty();
        assert!(!is_empty || self.told[n].load(SeqCst) >= done, "{n} was never sent");
    }

    fn send(&self) {
        self.pending.cut(self.limit);
        let list = self.pending.list();
        for (noted, _) in &list {
            for n in (0..2).filter(|n| [name(*n), Name::everything()].contains(noted)) {
                self.told[n].fetch_max(self.done[n].load(SeqCst), SeqCst);
            }
        }
        self.pending.sent(&list);
    }

    fn check(&self) {
        self.send();
        assert!(self.pending.is_empty());
        for n in 0..2 {
            assert_eq!(self.told[n].load(SeqCst), self.done[n].load(SeqCst), "{n} is lost");
        }
    }
}

#[test]
fn what_is_noted_while_a_list_is_sent_is_sent_next() {
    // With room for both names, and for one.
    for limit in [10, 1] {
        let law = move || {
            let world = World::new(limit);
            let first = || (0..2).for_each(|_| world.change(0));
            let second = || world.change(1);
            let send = || (0..2).for_each(|_| world.send());
            together([&first, &second, &send, &send]);
            world.check();
        };
        in_any_order(1_000, law);
    }
}
