//! A client that keeps to a quota, asks a few things at once, and does what a busy server tells it.
//!
//! `cargo run -p async-utils --example polite_client`

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use async_utils::{
    Backoff, BoxError, LimitError, Limiter, Parallel, Quota, Retry, Verdict, with_timeout,
};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What the server says when it has too much to do.
#[derive(Debug, thiserror::Error)]
enum ServerError {
    #[error("too many requests, come back in {0:?}")]
    Busy(Duration),
    #[error("no such page")]
    NotFound,
    #[error("the quota does not allow it")]
    Quota(#[from] LimitError),
}

/// Stands for a server that is busy now and then.
#[derive(Debug, Default)]
struct Server {
    calls: AtomicU32,
}

impl Server {
    async fn page(&self, n: u32) -> Result<String, ServerError> {
        sleep(Duration::from_millis(5)).await;
        match self.calls.fetch_add(1, Ordering::Relaxed) {
            call if call % 4 == 3 => Err(ServerError::Busy(Duration::from_millis(50))),
            _ if n == 7 => Err(ServerError::NotFound),
            _ => Ok(format!("page {n}")),
        }
    }
}

fn judge(error: &ServerError) -> Verdict {
    match error {
        ServerError::Busy(told) => Verdict::AgainAfter(*told),
        ServerError::NotFound | ServerError::Quota(_) => Verdict::Stop,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let server = Server::default();
    let limiter = Limiter::new(Quota::parse("40/second; 1000/hour")?);
    let retry =
        Retry::new(Backoff::exponential(Duration::from_millis(10))).total(Duration::from_secs(2));

    let started = Instant::now();
    let fetch = |n| {
        let (server, limiter, retry) = (&server, &limiter, &retry);
        async move {
            let attempt = || async {
                // Each attempt counts against the quota, not each page.
                limiter.until_ready().await?;
                server.page(n).await
            };
            retry.run_when(attempt, judge).await
        }
    };
    let four = Parallel::new(NonZeroUsize::MIN.saturating_add(3));
    let pages = with_timeout(Duration::from_secs(10), four.map(1..=12, fetch).collect()).await?;

    for page in pages {
        match page? {
            Ok(page) => println!("{page}"),
            Err(error) => println!("{error} ({})", error.last),
        }
    }
    println!("{:?} in {:?}", limiter.stats(), started.elapsed());
    Ok(())
}
