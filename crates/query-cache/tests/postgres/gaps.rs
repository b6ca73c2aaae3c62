//! What was not told is outdated all the same.

use std::time::Duration;

use query_cache::postgres::Watch;
use query_cache::sql::Statement;
use sqlx::postgres::PgPoolOptions;
use test_servers::OwnPostgres;

use crate::relay::Relay;
use crate::support::{Db, policy, until, within};

const COUNT: &str = "SELECT count(*) FROM shifts";

async fn watched(db: &Db) -> Watch {
    db.run("CREATE TABLE shifts (person int); CREATE TABLE wards (name text)").await;
    let watch = Watch::new().table("shifts");
    watch.install(&db.pool).await.unwrap();
    watch
}

/// Ends the connections of all but this session that look like a listener's.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%WITH RECURSIVE wanted%'";

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_outdates_what_is_watched_and_nothing_else() {
    let db = Db::new().await;
    let watch = watched(&db).await;
    let listening = db.listen(&watch).await;
    let other = "SELECT count(*) FROM wards";
    db.ask(other).await;
    for changes in 1..=3 {
        db.ask(COUNT).await;
        let gaps = listening.state().gaps;
        assert!(db.number(CUT).await > 0);
        // Told to nobody.
        db.run("INSERT INTO shifts VALUES (1)").await;
        within(listening.until(|state| state.gaps > gaps && state.live_since.is_some())).await;
        assert_eq!(db.ask(COUNT).await, changes);
    }
    let before = db.loads();
    db.ask(other).await;
    assert_eq!(db.loads(), before, "a table that is not watched");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_from_a_gap_is_served_after_it_nor_for_long_in_it() {
    let db = Db::new().await;
    let watch = watched(&db).await;
    let listening = db.listen(&watch).await;
    // No new connection is made while none is allowed.
    futures::future::join_all((0..6).map(|_| db.pool.acquire())).await;
    let allow = async |allowed: bool| {
        let allow = "UPDATE pg_database SET datallowconn =";
        db.run(&format!("{allow} {allowed} WHERE datname = current_database()")).await;
    };
    for changes in 1..=5 {
        let gaps = listening.state().gaps;
        allow(false).await;
        assert!(db.number(CUT).await > 0);
        within(listening.until(|state| state.gaps > gaps && state.live_since.is_none())).await;
        db.ask(COUNT).await;
        db.until_outdated(COUNT, "nobody tells of changes now").await;
        db.run("INSERT INTO shifts VALUES (1)").await;
        allow(true).await;
        within(listening.live()).await;
        assert_eq!(db.ask(COUNT).await, changes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_is_heard_again_when_it_is_back() {
    let mut server = OwnPostgres::start();
    let db = Db::at(&server.url()).await;
    let watch = watched(&db).await;
    let listening = db.listen(&watch).await;
    db.ask(COUNT).await;
    server.kill();
    within(listening.until(|state| state.live_since.is_none())).await;
    assert!(listening.state().last_error.is_some());
    server.restart();
    let again = Db::at(&server.url()).await;
    again.run("INSERT INTO shifts VALUES (1)").await;
    within(listening.until(|state| state.gaps > 0 && state.live_since.is_some())).await;
    assert_eq!(Db { pool: again.pool.clone(), ..db.clone() }.ask(COUNT).await, 1);
    again.run("INSERT INTO shifts VALUES (2)").await;
    Db { pool: again.pool, ..db }.until_outdated(COUNT, "a change after the restart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_a_gap_within_the_bound() {
    let mut server = OwnPostgres::start();
    let db = Db::at(&server.url()).await;
    let watch = watched(&db).await;
    let listening = db.listen(&watch).await;
    db.ask(COUNT).await;
    server.pause();
    within(listening.until(|state| state.gaps > 0)).await;
    let asked = Statement::new(COUNT);
    let load = |_| async { Err::<i64, _>("the database hangs") };
    within(db.sql.read::<i64, _, _, _>(asked, &policy(), load)).await.unwrap_err();
    server.resume();
    within(listening.until(|state| state.live_since.is_some())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_carries_nothing_any_more_is_replaced() {
    let db = Db::new().await;
    let watch = watched(&db).await;
    let options = db.pool.connect_options();
    let relay = Relay::to(format!("{}:{}", options.get_host(), options.get_port())).await;
    let through = options.as_ref().clone().host("127.0.0.1").port(relay.address.port());
    let through = Db { pool: PgPoolOptions::new().connect_lazy_with(through), ..db.clone() };
    let listening = through.listen(&watch).await;
    db.ask(COUNT).await;
    relay.freeze();
    db.run("INSERT INTO shifts VALUES (1)").await;
    within(listening.until(|state| state.gaps > 0 && state.live_since.is_some())).await;
    assert_eq!(db.ask(COUNT).await, 1);
    db.run("INSERT INTO shifts VALUES (2)").await;
    db.until_outdated(COUNT, "a change told to the new connection").await;
    within(listening.close()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_may_be_stale_are_served_while_the_database_is_away() {
    let mut server = OwnPostgres::start();
    let db = Db::at(&server.url()).await;
    let watch = watched(&db).await;
    let listening = db.listener(&watch).expire_on_gaps().start(&db.sql).unwrap();
    within(listening.live()).await;
    let hour = Duration::from_secs(3600);
    let ask = async |answer: Result<i64, &'static str>| {
        let load = move |_| async move { answer };
        let asked = Statement::new(COUNT);
        db.sql.read::<i64, _, _, _>(asked, &policy().stale_for(hour), load).await.map(|n| *n)
    };
    assert_eq!(ask(Ok(1)).await.unwrap(), 1);
    server.kill();
    within(listening.until(|state| state.gaps > 0)).await;
    assert_eq!(ask(Err("the database is away")).await.unwrap(), 1);
    assert!(db.cache.stats().stale_hits > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_its_trigger_is_named_and_never_trusted() {
    let db = Db::new().await;
    let watch = watched(&db).await;
    let listening = db.listen(&watch).await;
    let breaks = [
        "ALTER TABLE shifts DISABLE TRIGGER USER",
        "DROP TABLE shifts; CREATE TABLE shifts (person int)",
    ];
    for breaks in breaks {
        db.run(breaks).await;
        within(listening.until(|state| state.missing == ["shifts"])).await;
        db.ask(COUNT).await;
        db.until_outdated(COUNT, "nobody tells of this table").await;
        watch.install(&db.pool).await.unwrap();
        within(listening.until(|state| state.missing.is_empty())).await;
    }
    // A partition that came later.
    db.run(
        "CREATE TABLE parts (n int) PARTITION BY RANGE (n);
         CREATE TABLE first PARTITION OF parts FOR VALUES FROM (0) TO (9)",
    )
    .await;
    let watch = Watch::new().table("parts");
    watch.install(&db.pool).await.unwrap();
    let listening = db.listen(&watch).await;
    db.run("CREATE TABLE second PARTITION OF parts FOR VALUES FROM (9) TO (20)").await;
    within(listening.until(|state| state.missing == ["parts"])).await;
    let parts = "SELECT count(*) FROM parts";
    db.ask(parts).await;
    db.until_outdated(parts, "nobody tells of the new partition").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_closed_or_dropped_leaves_no_connection() {
    let db = Db::new().await;
    let watch = watched(&db).await;
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
    let before = db.number(connections).await;
    let (closed, dropped) = (db.listen(&watch).await, db.listen(&watch).await);
    assert_eq!(db.number(connections).await, before + 2);
    within(closed.close()).await;
    drop(dropped);
    until("a connection is left", async || db.number(connections).await == before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_does_not_wait_for_a_database() {
    let mut server = OwnPostgres::start();
    let db = Db::at(&server.url()).await;
    let watch = watched(&db).await;
    server.kill();
    let listening = db.listener(&watch).start(&db.sql).unwrap();
    within(listening.until(|state| state.last_error.is_some())).await;
    assert_eq!(listening.state().gaps, 0, "it was never live");
    server.restart();
    within(listening.live()).await;
    within(listening.close()).await;
}
