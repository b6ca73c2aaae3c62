//! Keys in an `lru` list that are hashed once, outside, and looked up without being cloned.

use std::borrow::Borrow;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use lru::LruCache;

use crate::key::Key;

/// An `lru` list whose hash table takes the hash that comes with the key.
pub(super) type List<V> = LruCache<Hashed, V, BuildHasherDefault<Given>>;

pub(super) fn list<V>() -> List<V> {
    LruCache::unbounded_with_hasher(BuildHasherDefault::default())
}

/// A key with its hash.
#[derive(Debug)]
pub(super) struct Hashed {
    pub(super) hash: u64,
    pub(super) key: Key,
}

/// What `Hashed` and a borrowed key have in common, so that either finds the other in a table.
pub(super) trait Probe {
    fn hash(&self) -> u64;
    fn key(&self) -> &Key;
}

impl Probe for Hashed {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn key(&self) -> &Key {
        &self.key
    }
}

impl Probe for (u64, &Key) {
    fn hash(&self) -> u64 {
        self.0
    }

    fn key(&self) -> &Key {
        self.1
    }
}

impl Hash for dyn Probe + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(Probe::hash(self));
    }
}

impl PartialEq for dyn Probe + '_ {
    fn eq(&self, other: &Self) -> bool {
        Probe::hash(self) == Probe::hash(other) && self.key() == other.key()
    }
}

impl Eq for dyn Probe + '_ {}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for Hashed {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.key == other.key
    }
}

impl Eq for Hashed {}

impl<'a> Borrow<dyn Probe + 'a> for Hashed {
    fn borrow(&self) -> &(dyn Probe + 'a) {
        self
    }
}

/// Passes on the one `u64` it is given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given(u64);

impl Hasher for Given {
    fn write(&mut self, bytes: &[u8]) {
        // `Hashed` writes one `u64` and nothing else; fold whatever else might come.
        self.0 = bytes.iter().fold(self.0, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
