//! Counters.

use std::sync::Arc;
use std::time::Duration;

use query_cache::{
    AnyStore, Cache, Error, Item, Key, Listen, MemoryStore, Name, Store, StoreError, Stored, Tally,
    Tenant, Version, Versions,
};
use tokio::time::sleep;

use crate::support::{Mode, Source, TestStore, ask, key, minute, ms, relaxed};

#[tokio::test(start_paused = true)]
async fn a_counter_ends_by_the_time_it_began_with_and_is_one_for_all() -> Result<(), Error> {
    let store = TestStore::new();
    let (cache, other, alone) = (relaxed(&store), relaxed(&store), Cache::builder().build());
    let tries = Key::new("tries").part(7u32);
    assert_eq!(cache.increment(&tries, 1, ms(1000)).await?, 1);
    sleep(ms(600)).await;
    assert_eq!(other.increment(&tries, 2, ms(1000)).await?, 3);
    assert_eq!(alone.increment(&tries, 1, ms(1000)).await?, 1);
    assert_eq!(alone.clone().increment(&tries, -3, ms(1000)).await?, -2);
    let north = Tenant::new("north").key("tries").part(7u32);
    assert_eq!(other.increment(&north, 1, ms(1000)).await?, 1);
    sleep(ms(600)).await;
    assert_eq!(cache.increment(&tries, 1, ms(1000)).await?, 1, "it ended in between");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_counter_is_no_value_and_no_invalidation_touches_it() -> Result<(), Error> {
    let (store, source) = (TestStore::new(), Source::new(9));
    let cache = relaxed(&store);
    cache.increment(&key(), 5, ms(60_000)).await?;
    assert_eq!(ask(&cache, &minute(), &source).await?, 9);
    cache.invalidate(&key()).await?;
    cache.clear_all().await?;
    assert_eq!(cache.increment(&key(), 1, ms(60_000)).await?, 6);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_counted_is_an_error() {
    let store = TestStore::new();
    let cache = relaxed(&store);
    cache.increment(&key(), i64::MAX, ms(1000)).await.unwrap();
    assert!(matches!(cache.increment(&key(), 1, ms(1000)).await, Err(Error::Overflow)));
    store.set_mode(Mode::Hangs);
    assert!(matches!(cache.increment(&key(), 0, ms(1000)).await, Err(Error::Uncounted(_))));
}

/// Keeps values and no counters.
struct Countless(MemoryStore);

impl Store for Countless {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.0.get_many(names).await
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        self.0.set_many(items).await
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        self.0.remove(names).await
    }
}

impl Versions for Countless {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        self.0.read(names).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        self.0.ensure(names, offered, ttl).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        self.0.expire(names, offered).await
    }
}

impl Listen for Countless {}

impl Tally for Countless {}

#[tokio::test(start_paused = true)]
async fn a_store_without_counters_says_so_and_is_asked_on() -> Result<(), Error> {
    let store = AnyStore::new(Arc::new(Countless(MemoryStore::default())));
    let cache = || Cache::builder().store(store.clone()).build();
    let here = cache();
    for _ in 0..10 {
        let error = here.increment(&key(), 1, ms(1000)).await.unwrap_err();
        assert!(
            matches!(error, Error::Uncounted(StoreError::Unsupported { .. })),
            "not suspended: {error:?}"
        );
    }
    here.set(&key(), 7u64, &minute()).await?;
    assert_eq!(cache().get::<u64>(&key()).await?.as_deref(), Some(&7));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_store_whose_type_is_hidden_counts() -> Result<(), Error> {
    let store = AnyStore::new(MemoryStore::default());
    let cache = || Cache::builder().store(store.clone()).build();
    assert_eq!(cache().increment(&key(), 2, ms(1000)).await?, 2);
    assert_eq!(cache().increment(&key(), 1, ms(1000)).await?, 3);
    Ok(())
}
