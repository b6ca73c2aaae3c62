//! Two caches on one store, as two processes are.

use std::sync::atomic::Ordering;
use std::time::Duration;

use query_cache::{AnyStore, Cache, Key, Tenant};
use tokio::time::{advance, sleep};

use crate::support::{
    Down, Mode, Source, TestStore, ask, ask_aside, key, minute, ms, relaxed, strict, until,
};

#[tokio::test(start_paused = true)]
async fn what_one_loads_the_other_finds() {
    let (store, source) = (TestStore::new(), Source::new(1));
    ask(&relaxed(&store), &minute(), &source).await.unwrap();
    let other = relaxed(&store);
    until("the value is not in the store", async || {
        other.get::<u64>(&key()).await.unwrap().is_some()
    })
    .await;
    assert_eq!(ask(&other, &minute(), &source).await.unwrap(), 1);
    assert_eq!(source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_elsewhere_is_seen_within_the_bound() {
    let (store, source, policy) = (TestStore::new(), Source::new(1), minute().tag("tag"));
    let (here, there) = (relaxed(&store), relaxed(&store));
    ask(&there, &policy, &source).await.unwrap();
    source.write(2);
    here.invalidate_tag("tag").await.unwrap();
    assert_eq!(ask(&there, &policy, &source).await.unwrap(), 1, "not compared yet");
    advance(Duration::from_secs(1)).await;
    assert_eq!(ask(&there, &policy, &source).await.unwrap(), 2);
}

/// The bound counts from when the versions were read, which is before the load, not from its end.
#[tokio::test(start_paused = true)]
async fn a_load_longer_than_the_bound_is_compared_on_its_first_hit() {
    let (store, source) = (TestStore::new(), Source::gated(1));
    let (here, there) = (relaxed(&store), relaxed(&store));
    let early = ask_aside(&there, &minute(), &source);
    source.begun(1).await;
    source.write(2);
    here.invalidate(&key()).await.unwrap();
    advance(ms(1500)).await;
    source.open();
    assert_eq!(early.await.unwrap().unwrap(), 1);
    assert_eq!(ask(&there, &minute(), &source).await.unwrap(), 2);
}

/// Nor from its end where the versions could not be read.
#[tokio::test(start_paused = true)]
async fn a_load_begun_while_the_store_was_away_is_compared_when_that_is_back() {
    let (store, source) = (TestStore::new(), Source::gated(1));
    let (here, there) = (relaxed(&store), relaxed(&store));
    store.set_mode(Mode::Fails);
    let early = ask_aside(&there, &minute(), &source);
    source.begun(1).await;
    store.set_mode(Mode::Works);
    source.write(2);
    here.invalidate(&key()).await.unwrap();
    advance(ms(1500)).await;
    source.open();
    assert_eq!(early.await.unwrap().unwrap(), 1);
    assert_eq!(ask(&there, &minute(), &source).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn with_a_bound_of_zero_it_is_seen_at_once() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let (here, there) = (strict(&store), strict(&store));
    ask(&there, &minute(), &source).await.unwrap();
    source.write(2);
    here.invalidate(&key()).await.unwrap();
    assert_eq!(ask(&there, &minute(), &source).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hit_asks_the_store_once_a_bound_and_not_more() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let cache = relaxed(&store);
    ask(&cache, &minute(), &source).await.unwrap();
    sleep(ms(1)).await;
    let before = store.calls();
    for _ in 0..1000 {
        ask(&cache, &minute(), &source).await.unwrap();
        sleep(ms(10)).await;
    }
    let calls = store.calls() - before;
    assert!((9..=10).contains(&calls), "{calls} calls in ten seconds");
    assert_eq!(source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_lost_everything_makes_nothing_valid_again() {
    let (store, source, policy) = (TestStore::new(), Source::new(1), minute().tag("tag"));
    let (here, there) = (strict(&store), strict(&store));
    ask(&there, &policy, &source).await.unwrap();
    source.write(2);
    here.invalidate_tag("tag").await.unwrap();
    store.lose_everything();
    assert_eq!(ask(&there, &policy, &source).await.unwrap(), 2);
    assert_eq!(ask(&here, &policy, &source).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn bytes_that_cannot_be_read_are_a_miss() {
    let (store, source) = (TestStore::new(), Source::new(1));
    store.corrupt_writes();
    ask(&relaxed(&store), &minute(), &source).await.unwrap();
    sleep(ms(1)).await;
    let other = relaxed(&store);
    assert_eq!(ask(&other, &minute(), &source).await.unwrap(), 1);
    assert_eq!((source.loads(), other.stats().unreadable), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn other_tags_than_the_writer_used_are_a_miss() {
    let (store, source) = (TestStore::new(), Source::new(1));
    ask(&relaxed(&store), &minute().tags(["a", "b"]), &source).await.unwrap();
    sleep(ms(1)).await;
    let same = minute().tags(["b", "a", "b"]);
    ask(&relaxed(&store), &same, &source).await.unwrap();
    assert_eq!(source.loads(), 1, "order and repetition of tags do not count");
    ask(&relaxed(&store), &minute().tag("a"), &source).await.unwrap();
    assert_eq!(source.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn large_values_are_compressed_and_too_large_ones_stay_out_of_the_store() {
    let store = TestStore::new();
    let cache = Cache::builder().store(std::sync::Arc::clone(&store)).largest_value(50_000).build();
    let text = |length: usize| move || async move { Ok::<_, Down>("night ".repeat(length)) };
    let keys = [1_000, 10_000].map(|length| (Key::new("t").part(length as u64), length));
    for (key, length) in &keys {
        cache.get_or_load(key, &minute(), text(*length)).await.unwrap();
    }
    sleep(ms(1)).await;
    assert_eq!(cache.stats().unstorable, 1);
    let other = relaxed(&store);
    let found = other.get::<String>(&keys[0].0).await.unwrap();
    assert_eq!(found.as_deref(), Some(&"night ".repeat(1_000)));
    assert!(other.get::<String>(&keys[1].0).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_store_chosen_at_run_time_does_the_same() {
    let store = TestStore::new();
    let cache = |store: Option<AnyStore>| Cache::builder().maybe_store(store).build();
    let source = Source::new(1);
    let shared = || Some(AnyStore::new(std::sync::Arc::clone(&store)));
    ask(&cache(shared()), &minute(), &source).await.unwrap();
    sleep(ms(1)).await;
    ask(&cache(shared()), &minute(), &source).await.unwrap();
    assert_eq!(source.loads(), 1);
    let alone = cache(None);
    ask(&alone, &minute(), &source).await.unwrap();
    ask(&alone, &minute(), &source).await.unwrap();
    assert_eq!(source.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn tenants_never_meet() {
    let cache = Cache::builder().store(TestStore::new()).build();
    let (north, south) = (Tenant::new("north"), Tenant::new("south"));
    for tenant in [&north, &south] {
        cache
            .set(&tenant.key("q"), tenant.clone() == north, &minute().tag(tenant.tag("t")))
            .await
            .unwrap();
    }
    cache.invalidate_tag(north.tag("t")).await.unwrap();
    cache.invalidate_tag("t").await.unwrap();
    cache.clear("q").await.unwrap();
    assert_eq!(cache.get::<bool>(&north.key("q")).await.unwrap(), None);
    assert_eq!(cache.get::<bool>(&south.key("q")).await.unwrap().as_deref(), Some(&false));
    cache.clear(south.namespace("q")).await.unwrap();
    assert_eq!(cache.get::<bool>(&south.key("q")).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn many_invalidations_at_once_send_each_name_about_once() {
    let store = TestStore::slow(5);
    let cache = relaxed(&store);
    let keys = (0..1000u32).map(|id| Key::new("row").part(id));
    let all = keys.map(|key| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.invalidate(&key).await })
    });
    for invalidated in all.collect::<Vec<_>>() {
        invalidated.await.unwrap().unwrap();
    }
    let removed = store.removed.load(Ordering::Relaxed);
    assert!((2000..2100).contains(&removed), "{removed} names, two for each key");
}

#[tokio::test(start_paused = true)]
async fn no_number_of_tags_takes_what_has_none_of_them() {
    let (store, source) = (TestStore::new(), Source::new(1));
    let cache = strict(&store);
    ask(&cache, &minute().tag("other"), &source).await.unwrap();
    cache.invalidate_tags((0..25_000).map(|day| format!("day:{day}"))).await.unwrap();
    ask(&cache, &minute().tag("other"), &source).await.unwrap();
    assert_eq!(source.loads(), 1);
}
