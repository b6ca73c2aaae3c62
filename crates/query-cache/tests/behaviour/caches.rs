//! Caches by name on one store.

use std::sync::Arc;

use query_cache::{Caches, Error, Key, MemoryStore};
use tokio::time::sleep;

use crate::support::{Mode, Source, TestStore, ask, key, minute, ms, relaxed};

fn caches(store: &Arc<TestStore>) -> Caches<Arc<TestStore>> {
    Caches::new(Arc::clone(store), |name, settings| {
        settings.local(if name == "small" { 0 } else { 100 })
    })
}

#[cfg(feature = "testing")]
#[tokio::test(start_paused = true)]
async fn the_part_of_a_store_is_a_store() {
    use query_cache::{Scoped, testing};
    testing::contract(Scoped::new(MemoryStore::default(), "part")).await;
    testing::tally_contract(Scoped::new(MemoryStore::default(), "part")).await;
}

#[tokio::test(start_paused = true)]
async fn one_key_in_two_caches_is_two_values_that_fall_apart() -> Result<(), Error> {
    let store = TestStore::new();
    let (mine, yours) = (caches(&store), caches(&store));
    let (one, two, plain) = (mine.named("one"), mine.named("two"), relaxed(&store));
    let policy = minute().tag("tag");
    for (value, cache) in [(1, &one), (2, &two)] {
        assert_eq!(ask(cache, &policy, &Source::new(value)).await?, value);
        assert_eq!(cache.increment(&key(), 1, ms(60_000)).await?, 1);
    }
    assert_eq!(ask(&plain, &policy, &Source::new(3)).await?, 3);
    sleep(ms(10)).await;
    // The same name in another process is the same cache.
    assert_eq!(ask(&yours.named("one"), &policy, &Source::new(9)).await?, 1);
    assert_eq!(ask(&yours.named("two"), &policy, &Source::new(9)).await?, 2);
    one.invalidate_tag("tag").await?;
    one.clear_all().await?;
    sleep(ms(1500)).await;
    let reread = [("one", 9), ("two", 2)];
    for (name, value) in reread {
        for caches in [&mine, &yours] {
            assert_eq!(ask(&caches.named(name), &policy, &Source::new(9)).await?, value);
        }
    }
    assert_eq!(ask(&plain, &policy, &Source::new(9)).await?, 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_cache_has_its_own_budget_and_counters() -> Result<(), Error> {
    let store = TestStore::new();
    let caches = caches(&store);
    for name in ["small", "large"] {
        for part in 0..3 {
            let load = move || async move { Ok::<_, std::io::Error>(part) };
            caches.named(name).get_or_load(&Key::new("q").part(part), &minute(), load).await?;
        }
    }
    let stats = caches.clone().stats();
    let of = |name: &str| (stats[name].entries, stats[name].misses);
    assert_eq!((of("small"), of("large"), stats.len()), ((0, 3), (3, 3), 2));
    caches.close().await?;
    store.set_mode(Mode::Fails);
    caches.named("small").invalidate(&key()).await.unwrap_err();
    assert!(matches!(caches.close().await, Err(Error::Unsent { .. })));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn news_of_the_same_name_are_heard_and_understood() -> Result<(), Error> {
    let store = Arc::new(MemoryStore::default());
    let caches = || {
        let store = Arc::clone(&store);
        Caches::new(store, |_, settings| settings.recheck_after(ms(60_000)))
    };
    let (here, there) = (caches().named("one"), caches().named("one"));
    let other = caches().named("two");
    let (source, policy) = (Source::new(1), minute().tag("tag"));
    for cache in [&here, &there, &other] {
        ask(cache, &policy, &source).await?;
        sleep(ms(10)).await;
    }
    source.write(2);
    here.invalidate_tag("tag").await?;
    sleep(ms(10)).await;
    assert_eq!(ask(&there, &policy, &source).await?, 2);
    assert_eq!(ask(&other, &policy, &source).await?, 1);
    Ok(())
}
