//! Hits in the process's own memory, through the call that would load on a miss; and the
//! compression of values for the store.
//!
//! Of the hits, ours also compares the versions of the value's tags; the peer knows lifetimes and capacity.

use std::{convert::Infallible, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use query_cache::{Cache, Key, Policy};
use rounds_benches::pair;
use tokio::runtime::Runtime;

#[path = "cache/codec.rs"]
mod codec;

const KEYS: u64 = 10_000;

/// Reads in one call, so many that entering the runtime weighs nothing.
const READS: usize = 10_000;

const TTL: Duration = Duration::from_secs(3_600);

/// What a query would have brought.
type Rows = Vec<u64>;

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

fn our_key(id: u64) -> Key {
    Key::new("schedule").part(id)
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

fn caches(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let capacity = 2 * KEYS;
    let ours = Cache::builder().local(usize::try_from(capacity).expect("it is small")).build();
    let peer = Moka::builder().max_capacity(capacity).time_to_live(TTL).build();
    let policy = Policy::ttl(TTL).tag("assignments");
    let caches = (ours, peer);
    hits(criterion, &runtime, &caches, &policy);
    keyed_hits(criterion, &runtime, &caches, &policy);
    let stats = caches.0.stats();
    assert!(stats.loads <= KEYS, "what was timed were not hits: {stats:?}");
}

criterion_group!(benches, caches, codec::compression);
criterion_main!(benches);
