//! The parts of the application, held by somebody who publishes and reads.

use std::fmt::Debug;
use std::time::Duration;

use scheduler::db::{Publication, schedule_rows};
use scheduler::domain::{
    Activity, Assignment, Block, PersonIx, Programme, RotationIx, Schedule, Slot,
};
use scheduler::model;
use scheduler::parts::Parts;
use scheduler::readings::Readings;

use crate::program::{Place, bundled};

/// Who publishes, and reads through a cache of their own.
pub(crate) struct Desk {
    pub(crate) programme: Programme,
    pub(crate) parts: Parts,
    guard: dist_lock::Guard,
    version: i64,
}

impl Desk {
    pub(crate) async fn open(place: &Place) -> Self {
        let programme = bundled();
        let parts = Parts::connect(&place.settings(), &programme.block.id).await.unwrap();
        let guard = parts.hold(Duration::ZERO).await.unwrap().unwrap().guard;
        parts.writes.import(&programme).await.unwrap();
        Self { programme, parts, guard, version: 0 }
    }

    pub(crate) fn block(&self) -> &Block {
        &self.programme.block
    }

    pub(crate) async fn publish(&mut self, schedule: &Schedule) -> Publication {
        let edition = self.parts.edition(&self.programme, self.guard.fence(), self.version);
        let rows = schedule_rows(&self.programme, edition.block, schedule);
        let publication = self.parts.writes.publish(edition, &rows).await.unwrap();
        self.version = publication.version;
        publication
    }

    /// How many loads `work` makes.
    pub(crate) async fn loads<T>(&self, work: impl Future<Output = T>) -> u64 {
        let before = self.parts.cache.stats().loads;
        work.await;
        self.parts.cache.stats().loads - before
    }

    /// Somebody at work on a rotation in one half-day or night of the block.
    pub(crate) fn work(
        &self,
        person: PersonIx,
        rotation: RotationIx,
        day: usize,
        slot: Slot,
    ) -> Assignment {
        let date = self.block().date(day);
        let duty = match slot {
            Slot::Night => Activity::Call(rotation),
            _ => Activity::Work(rotation),
        };
        model::cell(&self.programme, person, date, slot, duty)
    }
}

/// Every read model of the first people and rotations, as text: each week, the block, and windows.
pub(crate) async fn everything(readings: &Readings, programme: &Programme) -> Vec<String> {
    let block = &programme.block;
    let week = |n: usize| block.date(7 * n)..=block.date(7 * n + 6);
    let spans = [week(0), week(1), week(2), week(3), block.span(), block.date(3)..=block.date(10)];
    let mut seen = Vec::new();
    for person in programme.people.iter().take(6).map(|person| &*person.id) {
        for days in &spans {
            seen.push(text(readings.schedule(block, person, days).await));
            seen.push(text(readings.hours(block, person, days).await));
        }
        for last in [0, 5, 13, 27, 33, 40] {
            seen.push(text(readings.workload(block, person, block.date(last)).await));
        }
        seen.push(text(readings.person(block, person).await));
        seen.push(text(readings.wishes(block, person).await));
    }
    for rotation in programme.rotations.iter().take(3).map(|rotation| &*rotation.id) {
        for days in &spans {
            seen.push(text(readings.coverage(block, rotation, days).await));
        }
    }
    seen
}

fn text<T: Debug, E: Debug>(answer: Result<T, E>) -> String {
    format!("{:?}", answer.unwrap())
}
