//! The nine intents of the suite this crate's predecessors were tested by, names kept.

use async_utils::{
    Batcher, BatcherConfig, Job, Limiter, Parallel, Permits, Priority, PriorityQueue, QueueConfig,
    Quota,
};
use std::convert::Infallible;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(n - 1)
}

#[tokio::test(start_paused = true)]
async fn batch_processor() {
    let batches = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&batches);
    let batcher = Batcher::new(BatcherConfig::default().max_items(size(10)), move |batch| {
        seen.lock().unwrap().push(batch);
        async { Ok::<_, Infallible>(()) }
    });
    for item in 0..25 {
        batcher.add(item).await.unwrap();
    }
    let stats = batcher.close().await;
    assert_eq!((stats.added, stats.processed, stats.failed, stats.batches), (25, 25, 0, 3));
    let batches = batches.lock().unwrap();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    assert_eq!(batches.concat(), (0..25).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn batch_processor_with_errors() {
    let batcher =
        Batcher::new(BatcherConfig::default().max_items(size(5)), |batch: Vec<i32>| async move {
            if batch.contains(&7) { Err("seven") } else { Ok(()) }
        });
    for item in 0..20 {
        batcher.add(item).await.unwrap();
    }
    let stats = batcher.close().await;
    assert_eq!((stats.processed, stats.failed, stats.pending), (15, 5, 0));
}

#[tokio::test(start_paused = true)]
async fn parallel_executor() {
    let started = Instant::now();
    let results = Parallel::new(size(5))
        .map(0..10u64, |n| async move {
            sleep(Duration::from_millis(10)).await;
            n * 2
        })
        .collect()
        .await;
    let values: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(values, (0..10).map(|n| n * 2).collect::<Vec<_>>());
    assert_eq!(started.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn concurrency_limit() {
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = Parallel::new(size(3))
        .map(0..20, |_| async {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_millis(10)).await;
            running.fetch_sub(1, Ordering::SeqCst);
        })
        .collect()
        .await;
    assert_eq!(results.len(), 20);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn semaphore_pool() {
    let permits = Permits::new(NonZeroU32::new(2).unwrap());
    let use_one = |_| {
        let permits = permits.clone();
        async move {
            let _permit = permits.acquire(1).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
    };
    Parallel::new(size(5)).spawn_map(0..5, use_one).collect().await;
    let stats = permits.stats();
    assert_eq!((stats.acquired, stats.active, stats.max_active), (5, 0, 2));
    assert_eq!(stats.wait_time, Duration::from_millis(2 * 100 + 200));
}

#[tokio::test(start_paused = true)]
async fn rate_limiter() {
    let limiter = Limiter::new(Quota::parse("10/second").unwrap());
    let started = Instant::now();
    for _ in 0..20 {
        limiter.until_ready().await.unwrap();
    }
    // Ten at once, ten at a tenth of a second each: exactly a second, where "at least one" was asked.
    assert_eq!(started.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn task_queue() {
    let queue = PriorityQueue::new(QueueConfig::default().workers(size(1)));
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut handles = Vec::new();
    for priority in [Priority::Low, Priority::High, Priority::Normal, Priority::Critical] {
        let order = Arc::clone(&order);
        let job = Job::new(async move { order.lock().unwrap().push(priority) }).priority(priority);
        handles.push(queue.try_submit(job).unwrap());
    }
    for handle in handles {
        handle.await.unwrap();
    }
    let expected = [Priority::Critical, Priority::High, Priority::Normal, Priority::Low];
    assert_eq!(*order.lock().unwrap(), expected);
    let stats = queue.stats();
    assert_eq!((stats.completed, stats.failed, stats.active), (4, 0, 0));
    assert_eq!(stats.success_rate(), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn gather_with_concurrency() {
    let started = Instant::now();
    let values = Parallel::new(size(2))
        .try_map(0..6, |n| async move {
            sleep(Duration::from_millis(10)).await;
            Ok::<_, Infallible>(n)
        })
        .await
        .unwrap();
    assert_eq!(values, [0, 1, 2, 3, 4, 5]);
    assert_eq!(started.elapsed(), Duration::from_millis(30));
}

#[tokio::test(start_paused = true)]
async fn process_in_batches() {
    let items: Vec<u32> = (0..100).collect();
    let sums = Parallel::new(size(4))
        .map(items.chunks(10), |batch| async move { batch.iter().sum::<u32>() })
        .collect()
        .await;
    assert_eq!(sums.len(), 10);
    assert_eq!(sums.into_iter().map(Result::unwrap).sum::<u32>(), items.iter().sum());
}
