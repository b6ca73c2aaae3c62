//! A database, a cache on it, and patience.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures::poll;
use query_cache::postgres::{Listener, Listening, Watch};
use query_cache::sql::{Dialect, Schema, SqlCache, Statement};
use query_cache::{Cache, Key, Policy};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};

/// A database that nobody else has, and a cache of what is read from it.
#[derive(Clone)]
pub(crate) struct Db {
    pub(crate) pool: PgPool,
    pub(crate) cache: Cache,
    pub(crate) sql: SqlCache,
}

impl Db {
    pub(crate) async fn new() -> Self {
        Self::at(&test_servers::postgres_url()).await
    }

    pub(crate) async fn at(url: &str) -> Self {
        let options = PgPoolOptions::new().acquire_timeout(Duration::from_secs(20));
        let pool = options.max_connections(6).connect(url).await.unwrap();
        Self::new_on(pool)
    }

    /// The same database, seen by another process.
    pub(crate) fn new_on(pool: PgPool) -> Self {
        let cache = Cache::builder().build();
        let sql = SqlCache::new(cache.clone(), Schema::new(Dialect::Postgres));
        Self { pool, cache, sql }
    }

    pub(crate) async fn run(&self, statements: &str) {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
        statements.execute(&self.pool).await.unwrap();
    }

    pub(crate) async fn number(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.pool).await.unwrap()
    }

    /// The number that `query` answers, through the cache.
    pub(crate) async fn ask(&self, query: &str) -> i64 {
        let pool = self.pool.clone();
        let load = |statement: Statement| async move {
            sqlx::query_scalar(AssertSqlSafe(statement.text().to_owned())).fetch_one(&pool).await
        };
        let query = Statement::new(query.to_owned());
        *self.sql.read::<i64, sqlx::Error, _, _>(query, &policy(), load).await.unwrap()
    }

    pub(crate) fn loads(&self) -> u64 {
        self.cache.stats().loads
    }

    /// Waits until what was read by `query` is outdated.
    pub(crate) async fn until_outdated(&self, query: &str, why: &str) {
        let before = self.loads();
        until(why, async || {
            self.ask(query).await;
            self.loads() > before
        })
        .await;
    }

    pub(crate) fn listener(&self, watch: &Watch) -> Listener {
        Listener::new(&self.pool, watch).heartbeat(Duration::from_millis(500))
    }

    /// A listener that is live.
    pub(crate) async fn listen(&self, watch: &Watch) -> Listening {
        let listening = self.listener(watch).start(&self.sql).unwrap();
        within(listening.live()).await;
        listening
    }

    /// Waits until all that was told before is heard: notifications keep the order of commits.
    pub(crate) async fn settle(&self) {
        let mark = format!("mark{:x}", fastrand::u64(..));
        let key = Key::new("mark").part(mark.as_str());
        let tags = self.sql.table_tags(&[&mark]).unwrap();
        self.cache.set(&key, 0, &policy().tags(tags)).await.unwrap();
        let told = format!(r#"{{"v":1,"t":[["public","{mark}"]]}}"#);
        self.run(&format!("SELECT pg_notify('query_cache', '{told}')")).await;
        until("nothing is heard", async || !self.cache.exists(&key).await).await;
    }
}

/// Long enough that nothing is fresh again by itself.
pub(crate) fn policy() -> Policy {
    Policy::ttl(Duration::from_secs(3600))
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it takes too long")
}

/// Waits up to thirty seconds.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Polls `future` so often, each time when it asks to be polled. Whether it ended.
pub(crate) async fn poll_times<T>(future: impl Future<Output = T>, polls: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if poll!(future.as_mut()).is_ready() {
            return true;
        }
        // Time for the server's answer; where it takes longer, the next poll finds nothing new.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    false
}
