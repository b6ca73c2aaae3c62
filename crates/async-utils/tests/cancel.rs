//! Every public async function, dropped after each of its polls: nothing is lost, nothing leaks.

use async_utils::{
    Backoff, Batcher, BatcherConfig, Job, Limiter, Parallel, Permits, PriorityQueue, QueueConfig,
    Quota, Retry,
};
use std::convert::Infallible;
use std::future::poll_fn;
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(n - 1)
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Polls a future so many times, as it asks for it, and drops it unless it ended before.
async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left <= 1 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Runs `scene` with one poll, two, and so on, until what it drops has ended by itself. A scene
/// returns whether it had.
async fn after_each_poll<Fut: Future<Output = bool>>(mut scene: impl FnMut(usize) -> Fut) {
    for polls in 1..100 {
        if scene(polls).await {
            assert!(polls > 1, "it never waited, so nothing was tested");
            return;
        }
    }
    panic!("it never ended");
}

#[tokio::test(start_paused = true)]
async fn submit() {
    after_each_poll(|polls| async move {
        let config = QueueConfig::default().workers(size(1)).capacity(size(1));
        let queue = PriorityQueue::new(config);
        for _ in 0..2 {
            queue.submit(Job::new(sleep(ms(10)))).await.unwrap();
        }
        let ended = drop_after(polls, queue.submit(Job::new(async {}))).await.is_some();
        sleep(ms(100)).await;
        let stats = queue.stats();
        assert!(stats.is_conserved());
        assert_eq!(stats.completed, 2 + u64::from(ended));
        queue.try_submit(Job::new(async {})).unwrap().await.unwrap();
        ended
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn awaiting_a_handle() {
    after_each_poll(|polls| async move {
        let queue = PriorityQueue::new(QueueConfig::default());
        let job = Job::new(async {
            sleep(ms(10)).await;
            7
        });
        let mut handle = queue.submit(job).await.unwrap();
        if let Some(value) = drop_after(polls, &mut handle).await {
            assert_eq!(value.unwrap(), 7);
            return true;
        }
        assert_eq!(handle.await.unwrap(), 7);
        false
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn drain() {
    after_each_poll(|polls| async move {
        let queue = PriorityQueue::new(QueueConfig::default().workers(size(1)));
        for _ in 0..3 {
            queue.submit(Job::new(sleep(ms(10)))).await.unwrap();
        }
        let ended = drop_after(polls, queue.drain(ms(15))).await;
        let unfinished = queue.drain(ms(1_000)).await;
        assert_eq!(ended.as_ref().map_or(0, Vec::len), unfinished.len());
        let stats = queue.stats();
        assert!(stats.is_conserved());
        assert_eq!((stats.unfinished(), stats.completed), (0, 3 - unfinished.len() as u64));
        ended.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn until_ready() {
    after_each_poll(|polls| async move {
        let limiter = Arc::new(Limiter::new(Quota::parse("2/second;3/minute").unwrap()));
        while limiter.check().is_ok() {}
        let started = Instant::now();
        // One waits before it, so that both the turn and the instant are waited for.
        let before = Arc::clone(&limiter);
        let before = tokio::spawn(async move { before.until_ready().await });
        tokio::task::yield_now().await;
        let ended = drop_after(polls, limiter.until_ready()).await.is_some();
        before.await.unwrap().unwrap();
        limiter.until_ready().await.unwrap();
        let stats = limiter.stats();
        assert_eq!((stats.admitted, stats.waiting), (4 + u64::from(ended), 0));
        let last = if ended { ms(40_000) } else { ms(20_000) };
        assert_eq!(started.elapsed(), last, "a place given up is the next one's");
        ended
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn acquire() {
    after_each_poll(|polls| async move {
        let permits = Permits::new(NonZeroU32::new(3).unwrap());
        let holder = permits.clone();
        let held = tokio::spawn(async move {
            let _held = holder.acquire(2).await;
            sleep(ms(10)).await;
        });
        tokio::task::yield_now().await;
        let ended = drop_after(polls, permits.acquire_timeout(2, ms(100))).await.is_some();
        held.await.unwrap();
        let stats = permits.stats();
        assert_eq!((stats.active, stats.waiting, stats.timeouts), (0, 0, 0));
        drop(permits.try_acquire(3).unwrap());
        ended
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn adding_to_and_closing_a_batcher() {
    for close_early in [false, true] {
        after_each_poll(|polls| async move {
            let processed = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&processed);
            let config = BatcherConfig::default().max_items(size(1)).capacity(size(1));
            let batcher = Batcher::new(config, move |batch: Vec<u8>| {
                seen.fetch_add(batch.len(), Ordering::SeqCst);
                async {
                    sleep(ms(10)).await;
                    Ok::<_, Infallible>(())
                }
            });
            for item in 0..2 {
                batcher.add(item).await.unwrap();
            }
            let ended = if close_early {
                drop_after(polls, batcher.close()).await.is_some()
            } else {
                tokio::task::yield_now().await;
                batcher.add(2).await.unwrap();
                drop_after(polls, batcher.add(3)).await.is_some()
            };
            let stats = batcher.close().await;
            let added = if close_early { 2 } else { 3 + u64::from(ended) };
            assert_eq!((stats.added, stats.processed, stats.pending), (added, added, 0));
            assert_eq!(processed.load(Ordering::SeqCst) as u64, added);
            ended
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn retry() {
    after_each_poll(|polls| async move {
        let calls = AtomicUsize::new(0);
        let retry = Retry::new(Backoff::constant(ms(10)));
        let operation = || async {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            sleep(ms(1)).await;
            if call == 2 { Ok(()) } else { Err(std::io::Error::other("busy")) }
        };
        let ended = drop_after(polls, retry.run(operation)).await.is_some();
        let made = calls.load(Ordering::SeqCst);
        sleep(ms(1_000)).await;
        assert_eq!(calls.load(Ordering::SeqCst), made, "nothing goes on behind it");
        ended
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn next_of_a_map() {
    after_each_poll(|polls| async move {
        let mut results = Parallel::new(size(3)).map(0..7, |n| async move {
            sleep(ms(10)).await;
            n
        });
        let first = drop_after(polls, results.next()).await;
        let mut all: Vec<_> = first.iter().flatten().cloned().collect();
        all.extend(results.collect().await);
        assert_eq!(all, (0..7).map(Ok).collect::<Vec<_>>());
        first.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn try_map() {
    after_each_poll(|polls| async move {
        let alive = Arc::new(());
        let ended = {
            let work = |n: u64| {
                let life = Arc::clone(&alive);
                async move {
                    sleep(ms(n)).await;
                    drop(life);
                    Ok::<_, Infallible>(n)
                }
            };
            drop_after(polls, Parallel::new(size(2)).try_map(0..6, work)).await.is_some()
        };
        assert_eq!(Arc::strong_count(&alive), 1, "no item outlives the call");
        ended
    })
    .await;
}
