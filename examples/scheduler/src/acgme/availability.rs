//! Nobody works during an absence, or in two places at once.

use jiff::civil::Date;
use sched_optimizer::rules::Rest;

use super::Rule;
use crate::audit::{Case, Findings};
use crate::domain::{Absence, AbsenceKind, Activity, Assignment, DutyRecord, PersonIx, Slot};
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "availability",
    citation: "programme: absences",
    demands: "no duty during a blocking absence, and never two duties at once",
    constrain,
    audit,
};

fn constrain(draft: &mut Draft<'_>) {
    for person in 0..draft.programme.people.len() {
        for (day, date) in draft.days() {
            match away(draft, person, date) {
                Some(kind) => absent(draft, person, day, kind),
                None => present(draft, person, day),
            }
        }
    }
    for record in &draft.programme.outside {
        engaged(draft, record);
    }
    one_place_at_a_time(draft);
}

/// No cell at the same time as duty outside of the plan.
fn engaged(draft: &mut Draft<'_>, record: &DutyRecord) {
    let programme = draft.programme;
    for (day, date) in draft.days() {
        for (rotation, place) in programme.rotations.iter().enumerate() {
            for slot in Slot::ALL {
                let times = place.hours(slot).map(|h| h.on(date));
                if times.is_none_or(|(start, end)| record.end <= start || end <= record.start) {
                    continue;
                }
                for duty in [
                    Activity::Work(rotation),
                    Activity::Night(rotation),
                    Activity::Attend(rotation),
                ] {
                    draft.forbid_on(record.person, day, slot, duty, "duty outside of the plan");
                }
            }
        }
    }
}

/// Hours of rotations may overlap; a resident's are kept apart by the rest between them.
fn one_place_at_a_time(draft: &mut Draft<'_>) {
    let apart = Rest { join: 0, short: 0, long_after: i32::MAX, long: 0 };
    for (person, _) in draft.programme.faculty() {
        draft.rule(person, apart.clone());
    }
}

fn away(draft: &Draft<'_>, person: PersonIx, date: Date) -> Option<AbsenceKind> {
    let mut absences = draft.programme.absences.iter();
    let covering =
        |a: &&Absence| a.blocking && a.person == person && (a.first..=a.last).contains(&date);
    absences.find(covering).map(|a| a.kind)
}

fn present(draft: &mut Draft<'_>, person: PersonIx, day: usize) {
    for slot in Slot::ALL {
        draft.forbid_on(person, day, slot, Activity::Leave, "no leave on this day");
        draft.forbid_on(person, day, slot, Activity::Conference, "no conference on this day");
    }
}

/// The day itself is fixed, and the night before must not run into it.
fn absent(draft: &mut Draft<'_>, person: PersonIx, day: usize, kind: AbsenceKind) {
    let conference = kind == AbsenceKind::Conference;
    for slot in Slot::ALL {
        match (conference, slot) {
            (true, Slot::Night) => draft.fix_off(person, day, slot, "a conference"),
            (true, _) => draft.fix(person, day, slot, Activity::Conference, "a conference"),
            (false, _) => draft.fix(person, day, slot, Activity::Leave, "leave"),
        }
    }
    if let Some(eve) = day.checked_sub(1) {
        off_duty(draft, person, eve, "away on the next day");
    }
}

fn off_duty(draft: &mut Draft<'_>, person: PersonIx, day: usize, reason: &str) {
    for rotation in 0..draft.programme.rotations.len() {
        draft.forbid_on(person, day, Slot::Night, Activity::Night(rotation), reason);
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    for cell in &case.schedule.assignments {
        findings.looked();
        if let Some(away) = conflict(case, cell) {
            let text = format!("{} during {away}", cell.duty.word());
            findings.person(cell.person, cell.date, Some(cell.slot), text);
        }
    }
    for absence in &case.programme.absences {
        missing(case, absence, findings);
    }
    for person in 0..case.programme.people.len() {
        for pair in case.timeline(person).windows(2) {
            findings.looked();
            if pair[1].start < pair[0].end && pair[1].date >= case.programme.block.first {
                findings.person(
                    person,
                    pair[1].date,
                    None,
                    "two duties at the same time".to_owned(),
                );
            }
        }
    }
}

/// A conference is duty: a schedule without it counts too few hours.
fn missing(case: &Case<'_>, absence: &Absence, findings: &mut Findings<'_>) {
    if !absence.blocking || absence.kind != AbsenceKind::Conference {
        return;
    }
    let block = &case.programme.block;
    let days = (0..block.days).map(|day| block.date(day));
    for date in days.filter(|date| (absence.first..=absence.last).contains(date)) {
        for slot in [Slot::Am, Slot::Pm] {
            findings.looked();
            let mut cells = case.cells(absence.person).filter(|c| c.date == date && c.slot == slot);
            if !cells.any(|cell| cell.duty == Activity::Conference) {
                let text = "the conference is not in the schedule".to_owned();
                findings.person(absence.person, date, Some(slot), text);
            }
        }
    }
}

/// The absence that forbids the cell. A night may not run into a day of absence either.
fn conflict(case: &Case<'_>, cell: &Assignment) -> Option<&'static str> {
    let ends_on = cell.end.date();
    let absences = case.programme.absences.iter().filter(|a| a.blocking && a.person == cell.person);
    for absence in absences {
        let touches = absence.first <= ends_on && cell.date <= absence.last;
        match (absence.kind, cell.duty) {
            _ if !touches => {}
            (AbsenceKind::Leave | AbsenceKind::Sick, Activity::Leave) => {}
            (AbsenceKind::Conference, Activity::Conference) => {}
            (AbsenceKind::Leave, _) => return Some("leave"),
            (AbsenceKind::Sick, _) => return Some("sickness"),
            (AbsenceKind::Conference, _) => return Some("a conference"),
        }
    }
    None
}
