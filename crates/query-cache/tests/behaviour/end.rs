//! What a program may ask about a value, and what it waits for before it ends.

use std::sync::atomic::Ordering;

use query_cache::{Cache, Error};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::support::{
    Line, Mode, Source, TestStore, ask, ask_aside, key, minute, ms, relaxed, strict, until,
};

#[tokio::test(start_paused = true)]
async fn how_long_a_value_is_fresh_is_told_by_whichever_tier_has_it() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let (cache, other) = (strict(&store), strict(&store));
    assert_eq!(cache.ttl(&key()).await, None);
    let policy = minute().stale_for(ms(60_000));
    ask(&cache, &policy, &source).await.unwrap();
    sleep(ms(10_000)).await;
    for cache in [&cache, &other] {
        let left = cache.ttl(&key()).await.unwrap();
        assert!(left > ms(49_900) && left <= ms(50_000), "{left:?}");
        assert!(cache.exists(&key()).await);
    }
    assert_eq!(other.stats().total_queries(), 0);
    cache.expire(&key()).await.unwrap();
    for cache in [&cache, &other] {
        assert!(!cache.exists(&key()).await, "stale");
    }
    ask(&cache, &policy, &source).await.unwrap();
    sleep(ms(10)).await;
    assert!(other.exists(&key()).await);
    cache.invalidate(&key()).await.unwrap();
    for cache in [&cache, &other] {
        assert!(!cache.exists(&key()).await, "dead");
    }
    ask(&cache, &policy, &source).await.unwrap();
    sleep(ms(60_010)).await;
    assert!(!cache.exists(&key()).await && !other.exists(&key()).await, "stale by now");
}

#[tokio::test(start_paused = true)]
async fn at_the_end_everything_is_written() {
    let (store, source) = (TestStore::slow(20), Source::gated(1));
    let cache = relaxed(&store);
    let call = ask_aside(&cache, &minute(), &source);
    source.begun(1).await;
    call.abort();
    let opened = async {
        sleep(ms(500)).await;
        source.open();
    };
    let before = Instant::now();
    let closed = async {
        cache.close().await.unwrap();
        before.elapsed()
    };
    let (after, ()) = tokio::join!(closed, opened);
    assert!(after >= ms(540), "the load and its write take longer than {after:?}");
    store.delay.store(0, Ordering::Relaxed);
    let other = relaxed(&store);
    assert_eq!(ask(&other, &minute(), &source).await.unwrap(), 1);
    assert_eq!((source.loads(), other.stats().store_hits), (1, 1));
    Cache::builder().build().close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn at_the_end_the_store_is_told_or_the_program_is() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let cache = relaxed(&store);
    ask(&cache, &minute(), &source).await.unwrap();
    sleep(ms(10)).await;
    store.set_mode(Mode::Fails);
    cache.invalidate(&key()).await.unwrap_err();
    assert!(matches!(cache.close().await, Err(Error::Unsent { .. })));
    store.set_mode(Mode::Works);
    sleep(ms(2000)).await;
    cache.close().await.unwrap();
    assert_eq!(cache.stats().unsent, 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_last_handle_is_dropped_no_task_is_left() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let gone = || until("a task is left", async || tasks() == 0);
    for line in [Line::None, Line::Works, Line::Cut, Line::Dead] {
        let (store, source) = (TestStore::new(), Source::gated(1));
        let cache = relaxed(&store);
        // One that listens, one that loads, and one that tells the store what it could not be told.
        store.set_line(line);
        let caller = ask_aside(&cache, &minute(), &source);
        source.begun(1).await;
        caller.abort();
        _ = caller.await;
        store.set_mode(Mode::Fails);
        cache.invalidate(&key()).await.unwrap_err();
        assert!(tasks() >= 2, "{} tasks", tasks());
        let other = cache.clone();
        drop(cache);
        sleep(ms(5000)).await;
        assert!(tasks() >= 2, "{} tasks: there is a handle yet", tasks());
        source.open();
        drop(other);
        gone().await;
    }
}
