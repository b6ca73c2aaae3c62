//! What it costs to be told of changes: `cargo run --release -p query-cache --features postgres --example
//! listen_figures`. Starts a PostgreSQL of its own, without fsync: what is measured is the trigger.

use std::error::Error;
use std::time::{Duration, Instant};

use query_cache::postgres::{Listener, Watch};
use query_cache::sql::{Dialect, Schema, SqlCache};
use query_cache::{Cache, Key, Policy};
use sqlx::{Executor, PgPool};
use test_servers::OwnPostgres;

type Outcome<T> = Result<T, Box<dyn Error>>;

const CHANGES: u32 = 2000;

/// The median and the 99th of 100.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    format!("{:?} (99 of 100: {:?})", at(50), at(99))
}

async fn write(pool: &PgPool, person: i32) -> Outcome<Duration> {
    let begun = Instant::now();
    let insert = sqlx::query("INSERT INTO shifts VALUES ($1, '2025-01-10')").bind(person);
    insert.execute(pool).await?;
    Ok(begun.elapsed())
}

/// From the answer to a write until a value that depends on the table is outdated.
async fn told_after(cache: &Cache, pool: &PgPool, policy: &Policy) -> Outcome<Duration> {
    let key = Key::new("of").part("shifts");
    cache.set(&key, 1u32, policy).await?;
    write(pool, 7).await?;
    let committed = Instant::now();
    while cache.exists(&key).await {
        tokio::task::yield_now().await;
    }
    Ok(committed.elapsed())
}

#[tokio::main(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a program that measures prints what it found")]
async fn main() -> Outcome<()> {
    let server = OwnPostgres::start();
    let pool = PgPool::connect(&server.url()).await?;
    pool.execute("CREATE TABLE shifts (person int, day date)").await?;
    let table = Watch::new().schema("by_table").table("shifts");
    let keyed = Watch::new().schema("by_key").keyed("shifts", &["person", "day"]);

    let mut times = [const { Vec::new() }; 3];
    // In turn, so that whatever else the machine does meets all three alike.
    for round in 0..20 {
        for (place, watch) in [None, Some(&table), Some(&keyed)].into_iter().enumerate() {
            if let Some(watch) = watch {
                watch.install(&pool).await?;
            }
            for person in 0..i32::try_from(CHANGES / 20)? {
                times[place].push(write(&pool, person + round).await?);
            }
            if let Some(watch) = watch {
                watch.remove(&pool).await?;
            }
        }
    }
    let [bare, by_table, by_key] = times.map(spread);
    println!("an INSERT of one row, nobody watches: {bare}");
    println!("the table is watched:                 {by_table}");
    println!("its rows are:                         {by_key}");

    table.install(&pool).await?;
    let cache = Cache::builder().build();
    let sql = SqlCache::new(cache.clone(), Schema::new(Dialect::Postgres));
    let listening = Listener::new(&pool, &table).start(&sql)?;
    listening.live().await;
    let policy = Policy::ttl(Duration::from_secs(3600)).tags(sql.table_tags(&["shifts"])?);
    let mut times = Vec::new();
    for _ in 0..CHANGES {
        times.push(told_after(&cache, &pool, &policy).await?);
    }
    println!("from the commit until it is outdated: {}", spread(times));
    if listening.state().gaps > 0 {
        return Err("the connection was lost".into());
    }
    listening.close().await;
    Ok(())
}
