//! A view whose definition has changed takes the place of the old one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use query_cache::view::{Ensured, View, ViewError, Views};

use crate::support::{Db, poll_times, within};

fn hours(factor: u32) -> View {
    let query = format!(
        "SELECT person, {factor} * sum(hours)::bigint AS hours FROM shifts GROUP BY person"
    );
    View::new("workload", &query).key(&["person"])
}

const TOTAL: &str = "SELECT sum(hours)::bigint FROM workload";

async fn shifts() -> (Db, Views) {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int, hours int)").await;
    db.run("INSERT INTO shifts SELECT n % 1000, 1 FROM generate_series(1, 20000) n").await;
    let views = Views::new(&db.pool, &db.sql);
    (db, views)
}

/// Reads all the time. When told to stop, the longest time that a read took.
fn reader(db: &Db, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<Duration> {
    let (pool, stop) = (db.pool.clone(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut longest = Duration::ZERO;
        while !stop.load(Ordering::SeqCst) {
            let begun = Instant::now();
            let total: i64 = sqlx::query_scalar(TOTAL).fetch_one(&pool).await.unwrap();
            assert!([20_000, 40_000, 60_000].contains(&total), "{total}");
            longest = longest.max(begun.elapsed());
        }
        longest
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_find_one_or_the_other_and_never_nothing() {
    let (db, views) = shifts().await;
    views.ensure(&hours(1)).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let readers = [reader(&db, &stop), reader(&db, &stop)];
    for factor in [2, 3, 1, 2] {
        assert_eq!(views.ensure(&hours(factor)).await.unwrap(), Ensured::Replaced);
        let by_groups = hours(factor + 1 - factor / 3 * 3).source("shifts", &["person"]);
        assert_eq!(views.ensure(&by_groups).await.unwrap(), Ensured::Replaced);
    }
    stop.store(true, Ordering::SeqCst);
    for reader in readers {
        // The bound of the figures is a tenth of this; here other tests run beside.
        assert!(within(reader).await.unwrap() < Duration::from_secs(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_follows_a_replacement() {
    let (db, views) = shifts().await;
    views.ensure(&hours(1)).await.unwrap();
    assert_eq!(db.ask(TOTAL).await, 20_000);
    views.ensure(&hours(2)).await.unwrap();
    assert_eq!(db.ask(TOTAL).await, 40_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_gave_it_is_kept() {
    let (db, views) = shifts().await;
    let role = test_servers::unique_prefix().replace(':', "");
    views.ensure(&hours(1)).await.unwrap();
    db.run(&format!(
        "CREATE ROLE {role}; CREATE ROLE {role}_owner; GRANT SELECT ON workload TO {role}, PUBLIC;
         GRANT SELECT (hours) ON workload TO {role} WITH GRANT OPTION;
         CREATE INDEX \"by USING hours\" ON workload USING btree (hours DESC) WHERE hours > 3;
         COMMENT ON MATERIALIZED VIEW workload IS 'it''s kept';
         ALTER MATERIALIZED VIEW workload OWNER TO {role}_owner; GRANT SELECT ON shifts TO {role}_owner"
    ))
    .await;
    let described = async || -> Vec<String> {
        let query = "SELECT relacl::text || obj_description(oid) || relowner::regrole::text FROM pg_class WHERE relname = 'workload'
            UNION ALL SELECT attacl::text FROM pg_attribute WHERE attrelid = 'workload'::regclass AND attacl IS NOT NULL
            UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = 'workload' AND indexname NOT LIKE 'query\\_cache%'";
        sqlx::query_scalar(query).fetch_all(&db.pool).await.unwrap()
    };
    let before = described().await;
    assert_eq!(before.len(), 3);
    views.ensure(&hours(2)).await.unwrap();
    assert_eq!(described().await, before);
    assert_eq!(db.number("SELECT count(*) FROM pg_indexes WHERE tablename = 'workload'").await, 2);
    // An index that the new definition cannot have does not keep it from being made.
    let days = View::new("workload", "SELECT person, count(*) AS days FROM shifts GROUP BY person")
        .key(&["person"]);
    assert_eq!(views.ensure(&days).await.unwrap(), Ensured::Replaced);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_reader_is_waited_for_and_others_are_not_held_up() {
    let (db, views) = shifts().await;
    views.ensure(&hours(1)).await.unwrap();
    let mut long = db.pool.begin().await.unwrap();
    sqlx::query(TOTAL).execute(&mut *long).await.unwrap();
    let replacing = tokio::spawn({
        let views = views.clone();
        async move { views.ensure(&hours(2)).await }
    });
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(700) {
        let read = Instant::now();
        assert_eq!(db.number(TOTAL).await, 20_000);
        assert!(read.elapsed() < Duration::from_millis(400), "{:?}", read.elapsed());
    }
    assert!(!replacing.is_finished());
    long.commit().await.unwrap();
    assert_eq!(within(replacing).await.unwrap().unwrap(), Ensured::Replaced);
    assert_eq!(db.number(TOTAL).await, 40_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_others_depend_on_is_not_replaced() {
    let (db, views) = shifts().await;
    views.ensure(&hours(1)).await.unwrap();
    db.run("CREATE VIEW busy AS SELECT * FROM workload WHERE hours > 10").await;
    let error = views.ensure(&hours(2)).await.unwrap_err();
    assert!(matches!(error, ViewError::Database { .. }), "{error:?}");
    assert_eq!(db.number(TOTAL).await, 20_000);
    assert_eq!(views.ensure(&hours(1)).await.unwrap(), Ensured::Unchanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_by_an_older_definition_is_refused() {
    let (_db, views) = shifts().await;
    views.ensure(&hours(1)).await.unwrap();
    views.ensure(&hours(2)).await.unwrap();
    assert!(matches!(views.refresh(&hours(1)).await.unwrap_err(), ViewError::Changed { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_poll_a_replacement_is_dropped_at_one_of_both_is_there() {
    let (db, views) = shifts().await;
    let (old, new) = (hours(1), hours(2).source("shifts", &["person"]));
    views.ensure(&old).await.unwrap();
    for polls in (0..400).step_by(3) {
        let ended = poll_times(views.ensure(&new), polls).await;
        within(views.settled(&new)).await.unwrap();
        assert_eq!(db.ask(TOTAL).await, db.number(TOTAL).await, "after {polls} polls");
        if ended {
            assert!(polls > 5, "the future was never dropped half-way");
            assert_eq!(db.number(TOTAL).await, 40_000);
            return;
        }
        views.ensure(&old).await.unwrap();
        assert_eq!(db.number(TOTAL).await, 20_000);
    }
    panic!("it never ends");
}
