//! What views cost: `cargo run --release -p query-cache --features postgres --example view_figures`. Starts
//! a PostgreSQL of its own, with fsync. Fails where a bound is missed.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use query_cache::Cache;
use query_cache::sql::{Dialect, Schema, SqlCache};
use query_cache::view::{Refresh, View, Views};
use sqlx::{AssertSqlSafe, PgPool};
use test_servers::{Durability, Options, OwnPostgres};

type Outcome<T> = Result<T, Box<dyn Error>>;

const ROWS: u32 = 1_000_000;
const GROUPS: u32 = 106_000;
const CHANGED: u32 = 100;
const ROUNDS: u32 = 9;

const QUERY: &str = "SELECT person, block, count(*) AS shifts, sum(hours)::bigint AS hours
    FROM shifts GROUP BY person, block";

fn whole() -> View {
    View::new("whole", QUERY).key(&["person", "block"])
}

fn groups() -> View {
    View::new("groups", QUERY).key(&["person", "block"]).source("shifts", &["person", "block"])
}

async fn run(pool: &PgPool, statement: &str) -> Outcome<()> {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(pool).await?;
    Ok(())
}

async fn number(pool: &PgPool, query: &str) -> Outcome<i64> {
    Ok(sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(pool).await?)
}

/// Point reads of `view` without a pause, while `work` runs. What it took, and the longest read.
async fn beside_a_reader(
    pool: &PgPool,
    view: &'static str,
    work: impl Future<Output = Outcome<()>>,
) -> Outcome<(Duration, Duration)> {
    let stop = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (pool, stop) = (pool.clone(), Arc::clone(&stop));
        async move {
            let query = format!("SELECT hours FROM {view} WHERE person = $1 LIMIT 1");
            let (mut longest, mut person) = (Duration::ZERO, 0i32);
            while !stop.load(Ordering::Relaxed) {
                person = (person + 7919) % 2000;
                let begun = Instant::now();
                let query = sqlx::query_scalar(AssertSqlSafe(query.clone())).bind(person);
                let _hours: Option<i64> = query.fetch_optional(&pool).await?;
                longest = longest.max(begun.elapsed());
            }
            Ok::<_, sqlx::Error>(longest)
        }
    });
    let begun = Instant::now();
    work.await?;
    let took = begun.elapsed();
    stop.store(true, Ordering::Relaxed);
    Ok((took, reader.await??))
}

async fn change(pool: &PgPool, round: u32) -> Outcome<()> {
    run(
        pool,
        &format!(
            "UPDATE shifts SET hours = hours + 1 WHERE id IN
             (SELECT 1 + ({round} * 131 + n * 9973) % {ROWS} FROM generate_series(1, {CHANGED}) n)"
        ),
    )
    .await
}

async fn refresh(views: &Views, view: View) -> Outcome<()> {
    match views.refresh(&view).await? {
        Refresh::Done(_) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn prepare(pool: &PgPool) -> Outcome<()> {
    run(pool, "CREATE TABLE shifts (id int PRIMARY KEY, person int, block int, hours int)").await?;
    let fill = format!(
        "INSERT INTO shifts SELECT n, (n * 7919::bigint % {GROUPS}) / 53, (n * 7919::bigint % {GROUPS}) % 53, n % 12
         FROM generate_series(1, {ROWS}) n"
    );
    run(pool, &fill).await?;
    run(pool, "CREATE INDEX ON shifts (person, block)").await?;
    run(pool, "VACUUM ANALYZE shifts").await
}

#[tokio::main(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a program that measures prints what it found")]
async fn main() -> Outcome<()> {
    let server = OwnPostgres::start_with(&Options::default().durability(Durability::Durable))?;
    let pool = PgPool::connect(&server.url()).await?;
    prepare(&pool).await?;
    let sql = SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Postgres));
    let views = Views::new(&pool, &sql);
    views.ensure(&whole()).await?;
    views.ensure(&groups()).await?;
    println!("{} rows, {} groups", ROWS, number(&pool, "SELECT count(*) FROM whole").await?);

    let quiet = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(())
    };
    let (_, quiet) = beside_a_reader(&pool, "whole", quiet).await?;
    println!("longest read, nothing else running: {quiet:?}");

    let (mut by_whole, mut by_groups, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    let mut longest = [Duration::ZERO; 2];
    for round in 1..=ROUNDS {
        change(&pool, round).await?;
        let (took, read) = beside_a_reader(&pool, "groups", refresh(&views, groups())).await?;
        by_groups.push(took);
        longest[0] = longest[0].max(read);
        let (took, read) = beside_a_reader(&pool, "whole", refresh(&views, whole())).await?;
        by_whole.push(took);
        longest[1] = longest[1].max(read);
        let differ = "SELECT count(*) FROM (TABLE whole EXCEPT ALL TABLE groups) d";
        assert_eq!(number(&pool, differ).await?, 0, "the two sides disagree");
        if round % 3 == 0 {
            let begun = Instant::now();
            run(&pool, "REFRESH MATERIALIZED VIEW whole").await?;
            plain.push(begun.elapsed());
        }
    }
    let replaced = async {
        views.ensure(&groups().index(&["hours"])).await?;
        Ok(())
    };
    let (replacing, read_replacing) = beside_a_reader(&pool, "groups", replaced).await?;

    let (by_whole, by_groups) = (median(by_whole), median(by_groups));
    let ratio = by_whole.as_secs_f64() / by_groups.as_secs_f64();
    println!("after {CHANGED} changed rows, median of {ROUNDS}, in turn, connection included:");
    println!("REFRESH MATERIALIZED VIEW:              {:?} (readers wait for it)", median(plain));
    println!("REFRESH MATERIALIZED VIEW CONCURRENTLY: {by_whole:?}, longest read {:?}", longest[1]);
    println!(
        "changed groups:                         {by_groups:?}, longest read {:?}",
        longest[0]
    );
    println!("ratio: {ratio:.0}");
    println!(
        "replacing the definition:               {replacing:?}, longest read {read_replacing:?}"
    );

    let plain_writes = write_cost(&pool).await?;
    views.remove(&groups()).await?;
    println!(
        "an UPDATE of one row: {:?} with the change log, {:?} without",
        plain_writes,
        write_cost(&pool).await?
    );
    let bound = Duration::from_millis(100);
    let reads = [longest[0], longest[1], read_replacing];
    if ratio < 10.0 || reads.iter().any(|read| *read > bound) {
        return Err(format!("missed: at least 10 times, and no read over {bound:?}").into());
    }
    Ok(())
}

/// The median time of a small write.
async fn write_cost(pool: &PgPool) -> Outcome<Duration> {
    let mut times = Vec::new();
    for n in 0..500u32 {
        let id = i32::try_from(1 + n * 1999)?;
        let begun = Instant::now();
        sqlx::query("UPDATE shifts SET hours = hours + 1 WHERE id = $1")
            .bind(id)
            .execute(pool)
            .await?;
        times.push(begun.elapsed());
    }
    Ok(median(times))
}
