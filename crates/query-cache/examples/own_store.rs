//! A store of one's own: here one that counts how often another is told of an invalidation.
//!
//! A real one passes `query_cache::testing::contract` (feature `testing`) in its tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use query_cache::{
    Cache, Heard, Item, Key, Listen, MemoryStore, Name, Policy, Store, StoreError, Stored, Version,
    Versions,
};

#[derive(Debug, Default)]
struct Counting<S> {
    inner: S,
    removals: AtomicUsize,
}

impl<S: Store> Store for Counting<S> {
    async fn get_many(&self, names: &[Name]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.inner.get_many(names).await
    }

    async fn set_many(&self, items: &[Item<'_>]) -> Result<(), StoreError> {
        self.inner.set_many(items).await
    }

    async fn remove(&self, names: &[Name]) -> Result<(), StoreError> {
        self.removals.fetch_add(1, Ordering::Relaxed);
        self.inner.remove(names).await
    }
}

impl<S: Versions> Versions for Counting<S> {
    async fn read(&self, names: &[Name]) -> Result<Vec<Option<Version>>, StoreError> {
        self.inner.read(names).await
    }

    async fn ensure(
        &self,
        names: &[Name],
        offered: Version,
        ttl: Duration,
    ) -> Result<Vec<Version>, StoreError> {
        self.inner.ensure(names, offered, ttl).await
    }

    async fn expire(&self, names: &[Name], offered: Version) -> Result<(), StoreError> {
        self.inner.expire(names, offered).await
    }
}

impl<S: Listen> Listen for Counting<S> {
    async fn listen(&self, every: Duration, tell: impl FnMut(Heard) + Send) {
        self.inner.listen(every, tell).await;
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Arc::new(Counting::<MemoryStore>::default());
    let cache = Cache::builder().store(Arc::clone(&store)).build();
    let policy = Policy::ttl(Duration::from_secs(60)).tags(["person:7", "block:3"]);

    for person in 0..100u32 {
        let load = move || async move { Ok::<_, std::io::Error>(person) };
        cache.get_or_load(&Key::new("hours").part(person), &policy, load).await?;
    }
    cache.invalidate_tags(["person:7", "block:3"]).await?;
    let told = store.removals.load(Ordering::Relaxed);
    println!("{told} round trip made 100 values dead");
    Ok(())
}
