//! The heart of the local tier, to be measured alone.

use std::hash::Hash;
use std::num::NonZeroUsize;

use crate::local::Sharded;

/// What the built-in local tier is made of, for keys and values of any type: so it can be measured
/// beside other maps of bounded size.
#[derive(Debug)]
pub struct BoundedMap<K, V>(Sharded<K, V>);

impl<K: Clone + Eq + Hash, V: Clone> BoundedMap<K, V> {
    /// For `entries` entries.
    pub fn new(entries: NonZeroUsize) -> Self {
        Self(Sharded::new(entries.get() as u64, entries))
    }

    /// The value last inserted under `key`, if it is still there.
    pub fn get(&self, key: &K) -> Option<V> {
        self.0.get(key)
    }

    /// Keeps `value` in place of any other, or forgets both.
    pub fn insert(&self, key: K, value: V) {
        self.0.insert(key, value, 1);
    }
}
