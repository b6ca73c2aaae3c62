//! Triggers are put in place once, by whom may, and taken away.

use query_cache::postgres::{InstallError, Watch};

use crate::support::{Db, poll_times, within};

const TRIGGERS: &str =
    "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'query\\_cache%' AND tgenabled = 'O'";

#[tokio::test(flavor = "multi_thread")]
async fn a_second_install_does_nothing_and_a_changed_one_replaces() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int, day date)").await;
    let newest = "SELECT max(oid)::bigint FROM pg_trigger";
    Watch::new().table("shifts").install(&db.pool).await.unwrap();
    let trigger = db.number(newest).await;
    Watch::new().table("public.shifts").install(&db.pool).await.unwrap();
    assert_eq!(db.number(newest).await, trigger);

    let keyed = Watch::new().keyed("shifts", &["person"]);
    keyed.install(&db.pool).await.unwrap();
    assert_eq!(db.number(TRIGGERS).await, 4);
    db.run("ALTER TABLE shifts DISABLE TRIGGER USER").await;
    assert_eq!(db.number(TRIGGERS).await, 0);
    keyed.install(&db.pool).await.unwrap();
    assert_eq!(db.number(TRIGGERS).await, 4);
    db.run("INSERT INTO shifts VALUES (1)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_install_at_once() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int); CREATE TABLE people (id int)").await;
    let watch = Watch::new().table("shifts").table("people");
    let all = (0..6).map(|_| watch.install(&db.pool));
    for installed in within(futures::future::join_all(all)).await {
        installed.unwrap();
    }
    assert_eq!(db.number(TRIGGERS).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_after_a_removal() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int); CREATE TABLE people (id int)").await;
    let watch = Watch::new().keyed("shifts", &["person"]).table("people");
    watch.remove(&db.pool).await.unwrap();
    watch.install(&db.pool).await.unwrap();
    Watch::new().remove(&db.pool).await.unwrap();
    assert_eq!(db.number(TRIGGERS).await, 0);
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'query_cache'";
    assert_eq!(db.number(schemas).await, 0);
    db.run("INSERT INTO shifts VALUES (1)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_holds_more_is_not_removed() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int)").await;
    let watch = Watch::new().table("shifts");
    watch.install(&db.pool).await.unwrap();
    db.run("CREATE TABLE query_cache.other ()").await;
    watch.remove(&db.pool).await.unwrap();
    db.run("DROP TABLE query_cache.other").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_watched_is_named_before_anything_is_done() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (day int) PARTITION BY RANGE (day); CREATE VIEW v AS TABLE shifts")
        .await;
    db.run("CREATE TABLE early PARTITION OF shifts FOR VALUES FROM (0) TO (100)").await;
    let fails = async |watch: Watch| watch.table("shifts").install(&db.pool).await.unwrap_err();
    let error = fails(Watch::new().table("nowhere")).await;
    assert!(matches!(&error, InstallError::NoTable { name } if name == "nowhere"), "{error:?}");
    let error = fails(Watch::new().table("v")).await;
    assert!(matches!(&error, InstallError::NotATable { name } if name == "v"), "{error:?}");
    let error = fails(Watch::new().keyed("early", &["day", "who"])).await;
    assert!(
        matches!(&error, InstallError::NoColumn { column, .. } if column == "who"),
        "{error:?}"
    );
    let error = fails(Watch::new().keyed("early", &["day"])).await;
    assert!(matches!(&error, InstallError::Twice { .. }), "{error:?}");
    assert_eq!(db.number(TRIGGERS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_are_stated_are_enough() {
    let db = Db::new().await;
    let name = test_servers::unique_prefix().replace(':', "");
    db.run(&format!(
        "CREATE ROLE {name}_writer; CREATE ROLE {name}_installer; CREATE TABLE shifts (person int);
         GRANT INSERT ON shifts TO {name}_writer; GRANT TRIGGER ON shifts TO {name}_installer;
         DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {name}_installer', current_database()); END $$"
    ))
    .await;
    let as_role = async |role: &str| {
        let options = sqlx::postgres::PgPoolOptions::new();
        let url = db.pool.connect_options().as_ref().clone();
        options.connect_with(url.options([("role", format!("{name}_{role}"))])).await.unwrap()
    };
    let watch = Watch::new().keyed("shifts", &["person"]);
    watch.install(&as_role("installer").await).await.unwrap();
    let writer = as_role("writer").await;
    sqlx::query("INSERT INTO shifts VALUES (1)").execute(&writer).await.unwrap();
    let listening = query_cache::postgres::Listener::new(&writer, &watch).start(&db.sql).unwrap();
    assert_eq!(within(listening.live()).await.missing, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_dropped_half_way_leaves_each_table_whole() {
    let db = Db::new().await;
    db.run("CREATE TABLE shifts (person int); CREATE TABLE people (id int)").await;
    let watch = Watch::new().keyed("shifts", &["person"]).keyed("people", &["id"]);
    for polls in 0.. {
        let ended = poll_times(watch.install(&db.pool), polls).await;
        assert_eq!(db.number(TRIGGERS).await % 4, 0, "after {polls} polls");
        if ended {
            assert!(polls > 5, "the future was never dropped half-way");
            break;
        }
        within(watch.remove(&db.pool)).await.unwrap();
    }
    assert_eq!(db.number(TRIGGERS).await, 8);
}
