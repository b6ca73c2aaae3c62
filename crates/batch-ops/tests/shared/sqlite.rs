//! A SQLite database in a temporary file.

use batch_ops::Target;
use batch_ops::testing::Fixture;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};

pub(crate) struct Database {
    pub(crate) pool: SqlitePool,
    _directory: tempfile::TempDir,
}

impl Database {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("test.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await;
        Self { pool: pool.unwrap(), _directory: directory }
    }
}

impl Fixture for Database {
    const BYTES: &'static str = "BLOB";

    fn target(&self) -> impl Target {
        &self.pool
    }

    async fn execute(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.pool).await.unwrap();
    }

    async fn read(&self, sql: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&self.pool).await.unwrap()
    }
}
