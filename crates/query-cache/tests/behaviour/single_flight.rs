//! One load a key at a time, whoever comes and goes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use query_cache::{Cache, Error, FillGuard, FillLock, Key, Policy};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::support::{Down, Mode, Source, TestStore, ask, ask_aside, key, minute, ms, relaxed};

#[tokio::test(start_paused = true)]
async fn a_failing_load_runs_once_and_tells_all_the_same() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    source.fail(true);
    let calls: Vec<_> = (0..1000).map(|_| ask_aside(&cache, &minute(), &source)).collect();
    source.begun(1).await;
    tokio::time::sleep(ms(1)).await;
    source.open();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(error.load_error::<Down>().is_some(), "{error:?}");
    }
    assert_eq!(source.loads(), 1);
    let stats = cache.stats();
    assert_eq!((stats.load_errors, stats.coalesced, stats.misses), (1, 999, 1));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_not_remembered() {
    let (cache, source) = (Cache::builder().build(), Source::new(1));
    source.fail(true);
    ask(&cache, &minute(), &source).await.unwrap_err();
    source.fail(false);
    assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_neither_stops_nor_repeats_the_load() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    let leader = ask_aside(&cache, &minute(), &source);
    source.begun(1).await;
    let waiter = ask_aside(&cache, &minute(), &source);
    leader.abort();
    leader.await.unwrap_err();
    source.open();
    assert_eq!(waiter.await.unwrap().unwrap(), 1);
    assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), 1);
    assert_eq!(source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_finishes_even_when_all_callers_went_away() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    timeout(ms(1), ask(&cache, &minute(), &source)).await.unwrap_err();
    source.open();
    tokio::time::sleep(ms(1)).await;
    assert_eq!(cache.get::<u64>(&key()).await.unwrap().as_deref(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn a_panicking_load_is_an_error_and_frees_the_key() {
    let cache = Cache::builder().build();
    let explode = || async {
        tokio::task::yield_now().await;
        if true {
            panic!("a panic of the load, on purpose");
        }
        Ok::<u64, io::Error>(1)
    };
    let error = cache.get_or_load(&key(), &minute(), explode).await.unwrap_err();
    assert!(matches!(error, Error::LoadAborted), "{error:?}");
    assert_eq!(ask(&cache, &minute(), &Source::new(2)).await.unwrap(), 2);
    assert_eq!(cache.stats().load_errors, 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_takes_too_long_is_an_error_and_frees_the_key() {
    let (cache, stuck) = (Cache::builder().build(), Source::gated(1));
    let begun = Instant::now();
    let error = ask(&cache, &minute().load_timeout(ms(100)), &stuck).await.unwrap_err();
    assert!(matches!(error, Error::LoadTimeout { limit } if limit == ms(100)), "{error:?}");
    assert!(begun.elapsed() < ms(110));
    assert_eq!(ask(&cache, &minute(), &Source::new(2)).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_wait_for_each_other() {
    let (cache, stuck) = (Cache::builder().build(), Source::gated(1));
    let _waiting = ask_aside(&cache, &minute(), &stuck);
    stuck.begun(1).await;
    for part in 0..200 {
        let key = Key::new("other").part(part);
        cache.get_or_load(&key, &minute(), || async { Ok::<_, Down>(0u8) }).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_to_live_of_zero_keeps_nothing_but_shares_the_load() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    let policy = Policy::ttl(Duration::ZERO).stale_for(ms(1000));
    let calls: Vec<_> = (0..10).map(|_| ask_aside(&cache, &policy, &source)).collect();
    source.begun(1).await;
    tokio::time::sleep(ms(1)).await;
    source.open();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
    ask(&cache, &policy, &source).await.unwrap();
    assert_eq!((source.loads(), cache.stats().entries), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn another_type_under_the_same_key_is_an_error() {
    let cache = Cache::builder().build();
    ask(&cache, &minute(), &Source::new(1)).await.unwrap();
    let error = cache.get::<String>(&key()).await.unwrap_err();
    assert!(matches!(error, Error::WrongType { .. }), "{error:?}");
}

/// One lock for all, as a lock service gives to several processes.
#[derive(Clone, Default)]
struct OneAtATime(Arc<Mutex<()>>);

impl FillLock for OneAtATime {
    async fn lock(&self, _: &Key) -> Option<FillGuard> {
        Some(Box::new(Arc::clone(&self.0).lock_owned().await))
    }
}

#[tokio::test(start_paused = true)]
async fn a_fill_lock_makes_it_one_load_across_processes() {
    let (store, lock, source) = (TestStore::slow(1), OneAtATime::default(), Source::gated(1));
    let process = || Cache::builder().store(Arc::clone(&store)).fill_lock(lock.clone()).build();
    let calls: Vec<_> = (0..4).map(|_| ask_aside(&process(), &minute(), &source)).collect();
    source.begun(1).await;
    tokio::time::sleep(ms(20)).await;
    source.open();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
    assert_eq!(source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fill_lock_that_never_comes_delays_a_load_but_does_not_stop_it() {
    let lock = OneAtATime::default();
    let _held = lock.lock(&key()).await;
    let store = TestStore::new();
    let cache = Cache::builder().store(store).fill_lock(lock).fill_lock_wait(ms(300)).build();
    let begun = Instant::now();
    assert_eq!(ask(&cache, &minute(), &Source::new(1)).await.unwrap(), 1);
    assert!(begun.elapsed() >= ms(300) && begun.elapsed() < ms(310));
}

#[tokio::test(start_paused = true)]
async fn what_came_while_a_fill_lock_was_waited_for_in_vain_is_not_loaded_again() {
    let lock = OneAtATime::default();
    let _held = lock.lock(&key()).await;
    let (store, source) = (TestStore::new(), Source::new(1));
    let cache = Cache::builder().store(Arc::clone(&store)).fill_lock(lock).build();
    let waits = ask_aside(&cache, &minute(), &source);
    tokio::time::sleep(ms(10)).await;
    ask(&relaxed(&store), &minute(), &source).await.unwrap();
    assert_eq!(waits.await.unwrap().unwrap(), 1);
    assert_eq!(source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_silent_nobody_waits_for_a_fill_lock() {
    let lock = OneAtATime::default();
    let _held = lock.lock(&key()).await;
    let (store, source) = (TestStore::new(), Source::new(1));
    store.set_mode(Mode::Hangs);
    let cache = Cache::builder().store(store).fill_lock(lock).store_timeout(ms(250)).build();
    let begun = Instant::now();
    ask(&cache, &minute(), &source).await.unwrap();
    assert!(begun.elapsed() < ms(300), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_a_fill_lock_each_process_loads_once() {
    let (store, source) = (TestStore::new(), Source::gated(1));
    let calls: Vec<_> = (0..3).map(|_| ask_aside(&relaxed(&store), &minute(), &source)).collect();
    source.begun(3).await;
    source.open();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
    assert_eq!(source.loads(), 3);
}
