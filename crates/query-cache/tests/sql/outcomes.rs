//! Writes whose outcome is good, bad or unknown, and reads beside them. The clock is paused.

use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use query_cache::sql::{Dialect, Schema, SqlCache, SqlError, Statement};
use query_cache::{Cache, Error, MemoryStore, Policy};
use tokio::sync::oneshot;
use tokio::time::advance;

/// A table with one number in it.
struct Table {
    sql: SqlCache,
    row: Arc<AtomicUsize>,
}

fn policy() -> Policy {
    Policy::ttl(Duration::from_secs(3600)).tag("own")
}

fn select() -> Statement {
    Statement::new("SELECT n FROM a")
}

fn update() -> Statement {
    Statement::new("UPDATE a SET n = 1")
}

impl Table {
    fn new() -> Self {
        let sql = SqlCache::new(Cache::builder().build(), Schema::new(Dialect::Postgres));
        Self { sql, row: Arc::default() }
    }

    async fn read(&self) -> usize {
        let row = Arc::clone(&self.row);
        let load = move |_| async move { Ok::<_, Infallible>(row.load(Ordering::Relaxed)) };
        *self.sql.read(select(), &policy(), load).await.unwrap()
    }

    fn commit(&self, value: usize) {
        self.row.store(value, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_committed_write_is_seen() {
    let table = Table::new();
    assert_eq!(table.read().await, 0);
    let done = async {
        table.commit(1);
        assert_eq!(table.read().await, 0, "between commit and invalidation the old answer holds");
        Ok::<_, Infallible>("one row")
    };
    assert_eq!(table.sql.write(&update(), done).await.unwrap(), "one row");
    assert_eq!(table.read().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_spans_the_commit_is_not_kept() {
    let table = Table::new();
    let (began, has_begun) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let row = Arc::clone(&table.row);
    let load = move |_| async move {
        let seen = row.load(Ordering::Relaxed);
        began.send(()).unwrap();
        may_go_on.await.unwrap();
        Ok::<_, Infallible>(seen)
    };
    let sql = table.sql.clone();
    let early = tokio::spawn(async move { *sql.read(select(), &policy(), load).await.unwrap() });
    has_begun.await.unwrap();
    let done = async {
        table.commit(1);
        Ok::<_, Infallible>(())
    };
    table.sql.write(&update(), done).await.unwrap();
    assert_eq!(table.read().await, 1, "the load under way began before the commit");
    go_on.send(()).unwrap();
    assert_eq!(early.await.unwrap(), 0);
    assert_eq!(table.read().await, 1, "what it brought was not kept");
}

/// The outcome is unknown: the write may be committed now, or a moment later.
async fn may_have_been_committed(table: &Table, end: impl AsyncFnOnce()) {
    table.read().await;
    table.commit(1);
    end().await;
    assert_eq!(table.read().await, 1, "outdated at once");
    table.commit(2);
    advance(Duration::from_secs(11)).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(table.read().await, 2, "and once more when the server must have ended it");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_failed_may_have_been_committed() {
    let table = Table::new();
    may_have_been_committed(&table, async || {
        let lost = async { Err::<(), _>("connection lost") };
        assert_eq!(table.sql.write(&update(), lost).await, Err("connection lost"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_panics_may_have_been_committed() {
    let table = Table::new();
    may_have_been_committed(&table, async || {
        let panics = async { panic!("half way") as Result<(), Infallible> };
        let statement = update();
        let write = AssertUnwindSafe(table.sql.write(&statement, panics)).catch_unwind();
        assert!(write.await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_dropped_may_have_been_committed() {
    let table = Table::new();
    may_have_been_committed(&table, async || {
        let statement = update();
        let mut write = Box::pin(table.sql.write(&statement, pending::<Result<(), Infallible>>()));
        assert!(write.as_mut().now_or_never().is_none());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_began_outdates_nothing() {
    let table = Table::new();
    table.read().await;
    table.commit(1);
    drop(table.sql.write(&update(), pending::<Result<(), Infallible>>()));
    assert_eq!(table.read().await, 0);
}

#[test]
fn a_write_may_be_dropped_outside_its_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let table = Table::new();
    runtime.block_on(table.read());
    table.commit(1);
    let mut change = runtime.block_on(async { table.sql.change() });
    change.statement(&update());
    drop(change);
    assert_eq!(runtime.block_on(table.read()), 1);
    let mut change = runtime.block_on(async { table.sql.change() });
    change.statement(&update());
    drop(runtime);
    drop(change);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_understood_outdates_every_table_of_its_database() {
    let table = Table::new();
    let other = Table { sql: table.sql.clone().database("other"), row: Arc::default() };
    assert_eq!((table.read().await, other.read().await), (0, 0));
    table.commit(1);
    other.commit(1);
    let ddl = Statement::new("ALTER TABLE something RENAME TO something_else");
    table.sql.write(&ddl, async { Ok::<_, Infallible>(()) }).await.unwrap();
    assert_eq!((table.read().await, other.read().await), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn tags_of_the_application_count_beside_tables() {
    let table = Table::new();
    table.read().await;
    table.commit(1);
    let mut change = table.sql.change();
    change.tags(["own"]);
    change.committed().await.unwrap();
    assert_eq!(table.read().await, 1);
    let by_hand = policy().tags(table.sql.table_tags(&["A"]).unwrap());
    let cache = Cache::builder().build();
    let sql = SqlCache::new(cache.clone(), Schema::new(Dialect::Postgres));
    let key = query_cache::Key::new("computed");
    cache.set(&key, 7u32, &by_hand).await.unwrap();
    sql.write(&update(), async { Ok::<_, Infallible>(()) }).await.unwrap();
    assert!(cache.get::<u32>(&key).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn absent_rows_and_failed_loads_are_told_apart() {
    let table = Table::new();
    let none = |_| async { Ok::<Option<u32>, Infallible>(None) };
    let one_row = || Statement::new("SELECT n FROM a WHERE i = $1").bind(1);
    assert_eq!(*table.sql.read_optional(one_row(), &policy(), none).await.unwrap(), None);
    let fails = |_| async { Err::<u32, _>("no connection") };
    let failed = table.sql.read(select(), &policy(), fails).await;
    assert!(matches!(failed, Err(SqlError::Cache(Error::Load(_)))));
}

/// Two processes with one store, as far as the cache can tell.
#[tokio::test(start_paused = true)]
async fn a_write_in_one_process_is_seen_in_the_other() {
    let store = Arc::new(MemoryStore::default());
    let process = || {
        let cache = Cache::builder().store(Arc::clone(&store)).recheck_after(Duration::ZERO);
        SqlCache::new(cache.build(), Schema::new(Dialect::Postgres))
    };
    let (here, there) = (process(), process());
    let row = Arc::new(AtomicUsize::new(0));
    let read = async || {
        let row = Arc::clone(&row);
        let load = move |_| async move { Ok::<_, Infallible>(row.load(Ordering::Relaxed)) };
        *there.read(select(), &policy(), load).await.unwrap()
    };
    assert_eq!(read().await, 0);
    row.store(1, Ordering::Relaxed);
    assert_eq!(read().await, 0);
    // A task of its own ends the write though its caller may go away.
    let write = async move { here.write(&update(), async { Ok::<_, Infallible>(()) }).await };
    tokio::spawn(write).await.unwrap().unwrap();
    assert_eq!(read().await, 1);
}

/// The statement that is keyed is the one that the load is given.
#[tokio::test(start_paused = true)]
async fn the_load_gets_the_statement() {
    let table = Table::new();
    for bound in ["x", "y"] {
        let statement = Statement::new("SELECT n FROM a WHERE name = $1").bind(bound);
        let load = |given: Statement| async move {
            Ok::<_, Infallible>(format!("{} {:?}", given.text(), given.values()))
        };
        let answer = table.sql.read(statement, &policy(), load).await.unwrap();
        assert_eq!(*answer, format!("SELECT n FROM a WHERE name = $1 [Text({bound:?})]"));
    }
}
