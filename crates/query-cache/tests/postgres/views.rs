//! Materialized views whose state is in the database.

use std::time::{Duration, Instant};

use query_cache::postgres::Watch;
use query_cache::sql::SqlError;
use query_cache::view::{Ensured, Phase, Refresh, Refreshed, View, ViewError, Views};
use test_servers::OwnPostgres;

use crate::support::{Db, poll_times, until, within};

const HOURS: &str = "SELECT person, sum(hours)::bigint AS hours FROM shifts GROUP BY person";
const TOTAL: &str = "SELECT coalesce(sum(hours), 0)::bigint FROM workload";

fn workload() -> View {
    View::new("workload", HOURS).key(&["person"])
}

/// Takes a while whenever it is filled: a definition that is accepted for all that.
fn slow(seconds: f64) -> View {
    View::new("workload", &format!("SELECT person, pg_sleep({seconds})::text AS hours FROM shifts"))
        .key(&["person"])
        .accept_volatile()
}

async fn shifts() -> (Db, Views) {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int, hours int); INSERT INTO shifts VALUES (7, 8)").await;
    let views = Views::new(&db.pool, &db.sql);
    (db, views)
}

fn done(refresh: Refresh) -> Refreshed {
    let Refresh::Done(refreshed) = refresh else { panic!("{refresh:?}") };
    refreshed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_made_once_and_outlives_its_process() {
    let (db, views) = shifts().await;
    assert_eq!(views.ensure(&workload()).await.unwrap(), Ensured::Created);
    let made = db.number("SELECT 'workload'::regclass::oid::bigint").await;
    let status = views.status(&workload()).await.unwrap();
    assert_eq!((status.phase, status.rows, status.refreshes), (Phase::Ready, Some(1), 1));
    drop(views);
    let views = Views::new(&db.pool, &db.sql);
    assert_eq!(views.ensure(&workload()).await.unwrap(), Ensured::Unchanged);
    assert_eq!(db.number("SELECT 'workload'::regclass::oid::bigint").await, made);
    assert_eq!(views.status(&workload()).await.unwrap().refreshes, 1);
    views.remove(&workload()).await.unwrap();
    assert_eq!(views.status(&workload()).await.unwrap().phase, Phase::Missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_outdates_what_the_cache_kept_here_and_elsewhere() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    let other = Db::new_on(db.pool.clone());
    let _listening = other.listen(&Watch::new()).await;
    assert_eq!((db.ask(TOTAL).await, other.ask(TOTAL).await), (8, 8));
    db.run("INSERT INTO shifts VALUES (8, 4)").await;
    assert_eq!(db.ask(TOTAL).await, 8);
    assert_eq!(done(views.refresh(&workload()).await.unwrap()).rows, 2);
    assert_eq!(db.ask(TOTAL).await, 12);
    until("the other process was not told", async || other.ask(TOTAL).await == 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_index_is_named_with_what_makes_it() {
    let (db, views) = shifts().await;
    let view = View::new("public.\"Work load\"", HOURS).key(&["person"]);
    views.ensure(&view).await.unwrap();
    db.run(
        "DO $$ BEGIN EXECUTE (SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index
         WHERE indrelid = '\"Work load\"'::regclass); END $$;
         CREATE UNIQUE INDEX ON \"Work load\" (person) WHERE person > 0",
    )
    .await;
    let error = views.refresh(&view).await.unwrap_err();
    let ViewError::NoUniqueIndex { statement, .. } = &error else { panic!("{error:?}") };
    assert_eq!(statement, r#"CREATE UNIQUE INDEX ON "public"."Work load" ("person")"#);
    let status = views.status(&view).await.unwrap();
    assert_eq!(status.phase, Phase::Failed);
    assert!(status.error.unwrap().contains("CREATE UNIQUE INDEX"));
    db.run(statement).await;
    done(views.refresh(&view).await.unwrap());
    db.run("DROP INDEX \"Work load_person_idx1\"").await;
    assert_eq!(views.ensure(&view).await.unwrap(), Ensured::Repaired);
    done(views.refresh(&view).await.unwrap());
    assert_eq!(views.status(&view).await.unwrap().phase, Phase::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_was_never_filled_is_filled() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    // As after a restore without data.
    db.run("REFRESH MATERIALIZED VIEW workload WITH NO DATA").await;
    let status = views.status(&workload()).await.unwrap();
    assert_eq!((status.phase, status.age), (Phase::Empty, None));
    assert!(status.is_due(&workload()));
    done(views.refresh(&workload()).await.unwrap());
    assert_eq!(db.number(TOTAL).await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_with_the_present_in_it_is_refused_or_flagged() {
    let (_db, views) = shifts().await;
    let today = View::new("recent", "SELECT person, current_date AS day FROM shifts");
    let error = views.ensure(&today).await.unwrap_err();
    let ViewError::Volatile { cause, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(cause, SqlError::Volatile { .. }), "{cause:?}");
    let now = View::new("recent", "SELECT person, now() - interval '1 day' FROM shifts");
    assert!(matches!(views.ensure(&now).await.unwrap_err(), ViewError::Volatile { .. }));
    let own = View::new("recent", "SELECT is_on_call(person) FROM shifts");
    assert!(matches!(views.ensure(&own).await.unwrap_err(), ViewError::Volatile { .. }));
    let accepted = today.accept_volatile();
    views.ensure(&accepted).await.unwrap();
    let volatile = views.status(&accepted).await.unwrap().volatile;
    assert!(volatile.is_some_and(|what| what.to_lowercase().contains("current_date")));
    let by_groups = accepted.key(&["person"]).source("shifts", &["person"]);
    assert!(matches!(views.ensure(&by_groups).await.unwrap_err(), ViewError::Volatile { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn four_nodes_refresh_once() {
    let (db, views) = shifts().await;
    let view = workload().max_age(Duration::from_millis(300));
    views.ensure(&view).await.unwrap();
    let nodes: Vec<_> = (0..4).map(|_| Views::new(&db.pool, &db.sql)).collect();
    for round in 2..6 {
        until("it is never due", async || views.status(&view).await.unwrap().is_due(&view)).await;
        let all = nodes.iter().map(|node| node.refresh_due(&view));
        let all: Vec<_> = futures::future::join_all(all).await;
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        let count = all.iter().filter(|refresh| matches!(refresh, Refresh::Done(_))).count();
        assert_eq!(count, 1, "{all:?}");
        assert_eq!(views.status(&view).await.unwrap().refreshes, round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_for_statements_is_none_for_views() {
    let (db, views) = shifts().await;
    db.run(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = 200', current_database()); END $$",
    )
    .await;
    views.ensure(&slow(0.5)).await.unwrap();
    done(views.refresh(&slow(0.5)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_kept_fresh_by_whoever_is_there() {
    let (db, views) = shifts().await;
    let view = workload().max_age(Duration::from_millis(200));
    views.ensure(&view).await.unwrap();
    let began = Instant::now();
    let (first, second) = (views.keep_fresh([view.clone()]), views.keep_fresh([view.clone()]));
    for hours in [10, 20, 30] {
        db.run(&format!("UPDATE shifts SET hours = {hours}")).await;
        until("it is not fresh", async || db.ask(TOTAL).await == hours).await;
    }
    // Twice as many if each did it.
    let refreshes = u128::from(views.status(&view).await.unwrap().refreshes);
    assert!(refreshes <= began.elapsed().as_millis() / 200 + 2, "{refreshes}");
    drop(first);
    db.run("UPDATE shifts SET hours = 40").await;
    until("the other does not go on", async || db.ask(TOTAL).await == 40).await;
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_told_and_can_wait_or_stop_it() {
    let (db, views) = shifts().await;
    views.ensure(&slow(0.2)).await.unwrap();
    db.run("INSERT INTO shifts SELECT n, 0 FROM generate_series(100, 400) n").await;
    let there = views.clone();
    let refreshing = tokio::spawn(async move { there.refresh(&slow(0.2)).await });
    let phase = async || views.status(&slow(0.2)).await.unwrap();
    until("it never began", async || phase().await.refreshing_for.is_some()).await;
    assert_eq!(phase().await.phase, Phase::Refreshing);
    assert_eq!(views.refresh(&slow(0.2)).await.unwrap(), Refresh::Elsewhere);
    let waiting = tokio::spawn({
        let views = views.clone();
        async move { views.settled(&slow(0.2)).await }
    });
    assert!(views.stop(&slow(0.2)).await.unwrap());
    let error = within(refreshing).await.unwrap().unwrap_err();
    assert!(matches!(error, ViewError::Stopped { .. }), "{error:?}");
    within(waiting).await.unwrap().unwrap();
    assert_eq!(phase().await.phase, Phase::Failed);
    assert_eq!(db.number("SELECT count(*) FROM workload").await, 1, "as it was");
    assert!(!views.stop(&slow(0.2)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_dropped_half_way_frees_the_lock_and_says_so() {
    let (db, views) = shifts().await;
    views.ensure(&slow(30.0 / 300.0)).await.unwrap();
    db.run("INSERT INTO shifts SELECT n, 0 FROM generate_series(100, 400) n").await;
    let view = slow(30.0 / 300.0);
    let task = tokio::spawn({
        let (views, view) = (views.clone(), view.clone());
        async move { views.refresh(&view).await }
    });
    let status = async || views.status(&view).await.unwrap();
    until("it never began", async || status().await.refreshing_for.is_some()).await;
    task.abort();
    // Long before the query would have ended.
    until("the lock is not free", async || status().await.phase == Phase::Interrupted).await;
    assert_eq!(db.number("SELECT count(*) FROM workload").await, 1, "as it was");
    db.run("DELETE FROM shifts WHERE person >= 100").await;
    until("it cannot be refreshed", async || {
        matches!(views.refresh(&view).await.unwrap(), Refresh::Done(_))
    })
    .await;
    assert_eq!(status().await.phase, Phase::Ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_poll_a_refresh_is_dropped_at_it_is_whole_or_did_not_happen() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    for polls in 0..200 {
        db.run("UPDATE shifts SET hours = hours + 1").await;
        let ended = poll_times(views.refresh(&workload()), polls).await;
        // What is kept is what is there, or soon outdated: the change may be committed later.
        within(views.settled(&workload())).await.unwrap();
        let (kept, there) = (db.ask(TOTAL).await, db.number(TOTAL).await);
        assert_eq!(kept, there, "after {polls} polls");
        if ended {
            assert!(polls > 5, "the future was never dropped half-way");
            return;
        }
    }
    panic!("it never ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_leaves_a_view_that_can_be_refreshed() {
    let mut server = OwnPostgres::start();
    let db = Db::at(&server.url()).await;
    db.run("CREATE TABLE shifts (person int, hours int); INSERT INTO shifts VALUES (7, 8)").await;
    let views = Views::new(&db.pool, &db.sql);
    views.ensure(&slow(0.1)).await.unwrap();
    db.run("INSERT INTO shifts SELECT n, 0 FROM generate_series(100, 400) n").await;
    let task = tokio::spawn({
        let views = views.clone();
        async move { views.refresh(&slow(0.1)).await }
    });
    until("it never began", async || {
        views.status(&slow(0.1)).await.unwrap().refreshing_for.is_some()
    })
    .await;
    server.kill();
    let error = within(task).await.unwrap().unwrap_err();
    assert!(matches!(error, ViewError::Database { .. }), "{error:?}");
    server.restart();
    let db = Db::at(&server.url()).await;
    let views = Views::new(&db.pool, &db.sql);
    assert_eq!(views.status(&slow(0.1)).await.unwrap().phase, Phase::Interrupted);
    db.run("DELETE FROM shifts WHERE person >= 102").await;
    assert_eq!(done(views.refresh(&slow(0.1)).await.unwrap()).rows, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_left_alone() {
    let (db, views) = shifts().await;
    assert!(matches!(views.refresh_due(&workload()).await, Err(ViewError::Unknown { .. })));
    db.run("CREATE MATERIALIZED VIEW workload AS SELECT 1 AS one").await;
    let taken = |error| matches!(error, ViewError::Taken { .. });
    assert!(taken(views.ensure(&workload()).await.unwrap_err()));
    assert!(taken(views.remove(&workload()).await.unwrap_err()));
    assert!(matches!(views.refresh(&workload()).await.unwrap_err(), ViewError::Unknown { .. }));
    assert_eq!(db.number("SELECT one::bigint FROM workload").await, 1);
}
