//! A job that one process at a time may run. Start it in two terminals with the same file:
//!
//! ```text
//! cargo run --example exclusive_job --features sqlite -- /tmp/jobs.db
//! ```
//!
//! Kill the one at work (even with `kill -9`): the other takes over within a TTL.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use dist_lock::Lock;
use dist_lock::store::sqlite::SqliteLeases;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use std::error::Error;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "jobs.db".to_owned());
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let store = SqliteLeases::new(SqlitePool::connect_with(options).await?);
    store.migrate().await?;

    let lock = Lock::new(store, "nightly-report", Duration::from_secs(3))?
        .holder_label(format!("process {}", std::process::id()));
    if let Some(holder) = lock.holder().await? {
        println!("{} is at it, waiting", holder.label);
    }
    let guard = lock.acquire_within(Duration::from_secs(60)).await?;
    println!("at work under fence {}", guard.fence());

    // Stops where it is when the lease is lost, and then says so.
    guard.run(report()).await?;
    guard.release().await?;
    println!("done: {:?}", lock.stats());
    Ok(())
}

async fn report() {
    for page in 1..=5 {
        println!("page {page}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
