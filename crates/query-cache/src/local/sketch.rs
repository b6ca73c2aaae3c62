//! How often a key was asked for lately, in half a byte for each of four counters.
//!
//! A count-min sketch: four counters a key, the smallest of which is the estimate. It never
//! estimates below the true count (up to 15) of the present period. All counters are halved when
//! about ten times the capacity was counted, so that fame fades.

#[derive(Debug)]
pub(super) struct Sketch {
    /// Sixteen counters of four bits in each word.
    words: Box<[u64]>,
    counted: usize,
    period: usize,
}

const SEEDS: [u64; 4] =
    [0xc3a5_c85c_97cb_3127, 0xb492_b66f_be98_f273, 0x9ae1_6a3b_2f90_404f, 0xcbf2_9ce4_8422_2325];

impl Sketch {
    /// For about `entries` entries. One word for each.
    pub(super) fn new(entries: usize) -> Self {
        let words = entries.clamp(16, 1 << 28).next_power_of_two();
        Self { words: vec![0; words].into(), counted: 0, period: 10 * words }
    }

    pub(super) fn count(&mut self, hash: u64) {
        for seed in SEEDS {
            let (word, shift) = self.position(hash, seed);
            if (self.words[word] >> shift) & 15 < 15 {
                self.words[word] += 1 << shift;
            }
        }
        self.counted += 1;
        if self.counted >= self.period {
            self.age();
        }
    }

    pub(super) fn estimate(&self, hash: u64) -> u8 {
        let counts = SEEDS.map(|seed| {
            let (word, shift) = self.position(hash, seed);
            u8::try_from((self.words[word] >> shift) & 15).unwrap_or(15)
        });
        counts.into_iter().min().unwrap_or(0)
    }

    fn age(&mut self) {
        for word in &mut self.words {
            *word = (*word >> 1) & 0x7777_7777_7777_7777;
        }
        self.counted /= 2;
    }

    fn position(&self, hash: u64, seed: u64) -> (usize, u32) {
        let mixed = (hash ^ seed).wrapping_mul(seed);
        let mixed = mixed ^ (mixed >> 32);
        let word = usize::try_from(mixed >> 4 & 0xffff_ffff).unwrap_or(0) & (self.words.len() - 1);
        let shift = u32::try_from(mixed & 15).unwrap_or(0) * 4;
        (word, shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_estimates_below_the_true_count(keys in prop::collection::vec(0u64..50, 0..150)) {
            let mut sketch = Sketch::new(16);
            for key in &keys {
                sketch.count(key.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            }
            for key in 0u64..50 {
                let truth = keys.iter().filter(|other| **other == key).count().min(15);
                let estimate = sketch.estimate(key.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                prop_assert!(usize::from(estimate) >= truth);
            }
        }
    }

    #[test]
    fn fame_fades() {
        let mut sketch = Sketch::new(16);
        (0..15).for_each(|_| sketch.count(1));
        for other in 0..2000u64 {
            sketch.count(other.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        assert!(sketch.estimate(1) < 15);
    }
}
