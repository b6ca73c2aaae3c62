//! What weighted permits promise, on a paused clock.

use async_utils::{AcquireError, Permits};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

fn permits(n: u32) -> Permits {
    Permits::new(NonZeroU32::MIN.saturating_add(n - 1))
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[tokio::test(start_paused = true)]
async fn a_heavy_request_is_not_overtaken_by_light_ones() {
    let (permits, order) = (permits(4), Arc::new(Mutex::new(Vec::new())));
    let held = permits.acquire(2).await.unwrap();
    let tasks = [4, 1, 1].map(|weight| {
        let (permits, order) = (permits.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let permit = permits.acquire(weight).await.unwrap();
            order.lock().unwrap().push(permit.weight());
            sleep(ms(1)).await;
        })
    });
    sleep(ms(10)).await;
    assert_eq!(permits.try_acquire(1).unwrap_err(), AcquireError::Busy, "others wait already");
    assert_eq!(permits.stats().waiting, 3);
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [4, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_limits_the_waiting_and_not_the_use() {
    let (permits, started) = (permits(1), Instant::now());
    let held = permits.acquire_timeout(1, ms(5)).await.unwrap();
    sleep(ms(100)).await;
    let refused = permits.acquire_timeout(1, ms(5)).await.unwrap_err();
    assert_eq!(refused, AcquireError::TimedOut { waited: ms(5) });
    assert_eq!(started.elapsed(), ms(105));
    drop(held);
    let stats = permits.stats();
    assert_eq!((stats.timeouts, stats.waiting, stats.active), (1, 0, 0));
    assert_eq!(stats.available(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_under_a_permit_gives_it_back() {
    let permits = permits(3);
    let holder = permits.clone();
    let task = tokio::spawn(async move {
        let _permit = holder.acquire(3).await.unwrap();
        panic!("while holding it");
    });
    assert!(task.await.is_err());
    assert_eq!(permits.stats().active, 0);
    drop(permits.try_acquire(3).unwrap());
}

#[tokio::test(start_paused = true)]
async fn more_than_there_is_is_refused_at_once() {
    let error = AcquireError::TooHeavy { weight: 3, capacity: 2 };
    assert_eq!(permits(2).acquire(3).await.unwrap_err(), error);
}
