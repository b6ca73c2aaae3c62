//! A source that counts, and caches on a cluster.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use query_cache::redis::ClusterStore;
use query_cache::{Cache, Key, Policy};
use test_servers::OwnRedisCluster;

pub(crate) type ClusterCache = Cache<ClusterStore>;

/// Time enough for a busy machine.
pub(crate) const PATIENT: Duration = Duration::from_secs(2);

/// The store, known by one node.
pub(crate) fn store(cluster: &OwnRedisCluster) -> ClusterStore {
    ClusterStore::open(&[&cluster.urls()[0]], "{test}:").unwrap()
}

pub(crate) fn cache(cluster: &OwnRedisCluster) -> ClusterCache {
    Cache::builder().store(store(cluster)).store_timeout(PATIENT).build()
}

/// A process that learns of others by the news alone.
pub(crate) fn listener(cluster: &OwnRedisCluster) -> ClusterCache {
    let never = Duration::from_secs(3600);
    Cache::builder().store(store(cluster)).store_timeout(PATIENT).recheck_after(never).build()
}

pub(crate) fn policy(id: u64) -> Policy {
    Policy::ttl(Duration::from_secs(600)).tag("all").tag(format!("tag:{id}"))
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

    pub(crate) async fn ask(&self, cache: &ClusterCache, id: u64) -> u64 {
        let source = self.clone();
        let load = || async move {
            source.0.1.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(source.value())
        };
        *cache.get_or_load(&key(id), &policy(id), load).await.unwrap()
    }

    pub(crate) async fn ask_many(&self, cache: &ClusterCache, ids: u64) {
        let ids: Vec<u64> = (0..ids).collect();
        let source = self.clone();
        let load = |ids: Vec<u64>| async move {
            source.0.1.fetch_add(ids.len() as u64, Ordering::SeqCst);
            Ok::<_, std::io::Error>(
                ids.into_iter().map(|id| (id, source.value())).collect::<Vec<_>>(),
            )
        };
        let found = cache.get_or_load_many(&ids, |id| key(*id), |id| policy(*id), load).await;
        assert!(found.unwrap().iter().all(|found| **found == Some(self.value())));
    }
}

/// Waits up to thirty seconds.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Until `cache` has all values and hears of what others do, being one of so many listeners.
pub(crate) async fn hears(
    cluster: &OwnRedisCluster,
    listeners: usize,
    (cache, source): (&ClusterCache, &Source),
    ids: Range<u64>,
) {
    source.ask(cache, ids.start).await;
    for url in cluster.urls() {
        until("a node is not listened to", async || {
            let clients: String = send(&url, "CLIENT LIST TYPE pubsub").await;
            clients.lines().count() >= listeners
        })
        .await;
    }
    // What it had before it listened it compares once.
    until("the store is still asked", async || {
        for id in ids.clone() {
            source.ask(cache, id).await;
        }
        let before = cache.stats().local_hits;
        for id in ids.clone() {
            source.ask(cache, id).await;
        }
        cache.stats().local_hits - before == ids.end - ids.start
    })
    .await;
}

/// Sends one command, its words apart by single spaces.
pub(crate) async fn send<T: redis::FromRedisValue>(url: &str, command: &str) -> T {
    let mut words = command.split(' ');
    let mut call = redis::cmd(words.next().unwrap());
    words.for_each(|word| _ = call.arg(word));
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    call.query_async(&mut connection).await.unwrap()
}
