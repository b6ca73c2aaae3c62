//! The read models on PostgreSQL and Redis: what others write is seen, and two processes agree.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/program.rs"]
#[expect(dead_code, reason = "shared with the tests of the whole program")]
mod program;

use std::time::{Duration, Instant};

use desk::{Desk, everything};
use program::Place;
use scheduler::domain::{Schedule, Slot};
use scheduler::glue::coverage::AGE;
use scheduler::glue::hear::HEARTBEAT;
use sqlx::{PgPool, Row};

fn on_postgres() -> Place {
    Place::new().with("DATABASE_URL", &test_servers::postgres_url())
}

/// Somebody who writes without this program.
async fn psql(place: &Place) -> PgPool {
    let scheduler::settings::DatabaseUrl::Postgres(url) = place.settings().database else {
        panic!("another database")
    };
    PgPool::connect(&url).await.unwrap()
}

/// A week of the first six people, over three rotations.
fn some_weeks(desk: &Desk) -> Schedule {
    let cell = |n: usize| {
        let slot = if n.is_multiple_of(5) { Slot::Night } else { Slot::Am };
        desk.work(n % 6, n % 3, n * 3 % 28, slot)
    };
    let mut cells: Vec<_> = (0..60).map(cell).collect();
    cells.sort_by_key(|a| (a.person, a.date, a.slot));
    cells.dedup_by_key(|a| (a.person, a.date, a.slot));
    Schedule { assignments: cells }
}

/// Waits until the cached models are those of the database, for no longer than `bound`.
async fn agree_within(desk: &Desk, bound: Duration) {
    let asked = everything(&desk.parts.readings.uncached(), &desk.programme).await;
    let started = Instant::now();
    while everything(&desk.parts.readings, &desk.programme).await != asked {
        assert!(started.elapsed() < bound, "stale after {:?}", started.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn what_psql_changes_is_seen_within_the_bound() {
    let place = on_postgres();
    let mut desk = Desk::open(&place).await;
    desk.publish(&some_weeks(&desk)).await;
    let psql = psql(&place).await;
    let person = desk.programme.people[0].id.clone();
    let rotation = desk.programme.rotations[2].id.clone();
    for (statement, value) in [
        (
            "UPDATE assignments SET rotation = $2 WHERE person = $1 AND rotation IS NOT NULL",
            rotation,
        ),
        ("DELETE FROM assignments WHERE person = $1 AND slot = $2", "NIGHT".to_owned()),
        ("UPDATE people SET name = $2 WHERE id = $1", "Nobody".to_owned()),
        ("UPDATE requests SET slot = $2 WHERE person = $1", "PM".to_owned()),
        (
            "INSERT INTO absences SELECT block, $1, '2026-10-20', '2026-10-21', $2, TRUE \
             FROM absences LIMIT 1",
            "leave".to_owned(),
        ),
        (
            "UPDATE duty_records SET ends = starts WHERE person = $1 AND kind = $2",
            "call".to_owned(),
        ),
        ("DELETE FROM assignments WHERE person <> $1 AND person <> $2", person.clone()),
    ] {
        everything(&desk.parts.readings, &desk.programme).await;
        let before = everything(&desk.parts.readings.uncached(), &desk.programme).await;
        let done = sqlx::query(statement).bind(&person).bind(value).execute(&psql).await.unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
        let after = everything(&desk.parts.readings.uncached(), &desk.programme).await;
        assert_ne!(before, after, "{statement}");
        // The coverage comes with the next refresh of its view.
        agree_within(&desk, HEARTBEAT * 2 + AGE).await;
    }
}

#[tokio::test]
async fn a_day_changed_in_psql_drops_exactly_the_windows_that_contain_it() {
    let place = on_postgres();
    let mut desk = Desk::open(&place).await;
    desk.publish(&some_weeks(&desk)).await;
    let psql = psql(&place).await;
    let (block, readings) = (desk.block(), &desk.parts.readings);
    let person = &desk.programme.people[0].id;
    // A morning: it has hours on its own day alone.
    let day: String =
        sqlx::query("SELECT min(day) FROM assignments WHERE person = $1 AND slot = 'AM'")
            .bind(person)
            .fetch_one(&psql)
            .await
            .unwrap()
            .get(0);
    let day = block.day(day.parse().unwrap()).unwrap();
    let read = |last: usize| {
        let one = readings.workload(block, person, block.date(last));
        desk.loads(async { one.await.unwrap() })
    };
    all_heard(&desk, &psql).await;
    for last in 0..45 {
        read(last).await;
    }
    let before = desk.parts.listening.as_ref().unwrap().state().heard;
    let change =
        "UPDATE assignments SET minutes = 0 WHERE person = $1 AND day = $2 AND slot = 'AM'";
    let change = sqlx::query(change).bind(person).bind(block.date(day).to_string());
    assert_eq!(change.execute(&psql).await.unwrap().rows_affected(), 1);
    heard(&desk, before + 1).await;
    for last in 0..45 {
        let falls = u64::from((day..=day + 27).contains(&last));
        assert_eq!(read(last).await, falls, "28 days to {last}, {day} changed");
    }
}

/// Waits until all was heard that was committed before: notifications come in the order of commits.
async fn all_heard(desk: &Desk, psql: &PgPool) {
    let person = &desk.programme.people[1].id;
    let rename = "UPDATE people SET name = 'the last to be changed' WHERE id = $1";
    sqlx::query(rename).bind(person).execute(psql).await.unwrap();
    let started = Instant::now();
    let name =
        async || desk.parts.readings.person(desk.block(), person).await.unwrap()[0].name.clone();
    while name().await != "the last to be changed" {
        assert!(started.elapsed() < Duration::from_secs(10), "nothing was heard");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until so many notifications were heard.
async fn heard(desk: &Desk, many: u64) {
    let listening = desk.parts.listening.as_ref().unwrap();
    let heard = listening.until(|state| state.heard >= many);
    tokio::time::timeout(Duration::from_secs(10), heard).await.expect("nothing was heard");
}

#[tokio::test]
async fn with_a_view_and_without_every_model_is_the_same_after_every_change() {
    let (place, embedded) = (on_postgres(), Place::new());
    let (mut desk, mut other) = (Desk::open(&place).await, Desk::open(&embedded).await);
    let whole = some_weeks(&desk);
    let mut random = fastrand::Rng::with_seed(3);
    for round in 0..8 {
        let mut schedule = whole.clone();
        schedule.assignments.retain(|_| random.bool());
        desk.publish(&schedule).await;
        other.publish(&schedule).await;
        // With the cache: on PostgreSQL from the view, on SQLite from the table.
        let seen = everything(&desk.parts.readings, &desk.programme).await;
        assert_eq!(seen, everything(&other.parts.readings, &other.programme).await, "{round}");
        let asked = everything(&desk.parts.readings.uncached(), &desk.programme).await;
        assert_eq!(seen, asked, "{round}");
    }
}

#[tokio::test]
async fn who_reads_postgres_cannot_write() {
    let place = on_postgres();
    let desk = Desk::open(&place).await;
    let scheduler::db::Database::Postgres(pool) = &desk.parts.database else {
        panic!("another database")
    };
    let written = sqlx::query("DELETE FROM assignments").execute(pool).await;
    let refused = written.unwrap_err().to_string();
    assert!(refused.contains("read-only"), "{refused}");
}
