//! Which slot holds the key of a hash: open addressing in one array of words, so that a look-up
//! usually costs one cache line.
//!
//! A word has half of the hash and the number of the slot. The half says where the word belongs, so
//! growing and removing never look at the slots.

/// A hash table from hashes to slots.
#[derive(Debug)]
pub(super) struct Index {
    /// The upper half is that of the hash, the lower one the slot plus one; zero is free. A power of
    /// two of them, of which at most two thirds are taken.
    words: Box<[u64]>,
    taken: usize,
}

/// A word is no farther from where it belongs: whoever finds keys whose hashes collide gets them
/// forgotten, and slows nobody down.
const REACH: usize = 256;

const SMALLEST: usize = 16;

impl Index {
    pub(super) fn new() -> Self {
        Self { words: vec![0; SMALLEST].into(), taken: 0 }
    }

    /// The first slot under `hash` that `is` the one looked for.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.position(hash, is).map(|at| slot(self.words[at]))
    }

    /// Whether there was room for it near where it belongs.
    pub(super) fn insert(&mut self, hash: u64, slot: u32) -> bool {
        if (self.taken + 1) * 3 > self.words.len() * 2 {
            self.grow();
        }
        let placed = place(&mut self.words, hash & UPPER | (u64::from(slot) + 1));
        self.taken += usize::from(placed);
        placed
    }

    /// Forgets `slot`, if it is there.
    pub(super) fn remove(&mut self, hash: u64, slot: u32) {
        let Some(mut hole) = self.position(hash, |other| other == slot) else { return };
        let mask = self.words.len() - 1;
        let mut at = hole;
        // What stands behind moves up, so that no search ends too early at the hole.
        loop {
            at = (at + 1) & mask;
            let word = self.words[at];
            if word == 0 {
                break;
            }
            let (from_home, from_hole) = (at.wrapping_sub(home(word)), at.wrapping_sub(hole));
            if from_home & mask >= from_hole & mask {
                self.words[hole] = word;
                hole = at;
            }
        }
        self.words[hole] = 0;
        self.taken -= 1;
    }

    fn position(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<usize> {
        let mask = self.words.len() - 1;
        let mut at = home(hash);
        for _ in 0..REACH {
            at &= mask;
            let word = self.words[at];
            if word == 0 {
                return None;
            }
            if word & UPPER == hash & UPPER && is(slot(word)) {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    fn grow(&mut self) {
        let mut words = vec![0; 2 * self.words.len()].into_boxed_slice();
        // What has no place is never found again, and goes when its slot is needed.
        let placed = |word: &&u64| **word != 0 && place(&mut words, **word);
        self.taken = self.words.iter().filter(placed).count();
        self.words = words;
    }
}

const UPPER: u64 = !0 << 32;

fn place(words: &mut [u64], word: u64) -> bool {
    let mask = words.len() - 1;
    let free = (0..REACH).map(|far| (home(word) + far) & mask).find(|at| words[*at] == 0);
    if let Some(at) = free {
        words[at] = word;
    }
    free.is_some()
}

/// Where a word with this upper half belongs, in a table of any size.
fn home(word: u64) -> usize {
    (word >> 32) as u32 as usize
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn slot(word: u64) -> u32 {
    word as u32 - 1
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Hashes out of few, so that they collide and reach over the end of the table.
        #[test]
        fn finds_exactly_what_was_inserted_and_not_removed(
            steps in prop::collection::vec((any::<bool>(), 0u64..60, any::<bool>()), 0..400),
        ) {
            let (mut index, mut model) = (Index::new(), HashMap::new());
            for (turn, (insert, n, high)) in (0u32..).zip(steps) {
                let hashed = hash(n, high);
                if insert {
                    model.entry((n, high)).or_insert_with(|| {
                        assert!(index.insert(hashed, turn));
                        turn
                    });
                } else if let Some(slot) = model.remove(&(n, high)) {
                    index.remove(hashed, slot);
                }
                for ((n, high), slot) in &model {
                    prop_assert_eq!(index.find(hash(*n, *high), |s| s == *slot), Some(*slot));
                }
                prop_assert_eq!(index.taken, model.len());
            }
        }
    }

    fn hash(n: u64, high: bool) -> u64 {
        if high { (!n) << 32 } else { (n / 3) << 32 | n }
    }

    #[test]
    fn hashes_that_all_collide_are_forgotten_before_they_cost_much() {
        let mut index = Index::new();
        let kept = (0..10_000).filter(|slot| index.insert(7 << 32, *slot)).count();
        assert_eq!(kept, REACH);
        assert_eq!(index.find(7 << 32, |slot| slot == 9_999), None);
        index.remove(7 << 32, 3);
        assert_eq!(index.find(7 << 32, |slot| slot == 200), Some(200));
        assert!(index.insert(7 << 32, 9_999));
    }
}
