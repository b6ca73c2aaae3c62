//! A read model that the database keeps: only the groups that were changed are computed again. Needs a
//! PostgreSQL, named by `DATABASE_URL`; makes tables of its own there and removes them.

use std::env;

use query_cache::Cache;
use query_cache::sql::{Dialect, Schema, SqlCache};
use query_cache::view::{Refresh, View, Views};
use sqlx::{Executor, PgPool};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Ok(url) = env::var("DATABASE_URL") else {
        println!("DATABASE_URL has to name a PostgreSQL, postgres://user@host/database");
        return Ok(());
    };
    let pool = PgPool::connect(&url).await?;
    pool.execute("CREATE TABLE IF NOT EXISTS example_hours (person int, hours int)").await?;
    pool.execute("CREATE INDEX IF NOT EXISTS example_by_person ON example_hours (person)").await?;
    let insert = "INSERT INTO example_hours SELECT n % 1000, 8 FROM generate_series(1, 20000) n";
    pool.execute(insert).await?;

    let sql = SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Postgres));
    let views = Views::new(&pool, &sql).schema("query_cache_example");
    let query = "SELECT person, sum(hours) AS hours FROM example_hours GROUP BY person";
    let workload =
        View::new("example_workload", query).key(&["person"]).source("example_hours", &["person"]);
    // At each start. The second one finds it.
    println!("first start:  {:?}", views.ensure(&workload).await?);
    println!("second start: {:?}", views.ensure(&workload).await?);

    pool.execute("UPDATE example_hours SET hours = 9 WHERE person IN (7, 8)").await?;
    println!("before: {:?}", views.status(&workload).await?);
    if let Refresh::Done(refreshed) = views.refresh(&workload).await? {
        println!("refresh: {refreshed:?}");
    }
    println!("after:  {:?}", views.status(&workload).await?);

    views.remove(&workload).await?;
    pool.execute("DROP TABLE example_hours").await?;
    pool.execute("DROP SCHEMA query_cache_example CASCADE").await?;
    Ok(())
}
