//! A source that counts, and a client of one's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use query_cache::redis::RedisStore;
use query_cache::{Cache, Error, Key, Policy};
use redis::aio::MultiplexedConnection;

pub(crate) type RedisCache = Cache<RedisStore>;

pub(crate) fn store(url: &str) -> RedisStore {
    RedisStore::open(url, "test:").unwrap()
}

pub(crate) fn cache(url: &str) -> RedisCache {
    on(store(url))
}

pub(crate) fn on(store: RedisStore) -> RedisCache {
    // Time enough for a busy machine.
    Cache::builder().store(store).store_timeout(Duration::from_secs(2)).build()
}

pub(crate) fn policy() -> Policy {
    Policy::ttl(Duration::from_secs(600)).tag("tag")
}

pub(crate) fn key(id: u64) -> Key {
    Key::new("q").part(id)
}

/// A source with one value, whose loads are counted.
#[derive(Clone, Default)]
pub(crate) struct Source(Arc<(AtomicU64, AtomicU64)>);

impl Source {
    pub(crate) fn write(&self, value: u64) {
        self.0.0.store(value, Ordering::SeqCst);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.0.load(Ordering::SeqCst)
    }

    pub(crate) fn loads(&self) -> u64 {
        self.0.1.load(Ordering::SeqCst)
    }

    pub(crate) async fn ask(&self, cache: &RedisCache) -> u64 {
        self.ask_for(cache, 1).await.unwrap()
    }

    pub(crate) async fn ask_for(&self, cache: &RedisCache, id: u64) -> Result<u64, Error> {
        let source = self.clone();
        let load = || async move {
            source.0.1.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(source.value())
        };
        cache.get_or_load(&key(id), &policy(), load).await.map(|value| *value)
    }
}

/// Waits up to twenty seconds.
pub(crate) async fn until(what: &str, is_so: impl AsyncFnMut() -> bool) {
    within(Duration::from_secs(20), what, is_so).await;
}

pub(crate) async fn within(limit: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < limit, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn is_stored(url: &str) -> bool {
    cache(url).get::<u64>(&key(1)).await.unwrap().is_some()
}

pub(crate) async fn client(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Sends one command, its words apart by spaces.
pub(crate) async fn send<T: redis::FromRedisValue>(url: &str, command: &str) -> T {
    let mut words = command.split(' ');
    let mut call = redis::cmd(words.next().unwrap());
    words.for_each(|word| _ = call.arg(word));
    call.query_async(&mut client(url).await).await.unwrap()
}
