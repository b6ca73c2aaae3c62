//! What stays in this process.

use query_cache::{Cache, Key};

use crate::support::{Down, Source, ask, minute};

async fn fill(cache: &Cache, values: u64, length: usize) {
    for part in 0..values {
        let load = move || async move { Ok::<_, Down>("n".repeat(length)) };
        cache.get_or_load(&Key::new("t").part(part), &minute(), load).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_entries_are_kept_than_asked_for() {
    let cache = Cache::builder().local(100).build();
    fill(&cache, 500, 1).await;
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.evictions), (100, 400));
}

#[tokio::test(start_paused = true)]
async fn no_more_bytes_are_kept_than_asked_for() {
    let cache = Cache::builder().local_bytes(100_000).build();
    fill(&cache, 500, 1_000).await;
    let stats = cache.stats();
    assert!((80_000..=100_000).contains(&stats.weight), "{stats:?}");
    assert!((1_300..1_450).contains(&(stats.weight / stats.entries)), "{stats:?}");
    fill(&cache, 1, 1_000_000).await;
    assert!(cache.stats().weight <= 100_000);
}

#[tokio::test(start_paused = true)]
async fn without_room_every_call_loads() {
    let (cache, source) = (Cache::builder().local(0).build(), Source::new(1));
    for _ in 0..3 {
        ask(&cache, &minute(), &source).await.unwrap();
    }
    assert_eq!((source.loads(), cache.stats().entries), (3, 0));
}
