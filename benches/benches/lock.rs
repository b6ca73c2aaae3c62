//! A lock in Redis taken and given back, uncontended, beside a port of the same algorithm.
//!
//! Ours also draws a fencing token and keeps a renewal running while it holds.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use dist_lock::{Lock, store::redis::RedisLeases};
use rounds_benches::pair;
use rslock::LockManager;
use test_servers::OwnRedis;

const TTL: Duration = Duration::from_secs(30);

/// So many in one call that entering the runtime weighs nothing.
const TIMES: usize = 50;

/// How often the lock was had.
async fn ours(lock: &Lock<RedisLeases>) -> usize {
    let mut had = 0;
    for _ in 0..TIMES {
        let guard = lock.try_acquire().await.expect("Redis answers").expect("nobody else locks");
        had += usize::from(guard.is_valid());
        guard.release().await.expect("still ours");
    }
    had
}

async fn peer(manager: &LockManager) -> usize {
    let mut had = 0;
    for _ in 0..TIMES {
        let lock = manager.lock("bench:peer", TTL).await.expect("nobody else locks");
        had += usize::from(lock.validity_time > 0);
        manager.unlock(&lock).await;
    }
    had
}

fn uncontended(criterion: &mut Criterion) {
    // As Redis comes: without an append-only file. A lease is worth no disk write to either side.
    let server = OwnRedis::start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = runtime.block_on(RedisLeases::connect(&server.url(), "bench:ours:"));
    let store = store.expect("Redis answers");
    let _inside = runtime.enter();
    let lock = Lock::new(store, "block", TTL).expect("a valid lock");
    let mut manager = LockManager::new(vec![server.url()]);
    manager.set_retry(1, Duration::from_millis(1));
    runtime.block_on(excludes(&lock, &manager));
    pair(
        criterion,
        "acquire-release",
        ("ours", || runtime.block_on(ours(&lock))),
        ("rslock", || runtime.block_on(peer(&manager))),
    );
}

/// Both sides really lock: a second caller gets nothing while the first holds.
async fn excludes(lock: &Lock<RedisLeases>, manager: &LockManager) {
    let guard = lock.try_acquire().await.expect("Redis answers").expect("nobody else locks");
    assert!(lock.try_acquire().await.expect("Redis answers").is_none());
    guard.release().await.expect("still ours");
    let held = manager.lock("bench:peer", TTL).await.expect("nobody else locks");
    assert!(manager.lock("bench:peer", TTL).await.is_err());
    manager.unlock(&held).await;
}

criterion_group!(benches, uncontended);
criterion_main!(benches);
