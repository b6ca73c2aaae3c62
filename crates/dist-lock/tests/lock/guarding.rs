//! Holding the lock: renewal, loss, release.

use crate::faulty::{Faulty, Mode};
use crate::{TTL, lock_on, memory_lock, settle};
use dist_lock::{Guard, Loss, ReleaseError, margin};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep, timeout};

async fn held(store: &Faulty) -> Guard {
    let acquired = lock_on(store).try_acquire().await.expect("a store that answers");
    acquired.expect("a free lock")
}

#[tokio::test(start_paused = true)]
async fn a_living_holder_outlasts_its_ttl() {
    let (_, lock) = memory_lock();
    let guard = lock.try_acquire().await.unwrap().unwrap();
    guard.run(sleep(TTL * 20)).await.unwrap();
    assert!(guard.is_valid());
    assert!(lock.try_acquire().await.unwrap().is_none());
    guard.release().await.unwrap();
    assert!(lock.stats().renewals >= 59, "{:?}", lock.stats());
}

#[tokio::test(start_paused = true)]
async fn a_silent_store_means_loss_at_the_deadline_before_the_lease_can_end() {
    let store = Faulty::default();
    let before = Instant::now();
    let guard = held(&store).await;
    store.set(Mode::Silent);
    let deadline = guard.deadline();
    let lost = guard.lost().await;
    assert_eq!(lost.reason(), Loss::Expired);
    assert_eq!(Instant::now().into_std(), deadline);
    assert!(before.elapsed() <= TTL - margin(TTL), "told after {:?}", before.elapsed());
    assert!(!guard.is_valid());
    assert!(matches!(guard.release().await, Err(ReleaseError::WasLost(_))));
}

#[tokio::test(start_paused = true)]
async fn errors_are_no_loss_while_the_lease_lasts() {
    let store = Faulty::default();
    let guard = held(&store).await;
    store.set(Mode::Refusing);
    sleep(TTL / 2).await;
    assert!(guard.is_valid());
    store.set(Mode::Good);
    guard.run(sleep(TTL * 3)).await.unwrap();
    guard.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_forgot_is_noticed_at_the_next_renewal() {
    let store = Faulty::default();
    let guard = held(&store).await;
    store.forget_all();
    let before = Instant::now();
    assert_eq!(guard.lost().await.reason(), Loss::Gone);
    assert!(before.elapsed() <= TTL / 3 + Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_does_not_bring_a_lost_lease_back() {
    let store = Faulty::default();
    let guard = held(&store).await;
    // Done at the store in time, but told after the deadline.
    store.set(Mode::Late(TTL));
    let lost = guard.lost().await;
    for _ in 0..100 {
        sleep(TTL / 20).await;
        assert_eq!(guard.check().unwrap_err(), lost);
    }
}

#[tokio::test(start_paused = true)]
async fn what_outlived_its_holder_by_a_late_renewal_is_given_back() {
    let store = Faulty::default();
    let guard = held(&store).await;
    store.set(Mode::Late(TTL));
    guard.lost().await;
    store.set(Mode::Good);
    let before = Instant::now();
    let _next = lock_on(&store).acquire().await.unwrap();
    assert!(before.elapsed() < Duration::from_millis(500), "blocked for {:?}", before.elapsed());
}

/// What a process sees that was stopped (SIGSTOP, a suspended machine) beyond its TTL: the clock jumps,
/// and none of its tasks has run yet.
#[tokio::test(start_paused = true)]
async fn after_a_pause_no_method_says_that_the_lock_is_held() {
    let (_, lock) = memory_lock();
    let guard = lock.try_acquire().await.unwrap().unwrap();
    let unpolled = guard.lost();
    advance(TTL).await;
    assert!(!guard.is_valid());
    assert_eq!(guard.run(async { 1 }).await.unwrap_err().reason(), Loss::Expired);
    assert_eq!(unpolled.await.reason(), Loss::Expired);
    assert!(matches!(guard.release().await, Err(ReleaseError::WasLost(_))));
}

#[tokio::test(start_paused = true)]
async fn work_is_dropped_when_the_lease_is_lost() {
    let store = Faulty::default();
    let guard = held(&store).await;
    store.set(Mode::Silent);
    let probe = std::sync::Arc::new(());
    let seen = std::sync::Arc::clone(&probe);
    let work = async move {
        let _seen = seen;
        sleep(TTL * 5).await;
    };
    guard.run(work).await.unwrap_err();
    assert_eq!(std::sync::Arc::strong_count(&probe), 1, "the work is gone");
}

#[tokio::test(start_paused = true)]
async fn output_that_comes_too_late_is_not_handed_out() {
    let store = Faulty::default();
    let guard = held(&store).await;
    // Blocks its thread past the deadline, so that only its result can be withheld.
    let work = async { advance(TTL).now_or_never_blocking() };
    guard.run(work).await.unwrap_err();
}

/// Stands for work that blocks: lets the clock move within a single poll.
trait Blocking {
    fn now_or_never_blocking(self);
}

impl<F: Future> Blocking for F {
    fn now_or_never_blocking(self) {
        let _ = futures::FutureExt::now_or_never(self);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_longer_than_allowed() {
    let (_, lock) = memory_lock();
    let longest = TTL * 4 + Duration::from_secs(3);
    let guard = lock.clone().max_hold(longest).try_acquire().await.unwrap().unwrap();
    let before = Instant::now();
    assert_eq!(guard.lost().await.reason(), Loss::HeldTooLong);
    assert_eq!(before.elapsed(), longest);
    drop(lock.acquire_within(Duration::from_millis(500)).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_guard_gives_the_lock_back_at_once() {
    let (store, lock) = memory_lock();
    drop(lock.try_acquire().await.unwrap().unwrap());
    settle().await;
    assert!(store.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_panicking_holder_gives_the_lock_back_at_once() {
    let (store, lock) = memory_lock();
    let holder = tokio::spawn(async move {
        let _guard = lock.acquire().await.unwrap();
        panic!("a test of panics");
    });
    assert!(holder.await.unwrap_err().is_panic());
    settle().await;
    assert!(store.is_empty());
}

#[tokio::test]
async fn a_guard_may_be_dropped_outside_of_the_runtime() {
    let (_, lock) = memory_lock();
    let guard = lock.try_acquire().await.unwrap().unwrap();
    std::thread::spawn(move || drop(guard)).join().unwrap();
    drop(timeout(TTL / 2, lock.acquire()).await.unwrap().unwrap());
}

#[test]
fn a_guard_survives_the_shutdown_of_its_runtime_and_says_so() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (_, lock) = memory_lock();
    let first = runtime();
    let guard = first.block_on(lock.try_acquire()).unwrap().unwrap();
    drop(first);
    let released = runtime().block_on(guard.release());
    assert!(matches!(released, Err(ReleaseError::Stopped { .. })), "{released:?}");
}

#[tokio::test(start_paused = true)]
async fn a_release_without_an_answer_says_so_and_is_tried_again() {
    let store = Faulty::default();
    let guard = held(&store).await;
    store.set(Mode::Refusing);
    assert!(matches!(guard.release().await, Err(ReleaseError::Unknown { .. })));
    store.set(Mode::Good);
    let before = Instant::now();
    drop(lock_on(&store).acquire().await.unwrap());
    assert!(before.elapsed() < Duration::from_millis(500), "blocked for {:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_release_finds_out_that_the_lease_was_taken() {
    let store = Faulty::default();
    let guard = held(&store).await;
    store.forget_all();
    let other = held(&store).await;
    let Err(ReleaseError::WasLost(lost)) = guard.release().await else {
        panic!("the lease was in other hands");
    };
    assert_eq!(lost.reason(), Loss::Gone);
    assert!(other.is_valid());
    other.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_watches_for_loss_learns_of_the_release() {
    let (_, lock) = memory_lock();
    let guard = lock.try_acquire().await.unwrap().unwrap();
    let watching = tokio::spawn(guard.lost());
    settle().await;
    guard.release().await.unwrap();
    assert_eq!(watching.await.unwrap().reason(), Loss::Released);
}
