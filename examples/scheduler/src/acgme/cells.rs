//! Every cell is what its rotation offers in that slot.

use super::Rule;
use crate::audit::{Case, Findings};
use crate::domain::{Activity, Assignment, NightKind, Programme, Slot};
use crate::model::{self, Draft};

pub(super) const RULE: Rule = Rule {
    id: "cells",
    citation: "programme: hours and nights of each rotation",
    demands: "a duty stands in a slot that its rotation has, under the word that belongs to it, and \
              is not shorter than the rotation's hours",
    constrain,
    audit,
};

/// Nothing to state: the solver can only choose among cells that are offered.
fn constrain(_: &mut Draft<'_>) {}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    for cell in &case.schedule.assignments {
        findings.looked();
        if let Some(fault) = fault(case.programme, cell) {
            findings.person(cell.person, cell.date, Some(cell.slot), fault);
        }
    }
}

fn fault(programme: &Programme, cell: &Assignment) -> Option<String> {
    let rotation = cell.duty.rotation()?;
    let place = &programme.rotations[rotation];
    let fits = match (cell.duty, cell.slot) {
        (Activity::Work(_) | Activity::Attend(_), Slot::Am | Slot::Pm) => true,
        (Activity::Call(_), Slot::Night) => place.night_kind == NightKind::Call,
        (Activity::Night(_), Slot::Night) => place.night_kind == NightKind::Shift,
        _ => false,
    };
    if !fits || place.hours(cell.slot).is_none() {
        let (word, slot) = (cell.duty.word(), cell.slot.word());
        return Some(format!("{} has no \"{word}\" in {slot}", place.name));
    }
    let due = model::cell(programme, cell.person, cell.date, cell.slot, cell.duty);
    let handover = cell.handover_minutes > due.handover_minutes;
    let short = cell.start > due.start || cell.end < due.end;
    let text = || {
        format!(
            "{}: {} to {} instead of {} to {}",
            place.name, cell.start, cell.end, due.start, due.end
        )
    };
    (short || handover).then(text)
}
