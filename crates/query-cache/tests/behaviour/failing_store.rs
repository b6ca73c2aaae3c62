//! A store that is down, silent or emptied: never an error on a read, never an invalidation lost.

use query_cache::{Error, Key};
use tokio::time::{Instant, sleep};

use crate::support::{Mode, Source, TestStore, ask, key, minute, ms, relaxed, until};

#[tokio::test(start_paused = true)]
async fn reads_are_answered_whatever_the_store_does() {
    for mode in [Mode::Fails, Mode::Hangs] {
        let (store, source) = (TestStore::new(), Source::new(1));
        store.set_mode(mode);
        let cache = relaxed(&store);
        assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 1, "{mode:?}");
        assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 1, "{mode:?}");
        assert_eq!(source.loads(), 1, "{mode:?}: kept in this process");
        assert!(cache.get::<u64>(&Key::new("other")).await.unwrap().is_none());
        assert!(cache.stats().store_errors > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_store_costs_one_time_out_and_is_then_left_alone() {
    let store = TestStore::new();
    store.set_mode(Mode::Hangs);
    let (cache, begun) = (relaxed(&store), Instant::now());
    for part in 0..100 {
        let source = Source::new(1);
        let key = Key::new("q").part(part);
        cache.get_or_load(&key, &minute(), || source.load()).await.unwrap();
    }
    assert!(begun.elapsed() < ms(300), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn hits_go_on_while_the_store_is_away() {
    for mode in [Mode::Fails, Mode::Hangs] {
        let (store, source) = (TestStore::new(), Source::new(1));
        let cache = relaxed(&store);
        ask(&cache, &minute(), &source).await.unwrap();
        store.set_mode(mode);
        let mut waits = 0;
        for _ in 0..50 {
            sleep(ms(200)).await;
            let begun = Instant::now();
            assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 1, "{mode:?}");
            waits += usize::from(begun.elapsed() > ms(0));
        }
        assert_eq!(source.loads(), 1, "{mode:?}");
        assert!(waits <= 1, "{mode:?}: {waits} hits waited");
    }
}

#[tokio::test(start_paused = true)]
async fn the_store_is_used_again_when_it_is_back() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let cache = relaxed(&store);
    store.set_mode(Mode::Hangs);
    ask(&cache, &minute(), &source).await.unwrap();
    store.set_mode(Mode::Works);
    // The first question whether it is back was asked too early; the next one comes a pause later.
    sleep(ms(1300)).await;
    cache.set(&key(), 2u64, &minute()).await.unwrap();
    let other = relaxed(&store);
    assert_eq!(other.get::<u64>(&key()).await.unwrap().as_deref(), Some(&2));
}

#[tokio::test(start_paused = true)]
async fn one_slow_answer_does_not_keep_others_from_the_store() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let (cache, other) = (relaxed(&store), Key::new("other"));
    store.delay.store(200, std::sync::atomic::Ordering::Relaxed);
    ask(&cache, &minute(), &source).await.unwrap();
    assert!(cache.stats().store_errors > 0);
    store.delay.store(0, std::sync::atomic::Ordering::Relaxed);
    sleep(ms(500)).await;
    let (errors, calls) = (cache.stats().store_errors, store.calls());
    assert!(cache.get::<u64>(&other).await.unwrap().is_none());
    assert_eq!(cache.stats().store_errors, errors);
    assert!(store.calls() > calls);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_back_is_noticed_though_nobody_asks_it() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let cache = relaxed(&store);
    store.set_mode(Mode::Hangs);
    ask(&cache, &minute(), &source).await.unwrap();
    sleep(ms(10_000)).await;
    store.set_mode(Mode::Works);
    sleep(ms(1500)).await;
    let calls = store.calls();
    ask(&cache, &minute(), &source).await.unwrap();
    assert!(store.calls() > calls, "it is asked at once");
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_the_store_missed_holds_here_and_is_sent_later() {
    for mode in [Mode::Fails, Mode::Hangs] {
        let (store, source, policy) = (TestStore::new(), Source::new(1), minute().tag("tag"));
        let (here, there) = (relaxed(&store), relaxed(&store));
        ask(&here, &policy, &source).await.unwrap();
        ask(&there, &policy, &source).await.unwrap();
        source.write(2);
        store.set_mode(mode);
        let error = here.invalidate_tag("tag").await.unwrap_err();
        assert!(matches!(error, Error::Unsent { unsent: 1, .. }), "{error:?}");
        assert_eq!(ask(&here, &policy, &source).await.unwrap(), 2, "{mode:?}: holds here");
        store.set_mode(Mode::Works);
        // Nobody asks `here` for anything: the background task has to do it.
        until("it was never sent", async || here.stats().unsent == 0).await;
        sleep(ms(1000)).await;
        assert_eq!(ask(&there, &policy, &source).await.unwrap(), 2, "{mode:?}: seen elsewhere");
    }
}

/// The store still has the old value under a valid version when it comes back.
#[tokio::test(start_paused = true)]
async fn the_first_read_after_an_outage_does_not_bring_the_old_value_back() {
    let (store, source, policy) = (TestStore::new(), Source::new(1), minute().tag("tag"));
    let cache = relaxed(&store);
    ask(&cache, &policy, &source).await.unwrap();
    sleep(ms(1)).await;
    source.write(2);
    store.set_mode(Mode::Fails);
    cache.invalidate_tag("tag").await.unwrap_err();
    store.set_mode(Mode::Works);
    assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 2);
    assert_eq!(cache.get::<u64>(&key()).await.unwrap().as_deref(), Some(&2));
}

/// What was loaded while the store could not say under which versions is not trusted afterwards.
#[tokio::test(start_paused = true)]
async fn a_value_loaded_during_an_outage_is_loaded_again_after_it() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let cache = relaxed(&store);
    store.set_mode(Mode::Fails);
    ask(&cache, &minute(), &source).await.unwrap();
    source.write(2);
    store.set_mode(Mode::Works);
    sleep(ms(3000)).await;
    assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_set_the_store_missed_is_served_here() {
    let store = TestStore::new();
    store.set_mode(Mode::Fails);
    let cache = relaxed(&store);
    let error = cache.set(&key(), 5u64, &minute()).await.unwrap_err();
    assert!(matches!(error, Error::Unsent { .. }), "{error:?}");
    assert_eq!(cache.get::<u64>(&key()).await.unwrap().as_deref(), Some(&5));
}
