//! A real database behind the cache, which does what SQL says and not what the parser thinks.

use std::sync::Arc;
use std::time::Duration;

use query_cache::sql::{Dialect, Schema, SqlCache, Statement, Value};
use query_cache::{Cache, Policy};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Executor};

/// A file, because each connection to memory is a database of its own.
struct Database {
    sql: SqlCache,
    cache: Cache,
    pool: SqlitePool,
    _directory: tempfile::TempDir,
}

const TABLES: &str = "
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE shifts (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people ON DELETE CASCADE,
                         ward TEXT);
    CREATE VIEW on_call AS SELECT name, ward FROM shifts JOIN people ON people.id = person;
    INSERT INTO people VALUES (7, 'Kim'), (8, 'Lee');
    INSERT INTO shifts VALUES (1, 7, 'ICU'), (2, 8, 'ER');
";

impl Database {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = SqliteConnectOptions::new().filename(directory.path().join("test.db"));
        let options = file.create_if_missing(true).foreign_keys(true);
        let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
        pool.execute(TABLES).await.unwrap();
        let schema = Schema::new(Dialect::Sqlite)
            .view("on_call", &["shifts", "people"])
            .and_then(|schema| schema.also("people", &["shifts"]))
            .unwrap();
        let cache = Cache::builder().build();
        let sql = SqlCache::new(cache.clone(), schema);
        Self { sql, cache, pool, _directory: directory }
    }

    /// The first column of the answer, and whether the database was asked.
    async fn read(&self, statement: Statement) -> (Vec<String>, bool) {
        let (before, pool) = (self.cache.stats().loads, self.pool.clone());
        let policy = Policy::ttl(Duration::from_secs(600));
        let load = |statement| async move { fetch(&pool, &statement).await };
        let found: Arc<Vec<String>> = self.sql.read(statement, &policy, load).await.unwrap();
        (found.to_vec(), self.cache.stats().loads > before)
    }

    async fn write(&self, text: &'static str) {
        let statement = Statement::new(text);
        self.sql.write(&statement, self.pool.execute(text)).await.unwrap();
    }
}

async fn fetch(pool: &SqlitePool, statement: &Statement) -> Result<Vec<String>, sqlx::Error> {
    let mut query = sqlx::query_scalar(AssertSqlSafe(statement.text().to_owned()));
    for value in statement.values() {
        query = match value {
            Value::Integer(number) => query.bind(*number),
            Value::Text(text) => query.bind(text.clone()),
            _ => query.bind(None::<i64>),
        };
    }
    query.fetch_all(pool).await
}

fn wards_of(person: i64) -> Statement {
    Statement::new("SELECT ward FROM shifts WHERE person = ? ORDER BY id").bind(person)
}

fn names() -> Statement {
    Statement::new("SELECT name FROM people ORDER BY id")
}

#[tokio::test]
async fn a_write_is_seen_by_the_next_read_and_another_table_stays() {
    let database = Database::new().await;
    assert_eq!(database.read(wards_of(7)).await, (vec!["ICU".to_owned()], true));
    assert_eq!(database.read(wards_of(7)).await, (vec!["ICU".to_owned()], false));
    assert_eq!(database.read(names()).await.0, ["Kim", "Lee"]);
    database.write("INSERT INTO shifts (person, ward) VALUES (7, 'ER')").await;
    assert_eq!(database.read(wards_of(7)).await, (vec!["ICU".to_owned(), "ER".to_owned()], true));
    assert!(!database.read(names()).await.1, "people were not written");
}

/// Read all, write, read all again: whatever was kept is what the database says now.
#[tokio::test]
async fn after_every_kind_of_write_every_read_is_fresh() {
    let database = Database::new().await;
    let reads = [
        "SELECT ward FROM shifts ORDER BY id",
        "SELECT name FROM people ORDER BY id",
        "SELECT name || ward FROM on_call ORDER BY name, ward",
        "WITH p AS (SELECT * FROM people) SELECT name FROM P WHERE id IN (SELECT person FROM main.shifts) ORDER BY id",
        "SELECT count(*) || 'x' FROM [SHIFTS] UNION ALL SELECT max(name) FROM \"People\"",
        "SELECT (SELECT group_concat(ward, ',') FROM shifts s WHERE s.person = p.id) FROM people p WHERE EXISTS (SELECT 1 FROM shifts s WHERE s.person = p.id) ORDER BY p.id",
    ];
    let writes = [
        "UPDATE Shifts SET ward = 'OR' WHERE person = 7",
        "INSERT INTO shifts (person, ward) SELECT id, 'night' FROM people",
        "INSERT INTO people VALUES (7, 'Kay') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        "WITH gone AS (SELECT 1 AS id) DELETE FROM shifts WHERE id IN (SELECT id FROM gone)",
        "UPDATE shifts SET ward = people.name FROM people WHERE people.id = shifts.person",
        "DELETE FROM people WHERE id = 8",
        "REPLACE INTO main.people VALUES (9, 'May')",
        "ALTER TABLE shifts RENAME TO old; CREATE TABLE shifts AS SELECT * FROM old WHERE 0",
    ];
    for write in writes {
        for read in reads {
            database.read(Statement::new(read)).await;
        }
        database.write(write).await;
        for read in reads {
            let statement = Statement::new(read);
            let direct = fetch(&database.pool, &statement).await.unwrap();
            assert_eq!(database.read(statement).await.0, direct, "{read} after {write}");
        }
    }
}

#[tokio::test]
async fn several_statements_of_one_transaction_count_when_it_is_committed() {
    let database = Database::new().await;
    database.read(wards_of(7)).await;
    database.read(names()).await;
    let mut change = database.sql.change();
    let mut transaction = database.pool.begin().await.unwrap();
    for text in
        ["INSERT INTO shifts (person, ward) VALUES (7, 'ER')", "UPDATE people SET name = 'X'"]
    {
        change.statement(&Statement::new(text));
        transaction.execute(text).await.unwrap();
    }
    assert!(!database.read(names()).await.1, "nothing is committed yet");
    transaction.commit().await.unwrap();
    change.committed().await.unwrap();
    assert_eq!(database.read(wards_of(7)).await.0.len(), 2);
    assert_eq!(database.read(names()).await.0, ["X", "X"]);
}

#[tokio::test]
async fn what_was_rolled_back_outdates_nothing() {
    let database = Database::new().await;
    database.read(names()).await;
    let mut change = database.sql.change();
    let delete = Statement::new("DELETE FROM people");
    change.statement(&delete);
    let mut transaction = database.pool.begin().await.unwrap();
    transaction.execute("DELETE FROM people").await.unwrap();
    transaction.rollback().await.unwrap();
    change.rolled_back();
    assert_eq!(database.read(names()).await, (vec!["Kim".to_owned(), "Lee".to_owned()], false));
}

/// The one difference in how names of queries hide tables: SQLite refuses what others read.
#[tokio::test]
async fn in_sqlite_a_query_that_names_itself_is_recursive() {
    let database = Database::new().await;
    let itself = Statement::new("WITH people AS (SELECT name FROM people) SELECT name FROM people");
    assert!(fetch(&database.pool, &itself).await.is_err());
}

#[tokio::test]
async fn changes_made_elsewhere_are_told_by_hand() {
    let database = Database::new().await;
    let on_call = || Statement::new("SELECT name || ward FROM on_call ORDER BY name");
    database.read(on_call()).await;
    database.pool.execute("UPDATE shifts SET ward = 'OR'").await.unwrap();
    assert!(!database.read(on_call()).await.1);
    database.sql.invalidate_tables(&["Shifts"]).await.unwrap();
    assert_eq!(database.read(on_call()).await.0, ["KimOR", "LeeOR"]);
    assert!(database.sql.invalidate_tables(&["a b"]).await.is_err());
}
