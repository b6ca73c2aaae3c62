//! SQLite: the contract, and what is particular to it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "shared/sqlite.rs"]
mod fixture;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use batch_ops::testing::{Fixture as _, Person, contract, listed, people};
use batch_ops::{
    Batch, BatchConfig, CauseKind, Column, Commit, Error, Outcome, Record, Refusals, Row, Table,
};
use fixture::Database;
use sqlx::Connection as _;

fn numbered(count: usize) -> Vec<Person> {
    (0..count).map(|number| Person::new(&format!("p{number:05}"), "n", 1)).collect()
}

async fn database() -> Database {
    let database = Database::new().await;
    people(&database).await;
    database
}

/// A whole number that changes when another connection commits a change.
async fn version(connection: &mut sqlx::SqliteConnection) -> i64 {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    contract(&Database::new().await).await;
}

#[tokio::test]
async fn a_batch_in_a_callers_transaction_commits_nothing() {
    let database = database().await;
    for commit in [Commit::Whole, Commit::EachChunk] {
        let mut transaction = database.pool.begin().await.unwrap();
        let mut batch = Batch::new(BatchConfig::default().commit(commit));
        let report = batch.upsert(&mut *transaction, &numbered(3)).await.unwrap();
        assert_eq!(report.inserted(), 3);
        let report = batch.upsert(&mut *transaction, &numbered(3)).await.unwrap();
        assert_eq!(report.unchanged(), 3, "rows of the same transaction are seen");
        transaction.rollback().await.unwrap();
        assert!(listed(&database).await.is_empty());
    }
    let mut transaction = database.pool.begin().await.unwrap();
    Batch::default().upsert(&mut *transaction, &numbered(3)).await.unwrap();
    Batch::default().delete(&mut *transaction, &numbered(1)).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(listed(&database).await.len(), 2);
}

#[tokio::test]
async fn a_failing_batch_leaves_the_callers_transaction_usable() {
    let database = database().await;
    let mut transaction = database.pool.begin().await.unwrap();
    let mut batch = Batch::default();
    batch.insert(&mut *transaction, &numbered(2)).await.unwrap();
    let more = [Person::new("new", "n", 1), Person::new("p00000", "n", 1)];
    batch.insert(&mut *transaction, &more).await.unwrap_err();
    transaction.commit().await.unwrap();
    assert_eq!(listed(&database).await, ["p00000:n:1", "p00001:n:1"]);
}

#[tokio::test]
async fn a_connection_outside_a_transaction_gets_one() {
    let database = database().await;
    let mut connection = database.pool.acquire().await.unwrap();
    Batch::default().insert(&mut *connection, &numbered(2)).await.unwrap();
    assert!(!connection.is_in_transaction());
    assert_eq!(listed(&database).await.len(), 2);
}

#[tokio::test]
async fn a_transaction_begun_by_hand_is_left_alone() {
    let database = database().await;
    let mut connection = database.pool.acquire().await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await.unwrap();
    let error = Batch::default().insert(&mut *connection, &numbered(2)).await.unwrap_err();
    assert!(matches!(error, Error::Transaction { .. }), "{error:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.unwrap();
    assert!(listed(&database).await.is_empty());
}

#[tokio::test]
async fn rows_that_change_nothing_are_not_written() {
    let database = database().await;
    let rows = numbered(2_500);
    Batch::default().insert(&database.pool, &rows).await.unwrap();
    let mut watcher = database.pool.acquire().await.unwrap();
    let before = version(&mut watcher).await;
    let report = Batch::default().upsert(&database.pool, &rows).await.unwrap();
    assert_eq!((report.unchanged(), report.stats().statements), (2_500, 3));
    assert_eq!(version(&mut watcher).await, before);
    Batch::default().upsert(&database.pool, &[Person::new("p00000", "n", 2)]).await.unwrap();
    assert_ne!(version(&mut watcher).await, before, "the watcher sees changes");
}

#[tokio::test]
async fn batches_of_many_lengths_leave_few_prepared_statements() {
    let database = database().await;
    let mut connection = database.pool.acquire().await.unwrap();
    for count in 1..60 {
        let rows = numbered(count);
        Batch::default().upsert(&mut *connection, &rows).await.unwrap();
        Batch::default().delete(&mut *connection, &rows).await.unwrap();
    }
    assert!(connection.cached_statements_size() <= 8);
}

/// More values than one statement may bind, by far.
#[tokio::test]
async fn wide_rows_never_exceed_the_limit_of_parameters() {
    struct Wide([i64; 40]);

    const fn columns() -> [Column; 40] {
        const NAMES: &str = "c00c01c02c03c04c05c06c07c08c09c10c11c12c13c14c15c16c17c18c19\
                             c20c21c22c23c24c25c26c27c28c29c30c31c32c33c34c35c36c37c38c39";
        let mut columns = [Column::i64(""); 40];
        let mut place = 0;
        while place < 40 {
            let (_, rest) = NAMES.split_at(place * 3);
            columns[place] = Column::i64(rest.split_at(3).0);
            place += 1;
        }
        columns
    }

    static COLUMNS: [Column; 40] = columns();

    impl Record for Wide {
        const TABLE: Table = Table::new("wide", &COLUMNS);

        fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
            for value in self.0 {
                row.push(value);
            }
        }
    }

    let database = database().await;
    let names: Vec<_> = COLUMNS.iter().map(Column::name).collect();
    database.execute(&format!("CREATE TABLE wide ({})", names.join(", "))).await;
    let rows: Vec<_> = (0..2_000).map(|row| Wide([row; 40])).collect();
    let report = Batch::default().insert(&database.pool, &rows).await.unwrap();
    assert_eq!((report.inserted(), report.stats().chunks), (2_000, 3));
}

#[tokio::test]
async fn a_busy_database_is_tried_again_until_it_is_free() {
    let database = database().await;
    let options = (*database.pool.connect_options()).clone().busy_timeout(Duration::ZERO);
    let mut impatient = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let holder = database.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let mut holder = Some(holder);
    let mut batch = Batch::default().retry(|attempts, error| {
        assert_eq!(error.cause().unwrap().kind(), CauseKind::Conflict);
        if attempts == 3 {
            holder.take();
        }
        (attempts < 10_000).then_some(Duration::from_millis(1))
    });
    let report = batch.insert(&mut impatient, &numbered(2)).await.unwrap();
    assert!(report.stats().retries >= 3);
    assert_eq!(listed(&database).await.len(), 2);
}

#[tokio::test]
async fn a_busy_database_is_an_error_without_a_retry() {
    let database = database().await;
    let options = (*database.pool.connect_options()).clone().busy_timeout(Duration::ZERO);
    let mut impatient = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let _holder = database.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = Batch::default().insert(&mut impatient, &numbered(2)).await.unwrap_err();
    assert!(error.is_conflict() && !error.outcome_unknown(), "{error:?}");
}

#[tokio::test]
async fn a_conflict_in_a_callers_transaction_is_the_callers_to_retry() {
    let database = database().await;
    let options = (*database.pool.connect_options()).clone().busy_timeout(Duration::ZERO);
    let mut impatient = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let _holder = database.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let mut transaction = impatient.begin().await.unwrap();
    let mut batch = Batch::default().retry(|_, _| panic!("not the batch's to retry"));
    let error = batch.upsert(&mut *transaction, &numbered(2)).await.unwrap_err();
    assert!(error.is_conflict(), "{error:?}");
}

/// A transaction that has read and then wants to write fails when another writer came in between,
/// so the lock is taken first, even where nothing turns out to change.
#[tokio::test]
async fn an_upsert_in_a_callers_transaction_locks_before_it_reads() {
    let database = database().await;
    Batch::default().insert(&database.pool, &numbered(2)).await.unwrap();
    let mut transaction = database.pool.begin().await.unwrap();
    let report = Batch::default().upsert(&mut *transaction, &numbered(2)).await.unwrap();
    assert_eq!(report.unchanged(), 2);
    let options = (*database.pool.connect_options()).clone().busy_timeout(Duration::ZERO);
    let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let error = Batch::default().insert(&mut other, &[Person::new("x", "n", 1)]).await;
    assert!(error.unwrap_err().is_conflict(), "the write lock is held");
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn not_a_number_is_refused_and_not_stored_as_null() {
    let database = database().await;
    let mut rows = numbered(3);
    rows[1].score = Some(f64::NAN);
    let config = BatchConfig::default().refusals(Refusals::Isolate { at_most: 1 });
    let report = Batch::new(config).insert(&database.pool, &rows).await.unwrap();
    assert_eq!(report.refused()[0].row, 1);
    assert_eq!(report.inserted(), 2);
}

#[tokio::test]
async fn a_value_that_differs_only_by_collation_is_a_change() {
    let database = Database::new().await;
    let columns = "id TEXT PRIMARY KEY, name TEXT COLLATE NOCASE, age, score, active, photo";
    database.execute(&format!("CREATE TABLE batch_people ({columns})")).await;
    let mut batch = Batch::default();
    batch.insert(&database.pool, &[Person::new("a", "ada", 1)]).await.unwrap();
    let report = batch.upsert(&database.pool, &[Person::new("a", "Ada", 1)]).await.unwrap();
    assert_eq!(report.outcomes(), [Outcome::Updated]);
    assert_eq!(listed(&database).await, ["a:Ada:1"]);
}

#[tokio::test]
async fn a_trigger_that_keeps_rows_out_is_not_counted_as_an_insert() {
    let database = database().await;
    let when = "BEFORE INSERT ON batch_people WHEN NEW.age = 13";
    database.execute(&format!("CREATE TRIGGER no {when} BEGIN SELECT RAISE(IGNORE); END")).await;
    let mut rows = numbered(3);
    rows[1].age = 13;
    Batch::default().insert(&database.pool, &rows).await.unwrap_err();
    assert!(listed(&database).await.is_empty());
}

/// Polls a call a number of times and drops it, for every number until it comes to its end.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_call_leaves_nothing_and_a_usable_pool() {
    let database = database().await;
    let rows = numbered(40);
    let config = BatchConfig::default()
        .max_rows(std::num::NonZeroUsize::new(5).unwrap())
        .refusals(Refusals::Isolate { at_most: 0 });
    for polls in 0.. {
        let finished = {
            let mut batch = Batch::new(config.clone());
            let mut call = pin!(batch.upsert(&database.pool, &rows));
            let mut left = polls;
            std::future::poll_fn(|context| match call.as_mut().poll(context) {
                std::task::Poll::Ready(done) => std::task::Poll::Ready(done.is_ok()),
                std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(false),
                std::task::Poll::Pending => {
                    left -= 1;
                    std::task::Poll::Pending
                }
            })
            .await
        };
        let left = listed(&database).await.len();
        if finished {
            assert_eq!(left, rows.len());
            break;
        }
        // A commit that was under way when the call was dropped may still take place: as a whole.
        assert!(left == 0 || left == rows.len(), "{left} rows after {polls} polls");
        database.execute("DELETE FROM batch_people").await;
    }
}
