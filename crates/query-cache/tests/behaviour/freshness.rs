//! Times: stale serving, negative entries, what remains of a life.

use std::sync::atomic::Ordering;

use query_cache::{Backend, Cache, Error, Loaded, Policy};
use tokio::time::{advance, sleep};

use crate::support::{Down, Source, TestStore, ask, ask_aside, key, minute, ms, relaxed, until};

fn brief() -> Policy {
    Policy::ttl(ms(100)).stale_for(ms(1000))
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_is_served_while_one_refresh_runs() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    source.let_through(1);
    ask(&cache, &brief(), &source).await.unwrap();
    advance(ms(150)).await;
    source.write(2);
    for _ in 0..10 {
        assert_eq!(ask(&cache, &brief(), &source).await.unwrap(), 1, "nobody waits");
    }
    source.begun(2).await;
    source.open();
    sleep(ms(1)).await;
    assert_eq!(ask(&cache, &brief(), &source).await.unwrap(), 2);
    assert_eq!((source.loads(), cache.stats().stale_hits), (2, 10));
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_is_not_served_beyond_its_window() {
    let (cache, source) = (Cache::builder().build(), Source::new(1));
    ask(&cache, &brief(), &source).await.unwrap();
    advance(ms(1100)).await;
    source.write(2);
    assert_eq!(ask(&cache, &brief(), &source).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_invalidated_value_is_not_served_stale() {
    let (cache, source) = (Cache::builder().build(), Source::new(1));
    ask(&cache, &brief().tag("tag"), &source).await.unwrap();
    advance(ms(150)).await;
    cache.invalidate_tag("tag").await.unwrap();
    source.fail(true);
    ask(&cache, &brief().tag("tag"), &source).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn while_the_source_fails_the_stale_value_is_served_and_the_source_is_spared() {
    let (cache, source) = (Cache::builder().build(), Source::new(1));
    let policy = Policy::ttl(ms(100)).stale_for(ms(60_000)).retry_after(ms(500));
    ask(&cache, &policy, &source).await.unwrap();
    source.fail(true);
    advance(ms(150)).await;
    for _ in 0..200 {
        assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 1);
        sleep(ms(10)).await;
    }
    let tries = source.loads() - 1;
    assert!((3..=5).contains(&tries), "{tries} tries in two seconds, one each half");
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_in_the_store_helps_a_process_whose_load_fails() {
    let (store, source) = (TestStore::new(), Source::new(1));
    ask(&relaxed(&store), &brief(), &source).await.unwrap();
    advance(ms(150)).await;
    source.fail(true);
    let other = relaxed(&store);
    assert_eq!(ask(&other, &brief(), &source).await.unwrap(), 1);
    assert_eq!(other.stats().stale_hits, 1);
    advance(ms(1100)).await;
    ask(&other, &brief(), &source).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_value_from_the_store_keeps_only_what_remains_of_its_life() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let policy = Policy::ttl(ms(1000));
    ask(&relaxed(&store), &policy, &source).await.unwrap();
    until("the value is not in the store", async || {
        relaxed(&store).get::<u64>(&key()).await.unwrap().is_some()
    })
    .await;
    sleep(ms(900)).await;
    let other = relaxed(&store);
    assert_eq!(ask(&other, &policy, &source).await.unwrap(), 1);
    assert_eq!((source.loads(), other.stats().store_hits), (1, 1));
    source.write(2);
    sleep(ms(150)).await;
    assert_eq!(ask(&other, &policy, &source).await.unwrap(), 2, "a second after the load");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_answers_slowly_lengthens_no_life() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let policy = Policy::ttl(ms(1000));
    ask(&relaxed(&store), &policy, &source).await.unwrap();
    sleep(ms(900)).await;
    source.write(2);
    store.delay.store(20, Ordering::Relaxed);
    let other = relaxed(&store);
    assert_eq!(ask(&other, &policy, &source).await.unwrap(), 1);
    assert!(other.ttl(&key()).await.unwrap() <= ms(60));
    sleep(ms(65)).await;
    assert_eq!(ask(&other, &policy, &source).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_absent_value_is_kept_for_its_own_time() {
    let cache = Cache::builder().store(TestStore::new()).build();
    let policy = minute().negative_ttl(ms(100));
    let absent = || async { Ok::<_, Down>(None::<u64>) };
    let present = || async { Ok::<_, Down>(Some(7u64)) };
    assert_eq!(*cache.get_or_load_optional(&key(), &policy, absent).await.unwrap(), None);
    advance(ms(90)).await;
    assert_eq!(*cache.get_or_load_optional(&key(), &policy, present).await.unwrap(), None);
    advance(ms(20)).await;
    assert_eq!(*cache.get_or_load_optional(&key(), &policy, present).await.unwrap(), Some(7));
    advance(ms(1000)).await;
    assert_eq!(*cache.get_or_load_optional(&key(), &policy, absent).await.unwrap(), Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_value_near_its_end_is_refreshed_before_anybody_waits() {
    for store in [None, Some(TestStore::slow(3))] {
        let cache = Cache::builder().maybe_store(store).build();
        let policy = Policy::ttl(ms(1000)).refresh_ahead(ms(200));
        let source = Source::gated(1);
        source.let_through(1);
        ask(&cache, &policy, &source).await.unwrap();
        // Until it is in the store.
        sleep(ms(20)).await;
        source.write(2);
        advance(ms(730)).await;
        assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 1);
        assert_eq!(source.loads(), 1, "too early");
        advance(ms(150)).await;
        for _ in 0..10 {
            assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 1, "nobody waits");
        }
        source.begun(2).await;
        source.open();
        sleep(ms(20)).await;
        assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 2);
        advance(ms(300)).await;
        assert_eq!(
            ask(&cache, &policy, &source).await.unwrap(),
            2,
            "and has a whole life before it"
        );
        sleep(ms(20)).await;
        let stats = cache.stats();
        assert_eq!((source.loads(), stats.misses, stats.stale_hits), (2, 1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_invalidated_during_an_early_refresh_does_not_come_back() {
    let (cache, source) = (relaxed(&TestStore::new()), Source::gated(1));
    let policy = Policy::ttl(ms(1000)).refresh_ahead(ms(500)).tag("tag");
    source.let_through(1);
    ask(&cache, &policy, &source).await.unwrap();
    sleep(ms(600)).await;
    ask(&cache, &policy, &source).await.unwrap();
    source.begun(2).await;
    source.write(2);
    cache.invalidate_tag("tag").await.unwrap();
    source.open();
    sleep(ms(10)).await;
    assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 2);
    assert_eq!(source.loads(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failed_early_refresh_leaves_the_value_and_spares_the_source() {
    let (cache, source) = (Cache::builder().build(), Source::new(1));
    let policy = Policy::ttl(ms(10_000)).refresh_ahead(ms(5000)).retry_after(ms(1000));
    ask(&cache, &policy, &source).await.unwrap();
    source.fail(true);
    advance(ms(6000)).await;
    for _ in 0..250 {
        assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 1);
        sleep(ms(10)).await;
    }
    let tries = source.loads() - 1;
    assert!((2..=4).contains(&tries), "{tries} tries in two seconds and a half, one each second");
    sleep(ms(5000)).await;
    ask(&cache, &policy, &source).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn who_can_wait_a_little_for_a_fresh_value_gets_it_or_the_stale_one() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    let policy = brief().wait_for_fresh(ms(50));
    source.let_through(1);
    ask(&cache, &policy, &source).await.unwrap();
    advance(ms(150)).await;
    source.write(2);
    let before = tokio::time::Instant::now();
    assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 1);
    assert_eq!(before.elapsed(), ms(50));
    // The refresh has gone on; who comes now waits for the same one.
    let opened = async {
        sleep(ms(30)).await;
        source.open();
    };
    let (answer, ()) = tokio::join!(ask(&cache, &policy, &source), opened);
    assert_eq!(answer.unwrap(), 2);
    assert_eq!((source.loads(), cache.stats().stale_hits), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_fresh_value_waits_on_when_the_stale_one_is_invalidated() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    let policy = brief().wait_for_fresh(ms(50));
    source.let_through(1);
    ask(&cache, &policy, &source).await.unwrap();
    advance(ms(150)).await;
    let waiting = ask_aside(&cache, &policy, &source);
    let limited = ask_aside(&cache, &policy.clone().answer_within(ms(80)), &source);
    source.begun(2).await;
    cache.invalidate(&key()).await.unwrap();
    let limited = limited.await.unwrap();
    assert!(matches!(limited, Err(Error::TimedOut { limit }) if limit == ms(80)), "{limited:?}");
    source.open();
    assert_eq!(waiting.await.unwrap().unwrap(), 1, "began before");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_no_longer_than_it_is_let_and_the_load_goes_on() {
    let (cache, source) = (Cache::builder().build(), Source::gated(1));
    let policy = minute().answer_within(ms(50));
    let before = tokio::time::Instant::now();
    let late = || async { (ask(&cache, &policy, &source).await, before.elapsed()) };
    let (one, other) = tokio::join!(late(), late());
    for (answer, after) in [one, other] {
        assert!(matches!(answer, Err(Error::TimedOut { limit }) if limit == ms(50)), "{answer:?}");
        assert_eq!(after, ms(50));
    }
    source.open();
    sleep(ms(1)).await;
    assert_eq!(ask(&cache, &policy, &source).await.unwrap(), 1);
    let stats = cache.stats();
    assert_eq!((source.loads(), stats.misses, stats.local_hits, stats.load_errors), (1, 2, 1, 0));
}

/// A page with its entity tag, which is sent again only when it has changed.
type Page = (u32, String);

async fn page(cache: &Cache<impl Backend>, policy: &Policy, etag: u32) -> Result<Page, Error> {
    let load = move |previous: Option<std::sync::Arc<Page>>| async move {
        let known = previous.as_ref().map(|page| page.0);
        let text = format!("{etag} after {known:?}");
        let changed = known != Some(etag);
        Ok::<_, Down>(if changed { Loaded::new((etag, text)) } else { Loaded::unchanged() })
    };
    let found = cache.get_or_load_with(&key(), policy, load).await?;
    Ok((*found).clone())
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_value_begins_a_new_life_here_and_in_the_store() {
    let store = TestStore::new();
    let (cache, other) = (relaxed(&store), relaxed(&store));
    let policy = Policy::ttl(ms(1000)).stale_for(ms(60_000)).wait_for_fresh(ms(100));
    let first = (5, "5 after None".to_owned());
    assert_eq!(page(&cache, &policy, 5).await.unwrap(), first);
    sleep(ms(1500)).await;
    assert_eq!(page(&cache, &policy, 5).await.unwrap(), first, "unchanged");
    assert_eq!((cache.stats().loads, cache.stats().stale_hits), (2, 0));
    sleep(ms(700)).await;
    assert_eq!(page(&cache, &policy, 6).await.unwrap(), first, "fresh again");
    assert_eq!(page(&other, &policy, 6).await.unwrap(), first, "for all");
    assert_eq!(other.stats().loads, 0);
    // What only the store has is a previous value as well.
    sleep(ms(1000)).await;
    let third = relaxed(&store);
    assert_eq!(page(&third, &policy, 6).await.unwrap(), (6, "6 after Some(5)".to_owned()));
    third.invalidate(&key()).await.unwrap();
    assert_eq!(page(&third, &policy, 6).await.unwrap(), (6, "6 after None".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn nothing_cannot_be_unchanged() {
    let cache = Cache::builder().build();
    let load = |_| async { Ok::<_, Down>(Loaded::<u64>::unchanged()) };
    let error = cache.get_or_load_with(&key(), &minute(), load).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("unchanged"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_load_can_shorten_the_life_of_what_it_brings_but_not_lengthen_it() {
    let store = TestStore::new();
    let cache = relaxed(&store);
    for (asked, lives) in [(0, 0), (500, 500), (600_000, 60_000)] {
        let key = query_cache::Key::new("token").part(asked);
        let load = move |_| async move { Ok::<_, Down>(Loaded::new(1u64).ttl(ms(asked))) };
        cache.get_or_load_with(&key, &minute(), load).await.unwrap();
        sleep(ms(lives.max(20) - 10)).await;
        let kept = cache.get::<u64>(&key).await.unwrap().is_some();
        assert_eq!(kept, lives > 0, "{asked} ms");
        sleep(ms(20)).await;
        for cache in [&cache, &relaxed(&store)] {
            assert_eq!(cache.get::<u64>(&key).await.unwrap(), None, "{asked} ms");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_can_shorten_the_stale_window_but_not_lengthen_it() {
    let cache = Cache::builder().build();
    let policy = brief().retry_after(ms(1));
    for (asked, window) in [(0, 0), (300, 300), (60_000, 1000)] {
        let key = query_cache::Key::new("token").part(asked);
        let load = move |_| async move { Ok::<_, Down>(Loaded::new(1u64).stale_for(ms(asked))) };
        cache.get_or_load_with(&key, &policy, load).await.unwrap();
        let fail = |_| async { Err::<Loaded<u64>, _>(Down) };
        for (step, at) in [(80 + window, 80 + window), (40, 120 + window)] {
            advance(ms(step)).await;
            let answer = cache.get_or_load_with(&key, &policy, fail).await;
            assert_eq!(answer.is_ok(), at < 100 + window, "{asked} ms, after {at} ms");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_lives_shorter_than_the_window_is_not_loaded_again_and_again() {
    let cache = relaxed(&TestStore::new());
    let policy = Policy::ttl(ms(60_000)).refresh_ahead(ms(10_000)).negative_ttl(ms(1000));
    let loads = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for _ in 0..40 {
        let counted = std::sync::Arc::clone(&loads);
        let load = || async move {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok::<Option<u64>, Down>(None)
        };
        cache.get_or_load_optional(&key(), &policy, load).await.unwrap();
        sleep(ms(10)).await;
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1, "in four tenths of its life");
}
