//! A view of which only changed groups are computed again equals its query, always.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use query_cache::postgres::Watch;
use query_cache::view::{Ensured, Refresh, Refreshed, View, ViewError, Views};

use crate::support::{Db, poll_times, within};

const HOURS: &str = "SELECT person, ward, sum(hours)::bigint AS hours, count(*) AS shifts
    FROM shifts GROUP BY person, ward";

fn workload() -> View {
    View::new("workload", HOURS).key(&["person", "ward"]).source("shifts", &["person", "ward"])
}

async fn shifts() -> (Db, Views) {
    let db = Db::new().await;
    db.run(
        "CREATE TABLE shifts (id bigserial PRIMARY KEY, person int, ward text, hours int);
         CREATE INDEX ON shifts (person, ward)",
    )
    .await;
    let views = Views::new(&db.pool, &db.sql);
    (db, views)
}

async fn refreshed(views: &Views, view: &View) -> Refreshed {
    match views.refresh(view).await.unwrap() {
        Refresh::Done(refreshed) => refreshed,
        other => panic!("{other:?}"),
    }
}

/// In how many rows the view and its query differ.
async fn differences(db: &Db, query: &str) -> i64 {
    db.number(&format!(
        "SELECT count(*) FROM ((({query}) EXCEPT ALL TABLE workload)
         UNION ALL ((TABLE workload) EXCEPT ALL ({query}))) d"
    ))
    .await
}

/// Some change of few persons and wards, NULL among both.
fn write(random: &mut fastrand::Rng) -> String {
    let person = |random: &mut fastrand::Rng| match random.u32(0..6) {
        0 => "NULL".to_owned(),
        person => person.to_string(),
    };
    let ward = |random: &mut fastrand::Rng| ["NULL", "''", "'ICU'", "'ER'"][random.usize(0..4)];
    let (person, ward, id) = (person(random), ward(random), random.u32(1..60));
    match random.u32(0..12) {
        0..=4 => {
            format!("INSERT INTO shifts (person, ward, hours) VALUES ({person}, {ward}, {id})")
        }
        5 => format!("UPDATE shifts SET person = {person} WHERE id % 7 = {id} % 7"),
        6 => format!("UPDATE shifts SET ward = {ward}, hours = hours + 1 WHERE id = {id}"),
        7 => format!("DELETE FROM shifts WHERE person IS NOT DISTINCT FROM {person}"),
        8 => format!("DELETE FROM shifts WHERE id < {id}"),
        9 => format!(
            "INSERT INTO shifts (id, person, hours) VALUES ({id} + 100000, {person}, 1)
             ON CONFLICT (id) DO UPDATE SET ward = {ward}"
        ),
        10 => format!("BEGIN; DELETE FROM shifts WHERE id > {id}; ROLLBACK"),
        _ if random.u32(0..8) == 0 => "TRUNCATE shifts".to_owned(),
        _ => format!(
            "BEGIN; INSERT INTO shifts (person, ward, hours) VALUES ({person}, {ward}, 2);
             UPDATE shifts SET hours = 0 WHERE person = {id} % 6; COMMIT"
        ),
    }
}

/// The law, on random programs: after each refresh the view equals its query.
#[tokio::test(flavor = "multi_thread")]
async fn after_any_writes_a_refreshed_view_equals_its_query() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for one_by_one in [0, 1_000_000] {
        let (db, views) = shifts().await;
        let view = workload().one_by_one(one_by_one);
        views.ensure(&view).await.unwrap();
        for _ in 0..60 {
            for _ in 0..random.u32(1..6) {
                db.run(&write(&mut random)).await;
            }
            refreshed(&views, &view).await;
            assert_eq!(differences(&db, HOURS).await, 0);
            assert_eq!(refreshed(&views, &view).await.groups, Some(0), "nothing is left to do");
            let rows = views.status(&view).await.unwrap().rows.unwrap();
            assert_eq!(
                i64::try_from(rows).unwrap(),
                db.number("SELECT count(*) FROM workload").await
            );
        }
    }
}

/// Writers do not stop for refreshes. What they write together is seen together: each moves hours
/// from one person to another, so the total never changes.
#[tokio::test(flavor = "multi_thread")]
async fn beside_writers_each_refresh_is_of_one_moment() {
    let (db, views) = shifts().await;
    db.run("INSERT INTO shifts (person, hours) SELECT n, 100 FROM generate_series(1, 50) n").await;
    views.ensure(&workload()).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3u64)
        .map(|seed| {
            let (pool, stop) = (db.pool.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut random = fastrand::Rng::with_seed(seed);
                while !stop.load(Ordering::SeqCst) {
                    let (from, to) = (random.i32(1..51), random.i32(1..51));
                    let mut transaction = pool.begin().await.unwrap();
                    for (person, by) in [(from.min(to), -1), (from.max(to), 1)] {
                        let change = "UPDATE shifts SET hours = hours + $2 WHERE person = $1";
                        let change = sqlx::query(change).bind(person).bind(by);
                        change.execute(&mut *transaction).await.unwrap();
                    }
                    transaction.commit().await.unwrap();
                }
            })
        })
        .collect();
    let mut changed = 0;
    while changed < 20 {
        let groups = refreshed(&views, &workload()).await.groups;
        changed += u32::from(groups.is_some_and(|groups| groups > 0));
        assert_eq!(db.number("SELECT sum(hours)::bigint FROM workload").await, 5000);
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    refreshed(&views, &workload()).await;
    assert_eq!(differences(&db, HOURS).await, 0);
}

/// A transaction that was open while a refresh ran is in the next one.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_yet_is_not_lost() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    let mut open = db.pool.begin().await.unwrap();
    let insert = "INSERT INTO shifts (person, hours) VALUES (7, 8)";
    sqlx::query(insert).execute(&mut *open).await.unwrap();
    assert_eq!(refreshed(&views, &workload()).await.groups, Some(0));
    open.commit().await.unwrap();
    assert_eq!(views.status(&workload()).await.unwrap().pending, Some(true));
    assert_eq!(refreshed(&views, &workload()).await.groups, Some(1));
    assert_eq!(views.status(&workload()).await.unwrap().pending, Some(false));
    assert_eq!(differences(&db, HOURS).await, 0);
}

/// The first rows are of one moment with the log, whoever writes while they are made.
#[tokio::test(flavor = "multi_thread")]
async fn writes_while_it_is_built_are_not_lost() {
    let (db, views) = shifts().await;
    for round in 0..5 {
        let writer = tokio::spawn({
            let db = db.clone();
            async move {
                for n in 0..60 {
                    db.run(&format!("INSERT INTO shifts (person, hours) VALUES ({n}, 1)")).await;
                }
            }
        });
        let view = workload().index(&["hours"]);
        let view = if round % 2 == 0 { view } else { workload() };
        views.ensure(&view).await.unwrap();
        writer.await.unwrap();
        refreshed(&views, &view).await;
        assert_eq!(differences(&db, HOURS).await, 0);
        let logs = "SELECT count(*) FROM pg_class WHERE relname LIKE 'log\\_%' AND relkind = 'r'";
        assert_eq!(db.number(logs).await, 1, "of this definition alone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_and_joined_tables_are_followed() {
    let db = Db::new().await;
    db.run(
        "CREATE TABLE shifts (person int, day int, hours int) PARTITION BY RANGE (day);
         CREATE TABLE early PARTITION OF shifts FOR VALUES FROM (0) TO (100);
         CREATE INDEX ON shifts (person);
         CREATE TABLE people (id int PRIMARY KEY, name text);
         CREATE VIEW named AS SELECT * FROM shifts JOIN people ON id = person;
         INSERT INTO people VALUES (7, 'Ada'), (8, 'Bo'); INSERT INTO shifts VALUES (7, 1, 8)",
    )
    .await;
    let query = "SELECT id, name, sum(hours)::bigint AS hours FROM named GROUP BY id, name";
    let view = || View::new("workload", query).key(&["id"]).source("shifts", &["person"]);
    let views = Views::new(&db.pool, &db.sql);
    let error = views.ensure(&view()).await.unwrap_err();
    let ViewError::Undeclared { table, .. } = &error else { panic!("{error:?}") };
    assert_eq!(table, "public.people", "found behind the view");
    let view = view().rebuilt_by("people");
    views.ensure(&view).await.unwrap();
    let changes = [
        ("INSERT INTO early VALUES (8, 2, 4)", Some(1)),
        ("UPDATE shifts SET person = 8", Some(2)),
        ("UPDATE people SET name = 'Bob' WHERE id = 8", None),
        ("TRUNCATE early", None),
        (
            "CREATE TABLE late PARTITION OF shifts FOR VALUES FROM (100) TO (200);
          INSERT INTO late VALUES (7, 150, 1)",
            None,
        ),
    ];
    for (change, groups) in changes {
        db.run(change).await;
        assert_eq!(refreshed(&views, &view).await.groups, groups, "{change}");
        assert_eq!(differences(&db, query).await, 0, "{change}");
    }
    // Nobody tracks the new partition, until it is said again.
    assert_eq!(refreshed(&views, &view).await.groups, None);
    assert_eq!(views.ensure(&view).await.unwrap(), Ensured::Repaired);
    refreshed(&views, &view).await;
    db.run("INSERT INTO late VALUES (7, 151, 1)").await;
    assert_eq!(refreshed(&views, &view).await.groups, Some(1));
    assert_eq!(differences(&db, query).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_trigger_costs_a_full_refresh_and_no_wrong_row() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    db.run("ALTER TABLE shifts DISABLE TRIGGER USER; INSERT INTO shifts (person) VALUES (7)").await;
    assert_eq!(refreshed(&views, &workload()).await.groups, None);
    assert_eq!(differences(&db, HOURS).await, 0);
    assert_eq!(views.ensure(&workload()).await.unwrap(), Ensured::Repaired);
    db.run("INSERT INTO shifts (person) VALUES (8)").await;
    refreshed(&views, &workload()).await;
    assert_eq!(differences(&db, HOURS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_index_groups_are_not_looked_up_one_by_one() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    let write = "INSERT INTO shifts (person, ward, hours) VALUES (7, 'ICU', 8), (8, 'ER', 8)";
    db.run(write).await;
    assert_eq!(refreshed(&views, &workload()).await.groups, Some(2));
    db.run("DROP INDEX shifts_person_ward_idx; CREATE INDEX ON shifts (id, person, ward)").await;
    db.run(write).await;
    assert_eq!(refreshed(&views, &workload()).await.groups, None);
    db.run("CREATE INDEX ON shifts (ward, person, hours)").await;
    db.run(write).await;
    assert_eq!(refreshed(&views, &workload()).await.groups, Some(2));
    assert_eq!(differences(&db, HOURS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_a_source_needs_no_right_to_the_log() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    let role = test_servers::unique_prefix().replace(':', "");
    db.run(&format!(
        "CREATE ROLE {role}; GRANT INSERT ON shifts TO {role}; GRANT USAGE ON SEQUENCE shifts_id_seq TO {role};
         BEGIN; SET LOCAL ROLE {role}; INSERT INTO shifts (person) VALUES (7); COMMIT"
    ))
    .await;
    assert_eq!(refreshed(&views, &workload()).await.groups, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_follows_changed_groups_and_only_changes() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    let listening = db.listen(&Watch::new()).await;
    let total = "SELECT coalesce(sum(hours), 0)::bigint FROM workload";
    db.ask(total).await;
    let before = db.loads();
    refreshed(&views, &workload()).await;
    db.ask(total).await;
    assert_eq!((db.loads(), listening.state().heard), (before, 0), "nothing had changed");
    db.run("INSERT INTO shifts (person, hours) VALUES (7, 8)").await;
    refreshed(&views, &workload()).await;
    assert_eq!(db.ask(total).await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_removed_view() {
    let (db, views) = shifts().await;
    let view = workload().key(&["person", "ward"]).index(&["hours"]);
    views.ensure(&view).await.unwrap();
    views.remove(&view).await.unwrap();
    views.remove(&view).await.unwrap();
    db.run("INSERT INTO shifts (person, hours) VALUES (7, 8)").await;
    let left = "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'log\\_%' OR relname = 'workload')
        + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'log\\_%')
        + (SELECT count(*) FROM query_cache.views)";
    assert_eq!(db.number(left).await, 0);
    let short = View::new("workload", HOURS).key(&["person"]).source("shifts", &["person", "ward"]);
    assert!(matches!(views.ensure(&short).await.unwrap_err(), ViewError::Key { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_poll_a_refresh_of_groups_is_dropped_at_nothing_is_lost() {
    let (db, views) = shifts().await;
    views.ensure(&workload()).await.unwrap();
    let total = "SELECT coalesce(sum(hours), 0)::bigint FROM workload";
    for polls in 0..200 {
        db.run("INSERT INTO shifts (person, hours) VALUES (7, 1), (8, 1)").await;
        let ended = poll_times(views.refresh(&workload()), polls).await;
        within(views.settled(&workload())).await.unwrap();
        let written = db.number("SELECT sum(hours)::bigint FROM shifts").await;
        let found = db.number(total).await;
        let pending = views.status(&workload()).await.unwrap().pending;
        assert_eq!(pending, Some(found != written), "after {polls} polls: {found} of {written}");
        assert_eq!(db.ask(total).await, found, "after {polls} polls");
        if ended {
            assert!(polls > 5, "the future was never dropped half-way");
            assert_eq!(found, written);
            return;
        }
    }
    panic!("it never ends");
}
