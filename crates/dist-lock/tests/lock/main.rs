//! Locks and guards over the in-memory store, by a clock that is paused.

mod cancelling;
mod faulty;
mod guarding;
mod waiting;

use dist_lock::{Lock, MemoryLeases};
use faulty::Faulty;
use std::time::Duration;

/// What leases last in these tests, unless one says otherwise.
const TTL: Duration = Duration::from_secs(10);

fn lock_on(store: &Faulty) -> Lock<Faulty> {
    Lock::new(store.clone(), "roster", TTL).expect("valid settings")
}

fn memory_lock() -> (MemoryLeases, Lock<MemoryLeases>) {
    let store = MemoryLeases::new();
    let lock = Lock::new(store.clone(), "roster", TTL).expect("valid settings");
    (store, lock)
}

/// Lets tasks that are ready run, without letting time pass.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
