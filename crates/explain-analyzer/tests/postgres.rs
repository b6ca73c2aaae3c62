//! A real PostgreSQL server: its plans, what is found in them, and that asking changes nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has to fail")]

use std::time::Duration;

use explain_analyzer::source::postgres::{Mode, PostgresSource};
use explain_analyzer::{
    Error, Operation, PlanSource, Reason, Report, Statement, StatementError, Verification, analyze,
};
use sqlx::postgres::{PgPool, PgPoolOptions};

const SETUP: [&str; 5] = [
    "CREATE TABLE shift (id bigint PRIMARY KEY, person int NOT NULL, kind varchar(20) NOT NULL, starts timestamp NOT NULL)",
    "INSERT INTO shift SELECT i, i % 400, (ARRAY['day','night'])[1 + i % 2], '2025-07-01'::timestamp + i * interval '1 hour' \
        FROM generate_series(1, 20000) i",
    "CREATE SCHEMA other",
    "CREATE TABLE other.shift (id int)",
    "ANALYZE",
];

/// One connection, so that what a request leaves behind on it meets the next one.
async fn database() -> PgPool {
    let url = test_servers::postgres_url();
    let pool = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    for sql in SETUP {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    pool
}

async fn count(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM public.shift").fetch_one(pool).await.unwrap()
}

async fn prepared(pool: &PgPool) -> i64 {
    let names = "SELECT count(*) FROM pg_prepared_statements WHERE name = 'explain_analyzer'";
    sqlx::query_scalar(names).persistent(false).fetch_one(pool).await.unwrap()
}

async fn report(source: &PostgresSource, statement: &Statement) -> Report {
    let plan = source.plan(statement).await.unwrap();
    let mut report = analyze(plan, &source.catalog().await.unwrap());
    source.verify(&mut report);
    report
}

#[tokio::test]
async fn the_plan_of_a_delete_deletes_nothing_even_when_measured() {
    let pool = database().await;
    let delete = Statement::new("DELETE FROM public.shift");
    for mode in [Mode::PlanOnly, Mode::MeasureWrites] {
        let plan = PostgresSource::new(pool.clone()).mode(mode).plan(&delete).await.unwrap();
        assert_eq!(plan.is_measured(), mode == Mode::MeasureWrites);
        assert_eq!(count(&pool).await, 20_000, "{mode:?}");
    }
}

#[tokio::test]
async fn a_write_is_refused_when_only_measuring() {
    let pool = database().await;
    let source = PostgresSource::new(pool.clone()).mode(Mode::Measure);
    for sql in [
        "DELETE FROM public.shift",
        "WITH gone AS (DELETE FROM public.shift RETURNING 1) SELECT count(*) FROM gone",
        "INSERT INTO public.shift SELECT 0, 0, 'day', now()",
    ] {
        let error = source.plan(&Statement::new(sql)).await.unwrap_err();
        assert!(matches!(error, Error::WriteRefused { .. }), "{error:?}");
    }
    assert_eq!(count(&pool).await, 20_000);
    assert_eq!(prepared(&pool).await, 0);
}

#[tokio::test]
async fn nothing_rides_along_with_a_statement() {
    let pool = database().await;
    let source = PostgresSource::new(pool.clone()).mode(Mode::MeasureWrites);
    for (sql, refused) in [
        ("SELECT 1; COMMIT; DELETE FROM public.shift", StatementError::Several),
        ("COMMIT", StatementError::NoPlan),
        ("TRUNCATE public.shift", StatementError::NoPlan),
    ] {
        let error = source.plan(&Statement::new(sql)).await.unwrap_err();
        assert!(matches!(error, Error::Statement(why) if why == refused), "{sql}: {error:?}");
    }
    let value = Statement::new("SELECT * FROM public.shift WHERE kind = $1")
        .bind(Some("'); DELETE FROM shift; --"));
    source.plan(&value).await.unwrap();
    assert_eq!(count(&pool).await, 20_000);
}

#[tokio::test]
async fn a_statement_that_runs_too_long_is_stopped() {
    let pool = database().await;
    let source =
        PostgresSource::new(pool.clone()).mode(Mode::Measure).timeout(Duration::from_millis(50));
    let error = source.plan(&Statement::new("SELECT pg_sleep(60)")).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { limit_ms: 50, .. }), "{error:?}");
    // The limit ended with the transaction, and the connection is as it was.
    let limit: String =
        sqlx::query_scalar("SHOW statement_timeout").fetch_one(&pool).await.unwrap();
    assert_eq!((limit.as_str(), prepared(&pool).await), ("0", 0));
}

#[tokio::test]
async fn open_parameters_are_planned_without_a_value() {
    let source = PostgresSource::new(database().await);
    let statement = Statement::new("SELECT * FROM public.shift WHERE person = $1 AND starts > $2");
    let report = report(&source, &statement).await;
    // NULL as a value would have made the plan an empty one.
    let (_, scan) =
        report.plan.nodes().find(|(_, node)| node.operation == Operation::SeqScan).unwrap();
    assert!(scan.conditions[0].text.contains("$1"), "{:?}", scan.conditions);
    assert_eq!(
        report.advice[0].statement,
        "CREATE INDEX shift_person_starts_idx ON public.shift (person, starts)"
    );
    assert_eq!(
        report.advice[0].verification,
        Verification::Unverifiable(Reason::NoHypotheticalIndexes)
    );
}

#[tokio::test]
async fn given_values_are_planned_with() {
    let source = PostgresSource::new(database().await).mode(Mode::Measure);
    let statement = Statement::new("SELECT * FROM public.shift WHERE person = $1 AND kind = $2;");
    let plan = source.plan(&statement.clone().bind(Some("7")).bind(Some("night"))).await.unwrap();
    let (_, scan) = plan.nodes().find(|(_, node)| node.operation == Operation::SeqScan).unwrap();
    assert!(scan.conditions[0].text.contains("'night'"), "{:?}", scan.conditions);
    assert_eq!(scan.actual.unwrap().rows, 50.0);
    let error = source.plan(&statement).await.unwrap_err();
    assert!(matches!(error, Error::Values { expected: 2, given: 0 }), "{error:?}");
    let error = source.plan(&statement.bind(Some("7"))).await.unwrap_err();
    assert!(matches!(error, Error::Values { expected: 2, given: 1 }), "{error:?}");
}

#[tokio::test]
async fn the_advice_once_taken_is_not_given_again() {
    let pool = database().await;
    let source = PostgresSource::new(pool.clone());
    let statement = Statement::new("SELECT * FROM public.shift WHERE kind = 'day' AND person = 2");
    let first = report(&source, &statement).await;
    // The cast PostgreSQL prints around a varchar does not hide the column.
    assert_eq!(
        first.advice[0].statement,
        "CREATE INDEX shift_kind_person_idx ON public.shift (kind, person)"
    );
    sqlx::query(sqlx::AssertSqlSafe(first.advice[0].statement.clone()))
        .execute(&pool)
        .await
        .unwrap();
    let second = report(&source, &statement).await;
    assert!(second.findings.is_empty() && second.advice.is_empty(), "{:?}", second.findings);
}

#[tokio::test]
async fn the_catalog_tells_partial_and_expression_indexes_apart() {
    let pool = database().await;
    for sql in [
        "CREATE INDEX shift_partial ON shift (person) WHERE kind = 'day'",
        "CREATE INDEX shift_lower ON shift (lower(kind), person)",
        "CREATE INDEX shift_hash ON shift USING hash (person)",
        "CREATE INDEX shift_wide ON shift (person) INCLUDE (kind)",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let catalog = PostgresSource::new(pool).catalog().await.unwrap();
    assert!(catalog.table(None, "shift").is_none(), "two schemas have a table of this name");
    let table = catalog.table(Some("public"), "shift").unwrap();
    assert_eq!(table.rows, Some(20_000.0));
    assert_eq!(table.columns[2].type_name, "character varying(20)");
    let index = |name: &str| table.indexes.iter().find(|index| index.name == name).unwrap();
    assert!(index("shift_pkey").unique);
    assert!(index("shift_partial").partial);
    assert!(index("shift_lower").columns.is_empty());
    assert!(!index("shift_hash").ordered);
    assert_eq!(index("shift_wide").columns, ["person"]);
}

#[tokio::test]
async fn a_request_that_is_dropped_leaves_a_usable_connection() {
    let pool = database().await;
    let source =
        PostgresSource::new(pool.clone()).mode(Mode::Measure).timeout(Duration::from_millis(300));
    let slow = Statement::new("SELECT pg_sleep(60)");
    let dropped = tokio::time::timeout(Duration::from_millis(100), source.plan(&slow)).await;
    assert!(dropped.is_err());
    let plan = source.plan(&Statement::new("SELECT 1")).await.unwrap();
    assert!(plan.is_measured());
    assert_eq!((count(&pool).await, prepared(&pool).await), (20_000, 0));
}

#[tokio::test]
async fn a_name_left_behind_by_a_dropped_request_is_freed() {
    let pool = database().await;
    sqlx::query("PREPARE explain_analyzer AS SELECT 1").execute(&pool).await.unwrap();
    PostgresSource::new(pool.clone()).plan(&Statement::new("SELECT 2")).await.unwrap();
    assert_eq!(prepared(&pool).await, 0);
}
