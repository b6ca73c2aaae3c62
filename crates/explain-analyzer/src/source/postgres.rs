//! Plans from a live PostgreSQL database, version 12 or later.

mod catalog;

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, Row as _};

use crate::catalog::Catalog;
use crate::error::Error;
use crate::parse;
use crate::plan::{Backend, Plan};
use crate::report::Report;
use crate::source::PlanSource;
use crate::statement::Statement;
use crate::verify::{Reason, Verification};

/// How far a request for a plan may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The statement is planned and not run.
    #[default]
    PlanOnly,
    /// The statement is run and measured, in a transaction that may not write and is rolled back.
    Measure,
    /// The statement is run and measured, and may write; the transaction is rolled back all the
    /// same. Numbers drawn from sequences stay drawn, locks are held until the end, and what a
    /// function does outside the database is done.
    MeasureWrites,
}

/// Asks a PostgreSQL database for plans; see [`Mode`] for what else it may do. Default: plan only.
///
/// Every request has a transaction of its own, with a `statement_timeout`, that is always rolled
/// back. Parameters without values are planned generically, so no value is guessed; measuring needs
/// the values.
#[derive(Clone, Debug)]
pub struct PostgresSource {
    pool: PgPool,
    mode: Mode,
    timeout: Duration,
}

impl PostgresSource {
    /// A source on `pool` that only plans, with a limit of 10 seconds. Cloning a pool is cheap and
    /// shares its connections.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool, mode: Mode::PlanOnly, timeout: Duration::from_secs(10) }
    }

    /// Sets how far a request may go.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets how long the server may work on one request. At least a millisecond, in whole
    /// milliseconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The tables that the search path reaches or that any schema of the user holds, with their
    /// columns, indexes and estimated sizes. A table that was never analyzed has no size.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if the system tables cannot be read.
    pub async fn catalog(&self) -> Result<Catalog, Error> {
        let mut connection = self.connection().await?;
        catalog::read(&mut connection).await
    }

    /// Marks the advice of `report` as not verifiable: a server without hypothetical indexes cannot
    /// plan with one that does not exist, and building it for a try would lock the table.
    pub fn verify(&self, report: &mut Report) {
        for advice in &mut report.advice {
            advice.verification = Verification::Unverifiable(Reason::NoHypotheticalIndexes);
        }
    }

    async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, Error> {
        self.pool.acquire().await.map_err(failed("connecting"))
    }

    fn limit_ms(&self) -> u64 {
        u64::try_from(self.timeout.as_millis())
            .unwrap_or(u64::MAX)
            .clamp(1, u64::from(i32::MAX.unsigned_abs()))
    }

    fn refused(&self, doing: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
        let limit_ms = self.limit_ms();
        move |cause| match cause.as_database_error().and_then(|error| error.code()).as_deref() {
            Some("25006") => Error::WriteRefused { cause: Box::new(cause) },
            Some("57014") => Error::TimedOut { limit_ms, cause: Box::new(cause) },
            _ => Error::Database { doing, cause: Box::new(cause) },
        }
    }
}

impl PlanSource for PostgresSource {
    type Error = Error;

    /// Cancel safe: dropping the future rolls the transaction back before the connection is used
    /// again. The server notices only after the statement, or at the time limit.
    #[tracing::instrument(level = "debug", skip_all, fields(mode = ?self.mode))]
    async fn plan(&self, statement: &Statement) -> Result<Plan, Error> {
        let sql = statement.single(Backend::Postgres)?;
        let mut connection = self.connection().await?;
        let mut transaction =
            connection.begin().await.map_err(failed("beginning a transaction"))?;
        let plan = self.explain(&mut transaction, sql, statement.values()).await;
        // A failure to roll back does not make the answer wrong; the pool closes a connection that
        // is broken.
        if let Err(error) = transaction.rollback().await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the rollback failed");
        }
        plan.map(|plan| plan.with_statement(statement.sql()))
    }
}

/// The statement is prepared under this name. Preparing survives a rollback, so the name is freed
/// by hand.
const NAME: &str = "explain_analyzer";

impl PostgresSource {
    async fn explain(
        &self,
        connection: &mut PgConnection,
        sql: &str,
        values: Option<&[Option<String>]>,
    ) -> Result<Plan, Error> {
        self.settle(connection, values.is_some()).await?;
        deallocate(connection).await?;
        // PREPARE accepts nothing but one statement that has a plan, so no text can break out of
        // it: the server's own grammar says where it ends, and the protocol used here takes one
        // command at a time.
        run(connection, format!("PREPARE {NAME} AS {sql}"))
            .await
            .map_err(self.refused("planning the statement"))?;
        // A failure inside a savepoint leaves the transaction usable to free the name.
        let answer = match connection.begin().await {
            Ok(mut savepoint) => {
                let answer = self.execute(&mut savepoint, values).await;
                savepoint.rollback().await.map_err(failed("rolling back"))?;
                answer
            }
            Err(error) => Err(failed("setting a savepoint")(error)),
        };
        deallocate(connection).await?;
        parse::postgres_json(&answer?)
    }

    /// Everything that is set here ends with the transaction.
    async fn settle(&self, connection: &mut PgConnection, values: bool) -> Result<(), Error> {
        let cache = if values { "force_custom_plan" } else { "force_generic_plan" };
        let settings = [
            format!(
                "SET TRANSACTION {}",
                if self.mode == Mode::MeasureWrites { "READ WRITE" } else { "READ ONLY" }
            ),
            format!("SET LOCAL statement_timeout = {}", self.limit_ms()),
            format!("SET LOCAL plan_cache_mode = {cache}"),
            // Values are quoted by doubling quotes, which is only right with this on.
            "SET LOCAL standard_conforming_strings = on".to_owned(),
        ];
        for setting in settings {
            run(connection, setting).await.map_err(failed("setting the transaction up"))?;
        }
        Ok(())
    }

    async fn execute(
        &self,
        connection: &mut PgConnection,
        values: Option<&[Option<String>]>,
    ) -> Result<String, Error> {
        let expected = parameters(connection).await?;
        let values = match values {
            Some(values) if values.len() != expected => {
                return Err(Error::Values { expected, given: values.len() });
            }
            Some(values) => values.iter().map(|value| literal(value.as_deref())).collect(),
            // Run with NULLs it would find nothing, and the measure would be of that.
            None if expected > 0 && self.mode != Mode::PlanOnly => {
                return Err(Error::Values { expected, given: 0 });
            }
            None => vec!["NULL".to_owned(); expected],
        };
        let list =
            if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
        let measure = if self.mode == Mode::PlanOnly { "" } else { "ANALYZE, BUFFERS, " };
        let explain =
            format!("EXPLAIN ({measure}VERBOSE, SETTINGS, FORMAT JSON) EXECUTE {NAME}{list}");
        let query = sqlx::query(AssertSqlSafe(explain)).persistent(false);
        let row: PgRow =
            query.fetch_one(connection).await.map_err(self.refused("explaining the statement"))?;
        // The column is of type json; its text is what is wanted.
        row.try_get_unchecked(0).map_err(failed("reading the plan"))
    }
}

/// How many parameters the prepared statement has.
async fn parameters(connection: &mut PgConnection) -> Result<usize, Error> {
    let count = "SELECT coalesce(array_length(parameter_types, 1), 0) \
        FROM pg_prepared_statements WHERE name = $1";
    let count: i32 = sqlx::query_scalar(count)
        .bind(NAME)
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(failed("counting the parameters"))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Frees the name if it is taken: by this request, or by one that was cancelled on the same
/// connection.
async fn deallocate(connection: &mut PgConnection) -> Result<(), Error> {
    let taken = "SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name = $1)";
    let taken = sqlx::query_scalar(taken).bind(NAME).persistent(false).fetch_one(&mut *connection);
    if taken.await.map_err(failed("looking for a prepared statement"))? {
        run(connection, format!("DEALLOCATE {NAME}"))
            .await
            .map_err(failed("freeing a prepared statement"))?;
    }
    Ok(())
}

/// A constant of no type, which the server gives the type of the parameter.
fn literal(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| format!("'{}'", value.replace('\'', "''")))
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(connection).await.map(drop)
}

fn failed(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |cause| Error::Database { doing, cause: Box::new(cause) }
}
