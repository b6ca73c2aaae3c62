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

/// The hash of a list.
pub(super) fn digest(words: impl Iterator<Item = u64>) -> u64 {
    let mut mix = Mix::default();
    words.for_each(|word| mix.write_u64(word));
    mix.finish()
}
