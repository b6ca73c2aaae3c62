//! Time free between duty periods.

use sched_optimizer::rules::Rest;

use super::Rule;
use crate::audit::{Case, Findings, Minute, clock, periods};
use crate::model::Draft;

pub(super) const RULE: Rule = Rule {
    id: "rest",
    citation: "ACGME Common Program Requirements VI.F.2.b and VI.F.2.c",
    demands: "14 hours free after 24 hours of in-house duty; 8 hours, or what the programme sets, \
              between other periods",
    constrain,
    audit,
};

const LONG: Minute = 24 * 60;
const AFTER_LONG: Minute = 14 * 60;

fn constrain(draft: &mut Draft<'_>) {
    let block = &draft.programme.block;
    let rest = Rest {
        join: block.break_minutes,
        short: block.rest_minutes,
        long_after: 24 * 60,
        long: 14 * 60,
    };
    for person in draft.residents() {
        draft.rule(person, rest.clone());
    }
}

fn audit(case: &Case<'_>, findings: &mut Findings<'_>) {
    let block = &case.programme.block;
    let begins = case.midnight(block.first);
    for person in case.residents() {
        let periods = periods(case.timeline(person), block.break_minutes.into());
        for pair in periods.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let end = before.iter().map(|d| d.end).max().unwrap_or(0);
            if after[0].start < begins {
                continue; // Both lie in the past: nothing of this schedule can mend or break them.
            }
            findings.looked();
            let (length, gap) = (end - before[0].start, after[0].start - end);
            let needed = if length >= LONG { AFTER_LONG } else { block.rest_minutes.into() };
            if gap < needed {
                let text = format!(
                    "{} free after {} of duty, {} needed",
                    clock(gap),
                    clock(length),
                    clock(needed)
                );
                findings.person(person, after[0].date, None, text);
            }
        }
    }
}
