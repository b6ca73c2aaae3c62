//! A store of your own, here one that counts what it is asked, and the suite that checks it.
//!
//! ```text
//! cargo run --example own_store --features testing
//! ```

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use dist_lock::{
    Attempt, Claim, Holder, Holders, LeaseStore, Lock, MemoryLeases, OwnerToken, StoreError,
};
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Counts the requests `inner` gets.
#[derive(Debug, Default)]
struct Counted<S> {
    inner: S,
    requests: AtomicU64,
}

impl<S> Counted<S> {
    fn count(&self) -> &S {
        self.requests.fetch_add(1, Relaxed);
        &self.inner
    }
}

impl<S: LeaseStore> LeaseStore for Counted<S> {
    async fn try_acquire(&self, claim: &Claim<'_>) -> Result<Attempt, StoreError> {
        self.count().try_acquire(claim).await
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<bool, StoreError> {
        self.count().renew(claim).await
    }

    async fn release(&self, name: &str, owner: OwnerToken) -> Result<bool, StoreError> {
        self.count().release(name, owner).await
    }

    // Has a default, which waits a moment; a store that knows better says so.
    async fn released(&self, name: &str) {
        self.inner.released(name).await;
    }
}

impl<S: Holders> Holders for Counted<S> {
    async fn holder(&self, name: &str) -> Result<Option<Holder>, StoreError> {
        self.count().holder(name).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = std::sync::Arc::new(Counted::<MemoryLeases>::default());
    dist_lock::testing::contract(&store).await;
    println!("passed the suite in {} requests", store.requests.swap(0, Relaxed));

    let lock = Lock::new(std::sync::Arc::clone(&store), "roster", Duration::from_secs(30))?;
    lock.acquire().await?.release().await?;
    println!("a lock nobody else wants takes {} requests", store.requests.load(Relaxed));
    Ok(())
}
