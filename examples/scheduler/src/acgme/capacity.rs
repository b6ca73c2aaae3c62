//! Most residents that a rotation takes in one half-day.

use sched_optimizer::Demand;

use super::Rule;
use super::coverage::on_duty;
use crate::audit::{Case, Findings};
use crate::domain::Slot;
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "capacity",
    citation: "programme: capacity of each rotation",
    demands: "no more residents in a half-day than the rotation takes",
    constrain,
    audit,
};

fn constrain(draft: &mut Draft<'_>) {
    let programme = draft.programme;
    for (rotation, place) in programme.rotations.iter().enumerate() {
        for (day, date) in draft.days() {
            for slot in Slot::ALL.into_iter().filter(|s| place.hours(*s).is_some()) {
                let name = format!("room on {} {date} {}", place.name, slot.word());
                let (period, activities) =
                    (draft.period(day, slot), vec![draft.on_rotation_in(rotation, slot)]);
                let room =
                    Demand { max: place.capacity, ..Demand::at_least(name, period, activities, 0) };
                draft.builder.demand(room);
            }
        }
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    let block = &case.programme.block;
    for (rotation, place) in case.programme.rotations.iter().enumerate() {
        for date in (0..block.days).map(|d| block.date(d)) {
            for slot in Slot::ALL {
                findings.looked();
                let present = on_duty(case, rotation, date, slot);
                if present > usize::try_from(place.capacity).unwrap_or(usize::MAX) {
                    let text =
                        format!("{}: {present} residents, room for {}", place.name, place.capacity);
                    findings.place(date, slot, text);
                }
            }
        }
    }
}
