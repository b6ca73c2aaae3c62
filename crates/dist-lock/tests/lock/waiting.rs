//! Getting the lock, and waiting for it.

use crate::faulty::{Faulty, Mode};
use crate::{TTL, lock_on, memory_lock, settle};
use dist_lock::{AcquireError, Holders, Lock, MemoryLeases};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn one_holder_at_a_time_whatever_the_interleaving() {
    let (store, lock) = memory_lock();
    let (inside, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let last_fence = AtomicU64::new(0);
    let work = async || {
        for _ in 0..20 {
            let guard = lock.acquire().await.unwrap();
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two holders");
            let fence = guard.fence().get();
            assert!(last_fence.swap(fence, Ordering::SeqCst) < fence, "the fence went back");
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..3))).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            if fastrand::bool() {
                guard.release().await.unwrap();
            }
            done.fetch_add(1, Ordering::SeqCst);
        }
    };
    futures::future::join_all((0..8).map(|_| work())).await;
    settle().await;
    assert_eq!(done.load(Ordering::SeqCst), 160);
    assert!(store.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_release_wakes_a_waiter_without_a_pause() {
    let (_, lock) = memory_lock();
    let guard = lock.try_acquire().await.unwrap().unwrap();
    let waiter = tokio::spawn({
        let lock = lock.clone();
        async move { lock.acquire().await }
    });
    settle().await;
    let before = Instant::now();
    guard.release().await.unwrap();
    drop(waiter.await.unwrap().unwrap());
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_release_while_a_try_is_being_answered_is_not_missed() {
    let store = Faulty::default();
    let lock = lock_on(&store);
    let guard = lock.try_acquire().await.unwrap().unwrap();
    let second = Duration::from_secs(1);
    store.set(Mode::Late(second));
    let release = async {
        // The second try has been refused by now, but the waiter will hear so only later.
        tokio::time::sleep(second * 3 / 2).await;
        drop(guard);
    };
    let before = Instant::now();
    let (acquired, ()) = tokio::join!(lock.acquire(), release);
    drop(acquired.unwrap());
    assert_eq!(before.elapsed(), second * 3, "three tries, and no wait for the end of the lease");
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_arrives_when_it_is_over_is_none() {
    let store = Faulty::default();
    store.set(Mode::Late(TTL - Duration::from_millis(50)));
    let lock = lock_on(&store);
    assert!(matches!(lock.try_acquire().await, Err(AcquireError::NoAnswer { .. })));
    store.set(Mode::Good);
    drop(lock.acquire().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_lease_of_a_dead_holder_is_taken_over_when_it_runs_out() {
    let (store, lock) = memory_lock();
    let dead = dist_lock::OwnerToken::random();
    let claim = dist_lock::Claim::new("roster", dead, TTL);
    dist_lock::LeaseStore::try_acquire(&store, &claim).await.unwrap();
    let before = Instant::now();
    drop(lock.acquire().await.unwrap());
    let waited = before.elapsed();
    assert!(waited >= TTL && waited < TTL + Duration::from_millis(10), "waited {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_when_the_time_is_over() {
    let (_, lock) = memory_lock();
    let _held = lock.try_acquire().await.unwrap().unwrap();
    let before = Instant::now();
    let limit = Duration::from_millis(1_500);
    let refused = lock.acquire_within(limit).await.unwrap_err();
    assert!(matches!(refused, AcquireError::TimedOut { within, .. } if within == limit));
    assert_eq!(before.elapsed(), limit);
}

#[tokio::test(start_paused = true)]
async fn a_holder_does_not_get_in_twice() {
    let (_, lock) = memory_lock();
    let _held = lock.try_acquire().await.unwrap().unwrap();
    assert!(lock.clone().try_acquire().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_silent_store_is_given_up_after_a_ttl() {
    let store = Faulty::default();
    store.set(Mode::Silent);
    let before = Instant::now();
    let refused = lock_on(&store).acquire().await.unwrap_err();
    assert!(matches!(refused, AcquireError::NoAnswer { ttl: TTL, .. }));
    assert_eq!(before.elapsed(), TTL);
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_withdrawn() {
    let store = Faulty::default();
    let lock = lock_on(&store);
    store.set(Mode::LosingAnswers);
    let refused = lock.acquire().await.unwrap_err();
    assert!(matches!(refused, AcquireError::Store { .. }));
    store.set(Mode::Good);
    let before = Instant::now();
    drop(lock.acquire().await.unwrap());
    assert!(before.elapsed() < Duration::from_millis(200), "blocked for {:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_arrives_after_its_error_is_withdrawn_too() {
    let store = Faulty::default();
    store.set(Mode::Refusing);
    let lock = lock_on(&store);
    drop(lock.acquire().await.unwrap_err());
    store.set(Mode::Good);
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Withdrawals have found nothing so far: only now does the claim get through.
    store.deliver_last_claim().await;
    assert_eq!(store.inner().len(), 1);
    let before = Instant::now();
    drop(lock.acquire().await.unwrap());
    assert!(before.elapsed() < Duration::from_secs(1), "blocked for {:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn names_are_independent() {
    let store = MemoryLeases::new();
    let new = |name: &str| Lock::new(store.clone(), name, TTL).unwrap();
    let _one = new("one").try_acquire().await.unwrap().unwrap();
    assert!(new("two").try_acquire().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_holder_is_known_by_its_label() {
    let (store, lock) = memory_lock();
    let lock = lock.holder_label("host-7:4711");
    assert_eq!(lock.holder().await.unwrap(), None);
    let guard = lock.try_acquire().await.unwrap().unwrap();
    let holder = lock.holder().await.unwrap().unwrap();
    assert_eq!((holder.label.as_str(), holder.fence), ("host-7:4711", guard.fence()));
    assert_eq!(store.holder("roster").await.unwrap(), Some(holder));
}

#[tokio::test(start_paused = true)]
async fn what_happened_is_counted() {
    let (_, lock) = memory_lock();
    let guard = lock.acquire().await.unwrap();
    lock.try_acquire().await.unwrap();
    drop(lock.acquire_within(TTL).await.unwrap_err());
    guard.release().await.unwrap();
    let stats = lock.stats();
    assert_eq!((stats.acquired, stats.released, stats.lost, stats.failed), (1, 1, 0, 0));
    assert!(stats.contended >= 2 && stats.renewals >= 2, "{stats:?}");
    assert_eq!(stats.waited, Duration::ZERO);
}
