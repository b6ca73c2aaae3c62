//! No duration that can be set brings a cache to fall: not the longest, not the shortest.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use query_cache::{
    Cache, Error, FillGuard, FillLock, Item, Job, Key, Loaded, MemoryStore, Policy, Store, Tally,
    Trigger, Version, Versions, Warmer, template,
};
use tokio::time::timeout;

use crate::support::{Mode, Source, TestStore, ask, key, minute};

const MINUTE: Duration = Duration::from_secs(60);

const EXTREMES: [Duration; 2] = [Duration::ZERO, Duration::MAX];

struct NeverMine;

impl FillLock for NeverMine {
    async fn lock(&self, _: &Key) -> Option<FillGuard> {
        None
    }
}

fn cache(store: &Arc<TestStore>, all: Duration) -> Cache<Arc<TestStore>> {
    Cache::builder()
        .store(Arc::clone(store))
        .store_timeout(all)
        .store_pause(all)
        .recheck_after(all)
        .fill_lock(NeverMine)
        .fill_lock_wait(all)
        .build()
}

#[tokio::test(start_paused = true)]
async fn a_cache_with_extreme_settings_answers() {
    for all in EXTREMES {
        for mode in [Mode::Works, Mode::Fails, Mode::Works] {
            let (store, source) = (TestStore::telling(), Source::new(1));
            let cache = cache(&store, all);
            store.set_mode(mode);
            for value in [1, 2] {
                source.write(value);
                // May end with an error where the store fails.
                _ = cache.invalidate(&key()).await;
                for _ in 0..4 {
                    assert_eq!(ask(&cache, &minute(), &source).await.unwrap(), value, "{all:?}");
                }
            }
            let ttl = cache.ttl(&key()).await;
            assert!(ttl.is_some_and(|ttl| ttl <= MINUTE), "{all:?} {ttl:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_extreme_durations_is_followed() {
    for all in EXTREMES {
        let store = TestStore::new();
        let cache = Cache::builder().store(Arc::clone(&store)).build();
        let policy = Policy::ttl(all)
            .negative_ttl(all)
            .stale_for(all)
            .refresh_ahead(all)
            .wait_for_fresh(all)
            .load_timeout(all)
            .answer_within(all)
            .retry_after(all);
        let load =
            move |_| async move { Ok::<_, io::Error>(Loaded::new(7).ttl(all).stale_for(all)) };
        for part in [1, 1, 2] {
            match cache.get_or_load_with(&Key::new("d").part(part), &policy, load).await {
                Ok(value) => assert_eq!(*value, 7),
                Err(Error::TimedOut { .. } | Error::LoadTimeout { .. }) if all.is_zero() => (),
                Err(error) => panic!("{all:?}: {error:?}"),
            }
        }
        let count = Key::new("count");
        assert_eq!(cache.increment(&count, 1, all).await.unwrap(), 1);
        assert_eq!(cache.set(&key(), 7u64, &policy).await.map(|value| *value).unwrap(), 7);
        cache.expire(&key()).await.unwrap();
        cache.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn warming_at_extreme_times_goes_on() {
    let cache = Cache::builder().build();
    let week = template!("week/{week}", week: u32);
    let function = cache.wrap(week, minute(), |week| async move { Ok::<_, io::Error>(week) });
    let warmer = || {
        let list = || async { Ok::<_, io::Error>([(7,)]) };
        Warmer::new(&cache).job(Job::of("week", &function, list)).at_most_time(Duration::MAX)
    };
    for (quiet, at_latest) in [(Duration::ZERO, Duration::MAX), (Duration::MAX, Duration::ZERO)] {
        let trigger = Trigger::new(quiet, at_latest);
        let mut warming = warmer().every(Duration::MAX).on(&trigger).start();
        trigger.pull();
        assert_eq!(timeout(MINUTE, warming.passes(2)).await.unwrap().passes, 2);
    }
    let mut warming = warmer().every(Duration::ZERO).start();
    timeout(MINUTE, warming.passes(3)).await.unwrap();
    for hold in EXTREMES {
        let mut warming = warmer().one_of_all(&format!("{hold:?}"), hold).start();
        assert_eq!(timeout(MINUTE, warming.passes(1)).await.unwrap().passes, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_store_in_memory_takes_any_time() {
    let store = MemoryStore::default();
    for ttl in EXTREMES {
        let name = Key::new("ttl").part(format!("{ttl:?}")).name();
        store.set_many(&[Item { name, bytes: b"v", ttl }]).await.unwrap();
        let found = store.get_many(&[name]).await.unwrap();
        assert_eq!(found[0].is_some(), !ttl.is_zero());
        store.ensure(&[name], Version::random(), ttl).await.unwrap();
        assert_eq!(store.read(&[name]).await.unwrap()[0].is_some(), !ttl.is_zero());
        assert_eq!(store.add(&name, 1, ttl).await.unwrap(), Some(1));
    }
}
