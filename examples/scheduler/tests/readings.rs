//! The read models: decoded, cached, and dropped by exactly what touches them.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/program.rs"]
#[expect(dead_code, reason = "shared with the tests of the whole program")]
mod program;

use desk::{Desk, everything};
use program::Place;
use scheduler::audit::{Case, Span, minus};
use scheduler::db::Database;
use scheduler::domain::{Assignment, Schedule, Slot};
use scheduler::readings::duty::DutyHours;
use scheduler::settings::DatabaseUrl;

/// Two residents on rotation 0 and one on rotation 1, on the first morning.
fn first_morning(desk: &Desk) -> Schedule {
    let cell = |person, rotation| desk.work(person, rotation, 0, Slot::Am);
    Schedule { assignments: vec![cell(0, 0), cell(1, 0), cell(2, 1)] }
}

/// Reads all models of the three people and both rotations.
async fn look(desk: &Desk) {
    let (readings, block) = (&desk.parts.readings, desk.block());
    for person in &desk.programme.people[..3] {
        readings.schedule(block, &person.id, &block.span()).await.unwrap();
        readings.workload(block, &person.id, block.last()).await.unwrap();
    }
    for rotation in &desk.programme.rotations[..2] {
        readings.coverage(block, &rotation.id, &block.span()).await.unwrap();
    }
}

#[tokio::test]
async fn read_models_come_back_decoded() {
    let place = Place::new();
    let mut desk = Desk::open(&place).await;
    desk.publish(&first_morning(&desk)).await;
    let (readings, block) = (&desk.parts.readings, desk.block());
    let person = &desk.programme.people[0];
    let cells = readings.schedule(block, &person.id, &block.span()).await.unwrap();
    assert_eq!(cells.len(), 1);
    assert_eq!((cells[0].slot.as_str(), cells[0].activity.as_str()), ("AM", "work"));
    assert_eq!(cells[0].rotation.as_ref(), Some(&desk.programme.rotations[0].id));
    let hours = readings.hours(block, &person.id, &block.span()).await.unwrap();
    assert_eq!(hours.iter().map(|day| day.minutes).collect::<Vec<_>>(), [300]);
    let rotation = &desk.programme.rotations[0].id;
    let coverage = readings.coverage(block, rotation, &block.span()).await.unwrap();
    assert_eq!(coverage.iter().map(|slot| slot.present).collect::<Vec<_>>(), [2]);
    let card = readings.person(block, &person.id).await.unwrap();
    assert_eq!(card[0].name, person.name);
    let wishes = readings.wishes(block, &person.id).await.unwrap();
    let made = desk.programme.requests.iter().filter(|request| request.person == 0);
    assert_eq!(wishes.len(), made.count());
    assert!(!wishes.is_empty());
}

#[tokio::test]
async fn a_publication_drops_exactly_what_it_touched() {
    let place = Place::new();
    let mut desk = Desk::open(&place).await;
    let mut schedule = first_morning(&desk);
    desk.publish(&schedule).await;
    assert_eq!(desk.loads(look(&desk)).await, 8);
    assert_eq!(desk.loads(look(&desk)).await, 0);
    // The third person goes off: their two models and the coverage of rotation 1.
    schedule.assignments.pop();
    desk.publish(&schedule).await;
    assert_eq!(desk.loads(look(&desk)).await, 3);
    let (block, gone) = (desk.block(), &desk.programme.people[2].id);
    assert!(desk.parts.readings.schedule(block, gone, &block.span()).await.unwrap().is_empty());
    // The same again touches nothing.
    desk.publish(&schedule).await;
    assert_eq!(desk.loads(look(&desk)).await, 0);
}

#[tokio::test]
async fn a_changed_day_drops_exactly_the_windows_that_contain_it() {
    let place = Place::new();
    let mut desk = Desk::open(&place).await;
    desk.publish(&Schedule::default()).await;
    let person = desk.programme.people[0].id.clone();
    let rolling = async |desk: &Desk, day: usize| {
        let block = desk.block();
        let one = desk.parts.readings.workload(block, &person, block.date(day));
        desk.loads(async { one.await.unwrap() }).await
    };
    let weekly = async |desk: &Desk, week: usize| {
        let block = desk.block();
        let days = block.date(7 * week)..=block.date(7 * week + 6);
        let one = desk.parts.readings.schedule(block, &person, &days);
        desk.loads(async { one.await.unwrap() }).await
    };
    // Windows that end beyond the block begin inside of it.
    for day in 0..45 {
        assert_eq!(rolling(&desk, day).await, 1);
    }
    for week in 0..4 {
        assert_eq!(weekly(&desk, week).await, 1);
    }
    // A call in the night from day 13 to day 14, the last of week 1 and the first of week 2.
    let night = desk.work(0, 0, 13, Slot::Night);
    desk.publish(&Schedule { assignments: vec![night] }).await;
    for day in 0..45 {
        let falls = u64::from((13..=14 + 27).contains(&day));
        assert_eq!(rolling(&desk, day).await, falls, "28 days to {day}");
    }
    for week in 0..4 {
        assert_eq!(weekly(&desk, week).await, u64::from(week == 1), "week {week}");
    }
    // Of other people nothing falls.
    let block = desk.block();
    let other = desk.programme.people[1].id.clone();
    desk.parts.readings.workload(block, &other, block.last()).await.unwrap();
    desk.publish(&Schedule::default()).await;
    let block = desk.block();
    let again = desk.parts.readings.workload(block, &other, block.last());
    assert_eq!(desk.loads(async { again.await.unwrap() }).await, 0);
}

#[tokio::test]
async fn the_workload_is_what_the_audit_counts() {
    let place = Place::new();
    let mut desk = Desk::open(&place).await;
    // Mornings, and a night every fourth day, over the change of the clock on 1 November.
    let days = |person| (0..28).map(move |day| (person, day));
    let cells = (0..48).flat_map(days).map(|(person, day)| {
        let slot = if (day + person) % 4 == 0 { Slot::Night } else { Slot::Am };
        desk.work(person, 0, day, slot)
    });
    let schedule = Schedule { assignments: cells.collect() };
    desk.publish(&schedule).await;
    let case = Case::new(&desk.programme, &schedule);
    let (mut over, mut on_leave) = (0, 0);
    for (ix, person) in desk.programme.residents() {
        for day in (0..28).chain([30, 33, 41]) {
            let last = desk.block().date(day);
            let span = Span { first: minus(last, 27), days: 28 };
            let minutes = case.present(ix, span).map(|day| case.minutes_on(ix, day)).sum();
            let days_present = i64::try_from(case.days_present(ix, span)).unwrap();
            let counted = DutyHours { minutes, days_present };
            let read = desk.parts.readings.workload(desk.block(), &person.id, last).await.unwrap();
            assert_eq!(*read, counted, "{} to {last}", person.id);
            over += u32::from(counted.is_too_much());
            on_leave += u32::from(days_present < 28);
        }
    }
    assert!(over > 0 && on_leave > 0, "{over} windows over, {on_leave} with leave");
}

#[tokio::test]
async fn people_and_wishes_are_kept_until_they_are_imported_anew() {
    let place = Place::new();
    let mut desk = Desk::open(&place).await;
    let read = async |desk: &Desk| {
        let (readings, block) = (&desk.parts.readings, desk.block());
        let id = &desk.programme.people[0].id;
        let card = readings.person(block, id).await.unwrap();
        (card[0].name.clone(), readings.wishes(block, id).await.unwrap().len())
    };
    let (name, wishes) = read(&desk).await;
    assert_eq!(desk.loads(read(&desk)).await, 0);
    desk.publish(&first_morning(&desk)).await;
    assert_eq!(desk.loads(read(&desk)).await, 0, "a publication changes nobody's name");
    desk.programme.people[0].name.push_str(" Jr");
    let first = desk.programme.requests.iter().position(|request| request.person == 0).unwrap();
    desk.programme.requests.remove(first);
    desk.parts.writes.import(&desk.programme).await.unwrap();
    assert_eq!(read(&desk).await, (format!("{name} Jr"), wishes - 1));
}

#[tokio::test]
async fn after_every_change_all_models_are_those_of_the_database() {
    let place = Place::new();
    let mut desk = Desk::open(&place).await;
    let mut random = fastrand::Rng::with_seed(7);
    let mut cells: Vec<Assignment> = Vec::new();
    for round in 0..30 {
        for _ in 0..random.usize(1..6) {
            let slot = Slot::ALL[random.usize(..3)];
            let cell = desk.work(random.usize(..6), random.usize(..3), random.usize(..28), slot);
            let same =
                |a: &Assignment| (a.person, a.date, a.slot) == (cell.person, cell.date, cell.slot);
            // What is there goes, or moves to another rotation.
            let before = cells.len();
            cells.retain(|one| !same(one));
            if cells.len() == before || random.bool() {
                cells.push(cell);
            }
        }
        desk.publish(&Schedule { assignments: cells.clone() }).await;
        let kept = everything(&desk.parts.readings, &desk.programme).await;
        let asked = everything(&desk.parts.readings.uncached(), &desk.programme).await;
        assert_eq!(kept, asked, "round {round}");
    }
    assert!(desk.parts.cache.stats().local_hits > 1000, "{:?}", desk.parts.cache.stats());
}

#[tokio::test]
async fn a_publication_of_all_days_tells_of_lines_and_not_of_each_day() {
    let place = Place::new();
    let mut desk = Desk::open(&place).await;
    let people = 0..desk.programme.people.len();
    let cells = people.flat_map(|person| (0..28).map(move |day| (person, day)));
    let cells = cells.map(|(person, day)| desk.work(person, person % 12, day, Slot::Am));
    let schedule = Schedule { assignments: cells.collect() };
    let before = desk.parts.cache.stats().invalidations;
    desk.publish(&schedule).await;
    let told = desk.parts.cache.stats().invalidations - before;
    assert!(told <= 68 * 2 + 12, "{told} names for a store to be told of");
    assert_eq!(desk.loads(look(&desk)).await, 8);
}

#[tokio::test]
async fn who_reads_cannot_write() {
    let place = Place::new();
    let desk = Desk::open(&place).await;
    let Database::Sqlite(pool) = &desk.parts.database else { panic!("another database") };
    let written = sqlx::query("DELETE FROM assignments").execute(pool).await;
    let refused = written.unwrap_err().to_string();
    assert!(refused.contains("readonly"), "{refused}");
}

#[tokio::test]
async fn a_crash_before_the_caches_were_told_is_made_good() {
    let place = Place::new();
    let mut desk = Desk::open(&place).await;
    desk.publish(&first_morning(&desk)).await;
    look(&desk).await;
    // What a process leaves that dies right after its commit.
    let DatabaseUrl::Sqlite(url) = place.settings().database else { panic!("another database") };
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    for statement in ["DELETE FROM assignments", "UPDATE publications SET version = version + 1"] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    assert_eq!(desk.loads(look(&desk)).await, 0, "nobody told the cache yet");
    let last = desk.parts.published(&desk.programme).await.unwrap();
    desk.parts.recover(&desk.programme, last.as_ref()).await.unwrap();
    assert_eq!(desk.loads(look(&desk)).await, 8);
    let last = desk.parts.published(&desk.programme).await.unwrap().unwrap();
    assert_eq!((last.version, last.told), (2, 2));
}
