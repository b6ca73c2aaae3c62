//! Year of training, credential and specialty.

use super::Rule;
use crate::audit::{Case, Findings};
use crate::domain::{Activity, Role};
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "eligibility",
    citation: "programme: PGY range, credential and specialty of each rotation",
    demands: "residents work only where their year and credentials admit them, faculty supervise \
              only in their specialty",
    constrain,
    audit,
};

fn constrain(draft: &mut Draft<'_>) {
    let programme = draft.programme;
    for person in 0..programme.people.len() {
        let resident = programme.people[person].role != Role::Faculty;
        for (rotation, place) in programme.rotations.iter().enumerate() {
            let open = programme.eligible(person, rotation);
            let reason = format!("not eligible for {}", place.name);
            if !(resident && open) {
                draft.forbid(person, Activity::Work(rotation), &reason);
                draft.forbid(person, Activity::Night(rotation), &reason);
            }
            if resident || !open {
                draft.forbid(person, Activity::Attend(rotation), &reason);
            }
        }
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    for cell in &case.schedule.assignments {
        let Some(rotation) = cell.duty.rotation() else { continue };
        findings.looked();
        let (person, place) =
            (&case.programme.people[cell.person], &case.programme.rotations[rotation]);
        let supervising = matches!(cell.duty, Activity::Attend(_));
        let fault = match person.role {
            Role::Faculty if !supervising => Some("faculty on a resident's duty".to_owned()),
            Role::Resident(_) if supervising => Some("a resident cannot supervise".to_owned()),
            Role::Faculty => lacking("specialty", place.specialty.as_ref(), &person.specialties),
            Role::Resident(year) if !(place.pgy.0..=place.pgy.1).contains(&year) => {
                Some(format!("PGY-{year}, admitted are {} to {}", place.pgy.0, place.pgy.1))
            }
            Role::Resident(_) => {
                lacking("credential", place.credential.as_ref(), &person.credentials)
            }
        };
        if let Some(fault) = fault {
            findings.person(
                cell.person,
                cell.date,
                Some(cell.slot),
                format!("{}: {fault}", place.name),
            );
        }
    }
}

fn lacking(what: &str, needed: Option<&String>, held: &[String]) -> Option<String> {
    let needed = needed.filter(|n| !held.contains(n))?;
    Some(format!("{what} {needed} is missing"))
}
