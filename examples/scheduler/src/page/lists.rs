//! What is wrong, in words, above the grid.

use super::Mark;
use super::grid::day;
use crate::domain::{Activity, Programme, RotationIx, Schedule, Slot};
use jiff::civil::Date;
use maud::{Markup, html};
use std::collections::HashMap;

/// The marks, each with a link to the row of its person.
pub(super) fn violations(programme: &Programme, marks: &[Mark]) -> Markup {
    html! {
        @if marks.is_empty() {
            p.good { "✓ No violations." }
        } @else {
            details.bad open[marks.len() <= 20] {
                summary { (marks.len()) " " (plural(marks.len(), "violation", "violations")) }
                ul {
                    @for mark in marks {
                        li {
                            (day(mark.date)) @if let Some(slot) = mark.slot { " " (slot.word()) }
                            @if let Some(person) = mark.person.map(|ix| &programme.people[ix]) {
                                ", " a href={ "#p-" (person.id) } { (person.name) }
                            }
                            ": " (mark.text)
                        }
                    }
                }
            }
        }
    }
}

/// Slots with fewer residents than the least that the rotation needs.
pub(super) fn unfilled(programme: &Programme, schedule: &Schedule) -> Markup {
    let open = open_slots(programme, schedule);
    html! {
        @if open.is_empty() {
            p.good { "✓ Every required slot is filled." }
        } @else {
            details.bad open[open.len() <= 20] {
                summary { (open.len()) " unfilled " (plural(open.len(), "slot", "slots")) }
                ul {
                    @for slot in &open {
                        li {
                            (day(slot.date)) " " (slot.slot.word()) ", "
                            (programme.rotations[slot.rotation].name) ": "
                            (slot.have) " of " (slot.min)
                        }
                    }
                }
            }
        }
    }
}

fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// A slot that is short of residents.
struct Open {
    rotation: RotationIx,
    date: Date,
    slot: Slot,
    have: u32,
    min: u32,
}

fn open_slots(programme: &Programme, schedule: &Schedule) -> Vec<Open> {
    let mut staff: HashMap<(RotationIx, Date, Slot), u32> = HashMap::new();
    for cell in &schedule.assignments {
        if let Activity::Work(r) | Activity::Call(r) | Activity::Night(r) = cell.duty {
            *staff.entry((r, cell.date, cell.slot)).or_default() += 1;
        }
    }
    let mut open = Vec::new();
    for day in 0..programme.block.days {
        let date = programme.block.date(day);
        for slot in Slot::ALL {
            for rotation in 0..programme.rotations.len() {
                let min = programme.demand_at(rotation, date, slot).map_or(0, |demand| demand.min);
                let have = staff.get(&(rotation, date, slot)).copied().unwrap_or_default();
                if have < min {
                    open.push(Open { rotation, date, slot, have, min });
                }
            }
        }
    }
    open
}
