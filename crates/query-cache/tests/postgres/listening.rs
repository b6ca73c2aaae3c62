//! What others change is outdated here.

use std::sync::Arc;
use std::time::Duration;

use query_cache::postgres::{ChangedRow, Watch};
use query_cache::{Key, Policy, Tag, Windows};

use crate::support::{Db, policy, within};

const COUNT: &str = "SELECT count(*) FROM shifts";
const PEOPLE: &str = "SELECT count(*) FROM people";

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_is_told_and_another_table_stays() {
    let db = Db::new().await;
    db.run("CREATE TABLE people (id int PRIMARY KEY)").await;
    db.run("CREATE TABLE shifts (person int REFERENCES people ON DELETE CASCADE, ward text)").await;
    db.run("CREATE TABLE wards (name text)").await;
    let watch = Watch::new().table("shifts").table("wards");
    watch.install(&db.pool).await.unwrap();
    let listening = db.listen(&watch).await;
    let wards = "SELECT count(*) FROM wards";
    db.ask(wards).await;
    let changes = [
        "INSERT INTO people VALUES (7), (8), (9); INSERT INTO shifts VALUES (7, 'ICU'), (8, 'ER')",
        "UPDATE shifts SET ward = 'ER' WHERE person = 7",
        "DELETE FROM shifts WHERE person = 8",
        "DELETE FROM people WHERE id = 7",
        "MERGE INTO shifts USING people ON person = id WHEN NOT MATCHED THEN INSERT VALUES (id, '')",
        "TRUNCATE shifts",
    ];
    for change in changes {
        db.ask(COUNT).await;
        db.run(change).await;
        db.until_outdated(COUNT, change).await;
    }
    let before = db.loads();
    db.ask(wards).await;
    assert_eq!(db.loads(), before, "a table that nobody has changed");
    listening.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_commit_is_told_and_once() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int)").await;
    let watch = Watch::new().table("shifts");
    watch.install(&db.pool).await.unwrap();
    let listening = db.listen(&watch).await;
    db.run("BEGIN; INSERT INTO shifts VALUES (1); ROLLBACK").await;
    db.run("BEGIN; INSERT INTO shifts VALUES (1); INSERT INTO shifts VALUES (2); COMMIT").await;
    db.settle().await;
    within(listening.until(|state| state.heard > 1)).await;
    assert_eq!(listening.state().heard, 2, "the commit, and what settles");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_and_its_parent_outdate_each_other() {
    let db = Db::new().await;
    db.run(
        "CREATE TABLE shifts (day int) PARTITION BY RANGE (day);
         CREATE TABLE early PARTITION OF shifts FOR VALUES FROM (0) TO (100);
         CREATE TABLE late PARTITION OF shifts FOR VALUES FROM (100) TO (200);
         CREATE TABLE people (id int); CREATE TABLE staff () INHERITS (people)",
    )
    .await;
    let watch = Watch::new().keyed("shifts", &["day"]).table("people");
    watch.install(&db.pool).await.unwrap();
    let _listening = db.listen(&watch).await;
    let pairs = [
        (COUNT, "INSERT INTO early VALUES (1)"),
        ("SELECT count(*) FROM late", "INSERT INTO shifts VALUES (150)"),
        ("SELECT count(*) FROM late", "UPDATE shifts SET day = 150 WHERE day = 1"),
        (COUNT, "TRUNCATE late"),
        (PEOPLE, "INSERT INTO staff VALUES (1)"),
        ("SELECT count(*) FROM staff", "DELETE FROM people"),
    ];
    for (query, change) in pairs {
        db.ask(query).await;
        db.run(change).await;
        db.until_outdated(query, change).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_name_is_a_name() {
    let db = Db::new().await;
    let table = r#""we""ird ' \"."Quo'te""d""#;
    db.run(&format!(
        r#"CREATE SCHEMA "we""ird ' \"; CREATE TABLE {table} ("c'o""l" int); SET search_path = pg_temp"#
    ))
    .await;
    let watch = Watch::new().schema("o'wn \"schema\\").keyed(table, &["c'o\"l"]);
    watch.install(&db.pool).await.unwrap();
    let listening = db.listener(&watch).start(&db.sql).unwrap();
    assert_eq!(within(listening.live()).await.missing, [""; 0]);
    let query = format!("SELECT count(*) FROM {table}");
    db.ask(&query).await;
    db.run(&format!("INSERT INTO {table} VALUES (1)")).await;
    db.until_outdated(&query, "a quoted table").await;
    watch.remove(&db.pool).await.unwrap();
}

/// Hours of the 28 days that end at a day, kept under their windows.
async fn keep_windows(db: &Db, person: u32, last_days: std::ops::Range<i64>) {
    for last in last_days {
        let windows = Windows::of(Key::new("duty").part(person));
        let policy = policy()
            .tags(windows.covering(last - 27..=last))
            .tags(db.sql.gap_tags(&["shifts"]).unwrap());
        let key = Key::new("hours").part(person).part(last);
        db.cache.set(&key, last, &policy).await.unwrap();
    }
}

async fn kept(db: &Db, person: u32, last_days: std::ops::Range<i64>) -> Vec<i64> {
    let mut kept = Vec::new();
    for last in last_days {
        if db.cache.exists(&Key::new("hours").part(person).part(last)).await {
            kept.push(last);
        }
    }
    kept
}

fn windows_of(row: ChangedRow<'_>) -> Option<Vec<Tag>> {
    assert_ne!(row.integer("person"), Some(13), "unlucky");
    let person = u32::try_from(row.integer("person")?).ok()?;
    Some(Windows::of(Key::new("duty").part(person)).changed([row.day("day")?]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_changed_in_psql_drops_exactly_the_windows_that_contain_it() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int, day date, hours int)").await;
    db.run("SET TimeZone = 'Asia/Tokyo'; INSERT INTO shifts VALUES (7, '2025-01-10', 8)").await;
    let watch = Watch::new().keyed("shifts", &["person", "day"]);
    watch.install(&db.pool).await.unwrap();
    let listening = db.listener(&watch).exact("shifts", windows_of).start(&db.sql).unwrap();
    within(listening.live()).await;
    let january_10 = 20_098;
    let days = january_10 - 40..january_10 + 60;
    let all: Vec<_> = days.clone().collect();
    keep_windows(&db, 7, days.clone()).await;
    keep_windows(&db, 8, days.clone()).await;

    db.run("SET DateStyle = 'German'; UPDATE shifts SET hours = 9").await;
    db.settle().await;
    let spared: Vec<_> =
        days.clone().filter(|last| !(last - 27..=*last).contains(&january_10)).collect();
    assert_eq!(kept(&db, 7, days.clone()).await, spared);
    assert_eq!(kept(&db, 8, days.clone()).await, all, "another person's");

    // A moved shift drops the windows of where it was and of where it is.
    keep_windows(&db, 7, days.clone()).await;
    db.run("UPDATE shifts SET day = day + 3, person = 8").await;
    db.settle().await;
    assert_eq!(kept(&db, 7, days.clone()).await, spared);
    assert_eq!(kept(&db, 8, days.clone()).await.len(), all.len() - 28);

    // What cannot be told exactly drops them all.
    for change in ["INSERT INTO shifts (person) VALUES (7)", "TRUNCATE shifts", TOO_MANY, PANICS] {
        keep_windows(&db, 7, days.clone()).await;
        db.run(change).await;
        db.settle().await;
        assert_eq!(kept(&db, 7, days.clone()).await, [0i64; 0], "{change}");
    }
}

const PANICS: &str = "INSERT INTO shifts VALUES (13, '2000-01-01')";

const TOO_MANY: &str = "INSERT INTO shifts SELECT person, day FROM generate_series(1, 1000) person, (VALUES ('2025-01-10'::date)) v (day)";

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_of_few_days_are_told_exactly() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int, day date)").await;
    let watch = Watch::new().keyed("shifts", &["person", "day"]);
    watch.install(&db.pool).await.unwrap();
    let listening = db.listener(&watch).exact("shifts", windows_of).start(&db.sql).unwrap();
    within(listening.live()).await;
    keep_windows(&db, 8, 20_000..20_010).await;
    db.run(
        "INSERT INTO shifts SELECT 7, date '1970-01-01' + n % 28 FROM generate_series(1, 9000) n",
    )
    .await;
    db.settle().await;
    assert_eq!(kept(&db, 8, 20_000..20_010).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_column_does_not_make_writes_fail() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int, day date)").await;
    let watch = Watch::new().keyed("shifts", &["person", "day"]);
    watch.install(&db.pool).await.unwrap();
    let listening = db.listener(&watch).exact("shifts", windows_of).start(&db.sql).unwrap();
    within(listening.live()).await;
    keep_windows(&db, 7, 1..3).await;
    db.run("ALTER TABLE shifts RENAME COLUMN day TO date; INSERT INTO shifts VALUES (7)").await;
    db.settle().await;
    assert_eq!(kept(&db, 7, 1..3).await, [0i64; 0], "and nothing is known exactly");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_share_a_store_all_see_it() {
    use query_cache::sql::{Dialect, Schema, SqlCache, Statement};
    use query_cache::{Cache, MemoryStore};
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int)").await;
    let watch = Watch::new().table("shifts");
    watch.install(&db.pool).await.unwrap();
    let store = Arc::new(MemoryStore::default());
    let process = || {
        let cache = Cache::builder().store(Arc::clone(&store)).build();
        SqlCache::new(cache, Schema::new(Dialect::Postgres))
    };
    let (here, there) = (process(), process());
    let mut listening = Vec::new();
    for sql in [&here, &there] {
        listening.push(db.listener(&watch).start(sql).unwrap());
        within(listening[listening.len() - 1].live()).await;
    }
    let ask = async |sql: &SqlCache<_>| {
        let pool = db.pool.clone();
        let load = |_| async move { sqlx::query_scalar(COUNT).fetch_one(&pool).await };
        let policy = Policy::ttl(Duration::from_secs(3600));
        *sql.read::<i64, sqlx::Error, _, _>(Statement::new(COUNT), &policy, load).await.unwrap()
    };
    assert_eq!((ask(&here).await, ask(&there).await), (0, 0));
    db.run("INSERT INTO shifts VALUES (1)").await;
    for (sql, listening) in [&here, &there].into_iter().zip(&listening) {
        within(listening.until(|state| state.heard > 0)).await;
        assert_eq!(ask(sql).await, 1, "not even from the store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_that_never_comes_does_not_keep_from_hearing() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int)").await;
    let watch = Watch::new().table("shifts");
    watch.install(&db.pool).await.unwrap();
    let patient = db.listener(&watch).heartbeat(Duration::MAX);
    let listening = patient.start(&db.sql).unwrap();
    within(listening.live()).await;
    db.ask(COUNT).await;
    db.run("INSERT INTO shifts VALUES (7)").await;
    db.until_outdated(COUNT, "the insert").await;
    listening.close().await;
}
