//! Two caches on one Redis, as two processes would have them.
//!
//! Run with `REDIS_URL=redis://127.0.0.1:6379 cargo run -p query-cache --example redis --features
//! redis`.

use std::time::Duration;

use query_cache::redis::RedisStore;
use query_cache::{AnyStore, Cache, Key, Policy};

/// Stands for a query of a database.
async fn shifts_of(person: u32) -> Result<Vec<String>, std::io::Error> {
    Ok(vec![format!("person {person}: ICU, nights")])
}

/// The choice between Redis and nothing is made at run time, so the type of the store is hidden.
fn cache(url: Option<&str>) -> Result<Cache<AnyStore>, query_cache::StoreError> {
    let store = url.map(|url| RedisStore::open(url, "example:")).transpose()?;
    Ok(Cache::builder().maybe_store(store.map(AnyStore::new)).build())
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("REDIS_URL").ok();
    let (here, there) = (cache(url.as_deref())?, cache(url.as_deref())?);
    let policy = Policy::ttl(Duration::from_secs(300)).tag("person:7");
    let key = Key::new("schedule").part(7u32);

    here.get_or_load(&key, &policy, || shifts_of(7)).await?;
    there.get_or_load(&key, &policy, || shifts_of(7)).await?;
    println!("here {:?}", here.stats());
    println!("there {:?}", there.stats());

    here.invalidate_tag("person:7").await?;
    println!(
        "invalidated: `there` hears of it in about a millisecond; without Redis it keeps its own value"
    );
    Ok(())
}
