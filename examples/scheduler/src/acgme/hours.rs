//! At most 80 hours a week, averaged.

use sched_optimizer::rules::{Hours, HoursWindow};

use super::Rule;
use crate::audit::{Case, Findings, Minute, Span, clock, minus};
use crate::domain::PersonIx;
use crate::model::{Average, Draft};

pub(super) const RULE: Rule = Rule {
    id: "80-hours",
    citation: "ACGME Common Program Requirements VI.F.1",
    demands: "no more than 80 hours a week, averaged over four weeks or over a shorter rotation; \
              in-house call, moonlighting and work from home included, leave out of both sides",
    constrain,
    audit,
};

const WEEK: Minute = 80 * 60;

fn constrain(draft: &mut Draft<'_>) {
    for person in draft.residents() {
        let mut averages = draft.averages(person);
        let block = &draft.programme.block;
        if block.rolling_hours {
            let ends = draft.days().map(|(_, last)| minus(last, 27));
            averages.extend(ends.map(|first| draft.average(person, first, 28)));
        }
        let windows = averages.into_iter().map(window).collect();
        let excluded = draft.leave_spans(person);
        draft.rule(person, Hours { windows, excluded });
    }
}

/// The minutes that the days present allow; part of a minute is none.
fn window(average: Average) -> HoursWindow {
    let limit = 80 * 60 * average.days_present / 7;
    HoursWindow { span: average.span, limit, when: average.only_for }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    for person in case.residents() {
        for span in case.averages(person) {
            judge(case, findings, person, span, "of this rotation");
        }
        if case.programme.block.rolling_hours {
            for span in rolling(case) {
                judge(case, findings, person, span, "rolling");
            }
        }
    }
}

/// Every 28 days in a row that end inside the block: the house rule looks back into history.
fn rolling(case: &Case<'_>) -> impl Iterator<Item = Span> {
    let block = &case.programme.block;
    (0..block.days).map(|last| Span { first: minus(block.date(last), 27), days: 28 })
}

fn judge(case: &Case<'_>, findings: &mut Findings<'_>, person: PersonIx, span: Span, what: &str) {
    findings.looked();
    let present: Vec<_> = case.present(person, span).collect();
    let worked: Minute = present.iter().map(|day| case.minutes_on(person, *day)).sum();
    let days = present.len();
    // Multiplied out, because a week's share of the days present need not be a whole minute.
    if worked * 7 > WEEK * Minute::try_from(days).unwrap_or(0) {
        let text = format!(
            "{} in the {} days {what} from {}, of which {days} count: more than 80 h a week",
            clock(worked),
            span.days,
            span.first
        );
        findings.person(person, span.first, None, text);
    }
}
