//! What the fence is for: a holder that sleeps through its lease must not overwrite its successor.
//!
//! ```text
//! cargo run --example fenced_write --features sqlite
//! ```

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use dist_lock::store::sqlite::{SqliteLeases, check_fence};
use dist_lock::{FencingToken, Guard, Lock};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use std::error::Error;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("roster.db");
    let slow = Process::start(&file)?;
    let quick = Process::start(&file)?;

    let held_by_slow = slow.acquire()?;
    // From here on `slow` is paused: nothing runs its runtime, so nothing renews its lease either.
    let held_by_quick = quick.acquire()?;
    quick.publish(held_by_quick.fence(), "quick")?;

    // Now `slow` goes on. Had it looked, it would know ...
    println!("slow still holds the lock: {}", held_by_slow.is_valid());
    // ... but between a look and a write there is always time for another pause.
    match slow.publish(held_by_slow.fence(), "slow") {
        Ok(()) => println!("a stale roster was published"),
        Err(refused) => println!("refused: {refused}"),
    }
    quick.runtime.block_on(held_by_quick.release())?;
    Ok(())
}

/// What a process has of its own: a runtime and its connections.
struct Process {
    runtime: Runtime,
    pool: SqlitePool,
}

impl Process {
    fn start(file: &Path) -> Result<Self, Box<dyn Error>> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let pool = runtime.block_on(SqlitePool::connect_with(options))?;
        let table = "CREATE TABLE IF NOT EXISTS roster (author TEXT)";
        runtime.block_on(sqlx::raw_sql(table).execute(&pool))?;
        runtime.block_on(SqliteLeases::new(pool.clone()).migrate())?;
        Ok(Self { runtime, pool })
    }

    fn acquire(&self) -> Result<Guard, Box<dyn Error>> {
        let store = SqliteLeases::new(self.pool.clone());
        let lock = Lock::new(store, "roster", Duration::from_millis(500))?;
        Ok(self.runtime.block_on(lock.acquire())?)
    }

    fn publish(&self, fence: FencingToken, author: &str) -> Result<(), Box<dyn Error>> {
        self.runtime.block_on(publish(&self.pool, fence, author))
    }
}

/// Check and write in one transaction: they stand or fall together.
async fn publish(
    pool: &SqlitePool,
    fence: FencingToken,
    author: &str,
) -> Result<(), Box<dyn Error>> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    check_fence(&mut transaction, "roster", fence).await?;
    sqlx::query("INSERT INTO roster VALUES (?)").bind(author).execute(&mut *transaction).await?;
    transaction.commit().await?;
    println!("published by {author} under fence {fence}");
    Ok(())
}
