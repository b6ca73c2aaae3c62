//! Every required slot is filled.

use jiff::civil::Date;

use sched_optimizer::{Demand, Penalty};

use super::Rule;
use crate::audit::{Case, Findings};
use crate::domain::{Activity, RotationIx, Slot};
use crate::model::Draft;
use crate::wishes::{SHORT, SURPLUS};

pub(super) const RULE: Rule = Rule {
    id: "coverage",
    citation: "programme: demand of each rotation",
    demands: "every rotation has the residents that it needs, in every slot",
    constrain,
    audit,
};

fn constrain(draft: &mut Draft<'_>) {
    let programme = draft.programme;
    for (rotation, place) in programme.rotations.iter().enumerate() {
        for (day, date) in draft.days() {
            for slot in Slot::ALL.into_iter().filter(|s| place.hours(*s).is_some()) {
                let asked = programme.demand_at(rotation, date, slot);
                let (min, wanted) = asked.map_or((0, 0), |d| (d.min, d.wanted));
                let name = format!("{} {date} {}", place.name, slot.word());
                let activity = draft.on_rotation_in(rotation, slot);
                let demand = Demand {
                    wanted,
                    under_cost: Penalty::linear(SHORT),
                    over_cost: Penalty::linear(SURPLUS),
                    ..Demand::at_least(name, draft.period(day, slot), vec![activity], min)
                };
                draft.builder.demand(demand);
            }
        }
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    let block = &case.programme.block;
    for (rotation, place) in case.programme.rotations.iter().enumerate() {
        for date in (0..block.days).map(|d| block.date(d)) {
            for slot in Slot::ALL {
                let Some(demand) = case.programme.demand_at(rotation, date, slot) else { continue };
                findings.looked();
                let present = on_duty(case, rotation, date, slot);
                if present < usize::try_from(demand.min).unwrap_or(usize::MAX) {
                    let text =
                        format!("{}: {present} residents, {} required", place.name, demand.min);
                    findings.place(date, slot, text);
                }
            }
        }
    }
}

/// How many residents are on duty on a rotation in one slot.
pub(super) fn on_duty(case: &Case<'_>, rotation: RotationIx, date: Date, slot: Slot) -> usize {
    let cells = case.schedule.assignments.iter().filter(|a| a.date == date && a.slot == slot);
    let here = |duty| {
        duty == Activity::Work(rotation)
            || duty == Activity::Call(rotation)
            || duty == Activity::Night(rotation)
    };
    cells.filter(|a| here(a.duty)).count()
}
