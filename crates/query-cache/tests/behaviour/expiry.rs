//! What was expired may still be served as stale, and nothing else.

use std::sync::Arc;

use query_cache::{Backend, Cache, Error, Policy};
use tokio::time::{advance, sleep};

use crate::support::{Mode, Source, TestStore, ask, key, minute, ms, relaxed, strict, until};

#[derive(Clone, Copy, Debug)]
enum Way {
    Key,
    Tag,
    Namespace,
    All,
}

const WAYS: [Way; 4] = [Way::Key, Way::Tag, Way::Namespace, Way::All];

impl Way {
    async fn expire<S: Backend>(self, cache: &Cache<S>) -> Result<(), Error> {
        match self {
            Self::Key => cache.expire(&key()).await,
            Self::Tag => cache.expire_tags(["tag", "other"]).await,
            Self::Namespace => cache.expire_namespace("q").await,
            Self::All => cache.expire_all().await,
        }
    }
}

fn patient() -> Policy {
    minute().stale_for(ms(60_000)).tag("tag")
}

async fn is_served_as_stale<S: Backend>(cache: Cache<S>, way: Way) {
    let source = Source::gated(1);
    source.let_through(1);
    ask(&cache, &patient(), &source).await.unwrap();
    sleep(ms(50)).await;
    source.write(2);
    way.expire(&cache).await.unwrap();
    assert_eq!(ask(&cache, &patient(), &source).await.unwrap(), 1, "{way:?}");
    source.begun(2).await;
    source.open();
    sleep(ms(50)).await;
    assert_eq!(ask(&cache, &patient(), &source).await.unwrap(), 2, "{way:?}");
    let stats = cache.stats();
    assert_eq!((source.loads(), stats.stale_hits), (2, 1), "{way:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_is_served_once_more_while_the_next_is_loaded() {
    for way in WAYS {
        is_served_as_stale(Cache::builder().build(), way).await;
        is_served_as_stale(relaxed(&TestStore::new()), way).await;
        is_served_as_stale(strict(&TestStore::slow(3)), way).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_stale_window_an_expired_value_is_dead() {
    for way in WAYS {
        for store in [None, Some(TestStore::slow(3))] {
            let (cache, source) = (Cache::builder().maybe_store(store).build(), Source::new(1));
            let policy = minute().tag("tag");
            ask(&cache, &policy, &source).await.unwrap();
            sleep(ms(50)).await;
            source.write(2);
            way.expire(&cache).await.unwrap();
            assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 2, "{way:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_processes_serve_it_as_stale_too() {
    for way in WAYS {
        let store = TestStore::new();
        let (here, there, later) = (strict(&store), strict(&store), strict(&store));
        let source = Source::new(1);
        ask(&here, &patient(), &source).await.unwrap();
        sleep(ms(10)).await;
        ask(&there, &patient(), &source).await.unwrap();
        source.write(2);
        source.fail(true);
        way.expire(&here).await.unwrap();
        for cache in [&here, &there, &later] {
            for _ in 0..3 {
                assert_eq!(ask(cache, &patient(), &source).await.unwrap(), 1, "{way:?}");
                sleep(ms(10)).await;
            }
            assert_eq!(cache.get::<u64>(&key()).await.unwrap(), None, "{way:?}: it is not fresh");
        }
        source.fail(false);
        sleep(ms(1500)).await;
        for cache in [&there, &here, &later] {
            ask(cache, &patient(), &source).await.unwrap();
            sleep(ms(10)).await;
            assert_eq!(ask(cache, &patient(), &source).await.unwrap(), 2, "{way:?}");
        }
        assert_eq!(source.loads(), 5, "{way:?}: one that succeeded did for all");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_load_under_way_brings_is_not_taken_for_fresh() {
    for way in WAYS {
        for store in [None, Some(TestStore::new())] {
            let cache = Cache::builder().maybe_store(store).build();
            let source = Source::gated(1);
            let policy = patient().wait_for_fresh(ms(1000));
            let first = {
                let (cache, policy, source) = (cache.clone(), policy.clone(), source.clone());
                tokio::spawn(async move { ask(&cache, &policy, &source).await })
            };
            source.begun(1).await;
            source.write(2);
            way.expire(&cache).await.unwrap();
            source.open();
            assert_eq!(first.await.unwrap().unwrap(), 1, "it began before");
            assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 2, "{way:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_expiry_brings_nothing_back_that_is_dead() {
    for way in WAYS {
        let store = TestStore::new();
        let (cache, other) = (strict(&store), strict(&store));
        let source = Source::new(1);
        ask(&cache, &patient(), &source).await.unwrap();
        sleep(ms(10)).await;
        ask(&other, &patient(), &source).await.unwrap();
        source.fail(true);
        store.set_mode(Mode::Fails);
        cache.invalidate_tag("tag").await.unwrap_err();
        way.expire(&cache).await.unwrap_err();
        ask(&cache, &patient(), &source).await.unwrap_err();
        store.set_mode(Mode::Works);
        until("the store was never told", async || cache.stats().unsent == 0).await;
        advance(ms(2000)).await;
        for cache in [&cache, &other, &strict(&store)] {
            ask(cache, &patient(), &source).await.unwrap_err();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_away_is_told_later() {
    for way in WAYS {
        let store = TestStore::new();
        let (cache, other): (Cache<Arc<TestStore>>, _) = (relaxed(&store), strict(&store));
        let source = Source::new(1);
        ask(&cache, &patient(), &source).await.unwrap();
        sleep(ms(10)).await;
        store.set_mode(Mode::Fails);
        let unsent = way.expire(&cache).await.unwrap_err();
        assert!(matches!(unsent, Error::Unsent { .. }), "{unsent:?}");
        store.set_mode(Mode::Works);
        until("the store was never told", async || cache.stats().unsent == 0).await;
        // There it is stale: found, and not good enough without a load.
        source.write(2);
        assert_eq!(other.get::<u64>(&key()).await.unwrap(), None, "{way:?}");
        source.fail(true);
        assert_eq!(ask(&other, &patient(), &source).await.unwrap(), 1, "{way:?}");
    }
}
