//! The slowest statement of the run, explained on the database that ran it.

use anyhow::Result;
use explain_analyzer::source::postgres::PostgresSource;
use explain_analyzer::source::sqlite::SqliteSource;
use explain_analyzer::{PlanSource, Report, SlowStatement, Statement, analyze};

use super::statements::Statements;
use crate::db::Database;

/// The statement that took longest in one call, and what its plan shows; `None` when nothing ran.
///
/// # Errors
/// The database does not plan the statement.
pub async fn slowest(
    database: &Database,
    statements: &Statements,
) -> Result<Option<(SlowStatement, Report)>> {
    let Some(slowest) = statements.log().by_longest(1).pop() else { return Ok(None) };
    let mut statement = Statement::new(&slowest.example);
    for value in statements.call(&slowest.example).map(|c| c.values).unwrap_or_default() {
        statement = statement.bind(Some(&value));
    }
    let report = match database {
        Database::Sqlite(pool) => {
            let source = SqliteSource::new(pool.clone());
            let mut report = analyze(source.plan(&statement).await?, &source.catalog().await?);
            source.verify(&mut report).await?;
            report
        }
        Database::Postgres(pool) => {
            let source = PostgresSource::new(pool.clone());
            let mut report = analyze(source.plan(&statement).await?, &source.catalog().await?);
            source.verify(&mut report);
            report
        }
    };
    Ok(Some((slowest, report)))
}
