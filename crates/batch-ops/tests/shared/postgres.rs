//! A new PostgreSQL database on the shared server.

use batch_ops::Target;
use batch_ops::testing::Fixture;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgPool, PgPoolOptions};

pub(crate) struct Database {
    pub(crate) pool: PgPool,
}

impl Database {
    pub(crate) async fn new() -> Self {
        let url = test_servers::postgres_url();
        let pool = PgPoolOptions::new().max_connections(8).connect(&url).await.unwrap();
        Self { pool }
    }
}

impl Fixture for Database {
    const BYTES: &'static str = "BYTEA";

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
