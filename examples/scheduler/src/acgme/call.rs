//! In-house call at most every third night, averaged.

use sched_optimizer::rules::{Count, CountWindow};

use super::Rule;
use crate::audit::{Case, Findings};
use crate::domain::{DutyKind, NightKind};
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "every-third-night",
    citation: "ACGME Common Program Requirements VI.F.7",
    demands: "in-house call no more often than every third night, averaged over four weeks or over \
              a shorter rotation, nights of leave left out",
    constrain,
    audit,
};

fn constrain(draft: &mut Draft<'_>) {
    let activities = draft.nights(NightKind::Call);
    for person in draft.residents() {
        let averages = draft.averages(person);
        let windows = averages.iter().map(|average| CountWindow {
            when: average.only_for.clone(),
            ..CountWindow::at_most(average.periods.clone(), average.days_present.unsigned_abs() / 3)
        });
        let rule = Count {
            what: "calls".to_owned(),
            activities: activities.clone(),
            windows: windows.collect(),
            target: None,
        };
        draft.rule(person, rule);
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    for person in case.residents() {
        for span in case.averages(person) {
            findings.looked();
            let last = crate::audit::plus(span.first, span.days);
            let inside = |date| span.first <= date && date < last;
            let calls = case.timeline(person).iter().filter(|d| d.kind == DutyKind::Call);
            let calls = calls.filter(|d| inside(d.date)).count();
            let nights = case.days_present(person, span);
            if calls * 3 > nights {
                let text = format!(
                    "{calls} calls in {nights} nights from {}: at most every third",
                    span.first
                );
                findings.person(person, span.first, None, text);
            }
        }
    }
}
