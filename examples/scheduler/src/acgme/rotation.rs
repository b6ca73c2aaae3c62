//! A resident stays on a rotation for its whole length.

use std::sync::Arc;

use sched_optimizer::rules::{Group, Segment, Stay};

use super::{Rule, SEGMENT_DAYS};
use crate::audit::{Case, Findings, Span};
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "rotation-length",
    citation: "programme: length of each rotation in weeks",
    demands: "one rotation in each two weeks; a rotation of four weeks is kept for the whole block",
    constrain,
    audit,
};

fn constrain(draft: &mut Draft<'_>) {
    let programme = draft.programme;
    let groups = programme.rotations.iter().enumerate().map(|(rotation, place)| Group {
        name: place.name.clone(),
        activities: draft.on_rotation(rotation),
        whole: place.weeks * 7 >= 28,
    });
    let groups: Vec<_> = groups.collect();
    let starts = (0..programme.block.days).step_by(SEGMENT_DAYS);
    let segments = starts.map(|start| {
        let end = (start + SEGMENT_DAYS).min(programme.block.days);
        Segment { periods: start * 3..end * 3, min_cells: 0 }
    });
    let stay = Arc::new(Stay { segments: segments.collect(), groups });
    for person in draft.residents() {
        draft.rule(person, Arc::clone(&stay));
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    let block = &case.programme.block;
    let name = |r: usize| case.programme.rotations[r].name.as_str();
    for person in case.residents() {
        let whole = case.rotations_in(person, Span { first: block.first, days: block.days });
        let long = whole.iter().find(|r| case.programme.rotations[**r].weeks * 7 >= 28);
        if let (Some(long), true) = (long, whole.len() > 1) {
            let text =
                format!("{} lasts four weeks, but other rotations are worked too", name(*long));
            findings.person(person, block.first, None, text);
        }
        for start in (0..block.days).step_by(SEGMENT_DAYS) {
            findings.looked();
            let first = block.date(start);
            let here = case.rotations_in(person, Span { first, days: SEGMENT_DAYS });
            if here.len() > 1 {
                let names: Vec<_> = here.iter().map(|r| name(*r)).collect();
                let text = format!("{} within two weeks", names.join(" and "));
                findings.person(person, first, None, text);
            }
        }
    }
}
