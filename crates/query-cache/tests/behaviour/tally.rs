//! Counters.

use query_cache::{Cache, Error, Key, Tenant};
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
