//! A slow query, asked by a hundred tasks at once, cached in this process and invalidated by tag.

use std::time::Duration;

use query_cache::{Cache, Key, Policy};

/// Stands for a query of a database.
async fn shifts_of(person: u32) -> Result<Vec<String>, std::io::Error> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    Ok(vec![format!("person {person}: ICU, nights")])
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = Cache::builder().local(10_000).build();
    let policy = Policy::ttl(Duration::from_secs(300))
        .jitter(0.1)
        .stale_for(Duration::from_secs(60))
        .tag("person:7");
    let key = Key::new("schedule").part(7u32);

    let calls = (0..100).map(|_| {
        let (cache, key, policy) = (cache.clone(), key.clone(), policy.clone());
        // Without the cache: `shifts_of(7).await`.
        tokio::spawn(async move { cache.get_or_load(&key, &policy, || shifts_of(7)).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await??;
    }
    println!("100 calls, {} load", cache.stats().loads);

    cache.get_or_load(&key, &policy, || shifts_of(7)).await?;
    println!("one more call, {} load", cache.stats().loads);

    cache.invalidate_tag("person:7").await?;
    cache.get_or_load(&key, &policy, || shifts_of(7)).await?;
    let stats = cache.stats();
    println!("after the change, {} loads; hit rate {:.2}", stats.loads, stats.hit_rate());
    Ok(())
}
