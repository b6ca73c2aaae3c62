//! Plans a statement in a copy of the schema that holds no rows.
//!
//! SQLite plans by the schema and the statistics alone, so a copy of the two answers as the
//! database would.

use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::{explain, failed};
use crate::advice::Advice;
use crate::error::Error;
use crate::statement::Statement;
use crate::verify::{Reason, Replan, Verification};

/// Tables before what stands on them. Triggers change no plan, virtual tables may need a module
/// that is not here.
const OBJECTS: &str = "SELECT sql FROM sqlite_schema \
    WHERE sql IS NOT NULL AND type IN ('table', 'index', 'view') \
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' \
    ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid";
const ANALYZED: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'";
const STATISTICS: &str = "SELECT tbl, idx, stat FROM sqlite_stat1";

/// What a plan depends on.
pub(super) struct Schema {
    objects: Vec<String>,
    statistics: Vec<(Option<String>, Option<String>, Option<String>)>,
}

impl Schema {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, Error> {
        let objects = sqlx::query_scalar(OBJECTS).fetch_all(&mut *connection);
        let objects = objects.await.map_err(failed("reading the schema"))?;
        let analyzed = sqlx::query_scalar(ANALYZED).fetch_one(&mut *connection);
        let analyzed: i64 = analyzed.await.map_err(failed("looking for statistics"))?;
        let statistics = if analyzed > 0 {
            let statistics = sqlx::query_as(STATISTICS).fetch_all(&mut *connection);
            statistics.await.map_err(failed("reading the statistics"))?
        } else {
            Vec::new()
        };
        Ok(Self { objects, statistics })
    }

    /// Plans `statement` without and with the index.
    pub(super) async fn replan(&self, statement: &Statement, advice: &Advice) -> Verification {
        match self.try_replan(statement, advice).await {
            Ok(replan) => Verification::Replanned(replan),
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the schema could not be rebuilt"
                );
                Verification::Unverifiable(Reason::NotRebuilt)
            }
        }
    }

    async fn try_replan(&self, statement: &Statement, advice: &Advice) -> Result<Replan, Error> {
        let mut copy = self.copy().await.map_err(failed("copying the schema"))?;
        let before = explain(&mut copy, statement).await?;
        run(&mut copy, advice.statement.clone()).await.map_err(failed("creating the index"))?;
        let after = explain(&mut copy, statement).await?;
        Ok(Replan::compare(&before, &after, &advice.name))
    }

    async fn copy(&self) -> Result<SqliteConnection, sqlx::Error> {
        let mut copy = SqliteConnection::connect("sqlite::memory:").await?;
        for object in &self.objects {
            run(&mut copy, object.clone()).await?;
        }
        if !self.statistics.is_empty() {
            // Makes the table; no other way to do so is allowed.
            run(&mut copy, "ANALYZE sqlite_schema".to_owned()).await?;
            for (table, index, stat) in &self.statistics {
                let insert =
                    sqlx::query("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)");
                insert.bind(table).bind(index).bind(stat).execute(&mut copy).await?;
            }
            // Reads it.
            run(&mut copy, "ANALYZE sqlite_schema".to_owned()).await?;
        }
        Ok(copy)
    }
}

/// Runs a statement that the database itself has stored, or that this crate has written.
async fn run(copy: &mut SqliteConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(copy).await.map(drop)
}
