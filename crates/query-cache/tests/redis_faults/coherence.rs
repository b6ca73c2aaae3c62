//! What another process did is served here no longer: at once while the line works, within the bound
//! while it does not, and not at all after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use query_cache::{Cache, Policy};
use test_servers::OwnRedis;

use crate::relay::Relay;
use crate::support::{RedisCache, key, send, store, until, within};

const KEYS: u64 = 500;

const BOUND: Duration = Duration::from_secs(1);

/// Longer than any test takes: what is seen before is seen by the news.
const NEVER: Duration = Duration::from_secs(3600);

/// A process that compares what it has `bound` so often.
fn node(url: &str, bound: Duration) -> RedisCache {
    let patient = Duration::from_secs(2);
    Cache::builder().store(store(url)).store_timeout(patient).recheck_after(bound).build()
}

/// The rows of a table, by number.
#[derive(Clone)]
struct Table(Arc<Vec<AtomicU64>>);

impl Table {
    fn new() -> Self {
        Self(Arc::new((0..KEYS).map(|_| AtomicU64::new(0)).collect()))
    }

    fn row(&self, id: u64) -> &AtomicU64 {
        &self.0[usize::try_from(id).unwrap()]
    }

    async fn ask(&self, cache: &RedisCache, id: u64) -> u64 {
        let table = self.clone();
        let load =
            move || async move { Ok::<_, std::io::Error>(table.row(id).load(Ordering::SeqCst)) };
        *cache.get_or_load(&key(id), &Policy::ttl(NEVER), load).await.unwrap()
    }

    /// Changes so many rows, one after the other, and tells `cache` of each.
    async fn write(&self, cache: &RedisCache, writes: u64) {
        let write = |turn: u64| async move {
            self.row(turn % KEYS).fetch_add(1, Ordering::SeqCst);
            cache.invalidate(&key(turn % KEYS)).await.unwrap();
        };
        stream::iter(0..writes).for_each_concurrent(64, write).await;
    }

    /// How many rows `cache` has an old value of.
    async fn stale(&self, cache: &RedisCache) -> usize {
        let is_stale = |id: u64| async move {
            self.ask(cache, id).await != self.row(id).load(Ordering::SeqCst)
        };
        stream::iter(0..KEYS)
            .map(is_stale)
            .buffer_unordered(64)
            .filter(|stale| std::future::ready(*stale))
            .count()
            .await
    }

    /// Until `cache` has all rows and goes on without asking Redis.
    async fn settle(&self, cache: &RedisCache, url: &str) {
        until("Redis is still asked", async || {
            self.stale(cache).await;
            let before = commands(url).await;
            assert_eq!(self.stale(cache).await, 0);
            commands(url).await - before < KEYS
        })
        .await;
    }
}

async fn commands(url: &str) -> u64 {
    let info: String = send(url, "INFO stats").await;
    let line = info.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_elsewhere_is_heard_of() {
    let server = OwnRedis::start();
    let (here, there) = (node(&server.url(), NEVER), node(&server.url(), NEVER));
    let table = Table::new();
    table.settle(&there, &server.url()).await;
    for turn in 1..50 {
        table.row(1).store(turn, Ordering::SeqCst);
        here.invalidate(&key(1)).await.unwrap();
        within(Duration::from_secs(5), "it was not heard of", async || {
            table.ask(&there, 1).await == turn
        })
        .await;
    }
    table.row(1).store(50, Ordering::SeqCst);
    here.clear("q").await.unwrap();
    until("nor was the namespace", async || table.ask(&there, 1).await == 50).await;
}

/// The user of one process loses the right to listen, and its listening connection with it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_missed_is_served_beyond_the_bound() {
    let server = OwnRedis::start();
    let url = server.url();
    let (): () = send(&url, "ACL SETUSER writer on nopass ~* &* +@all").await;
    let here = node(&url.replace("redis://", "redis://writer:any@"), BOUND);
    let (there, table) = (node(&url, BOUND), Table::new());
    table.settle(&there, &url).await;
    let (): () = send(&url, "ACL SETUSER default -subscribe").await;
    let _: u64 = send(&url, "CLIENT KILL TYPE pubsub").await;
    table.write(&here, 10_000).await;
    within(2 * BOUND, "old values are served beyond the bound", async || {
        table.stale(&there).await == 0
    })
    .await;
    // All that it has was compared a moment ago; now there is something to be missed again.
    table.write(&here, KEYS).await;
    let (): () = send(&url, "ACL SETUSER default +subscribe").await;
    listens(&url, 1).await;
    until("old values are served after the line is back", async || table.stale(&there).await == 0)
        .await;
    table.settle(&there, &url).await;
}

async fn listens(url: &str, connections: usize) {
    until("the line never came back", async || {
        let clients: String = send(url, "CLIENT LIST TYPE pubsub").await;
        clients.lines().count() >= connections
    })
    .await;
}

/// The other end of the listening connection is gone without a word, and the rest works.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_silent_proves_nothing() {
    let server = OwnRedis::start();
    let line = Relay::to(&server.url()).await;
    let (here, there, table) = (node(&server.url(), BOUND), node(&line.url(), BOUND), Table::new());
    table.settle(&there, &server.url()).await;
    line.silence_listeners(true);
    let begun = Instant::now();
    while begun.elapsed() < 3 * BOUND {
        table.write(&here, KEYS).await;
        within(2 * BOUND, "old values are served beyond the bound", async || {
            table.stale(&there).await == 0
        })
        .await;
    }
    line.silence_listeners(false);
    table.write(&here, KEYS).await;
    until("it is never listened to again", async || table.stale(&there).await == 0).await;
    table.settle(&there, &server.url()).await;
}

/// Nobody is told of it: the epoch is gone with everything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_flush_is_noticed() {
    let server = OwnRedis::start();
    let (there, table) = (node(&server.url(), BOUND), Table::new());
    table.settle(&there, &server.url()).await;
    let (): () = send(&server.url(), "FLUSHALL").await;
    table.0.iter().for_each(|row| _ = row.fetch_add(1, Ordering::SeqCst));
    within(5 * BOUND, "the flush was not noticed", async || table.stale(&there).await == 0).await;
    table.settle(&there, &server.url()).await;
}

/// Whatever falls, and however many there are.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_ever_searched() {
    let server = OwnRedis::start();
    let (cache, table) = (node(&server.url(), BOUND), Table::new());
    table.settle(&cache, &server.url()).await;
    cache.invalidate(&key(1)).await.unwrap();
    cache.invalidate_tags(["one", "two"]).await.unwrap();
    cache.clear("q").await.unwrap();
    cache.expire_all().await.unwrap();
    cache.clear_all().await.unwrap();
    table.settle(&cache, &server.url()).await;
    let used: String = send(&server.url(), "INFO commandstats").await;
    assert!(used.contains("cmdstat_unlink") && used.contains("cmdstat_publish"), "{used}");
    for search in ["cmdstat_keys", "cmdstat_scan", "cmdstat_sscan", "cmdstat_flush"] {
        assert!(!used.contains(search), "{used}");
    }
}
