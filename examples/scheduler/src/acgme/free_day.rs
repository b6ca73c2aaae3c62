//! One day in seven free, averaged.

use sched_optimizer::rules::{FreeTime, FreeWindow};

use super::Rule;
use crate::audit::{Case, Duty, Findings, Minute, Span, plus};
use crate::domain::PersonIx;
use crate::model::{Average, Draft};

pub(super) const RULE: Rule = Rule {
    id: "one-day-in-seven",
    citation: "ACGME Common Program Requirements VI.F.2.d",
    demands: "one day in seven free of all duty, averaged over four weeks or over a shorter \
              rotation, a free day being 24 hours in a row; leave is no free day and does not ask for one",
    constrain,
    audit,
};

const DAY: Minute = 24 * 60;

fn constrain(draft: &mut Draft<'_>) {
    for person in draft.residents() {
        let windows = draft.averages(person).into_iter().map(window).collect();
        let blocked = draft.leave_spans(person);
        draft.rule(person, FreeTime { length: 24 * 60, windows, blocked });
    }
}

/// One free day for each seven days present; a part of seven asks for a whole one.
fn window(average: Average) -> FreeWindow {
    let at_least = u16::try_from((average.days_present + 6) / 7).unwrap_or(u16::MAX);
    FreeWindow { span: average.span, at_least, when: average.only_for }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    for person in case.residents() {
        for span in case.averages(person) {
            findings.looked();
            let needed = case.days_present(person, span).div_ceil(7);
            let free = free_days(case, person, span);
            if free < Minute::try_from(needed).unwrap_or(Minute::MAX) {
                let text = format!(
                    "{free} free days in the {} days from {}, {needed} needed",
                    span.days, span.first
                );
                findings.person(person, span.first, None, text);
            }
        }
    }
}

/// Whole free days between duties and leave, no gap counted across either.
fn free_days(case: &Case<'_>, person: PersonIx, span: Span) -> Minute {
    let (from, to) = case.bounds(span);
    let leave = (0..span.days).map(|d| plus(span.first, d)).filter(|d| case.on_leave(person, *d));
    let away = leave.map(|d| (case.midnight(d), case.midnight(plus(d, 1))));
    let busy = |d: &Duty| (d.start, d.end);
    let mut taken: Vec<_> = case.timeline(person).iter().map(busy).chain(away).collect();
    taken.sort_unstable();
    let (mut free, mut since) = (0, from);
    for (start, end) in taken {
        free += ((start.min(to) - since) / DAY).max(0);
        since = since.max(end);
    }
    free + ((to - since) / DAY).max(0)
}
