//! Hits in the process's own memory, through the call that would load on a miss.

use std::convert::Infallible;
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use criterion::Criterion;
use foldhash::fast::RandomState;
use lru::LruCache;
use query_cache::{Cache, Key, Policy};
use rounds_benches::pair;
use tokio::runtime::Runtime;

use super::{Rows, TTL, our_key};

const KEYS: u64 = 10_000;

/// Reads in one call, so many that entering the runtime weighs nothing.
const READS: usize = 10_000;

type Moka = moka::future::Cache<String, Arc<Rows>>;

/// Few keys are read often: the cube of a uniform number favours the small ones.
fn reads() -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(7);
    let skewed = |_| random.f64().powi(3);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below KEYS")]
    #[expect(clippy::cast_precision_loss, reason = "KEYS is small")]
    let key = |share: f64| (share * KEYS as f64) as u64;
    (0..READS).map(skewed).map(key).collect()
}

fn peer_key(id: u64) -> String {
    format!("schedule:{id}")
}

async fn ours(cache: &Cache, key: &Key, policy: &Policy, id: u64) -> u64 {
    let rows =
        cache.get_or_load(key, policy, move || async move { Ok::<Rows, Infallible>(vec![id; 8]) });
    rows.await.expect("the load cannot fail")[0]
}

async fn peer(cache: &Moka, key: &str, id: u64) -> u64 {
    cache.get_with_by_ref(key, async move { Arc::new(vec![id; 8]) }).await[0]
}

/// Keys made beforehand: the cost of the look-up alone.
fn hits(criterion: &mut Criterion, runtime: &Runtime, caches: &(Cache, Moka), policy: &Policy) {
    let keys: Vec<_> = reads().iter().map(|id| (*id, our_key(*id), peer_key(*id))).collect();
    let ours = async || {
        let mut sum = 0;
        for (id, key, _) in &keys {
            sum += ours(&caches.0, key, policy, *id).await;
        }
        sum
    };
    let peer = async || {
        let mut sum = 0;
        for (id, _, key) in &keys {
            sum += peer(&caches.1, key, *id).await;
        }
        sum
    };
    pair(
        criterion,
        "hit",
        ("ours", || runtime.block_on(ours())),
        ("moka", || runtime.block_on(peer())),
    );
}

/// Beside plain lists, which know neither lifetimes nor tags nor loads. Keys made beforehand.
fn plain_hits(criterion: &mut Criterion, runtime: &Runtime, cache: &Cache, policy: &Policy) {
    let keys: Vec<_> = reads().iter().map(|id| (*id, our_key(*id), peer_key(*id))).collect();
    let ours = async || {
        let mut sum = 0;
        for (id, key, _) in &keys {
            sum += ours(cache, key, policy, *id).await;
        }
        sum
    };
    let lists = Lists::new();
    let peer = || keys.iter().map(|(id, _, key)| lists.get_or_insert(key, *id)[0]).sum();
    pair(criterion, "hit-plain", ("ours", || runtime.block_on(ours())), ("lru-16", peer));
}

/// `lru` in shards, each behind a lock.
struct Lists {
    shards: Vec<Mutex<LruCache<String, Arc<Rows>, RandomState>>>,
    hasher: RandomState,
}

impl Lists {
    const SHARDS: usize = 16;

    fn new() -> Self {
        let each = usize::try_from(2 * KEYS).expect("it is small") / Self::SHARDS;
        let each = NonZeroUsize::new(each).expect("not zero");
        let shard = || Mutex::new(LruCache::with_hasher(each, RandomState::default()));
        let shards = (0..Self::SHARDS).map(|_| shard()).collect();
        Self { shards, hasher: RandomState::default() }
    }

    fn get_or_insert(&self, key: &str, id: u64) -> Arc<Rows> {
        let bits = usize::try_from(self.hasher.hash_one(key) >> 40).expect("24 bits");
        let mut shard = self.shards[bits % Self::SHARDS].lock().expect("nobody panics");
        Arc::clone(shard.get_or_insert_ref(key, || Arc::new(vec![id; 8])))
    }
}

/// Keys made for each read, as a service does.
fn keyed_hits(
    criterion: &mut Criterion,
    runtime: &Runtime,
    caches: &(Cache, Moka),
    policy: &Policy,
) {
    let ids = reads();
    let ours = async || {
        let mut sum = 0;
        for id in &ids {
            sum += ours(&caches.0, &our_key(*id), policy, *id).await;
        }
        sum
    };
    let peer = async || {
        let mut sum = 0;
        for id in &ids {
            sum += peer(&caches.1, &peer_key(*id), *id).await;
        }
        sum
    };
    pair(
        criterion,
        "keyed-hit",
        ("ours", || runtime.block_on(ours())),
        ("moka", || runtime.block_on(peer())),
    );
}

pub(crate) fn caches(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let capacity = 2 * KEYS;
    let ours = Cache::builder().local(usize::try_from(capacity).expect("it is small")).build();
    let peer = Moka::builder().max_capacity(capacity).time_to_live(TTL).build();
    let policy = Policy::ttl(TTL).tag("assignments");
    let caches = (ours, peer);
    hits(criterion, &runtime, &caches, &policy);
    plain_hits(criterion, &runtime, &caches.0, &policy);
    keyed_hits(criterion, &runtime, &caches, &policy);
    let stats = caches.0.stats();
    assert!(stats.loads <= KEYS, "what was timed were not hits: {stats:?}");
}
