//! The Redis store on real servers, in real time: it passes the suite, and a cache on it survives a
//! server that is killed, paused or emptied.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use query_cache::redis::RedisStore;
use query_cache::{Cache, Error, Key, Policy, testing};
use test_servers::OwnRedis;

type RedisCache = Cache<RedisStore>;

fn cache(url: &str) -> RedisCache {
    let store = RedisStore::open(url, "test:").unwrap();
    // Time enough for a busy machine.
    Cache::builder().store(store).store_timeout(Duration::from_secs(2)).build()
}

fn policy() -> Policy {
    Policy::ttl(Duration::from_secs(600)).tag("tag")
}

fn key() -> Key {
    Key::new("q").part(1)
}

/// A source whose value and number of loads are known.
#[derive(Clone, Default)]
struct Source(Arc<(AtomicU64, AtomicU64)>);

impl Source {
    fn write(&self, value: u64) {
        self.0.0.store(value, Ordering::SeqCst);
    }

    fn loads(&self) -> u64 {
        self.0.1.load(Ordering::SeqCst)
    }

    async fn ask(&self, cache: &RedisCache) -> Result<u64, Error> {
        let source = Arc::clone(&self.0);
        let load = || async move {
            source.1.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(source.0.load(Ordering::SeqCst))
        };
        cache.get_or_load(&key(), &policy(), load).await.map(|value| *value)
    }
}

/// Waits up to twenty seconds.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn is_stored(url: &str) -> bool {
    cache(url).get::<u64>(&key()).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_redis_store_passes() {
    let store = RedisStore::open(&test_servers::redis_url(), test_servers::unique_prefix());
    let store = store.unwrap();
    testing::tally_contract(store.clone()).await;
    testing::contract(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_values_and_invalidations() {
    let server = OwnRedis::start();
    let (here, there, source) = (cache(&server.url()), cache(&server.url()), Source::default());
    source.ask(&here).await.unwrap();
    until("the value was never stored", async || is_stored(&server.url()).await).await;
    source.ask(&there).await.unwrap();
    assert_eq!((source.loads(), there.stats().store_hits), (1, 1));
    source.write(2);
    here.invalidate_tag("tag").await.unwrap();
    assert_eq!(source.ask(&here).await.unwrap(), 2);
    until("the invalidation was never seen", async || source.ask(&there).await.unwrap() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_no_error_and_is_used_again_when_it_is_back() {
    let mut server = OwnRedis::start();
    let (cache, source) = (cache(&server.url()), Source::default());
    source.ask(&cache).await.unwrap();
    server.kill();
    assert_eq!(source.ask(&cache).await.unwrap(), 0, "from this process");
    source.write(2);
    let error = cache.invalidate_tag("tag").await.unwrap_err();
    assert!(matches!(error, Error::Unsent { .. }), "{error:?}");
    assert_eq!(source.ask(&cache).await.unwrap(), 2, "from the source");
    server.restart();
    until("the invalidation was never sent", async || cache.stats().unsent == 0).await;
    until("the store was never used again", async || {
        cache.invalidate(&key()).await.is_ok()
            && source.ask(&cache).await.unwrap() == 2
            && is_stored(&server.url()).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_server_costs_a_bounded_time() {
    let mut server = OwnRedis::start();
    let store = RedisStore::open(&server.url(), "test:").unwrap();
    let limit = Duration::from_millis(200);
    let cache = Cache::builder().store(store).store_timeout(limit).build();
    let source = Source::default();
    source.ask(&cache).await.unwrap();
    server.pause();
    let begun = Instant::now();
    for part in 0..50 {
        let load = || async { Ok::<_, std::io::Error>(1u64) };
        cache.get_or_load(&Key::new("other").part(part), &policy(), load).await.unwrap();
    }
    // One time-out, then the store is left alone for a second at a time.
    assert!(begun.elapsed() < 10 * limit, "{:?}", begun.elapsed());
    source.write(2);
    cache.invalidate_tag("tag").await.unwrap_err();
    assert_eq!(source.ask(&cache).await.unwrap(), 2);
    server.resume();
    until("the invalidation was never sent", async || cache.stats().unsent == 0).await;
    assert_eq!(source.ask(&cache).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_everything_makes_nothing_valid_again() {
    let mut server = OwnRedis::start();
    let (here, there, source) = (cache(&server.url()), cache(&server.url()), Source::default());
    source.ask(&there).await.unwrap();
    source.write(2);
    here.invalidate_tag("tag").await.unwrap();
    server.kill();
    server.restart();
    until("the old value is still served", async || source.ask(&there).await.unwrap() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_last_handle_is_dropped_no_connection_is_left() {
    let server = OwnRedis::start();
    let mut client = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let mut connections = || {
        let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut client).unwrap();
        // One is ours.
        list.lines().count() - 1
    };
    let (here, there, source) = (cache(&server.url()), cache(&server.url()), Source::default());
    source.ask(&here).await.unwrap();
    source.ask(&there).await.unwrap();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(connections() >= 2 && tasks() > 0);
    here.close().await.unwrap();
    drop(here);
    let copy = there.clone();
    drop(there);
    assert!(source.ask(&copy).await.is_ok());
    assert!(connections() >= 1);
    drop(copy);
    until("a connection is left", async || connections() == 0).await;
    until("a task is left", async || tasks() == 0).await;
}
