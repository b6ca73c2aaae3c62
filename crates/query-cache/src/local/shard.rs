//! One shard: a window for newcomers, a main part in two lists, and the counts that decide between
//! them.
//!
//! A hit writes to its own slot and to nothing else: how often it was asked for, and that it was.
//! Moving between lists is put off until room is needed, as in CLOCK. The sketch counts only what is
//! asked for and not here; an entry takes its count along when it comes and when it goes.

use super::Usage;
use super::index::Index;
use super::sketch::{MOST, Sketch};
use super::slab::{Segment, Slab, Slot};

#[derive(Debug)]
pub(super) struct Shard<K, V> {
    slab: Slab<K, V>,
    index: Index,
    sketch: Sketch,
    budget: u64,
    evictions: u64,
    /// Look-ups in this period, of what was asked for before.
    asked: usize,
    /// The last hash that was asked for and not here.
    missed: u64,
    /// How often all counts were halved.
    period: u8,
}

/// What is no longer kept. To be dropped after the lock is released: dropping a large value under
/// it would hold up every reader of the shard.
#[derive(Debug)]
pub(super) struct Dropped<K, V> {
    first: Option<(Option<K>, V)>,
    more: Vec<(Option<K>, V)>,
}

impl<K, V> Dropped<K, V> {
    fn none() -> Self {
        Self { first: None, more: Vec::new() }
    }

    /// Allocates from the second one on.
    fn add(&mut self, key: Option<K>, value: V) {
        if self.first.is_none() {
            self.first = Some((key, value));
        } else {
            self.more.push((key, value));
        }
    }

    fn add_pair(&mut self, pair: Option<(K, V)>) {
        if let Some((key, value)) = pair {
            self.add(Some(key), value);
        }
    }
}

impl<K: Eq, V> Shard<K, V> {
    pub(super) fn new(budget: u64, entries: usize) -> Self {
        Self {
            slab: Slab::new(),
            index: Index::new(),
            sketch: Sketch::new(entries),
            budget,
            evictions: 0,
            asked: 0,
            missed: 0,
            period: 0,
        }
    }

    pub(super) fn get(&mut self, hash: u64, key: &K) -> Option<&V> {
        let Some(slot) = self.find(hash, key) else {
            self.miss(hash);
            return None;
        };
        self.tick();
        let period = self.period;
        let slot = self.slab.get_mut(slot);
        slot.count = (count(slot, period) + 1).min(MOST);
        slot.period = period;
        slot.used = true;
        slot.pair.as_ref().map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, hash: u64, key: K, value: V, weight: u64) -> Dropped<K, V> {
        let mut dropped = Dropped::none();
        let found = self.find(hash, &key);
        if weight > self.budget {
            dropped.add_pair(found.and_then(|slot| self.take(slot)));
            dropped.add(Some(key), value);
            self.evictions += 1;
            return dropped;
        }
        match found {
            Some(slot) => {
                let old = self.slab.replace(slot, value, weight);
                old.into_iter().for_each(|old| dropped.add(None, old));
            }
            None => self.enter(hash, key, value, weight, &mut dropped),
        }
        self.settle(&mut dropped);
        dropped
    }

    pub(super) fn remove(&mut self, hash: u64, key: &K) -> Option<(K, V)> {
        let slot = self.find(hash, key)?;
        self.take(slot)
    }

    pub(super) fn usage(&self) -> Usage {
        let (entries, weight) = (self.slab.len() as u64, self.slab.weight());
        Usage { entries, weight, evictions: self.evictions }
    }

    fn find(&self, hash: u64, key: &K) -> Option<u32> {
        self.index.find(hash, |slot| {
            let pair = &self.slab.get(slot).pair;
            pair.as_ref().is_some_and(|(other, _)| other == key)
        })
    }

    fn miss(&mut self, hash: u64) {
        // One call may look several times before it loads.
        if std::mem::replace(&mut self.missed, hash) == hash {
            return;
        }
        // What was never asked for does not age the rest: a scan would, and so make room for itself.
        if self.sketch.estimate(hash) > 0 {
            self.tick();
        }
        self.sketch.count(hash);
    }

    /// Fame fades: what was asked for often long ago makes room for what is asked for now.
    fn tick(&mut self) {
        self.asked += 1;
        if self.asked >= 16 * self.sketch.capacity() {
            self.sketch.age();
            self.period = self.period.wrapping_add(1);
            self.asked /= 2;
        }
    }

    /// Begins in the window.
    fn enter(&mut self, hash: u64, key: K, value: V, weight: u64, dropped: &mut Dropped<K, V>) {
        let Some(slot) = self.slab.insert(key, value, hash, weight) else {
            // As many entries as can be numbered: the new one is not kept.
            self.evictions += 1;
            return;
        };
        if !self.index.insert(hash, slot) {
            self.evictions += 1;
            dropped.add_pair(self.slab.remove(slot));
            return;
        }
        let entered = self.slab.get_mut(slot);
        entered.count = self.sketch.estimate(hash);
        entered.period = self.period;
    }

    /// Moves what the window cannot hold into the main part, or out.
    fn settle(&mut self, dropped: &mut Dropped<K, V>) {
        // A hundredth of the budget, as in the paper; the newest entry always stays for a moment.
        let most = (self.budget / 100).max(1);
        loop {
            let window = self.slab.list(Segment::Window);
            let is_full = window.weight > most && (window.len > 1 || self.over_budget());
            let Some(candidate) = self.slab.oldest(Segment::Window).filter(|_| is_full) else {
                break;
            };
            self.admit(candidate, dropped);
        }
        while self.over_budget() {
            let Some(victim) = self.next_victim() else { break };
            self.evict(victim, dropped);
        }
    }

    /// Takes the candidate in if it is asked for more often than each entry it pushes out.
    fn admit(&mut self, candidate: u32, dropped: &mut Dropped<K, V>) {
        let frequency = self.frequency(candidate);
        while self.over_budget() {
            let Some(victim) = self.next_victim() else { break };
            let is_famous = self.frequency(victim) >= frequency;
            self.evict(if is_famous { candidate } else { victim }, dropped);
            if is_famous {
                return;
            }
        }
        self.slab.move_to(candidate, Segment::Probation);
    }

    fn over_budget(&self) -> bool {
        self.slab.weight() > self.budget
    }

    fn frequency(&self, slot: u32) -> u8 {
        count(self.slab.get(slot), self.period)
    }

    /// The entry whose turn it is.
    fn next_victim(&mut self) -> Option<u32> {
        self.protect_used();
        let segments = [Segment::Probation, Segment::Protected, Segment::Window];
        segments.into_iter().find_map(|segment| self.slab.oldest(segment))
    }

    fn evict(&mut self, slot: u32, dropped: &mut Dropped<K, V>) {
        self.evictions += 1;
        let (hash, frequency) = (self.slab.get(slot).hash, self.frequency(slot));
        self.sketch.raise(hash, frequency);
        dropped.add_pair(self.take(slot));
    }

    fn take(&mut self, slot: u32) -> Option<(K, V)> {
        self.index.remove(self.slab.get(slot).hash, slot);
        self.slab.remove(slot)
    }

    /// Moves used entries from the end of probation to the protected list, until an unused one is
    /// last; what is too much there goes back, unless it was used again.
    fn protect_used(&mut self) {
        while let Some(oldest) = self.slab.oldest(Segment::Probation) {
            if !self.slab.get(oldest).used {
                break;
            }
            self.slab.move_to(oldest, Segment::Protected);
        }
        // Four fifths of the budget, as in the paper.
        let most = self.budget / 5 * 4;
        while let Some(oldest) = self.slab.oldest(Segment::Protected) {
            let protected = self.slab.list(Segment::Protected);
            if protected.weight <= most || protected.len == 1 {
                break;
            }
            let used = self.slab.get(oldest).used;
            let to = if used { Segment::Protected } else { Segment::Probation };
            self.slab.move_to(oldest, to);
        }
    }
}

/// How often an entry was asked for, as of `period`.
fn count<K, V>(slot: &Slot<K, V>, period: u8) -> u8 {
    slot.count >> period.wrapping_sub(slot.period).min(7)
}
