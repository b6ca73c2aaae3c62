//! At most 24 hours of continuous duty, and up to four more for handover.

use sched_optimizer::rules::Stretch;

use super::Rule;
use crate::audit::{Case, Duty, Findings, Minute, clock, periods};
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "24+4",
    citation: "ACGME Common Program Requirements VI.F.3.a",
    demands: "no more than 24 hours of continuous duty, and up to 4 more for handover only",
    constrain,
    audit,
};

const CLINICAL: Minute = 24 * 60;
const HANDOVER: Minute = 4 * 60;

fn constrain(draft: &mut Draft<'_>) {
    let join = draft.programme.block.break_minutes;
    for person in draft.residents() {
        draft.rule(person, Stretch { join, clinical_max: 24 * 60, total_max: 28 * 60 });
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    let pause = case.programme.block.break_minutes.into();
    let begins = case.midnight(case.programme.block.first);
    for person in case.residents() {
        for period in periods(case.timeline(person), pause) {
            if period.iter().all(|d| d.start < begins) {
                continue; // Wholly in the past: nothing of this schedule can mend or break it.
            }
            findings.looked();
            let (total, clinical) = lengths(&period);
            if clinical > CLINICAL || total > CLINICAL + HANDOVER {
                let text = format!(
                    "{} of continuous duty, {} of it clinical: at most 24 h and 4 h more of handover",
                    clock(total),
                    clock(clinical)
                );
                findings.person(person, period[0].date, None, text);
            }
        }
    }
}

fn lengths(period: &[Duty]) -> (Minute, Minute) {
    let start = period[0].start;
    let end = |shorten: fn(&Duty) -> Minute| period.iter().map(shorten).max().unwrap_or(start);
    (end(|d| d.end) - start, end(|d| d.end - d.handover) - start)
}
