//! Residents to each supervising faculty member.

use std::sync::Arc;

use sched_optimizer::Ratio;
use sched_optimizer::rules::{Count, CountWindow};

use super::Rule;
use crate::audit::{Case, Findings, plus};
use crate::domain::{Activity, Assignment, Slot};
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "supervision",
    citation: "ACGME Common Program Requirements VI.A.2, with the programme's ratio",
    demands: "in every half-day, no more residents on a rotation than its faculty there may \
              supervise; at night supervision is indirect, from home; faculty supervise no more \
              half-days a week than the programme sets",
    constrain,
    audit,
};

fn constrain(draft: &mut Draft<'_>) {
    let programme = draft.programme;
    for (rotation, place) in programme.rotations.iter().enumerate() {
        for (day, date) in draft.days() {
            for slot in [Slot::Am, Slot::Pm] {
                if place.supervision == 0 || place.hours(slot).is_none() {
                    continue;
                }
                let ratio = Ratio {
                    name: format!("{} {date} {}", place.name, slot.word()),
                    period: draft.period(day, slot),
                    supervised: vec![draft.activity(Activity::Work(rotation))],
                    supervisors: vec![draft.activity(Activity::Attend(rotation))],
                    per_supervisor: place.supervision,
                    excess_cost: None,
                };
                draft.builder.ratio(ratio);
            }
        }
    }
    working_week(draft);
}

/// Faculty supervise for no more half-days a week than the programme sets.
fn working_week(draft: &mut Draft<'_>) {
    let programme = draft.programme;
    let attend = (0..programme.rotations.len()).map(|r| draft.activity(Activity::Attend(r)));
    let most = programme.block.faculty_half_days;
    let week =
        |day: usize| CountWindow::at_most(day * 3..(day + 7).min(programme.block.days) * 3, most);
    let rule = Arc::new(Count {
        what: "half-days of supervision".to_owned(),
        activities: attend.collect(),
        windows: (0..programme.block.days).step_by(7).map(week).collect(),
        target: None,
    });
    for (person, _) in programme.faculty() {
        draft.rule(person, Arc::clone(&rule));
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    ratios(case, findings);
    weeks(case, findings);
}

fn weeks(case: &Case<'_>, findings: &mut Findings<'_>) {
    let block = &case.programme.block;
    let most = usize::try_from(block.faculty_half_days).unwrap_or(usize::MAX);
    for (person, _) in case.programme.faculty() {
        for monday in (0..block.days).step_by(7).map(|day| block.date(day)) {
            findings.looked();
            let next = plus(monday, 7);
            let attends = |a: &&Assignment| matches!(a.duty, Activity::Attend(_));
            let week = case.cells(person).filter(attends);
            let half_days = week.filter(|a| monday <= a.date && a.date < next).count();
            if half_days > most {
                let text = format!("supervises {half_days} half-days in the week, at most {most}");
                findings.person(person, monday, None, text);
            }
        }
    }
}

fn ratios(case: &Case<'_>, findings: &mut Findings<'_>) {
    let block = &case.programme.block;
    let rotations = case.programme.rotations.iter().enumerate().filter(|(_, r)| r.supervision > 0);
    for (rotation, place) in rotations {
        for date in (0..block.days).map(|d| block.date(d)) {
            for slot in [Slot::Am, Slot::Pm] {
                findings.looked();
                let here = |a: &&Assignment| a.date == date && a.slot == slot;
                let count = |activity| {
                    case.schedule
                        .assignments
                        .iter()
                        .filter(here)
                        .filter(|a| a.duty == activity)
                        .count()
                };
                let residents = count(Activity::Work(rotation));
                let faculty = count(Activity::Attend(rotation));
                let ratio = usize::try_from(place.supervision).unwrap_or(usize::MAX);
                if residents > faculty.saturating_mul(ratio) {
                    let text = format!(
                        "{}: {residents} residents under {faculty} faculty, at most {ratio} each",
                        place.name
                    );
                    findings.place(date, slot, text);
                }
            }
        }
    }
}
