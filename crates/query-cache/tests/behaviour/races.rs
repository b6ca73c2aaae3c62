//! An invalidation that happens while a load is under way is never undone by what the load brings.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use query_cache::{Backend, Cache, Loaded, Policy};
use tokio::time::sleep;

use crate::support::{
    Down, Mode, Source, TestStore, ask, ask_aside, key, minute, ms, relaxed, strict, until,
};

/// Every way to say that a value is out of date.
#[derive(Clone, Copy, Debug)]
enum Way {
    Key,
    Tag,
    Clear,
    ClearAll,
    Set,
}

const WAYS: [Way; 5] = [Way::Key, Way::Tag, Way::Clear, Way::ClearAll, Way::Set];

impl Way {
    /// After this the source and the cache agree on `value`.
    async fn change<S: Backend>(self, cache: &Cache<S>, source: &Source, value: u64) {
        source.write(value);
        match self {
            Self::Key => cache.invalidate(&key()).await.unwrap(),
            Self::Tag => cache.invalidate_tags(["other", "tag"]).await.unwrap(),
            Self::Clear => cache.clear("q").await.unwrap(),
            Self::ClearAll => cache.clear_all().await.unwrap(),
            Self::Set => drop(cache.set(&key(), value, &minute().tag("tag")).await.unwrap()),
        }
    }
}

async fn a_running_load_is_not_kept<S: Backend>(cache: Cache<S>, way: Way) {
    let (source, policy) = (Source::gated(1), minute().tag("tag"));
    let early = ask_aside(&cache, &policy, &source);
    source.begun(1).await;
    way.change(&cache, &source, 2).await;
    let late = ask_aside(&cache, &policy, &source);
    source.open();
    assert_eq!(early.await.unwrap().unwrap(), 1, "{way:?}: who asked before may get the old value");
    assert_eq!(late.await.unwrap().unwrap(), 2, "{way:?}: who asks after does not wait for it");
    assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 2, "{way:?}: nor finds it later");
}

#[tokio::test(start_paused = true)]
async fn a_load_begun_before_an_invalidation_is_not_kept() {
    for way in WAYS {
        a_running_load_is_not_kept(Cache::builder().build(), way).await;
        a_running_load_is_not_kept(relaxed(&TestStore::new()), way).await;
        a_running_load_is_not_kept(relaxed(&TestStore::slow(7)), way).await;
    }
}

/// The late caller's load ends first: the early one must not overwrite what it left.
#[tokio::test(start_paused = true)]
async fn a_load_that_ends_late_does_not_replace_a_newer_value() {
    for way in WAYS {
        let (cache, policy) = (Cache::builder().build(), minute().tag("tag"));
        let (old, new) = (Source::gated(1), Source::new(2));
        let early = ask_aside(&cache, &policy, &old);
        old.begun(1).await;
        way.change(&cache, &new, 2).await;
        assert_eq!(ask(&cache, &policy, &new).await.unwrap(), 2, "{way:?}");
        old.open();
        assert_eq!(early.await.unwrap().unwrap(), 1, "{way:?}");
        assert_eq!(ask(&cache, &policy, &new).await.unwrap(), 2, "{way:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_in_place_is_dead_after_an_invalidation() {
    for way in WAYS {
        for store in [TestStore::new(), TestStore::slow(3)] {
            let (cache, policy) = (relaxed(&store), minute().tag("tag"));
            let source = Source::new(1);
            assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 1);
            way.change(&cache, &source, 2).await;
            assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 2, "{way:?}");
        }
    }
}

/// The value is in the store; its way into this process takes a while, and the change comes at each
/// stage of it.
#[tokio::test(start_paused = true)]
async fn a_value_on_its_way_from_the_store_is_not_kept_either() {
    for way in WAYS {
        for stage in [5, 15, 25, 35, 45] {
            change_while_it_is_read(way, ms(stage)).await;
        }
    }
}

async fn change_while_it_is_read(way: Way, stage: Duration) {
    let (store, policy) = (TestStore::slow(10), minute().tag("tag"));
    ask(&relaxed(&store), &policy, &Source::new(1)).await.unwrap();
    until("the value is not in the store", async || {
        relaxed(&store).get::<u64>(&key()).await.unwrap().is_some()
    })
    .await;
    for through_get in [false, true] {
        let (cache, source) = (relaxed(&store), Source::new(1));
        let (reader, reading) = (cache.clone(), policy.clone());
        let read = tokio::spawn(async move {
            match through_get {
                true => drop(reader.get::<u64>(&key()).await.unwrap()),
                false => drop(ask(&reader, &reading, &Source::new(1)).await.unwrap()),
            }
        });
        sleep(stage).await;
        way.change(&cache, &source, 2).await;
        read.await.unwrap();
        assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 2, "{way:?} after {stage:?}");
        // For the next round the store has to have the old value again.
        cache.set(&key(), 1u64, &policy).await.unwrap();
        sleep(ms(100)).await;
    }
}

/// The other process loaded before the invalidation and writes to the store after it.
#[tokio::test(start_paused = true)]
async fn a_late_write_of_another_process_is_dead_on_arrival() {
    for way in WAYS {
        let store = TestStore::new();
        let (here, there) = (relaxed(&store), relaxed(&store));
        let (source, policy) = (Source::gated(1), minute().tag("tag"));
        let early = ask_aside(&there, &policy, &source);
        source.begun(1).await;
        way.change(&here, &source, 2).await;
        source.open();
        assert_eq!(early.await.unwrap().unwrap(), 1);
        assert_eq!(ask(&here, &policy, &source).await.unwrap(), 2, "{way:?}");
        let fresh = relaxed(&Arc::clone(&store));
        assert_eq!(ask(&fresh, &policy, &source).await.unwrap(), 2, "{way:?}");
    }
}

/// A refresh that begins after the invalidation, for a call that began before it and fails.
#[tokio::test(start_paused = true)]
async fn a_stale_value_invalidated_while_it_was_checked_is_not_fallen_back_on() {
    for way in WAYS {
        let store = TestStore::new();
        let (cache, source) = (strict(&store), Source::new(1));
        let policy = minute().stale_for(Duration::from_secs(60)).tag("tag");
        ask(&cache, &policy, &source).await.unwrap();
        sleep(ms(60_500)).await;
        source.fail(true);
        store.delay.store(10, Ordering::Relaxed);
        let early = ask_aside(&cache, &policy, &source);
        // The store has said that the versions hold, and its answer is on the way.
        sleep(ms(15)).await;
        way.change(&cache, &source, 2).await;
        // Who asked before may get the old value still.
        _ = early.await.unwrap();
        for _ in 0..2 {
            assert_ne!(ask(&cache, &policy, &source).await.ok(), Some(1), "{way:?}");
        }
    }
}

/// The store is asked first; an invalidation falls into that.
#[tokio::test(start_paused = true)]
async fn a_load_is_not_given_what_was_invalidated_while_the_store_was_asked() {
    for wait in [0, 15, 25, 45, 65] {
        for way in WAYS {
            let store = TestStore::slow(10);
            let cache = relaxed(&store);
            let policy =
                Policy::ttl(ms(1000)).stale_for(ms(60_000)).tag("tag").wait_for_fresh(ms(5000));
            let load = |previous: Option<Arc<u64>>| async move {
                Ok::<_, Down>(previous.map_or(Loaded::new(2), |_| Loaded::unchanged()))
            };
            cache.set(&key(), 1u64, &policy).await.unwrap();
            sleep(ms(2000)).await;
            let call = {
                let (cache, policy) = (cache.clone(), policy.clone());
                tokio::spawn(async move {
                    cache.get_or_load_with(&key(), &policy, load).await.map(|value| *value)
                })
            };
            sleep(ms(wait)).await;
            way.change(&cache, &Source::new(1), 2).await;
            // Began before: what it gets is not said.
            _ = call.await.unwrap();
            sleep(ms(500)).await;
            for cache in [&cache, &strict(&store)] {
                let got = cache.get_or_load_with(&key(), &policy, load).await.unwrap();
                assert_eq!(*got, 2, "{way:?} after {wait} ms");
            }
        }
    }
}

/// A load that takes its versions after a `set` has told the store.
#[tokio::test(start_paused = true)]
async fn a_load_that_was_replaced_writes_nothing_to_the_store() {
    for wait in [0, 10, 30, 50, 70] {
        let store = TestStore::slow(10);
        let (cache, source) = (relaxed(&store), Source::gated(1));
        let policy = minute().tag("tag");
        let call = ask_aside(&cache, &policy, &source);
        sleep(ms(wait)).await;
        cache.set(&key(), 2u64, &policy).await.unwrap();
        sleep(ms(200)).await;
        source.open();
        call.await.unwrap().unwrap();
        sleep(ms(200)).await;
        assert_eq!(ask(&strict(&store), &policy, &source).await.unwrap(), 2, "after {wait} ms");
    }
}

/// The store answers a `get`, then fails, so a load goes past it.
#[tokio::test(start_paused = true)]
async fn what_a_get_finds_in_the_store_does_not_replace_what_was_loaded_since() {
    let (store, source) = (TestStore::new(), Source::new(1));
    ask(&relaxed(&store), &minute(), &source).await.unwrap();
    sleep(ms(20)).await;
    store.delay.store(10, Ordering::Relaxed);
    let cache = relaxed(&store);
    let get = {
        let cache = cache.clone();
        tokio::spawn(async move { cache.get::<u64>(&key()).await.unwrap().map(|value| *value) })
    };
    // Both its answers are made; the second one is on the way.
    sleep(ms(35)).await;
    store.set_mode(Mode::Fails);
    source.write(2);
    assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 2);
    assert_eq!(get.await.unwrap(), Some(1));
    assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 2);
}

/// A refresh is on its way past the store while another process invalidates; then its load fails.
#[tokio::test(start_paused = true)]
async fn a_failed_load_does_not_fall_back_on_what_was_invalidated_elsewhere_before_it() {
    let (store, source) = (TestStore::new(), Source::gated(1));
    let (cache, other) = (strict(&store), strict(&store));
    let policy = Policy::ttl(ms(100)).stale_for(ms(60_000)).tag("tag");
    source.let_through(1);
    ask(&cache, &policy, &source).await.unwrap();
    sleep(ms(150)).await;
    store.delay.store(10, Ordering::Relaxed);
    source.fail(true);
    assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 1, "stale, and being refreshed");
    other.invalidate_tag("tag").await.unwrap();
    let joined = ask_aside(&cache, &policy, &source);
    source.begun(2).await;
    source.open();
    joined.await.unwrap().unwrap_err();
}
