//! Another in-process tier: `quick_cache` keeps the entries, the cache does the rest.

use std::sync::Arc;
use std::time::Duration;

use query_cache::{Cache, Entry, Error, Key, LocalTier, Policy, Usage};

/// At most so many entries, wherever they come from.
struct QuickTier(quick_cache::sync::Cache<Key, Arc<Entry>>);

impl QuickTier {
    fn new(entries: usize) -> Self {
        Self(quick_cache::sync::Cache::new(entries))
    }
}

impl LocalTier for QuickTier {
    fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        self.0.insert(key.clone(), entry);
    }

    fn remove(&self, key: &Key) {
        self.0.remove(key);
    }

    fn usage(&self) -> Usage {
        Usage::new(self.0.len() as u64, self.0.weight(), 0)
    }
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Error> {
    let cache = Cache::builder().local_tier(QuickTier::new(10_000)).build();
    let policy = Policy::ttl(Duration::from_secs(300)).tag("table:shifts");
    for _ in 0..2 {
        let shifts = cache.get_or_load(&Key::new("schedule").part(7u32), &policy, query).await?;
        println!("{}", shifts.join(", "));
    }
    // Tags, invalidation and single flight do not depend on the tier.
    cache.invalidate_tag("table:shifts").await?;
    cache.get_or_load(&Key::new("schedule").part(7u32), &policy, query).await?;
    let stats = cache.stats();
    println!("{} loads, {} hits, {} entries", stats.loads, stats.local_hits, stats.entries);
    assert_eq!((stats.loads, stats.local_hits, stats.entries), (2, 1, 1));
    Ok(())
}

async fn query() -> Result<Vec<String>, std::io::Error> {
    Ok(vec!["ICU".into(), "Clinic".into()])
}
