//! Entries in one array, each in one of three lists that link them by number.
//!
//! Nothing is allocated for an entry, and to move it from list to list writes a few numbers.

/// Which part of a shard an entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Window,
    Probation,
    Protected,
}

const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Slot<K, V> {
    /// `None` where the slot is free.
    pub(super) pair: Option<(K, V)>,
    pub(super) hash: u64,
    pub(super) weight: u64,
    /// Towards the newer end.
    newer: u32,
    /// Towards the older end; of a free slot, the next free one.
    older: u32,
    segment: Segment,
    /// Asked for since it came into its list.
    pub(super) used: bool,
    /// How often it was asked for, up to 15, as of `period`.
    pub(super) count: u8,
    pub(super) period: u8,
}

/// One of the lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    newest: u32,
    oldest: u32,
    pub(super) len: usize,
    pub(super) weight: u64,
}

#[derive(Debug)]
pub(super) struct Slab<K, V> {
    slots: Vec<Slot<K, V>>,
    free: u32,
    lists: [List; 3],
}

impl<K, V> Slab<K, V> {
    pub(super) fn new() -> Self {
        let empty = List { newest: NONE, oldest: NONE, len: 0, weight: 0 };
        Self { slots: Vec::new(), free: NONE, lists: [empty; 3] }
    }

    pub(super) fn list(&self, segment: Segment) -> &List {
        &self.lists[segment as usize]
    }

    pub(super) fn oldest(&self, segment: Segment) -> Option<u32> {
        Some(self.list(segment).oldest).filter(|slot| *slot != NONE)
    }

    pub(super) fn weight(&self) -> u64 {
        self.lists.iter().map(|list| list.weight).sum()
    }

    pub(super) fn len(&self) -> usize {
        self.lists.iter().map(|list| list.len).sum()
    }

    pub(super) fn get(&self, slot: u32) -> &Slot<K, V> {
        &self.slots[slot as usize]
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Slot<K, V> {
        &mut self.slots[slot as usize]
    }

    /// A new entry, the newest of the window; `None` where no number is left for it.
    pub(super) fn insert(&mut self, key: K, value: V, hash: u64, weight: u64) -> Option<u32> {
        let slot = Slot {
            pair: Some((key, value)),
            hash,
            weight,
            newer: NONE,
            older: NONE,
            segment: Segment::Window,
            used: false,
            count: 0,
            period: 0,
        };
        let at = if self.free == NONE {
            let at = u32::try_from(self.slots.len()).ok().filter(|at| *at < NONE - 1)?;
            self.make_room();
            self.slots.push(slot);
            at
        } else {
            let at = self.free;
            self.free = self.get(at).older;
            *self.get_mut(at) = slot;
            at
        };
        self.link(at, Segment::Window);
        Some(at)
    }

    /// Grows in small steps: the room that is not used yet is not accounted for.
    fn make_room(&mut self) {
        let len = self.slots.len();
        if len == self.slots.capacity() {
            self.slots.reserve_exact((len / 16).max(16));
        }
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<(K, V)> {
        self.unlink(slot);
        let free = self.free;
        let removed = self.get_mut(slot);
        removed.older = free;
        let pair = removed.pair.take();
        self.free = slot;
        pair
    }

    /// Puts another value in place of an entry's, which is returned.
    pub(super) fn replace(&mut self, slot: u32, value: V, weight: u64) -> Option<V> {
        let replaced = self.get_mut(slot);
        let before = std::mem::replace(&mut replaced.weight, weight);
        let segment = replaced.segment;
        let old = replaced.pair.as_mut().map(|(_, old)| std::mem::replace(old, value));
        let list = &mut self.lists[segment as usize];
        list.weight = list.weight - before + weight;
        old
    }

    /// Makes it the newest of `segment`, as one that was not asked for yet.
    pub(super) fn move_to(&mut self, slot: u32, segment: Segment) {
        self.unlink(slot);
        self.get_mut(slot).used = false;
        self.link(slot, segment);
    }

    fn link(&mut self, at: u32, segment: Segment) {
        let newest = self.lists[segment as usize].newest;
        let slot = self.get_mut(at);
        slot.segment = segment;
        slot.newer = NONE;
        slot.older = newest;
        let weight = slot.weight;
        let list = &mut self.lists[segment as usize];
        list.newest = at;
        list.len += 1;
        list.weight += weight;
        if newest == NONE {
            list.oldest = at;
        } else {
            self.get_mut(newest).newer = at;
        }
    }

    fn unlink(&mut self, at: u32) {
        let Slot { newer, older, segment, weight, .. } = *self.get(at);
        let list = &mut self.lists[segment as usize];
        list.len -= 1;
        list.weight -= weight;
        if newer == NONE {
            list.newest = older;
        }
        if older == NONE {
            list.oldest = newer;
        }
        if newer != NONE {
            self.get_mut(newer).older = older;
        }
        if older != NONE {
            self.get_mut(older).newer = newer;
        }
    }
}
