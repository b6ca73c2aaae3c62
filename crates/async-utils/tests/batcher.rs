//! What the batcher promises, on a paused clock.

use async_utils::{Batcher, BatcherConfig};
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn config(items: usize, age: Duration) -> BatcherConfig {
    let size = |n: usize| NonZeroUsize::MIN.saturating_add(n - 1);
    BatcherConfig::default().max_items(size(items)).max_age(age).capacity(size(10))
}

type Batches = Arc<Mutex<Vec<(Duration, Vec<u32>)>>>;

/// A batcher that writes down when it handed over what, and takes its time.
fn recording(config: BatcherConfig, takes: Duration) -> (Batcher<u32>, Batches) {
    let (batches, started) = (Batches::default(), Instant::now());
    let seen = Arc::clone(&batches);
    let batcher = Batcher::new(config, move |batch| {
        seen.lock().unwrap_or_else(|e| e.into_inner()).push((started.elapsed(), batch));
        async move {
            sleep(takes).await;
            Ok::<_, Infallible>(())
        }
    });
    (batcher, batches)
}

#[tokio::test(start_paused = true)]
async fn later_items_do_not_extend_the_wait_of_the_first() {
    let (batcher, batches) = recording(config(1_000, ms(5)), ms(0));
    for item in 0..10 {
        batcher.add(item).await.unwrap();
        sleep(ms(2)).await;
    }
    batcher.close().await;
    let times: Vec<_> = batches.lock().unwrap().iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [ms(5), ms(11), ms(17), ms(20)]);
}

#[tokio::test(start_paused = true)]
async fn age_counts_from_when_an_item_was_added_even_while_another_batch_is_processed() {
    let (batcher, batches) = recording(config(2, ms(5)), ms(100));
    for item in 0..3 {
        batcher.add(item).await.unwrap();
    }
    sleep(ms(200)).await;
    let batches = batches.lock().unwrap().clone();
    assert_eq!(batches, [(ms(0), vec![0, 1]), (ms(100), vec![2])]);
}

#[tokio::test(start_paused = true)]
async fn close_processes_everything_and_refuses_more() {
    let (batcher, batches) = recording(config(4, ms(1_000)), ms(10));
    for item in 0..9 {
        batcher.add(item).await.unwrap();
    }
    let stats = batcher.close().await;
    assert_eq!((stats.added, stats.processed, stats.pending), (9, 9, 0));
    assert_eq!(batches.lock().unwrap().len(), 3);
    assert_eq!(batcher.add(10).await.unwrap_err().0, 10);
    assert_eq!(batcher.close().await, stats);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_batcher_processes_everything_too() {
    let (batcher, batches) = recording(config(4, ms(1_000)), ms(10));
    for item in 0..9 {
        batcher.add(item).await.unwrap();
    }
    drop(batcher);
    sleep(ms(100)).await;
    let batches = batches.lock().unwrap();
    assert_eq!(batches.iter().map(|(_, batch)| batch.len()).sum::<usize>(), 9);
}

#[tokio::test(start_paused = true)]
async fn add_waits_while_too_many_wait() {
    let (batcher, _) = recording(config(1, ms(0)), ms(100));
    let started = Instant::now();
    for item in 0..13 {
        batcher.add(item).await.unwrap();
    }
    assert!(started.elapsed() >= ms(100), "one in processing, ten waiting: the rest waits");
    assert!(batcher.stats().pending <= 12);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_processor_loses_its_own_batch_only() {
    let batcher = Batcher::new(config(2, ms(1)), |batch: Vec<u32>| async move {
        assert!(!batch.contains(&3), "three");
        Ok::<_, Infallible>(())
    });
    for item in 0..8 {
        batcher.add(item).await.unwrap();
    }
    let stats = batcher.close().await;
    assert_eq!((stats.processed, stats.failed, stats.batches), (6, 2, 4));
}

#[test]
fn close_returns_when_the_runtime_is_gone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let batcher = runtime.block_on(async { recording(config(5, ms(1)), ms(1)).0 });
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(other.block_on(batcher.close()).added, 0);
}
