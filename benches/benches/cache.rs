//! Hits in the process's own memory, through the call that would load on a miss; many values at once
//! out of Redis; and the compression of values for the store.
//!
//! In memory, ours also compares the versions of the value's tags; the peer knows lifetimes and
//! capacity. Out of Redis, ours also reads and compares versions, and how long each value lives.

use std::{convert::Infallible, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use query_cache::redis::RedisStore;
use query_cache::{Cache, Entry, Key, LocalTier, Policy};
use redis::aio::MultiplexedConnection;
use rounds_benches::pair;
use test_servers::OwnRedis;
use tokio::runtime::Runtime;

#[path = "cache/codec.rs"]
mod codec;
#[path = "cache/hits.rs"]
mod hits;

const TTL: Duration = Duration::from_secs(3_600);

/// What a query would have brought.
type Rows = Vec<u64>;

fn our_key(id: u64) -> Key {
    Key::new("schedule").part(id)
}

/// Values asked for at once.
const MANY: u64 = 100;

/// Keeps nothing: every read goes to the store.
struct Nothing;

impl LocalTier for Nothing {
    fn get(&self, _: &Key) -> Option<Arc<Entry>> {
        None
    }

    fn insert(&self, _: &Key, _: Arc<Entry>) {}

    fn remove(&self, _: &Key) {}
}

/// The sum of the first row of each, as a check.
async fn at_once(cache: &Cache<RedisStore>, ids: &[u64], policy: &Policy) -> u64 {
    let load = |ids: Vec<u64>| async move {
        Ok::<_, Infallible>(ids.into_iter().map(|id| (id, vec![id; 8])))
    };
    let policy = |_: &u64| policy.clone();
    let rows = cache.get_or_load_many(ids, |id| our_key(*id), policy, load).await;
    let rows = rows.expect("the load cannot fail");
    rows.iter().filter_map(|rows| Some((**rows).as_ref()?[0])).sum()
}

async fn in_turn(cache: &Cache<RedisStore>, ids: &[u64], policy: &Policy) -> u64 {
    let mut sum = 0;
    for &id in ids {
        let load = move || async move { Ok::<Option<Rows>, Infallible>(Some(vec![id; 8])) };
        let rows = cache.get_or_load_optional(&our_key(id), policy, load).await;
        let rows = rows.expect("the load cannot fail");
        sum += rows.as_ref().as_ref().map_or(0, |rows: &Rows| rows[0]);
    }
    sum
}

/// The same values as bytes, by one command. How many there were.
async fn mget(connection: &MultiplexedConnection, keys: &[Vec<u8>]) -> usize {
    let values: Vec<Option<Vec<u8>>> = redis::cmd("MGET")
        .arg(keys)
        .query_async(&mut connection.clone())
        .await
        .expect("Redis answers");
    values.iter().flatten().count()
}

/// The keys of all values: versions have sixteen bytes.
async fn value_keys(connection: &MultiplexedConnection) -> Vec<Vec<u8>> {
    let connection = &mut connection.clone();
    let all: Vec<Vec<u8>> =
        redis::cmd("KEYS").arg("*").query_async(connection).await.expect("Redis answers");
    let mut keys = Vec::new();
    for key in all {
        let length: usize =
            redis::cmd("STRLEN").arg(&key).query_async(connection).await.expect("Redis answers");
        if length != 16 {
            keys.push(key);
        }
    }
    keys
}

fn many(criterion: &mut Criterion) {
    let server = OwnRedis::start();
    let runtime = Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let store = RedisStore::open(&server.url(), "bench:").expect("a valid URL");
    let cache = Cache::builder().local_tier(Nothing).store(store).build();
    let policy = Policy::ttl(TTL).tag("assignments");
    let ids: Vec<u64> = (1..=MANY).collect();
    let client = redis::Client::open(server.url()).expect("a valid URL");
    let connection =
        runtime.block_on(client.get_multiplexed_async_connection()).expect("Redis answers");
    let sum: u64 = ids.iter().sum();
    let keys = runtime.block_on(async {
        assert_eq!(at_once(&cache, &ids, &policy).await, sum);
        cache.close().await.expect("Redis answers");
        assert_eq!(in_turn(&cache, &ids, &policy).await, sum);
        value_keys(&connection).await
    });
    assert_eq!(keys.len(), ids.len(), "each value has a key");
    pair(
        criterion,
        "get-many",
        ("at-once", || runtime.block_on(at_once(&cache, &ids, &policy))),
        ("in-turn", || runtime.block_on(in_turn(&cache, &ids, &policy))),
    );
    let count = usize::try_from(MANY).expect("it is small");
    pair(
        criterion,
        "get-many-raw",
        ("ours", || {
            assert_eq!(runtime.block_on(at_once(&cache, &ids, &policy)), sum);
            count
        }),
        ("mget", || runtime.block_on(mget(&connection, &keys))),
    );
    assert_eq!(cache.stats().loads, 1, "what was timed was read from Redis");
}

criterion_group!(benches, hits::caches, many, codec::compression);
criterion_main!(benches);
