//! A server that is full, frozen, slow or out of reach.

use std::time::Duration;

use query_cache::{Cache, Error, Policy};
use test_servers::OwnRedis;

use crate::relay::Relay;
use crate::support::{RedisCache, Source, cache, is_stored, key, send, store, until};

/// A process that learns of others by the news alone.
fn listener(url: &str) -> RedisCache {
    let never = Duration::from_secs(3600);
    let patient = Duration::from_secs(2);
    Cache::builder().store(store(url)).store_timeout(patient).recheck_after(never).build()
}

/// Until `cache` has the value and hears of what others do.
async fn hears(cache: &RedisCache, source: &Source, url: &str) {
    source.ask(cache).await;
    until("nobody listens", async || {
        let clients: String = send(url, "CLIENT LIST TYPE pubsub").await;
        !clients.is_empty()
    })
    .await;
    // What it had before it listened it compares once.
    until("the value is not in place", async || {
        let before = cache.stats().local_hits;
        source.ask(cache).await;
        cache.stats().local_hits > before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_takes_invalidations_and_expiries() {
    let (server, source) = (OwnRedis::start(), Source::default());
    let (here, there) = (cache(&server.url()), listener(&server.url()));
    let stale = Policy::ttl(Duration::from_secs(600)).stale_for(Duration::from_secs(600));
    here.set(&key(2), 7u64, &stale).await.unwrap();
    hears(&there, &source, &server.url()).await;
    until("the value was never stored", async || is_stored(&server.url()).await).await;
    let (): () = send(&server.url(), "CONFIG SET maxmemory 1").await;
    source.write(2);
    here.invalidate_tag("tag").await.unwrap();
    until("it was not heard of", async || source.ask(&there).await == 2).await;
    assert_eq!(source.ask(&here).await, 2);
    here.expire(&key(2)).await.unwrap();
    assert_eq!(cache(&server.url()).get::<u64>(&key(2)).await.unwrap(), None);
    assert!(!is_stored(&server.url()).await, "nothing new is kept");
    let (): () = send(&server.url(), "CONFIG SET maxmemory 0").await;
    until("the store is never used again", async || {
        here.invalidate(&key(1)).await.unwrap();
        source.ask(&here).await;
        is_stored(&server.url()).await
    })
    .await;
}

/// The other process hears of it when it is sent at last.
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_is_told_to_all_when_it_can() {
    let (server, source) = (OwnRedis::start(), Source::default());
    let line = Relay::to(&server.url()).await;
    let (here, there) = (cache(&line.url()), listener(&server.url()));
    source.ask(&here).await;
    hears(&there, &source, &server.url()).await;
    line.cut();
    source.write(2);
    let error = here.invalidate_tag("tag").await.unwrap_err();
    assert!(matches!(error, Error::Unsent { .. }), "{error:?}");
    assert_eq!(source.ask(&here).await, 2);
    line.lead_to(&server.url());
    until("it was never told", async || source.ask(&there).await == 2).await;
    until("it is not struck out", async || here.stats().unsent == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_listened_to_again_when_it_thaws() {
    let (mut server, source) = (OwnRedis::start(), Source::default());
    let hasty = Duration::from_millis(200);
    let here = Cache::builder().store(store(&server.url())).store_timeout(hasty).build();
    let there = listener(&server.url());
    hears(&there, &source, &server.url()).await;
    server.pause();
    source.write(2);
    here.invalidate_tag("tag").await.unwrap_err();
    assert_eq!(source.ask(&there).await, 0, "nobody can know");
    server.resume();
    until("it was never told", async || source.ask(&there).await == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_line_delays_the_news_and_loses_none() {
    let (server, source) = (OwnRedis::start(), Source::default());
    let line = Relay::to(&server.url()).await;
    let (here, there) = (cache(&server.url()), cache(&line.url()));
    source.ask(&there).await;
    line.slow_down(Duration::from_millis(150));
    for value in 1..5 {
        source.write(value);
        here.invalidate(&key(1)).await.unwrap();
        until("it was never told", async || source.ask(&there).await == value).await;
    }
}

/// How often the server was asked for values or versions. Who listens sends other commands, too.
async fn reads(url: &str) -> u64 {
    let stats: String = send(url, "INFO commandstats").await;
    let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_mget:calls="));
    let calls = calls.and_then(|calls| calls.split(',').next());
    calls.map_or(0, |calls| calls.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_of_who_listens_do_not_ask_the_server() {
    let (server, source) = (OwnRedis::start(), Source::default());
    let there = listener(&server.url());
    hears(&there, &source, &server.url()).await;
    let (before, hits) = (reads(&server.url()).await, there.stats().local_hits);
    for _ in 0..1_000 {
        source.ask(&there).await;
    }
    assert_eq!(there.stats().local_hits - hits, 1_000);
    assert_eq!(reads(&server.url()).await, before);
    // So they would be seen.
    cache(&server.url()).get::<u64>(&key(1)).await.unwrap();
    assert!(reads(&server.url()).await > before);
}
