//! The three read models: decoded, cached, and dropped by exactly what touches them.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/program.rs"]
#[expect(dead_code, reason = "shared with the tests of the whole program")]
mod program;

use program::{Place, bundled};
use scheduler::db::schedule_rows;
use scheduler::domain::{Activity, Programme, Schedule, Slot};
use scheduler::model;
use scheduler::parts::Parts;

/// Two residents on rotation 0 and one on rotation 1, on the first morning.
fn first_morning(programme: &Programme) -> Schedule {
    let cell = |person, rotation| {
        model::cell(programme, person, programme.block.first, Slot::Am, Activity::Work(rotation))
    };
    Schedule { assignments: vec![cell(0, 0), cell(1, 0), cell(2, 1)] }
}

struct Desk {
    _place: Place,
    programme: Programme,
    parts: Parts,
    guard: dist_lock::Guard,
}

impl Desk {
    async fn open() -> Self {
        let (place, programme) = (Place::new(), bundled());
        let parts = Parts::connect(&place.settings(), &programme.block.id).await.unwrap();
        let guard = parts.hold(std::time::Duration::ZERO).await.unwrap().unwrap().guard;
        Self { _place: place, programme, parts, guard }
    }

    async fn publish(&self, schedule: &Schedule, follows: i64) {
        let edition = self.parts.edition(&self.programme, self.guard.fence(), follows);
        let rows = schedule_rows(&self.programme, edition.block, schedule);
        self.parts.publish(edition, &rows).await.unwrap();
    }

    /// Reads all models of the three people and both rotations; how many had to be loaded.
    async fn look(&self) -> u64 {
        let before = self.parts.cache.stats().loads;
        let (readings, block) = (&self.parts.readings, &self.programme.block.id);
        for person in &self.programme.people[..3] {
            readings.schedule(block, &person.id).await.unwrap();
            readings.hours(block, &person.id).await.unwrap();
        }
        for rotation in &self.programme.rotations[..2] {
            readings.coverage(block, &rotation.id).await.unwrap();
        }
        self.parts.cache.stats().loads - before
    }
}

#[tokio::test]
async fn read_models_come_back_decoded() {
    let desk = Desk::open().await;
    let schedule = first_morning(&desk.programme);
    desk.publish(&schedule, 0).await;
    let (readings, block) = (&desk.parts.readings, &desk.programme.block.id);
    let person = &desk.programme.people[0].id;
    let cells = readings.schedule(block, person).await.unwrap();
    assert_eq!(cells.len(), 1);
    assert_eq!((cells[0].slot.as_str(), cells[0].activity.as_str()), ("AM", "work"));
    assert_eq!(cells[0].rotation.as_ref(), Some(&desk.programme.rotations[0].id));
    let hours = readings.hours(block, person).await.unwrap();
    assert_eq!(hours.iter().map(|day| day.minutes).collect::<Vec<_>>(), [300]);
    let coverage = readings.coverage(block, &desk.programme.rotations[0].id).await.unwrap();
    assert_eq!(coverage.iter().map(|slot| slot.present).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_publication_drops_exactly_what_it_touched() {
    let desk = Desk::open().await;
    let mut schedule = first_morning(&desk.programme);
    desk.publish(&schedule, 0).await;
    assert_eq!(desk.look().await, 8);
    assert_eq!(desk.look().await, 0);
    // The third person goes off: their two models and the coverage of rotation 1.
    schedule.assignments.pop();
    desk.publish(&schedule, 1).await;
    assert_eq!(desk.look().await, 3);
    let (readings, block) = (&desk.parts.readings, &desk.programme.block.id);
    let gone = readings.schedule(block, &desk.programme.people[2].id).await.unwrap();
    assert!(gone.is_empty());
    // The same again touches nothing.
    desk.publish(&schedule, 2).await;
    assert_eq!(desk.look().await, 0);
}

#[tokio::test]
async fn a_crash_before_the_caches_were_told_is_made_good() {
    let desk = Desk::open().await;
    let schedule = first_morning(&desk.programme);
    desk.publish(&schedule, 0).await;
    desk.look().await;
    let edition = desk.parts.edition(&desk.programme, desk.guard.fence(), 1);
    desk.parts.database.publish(edition, &[], &desk.parts.batch).await.unwrap();
    assert_eq!(desk.look().await, 0, "nobody told the cache yet");
    let last = desk.parts.published(&desk.programme).await.unwrap();
    desk.parts.recover(&desk.programme, last.as_ref()).await.unwrap();
    assert_eq!(desk.look().await, 8);
    let last = desk.parts.published(&desk.programme).await.unwrap().unwrap();
    assert_eq!((last.version, last.told), (2, 2));
}
