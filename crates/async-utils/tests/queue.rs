//! What a priority queue promises, on a paused clock.

use async_utils::{
    Backoff, Job, JobError, Priority, PriorityQueue, QueueConfig, Retry, SubmitError, with_timeout,
};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep};

const fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(n - 1)
}

fn one_worker() -> QueueConfig {
    QueueConfig::default().workers(size(1))
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Jobs that write down their name when they run.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    fn job(&self, name: u32, takes: Duration) -> Job<()> {
        let log = self.clone();
        Job::new(async move {
            log.0.lock().unwrap_or_else(|e| e.into_inner()).push(name);
            sleep(takes).await;
        })
    }

    fn names(&self) -> Vec<u32> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("flaky")]
struct Flaky;

#[tokio::test(start_paused = true)]
async fn jobs_of_one_priority_run_in_the_order_they_came() {
    let (queue, log) = (PriorityQueue::new(one_worker()), Log::default());
    for name in 0..100 {
        queue.try_submit(log.job(name, Duration::ZERO)).unwrap();
    }
    assert!(queue.drain(seconds(1)).await.is_empty());
    assert_eq!(log.names(), (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_critical_job_waits_for_the_running_one_only() {
    let (queue, log) = (PriorityQueue::new(one_worker()), Log::default());
    for name in 0..5 {
        queue.try_submit(log.job(name, seconds(1)).priority(Priority::Low)).unwrap();
    }
    tokio::task::yield_now().await;
    let started = Instant::now();
    let urgent = queue.try_submit(log.job(9, Duration::ZERO).priority(Priority::Critical)).unwrap();
    urgent.await.unwrap();
    assert_eq!(started.elapsed(), seconds(1));
    assert_eq!(log.names(), [0, 9, 1]);
}

#[tokio::test(start_paused = true)]
async fn capacity_bounds_what_waits() {
    let queue = PriorityQueue::new(one_worker().capacity(size(2)));
    let log = Log::default();
    queue.submit(log.job(0, seconds(1))).await.unwrap();
    tokio::task::yield_now().await;
    queue.try_submit(log.job(1, seconds(1))).unwrap();
    queue.try_submit(log.job(2, seconds(1))).unwrap();
    let refused = queue.try_submit(log.job(3, seconds(1)));
    assert_eq!(refused.map(|_| ()), Err(SubmitError::Full));

    let started = Instant::now();
    queue.submit(log.job(4, seconds(1))).await.unwrap();
    assert_eq!(started.elapsed(), seconds(1), "submit waits until a job leaves for the worker");
    let stats = queue.stats();
    assert_eq!((stats.queued(), stats.active, stats.rejected), (2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_retry_does_not_hold_its_worker() {
    let queue = PriorityQueue::new(one_worker());
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let retry = Retry::new(Backoff::constant(seconds(10)));
    let flaky = Job::retrying(retry, move || {
        let attempt = counted.fetch_add(1, Ordering::SeqCst);
        async move { if attempt < 2 { Err(Flaky) } else { Ok(attempt) } }
    });
    let started = Instant::now();
    let flaky = queue.try_submit(flaky.priority(Priority::Critical)).unwrap();
    let quick = queue.try_submit(Job::new(async { 7 })).unwrap();
    assert_eq!(quick.await.unwrap(), 7);
    assert_eq!(started.elapsed(), Duration::ZERO, "the worker was free during the pause");
    assert_eq!(queue.stats().delayed, 1);
    assert_eq!(flaky.await.unwrap(), 2);
    assert_eq!(started.elapsed(), seconds(20));
    assert_eq!((queue.stats().retried, queue.stats().completed), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn the_last_error_of_a_retry_is_the_jobs_error() {
    let queue = PriorityQueue::new(one_worker());
    let retry = Retry::default().max_attempts(NonZeroU32::new(3).unwrap());
    let job = Job::<()>::retrying(retry, || async { Err(Flaky) });
    let error = queue.try_submit(job).unwrap().await.unwrap_err();
    let JobError::Failed { attempts, cause } = error else { panic!("{error}") };
    assert_eq!((attempts, cause.to_string().as_str()), (3, "flaky"));
    assert_eq!(queue.stats().failed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_into_a_full_queue_does_not_deadlock() {
    let queue = PriorityQueue::new(one_worker().capacity(size(1)));
    let mut handles = Vec::new();
    for _ in 0..10 {
        let mut failed = false;
        let retry = Retry::new(Backoff::constant(seconds(1)));
        let job = Job::retrying(retry, move || {
            let ok = std::mem::replace(&mut failed, true);
            async move { if ok { Ok(()) } else { Err(Flaky) } }
        });
        handles.push(queue.submit(job).await.unwrap());
        assert!(queue.stats().unfinished() <= 2, "capacity + workers");
    }
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(queue.stats().completed, 10);
}

#[tokio::test(start_paused = true)]
async fn a_panic_stays_in_its_handle() {
    let queue = PriorityQueue::new(one_worker());
    let bad = queue.try_submit(Job::<()>::new(async { panic!("boom") })).unwrap();
    let built_badly =
        Job::<()>::retrying(Retry::default(), || -> std::future::Ready<Result<(), Flaky>> {
            panic!("no future")
        });
    let built_badly = queue.try_submit(built_badly).unwrap();
    let good = queue.try_submit(Job::new(async { 1 })).unwrap();
    let JobError::Panicked(panicked) = bad.await.unwrap_err() else { panic!() };
    assert_eq!(panicked.message, "boom");
    assert!(matches!(built_badly.await, Err(JobError::Panicked(_))));
    assert_eq!(good.await.unwrap(), 1);
    assert_eq!((queue.stats().panicked, queue.stats().completed), (2, 1));
}

/// Panics when dropped, as a destructor should not.
struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panicking_destructor_does_not_cost_a_worker() {
    let queue = PriorityQueue::new(one_worker());
    drop(queue.try_submit(Job::new(async { Explosive })).unwrap());
    let explosive = Explosive;
    let running = Job::<()>::new(async move {
        let _held = explosive;
        std::future::pending().await
    });
    let running = queue.try_submit(running).unwrap();
    let retried = Job::<()>::retrying(Retry::default(), || async {
        let _held = Explosive;
        std::future::pending::<Result<(), Flaky>>().await
    });
    let retried = queue.try_submit(retried).unwrap();
    for handle in [running, retried] {
        sleep(seconds(1)).await;
        handle.cancel();
        assert!(matches!(handle.await, Err(JobError::Cancelled)));
    }
    assert_eq!(queue.try_submit(Job::new(async { 1 })).unwrap().await.unwrap(), 1);
    assert!(queue.stats().is_conserved());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_past_its_deadline_expires_then_and_never_runs() {
    let (queue, log) = (PriorityQueue::new(one_worker()), Log::default());
    let first = queue.try_submit(log.job(0, seconds(100))).unwrap();
    let started = Instant::now();
    let late = queue.try_submit(log.job(1, seconds(1)).start_within(seconds(3))).unwrap();
    assert!(matches!(late.await, Err(JobError::Expired)));
    assert_eq!(started.elapsed(), seconds(3), "while the worker is still busy");
    first.await.unwrap();
    assert_eq!(log.names(), [0]);
    assert_eq!(queue.stats().expired, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_frees_its_place_at_once() {
    let queue = PriorityQueue::new(one_worker().capacity(size(1)));
    let log = Log::default();
    let running = queue.submit(log.job(0, seconds(100))).await.unwrap();
    tokio::task::yield_now().await;
    let waiting = queue.try_submit(log.job(1, seconds(1))).unwrap();
    waiting.cancel();
    assert!(matches!(waiting.await, Err(JobError::Cancelled)));
    let next = queue.try_submit(log.job(2, seconds(1))).unwrap();

    running.cancel();
    assert!(matches!(running.await, Err(JobError::Cancelled)));
    next.await.unwrap();
    assert_eq!(log.names(), [0, 2]);
    assert_eq!(queue.stats().cancelled, 2);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_lets_its_job_run() {
    let queue = PriorityQueue::new(one_worker());
    let (done, seen) = oneshot::channel();
    drop(queue.try_submit(Job::new(async move { done.send(1).ok() })).unwrap());
    assert_eq!(seen.await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn ageing_starts_a_low_job_within_its_bound_under_a_flood() {
    let config = one_worker().ageing(seconds(10));
    let (queue, log) = (PriorityQueue::new(config), Log::default());
    let flood = queue.clone();
    let flooding = tokio::spawn(async move {
        loop {
            let job = Job::new(sleep(seconds(1))).priority(Priority::Critical);
            flood.submit(job).await.unwrap();
            sleep(Duration::from_millis(500)).await;
        }
    });
    sleep(seconds(5)).await;
    let started = Instant::now();
    let low = queue.try_submit(log.job(1, Duration::ZERO).priority(Priority::Low)).unwrap();
    with_timeout(seconds(60), low).await.expect("it starves").unwrap();
    // Three levels to rise; then nothing that came later passes it, and the running job ends.
    assert!(started.elapsed() >= seconds(30), "{:?}", started.elapsed());
    assert!(started.elapsed() <= seconds(31), "{:?}", started.elapsed());
    flooding.abort();
}

#[tokio::test(start_paused = true)]
async fn drain_lets_accepted_jobs_end_and_takes_no_more() {
    let (queue, log) = (PriorityQueue::new(one_worker()), Log::default());
    for name in 0..5 {
        queue.try_submit(log.job(name, seconds(1))).unwrap();
    }
    let draining = queue.clone();
    let draining = tokio::spawn(async move { draining.drain(seconds(60)).await });
    tokio::task::yield_now().await;
    let refused = queue.submit(log.job(9, seconds(1))).await;
    assert_eq!(refused.map(|_| ()), Err(SubmitError::Closed));
    assert!(draining.await.unwrap().is_empty());
    assert_eq!(log.names(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn drain_waits_for_retries_too() {
    let queue = PriorityQueue::new(one_worker());
    let mut attempts = 0;
    let retry = Retry::new(Backoff::constant(seconds(5)));
    let job = Job::retrying(retry, move || {
        attempts += 1;
        let ok = attempts == 3;
        async move { if ok { Ok(()) } else { Err(Flaky) } }
    });
    let handle = queue.try_submit(job).unwrap();
    assert!(queue.drain(seconds(60)).await.is_empty());
    handle.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_drain_out_of_time_names_what_did_not_end_every_time_it_is_asked() {
    let (queue, log) = (PriorityQueue::new(one_worker()), Log::default());
    let names = ["done", "running", "waiting"];
    let handles: Vec<_> = (0..)
        .zip(names)
        .map(|(n, name)| queue.try_submit(log.job(n, seconds(4)).name(name)).unwrap())
        .collect();
    let started = Instant::now();
    let unfinished = queue.drain(seconds(6)).await;
    assert!(started.elapsed() <= seconds(6) + Duration::from_millis(10));
    let told: Vec<_> = unfinished.iter().map(|job| (&*job.name, job.started)).collect();
    assert_eq!(told, [("running", true), ("waiting", false)]);
    assert_eq!(unfinished[0].id, handles[1].id());
    assert_eq!(queue.drain(seconds(6)).await, unfinished);

    let mut ended = Vec::new();
    for handle in handles {
        ended.push(handle.await.is_ok());
    }
    assert_eq!(ended, [true, false, false]);
    assert!(queue.stats().is_conserved());
    assert_eq!(queue.stats().unfinished(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_queue_cancels_what_it_held() {
    let (queue, log) = (PriorityQueue::new(one_worker()), Log::default());
    let running = queue.try_submit(log.job(0, seconds(100))).unwrap();
    let waiting = queue.try_submit(log.job(1, seconds(100))).unwrap();
    tokio::task::yield_now().await;
    drop(queue);
    assert!(matches!(running.await, Err(JobError::Cancelled)));
    assert!(matches!(waiting.await, Err(JobError::Cancelled)));
    assert_eq!(log.names(), [0]);
}

#[test]
fn a_runtime_that_ends_leaves_no_handle_waiting() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (queue, handles) = runtime.block_on(async {
        let (queue, log) = (PriorityQueue::new(one_worker()), Log::default());
        let handles = [0, 1].map(|name| queue.try_submit(log.job(name, seconds(100))).unwrap());
        tokio::task::yield_now().await;
        (queue, handles)
    });
    drop(runtime);
    assert_eq!((queue.stats().active, queue.stats().cancelled), (0, 1));
    drop(queue);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for handle in handles {
        assert!(matches!(other.block_on(handle), Err(JobError::Cancelled)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statistics_agree_at_every_instant_while_threads_work() {
    let queue = PriorityQueue::new(QueueConfig::default());
    let stop = Arc::new(Notify::new());
    let (watched, stopped) = (queue.clone(), Arc::clone(&stop));
    let watch = tokio::spawn(async move {
        let stopped = stopped.notified();
        tokio::pin!(stopped);
        let mut looks = 0_u32;
        while futures::poll!(&mut stopped).is_pending() {
            assert!(watched.stats().is_conserved());
            looks += 1;
            tokio::task::yield_now().await;
        }
        looks
    });
    for n in 0..2_000_u32 {
        let job = Job::new(async move { assert!(n % 7 != 0, "every seventh") });
        let handle = queue.submit(job).await.unwrap();
        if n % 5 == 0 {
            handle.cancel();
        }
    }
    assert!(queue.drain(seconds(30)).await.is_empty());
    stop.notify_one();
    assert!(watch.await.unwrap() > 0);
    let stats = queue.stats();
    assert_eq!(stats.completed + stats.failed + stats.cancelled, 2_000);
}
