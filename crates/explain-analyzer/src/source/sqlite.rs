//! Plans from a live SQLite database.

mod catalog;
mod replan;

use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, SqlitePool};

use crate::catalog::Catalog;
use crate::error::Error;
use crate::parse::{self, SqliteRow};
use crate::plan::{Backend, Plan};
use crate::report::Report;
use crate::source::PlanSource;
use crate::statement::Statement;
use crate::verify::{Reason, Verification};

/// Asks a SQLite database for plans. Nothing it is asked about is ever run.
///
/// Parameters may stay open: SQLite plans them without values, and values given by the caller are
/// not used.
#[derive(Clone, Debug)]
pub struct SqliteSource {
    pool: SqlitePool,
}

impl SqliteSource {
    /// A source on `pool`. Cloning a pool is cheap and shares its connections.
    #[must_use]
    pub fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// All tables with their columns, indexes and sizes.
    ///
    /// Rows are counted up to ten thousand a table, which reads as many; beyond that the number is
    /// a lower bound, or what `ANALYZE` has left, whichever is more.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if the schema cannot be read.
    pub async fn catalog(&self) -> Result<Catalog, Error> {
        let mut connection = self.connection().await?;
        catalog::read(&mut connection).await
    }

    /// Plans the statement of `report` again with each of its indexes, in an in-memory copy of the
    /// schema and of the statistics, and writes down what came of it. The database itself is only
    /// read.
    ///
    /// An index that does not exist has no statistics, so SQLite takes its defaults for it.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if the schema cannot be read. What cannot be rebuilt is not an error:
    /// the advice is then marked as [`Verification::Unverifiable`].
    pub async fn verify(&self, report: &mut Report) -> Result<(), Error> {
        let Some(statement) = report.plan.statement.as_deref().map(Statement::new) else {
            for advice in &mut report.advice {
                advice.verification = Verification::Unverifiable(Reason::NoStatement);
            }
            return Ok(());
        };
        let schema = replan::Schema::read(&mut *self.connection().await?).await?;
        for advice in &mut report.advice {
            advice.verification = schema.replan(&statement, advice).await;
        }
        Ok(())
    }

    async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, Error> {
        self.pool.acquire().await.map_err(failed("connecting"))
    }
}

impl PlanSource for SqliteSource {
    type Error = Error;

    async fn plan(&self, statement: &Statement) -> Result<Plan, Error> {
        explain(&mut *self.connection().await?, statement).await
    }
}

/// The plan of one statement. Cancel safe: only reads.
#[tracing::instrument(level = "debug", skip_all)]
async fn explain(connection: &mut SqliteConnection, statement: &Statement) -> Result<Plan, Error> {
    let one = statement.single(Backend::Sqlite)?;
    // Checked to be one statement of a kind that EXPLAIN only plans.
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {one}")))
        .persistent(false)
        .fetch_all(connection)
        .await
        .map_err(failed("planning the statement"))?;
    let rows: Result<Vec<SqliteRow>, sqlx::Error> = rows
        .iter()
        .map(|row| {
            let (id, parent, detail) =
                (row.try_get("id")?, row.try_get("parent")?, row.try_get("detail")?);
            Ok(SqliteRow { id, parent, detail })
        })
        .collect();
    Ok(parse::sqlite(rows.map_err(failed("reading the plan"))?).with_statement(statement.sql()))
}

fn failed(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |cause| Error::Database { doing, cause: Box::new(cause) }
}
