use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;

use crate::name::Name;
use crate::sync::{AtomicU64, lock};
use crate::tags::{Change, Snapshot, TagTable};

use super::{in_any_order, together};

fn name(n: u32) -> Name {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Name::from_bytes(bytes)
}

/// A value that is loaded under two tags, and the tags.
#[derive(Default)]
struct World {
    /// How often it was changed.
    source: AtomicU64,
    kept: Mutex<Option<(u64, Snapshot)>>,
    tags: TagTable,
}

impl World {
    fn load(&self) {
        let snapshot = self.tags.snapshot(&[name(1), name(2)]);
        let value = self.source.load(SeqCst);
        *lock(&self.kept) = Some((value, snapshot));
    }

    /// Changes the value, and says so of one of its tags.
    fn change(&self, tag: u32, change: Change) {
        let value = self.source.fetch_add(1, SeqCst) + 1;
        self.tags.bump(&name(tag), change);
        self.check(value, change);
    }

    /// What is kept was loaded after that change, or is known to have suffered one as bad.
    fn check(&self, least: u64, change: Change) {
        let kept = lock(&self.kept);
        if let Some((value, snapshot)) = &*kept {
            assert!(*value >= least || snapshot.change() >= Some(change), "an old value holds");
        }
    }
}

#[test]
fn what_was_loaded_before_a_change_is_dead_or_stale_after_it() {
    in_any_order(2_000, || {
        let world = World::default();
        let load = || world.load();
        let outdate = || world.change(1, Change::Outdated);
        let expire = || world.change(2, Change::Expired);
        together([&load, &outdate, &expire, &load]);
        // Both have returned, and one of the two has outdated it.
        world.check(1, Change::Expired);
        world.check(2, Change::Expired);
    });
}

#[test]
fn changes_at_once_are_both_counted() {
    in_any_order(1_000, || {
        let tags = TagTable::default();
        let before = tags.snapshot(&[name(1)]);
        let outdate = || tags.bump(&name(1), Change::Outdated);
        let expire = || tags.bump(&name(1), Change::Expired);
        together([&expire, &outdate, &expire]);
        assert_eq!(before.change(), Some(Change::Outdated));
        assert!(tags.snapshot(&[name(1)]).is_current());
    });
}

#[test]
fn a_tag_that_is_in_use_is_not_swept_away() {
    in_any_order(200, || {
        let world = World::default();
        // So many that with the two of the value the next snapshot sweeps.
        let unused: Vec<_> = (0..1_022).map(|n| name(n + 10)).collect();
        world.tags.snapshot(&unused);
        let load = || world.load();
        let sweep = || _ = world.tags.snapshot(&[name(3)]);
        let outdate = || world.change(1, Change::Outdated);
        together([&load, &sweep, &outdate]);
        world.check(1, Change::Outdated);
    });
}
