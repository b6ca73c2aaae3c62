//! A real SQLite database: its plans, what is found in them, and that asking changes nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has to fail")]

use explain_analyzer::source::sqlite::SqliteSource;
use explain_analyzer::{
    AnyPlanSource, Error, Operation, PlanSource, Reason, Report, Statement, StatementError,
    Verification, analyze,
};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

const TABLES: [&str; 5] = [
    "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, grade INTEGER NOT NULL)",
    "CREATE TABLE shift (id INTEGER PRIMARY KEY, person INTEGER NOT NULL, kind TEXT NOT NULL, starts TEXT NOT NULL)",
    "CREATE TABLE \"odd \"\"name\" (\"a b\" INTEGER, \"Order\" INTEGER)",
    "CREATE TRIGGER guard AFTER DELETE ON person BEGIN SELECT raise(ABORT, 'no'); END",
    "CREATE VIEW nights AS SELECT * FROM shift WHERE kind = 'night'",
];
const NUMBERS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)";
const ROWS: [&str; 3] = [
    "INSERT INTO person SELECT i, 'person ' || i, i % 5 FROM n WHERE i <= 100",
    "INSERT INTO shift SELECT i, 1 + i % 100, iif(i % 3, 'day', 'night'), datetime('2025-07-01', i || ' hours') FROM n",
    "INSERT INTO \"odd \"\"name\" SELECT i, i FROM n",
];

async fn database() -> SqlitePool {
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    for sql in TABLES {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    for sql in ROWS {
        let sql = sql.replacen("SELECT", &format!("{NUMBERS} SELECT"), 1);
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
    }
    pool
}

async fn report(pool: &SqlitePool, sql: &str) -> Report {
    let source = SqliteSource::new(pool.clone());
    let plan = source.plan(&Statement::new(sql)).await.unwrap();
    let mut report = analyze(plan, &source.catalog().await.unwrap());
    source.verify(&mut report).await.unwrap();
    report
}

fn rules(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.rule).collect()
}

fn statements(report: &Report) -> Vec<&str> {
    report.advice.iter().map(|advice| advice.statement.as_str()).collect()
}

/// Every advice was planned again and is used by the planner.
fn assert_helps(report: &Report) {
    assert!(!report.advice.is_empty());
    for advice in &report.advice {
        let Verification::Replanned(replan) = &advice.verification else { panic!("{advice:?}") };
        assert!(replan.used, "{advice:?}");
    }
}

#[tokio::test]
async fn a_scan_and_a_sort_are_cured_by_one_index() {
    let pool = database().await;
    let report = report(&pool, "SELECT * FROM shift WHERE person = ? ORDER BY starts").await;
    assert_eq!(rules(&report), ["table-scan", "temp-b-tree"]);
    assert_eq!(
        statements(&report),
        ["CREATE INDEX shift_person_starts_idx ON shift (person, starts)"]
    );
    assert_helps(&report);
    let Verification::Replanned(replan) = &report.advice[0].verification else { unreachable!() };
    assert_eq!((replan.scans_after, replan.sorts_after), (0, 0));
}

#[tokio::test]
async fn the_advice_once_taken_is_not_given_again() {
    let pool = database().await;
    let sql = "SELECT s.id FROM shift AS s WHERE s.kind = 'night' AND s.starts > '2025-08-01'";
    let first = report(&pool, sql).await;
    assert_helps(&first);
    sqlx::query(sqlx::AssertSqlSafe(first.advice[0].statement.clone()))
        .execute(&pool)
        .await
        .unwrap();
    let second = report(&pool, sql).await;
    assert!(second.findings.is_empty() && second.advice.is_empty(), "{:?}", second.findings);
}

#[tokio::test]
async fn an_automatic_index_is_asked_for_in_earnest() {
    let pool = database().await;
    let report =
        report(&pool, "SELECT p.name, s.starts FROM person p JOIN shift s ON s.person = p.id")
            .await;
    let used = report.plan.nodes().map(|(_, node)| node.operation).collect::<Vec<_>>();
    // Either side may come first: with the key of `person` at hand no automatic index is needed.
    assert!(used.contains(&Operation::AutomaticIndex) || report.findings.is_empty(), "{used:?}");
    let report = self::report(
        &pool,
        "SELECT * FROM shift a, shift b WHERE a.starts = b.starts AND a.id = 7",
    )
    .await;
    assert_eq!(rules(&report), ["table-scan"], "{}", explain_analyzer::render::terminal(&report));
    assert_eq!(statements(&report), ["CREATE INDEX shift_starts_idx ON shift (starts)"]);
    assert_helps(&report);
    let report = self::report(&pool, "SELECT * FROM shift a JOIN shift b USING (starts)").await;
    assert_eq!(rules(&report), ["automatic-index"]);
    assert_eq!(statements(&report), ["CREATE INDEX shift_starts_idx ON shift (starts)"]);
    assert_helps(&report);
}

#[tokio::test]
async fn each_arm_of_an_or_is_searched_with_an_index_of_its_own() {
    let pool = database().await;
    let report =
        report(&pool, "SELECT * FROM shift WHERE person = 3 OR starts = '2025-07-09 00:00:00'")
            .await;
    assert_eq!(
        statements(&report),
        [
            "CREATE INDEX shift_person_idx ON shift (person)",
            "CREATE INDEX shift_starts_idx ON shift (starts)"
        ]
    );
}

#[tokio::test]
async fn the_key_of_a_table_needs_no_index() {
    let pool = database().await;
    let report = report(&pool, "SELECT * FROM shift WHERE person = 3 OR id = 5").await;
    assert_eq!(statements(&report), ["CREATE INDEX shift_person_idx ON shift (person)"]);
}

#[tokio::test]
async fn names_that_need_quotes_get_them() {
    let pool = database().await;
    let sql = "SELECT * FROM \"odd \"\"name\" WHERE \"a b\" = 1 AND \"Order\" > 3";
    let report = report(&pool, sql).await;
    assert_eq!(
        statements(&report),
        ["CREATE INDEX \"odd \"\"name_a b_Order_idx\" ON \"odd \"\"name\" (\"a b\", \"Order\")"]
    );
    assert_helps(&report);
}

#[tokio::test]
async fn queries_that_are_fine_are_left_alone() {
    let pool = database().await;
    for sql in [
        "SELECT * FROM shift WHERE id = 7",
        "SELECT * FROM shift",
        "SELECT count(*) FROM shift",
        "SELECT * FROM person WHERE grade = 3 ORDER BY name",
        "SELECT * FROM shift WHERE kind <> 'day' AND lower(kind) = 'night'",
        "SELECT * FROM shift WHERE id IN (SELECT id FROM person WHERE id = 4)",
        "INSERT INTO person VALUES (?, ?, ?)",
        "VALUES (1), (2)",
    ] {
        let report = report(&pool, sql).await;
        assert!(report.findings.is_empty(), "{sql}: {:?}", report.findings);
    }
}

#[tokio::test]
async fn conditions_are_found_inside_sub_queries_and_writes() {
    let pool = database().await;
    for sql in [
        "UPDATE shift SET kind = 'day' WHERE person = 5",
        "DELETE FROM shift WHERE person = 5",
        "SELECT * FROM (SELECT * FROM shift WHERE person = 5 LIMIT 3)",
        "WITH mine AS (SELECT * FROM shift WHERE person = 5) SELECT * FROM mine",
        "SELECT 1 UNION ALL SELECT id FROM shift WHERE person = 5",
        "SELECT * FROM person WHERE id = 1 AND EXISTS (SELECT 1 FROM shift WHERE person = 5)",
    ] {
        let report = report(&pool, sql).await;
        assert_eq!(
            statements(&report),
            ["CREATE INDEX shift_person_idx ON shift (person)"],
            "{sql}"
        );
        assert_helps(&report);
    }
}

#[tokio::test]
async fn statistics_are_copied_for_the_second_plan() {
    let pool = database().await;
    sqlx::query("CREATE INDEX shift_kind ON shift (kind)").execute(&pool).await.unwrap();
    sqlx::query("ANALYZE").execute(&pool).await.unwrap();
    let report = report(&pool, "SELECT * FROM shift WHERE starts = '2025-07-09 00:00:00'").await;
    assert_helps(&report);
    assert_eq!(report.findings[0].evidence[0].value, "3000");
}

#[tokio::test]
async fn advice_without_a_statement_is_unverifiable() {
    let pool = database().await;
    let mut report = report(&pool, "SELECT * FROM shift WHERE person = 5").await;
    report.plan.statement = None;
    SqliteSource::new(pool).verify(&mut report).await.unwrap();
    assert_eq!(report.advice[0].verification, Verification::Unverifiable(Reason::NoStatement));
}

#[tokio::test]
async fn asking_for_the_plan_of_a_delete_deletes_nothing() {
    let pool = database().await;
    let source = SqliteSource::new(pool.clone());
    for sql in
        ["DELETE FROM shift", "DELETE FROM shift; -- all", "WITH x AS (SELECT 1) DELETE FROM shift"]
    {
        source.plan(&Statement::new(sql)).await.unwrap();
    }
    for sql in [
        "SELECT 1; DELETE FROM shift",
        "SELECT 1 /* ; */ ; DELETE FROM shift --",
        "PRAGMA user_version = 7",
    ] {
        let error = source.plan(&Statement::new(sql)).await.unwrap_err();
        assert!(
            matches!(error, Error::Statement(StatementError::Several | StatementError::NoPlan)),
            "{sql}"
        );
    }
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM shift").fetch_one(&pool).await.unwrap();
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&pool).await.unwrap();
    assert_eq!((left, version), (3000, 0));
}

#[tokio::test]
async fn a_statement_the_database_rejects_is_an_error() {
    let source = SqliteSource::new(database().await);
    let error = source.plan(&Statement::new("SELECT nothing FROM nowhere")).await.unwrap_err();
    assert!(matches!(error, Error::Database { .. }), "{error:?}");
}

#[tokio::test]
async fn a_source_may_be_a_closure_or_picked_at_run_time() {
    let source = SqliteSource::new(database().await);
    let inner = source.clone();
    let renamed = move |statement: Statement| {
        let source = inner.clone();
        async move { source.plan(&Statement::new(statement.sql().replace("rota", "shift"))).await }
    };
    let asked = Statement::new("SELECT * FROM rota WHERE id = 1");
    assert_eq!(renamed.plan(&asked).await.unwrap().nodes().len(), 1);
    for source in [AnyPlanSource::new(source), AnyPlanSource::new(renamed)] {
        assert!(source.plan(&Statement::new("SELECT 1; SELECT 2")).await.is_err());
        assert_eq!(
            source.plan(&Statement::new("SELECT * FROM shift")).await.unwrap().nodes().len(),
            1
        );
    }
}
