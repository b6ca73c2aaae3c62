//! A multiplicative hash: keys are our own small numbers, nobody can choose them to collide.

use std::hash::{BuildHasherDefault, Hasher};

/// Hashes keys with [`Mix`].
pub(super) type Mixed = BuildHasherDefault<Mix>;

#[derive(Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// The hash of a list of numbers.
pub(super) fn digest(words: impl Iterator<Item = u64>) -> u64 {
    let mut mix = Mix::default();
    words.for_each(|word| mix.write_u64(word));
    mix.finish()
}

/// The hash of a pair. Sums of them are hashes of sets, in which none waits for the one before.
pub(super) const fn digest_of_pair([a, b]: [u64; 2]) -> u64 {
    let word = (a.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ b).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    word ^ (word >> 29)
}

/// Numbers by the hash of what they stand for, in one stretch of memory.
#[derive(Default)]
pub(super) struct Numbers {
    places: Vec<(u64, u32)>,
}

/// In place of a number where there is none.
const FREE: u32 = u32::MAX;

impl Numbers {
    /// Forgets all numbers and makes room for `most`.
    pub(super) fn clear(&mut self, most: usize) {
        self.places.clear();
        self.places.resize((most * 2).next_power_of_two(), (0, FREE));
    }

    /// The number with this hash that `is_same`, or else `new`, which is kept.
    pub(super) fn find_or_add(
        &mut self,
        digest: u64,
        new: u32,
        is_same: impl Fn(u32) -> bool,
    ) -> u32 {
        let most = self.places.len() - 1;
        let mut at = usize::try_from(digest >> 32).unwrap_or(0) & most;
        while self.places[at].1 != FREE {
            let (known, number) = self.places[at];
            if known == digest && is_same(number) {
                return number;
            }
            at = (at + 1) & most;
        }
        self.places[at] = (digest, new);
        new
    }
}
