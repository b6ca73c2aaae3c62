//! Futures that are dropped before they are done.

use crate::faulty::{Faulty, Mode};
use crate::{TTL, lock_on, memory_lock, settle};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

/// Polls a future up to `times` times, letting other tasks run in between, then drops it.
async fn poll_then_drop(mut future: Pin<&mut (impl Future + ?Sized)>, times: usize) -> bool {
    for _ in 0..times {
        let ready = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
        if ready {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn an_acquisition_dropped_at_any_poll_leaves_nothing_behind() {
    let mut completed = 0;
    for polls in 0..40 {
        let store = Faulty::default();
        store.set(Mode::Slow(5));
        let lock = lock_on(&store);
        let mut acquiring = Box::pin(lock.acquire());
        completed += usize::from(poll_then_drop(acquiring.as_mut(), polls).await);
        drop(acquiring);
        settle().await;
        assert!(store.inner().is_empty(), "leaked when dropped after {polls} polls");
    }
    assert!(completed > 0 && completed < 40, "both sides of the grant are covered");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_dropped_at_any_poll_neither_leaks_nor_blocks_the_next() {
    for polls in 0..40 {
        let store = Faulty::default();
        store.set(Mode::Slow(2));
        let lock = lock_on(&store);
        let guard = lock.try_acquire().await.unwrap().unwrap();
        let mut waiting = Box::pin(lock.acquire());
        poll_then_drop(waiting.as_mut(), polls / 2).await;
        drop(guard);
        poll_then_drop(waiting.as_mut(), polls / 2).await;
        drop(waiting);
        drop(lock.acquire_within(Duration::from_millis(500)).await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_goes_on_when_its_future_is_dropped() {
    for polls in 1..20 {
        let store = Faulty::default();
        let guard = lock_on(&store).try_acquire().await.unwrap().unwrap();
        store.set(Mode::Slow(3));
        let mut releasing = Box::pin(guard.release());
        poll_then_drop(releasing.as_mut(), polls).await;
        drop(releasing);
        settle().await;
        assert!(store.inner().is_empty(), "leaked when dropped after {polls} polls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_was_never_polled_is_a_drop() {
    let (store, lock) = memory_lock();
    let guard = lock.try_acquire().await.unwrap().unwrap();
    drop(guard.release());
    settle().await;
    assert!(store.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_on_a_stalled_store_does_not_block_the_name() {
    let store = Faulty::default();
    store.set(Mode::Late(TTL / 2));
    let lock = lock_on(&store);
    drop(lock.acquire_within(Duration::from_secs(1)).await.unwrap_err());
    assert_eq!(store.inner().len(), 1, "granted, but not told yet");
    store.set(Mode::Good);
    drop(lock.acquire_within(TTL / 2).await.unwrap());
}
