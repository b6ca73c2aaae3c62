//! A connection that holds the lock of a view.

use std::time::Duration;

use futures::FutureExt;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};
use tokio::time::timeout;

use super::catalog::ViewName;

/// A connection of its own, not of the pool: when it is dropped the server sees its client go, ends
/// what it was doing and frees the lock. A pooled one would go back with the lock.
pub(super) struct Session {
    pub(super) connection: PgConnection,
}

impl Session {
    pub(super) async fn open(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let mut connection = pool.connect_options().connect().await?;
        // A limit for what users ask for is none for what is known to take long; `stop` ends it.
        sqlx::raw_sql("SET statement_timeout = 0").execute(&mut connection).await?;
        // Otherwise the server would only look for its client when it has something to say to it.
        // Not every system can; then an abandoned refresh runs to its end and is rolled back.
        let check = "SET client_connection_check_interval = '500ms'";
        if let Err(error) = sqlx::raw_sql(check).execute(&mut connection).await {
            tracing::debug!(%error, "abandoned refreshes are not noticed at once");
        }
        Ok(Self { connection })
    }

    /// Whether nobody else has the lock of `view`. It is held until the connection ends.
    pub(super) async fn try_lock(&mut self, view: &ViewName) -> Result<bool, sqlx::Error> {
        let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)");
        lock.bind(view.lock).fetch_one(&mut self.connection).await
    }

    /// Waits for the lock.
    pub(super) async fn lock(&mut self, view: &ViewName) -> Result<(), sqlx::Error> {
        let lock = sqlx::query("SELECT pg_advisory_lock($1)");
        lock.bind(view.lock).execute(&mut self.connection).await.map(drop)
    }

    /// Runs a statement made here, of quoted names and texts and the definition of the application.
    pub(super) async fn run(&mut self, statement: impl Into<String>) -> Result<u64, sqlx::Error> {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.into()));
        Ok(statement.execute(&mut self.connection).await?.rows_affected())
    }

    /// The first column of the first row of such a statement.
    pub(super) async fn texts(&mut self, query: String) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut self.connection).await
    }

    /// Frees the lock and ends.
    pub(super) async fn close(mut self) {
        // The server frees it by itself too, a little after this has returned.
        _ = sqlx::raw_sql("SELECT pg_advisory_unlock_all()").execute(&mut self.connection).await;
        // What was to be done is done: an error only says that the server was faster.
        _ = self.connection.close().await;
    }

    /// The same after an error, of which the connection may be the reason.
    pub(super) async fn abandon(mut self) {
        let rolled_back = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).map(|_| ());
        if timeout(Duration::from_secs(1), rolled_back).await.is_ok() {
            _ = timeout(Duration::from_secs(1), self.close()).await;
        }
    }
}
