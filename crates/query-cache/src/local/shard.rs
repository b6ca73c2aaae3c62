//! One shard: a window for newcomers, a main part in two lists, and the sketch that decides between
//! them.
//!
//! A hit only marks its entry and moves it to the front of its own list, which allocates nothing.
//! Moving between lists, which does allocate, is put off until room is needed.

use std::sync::Arc;

use crate::entry::Entry;
use crate::key::Key;

use super::Usage;
use super::probe::{Hashed, List, Probe, list};
use super::sketch::Sketch;

#[derive(Debug)]
struct Slot {
    entry: Arc<Entry>,
    /// Asked for since it came into its list.
    used: bool,
}

#[derive(Debug)]
struct Segment {
    list: List<Slot>,
    weight: u64,
}

impl Segment {
    fn new() -> Self {
        Self { list: list(), weight: 0 }
    }

    fn get(&mut self, probe: &dyn Probe) -> Option<Arc<Entry>> {
        let slot = self.list.get_mut(probe)?;
        slot.used = true;
        Some(Arc::clone(&slot.entry))
    }

    fn push(&mut self, key: Hashed, entry: Arc<Entry>) {
        self.weight += entry.weight();
        self.list.put(key, Slot { entry, used: false });
    }

    fn pop(&mut self, probe: &dyn Probe) -> Option<Arc<Entry>> {
        let slot = self.list.pop(probe)?;
        self.weight -= slot.entry.weight();
        Some(slot.entry)
    }

    fn pop_oldest(&mut self) -> Option<(Hashed, Slot)> {
        let (key, slot) = self.list.pop_lru()?;
        self.weight -= slot.entry.weight();
        Some((key, slot))
    }

    fn oldest_hash(&self) -> Option<u64> {
        self.list.peek_lru().map(|(key, _)| key.hash)
    }
}

#[derive(Debug)]
pub(super) struct Shard {
    window: Segment,
    probation: Segment,
    protected: Segment,
    sketch: Sketch,
    budget: u64,
    evictions: u64,
}

impl Shard {
    pub(super) fn new(budget: u64, entries: usize) -> Self {
        Self {
            window: Segment::new(),
            probation: Segment::new(),
            protected: Segment::new(),
            sketch: Sketch::new(entries),
            budget,
            evictions: 0,
        }
    }

    pub(super) fn get(&mut self, hash: u64, key: &Key) -> Option<Arc<Entry>> {
        self.sketch.count(hash);
        let probe: &dyn Probe = &(hash, key);
        self.protected
            .get(probe)
            .or_else(|| self.probation.get(probe))
            .or_else(|| self.window.get(probe))
    }

    /// Returns what is to be dropped.
    pub(super) fn insert(&mut self, hash: u64, key: &Key, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        let mut dropped: Vec<_> = self.remove(hash, key).into_iter().collect();
        if entry.weight() > self.budget {
            self.evictions += 1;
            dropped.push(entry);
            return dropped;
        }
        self.window.push(Hashed { hash, key: key.clone() }, entry);
        self.settle(&mut dropped);
        dropped
    }

    pub(super) fn remove(&mut self, hash: u64, key: &Key) -> Option<Arc<Entry>> {
        let probe: &dyn Probe = &(hash, key);
        self.protected
            .pop(probe)
            .or_else(|| self.probation.pop(probe))
            .or_else(|| self.window.pop(probe))
    }

    pub(super) fn usage(&self) -> Usage {
        let entries = [&self.window, &self.probation, &self.protected]
            .map(|segment| segment.list.len() as u64)
            .iter()
            .sum();
        Usage { entries, weight: self.weight(), evictions: self.evictions }
    }

    fn weight(&self) -> u64 {
        self.window.weight + self.probation.weight + self.protected.weight
    }

    /// Moves what the window cannot hold into the main part, or out.
    fn settle(&mut self, dropped: &mut Vec<Arc<Entry>>) {
        // A hundredth of the budget, as in the paper; the newest entry always stays for a moment.
        let window = (self.budget / 100).max(1);
        while self.window.weight > window && (self.window.list.len() > 1 || self.over_budget()) {
            let Some((key, slot)) = self.window.pop_oldest() else { break };
            self.admit(key, slot.entry, dropped);
        }
        while self.over_budget() {
            let Some(victim) = self.evict() else { break };
            dropped.push(victim);
        }
    }

    /// Takes the candidate in if it is asked for more often than each entry it pushes out.
    fn admit(&mut self, key: Hashed, entry: Arc<Entry>, dropped: &mut Vec<Arc<Entry>>) {
        let frequency = self.sketch.estimate(key.hash);
        while self.weight() + entry.weight() > self.budget {
            self.protect_used();
            let rival = self.probation.oldest_hash().or_else(|| self.protected.oldest_hash());
            if rival.is_some_and(|rival| self.sketch.estimate(rival) >= frequency) {
                self.evictions += 1;
                dropped.push(entry);
                return;
            }
            let Some(victim) = self.evict() else { break };
            dropped.push(victim);
        }
        self.probation.push(key, entry);
    }

    fn over_budget(&self) -> bool {
        self.weight() > self.budget
    }

    /// Drops the entry whose turn it is.
    fn evict(&mut self) -> Option<Arc<Entry>> {
        self.protect_used();
        let (_, slot) = self
            .probation
            .pop_oldest()
            .or_else(|| self.protected.pop_oldest())
            .or_else(|| self.window.pop_oldest())?;
        self.evictions += 1;
        Some(slot.entry)
    }

    /// Moves used entries from the end of probation to the protected list, until an unused one is
    /// last.
    fn protect_used(&mut self) {
        while self.probation.list.peek_lru().is_some_and(|(_, slot)| slot.used) {
            let Some((key, slot)) = self.probation.pop_oldest() else { break };
            self.protected.push(key, slot.entry);
        }
        // Four fifths of the budget, as in the paper; demoted entries have to be used again.
        while self.protected.weight > self.budget / 5 * 4 && self.protected.list.len() > 1 {
            let Some((key, slot)) = self.protected.pop_oldest() else { break };
            self.probation.push(key, slot.entry);
        }
    }
}
