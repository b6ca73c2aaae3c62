//! A canonical digest of everything the model reads.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// 256 bits that name a problem: equal problems (declared in the same order) have equal
/// fingerprints, and any change of a field that can change a solution changes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The digest of `problem`. Costs one pass over it.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        let mut canon = Canon::new();
        problem.describe(&mut canon);
        canon.finish()
    }

    /// The digest as bytes, for a key elsewhere.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Collects the parts of a description so that no two different lists of parts read the same: every
/// part carries its kind, and texts and lists their length.
#[derive(Clone, Debug)]
pub struct Canon(Sha256);

impl Canon {
    fn new() -> Self {
        let mut canon = Self(Sha256::new());
        // The version of the description: a model that reads new things must change it.
        canon.text("sched-optimizer 1");
        canon
    }

    /// Adds a number.
    pub fn int(&mut self, value: impl Into<i64>) {
        self.0.update(b"i");
        self.0.update(value.into().to_le_bytes());
    }

    /// Adds a length or an index.
    pub fn len(&mut self, value: usize) {
        self.0.update(b"n");
        self.0.update((value as u64).to_le_bytes());
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        self.0.update(b"t");
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    /// Adds a list: its length, then each item by `item`.
    pub fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.len(items.len());
        items.iter().for_each(|one| item(self, one));
    }

    /// Adds a value that may be missing.
    pub fn option<T>(&mut self, value: Option<T>, item: impl FnOnce(&mut Self, T)) {
        self.int(i64::from(value.is_some()));
        if let Some(value) = value {
            item(self, value);
        }
    }

    fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}
