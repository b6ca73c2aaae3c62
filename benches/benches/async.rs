//! Small tasks through the priority queue, with their results, beside tasks spawned at once.
//!
//! The peer has no priorities, no bound and no deadline; it is what one writes without a queue.

use std::num::NonZeroUsize;

use async_utils::{Job, PriorityQueue, QueueConfig};
use criterion::{Criterion, criterion_group, criterion_main};
use rounds_benches::pair;
use tokio::{runtime::Runtime, task::JoinSet};

const TASKS: u64 = 1_000;

async fn through_queue(queue: &PriorityQueue) -> u64 {
    let mut handles = Vec::new();
    for number in 0..TASKS {
        let job = Job::new(async move { number });
        handles.push(queue.submit(job).await.expect("the queue is open"));
    }
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("a task that adds nothing cannot fail");
    }
    sum
}

async fn through_join_set() -> u64 {
    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        tasks.spawn(async move { number });
    }
    let mut sum = 0;
    while let Some(number) = tasks.join_next().await {
        sum += number.expect("a task that adds nothing cannot fail");
    }
    sum
}

fn tasks(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    let capacity = NonZeroUsize::new(1_024).expect("not zero");
    let queue = {
        let _inside = runtime.enter();
        PriorityQueue::new(QueueConfig::default().capacity(capacity))
    };
    // Spawned, not blocked on: the submitter runs on a worker of the runtime, as it would in a service.
    let on = |runtime: &Runtime, work: std::pin::Pin<Box<dyn Future<Output = u64> + Send>>| {
        runtime.block_on(runtime.spawn(work)).expect("no panic")
    };
    pair(
        criterion,
        "task",
        ("ours", || {
            let queue = queue.clone();
            on(&runtime, Box::pin(async move { through_queue(&queue).await }))
        }),
        ("tokio-join-set", || on(&runtime, Box::pin(through_join_set()))),
    );
}

criterion_group!(benches, tasks);
criterion_main!(benches);
