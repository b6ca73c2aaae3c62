//! An answer that falls when another program changes its table. Needs a PostgreSQL, named by
//! `DATABASE_URL`; makes a table of its own there and removes it.

use std::env;
use std::time::Duration;

use query_cache::postgres::{Listener, Watch};
use query_cache::sql::{Dialect, Schema, SqlCache, SqlError, Statement};
use query_cache::{Cache, Policy};
use sqlx::{AssertSqlSafe, Executor, PgPool};

async fn wards(sql: &SqlCache, pool: &PgPool) -> Result<String, SqlError> {
    let statement = Statement::new("SELECT ward FROM example_shifts ORDER BY ward");
    let policy = Policy::ttl(Duration::from_secs(300));
    let pool = pool.clone();
    let load = |statement: Statement| async move {
        let text = AssertSqlSafe(statement.text().to_owned());
        sqlx::query_scalar(text).fetch_all(&pool).await as Result<Vec<String>, sqlx::Error>
    };
    sql.read(statement, &policy, load).await.map(|wards| wards.join(", "))
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Ok(url) = env::var("DATABASE_URL") else {
        println!("DATABASE_URL has to name a PostgreSQL, postgres://user@host/database");
        return Ok(());
    };
    let pool = PgPool::connect(&url).await?;
    pool.execute("CREATE TABLE IF NOT EXISTS example_shifts (ward text)").await?;

    // With the migrations of the database:
    let watch = Watch::new().schema("query_cache_example").table("example_shifts");
    watch.install(&pool).await?;

    // In each process:
    let cache = Cache::builder().build();
    let sql = SqlCache::new(cache.clone(), Schema::new(Dialect::Postgres));
    let listening = Listener::new(&pool, &watch).start(&sql)?;
    listening.live().await;

    println!("before: {}", wards(&sql, &pool).await?);
    println!("again:  {}", wards(&sql, &pool).await?);

    // Nobody tells the cache of this. It might as well have been typed into psql.
    pool.execute("INSERT INTO example_shifts VALUES ('ICU')").await?;
    listening.until(|state| state.heard > 0).await;
    println!("after:  {}", wards(&sql, &pool).await?);

    let stats = cache.stats();
    println!("asked {} times, loaded {} times", stats.total_queries(), stats.loads);
    listening.close().await;
    watch.remove(&pool).await?;
    pool.execute("DROP TABLE example_shifts").await?;
    Ok(())
}
