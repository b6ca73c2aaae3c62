//! Background jobs: an urgent report overtakes the nightly ones, a flaky one is tried again without
//! holding its worker, and the end is orderly.
//!
//! `cargo run -p async-utils --example jobs`

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use async_utils::{Backoff, BoxError, Job, Priority, PriorityQueue, QueueConfig, Retry};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let config = QueueConfig::default()
        .workers(NonZeroUsize::MIN)
        .capacity(NonZeroUsize::MIN.saturating_add(99))
        .ageing(Duration::from_secs(30));
    let queue = PriorityQueue::new(config);

    for ward in ["north", "south", "east"] {
        let job = report(ward).priority(Priority::Low).name(format!("nightly {ward}"));
        queue.submit(job).await?;
    }
    let flaky = queue.submit(flaky_export().name("export")).await?;
    let urgent = queue.submit(report("emergency").priority(Priority::Critical)).await?;

    println!("urgent: {}", urgent.await?);
    println!("flaky:  {}", flaky.await?);
    println!("when the urgent ones were done: {:?}", queue.stats());

    for job in queue.drain(Duration::from_millis(5)).await {
        println!("not finished: {} ({}), begun: {}", job.name, job.id, job.started);
    }
    let stats = queue.stats();
    println!(
        "{} completed, {} cancelled, {} retried",
        stats.completed, stats.cancelled, stats.retried
    );
    Ok(())
}

fn report(ward: &'static str) -> Job<String> {
    Job::new(async move {
        sleep(Duration::from_millis(20)).await;
        format!("report of ward {ward}")
    })
}

/// Fails twice, then succeeds.
fn flaky_export() -> Job<&'static str> {
    let attempts = Arc::new(AtomicU32::new(0));
    Job::retrying(Retry::new(Backoff::exponential(Duration::from_millis(10))), move || {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed);
        async move { if attempt < 2 { Err("the disk was busy") } else { Ok("exported") } }
    })
}
