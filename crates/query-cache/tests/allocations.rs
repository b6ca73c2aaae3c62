//! A hit allocates nothing: not for the key, the tags, the proof of the store or the future.

use std::convert::Infallible;
use std::time::Duration;

use query_cache::{Backend, Cache, Key, MemoryStore, Policy};
use tokio::runtime::{Builder, Runtime};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const KEYS: u32 = 100;

async fn read<S: Backend>(cache: &Cache<S>, policy: &Policy, person: u32) -> u32 {
    // Made for each call, as a service does.
    let key = Key::new("schedule").part("2026-07").part(person);
    let load = move || async move { Ok::<_, Infallible>(vec![person; 8]) };
    cache.get_or_load(&key, policy, load).await.expect("the load cannot fail")[0]
}

async fn read_optional<S: Backend>(cache: &Cache<S>, policy: &Policy, person: u32) -> Option<u32> {
    let key = Key::new("perhaps").part(person);
    let load =
        move || async move { Ok::<_, Infallible>(person.is_multiple_of(2).then_some(person)) };
    *cache.get_or_load_optional(&key, policy, load).await.expect("the load cannot fail")
}

async fn read_all<S: Backend>(cache: &Cache<S>, policy: &Policy) {
    for person in 0..KEYS {
        assert_eq!(read(cache, policy, person).await, person);
        let even = Some(person).filter(|person| person.is_multiple_of(2));
        assert_eq!(read_optional(cache, policy, person).await, even);
    }
}

/// Allocations of reads of what is there.
fn counted<S: Backend>(runtime: &Runtime, cache: &Cache<S>) -> u64 {
    let tags = ["assignments", "block:3"];
    let policy = Policy::ttl(Duration::from_secs(3600)).stale_for(Duration::from_secs(60));
    let policy = policy.tags(tags).jitter(0.1);
    runtime.block_on(async {
        read_all(cache, &policy).await;
        cache.close().await.expect("the store answers");
        read_all(cache, &policy).await;
        let (loads, before) = (cache.stats().loads, dhat::HeapStats::get().total_blocks);
        read_all(cache, &policy).await;
        let after = dhat::HeapStats::get().total_blocks;
        assert_eq!(cache.stats().loads, loads, "what was counted were not hits");
        after - before
    })
}

#[test]
fn a_hit_allocates_nothing() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    let alone = Cache::builder().local(10_000).build();
    assert_eq!(counted(&runtime, &alone), 0);
    let shared = Cache::builder().local_bytes(10_000_000).store(MemoryStore::default());
    // So long that no read has to ask the store.
    let shared = shared.recheck_after(Duration::from_secs(600)).build();
    assert_eq!(counted(&runtime, &shared), 0);
}
