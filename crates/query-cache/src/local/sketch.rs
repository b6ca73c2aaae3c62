//! How often keys were asked for lately that are not here, in half a byte for each of four counters.
//!
//! A count-min sketch: four counters a key, the smallest of which is the estimate. It never
//! estimates below the true count (up to 15) of the present period. All four are in one cache line,
//! as in Caffeine. The counters are halved now and then, so that fame fades.

/// The counters of a block are in four groups of two words, of which each key has one counter.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Block([u64; 8]);

#[derive(Debug)]
pub(super) struct Sketch {
    blocks: Box<[Block]>,
}

/// The largest count.
pub(super) const MOST: u8 = 15;

impl Sketch {
    /// For about `entries` entries. A word of sixteen counters for each.
    pub(super) fn new(entries: usize) -> Self {
        let words = entries.clamp(16, 1 << 28).next_power_of_two();
        Self { blocks: vec![Block([0; 8]); words / 8].into() }
    }

    /// How many entries it has room for.
    pub(super) fn capacity(&self) -> usize {
        8 * self.blocks.len()
    }

    pub(super) fn count(&mut self, hash: u64) {
        let (block, places) = self.places(hash);
        for (word, shift) in places {
            let word = &mut self.blocks[block].0[word];
            *word += u64::from(*word >> shift & 15 < 15) << shift;
        }
    }

    /// From now on it was asked for at least so often.
    pub(super) fn raise(&mut self, hash: u64, count: u8) {
        let (block, places) = self.places(hash);
        let count = u64::from(count.min(MOST));
        for (word, shift) in places {
            let word = &mut self.blocks[block].0[word];
            *word += count.saturating_sub(*word >> shift & 15) << shift;
        }
    }

    pub(super) fn estimate(&self, hash: u64) -> u8 {
        let (block, places) = self.places(hash);
        let words = &self.blocks[block].0;
        let least = places.iter().map(|(word, shift)| words[*word] >> shift & 15).min();
        least.and_then(|least| u8::try_from(least).ok()).unwrap_or(0)
    }

    /// Halves all counters.
    pub(super) fn age(&mut self) {
        for word in self.blocks.iter_mut().flat_map(|block| &mut block.0) {
            *word = *word >> 1 & 0x7777_7777_7777_7777;
        }
    }

    fn places(&self, hash: u64) -> (usize, [(usize, u32); 4]) {
        // Other bits than those that choose the shard and the place in its index.
        let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let block = (mixed >> 32) as usize & (self.blocks.len() - 1);
        let bits = mixed ^ mixed >> 29;
        let place = |group: usize| {
            let bits = bits >> (5 * group);
            (2 * group + (bits & 1) as usize, (bits >> 1 & 15) as u32 * 4)
        };
        (block, [place(0), place(1), place(2), place(3)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(key: u64) -> u64 {
        key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    proptest! {
        #[test]
        fn never_estimates_below_the_true_count(keys in prop::collection::vec(0u64..50, 0..150)) {
            let mut sketch = Sketch::new(16);
            for key in &keys {
                sketch.count(hash(*key));
            }
            for key in 0u64..50 {
                let truth = keys.iter().filter(|other| **other == key).count().min(15);
                prop_assert!(usize::from(sketch.estimate(hash(key))) >= truth);
            }
        }
    }

    #[test]
    fn fame_fades() {
        let mut sketch = Sketch::new(16);
        (0..20).for_each(|_| sketch.count(1));
        assert_eq!(sketch.estimate(1), MOST);
        sketch.age();
        assert_eq!(sketch.estimate(1), MOST / 2);
    }

    #[test]
    fn what_was_counted_elsewhere_is_not_forgotten() {
        let mut sketch = Sketch::new(16);
        sketch.count(1);
        sketch.raise(1, 9);
        sketch.raise(1, 4);
        assert_eq!(sketch.estimate(1), 9);
    }
}
