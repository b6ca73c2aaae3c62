//! The store on a Redis Cluster of three nodes, in real time: it passes the suite, and caches on it
//! survive what happens to its nodes and slots.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod faults;
mod support;

use query_cache::redis::ClusterStore;
use query_cache::{Cache, testing};
use test_servers::OwnRedisCluster;

use crate::support::{PATIENT, Source, cache, hears, key, listener, policy, store, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_store_passes() {
    let cluster = OwnRedisCluster::start(3);
    testing::tally_contract(store(&cluster)).await;
    testing::contract(store(&cluster)).await;
}

#[test]
fn a_cluster_needs_a_node_to_begin_with() {
    assert!(ClusterStore::open(&[], "test:").is_err());
    assert!(ClusterStore::open(&["postgres://127.0.0.1"], "test:").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_of_all_nodes_are_found_by_another_process() {
    let cluster = OwnRedisCluster::start(3);
    let (here, there) = (cache(&cluster), cache(&cluster));
    let source = Source::default();
    source.ask_many(&here, 1_000).await;
    assert_eq!(source.loads(), 1_000);
    until("the values were never stored", async || {
        let fresh = cache(&cluster);
        source.ask_many(&fresh, 1_000).await;
        fresh.stats().store_hits == 1_000
    })
    .await;
    let loads = source.loads();
    source.ask_many(&there, 1_000).await;
    assert_eq!((source.loads(), there.stats().store_hits), (loads, 1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalidated_tag_is_heard_of_by_another_process() {
    let cluster = OwnRedisCluster::start(3);
    let (here, there) = (cache(&cluster), listener(&cluster));
    let source = Source::default();
    hears(&cluster, 1, (&there, &source), 0..100).await;
    for value in 1..20 {
        source.write(value);
        let tag = format!("tag:{value}");
        here.invalidate_tag(tag).await.unwrap();
        until("it was never heard of", async || source.ask(&there, value).await == value).await;
        assert_eq!(source.ask(&there, 50).await, 0, "others did not die with it");
    }
    source.write(20);
    here.invalidate_tag("all").await.unwrap();
    for id in 0..100 {
        until("it was never heard of", async || source.ask(&there, id).await == 20).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_values_are_found_too() {
    let cluster = OwnRedisCluster::start(3);
    let large = |id: u64| vec![u8::try_from(id).unwrap(); 200_000];
    let cache_of = || Cache::builder().store(store(&cluster)).store_timeout(PATIENT).build();
    let (here, there) = (cache_of(), cache_of());
    for id in 0..20 {
        here.set(&key(id), large(id), &policy(id)).await.unwrap();
    }
    for id in 0..20 {
        until("it was never stored", async || {
            there.get::<Vec<u8>>(&key(id)).await.unwrap().is_some_and(|found| *found == large(id))
        })
        .await;
    }
}
