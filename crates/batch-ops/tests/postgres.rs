//! PostgreSQL: the contract, and what is particular to it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "shared/postgres.rs"]
mod fixture;
#[path = "shared/model.rs"]
mod model;
#[path = "shared/original.rs"]
mod original;

use std::time::Duration;

use batch_ops::testing::{Fixture as _, Person, contract, listed, people};
use batch_ops::{
    Batch, BatchConfig, CauseKind, Column, Commit, Error, Outcome, Record, Refusals, Row, Step,
    Table,
};
use fixture::Database;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use sqlx::Connection as _;

fn numbered(count: usize) -> Vec<Person> {
    (0..count).map(|number| Person::new(&format!("p{number:05}"), "n", 1)).collect()
}

async fn database() -> Database {
    let database = Database::new().await;
    people(&database).await;
    database
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    contract(&Database::new().await).await;
}

#[tokio::test]
async fn the_original_suite_holds() {
    let database = Database::new().await;
    original::bulk_insert_of_250_in_batches_of_100(&database).await;
    original::bulk_upsert_of_100_then_150(&database).await;
    original::bulk_update_counts_rows_that_matched(&database).await;
    original::bulk_delete_counts_rows_that_matched(&database).await;
    original::batch_size_is_an_upper_bound(&database).await;
    original::empty_batches_are_no_error(&database).await;
}

#[tokio::test]
async fn batches_equal_rows_one_by_one() {
    let database = Database::new().await;
    let mut runner = TestRunner::deterministic();
    for _ in 0..32 {
        let calls = model::calls().new_tree(&mut runner).unwrap().current();
        model::batches_equal_rows_one_by_one(&database, &calls).await;
    }
}

#[tokio::test]
async fn a_batch_in_a_callers_transaction_commits_nothing() {
    let database = database().await;
    for commit in [Commit::Whole, Commit::EachChunk] {
        let mut transaction = database.pool.begin().await.unwrap();
        let mut batch = Batch::new(BatchConfig::default().commit(commit));
        let report = batch.upsert(&mut *transaction, &numbered(3)).await.unwrap();
        assert_eq!(report.inserted(), 3);
        let report = batch.upsert(&mut *transaction, &[Person::new("p00001", "n", 2)]).await;
        assert_eq!(report.unwrap().outcomes(), [Outcome::Updated], "not a new row");
        transaction.rollback().await.unwrap();
        assert!(listed(&database).await.is_empty());
    }
}

#[tokio::test]
async fn a_failing_batch_leaves_the_callers_transaction_usable() {
    let database = database().await;
    let mut transaction = database.pool.begin().await.unwrap();
    let mut batch = Batch::default().retry(|_, _| panic!("not the batch's to retry"));
    batch.insert(&mut *transaction, &numbered(2)).await.unwrap();
    let more = [Person::new("new", "n", 1), Person::new("p00000", "n", 1)];
    batch.insert(&mut *transaction, &more).await.unwrap_err();
    drop(batch);
    transaction.commit().await.unwrap();
    assert_eq!(listed(&database).await, ["p00000:n:1", "p00001:n:1"]);
}

#[tokio::test]
async fn a_transaction_begun_by_hand_is_refused_and_not_committed() {
    let database = database().await;
    let mut connection = database.pool.acquire().await.unwrap();
    Batch::default().insert(&mut *connection, &numbered(1)).await.unwrap();
    assert!(!connection.is_in_transaction());
    sqlx::raw_sql("BEGIN; DELETE FROM batch_people").execute(&mut *connection).await.unwrap();
    let error = Batch::default().insert(&mut *connection, &numbered(2)).await.unwrap_err();
    assert!(matches!(error, Error::Transaction { step: Step::Begin, .. }), "{error:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.unwrap();
    assert_eq!(listed(&database).await.len(), 1);
}

/// Columns whose types PostgreSQL does not cast from the family by itself, or narrower ones.
struct Typed {
    id: &'static str,
    day: Option<&'static str>,
    kind: &'static str,
    amount: f64,
    small: i64,
    single: f64,
    document: String,
}

impl Record for Typed {
    const TABLE: Table = Table::new(
        "typed",
        &[
            Column::text("id").of_type("uuid").key(),
            Column::text("day").of_type("timestamptz"),
            Column::text("kind").of_type("public.Shift Kind"),
            Column::f64("amount").of_type("numeric"),
            Column::i64("small"),
            Column::f64("single").of_type("float4"),
            Column::text("document").of_type("jsonb"),
        ],
    )
    .in_schema("public");

    fn values<'a>(&'a self, row: &mut Row<'a, '_>) {
        row.push(self.id).push(self.day).push(self.kind).push(self.amount);
        row.push(self.small).push(self.single).push(&self.document);
    }
}

fn typed() -> [Typed; 2] {
    let document = || "{\"b\": 1, \"a\": [true]}".to_owned();
    ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"].map(|id| {
        Typed {
            id,
            day: (id.starts_with('A')).then_some("2026-11-20 06:00+01"),
            kind: "night",
            amount: 1.1,
            small: -3,
            single: 0.1,
            document: document(),
        }
    })
}

#[tokio::test]
async fn columns_of_other_types_are_cast_and_compared_in_their_type() {
    let database = database().await;
    let columns = "id uuid PRIMARY KEY, day timestamptz, kind \"Shift Kind\", amount numeric(6,2), \
                   small smallint, single real, document jsonb";
    database
        .execute(&format!(
            "CREATE TYPE \"Shift Kind\" AS ENUM ('day', 'night'); CREATE TABLE typed ({columns})"
        ))
        .await;
    let mut rows = typed();
    let mut batch = Batch::default();
    assert_eq!(batch.insert(&database.pool, &rows).await.unwrap().inserted(), 2);
    let again = batch.upsert(&database.pool, &rows).await.unwrap();
    assert_eq!(again.unchanged(), 2, "written in another form, the same in the column's type");
    (rows[0].day, rows[1].kind) = (None, "day");
    assert_eq!(batch.update(&database.pool, &rows).await.unwrap().updated(), 2);
    assert_eq!(batch.delete(&database.pool, &rows).await.unwrap().deleted(), 2);
}

#[tokio::test]
async fn rows_that_change_nothing_are_neither_written_nor_locked() {
    let database = database().await;
    let rows = numbered(100);
    Batch::default().insert(&database.pool, &rows).await.unwrap();
    let state = "SELECT ctid::text || xmin::text || xmax::text FROM batch_people ORDER BY id";
    let before = database.read(state).await;
    let mut changed = numbered(100);
    changed[7].age = 2;
    let report = Batch::default().upsert(&database.pool, &changed).await.unwrap();
    assert_eq!((report.updated(), report.unchanged()), (1, 99));
    let report = Batch::default().update(&database.pool, &changed).await.unwrap();
    assert_eq!(report.unchanged(), 100);
    let after = database.read(state).await;
    let same = before.iter().zip(&after).filter(|(before, after)| before == after).count();
    assert_eq!(same, 99);
}

#[tokio::test]
async fn batches_of_many_lengths_leave_one_prepared_statement_each() {
    let database = database().await;
    let mut transaction = database.pool.begin().await.unwrap();
    for count in 1..40 {
        let rows = numbered(count);
        Batch::default().upsert(&mut *transaction, &rows).await.unwrap();
        Batch::default().delete(&mut *transaction, &rows).await.unwrap();
    }
    let held = "SELECT count(*) FROM pg_prepared_statements \
                WHERE statement LIKE '%batch_people%' AND statement NOT LIKE '%pg_prepared%'";
    let held: i64 = sqlx::query_scalar(held).fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(held, 2);
}

/// Raises a serialization failure for the first calls: a sequence does not roll back.
async fn failing_trigger(database: &Database, trigger: &str) {
    let body = "BEGIN IF nextval('tries') <= 2 THEN RAISE SQLSTATE '40001'; END IF; \
                RETURN NULL; END";
    database
        .execute(&format!(
            "CREATE SEQUENCE tries; \
             CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$; {trigger}"
        ))
        .await;
}

#[tokio::test]
async fn a_serialization_failure_is_retried_in_a_transaction_of_its_own_only() {
    let database = database().await;
    let on = "AFTER INSERT ON batch_people EXECUTE FUNCTION fail()";
    failing_trigger(&database, &format!("CREATE TRIGGER fail {on}")).await;
    let mut transaction = database.pool.begin().await.unwrap();
    let mut joined = Batch::default().retry(|_, _| panic!("not the batch's to retry"));
    let error = joined.insert(&mut *transaction, &numbered(1)).await.unwrap_err();
    assert!(error.is_conflict());
    transaction.rollback().await.unwrap();
    let mut batch = Batch::default().retry(|_, _| Some(Duration::ZERO));
    let report = batch.insert(&database.pool, &numbered(3)).await.unwrap();
    assert_eq!((report.inserted(), report.stats().retries), (3, 1));
    assert_eq!(listed(&database).await.len(), 3);
}

#[tokio::test]
async fn a_serialization_failure_at_commit_is_retried() {
    let database = database().await;
    let on = "AFTER INSERT ON batch_people DEFERRABLE INITIALLY DEFERRED FOR EACH ROW";
    let trigger = format!("CREATE CONSTRAINT TRIGGER fail {on} EXECUTE FUNCTION fail()");
    failing_trigger(&database, &trigger).await;
    let mut attempts = Vec::new();
    let mut batch = Batch::default().retry(|attempt, error| {
        assert!(matches!(error, Error::Transaction { step: Step::Commit, .. }), "{error:?}");
        attempts.push(attempt);
        (attempt < 5).then_some(Duration::ZERO)
    });
    let report = batch.insert(&database.pool, &numbered(1)).await.unwrap();
    drop(batch);
    assert_eq!((report.inserted(), attempts), (1, vec![1, 2]));
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_the_same_keys_in_other_orders_do_not_deadlock() {
    let database = database().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8_usize {
        let pool = database.pool.clone();
        writers.spawn(async move {
            for round in 0..6_usize {
                let mut rows = numbered(200);
                rows.rotate_left((writer * 31 + round * 7) % 200);
                if writer % 2 == 0 {
                    rows.reverse();
                }
                for row in &mut rows {
                    row.age = i64::try_from(writer * 100 + round).unwrap();
                }
                let chunk = std::num::NonZeroUsize::new(30 + writer).unwrap();
                let mut batch = Batch::new(BatchConfig::default().max_rows(chunk));
                match (writer + round) % 3 {
                    0 => batch.update(&pool, &rows).await.unwrap(),
                    1 => batch.delete(&pool, &rows).await.unwrap(),
                    _ => batch.upsert(&pool, &rows).await.unwrap(),
                };
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
}

/// Waits until some session of this database waits for a lock.
async fn someone_waits(database: &Database) {
    let waiting = "SELECT 'yes' FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                   AND datname = current_database()";
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while database.read(waiting).await.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "nobody waits");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_tells_the_truth_about_rows_changed_in_between() {
    let database = database().await;
    Batch::default().insert(&database.pool, &numbered(4)).await.unwrap();
    let mut other = database.pool.begin().await.unwrap();
    let meanwhile = "DELETE FROM batch_people WHERE id = 'p00000'; \
                     UPDATE batch_people SET age = 9 WHERE id = 'p00001'; \
                     UPDATE batch_people SET age = 5 WHERE id = 'p00002'";
    sqlx::raw_sql(meanwhile).execute(&mut *other).await.unwrap();
    let pool = database.pool.clone();
    let update = tokio::spawn(async move {
        let mut rows = numbered(4);
        for row in &mut rows {
            row.age = 9;
        }
        Batch::default().update(&pool, &rows).await
    });
    someone_waits(&database).await;
    other.commit().await.unwrap();
    let report = update.await.unwrap().unwrap();
    use Outcome::{Missing, Unchanged, Updated};
    assert_eq!(report.outcomes(), [Missing, Unchanged, Updated, Updated]);
    assert_eq!(listed(&database).await, ["p00001:n:9", "p00002:n:9", "p00003:n:9"]);
}

#[tokio::test]
async fn a_text_that_the_server_cannot_take_is_isolated() {
    let database = database().await;
    let mut rows = numbered(50);
    rows[20].name = Some("nul\0".to_owned());
    let config = BatchConfig::default().refusals(Refusals::Isolate { at_most: 1 });
    let report = Batch::new(config).insert(&database.pool, &rows).await.unwrap();
    let [refused] = report.refused() else { panic!("one") };
    assert_eq!((refused.row, refused.cause.code()), (20, Some("22021")));
    assert_eq!(report.inserted(), 49);
}

#[tokio::test]
async fn a_key_that_is_stored_in_another_form_is_an_error_and_not_a_wrong_count() {
    let database = database().await;
    let body = "BEGIN NEW.id = upper(NEW.id); RETURN NEW; END";
    let on = "BEFORE INSERT ON batch_people FOR EACH ROW EXECUTE FUNCTION fold()";
    database
        .execute(&format!(
            "CREATE FUNCTION fold() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$; \
             CREATE TRIGGER fold {on}"
        ))
        .await;
    let error = Batch::default().upsert(&database.pool, &numbered(1)).await.unwrap_err();
    assert_eq!(error.cause().unwrap().kind(), CauseKind::Other);
    assert!(listed(&database).await.is_empty());
}

#[tokio::test]
async fn a_call_dropped_while_it_waits_leaves_nothing_and_a_usable_pool() {
    let database = database().await;
    Batch::default().insert(&database.pool, &numbered(10)).await.unwrap();
    let mut other = database.pool.begin().await.unwrap();
    let held = "UPDATE batch_people SET age = 7 WHERE id = 'p00009'";
    sqlx::raw_sql(held).execute(&mut *other).await.unwrap();
    {
        let config = BatchConfig::default().max_rows(std::num::NonZeroUsize::new(3).unwrap());
        let mut batch = Batch::new(config);
        let mut rows = numbered(10);
        for row in &mut rows {
            row.age = 8;
        }
        tokio::select! {
            _ = batch.update(&database.pool, &rows) => panic!("the last row is held"),
            () = someone_waits(&database) => {}
        }
    }
    other.commit().await.unwrap();
    let ages = "SELECT DISTINCT age::text FROM batch_people ORDER BY 1";
    assert_eq!(database.read(ages).await, ["1", "7"]);
    let report = Batch::default().delete(&database.pool, &numbered(10)).await.unwrap();
    assert_eq!(report.deleted(), 10);
}
