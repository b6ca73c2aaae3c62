//! Answers of SQLite that fall by themselves when their tables are written. Needs no server.

use std::time::Duration;

use query_cache::sql::{Dialect, Schema, SqlCache, SqlError, Statement, Value};
use query_cache::{Cache, Policy};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Executor, Row};

/// The statement as sqlx takes it: the same text and values that its answer is kept under.
fn bound(statement: &Statement) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    // The text was written by this program; what comes from outside is bound.
    let query = sqlx::query(AssertSqlSafe(statement.text().to_owned()));
    statement.values().iter().fold(query, |query, value| match value.clone() {
        Value::Bool(flag) => query.bind(flag),
        Value::Integer(number) => query.bind(number),
        Value::Real(number) => query.bind(number),
        Value::Text(text) | Value::Other { text, .. } => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
        _ => query.bind(None::<i64>),
    })
}

async fn wards_of(sql: &SqlCache, pool: &SqlitePool, person: i64) -> Result<String, SqlError> {
    let statement =
        Statement::new("SELECT ward FROM on_call WHERE person = ? ORDER BY ward").bind(person);
    let policy = Policy::ttl(Duration::from_secs(300));
    let pool = pool.clone();
    let load = |statement| async move {
        let wards = bound(&statement).map(|row: SqliteRow| row.get(0)).fetch_all(&pool).await?;
        Ok::<Vec<String>, sqlx::Error>(wards)
    };
    sql.read(statement, &policy, load).await.map(|wards| wards.join(", "))
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One connection: each connection to memory is a database of its own.
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    pool.execute("CREATE TABLE shifts (person INTEGER, ward TEXT)").await?;
    pool.execute("CREATE VIEW on_call AS SELECT * FROM shifts").await?;
    pool.execute("INSERT INTO shifts VALUES (7, 'ICU')").await?;

    // What no text of a statement shows is told once: the view is made of `shifts`.
    let schema = Schema::new(Dialect::Sqlite).view("on_call", &["shifts"])?;
    let cache = Cache::builder().build();
    let sql = SqlCache::new(cache.clone(), schema);

    println!("before: {}", wards_of(&sql, &pool, 7).await?);
    println!("again:  {}", wards_of(&sql, &pool, 7).await?);

    let add = Statement::new("INSERT INTO shifts (person, ward) VALUES (?, ?)").bind(7).bind("ER");
    sql.write(&add, bound(&add).execute(&pool)).await?;
    println!("after:  {}", wards_of(&sql, &pool, 7).await?);

    // Several statements in one transaction count when it is committed.
    let mut change = sql.change();
    let mut transaction = pool.begin().await?;
    let clear = Statement::new("DELETE FROM shifts WHERE ward = ?").bind("ICU");
    change.statement(&clear);
    bound(&clear).execute(&mut *transaction).await?;
    transaction.commit().await?;
    change.committed().await?;
    println!("then:   {}", wards_of(&sql, &pool, 7).await?);

    let stats = cache.stats();
    println!("asked {} times, loaded {} times", stats.total_queries(), stats.loads);
    Ok(())
}
