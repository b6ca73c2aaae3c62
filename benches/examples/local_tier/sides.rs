//! The maps, each as its documentation advises, with the hash of foldhash where one can be given.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use foldhash::fast::RandomState;
use query_cache::testing::BoundedMap;

pub(crate) const CAPACITY: usize = 100_000;

pub(crate) type Value = Arc<[u64; 4]>;

pub(crate) trait Side: Sync {
    fn get(&self, key: u64) -> Option<Value>;

    fn insert(&self, key: u64, value: Value);
}

pub(crate) type Make = fn() -> Box<dyn Side>;

pub(crate) const SIDES: [(&str, Make); 5] = [
    ("ours", || Box::new(BoundedMap::new(NonZeroUsize::new(CAPACITY).unwrap()))),
    ("quick_cache", || Box::new(quick())),
    ("moka", || Box::new(moka())),
    ("foyer-s3fifo", || Box::new(foyer())),
    ("lru-16", || Box::new(Lru::new())),
];

impl Side for BoundedMap<u64, Value> {
    fn get(&self, key: u64) -> Option<Value> {
        Self::get(self, &key)
    }

    fn insert(&self, key: u64, value: Value) {
        Self::insert(self, key, value);
    }
}

type Quick = quick_cache::sync::Cache<u64, Value, quick_cache::UnitWeighter, RandomState>;

fn quick() -> Quick {
    let capacity = CAPACITY as u64;
    let (weighter, hasher) = (quick_cache::UnitWeighter, RandomState::default());
    Quick::with(
        CAPACITY,
        capacity,
        weighter,
        hasher,
        quick_cache::sync::DefaultLifecycle::default(),
    )
}

impl Side for Quick {
    fn get(&self, key: u64) -> Option<Value> {
        Self::get(self, &key)
    }

    fn insert(&self, key: u64, value: Value) {
        Self::insert(self, key, value);
    }
}

type Moka = moka::sync::Cache<u64, Value, RandomState>;

fn moka() -> Moka {
    moka::sync::Cache::builder()
        .max_capacity(CAPACITY as u64)
        .build_with_hasher(RandomState::default())
}

impl Side for Moka {
    fn get(&self, key: u64) -> Option<Value> {
        Self::get(self, &key)
    }

    fn insert(&self, key: u64, value: Value) {
        Self::insert(self, key, value);
    }
}

type Foyer = foyer_memory::Cache<u64, Value, RandomState>;

fn foyer() -> Foyer {
    foyer_memory::CacheBuilder::new(CAPACITY)
        .with_shards(16)
        .with_eviction_config(foyer_memory::S3FifoConfig::default())
        .with_hash_builder(RandomState::default())
        .build()
}

impl Side for Foyer {
    fn get(&self, key: u64) -> Option<Value> {
        Self::get(self, &key).map(|entry| Arc::clone(entry.value()))
    }

    fn insert(&self, key: u64, value: Value) {
        Self::insert(self, key, value);
    }
}

/// Plain lists in shards, each behind a lock.
struct Lru {
    shards: Vec<Mutex<lru::LruCache<u64, Value, RandomState>>>,
    hasher: RandomState,
}

impl Lru {
    const SHARDS: usize = 16;

    fn new() -> Self {
        let each = NonZeroUsize::new(CAPACITY / Self::SHARDS).unwrap();
        let shard = || Mutex::new(lru::LruCache::with_hasher(each, RandomState::default()));
        let shards = (0..Self::SHARDS).map(|_| shard()).collect();
        Self { shards, hasher: RandomState::default() }
    }

    fn shard(&self, key: u64) -> &Mutex<lru::LruCache<u64, Value, RandomState>> {
        use std::hash::BuildHasher as _;
        let bits = self.hasher.hash_one(key) >> 32;
        &self.shards[usize::try_from(bits).unwrap() % Self::SHARDS]
    }
}

impl Side for Lru {
    fn get(&self, key: u64) -> Option<Value> {
        self.shard(key).lock().unwrap().get(&key).map(Arc::clone)
    }

    fn insert(&self, key: u64, value: Value) {
        let _pushed_out = self.shard(key).lock().unwrap().push(key, value);
    }
}
