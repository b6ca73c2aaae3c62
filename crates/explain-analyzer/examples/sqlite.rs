//! Creates a table, explains a query on it, and makes sure that the advice helps.
//!
//! `cargo run -p explain-analyzer --features sqlite --example sqlite`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use explain_analyzer::source::sqlite::SqliteSource;
use explain_analyzer::{PlanSource, Statement, analyze, render};
use sqlx::sqlite::SqlitePoolOptions;

const SCHEMA: &str =
    "CREATE TABLE shift (id INTEGER PRIMARY KEY, person INTEGER NOT NULL, starts TEXT NOT NULL)";
const ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
    INSERT INTO shift (person, starts) SELECT i % 100, datetime('2025-07-01', i || ' hours') FROM n";
const QUERY: &str = "SELECT id, starts FROM shift WHERE person = ? ORDER BY starts";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    sqlx::query(SCHEMA).execute(&pool).await?;
    sqlx::query(ROWS).execute(&pool).await?;

    let source = SqliteSource::new(pool);
    let plan = source.plan(&Statement::new(QUERY)).await?;
    let mut report = analyze(plan, &source.catalog().await?);
    source.verify(&mut report).await?;
    print!("{}", render::terminal(&report));
    Ok(())
}
